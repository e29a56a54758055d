//! When something is tried again, and after how long.

use std::collections::hash_map::RandomState;
use std::error::Error;
use std::hash::{BuildHasher, Hasher};
use std::time::Duration;

use object_store::client::HttpError;

/// How often something is tried again that failed by chance, and how long is waited before.
///
/// The wait is a random part of a span that doubles with each failure in a row. What a store says of
/// when to come back (`Retry-After`) is not visible through `object_store`, and so not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retries {
    /// Failures in a row without headway, after which it is given up.
    pub max: u32,
    /// The longest first wait.
    pub first: Duration,
    /// The longest wait of all.
    pub longest: Duration,
}

impl Default for Retries {
    fn default() -> Self {
        Self { max: 5, first: Duration::from_millis(200), longest: Duration::from_secs(10) }
    }
}

/// A refusal is tried once more: a token may have ended between two requests, and rights may be
/// young.
const REFUSALS_MAX: u32 = 1;

/// What kind of failure something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// It may go well next time.
    Passing,
    /// The store knows us and says no.
    Refusal,
    /// It will be the same next time.
    Lasting,
}

impl Failure {
    /// Reads what a store said.
    pub(crate) fn of(error: &object_store::Error) -> Self {
        match error {
            object_store::Error::PermissionDenied { .. }
            | object_store::Error::Unauthenticated { .. } => Self::Refusal,
            object_store::Error::Generic { .. } => match status(error) {
                Some(408 | 429 | 500..=599) => Self::Passing,
                Some(401 | 403) => Self::Refusal,
                Some(_) => Self::Lasting,
                None if chain(error).any(is_of_the_wire) => Self::Passing,
                None => Self::Lasting,
            },
            _ => Self::Lasting,
        }
    }
}

/// The HTTP status that a store answered with.
///
/// `object_store` keeps it to itself for most statuses, but for its text.
pub(crate) fn status(error: &object_store::Error) -> Option<u16> {
    const BEFORE: &str = "status code: ";
    chain(error).find_map(|cause| {
        let text = cause.to_string();
        let (_, after) = text.split_once(BEFORE)?;
        after.get(..3)?.parse().ok()
    })
}

fn is_of_the_wire(cause: &(dyn Error + 'static)) -> bool {
    cause.is::<HttpError>() || cause.is::<std::io::Error>()
}

fn chain(error: &object_store::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    std::iter::from_fn(move || {
        let cause = next?;
        next = cause.source();
        Some(cause)
    })
}

/// The failures so far.
#[derive(Debug)]
pub(crate) struct Tries {
    retries: Retries,
    failures: u32,
    refusals: u32,
}

impl Tries {
    pub(crate) fn new(retries: Retries) -> Self {
        Self { retries, failures: 0, refusals: 0 }
    }

    /// Something came: what failed before does not count.
    pub(crate) fn headway(&mut self) {
        self.failures = 0;
    }

    /// Counts a failure and says how long to wait, or that this is the end.
    pub(crate) fn after(&mut self, failure: Failure) -> Option<Duration> {
        self.failures += 1;
        let again = match failure {
            Failure::Passing => self.failures <= self.retries.max,
            Failure::Refusal => {
                self.refusals += 1;
                self.refusals <= REFUSALS_MAX.min(self.retries.max)
            }
            Failure::Lasting => false,
        };
        again.then(|| self.wait().mul_f64(random()))
    }

    /// How often it was tried since there was headway.
    pub(crate) fn count(&self) -> u32 {
        self.failures
    }

    /// The longest wait now.
    fn wait(&self) -> Duration {
        let doublings = self.failures.saturating_sub(1).min(20);
        self.retries.first.saturating_mul(1 << doublings).min(self.retries.longest)
    }
}

/// A number from 0 to 1. Clients that failed together must not come back together; no more hangs on
/// it.
fn random() -> f64 {
    let bits = RandomState::new().build_hasher().finish();
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const RETRIES: Retries =
        Retries { max: 3, first: Duration::from_millis(100), longest: Duration::from_millis(250) };

    fn generic(source: impl Into<Box<dyn Error + Send + Sync>>) -> object_store::Error {
        object_store::Error::Generic { store: "test", source: source.into() }
    }

    #[test]
    fn waits_double_up_to_the_longest_and_end() {
        let mut tries = Tries::new(RETRIES);
        let longest: Vec<_> = std::iter::from_fn(|| {
            let wait = tries.after(Failure::Passing)?;
            assert!(wait <= tries.wait());
            Some(tries.wait().as_millis())
        })
        .collect();
        assert_eq!(longest, [100, 200, 250]);
        assert_eq!(tries.count(), 4);
    }

    #[test]
    fn headway_begins_anew_and_refusals_are_tried_once_more() {
        let mut tries = Tries::new(RETRIES);
        for _ in 0..10 {
            assert!(tries.after(Failure::Passing).is_some());
            tries.headway();
        }
        assert!(tries.after(Failure::Refusal).is_some());
        tries.headway();
        assert!(tries.after(Failure::Refusal).is_none());
        assert!(tries.after(Failure::Lasting).is_none());
        assert!(Tries::new(Retries { max: 0, ..RETRIES }).after(Failure::Refusal).is_none());
    }

    #[test]
    fn random_numbers_are_from_0_to_1_and_differ() {
        let drawn: Vec<f64> = (0..100).map(|_| random()).collect();
        assert!(drawn.iter().all(|number| (0.0..=1.0).contains(number)), "{drawn:?}");
        assert!(drawn.iter().any(|number| (number - drawn[0]).abs() > 1e-9));
    }

    #[test]
    fn failures_are_told_apart_by_status_and_cause() {
        let answered = |status: u16| {
            generic(format!("Server returned non-2xx status code: {status} Some Words: body"))
        };
        for (error, failure) in [
            (answered(503), Failure::Passing),
            (answered(429), Failure::Passing),
            (answered(403), Failure::Refusal),
            (answered(400), Failure::Lasting),
            (answered(416), Failure::Lasting),
            (generic(std::io::Error::other("reset")), Failure::Passing),
            (generic("what is this"), Failure::Lasting),
        ] {
            assert_eq!(Failure::of(&error), failure, "{error}");
        }
    }
}
