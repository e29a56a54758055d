//! Nothing lost: a hundred thousand requests and more on real sockets while the server ends, models are
//! swapped, fail and are slow, and clients vanish. Each request is answered once with its
//! own answer, or refused with a documented status.
//!
//! A test binary of its own, because it keeps all processors busy for as long as it runs.

#[cfg(test)]
#[expect(dead_code, reason = "other tests use the rest")]
#[path = "../support/mod.rs"]
mod support;

#[cfg(test)]
#[path = "../load/mod.rs"]
mod load;

#[cfg(test)]
mod company;
#[cfg(test)]
mod ending;
#[cfg(test)]
mod failing;
mod memory;
#[cfg(test)]
mod overload;
#[cfg(test)]
mod sheltered;
#[cfg(test)]
mod swapping;
#[cfg(test)]
mod vanishing;
