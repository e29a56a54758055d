//! The pool with real threads.

#[cfg(test)]
mod threads;
