//! When the answer to a request is due, and the one timer that guards its way.
//!
//! Limits come from several places and become known one after the other: what the transport's head
//! says before anything is read, what the configuration and the model say once the request is there,
//! what the request itself says once it is decoded. The earliest holds.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Poll, ready};
use std::time::{Duration, Instant};

use radiant_core::{Error, ErrorKind};
use tokio::time::Sleep;

/// When an answer is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Deadline {
    pub(crate) at: Instant,
    /// How long it was before that.
    pub(crate) limit: Duration,
    /// Who said so, as an error names it.
    pub(crate) by: &'static str,
}

impl Deadline {
    /// So long after `start`; none where that is beyond all time.
    pub(crate) fn after(start: Instant, limit: Duration, by: &'static str) -> Option<Self> {
        Some(Self { at: start.checked_add(limit)?, limit, by })
    }

    /// The earlier of two.
    pub(crate) fn earlier(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        one.into_iter().chain(other).min_by_key(|deadline| deadline.at)
    }

    /// What is told when it has passed.
    #[cold]
    pub(crate) fn exceeded(&self) -> Error {
        let text = format!("no answer within {} s ({})", self.limit.as_secs_f64(), self.by);
        Error::new(ErrorKind::DeadlineExceeded, text)
    }
}

/// What is known of the deadline of a request that is on its way.
///
/// It belongs to one task; the lock is for the compiler, and not touched without a deadline.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    is_bound: AtomicBool,
    earliest: Mutex<Option<Deadline>>,
}

impl Clock {
    /// The clock of a request whose transport says so.
    pub(crate) fn new(deadline: Option<Deadline>) -> Self {
        Self { is_bound: AtomicBool::new(deadline.is_some()), earliest: Mutex::new(deadline) }
    }

    /// Allows so long from now, where anything is said.
    pub(crate) fn allow(&self, limit: Option<Duration>, by: &'static str) {
        if let Some(limit) = limit {
            self.bound(Deadline::after(Instant::now(), limit, by));
        }
    }

    /// The earliest deadline that is known.
    pub(crate) fn deadline(&self) -> Option<Deadline> {
        if self.is_bound.load(Ordering::Relaxed) { *self.lock() } else { None }
    }

    /// Whether it is worth going on.
    ///
    /// # Errors
    /// [`ErrorKind::DeadlineExceeded`] when the deadline has passed.
    pub(crate) fn check(&self) -> Result<(), Error> {
        match self.deadline() {
            Some(deadline) if deadline.at <= Instant::now() => Err(deadline.exceeded()),
            _ => Ok(()),
        }
    }

    /// What `call` comes to, if it does in time. A timer is made when there is a deadline and `call`
    /// has to wait; a call that fails because of it is not polled again.
    ///
    /// # Errors
    /// Those of `call`, or [`ErrorKind::DeadlineExceeded`].
    pub(crate) async fn guard<T, E: From<Error>>(
        &self,
        mut call: Pin<&mut impl Future<Output = Result<T, E>>>,
    ) -> Result<T, E> {
        let mut timer: Option<(Deadline, Pin<Box<Sleep>>)> = None;
        poll_fn(|context| {
            if let Poll::Ready(answer) = call.as_mut().poll(context) {
                return Poll::Ready(answer);
            }
            let Some(deadline) = self.deadline() else { return Poll::Pending };
            if timer.as_ref().is_none_or(|(set_to, _)| *set_to != deadline) {
                timer = Some((deadline, Box::pin(tokio::time::sleep_until(deadline.at.into()))));
            }
            let Some((_, sleep)) = &mut timer else { return Poll::Pending };
            ready!(sleep.as_mut().poll(context));
            Poll::Ready(Err(deadline.exceeded().into()))
        })
        .await
    }

    fn bound(&self, deadline: Option<Deadline>) {
        let mut earliest = self.lock();
        *earliest = Deadline::earlier(*earliest, deadline);
        self.is_bound.store(earliest.is_some(), Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, Option<Deadline>> {
        // Nothing that can panic runs under the lock.
        self.earliest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready as at_once};
    use std::pin::pin;

    use super::*;

    const LONG: Duration = Duration::from_hours(1);

    #[test]
    fn the_earliest_of_all_limits_holds_whatever_their_order() {
        let limits = [(LONG, "a"), (Duration::from_secs(2), "b"), (LONG * 2, "c")];
        for first in 0..limits.len() {
            let clock = Clock::default();
            clock.allow(None, "nobody");
            assert_eq!(clock.deadline(), None);
            for step in 0..limits.len() {
                let (limit, by) = limits[(first + step) % limits.len()];
                clock.allow(Some(limit), by);
            }
            let deadline = clock.deadline().unwrap();
            assert_eq!((deadline.limit, deadline.by), (Duration::from_secs(2), "b"));
        }
    }

    #[test]
    fn a_limit_beyond_all_time_is_none() {
        assert_eq!(Deadline::after(Instant::now(), Duration::MAX, "a"), None);
        let clock = Clock::default();
        clock.allow(Some(Duration::MAX), "a");
        assert_eq!((clock.deadline(), clock.check().is_ok()), (None, true));
    }

    #[test]
    fn what_has_passed_is_refused_with_the_limit_that_it_was() {
        let clock = Clock::new(Deadline::after(Instant::now(), Duration::ZERO, "`grpc-timeout`"));
        let error = clock.check().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::DeadlineExceeded);
        assert_eq!(error.message(), "no answer within 0 s (`grpc-timeout`)");
        clock.allow(Some(LONG), "--request-timeout");
        assert!(clock.check().is_err(), "a later limit takes nothing back");
    }

    #[tokio::test]
    async fn a_call_is_guarded_by_what_turns_up_while_it_waits() {
        let clock = Clock::default();
        let late = async {
            clock.allow(Some(Duration::from_millis(1)), "parameter `timeout`");
            pending::<Result<(), Error>>().await
        };
        let error = clock.guard(pin!(late)).await.unwrap_err();
        assert_eq!(error.message(), "no answer within 0.001 s (parameter `timeout`)");
    }

    #[tokio::test]
    async fn an_answer_that_is_there_is_given_whatever_the_time() {
        let clock = Clock::new(Deadline::after(Instant::now(), Duration::ZERO, "a"));
        assert_eq!(clock.guard(pin!(at_once(Ok::<_, Error>(1)))).await.unwrap(), 1);
    }
}
