//! Which threads are parked, and waking one of them, without a lock.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering, fence};
use std::thread::Thread;

/// The threads of a pool that have nothing to do.
///
/// A thread says that it is idle, looks once more for work, and parks; who brings work looks for an
/// idle thread afterwards. Between each pair of steps stands a fence, so that one of both sees the
/// other: no work lies about while all threads are parked.
#[derive(Debug)]
pub(crate) struct Idle {
    /// A bit for each thread.
    words: Box<[AtomicU64]>,
    threads: Box<[OnceLock<Thread>]>,
}

impl Idle {
    pub(crate) fn new(n_threads: usize) -> Self {
        let words = (0..n_threads.div_ceil(64)).map(|_| AtomicU64::new(0)).collect();
        Self { words, threads: (0..n_threads).map(|_| OnceLock::new()).collect() }
    }

    /// To be called once by the thread with this number, before anything else.
    pub(crate) fn join(&self, number: usize) {
        if let Some(thread) = self.threads.get(number) {
            thread.get_or_init(std::thread::current);
        }
    }

    /// The thread will park, unless it finds work now.
    pub(crate) fn enter(&self, number: usize) {
        if let Some(word) = self.words.get(number / 64) {
            word.fetch_or(1 << (number % 64), Ordering::SeqCst);
        }
        fence(Ordering::SeqCst);
    }

    /// The thread has something to do.
    pub(crate) fn leave(&self, number: usize) {
        if let Some(word) = self.words.get(number / 64) {
            word.fetch_and(!(1 << (number % 64)), Ordering::SeqCst);
        }
    }

    /// Wakes one idle thread, if there is one. To be called after the work can be found.
    pub(crate) fn wake_one(&self) {
        fence(Ordering::SeqCst);
        for (index, word) in self.words.iter().enumerate() {
            loop {
                let idle = word.load(Ordering::SeqCst);
                if idle == 0 {
                    break;
                }
                let bit = idle & idle.wrapping_neg();
                if word.fetch_and(!bit, Ordering::SeqCst) & bit != 0 {
                    let number = index * 64 + bit.trailing_zeros() as usize;
                    if let Some(thread) = self.threads.get(number).and_then(OnceLock::get) {
                        thread.unpark();
                    }
                    return;
                }
            }
        }
    }

    /// Wakes all threads, idle or not.
    pub(crate) fn wake_all(&self) {
        self.threads.iter().filter_map(OnceLock::get).for_each(Thread::unpark);
    }
}
