//! Which of many numbers are the least, in the order of numpy's `argpartition` (1.17 to 1.24).
//!
//! Of several numbers that are equal to the greatest of the least, some are left out: which of them
//! follows from how the numbers were moved about. Versions of scikit-learn that looked at all rows
//! took their neighbours in this way.

/// Places of numbers, being brought into an order in which the least come first.
#[derive(Debug)]
struct Places<'n> {
    numbers: &'n [f64],
    places: Vec<usize>,
}

/// The places of the `n_least` least numbers, in no order; `n_least` is from 1 to their count.
pub(super) fn least(numbers: &[f64], n_least: usize) -> Vec<usize> {
    let mut places = Places { numbers, places: (0..numbers.len()).collect() };
    if let Some(last) = n_least.checked_sub(1).filter(|last| *last < numbers.len()) {
        places.select(0, numbers.len(), last);
    }
    places.places.truncate(n_least);
    places.places
}

impl Places<'_> {
    /// Whether what stands at one place is less than what stands at another; NaN is greatest.
    fn is_less(&self, a: usize, b: usize) -> bool {
        self.is_below(self.number(a), self.number(b))
    }

    fn number(&self, at: usize) -> f64 {
        self.numbers[self.places[at]]
    }

    #[expect(clippy::unused_self, reason = "reads as the order of these numbers")]
    fn is_below(&self, a: f64, b: f64) -> bool {
        a < b || (b.is_nan() && !a.is_nan())
    }

    fn swap_if_less(&mut self, a: usize, b: usize) {
        if self.is_less(a, b) {
            self.places.swap(a, b);
        }
    }

    /// Brings the least of `n` places from `start` on before the one at `start + kth`, which gets
    /// what belongs there.
    fn select(&mut self, start: usize, n: usize, kth: usize) {
        if kth < 3 {
            return self.select_few(start, n, kth);
        }
        if kth == n - 1 {
            return self.select_last(start, n);
        }
        let (kth, mut low, mut high) = (start + kth, start, start + n - 1);
        let mut tries = 2 * n.ilog2();
        while low + 1 < high {
            let ends = if tries > 0 || high - (low + 1) < 5 {
                self.pivot_of_three(low, high);
                (low + 1, high)
            } else {
                let middle = low + 1 + self.median_of_medians(low + 1, high - (low + 1));
                self.places.swap(middle, low);
                (low, high + 1)
            };
            tries = tries.saturating_sub(1);
            let (above, below) = self.split(self.number(low), ends);
            self.places.swap(low, below);
            if below >= kth {
                high = below - 1;
            }
            if below <= kth {
                low = above;
            }
        }
        if high == low + 1 {
            self.swap_if_less(high, low);
        }
    }

    /// For the first few places the least numbers are looked for one by one.
    fn select_few(&mut self, start: usize, n: usize, kth: usize) {
        for at in start..=start + kth {
            let mut least = at;
            for other in at + 1..start + n {
                if self.is_less(other, least) {
                    least = other;
                }
            }
            self.places.swap(at, least);
        }
    }

    /// For the last place the last of the greatest is looked for.
    fn select_last(&mut self, start: usize, n: usize) {
        let mut greatest = start;
        for at in start + 1..start + n {
            if !self.is_less(at, greatest) {
                greatest = at;
            }
        }
        self.places.swap(start + n - 1, greatest);
    }

    /// Brings the middle one of three numbers to the lower end, the least of them behind it.
    fn pivot_of_three(&mut self, low: usize, high: usize) {
        let middle = low + (high - low) / 2;
        self.swap_if_less(high, middle);
        self.swap_if_less(high, low);
        self.swap_if_less(low, middle);
        self.places.swap(middle, low + 1);
    }

    /// Moves numbers below a pivot before those above it; both ends hold one that stops the search.
    fn split(&mut self, pivot: f64, (mut low, mut high): (usize, usize)) -> (usize, usize) {
        loop {
            low += 1;
            while self.is_below(self.number(low), pivot) {
                low += 1;
            }
            high -= 1;
            while self.is_below(pivot, self.number(high)) {
                high -= 1;
            }
            if high < low {
                return (low, high);
            }
            self.places.swap(low, high);
        }
    }

    /// The place, counted from `start`, of a number that is greater than three tenths and less than
    /// three tenths of all.
    fn median_of_medians(&mut self, start: usize, n: usize) -> usize {
        let n_medians = n / 5;
        for at in 0..n_medians {
            let five = start + 5 * at;
            let median = self.median_of_five(five);
            self.places.swap(five + median, start + at);
        }
        if n_medians > 2 {
            self.select(start, n_medians, n_medians / 2);
        }
        n_medians / 2
    }

    fn median_of_five(&mut self, start: usize) -> usize {
        for (a, b) in [(1, 0), (4, 3), (3, 0), (4, 1), (2, 1)] {
            self.swap_if_less(start + a, start + b);
        }
        if !self.is_less(start + 3, start + 2) {
            2
        } else if self.is_less(start + 3, start + 1) {
            1
        } else {
            3
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_are_found_whatever_repeats() {
        for n in [1, 2, 3, 5, 8, 40, 1000] {
            for range in [1, 3, 50, 10_000] {
                let number = |at: usize| (at * 7919 % range % 701) as f64;
                let mut numbers: Vec<f64> = (0..n).map(number).collect();
                if n > 5 {
                    numbers[n / 2] = f64::NAN;
                }
                let mut sorted = numbers.clone();
                sorted.sort_by(f64::total_cmp);
                for n_least in [1, 2, 3, 4, 5, n / 2, n].into_iter().filter(|k| (1..=n).contains(k))
                {
                    let mut found: Vec<f64> =
                        least(&numbers, n_least).into_iter().map(|at| numbers[at]).collect();
                    found.sort_by(f64::total_cmp);
                    let shown = |numbers: &[f64]| format!("{numbers:?}");
                    assert_eq!(shown(&found), shown(&sorted[..n_least]), "{n} {range} {n_least}");
                }
            }
        }
    }

    #[test]
    fn many_poor_pivots_do_not_take_for_ever() {
        // Rising to the middle and falling from there is hard on the middle of three.
        let n = 4096_u32;
        let numbers: Vec<f64> = (0..n).map(|at| f64::from(at.min(n - at))).collect();
        let found = least(&numbers, 2000);
        assert!(found.iter().all(|at| numbers[*at] <= 1000.0));
    }
}
