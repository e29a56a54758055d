//! JSON as Python's `json` module reads and writes it, under all REST codecs.
//!
//! [`Cursor`] is a pull scanner over bytes: a codec that knows its message walks it key by key,
//! sends arrays of numbers straight into typed vectors with [`Cursor::numbers`], and takes what has
//! no schema as a [`Value`](radiant_core::Value). [`encode`] and the `push_*` functions write.
//!
//! Read beyond RFC 8259, as Python does: bare `NaN`, `Infinity` and `-Infinity`; numbers beyond the
//! range of a double are infinite; integers have any size (up to Python's 4300 digits); the last of
//! two equal keys wins. Not read, as in Python: comments, trailing commas, `+1`, `01`, `1.`, `.5`,
//! control characters within strings. Unlike Python: a byte order mark and UTF-16 are refused, and a
//! lone surrogate escape becomes U+FFFD, because Rust's strings cannot hold it.

mod cursor;
mod decimal;
mod digits;
mod error;
mod number;
mod print;
mod rows;

#[cfg(target_arch = "x86_64")]
mod simd;
mod sink;
mod small;
mod text;
mod typed;
mod value;

pub use cursor::Cursor;
pub use error::SyntaxError;
pub use print::{
    push_bf16, push_bool, push_f16, push_f32, push_f64, push_i64, push_string, push_u64,
};
pub use rows::Scan;
pub use sink::Number;
pub use typed::TypedError;
pub use value::encode;

#[cfg(test)]
mod tests;
