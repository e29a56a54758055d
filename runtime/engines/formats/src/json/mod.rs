//! JSON as libraries write models in it.
//!
//! [`parse`] accepts what they write beyond the standard: `NaN`, `Infinity` and `-Infinity`. It
//! checks the form of the file, not that of each number: that is checked when one is asked for.

mod document;
mod number;
mod parse;
mod scan;
#[cfg(test)]
mod tests;

pub use document::{Document, Value};
pub(crate) use document::{Kind, NONE, Span};
pub(crate) use number::Form;
pub(crate) use parse::Builder;
pub use parse::parse;
