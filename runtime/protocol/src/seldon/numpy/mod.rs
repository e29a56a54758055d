//! Arrays as numpy would make them: which type a nested list has, and what goes into a model.
//!
//! [`array()`] follows `numpy.array(list)` of numpy 1.26, under which Seldon Core's wrapper runs;
//! [`cast`] follows `ndarray.astype` where no information is lost but digits, and refuses where
//! numpy would wrap around or guess.

mod array;
mod cast;
mod column;

pub use array::array;
pub(crate) use array::text;
pub(super) use array::widen_mixed;
pub use cast::cast;
pub(super) use cast::{Number, Scalar};
pub use column::{column, columns, table};

#[cfg(test)]
mod tests;
