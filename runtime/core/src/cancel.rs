//! Whether anybody still waits for an answer.

use std::fmt;
use std::sync::Arc;

use crate::{Error, ErrorKind};

/// Told to an engine with each run, and asked by it between batches: a run whose answer nobody
/// wants any more ends there.
#[derive(Clone, Default)]
pub struct Cancel(Option<Arc<dyn Fn() -> bool + Send + Sync>>);

impl Cancel {
    /// A run that is never cancelled. Does not allocate.
    pub const fn never() -> Self {
        Self(None)
    }

    /// A run that is cancelled when `is_cancelled` says so. It is asked from the engine's thread
    /// and must be quick.
    pub fn when(is_cancelled: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(is_cancelled)))
    }

    /// Ends a run that is cancelled.
    ///
    /// # Errors
    /// [`ErrorKind::DeadlineExceeded`] when it is.
    #[inline]
    pub fn check(&self) -> Result<(), Error> {
        match &self.0 {
            Some(is_cancelled) if is_cancelled() => Err(cancelled()),
            _ => Ok(()),
        }
    }
}

#[cold]
fn cancelled() -> Error {
    Error::new(
        ErrorKind::DeadlineExceeded,
        "cancelled between batches: nobody waits for the answer",
    )
}

impl fmt::Debug for Cancel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Cancel::when(..)" } else { "Cancel::never()" })
    }
}
