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
const MEMORY: u64 = 2048;

/// The cost of runs by their number of rows. Between sizes that were seen it is a straight line.
#[derive(Debug, Clone)]
pub struct CostCurve {
    groups: [Group; N_GROUPS],
    n_runs: u64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Group {
    /// Seconds of a run of the group's largest size; 0 where nothing is known.
    seconds: f64,
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
        let (at, size) = group_of(rows);
        if let Some(group) = self.groups.get_mut(at) {
            let seconds = took.as_secs_f64() * size as f64 / rows.max(1) as f64;
            *group = Group { seconds: seconds.max(1e-9), last: self.n_runs, n_outliers: 0 };
        }
    }

    /// Takes in what a run of so many rows took under load.
    pub fn observe(&mut self, rows: usize, took: Duration) {
        let (at, size) = group_of(rows);
        let seconds = (took.as_secs_f64() * size as f64 / rows.max(1) as f64).max(1e-9);
        let expected = self.seconds(size);
        self.n_runs += 1;
        let n_runs = self.n_runs;
        let Some(group) = self.groups.get_mut(at) else { return };
        let is_outlier = expected > 0.0 && seconds > OUTLIER * expected;
        if is_outlier && group.n_outliers < OUTLIERS_MAX {
            group.n_outliers += 1;
            return;
        }
        let is_known = group.seconds > 0.0 && !is_outlier;
        let before = if is_known { group.seconds } else { seconds };
        let seconds = before + NEW_WEIGHT * (seconds - before);
        *group = Group { seconds, last: n_runs, n_outliers: 0 };
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

    /// Rows a second in runs of so many rows; without bound where nothing is known.
    pub fn rate(&self, rows: usize) -> f64 {
        rows as f64 / self.seconds(rows).max(1e-12)
    }

    fn seconds(&self, rows: usize) -> f64 {
        let known = self.groups.iter().enumerate().filter(|(_, group)| group.seconds > 0.0);
        let mut points = known.map(|(at, group)| (size_of_group(at) as f64, group.seconds));
        let rows = rows as f64;
        let (mut below, mut above) = (None::<(f64, f64)>, None::<(f64, f64)>);
        for point in &mut points {
            if point.0 >= rows {
                above = Some(point);
                break;
            }
            below = Some(point);
        }
        match (below, above) {
            (None, None) => 0.0,
            (_, Some((size, seconds))) if size <= rows => seconds,
            (Some((a, from)), Some((b, to))) => from + (to - from) * (rows - a) / (b - a),
            // Fewer rows than were ever seen, or more: each costs what those did.
            (None, Some((size, seconds))) | (Some((size, seconds)), None) => seconds * rows / size,
        }
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

/// The group that a number of rows belongs to, and the largest size of that group.
fn group_of(rows: usize) -> (usize, usize) {
    let rows = rows.clamp(1, ROWS_MAX);
    let at = if rows <= EXACT_ROWS {
        rows - 1
    } else {
        // Of (2^k, 2^(k+1)] each quarter is a group.
        let octave = (rows - 1).ilog2() as usize;
        let quarter = (rows - 1 - (1 << octave)) >> (octave - 2);
        EXACT_ROWS + GROUPS * (octave - 3) + quarter
    };
    (at, size_of_group(at))
}

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
            let (at, size) = group_of(rows);
            assert!(at < N_GROUPS && size >= rows, "{rows}: {at} {size}");
            assert!(size * 4 <= rows * 5 || size == rows, "{rows}: {size}");
            assert_eq!(group_of(size), (at, size));
        }
        assert_eq!(group_of(usize::MAX), (N_GROUPS - 1, ROWS_MAX));
        let sizes: Vec<usize> = CostCurve::sizes(20).collect();
        assert_eq!(sizes, [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20]);
    }

    #[test]
    fn between_what_was_measured_lies_a_straight_line() {
        let mut curve = CostCurve::new();
        assert_eq!(curve.cost(5), Duration::ZERO);
        curve.teach(1, 100 * MICROSECOND);
        assert_eq!(curve.cost(3), 300 * MICROSECOND);
        curve.teach(5, 140 * MICROSECOND);
        assert_eq!(curve.cost(3).as_micros(), 120);
        assert_eq!(curve.cost(10).as_micros(), 280);
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
