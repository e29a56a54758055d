//! The bytes of requests: what has come of them, and what it unpacks to.
//!
//! They are held from before they are read until the answer is there. A small body that arrives at
//! once is bounded by the permits and costs nothing here; whatever is waited for holds its length.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use radiant_core::{Error, ErrorKind};

use super::Permits;
use super::refusals::Budget;

/// Up to here a body that need not be waited for is free, and one that must be holds so much.
pub(crate) const SMALL_BYTES: usize = 16 << 10;

/// A part of the bytes that requests may hold together, given back when it is dropped.
#[derive(Debug, Default)]
pub(crate) struct Held(Option<(Arc<Permits>, usize)>);

impl Held {
    /// Holds so many bytes as a body is announced to have, before any of it is read. What is small is
    /// not held.
    ///
    /// # Errors
    /// [`ErrorKind::Overloaded`] when all permits are taken, or as [`grow_to`](Self::grow_to).
    pub(crate) fn announce(&mut self, permits: &Arc<Permits>, n_bytes: usize) -> Result<(), Error> {
        if n_bytes <= SMALL_BYTES {
            return Ok(());
        }
        permits.check()?;
        self.grow_to(permits, n_bytes)
    }

    /// Holds so many bytes in all, if it does not yet.
    ///
    /// # Errors
    /// [`ErrorKind::Overloaded`] when they do not fit beside those of other requests,
    /// [`ErrorKind::TooLarge`] when they never will.
    pub(crate) fn grow_to(&mut self, permits: &Arc<Permits>, n_bytes: usize) -> Result<(), Error> {
        let held = self.n_bytes();
        let Some(more) = n_bytes.checked_sub(held).filter(|more| *more > 0) else { return Ok(()) };
        let max = permits.limits.bytes_max;
        if n_bytes > max {
            return Err(never_fits(n_bytes, max));
        }
        let before = permits.bytes.fetch_add(more, Ordering::Relaxed);
        if before.saturating_add(more) > max {
            permits.bytes.fetch_sub(more, Ordering::Relaxed);
            let text = format!(
                "{more} bytes do not fit beside the {before} of requests in flight: all may hold \
                 {max} (--bytes-max); try again, or add replicas"
            );
            return Err(permits.refusals.refuse(Budget::Bytes, text));
        }
        match &mut self.0 {
            Some((_, held)) => *held = n_bytes,
            none => *none = Some((Arc::clone(permits), n_bytes)),
        }
        Ok(())
    }

    fn n_bytes(&self) -> usize {
        self.0.as_ref().map_or(0, |(_, held)| *held)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some((permits, held)) = &self.0 {
            permits.bytes.fetch_sub(*held, Ordering::Relaxed);
        }
    }
}

/// Bytes of a request, with what they hold.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    pub(crate) bytes: Bytes,
    pub(crate) held: Held,
}

impl Taken {
    /// What `unpack` gives; it asks for the room that it needs before it takes it.
    ///
    /// # Errors
    /// As [`Held::grow_to`], or what `unpack` says.
    pub(crate) fn unpacked(
        permits: &Arc<Permits>,
        unpack: impl FnOnce(&mut dyn FnMut(usize) -> Result<(), Error>) -> Result<Vec<u8>, Error>,
    ) -> Result<Self, Error> {
        let mut held = Held::default();
        let bytes = unpack(&mut |n_bytes| held.grow_to(permits, n_bytes))?;
        Ok(Self { bytes: bytes.into(), held })
    }
}

impl Deref for Taken {
    type Target = Bytes;

    fn deref(&self) -> &Bytes {
        &self.bytes
    }
}

#[cold]
fn never_fits(n_bytes: usize, max: usize) -> Error {
    let text = format!(
        "a request of {n_bytes} bytes is larger than the limit of {max} bytes for all requests \
         together (--bytes-max), which is below its own (--body-bytes-max, \
         --grpc-message-bytes-max)"
    );
    Error::new(ErrorKind::TooLarge, text)
}

#[cfg(test)]
mod tests {
    use super::super::permit::UNLIMITED;
    use super::*;
    use crate::config::Admission;
    use crate::observe::Registry;

    fn permits(bytes_max: usize) -> Arc<Permits> {
        let limits = Admission { bytes_max, requests_max: 1, ..UNLIMITED };
        Permits::new(limits, &Arc::new(Registry::new()))
    }

    fn in_all(permits: &Permits) -> usize {
        permits.bytes.load(Ordering::Relaxed)
    }

    #[test]
    fn what_is_held_grows_and_is_given_back() {
        let permits = permits(100_000);
        let (mut one, mut other) = (Held::default(), Held::default());
        one.announce(&permits, SMALL_BYTES).unwrap();
        assert_eq!(in_all(&permits), 0, "small bodies are free");
        one.announce(&permits, 40_000).unwrap();
        one.grow_to(&permits, 30_000).unwrap();
        assert_eq!(in_all(&permits), 40_000, "less is held already");
        one.grow_to(&permits, 60_000).unwrap();
        let error = other.grow_to(&permits, 50_000).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Overloaded);
        let text = "50000 bytes do not fit beside the 60000 of requests in flight: all may hold \
                    100000 (--bytes-max); try again, or add replicas";
        assert_eq!(error.message(), text);
        assert_eq!(in_all(&permits), 60_000, "who is refused holds nothing");
        drop(one);
        other.grow_to(&permits, 100_000).unwrap();
        drop(other);
        assert_eq!(in_all(&permits), 0);
    }

    #[test]
    fn what_never_fits_is_too_large() {
        let permits = permits(20_000);
        let error = Held::default().announce(&permits, 20_001).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge);
        assert!(error.message().contains("--bytes-max") && error.message().contains("--body-"));
        assert_eq!(in_all(&permits), 0);
    }

    #[test]
    fn a_large_body_is_not_begun_without_a_permit() {
        let permits = permits(100_000);
        let share = permits.share("m", "1");
        let permit = permits.take(&share, 1).unwrap();
        let error = Held::default().announce(&permits, 50_000).unwrap_err();
        assert!(error.message().contains("--requests-max"), "{}", error.message());
        drop(permit);
        assert!(Held::default().announce(&permits, 50_000).is_ok());
    }
}
