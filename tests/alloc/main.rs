//! What may be counted rather than timed: how often the server allocates for a request.
//!
//! A test binary of its own, because it needs a global allocator of its own: one that counts what
//! all threads but the client's allocate.

#[cfg(test)]
mod counting;
#[cfg(test)]
mod per_request;
