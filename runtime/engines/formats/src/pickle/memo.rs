//! The values that a pickle remembers, by number.

use std::collections::HashMap;

use crate::object::value::ValueId;

/// How far beyond twice its length the table may grow at once.
const SLACK: usize = 64;

/// A table from numbers to values.
///
/// Picklers count up from 0 or 1, so a plain table serves; a number far beyond goes into a map, so
/// that memory follows the entries that are there and not the largest number.
#[derive(Debug, Default)]
pub(crate) struct Memo {
    dense: Vec<Option<ValueId>>,
    sparse: HashMap<u64, ValueId>,
    count: usize,
}

impl Memo {
    /// How many numbers have a value.
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    pub(crate) fn get(&self, key: u64) -> Option<ValueId> {
        let dense = usize::try_from(key).ok().and_then(|at| self.dense.get(at).copied().flatten());
        dense.or_else(|| self.sparse.get(&key).copied())
    }

    pub(crate) fn put(&mut self, key: u64, value: ValueId) {
        let new = self.get(key).is_none();
        self.count = self.count.saturating_add(usize::from(new));
        let reach = self.count.saturating_mul(2).saturating_add(SLACK);
        match usize::try_from(key) {
            Ok(at) if at < reach && !self.sparse.contains_key(&key) => {
                if at >= self.dense.len() {
                    self.dense.resize(at.saturating_add(1), None);
                }
                if let Some(slot) = self.dense.get_mut(at) {
                    *slot = Some(value);
                }
            }
            _ => {
                self.sparse.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(index: usize) -> ValueId {
        ValueId::from_index(index).unwrap()
    }

    #[test]
    fn entries_are_found_wherever_they_lie_and_may_be_replaced() {
        let mut memo = Memo::default();
        for (at, key) in [0, 1, 2, 90, 5, u64::MAX, 1 << 40, 89].into_iter().enumerate() {
            memo.put(key, id(at));
            assert_eq!(memo.get(key), Some(id(at)));
        }
        assert_eq!(memo.len(), 8);
        memo.put(1 << 40, id(100));
        memo.put(90, id(101));
        assert_eq!((memo.get(1 << 40), memo.get(90)), (Some(id(100)), Some(id(101))));
        assert_eq!((memo.len(), memo.get(3)), (8, None));
    }

    #[test]
    fn memory_follows_the_entries_and_not_the_largest_number() {
        let mut memo = Memo::default();
        for key in 0..100_u64 {
            memo.put(key * 1_000_000, id(0));
        }
        assert!(memo.dense.len() <= 64, "{}", memo.dense.len());
    }
}
