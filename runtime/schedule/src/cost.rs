//! What a run of so many rows costs, learnt from the runs themselves.

use std::time::Duration;

/// Sizes up to this many rows are known one by one, larger ones in four groups for each doubling.
const EXACT_ROWS: usize = 8;
const GROUPS: usize = 4;

/// Largest size that is told apart from larger ones.
const ROWS_MAX: usize = 4096;

/// Groups of sizes: those up to eight, and four for each of the doublings up to the largest.
const N_GROUPS: usize = EXACT_ROWS + GROUPS * 9;

/// The weight of a new run in the mean of its group.
const NEW_WEIGHT: f64 = 0.125;

/// A run that took so many times what was expected is taken for an accident, such as a plan that was
/// made for it,
const OUTLIER: f64 = 4.0;
/// unless it is so many in a row.
const OUTLIERS_MAX: u32 = 3;

/// What a group knows is forgotten after so many runs of others, so that a size that was slow once is
/// tried again.
const MEMORY: u64 = 16_384;

/// Where one size was seen only, each further row is taken for this part of what a row of it cost.
const FURTHER_ROW: f64 = 0.5;

/// The cost of runs by their number of rows. Between sizes that were seen it is a straight line, and
/// beyond them it goes on as the line from the smallest to the largest of them, up to twice the
/// largest.
#[derive(Debug, Clone)]
pub struct CostCurve {
    groups: [Group; N_GROUPS],
    n_runs: u64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Group {
    /// Seconds of a run; 0 where nothing is known.
    seconds: f64,
    /// Its rows, as a mean like the seconds.
    rows: f64,
    /// The number of the last run of this group.
    last: u64,
    n_outliers: u32,
}

impl CostCurve {
    /// A curve of which nothing is known: runs cost nothing until one was seen.
    pub fn new() -> Self {
        Self { groups: [Group::default(); N_GROUPS], n_runs: 0 }
    }

    /// Takes what a run of so many rows took for granted, as from a measurement at rest.
    pub fn teach(&mut self, rows: usize, took: Duration) {
        let (rows, seconds) = (clamp(rows), took.as_secs_f64().max(1e-9));
        if let Some(group) = self.groups.get_mut(group_of(rows)) {
            *group = Group { seconds, rows: rows as f64, last: self.n_runs, n_outliers: 0 };
        }
    }

    /// Takes in what a run of so many rows took under load.
    pub fn observe(&mut self, rows: usize, took: Duration) {
        let (rows, seconds) = (clamp(rows), took.as_secs_f64().max(1e-9));
        let expected = self.seconds(rows);
        self.n_runs += 1;
        let n_runs = self.n_runs;
        let Some(group) = self.groups.get_mut(group_of(rows)) else { return };
        let is_outlier = expected > 0.0 && seconds > OUTLIER * expected;
        if is_outlier && group.n_outliers < OUTLIERS_MAX {
            group.n_outliers += 1;
            return;
        }
        let is_known = group.seconds > 0.0 && !is_outlier;
        let rows = rows as f64;
        let before = if is_known { *group } else { Group { seconds, rows, ..*group } };
        *group = Group {
            seconds: before.seconds + NEW_WEIGHT * (seconds - before.seconds),
            rows: before.rows + NEW_WEIGHT * (rows - before.rows),
            last: n_runs,
            n_outliers: 0,
        };
        if n_runs.is_multiple_of(MEMORY) {
            self.forget();
        }
    }

    /// What a run of so many rows is expected to take.
    pub fn cost(&self, rows: usize) -> Duration {
        Duration::try_from_secs_f64(self.seconds(rows)).unwrap_or(Duration::MAX)
    }

    /// The sizes up to `rows_max` that are told apart, the smallest first.
    pub fn sizes(rows_max: usize) -> impl Iterator<Item = usize> {
        (0..N_GROUPS).map(size_of_group).take_while(move |&size| size <= rows_max)
    }

    /// Rows a second that runs of so many rows may reach; without bound where nothing is known.
    ///
    /// For a size that was not seen it is what the next smaller one promises that was: a larger run
    /// may cost no more, up to twice its rows. So sizes that may be the best are tried, once until
    /// they are forgotten, and a size behind others that are filled up to it is found.
    pub fn rate(&self, rows: usize) -> f64 {
        let expected = rows as f64 / self.seconds(rows).max(1e-12);
        let at = group_of(clamp(rows));
        let mut up_to = self.groups.iter().take(at + 1).rev();
        if up_to.next().is_some_and(Group::is_known) {
            return expected;
        }
        let promised = up_to
            .find(|group| group.is_known())
            .map_or(0.0, |below| (rows as f64).min(2.0 * below.rows) / below.seconds);
        expected.max(promised)
    }

    fn seconds(&self, rows: usize) -> f64 {
        let rows = rows as f64;
        let (mut first, mut below) = (None, None::<Group>);
        for &group in self.groups.iter().filter(|group| group.is_known()) {
            if group.rows >= rows {
                return below.map_or(group.seconds * rows / group.rows, |below| {
                    let part = (rows - below.rows) / (group.rows - below.rows);
                    below.seconds + part * (group.seconds - below.seconds)
                });
            }
            first = first.or(Some(group));
            below = Some(group);
        }
        first.zip(below).map_or(0.0, |(first, last)| beyond(&first, &last, rows))
    }

    /// Drops what has not been seen for long, as long as two sizes are known.
    fn forget(&mut self) {
        let mut n_known = self.groups.iter().filter(|group| group.seconds > 0.0).count();
        for group in &mut self.groups {
            let is_old = group.seconds > 0.0 && self.n_runs - group.last > MEMORY;
            if is_old && n_known > 2 {
                *group = Group::default();
                n_known -= 1;
            }
        }
    }
}

impl Default for CostCurve {
    fn default() -> Self {
        Self::new()
    }
}

impl Group {
    fn is_known(&self) -> bool {
        self.seconds > 0.0
    }
}

/// Seconds of a run of more rows than were ever seen.
fn beyond(smallest: &Group, largest: &Group, rows: f64) -> f64 {
    let further = if largest.rows > smallest.rows {
        ((largest.seconds - smallest.seconds) / (largest.rows - smallest.rows)).max(0.0)
    } else {
        FURTHER_ROW * largest.seconds / largest.rows
    };
    let within = rows.min(2.0 * largest.rows);
    // Of more rows than twice the largest nothing is known but that they will not be free.
    (largest.seconds + further * (within - largest.rows)) * rows / within
}

fn clamp(rows: usize) -> usize {
    rows.clamp(1, ROWS_MAX)
}

/// The group that a number of rows belongs to.
fn group_of(rows: usize) -> usize {
    if rows <= EXACT_ROWS {
        return rows.saturating_sub(1);
    }
    // Of (2^k, 2^(k+1)] each quarter is a group.
    let octave = (rows - 1).ilog2() as usize;
    let quarter = (rows - 1 - (1 << octave)) >> (octave - 2);
    EXACT_ROWS + GROUPS * (octave - 3) + quarter
}

/// The largest number of rows of a group.
fn size_of_group(at: usize) -> usize {
    if at < EXACT_ROWS {
        return at + 1;
    }
    let (octave, quarter) = ((at - EXACT_ROWS) / GROUPS + 3, (at - EXACT_ROWS) % GROUPS);
    (1 << octave) + ((quarter + 1) << (octave - 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MICROSECOND: Duration = Duration::from_micros(1);

    #[test]
    fn every_size_is_in_the_group_of_the_next_that_is_told_apart() {
        for rows in 1..=ROWS_MAX {
            let at = group_of(rows);
            let size = size_of_group(at);
            assert!(at < N_GROUPS && size >= rows, "{rows}: {at} {size}");
            assert!(size * 4 <= rows * 5 || size == rows, "{rows}: {size}");
            assert_eq!(group_of(size), at);
        }
        assert_eq!(group_of(clamp(usize::MAX)), N_GROUPS - 1);
        let sizes: Vec<usize> = CostCurve::sizes(20).collect();
        assert_eq!(sizes, [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20]);
    }

    #[test]
    fn between_what_was_measured_lies_a_straight_line() {
        let mut curve = CostCurve::new();
        assert_eq!(curve.cost(5), Duration::ZERO);
        curve.teach(1, 100 * MICROSECOND);
        assert_eq!(curve.cost(2), 150 * MICROSECOND);
        curve.teach(5, 140 * MICROSECOND);
        assert_eq!(curve.cost(3).as_micros(), 120);
    }

    #[test]
    fn beyond_what_was_measured_the_line_goes_on_up_to_twice_as_far() {
        let mut curve = CostCurve::new();
        curve.teach(1, 100 * MICROSECOND);
        curve.teach(4, 130 * MICROSECOND);
        curve.teach(5, 140 * MICROSECOND);
        assert_eq!(curve.cost(10).as_micros(), 190);
        assert_eq!(curve.cost(20).as_micros(), 380);
        // Where more rows cost less, further ones cost nothing.
        curve.teach(7, 90 * MICROSECOND);
        assert_eq!(curve.cost(14).as_micros(), 90);
    }

    #[test]
    fn a_size_that_was_not_seen_promises_what_the_next_smaller_one_allows() {
        let mut curve = CostCurve::new();
        let is = |rate: f64, rows: f64, us: f64| (rate * us * 1e-6 / rows - 1.0).abs() < 1e-9;
        curve.teach(4, 100 * MICROSECOND);
        assert!(is(curve.rate(8), 8.0, 100.0) && is(curve.rate(64), 8.0, 100.0));
        // Filled up to eight rows, as nobody knows yet.
        curve.teach(5, 180 * MICROSECOND);
        curve.teach(10, 300 * MICROSECOND);
        assert!(is(curve.rate(8), 8.0, 180.0), "{}", curve.rate(8));
        curve.teach(8, 185 * MICROSECOND);
        assert!(is(curve.rate(8), 8.0, 185.0), "{}", curve.rate(8));
    }

    #[test]
    fn one_slow_run_changes_nothing_and_many_do() {
        let mut curve = CostCurve::new();
        curve.teach(4, 100 * MICROSECOND);
        curve.observe(4, 100_000 * MICROSECOND);
        assert_eq!(curve.cost(4), 100 * MICROSECOND);
        (0..OUTLIERS_MAX).for_each(|_| curve.observe(4, 100_000 * MICROSECOND));
        assert!(curve.cost(4) > 50_000 * MICROSECOND, "{:?}", curve.cost(4));
    }

    #[test]
    fn the_mean_follows_the_runs() {
        let mut curve = CostCurve::new();
        curve.teach(1, 100 * MICROSECOND);
        (0..100).for_each(|_| curve.observe(1, 200 * MICROSECOND));
        let cost = curve.cost(1).as_secs_f64();
        assert!((cost - 200e-6).abs() < 1e-6, "{cost}");
    }

    #[test]
    fn what_was_slow_once_is_forgotten() {
        let mut curve = CostCurve::new();
        curve.teach(1, 100 * MICROSECOND);
        curve.teach(2, 900 * MICROSECOND);
        curve.teach(4, 130 * MICROSECOND);
        (0..2 * MEMORY).for_each(|_| {
            curve.observe(1, 100 * MICROSECOND);
            curve.observe(4, 130 * MICROSECOND);
        });
        assert!(curve.cost(2) < 150 * MICROSECOND, "{:?}", curve.cost(2));
    }
}
