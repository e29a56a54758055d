//! Thread pools of an engine thread.
//!
//! `rten::Model::run` runs inside a rayon pool. Called from outside the pool, it hands the work
//! over and waits, which costs several microseconds; called from the pool's own thread, rayon's
//! `install` calls straight on. Each thread has a pool of its own, because callers that share one
//! run one after the other.

use std::cell::RefCell;
use std::sync::Arc;

use rten::ThreadPool;

thread_local! {
    /// The pool that this thread runs models in: its own, or the one that it is the thread of.
    static POOL: RefCell<Option<Arc<ThreadPool>>> = const { RefCell::new(None) };
}

/// Runs `body` on a thread of a new rten pool of `n_threads`, and waits for its end. The others share
/// in the runs that it makes.
///
/// Meant for a worker's whole loop: runs of a [`RtenEngine`](crate::RtenEngine) that `body` makes
/// stay on that thread. Threads that run models without this work too, each run a few microseconds
/// slower.
///
/// # Panics
/// When `body` does.
pub fn own_pool(n_threads: usize, body: impl FnOnce() + Send) {
    let pool = Arc::new(ThreadPool::with_num_threads(n_threads.max(1)));
    pool.run(|| {
        POOL.set(Some(Arc::clone(&pool)));
        let _reset = Reset;
        body();
    });
}

/// Takes the pool from its own thread when the loop ends, so that it can end too.
struct Reset;

impl Drop for Reset {
    fn drop(&mut self) {
        POOL.set(None);
    }
}

/// The pool of this thread, made on first use.
pub(crate) fn current() -> Arc<ThreadPool> {
    POOL.with_borrow_mut(|pool| {
        Arc::clone(pool.get_or_insert_with(|| Arc::new(ThreadPool::with_num_threads(1))))
    })
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn inside_its_own_pool_a_thread_calls_straight_on() {
        own_pool(1, || {
            let here = thread::current().id();
            assert_eq!(current().run(|| thread::current().id()), here);
            assert!(Arc::ptr_eq(&current(), &current()));
        });
    }

    #[test]
    fn outside_a_thread_keeps_one_pool_for_itself() {
        let first = current();
        assert!(Arc::ptr_eq(&first, &current()));
        assert_ne!(first.run(|| thread::current().id()), thread::current().id());
        let of_another = thread::spawn(current).join().unwrap();
        assert!(!Arc::ptr_eq(&first, &of_another));
        assert_eq!(first.run(rayon_threads), 1);
    }

    fn rayon_threads() -> usize {
        // A pool of one thread runs two spawned halves one after the other on the same thread.
        let here = thread::current().id();
        usize::from(current().run(|| thread::current().id()) != here)
    }
}
