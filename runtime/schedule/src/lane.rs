//! What waits for one model, the most urgent first.

use std::collections::BTreeMap;
use std::time::Duration;

/// Something that waits for a run. Times count from one moment that is the same for all.
pub trait Entry {
    /// Its rows.
    fn rows(&self) -> usize;
    /// Only entries of equal keys may share a run.
    fn key(&self) -> u64;
    /// The smaller comes first.
    fn priority(&self) -> u32;
    /// When it came.
    fn arrived(&self) -> Duration;
    /// When nobody will want its answer any more.
    fn deadline(&self) -> Option<Duration>;
    /// Whether nobody wants it any more.
    fn is_gone(&self) -> bool;
}

/// By priority, then in the order of coming.
type Place = (u32, u64);

/// Entries that stay and are looked at for company to the first; those behind them wait for a later
/// run.
const LOOKED_AT_MAX: usize = 4096;

/// What waits for one model.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    entries: BTreeMap<Place, T>,
    n_came: u64,
    /// The places of the company that was gathered last, in order; kept for its allocation.
    company: Vec<Place>,
}

/// The first entry, and those that may share its run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gathered {
    pub(crate) rows: usize,
    /// When the first of them came.
    pub(crate) arrived: Duration,
    /// The nearest of their deadlines.
    pub(crate) deadline: Option<Duration>,
}

impl<T: Entry> Queue<T> {
    pub(crate) fn new() -> Self {
        Self { entries: BTreeMap::new(), n_came: 0, company: Vec::new() }
    }

    pub(crate) fn push(&mut self, entry: T) {
        self.entries.insert((entry.priority(), self.n_came), entry);
        self.n_came += 1;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Drops what nobody wants any more.
    pub(crate) fn purge(&mut self) {
        self.entries.retain(|_, entry| !entry.is_gone());
    }

    /// All that waits, which leaves.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = T> {
        std::mem::take(&mut self.entries).into_values()
    }

    /// Finds the first entry and who may share its run, up to `rows_max` rows together. Entries whose
    /// time is over leave into `expired`, and those that nobody wants are dropped, as far as they were
    /// looked at.
    pub(crate) fn gather(
        &mut self,
        now: Duration,
        rows_max: usize,
        expired: &mut Vec<T>,
    ) -> Option<Gathered> {
        self.company.clear();
        let (mut left, mut found) = (Vec::new(), None::<(u64, Gathered)>);
        let mut n_looked_at = 0;
        for (&place, entry) in &self.entries {
            if entry.is_gone() || entry.deadline().is_some_and(|deadline| deadline <= now) {
                left.push(place);
                continue;
            }
            n_looked_at += 1;
            if n_looked_at > LOOKED_AT_MAX {
                break;
            }
            let Some((key, gathered)) = &mut found else {
                let (rows, arrived) = (entry.rows(), entry.arrived());
                let gathered = Gathered { rows, arrived, deadline: entry.deadline() };
                found = Some((entry.key(), gathered));
                self.company.push(place);
                if rows >= rows_max {
                    break;
                }
                continue;
            };
            if entry.key() != *key {
                continue;
            }
            if gathered.rows + entry.rows() > rows_max {
                break;
            }
            self.company.push(place);
            gathered.rows += entry.rows();
            gathered.arrived = gathered.arrived.min(entry.arrived());
            let deadlines = [gathered.deadline, entry.deadline()];
            gathered.deadline = deadlines.into_iter().flatten().min();
        }
        for place in left {
            expired.extend(self.entries.remove(&place).filter(|entry| !entry.is_gone()));
        }
        found.map(|(_, gathered)| gathered)
    }

    /// Takes the first of those gathered, and of the others as many as make up to `rows` rows.
    pub(crate) fn take(&mut self, rows: usize) -> Vec<T> {
        let mut taken: Vec<T> = Vec::with_capacity(self.company.len().min(rows));
        let mut n_rows = 0;
        for place in self.company.drain(..) {
            let Some(entry) = self.entries.get(&place) else { continue };
            if !taken.is_empty() && n_rows + entry.rows() > rows {
                break;
            }
            n_rows += entry.rows();
            taken.extend(self.entries.remove(&place));
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, PartialEq)]
    struct Plain {
        name: u32,
        rows: usize,
        key: u64,
        priority: u32,
        deadline: Option<Duration>,
        is_gone: bool,
    }

    impl Entry for Plain {
        fn rows(&self) -> usize {
            self.rows
        }
        fn key(&self) -> u64 {
            self.key
        }
        fn priority(&self) -> u32 {
            self.priority
        }
        fn arrived(&self) -> Duration {
            Duration::from_secs(self.name.into())
        }
        fn deadline(&self) -> Option<Duration> {
            self.deadline
        }
        fn is_gone(&self) -> bool {
            self.is_gone
        }
    }

    fn plain(name: u32, rows: usize) -> Plain {
        Plain { name, rows, key: 0, priority: 0, deadline: None, is_gone: false }
    }

    fn queue(entries: &[Plain]) -> Queue<Plain> {
        let mut queue = Queue::new();
        for entry in entries {
            queue.push(entry.clone());
        }
        queue
    }

    fn names(entries: &[Plain]) -> Vec<u32> {
        entries.iter().map(|entry| entry.name).collect()
    }

    const NOW: Duration = Duration::from_secs(1000);

    #[test]
    fn company_comes_in_order_and_never_exceeds_the_limit() {
        let mut queue = queue(&[plain(1, 2), plain(2, 3), plain(3, 9), plain(4, 1)]);
        let gathered = queue.gather(NOW, 8, &mut Vec::new()).unwrap();
        assert_eq!((gathered.rows, gathered.arrived.as_secs()), (5, 1));
        assert_eq!(names(&queue.take(5)), [1, 2]);
        // One that is too large by itself runs alone.
        assert_eq!(queue.gather(NOW, 8, &mut Vec::new()).unwrap().rows, 9);
        assert_eq!(names(&queue.take(8)), [3]);
        assert_eq!(queue.gather(NOW, 8, &mut Vec::new()).unwrap().rows, 1);
        assert_eq!(names(&queue.take(8)), [4]);
        assert_eq!(queue.gather(NOW, 8, &mut Vec::new()), None);
    }

    #[test]
    fn a_run_may_be_smaller_than_what_was_gathered() {
        let mut queue = queue(&[plain(1, 2), plain(2, 2), plain(3, 2)]);
        queue.gather(NOW, 8, &mut Vec::new()).unwrap();
        assert_eq!(names(&queue.take(4)), [1, 2]);
        queue.gather(NOW, 8, &mut Vec::new()).unwrap();
        assert_eq!(names(&queue.take(1)), [3]);
    }

    #[test]
    fn other_keys_wait_for_their_own_run() {
        let other = Plain { key: 1, ..plain(2, 1) };
        let mut queue = queue(&[plain(1, 1), other, plain(3, 1)]);
        queue.gather(NOW, 8, &mut Vec::new()).unwrap();
        assert_eq!(names(&queue.take(8)), [1, 3]);
        queue.gather(NOW, 8, &mut Vec::new()).unwrap();
        assert_eq!(names(&queue.take(8)), [2]);
    }

    #[test]
    fn a_higher_priority_comes_first() {
        let low = Plain { priority: 2, ..plain(1, 1) };
        let high = Plain { priority: 1, ..plain(2, 1) };
        let mut queue = queue(&[low, high, plain(3, 1)]);
        queue.gather(NOW, 2, &mut Vec::new()).unwrap();
        assert_eq!(names(&queue.take(2)), [3, 2]);
    }

    #[test]
    fn however_many_are_late_the_first_that_is_not_is_found() {
        let late = Plain { deadline: Some(NOW), ..plain(1, 1) };
        let mut entries = vec![late; LOOKED_AT_MAX + 1];
        entries.push(plain(2, 1));
        let (mut queue, mut expired) = (queue(&entries), Vec::new());
        assert_eq!(queue.gather(NOW, 8, &mut expired).map(|gathered| gathered.rows), Some(1));
        assert_eq!((names(&queue.take(8)), expired.len()), (vec![2], LOOKED_AT_MAX + 1));
    }

    #[test]
    fn who_is_gone_or_late_leaves_before_the_run() {
        let late = Plain { deadline: Some(NOW), ..plain(1, 1) };
        let gone = Plain { is_gone: true, ..plain(2, 1) };
        let soon = Plain { deadline: Some(NOW * 2), ..plain(3, 1) };
        let mut queue = queue(&[late, gone.clone(), soon, plain(4, 1), gone]);
        let mut expired = Vec::new();
        let gathered = queue.gather(NOW, 8, &mut expired).unwrap();
        assert_eq!((gathered.rows, gathered.deadline), (2, Some(NOW * 2)));
        assert_eq!(names(&expired), [1]);
        assert_eq!(names(&queue.take(8)), [3, 4]);
        assert!(queue.is_empty());
    }
}
