//! Arrays to the element type that a model takes.

use half::{bf16, f16};
use radiant_core::{
    DType, Element, Error, Objects, Payload, Shape, Strings, Tensor, TensorData, Value,
};

use super::array;
use crate::Limits;
use crate::json::push_f64;

/// The array for the model input `name`, which takes `dtype`. Integers become floats as numpy's
/// `astype` does; floats become integers, and integers others, where the value is the same; truth
/// values become numbers, never the other way round; `null` becomes NaN in a float; strings go into
/// BYTES, and nothing else does. A list that came as `jsonData` is an array too. Costs nothing where
/// the type is right already.
///
/// # Errors
/// [`InvalidInput`](radiant_core::ErrorKind::InvalidInput) that names the input, the element, what
/// was expected and what came.
pub fn cast(payload: Payload, dtype: DType, name: &str) -> Result<Tensor, Error> {
    let named = |error: Error| error.context(format_args!("input `{name}`"));
    let got = match payload {
        Payload::Array(tensor) if tensor.dtype() == dtype => return Ok(tensor),
        Payload::Array(tensor) => return convert(tensor, dtype).map_err(named),
        Payload::Objects(objects) => return convert_objects(&objects, dtype).map_err(named),
        Payload::Json(list @ Value::List(_)) => {
            // Its decoder has counted the elements.
            let limits = Limits { elements_max: usize::MAX, ..Limits::default() };
            return cast(array(list, &limits).map_err(named)?, dtype, name);
        }
        Payload::Json(other) => other.kind(),
        Payload::Text(_) => "text",
        Payload::Bytes(_) => "bytes",
    };
    Err(named(Error::invalid_input(format!("expected an array of {dtype}, got {got}"))))
}

/// One element on its way from one type to another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::seldon) enum Scalar {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Float(f64),
    Text,
    Other(&'static str),
}

impl Scalar {
    pub(in crate::seldon) fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(truth) => Self::Bool(*truth),
            Value::Int(integer) => Self::Int(*integer),
            Value::BigInt(digits) => digits
                .parse()
                .map(Self::Uint)
                .or_else(|_| digits.parse().map(Self::Float))
                .unwrap_or(Self::Other("a number")),
            Value::Float(float) => Self::Float(*float),
            Value::Text(_) => Self::Text,
            Value::List(_) | Value::Map(_) => Self::Other(value.kind()),
        }
    }

    /// The integer with the same value, if there is one.
    fn integer(self) -> Option<i128> {
        match self {
            Self::Bool(truth) => Some(i128::from(truth)),
            Self::Int(integer) => Some(i128::from(integer)),
            Self::Uint(integer) => Some(i128::from(integer)),
            // Saturates, so that what is out of range stays so; NaN has no integer.
            #[expect(
                clippy::cast_possible_truncation,
                reason = "integral, and saturation is meant"
            )]
            #[expect(
                clippy::float_cmp,
                reason = "only an integral value equals its own integer part"
            )]
            Self::Float(float) => (float.trunc() == float).then_some(float as i128),
            Self::Null | Self::Text | Self::Other(_) => None,
        }
    }

    /// The nearest double.
    fn float(self) -> Option<f64> {
        match self {
            Self::Null => Some(f64::NAN),
            Self::Bool(truth) => Some(f64::from(u8::from(truth))),
            Self::Int(integer) => Some(integer as f64),
            Self::Uint(integer) => Some(integer as f64),
            Self::Float(float) => Some(float),
            Self::Text | Self::Other(_) => None,
        }
    }

    fn describe(self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Bool(truth) => truth.to_string(),
            Self::Int(integer) => integer.to_string(),
            Self::Uint(integer) => integer.to_string(),
            Self::Float(float) => {
                let mut spelling = Vec::new();
                push_f64(&mut spelling, float);
                String::from_utf8_lossy(&spelling).into_owned()
            }
            Self::Text => "a string".to_owned(),
            Self::Other(kind) => kind.to_owned(),
        }
    }
}

/// An element type that numbers are cast to.
pub(in crate::seldon) trait Number: Element {
    /// The scalar in this type, if it has a place there.
    fn from_scalar(scalar: Scalar) -> Option<Self>;
}

macro_rules! integers {
    ($($integer:ty),*) => {$(
        impl Number for $integer {
            fn from_scalar(scalar: Scalar) -> Option<Self> {
                scalar.integer().and_then(|integer| Self::try_from(integer).ok())
            }
        }
    )*};
}

integers!(u8, u16, u32, u64, i8, i16, i32, i64);

impl Number for bool {
    fn from_scalar(scalar: Scalar) -> Option<Self> {
        if let Scalar::Bool(truth) = scalar { Some(truth) } else { None }
    }
}

impl Number for f64 {
    fn from_scalar(scalar: Scalar) -> Option<Self> {
        scalar.float()
    }
}

impl Number for f32 {
    #[expect(clippy::cast_possible_truncation, reason = "rounded to single precision, as numpy")]
    fn from_scalar(scalar: Scalar) -> Option<Self> {
        // Integers are rounded once, from all of their digits.
        match scalar {
            Scalar::Int(integer) => Some(integer as Self),
            Scalar::Uint(integer) => Some(integer as Self),
            other => other.float().map(|float| float as Self),
        }
    }
}

impl Number for f16 {
    fn from_scalar(scalar: Scalar) -> Option<Self> {
        scalar.float().map(Self::from_f64)
    }
}

impl Number for bf16 {
    fn from_scalar(scalar: Scalar) -> Option<Self> {
        scalar.float().map(Self::from_f64)
    }
}

fn convert(tensor: Tensor, dtype: DType) -> Result<Tensor, Error> {
    let data = convert_scalars(&mut *scalars(&tensor.data), dtype)
        .map_err(|refused| refused.into_error(&tensor.shape, dtype))?;
    Ok(Tensor { data, ..tensor })
}

fn convert_objects(objects: &Objects, dtype: DType) -> Result<Tensor, Error> {
    let data = if dtype == DType::Bytes {
        texts(&objects.values).map(TensorData::Bytes)
    } else {
        convert_scalars(&mut objects.values.iter().map(Scalar::of), dtype)
    };
    let data = data.map_err(|refused| refused.into_error(&objects.shape, dtype))?;
    Ok(Tensor { shape: objects.shape.clone(), data, ..Tensor::default() })
}

/// The element that does not fit, by its place in row-major order.
struct Refused {
    index: usize,
    got: Scalar,
}

impl Refused {
    #[cold]
    fn into_error(self, shape: &Shape, dtype: DType) -> Error {
        let place = place(self.index, shape);
        let got = self.got.describe();
        Error::invalid_input(format!("element {place}: expected {dtype}, got {got}"))
    }
}

/// The index on each axis.
fn place(mut index: usize, shape: &Shape) -> Shape {
    let mut place: Vec<usize> = Vec::with_capacity(shape.rank());
    for &extent in shape.dims().iter().rev() {
        place.push(index.checked_rem(extent).unwrap_or_default());
        index = index.checked_div(extent).unwrap_or_default();
    }
    place.reverse();
    Shape::new(&place)
}

fn convert_scalars(
    scalars: &mut dyn Iterator<Item = Scalar>,
    dtype: DType,
) -> Result<TensorData, Refused> {
    match dtype {
        DType::Bool => collect::<bool>(scalars),
        DType::U8 => collect::<u8>(scalars),
        DType::U16 => collect::<u16>(scalars),
        DType::U32 => collect::<u32>(scalars),
        DType::U64 => collect::<u64>(scalars),
        DType::I8 => collect::<i8>(scalars),
        DType::I16 => collect::<i16>(scalars),
        DType::I32 => collect::<i32>(scalars),
        DType::I64 => collect::<i64>(scalars),
        DType::F16 => collect::<f16>(scalars),
        DType::BF16 => collect::<bf16>(scalars),
        DType::F32 => collect::<f32>(scalars),
        DType::F64 => collect::<f64>(scalars),
        // An array of strings has come here as it is; of numbers, only an empty one holds no number.
        DType::Bytes => match scalars.next() {
            Some(got) => Err(Refused { index: 0, got }),
            None => Ok(TensorData::Bytes(Strings::new())),
        },
    }
}

fn collect<T: Number>(scalars: &mut dyn Iterator<Item = Scalar>) -> Result<TensorData, Refused> {
    let mut values = Vec::with_capacity(scalars.size_hint().0);
    for (index, got) in scalars.enumerate() {
        values.push(T::from_scalar(got).ok_or(Refused { index, got })?);
    }
    Ok(T::wrap(values))
}

fn texts(values: &[Value]) -> Result<Strings, Refused> {
    let mut texts = Strings::new();
    for (index, value) in values.iter().enumerate() {
        let Value::Text(text) = value else {
            return Err(Refused { index, got: Scalar::of(value) });
        };
        texts.push(text.as_bytes());
    }
    Ok(texts)
}

fn scalars(data: &TensorData) -> Box<dyn Iterator<Item = Scalar> + '_> {
    fn signed<T: Copy + Into<i64>>(values: &[T]) -> Box<dyn Iterator<Item = Scalar> + '_> {
        Box::new(values.iter().map(|&value| Scalar::Int(value.into())))
    }
    fn float<T: Copy + Into<f64>>(values: &[T]) -> Box<dyn Iterator<Item = Scalar> + '_> {
        Box::new(values.iter().map(|&value| Scalar::Float(value.into())))
    }
    match data {
        TensorData::Bool(values) => Box::new(values.iter().map(|&truth| Scalar::Bool(truth))),
        TensorData::U8(values) => signed(values),
        TensorData::U16(values) => signed(values),
        TensorData::U32(values) => signed(values),
        TensorData::U64(values) => Box::new(values.iter().map(|&value| Scalar::Uint(value))),
        TensorData::I8(values) => signed(values),
        TensorData::I16(values) => signed(values),
        TensorData::I32(values) => signed(values),
        TensorData::I64(values) => signed(values),
        TensorData::F16(values) => float(values),
        TensorData::BF16(values) => float(values),
        TensorData::F32(values) => float(values),
        TensorData::F64(values) => float(values),
        TensorData::Bytes(values) => Box::new(values.iter().map(|_| Scalar::Text)),
    }
}
