//! numpy's arrays and types, as pickles, joblib and `.npy` files write them.

mod array;
mod dtype;
mod layout;
mod npy;
mod pickled;

pub use array::Array;
pub use dtype::{DType, Field, Kind};
pub(crate) use layout::{Elements, Layout};
pub(crate) use npy::read_npy;
pub(crate) use pickled::{array_of, bytes_of, dtype_of, shape_of};
