//! Models as plain data, checked once when they are made.
//!
//! A model knows nothing of the file it came from and cannot be run: a kernel is built from it.

pub(crate) mod forest;
