//! Typed, contiguous, row-major arrays.

use std::sync::Arc;

use half::{bf16, f16};

use crate::{DType, Shape, Strings};

/// A named array with its shape: what goes into and comes out of an engine.
///
/// Invariant kept by whoever builds one: `shape.n_elements() == data.len()`.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    /// The name in the model's signature; empty where the protocol knows none.
    pub name: Arc<str>,
    /// The extent of each axis.
    pub shape: Shape,
    /// The elements, row-major.
    pub data: TensorData,
}

impl Tensor {
    /// A tensor of `values` in the given shape.
    ///
    /// # Panics
    /// When the number of values is not the product of `dims`.
    pub fn new<T: Element>(name: &str, dims: &[usize], values: Vec<T>) -> Self {
        let shape = Shape::new(dims);
        assert_eq!(shape.n_elements(), Ok(values.len()), "values do not fill shape {shape}");
        Self { name: name.into(), shape, data: T::wrap(values) }
    }

    /// A tensor of strings in the given shape.
    ///
    /// # Panics
    /// When the number of strings is not the product of `dims`.
    pub fn strings(name: &str, dims: &[usize], values: Strings) -> Self {
        let shape = Shape::new(dims);
        assert_eq!(shape.n_elements(), Ok(values.len()), "values do not fill shape {shape}");
        Self { name: name.into(), shape, data: TensorData::Bytes(values) }
    }

    /// A tensor of zeros, `false` or empty strings.
    ///
    /// # Panics
    /// When the product of `dims` does not fit the address space.
    pub fn zeros(name: &str, dims: &[usize], dtype: DType) -> Self {
        let shape = Shape::new(dims);
        let Ok(n) = shape.n_elements() else { panic!("shape {shape} is too large") };
        let data = match dtype {
            DType::Bool => TensorData::Bool(vec![false; n]),
            DType::U8 => TensorData::U8(vec![0; n]),
            DType::U16 => TensorData::U16(vec![0; n]),
            DType::U32 => TensorData::U32(vec![0; n]),
            DType::U64 => TensorData::U64(vec![0; n]),
            DType::I8 => TensorData::I8(vec![0; n]),
            DType::I16 => TensorData::I16(vec![0; n]),
            DType::I32 => TensorData::I32(vec![0; n]),
            DType::I64 => TensorData::I64(vec![0; n]),
            DType::F16 => TensorData::F16(vec![f16::ZERO; n]),
            DType::BF16 => TensorData::BF16(vec![bf16::ZERO; n]),
            DType::F32 => TensorData::F32(vec![0.0; n]),
            DType::F64 => TensorData::F64(vec![0.0; n]),
            DType::Bytes => TensorData::Bytes(std::iter::repeat_n("", n).collect()),
        };
        Self { name: name.into(), shape, data }
    }

    /// The element type.
    pub fn dtype(&self) -> DType {
        self.data.dtype()
    }

    /// The elements as a slice, if they are of type `T`.
    pub fn as_slice<T: Element>(&self) -> Option<&[T]> {
        T::slice(&self.data)
    }
}

impl Default for Tensor {
    /// An empty, unnamed vector of FP32: a buffer to write into.
    fn default() -> Self {
        Self { name: Arc::from(""), shape: Shape::from([0]), data: TensorData::F32(Vec::new()) }
    }
}

/// The elements of a tensor.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "each variant is the `DType` of the same name")]
pub enum TensorData {
    Bool(Vec<bool>),
    U8(Vec<u8>),
    U16(Vec<u16>),
    U32(Vec<u32>),
    U64(Vec<u64>),
    I8(Vec<i8>),
    I16(Vec<i16>),
    I32(Vec<i32>),
    I64(Vec<i64>),
    F16(Vec<f16>),
    BF16(Vec<bf16>),
    F32(Vec<f32>),
    F64(Vec<f64>),
    Bytes(Strings),
}

impl TensorData {
    /// The element type.
    pub fn dtype(&self) -> DType {
        match self {
            Self::Bool(_) => DType::Bool,
            Self::U8(_) => DType::U8,
            Self::U16(_) => DType::U16,
            Self::U32(_) => DType::U32,
            Self::U64(_) => DType::U64,
            Self::I8(_) => DType::I8,
            Self::I16(_) => DType::I16,
            Self::I32(_) => DType::I32,
            Self::I64(_) => DType::I64,
            Self::F16(_) => DType::F16,
            Self::BF16(_) => DType::BF16,
            Self::F32(_) => DType::F32,
            Self::F64(_) => DType::F64,
            Self::Bytes(_) => DType::Bytes,
        }
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        match self {
            Self::Bool(v) => v.len(),
            Self::U8(v) => v.len(),
            Self::U16(v) => v.len(),
            Self::U32(v) => v.len(),
            Self::U64(v) => v.len(),
            Self::I8(v) => v.len(),
            Self::I16(v) => v.len(),
            Self::I32(v) => v.len(),
            Self::I64(v) => v.len(),
            Self::F16(v) => v.len(),
            Self::BF16(v) => v.len(),
            Self::F32(v) => v.len(),
            Self::F64(v) => v.len(),
            Self::Bytes(v) => v.len(),
        }
    }

    /// Whether there is no element.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// An empty vector of `T` in place of what is there; when that is of type `T` already, its
    /// allocation is kept.
    pub fn reset<T: Element>(&mut self) -> &mut Vec<T> {
        if T::vec(self).is_none() {
            *self = T::wrap(Vec::new());
        }
        match T::vec(self) {
            Some(values) => {
                values.clear();
                values
            }
            None => unreachable!("the variant was just set"),
        }
    }

    /// An empty column of strings in place of what is there, keeping a column's allocation.
    pub fn reset_strings(&mut self) -> &mut Strings {
        if !matches!(self, Self::Bytes(_)) {
            *self = Self::Bytes(Strings::new());
        }
        match self {
            Self::Bytes(strings) => {
                strings.clear();
                strings
            }
            _ => unreachable!("the variant was just set"),
        }
    }
}

/// A Rust type that is the element type of one [`TensorData`] variant.
pub trait Element: Copy + Send + Sync + 'static {
    /// The element type.
    const DTYPE: DType;
    /// The elements, if they are of this type.
    fn slice(data: &TensorData) -> Option<&[Self]>;
    /// The growable elements, if they are of this type.
    fn vec(data: &mut TensorData) -> Option<&mut Vec<Self>>;
    /// Elements of this type as tensor data.
    fn wrap(values: Vec<Self>) -> TensorData;
}

macro_rules! element {
    ($($rust:ty => $variant:ident),* $(,)?) => {$(
        impl Element for $rust {
            const DTYPE: DType = DType::$variant;
            #[inline]
            fn slice(data: &TensorData) -> Option<&[Self]> {
                match data { TensorData::$variant(values) => Some(values), _ => None }
            }
            #[inline]
            fn vec(data: &mut TensorData) -> Option<&mut Vec<Self>> {
                match data { TensorData::$variant(values) => Some(values), _ => None }
            }
            #[inline]
            fn wrap(values: Vec<Self>) -> TensorData {
                TensorData::$variant(values)
            }
        }
    )*};
}

element! {
    bool => Bool, u8 => U8, u16 => U16, u32 => U32, u64 => U64, i8 => I8, i16 => I16, i32 => I32,
    i64 => I64, f16 => F16, bf16 => BF16, f32 => F32, f64 => F64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reset_keeps_the_allocation_of_the_same_type() {
        let mut data = TensorData::F32(Vec::with_capacity(64));
        data.reset::<f32>().push(1.0);
        assert_eq!(data.reset::<f32>().capacity(), 64);
        assert_eq!(data.reset::<i64>().capacity(), 0);
        assert_eq!(data.dtype(), DType::I64);
    }

    #[test]
    #[should_panic(expected = "values do not fill shape [2, 2]")]
    fn a_tensor_is_as_large_as_its_shape() {
        drop(Tensor::new("x", &[2, 2], vec![1.0_f32]));
    }
}
