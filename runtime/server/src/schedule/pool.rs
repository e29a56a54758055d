//! Steps 6 to 9 for models that are too slow to run on a socket's thread: a queue and the engine
//! threads that empty it.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;

use metrics::Gauge;
use radiant_core::{Error, ErrorKind};
use tokio::sync::oneshot;

use crate::observe::{GaugeGuard, Metric, Registry};

/// Work for an engine thread.
type Job = Box<dyn FnOnce() + Send>;

/// Runs the loop of an engine thread, perhaps inside a place that an engine has for its threads, where
/// so many threads, the loop's own among them, may work on one run.
pub type EngineThread = fn(usize, Box<dyn FnOnce() + Send>);

/// Engine threads and their queue.
///
/// The queue holds at most one entry a permit, so it needs no bound of its own.
#[derive(Debug)]
pub(crate) struct Pool {
    queue: Arc<Queue>,
    waiting: Gauge,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

struct Queue {
    state: Mutex<State>,
    arrived: Condvar,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    closed: bool,
}

impl Pool {
    /// Starts `n_threads` engine threads, the loop of each inside `place`.
    ///
    /// # Errors
    /// When the system refuses a thread.
    pub(crate) fn start(
        n_threads: usize,
        place: impl Fn(Job) + Copy + Send + 'static,
        registry: &Registry,
    ) -> std::io::Result<Arc<Self>> {
        let state = Mutex::new(State::default());
        let queue = Arc::new(Queue { state, arrived: Condvar::new() });
        let threads = (0..n_threads)
            .map(|index| {
                let queue = Arc::clone(&queue);
                std::thread::Builder::new()
                    .name(format!("engine-{index}"))
                    .spawn(move || place(Box::new(move || queue.work())))
            })
            .collect::<Result<Vec<_>, _>>()?;
        let waiting = registry.gauge(Metric::QueueRequests, &[]);
        Ok(Arc::new(Self { queue, waiting, threads: Mutex::new(threads) }))
    }

    /// Runs `work` on an engine thread. If the caller goes away first, it is not run at all.
    ///
    /// # Errors
    /// [`ErrorKind::NotReady`] when the pool has been closed.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        let (reply, answer) = oneshot::channel();
        let waiting = GaugeGuard::enter(&self.waiting);
        self.queue.push(Box::new(move || {
            drop(waiting);
            // A closed channel is a client that went away: nobody wants the answer.
            if !reply.is_closed() {
                drop(reply.send(work()));
            }
        }))?;
        answer.await.map_err(|_closed| closing())
    }

    /// Lets the threads finish what is queued, then ends them. Blocks until they have.
    pub(crate) fn close(&self) {
        self.queue.lock().closed = true;
        self.queue.arrived.notify_all();
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        for thread in threads.drain(..) {
            // Jobs contain their own panics; a thread that still died has nothing left to say.
            drop(thread.join());
        }
    }
}

impl Queue {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        // Nothing that can panic runs under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, job: Job) -> Result<(), Error> {
        let mut state = self.lock();
        if state.closed {
            return Err(closing());
        }
        state.jobs.push_back(job);
        drop(state);
        self.arrived.notify_one();
        Ok(())
    }

    fn work(&self) {
        let mut state = self.lock();
        loop {
            if let Some(job) = state.jobs.pop_front() {
                drop(state);
                job();
                state = self.lock();
            } else if state.closed {
                return;
            } else {
                state = self.arrived.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
        }
    }
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Queue").finish_non_exhaustive()
    }
}

fn closing() -> Error {
    Error::new(ErrorKind::NotReady, "the server is shutting down")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn queued_work_is_finished_before_the_threads_end() {
        let pool = Pool::start(1, |work| work(), &Registry::new()).unwrap();
        let answers: Vec<_> = (0..10).map(|n| pool.run(move || n * 2)).collect();
        let mut sum = 0;
        for answer in answers {
            sum += answer.await.unwrap();
        }
        assert_eq!(sum, 90);
        pool.close();
        assert_eq!(pool.run(|| ()).await.unwrap_err().kind(), ErrorKind::NotReady);
    }

    #[tokio::test]
    async fn work_of_a_caller_that_went_away_is_not_run() {
        let pool = Pool::start(1, |work| work(), &Registry::new()).unwrap();
        let (release, gate) = std::sync::mpsc::channel::<()>();
        let (started, running) = oneshot::channel();
        let blocker = tokio::spawn({
            let pool = Arc::clone(&pool);
            async move {
                pool.run(move || {
                    started.send(()).unwrap();
                    gate.recv().unwrap();
                })
                .await
            }
        });
        running.await.unwrap();
        let ran = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let abandoned = {
            let (pool, ran) = (Arc::clone(&pool), Arc::clone(&ran));
            tokio::spawn(async move {
                pool.run(move || ran.store(true, std::sync::atomic::Ordering::SeqCst)).await
            })
        };
        // The abandoned work is queued once the gauge says so; then its caller goes away.
        while pool.queue.lock().jobs.is_empty() {
            tokio::task::yield_now().await;
        }
        abandoned.abort();
        assert!(abandoned.await.unwrap_err().is_cancelled());
        release.send(()).unwrap();
        blocker.await.unwrap().unwrap();
        pool.close();
        assert!(!ran.load(std::sync::atomic::Ordering::SeqCst));
    }
}
