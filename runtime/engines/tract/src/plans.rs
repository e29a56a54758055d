//! The plans that are kept: least recently used out, each built once.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::error::Failure;

/// Values of a model's unknown extents.
pub(crate) type Key = Box<[usize]>;

type Slot<P> = Arc<OnceLock<Result<Arc<P>, Failure>>>;

/// A small cache of plans by the values of the model's unknown extents.
///
/// Building happens under a lock of that key alone: requests for other keys go on. A failed build
/// is kept like a plan, so that a shape that the model cannot take costs its build once.
#[derive(Debug)]
pub(crate) struct Plans<P> {
    /// Most recently used first. Few enough that a linear search is the fastest.
    slots: Mutex<Vec<(Key, Slot<P>)>>,
    capacity: usize,
    pinned: Option<Key>,
}

/// A number of plans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) held: usize,
    pub(crate) max: usize,
}

impl<P> Plans<P> {
    /// A cache of at most `capacity` plans, and the pinned one beside them.
    pub(crate) fn new(capacity: usize) -> Self {
        Self { slots: Mutex::new(Vec::new()), capacity: capacity.max(1), pinned: None }
    }

    /// Puts in a plan that stays.
    pub(crate) fn pin(&mut self, key: &[usize], plan: P) {
        let slots = self.slots.get_mut().unwrap_or_else(PoisonError::into_inner);
        slots.retain(|(known, _)| **known != *key);
        slots.push((key.into(), Arc::new(OnceLock::from(Ok(Arc::new(plan))))));
        self.pinned = Some(key.into());
    }

    /// The plan for these values, built by `build` if it is not there.
    ///
    /// Blocks for a build of the same key, whichever thread does it.
    ///
    /// # Errors
    /// What the build failed with.
    pub(crate) fn get(
        &self,
        key: &[usize],
        build: impl FnOnce() -> Result<P, Failure>,
    ) -> Result<Arc<P>, Failure> {
        let slot = self.slot(key);
        slot.get_or_init(|| build().map(Arc::new)).clone()
    }

    /// How many plans there are, and may be.
    pub(crate) fn count(&self) -> Count {
        let held = self.slots.lock().unwrap_or_else(PoisonError::into_inner).len();
        Count { held, max: self.capacity.saturating_add(usize::from(self.pinned.is_some())) }
    }

    fn slot(&self, key: &[usize]) -> Slot<P> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = slots.iter().position(|(known, _)| **known == *key) {
            if let Some(recent) = slots.get_mut(..=at) {
                recent.rotate_right(1);
            }
        } else {
            self.make_room(&mut slots);
            slots.insert(0, (key.into(), Slot::default()));
        }
        slots.first().map(|(_, slot)| Arc::clone(slot)).unwrap_or_default()
    }

    fn make_room(&self, slots: &mut Vec<(Key, Slot<P>)>) {
        let is_pinned = |key: &Key| self.pinned.as_ref() == Some(key);
        let unpinned = slots.iter().filter(|(key, _)| !is_pinned(key)).count();
        if unpinned >= self.capacity
            && let Some(oldest) = slots.iter().rposition(|(key, _)| !is_pinned(key))
        {
            slots.remove(oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(plans: &Plans<usize>, key: usize, builds: &mut Vec<usize>) -> Result<usize, String> {
        let plan = plans.get(&[key], || {
            builds.push(key);
            if key == 13 { Err(Failure::Refused("unlucky".into())) } else { Ok(key * 10) }
        });
        plan.map(|plan| *plan).map_err(|failure| format!("{failure:?}"))
    }

    #[test]
    fn the_least_recently_used_plan_makes_room_and_the_pinned_one_stays() {
        let mut plans = Plans::new(2);
        plans.pin(&[1], 10);
        let mut builds = Vec::new();
        for key in [1, 2, 3, 2, 4, 2, 1, 3] {
            assert_eq!(get(&plans, key, &mut builds), Ok(key * 10));
        }
        assert_eq!(builds, [2, 3, 4, 3]);
        assert_eq!(plans.count(), Count { held: 3, max: 3 });
    }

    #[test]
    fn a_failed_build_is_not_tried_again_while_it_is_remembered() {
        let plans = Plans::new(2);
        let mut builds = Vec::new();
        assert!(get(&plans, 13, &mut builds).is_err());
        assert!(get(&plans, 13, &mut builds).is_err());
        assert_eq!(builds, [13]);
    }

    #[test]
    fn threads_that_ask_for_the_same_plan_build_it_once() {
        let plans = Plans::new(2);
        let builds = std::sync::atomic::AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let plan = plans.get(&[7], || {
                        builds.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                        Ok(70)
                    });
                    assert!(matches!(plan, Ok(plan) if *plan == 70));
                });
            }
        });
        assert_eq!(builds.into_inner(), 1);
    }
}
