//! `InferTensorContents`: one list of elements for each family of types.
//!
//! The message may come in pieces, and lists of numbers packed or not, as every protobuf parser
//! takes them. FP16 and BF16 have no list.

use radiant_core::{DType, Element, Error, TensorData};

use super::field;
use crate::oip::raw;
use crate::wire::{Content, Fields, malformed};

/// The lists, by their field numbers from 1.
const FIELDS: [&str; 8] = [
    "bool_contents",
    "int_contents",
    "int64_contents",
    "uint_contents",
    "uint64_contents",
    "fp32_contents",
    "fp64_contents",
    "bytes_contents",
];

/// The list of byte strings, in which nothing is packed.
pub(super) const BYTES_CONTENTS: u32 = 8;

/// The number of the list that holds elements of this type.
pub(super) const fn field_of(dtype: DType) -> Option<u32> {
    match dtype {
        DType::Bool => Some(1),
        DType::I8 | DType::I16 | DType::I32 => Some(2),
        DType::I64 => Some(3),
        DType::U8 | DType::U16 | DType::U32 => Some(4),
        DType::U64 => Some(5),
        DType::F32 => Some(6),
        DType::F64 => Some(7),
        DType::Bytes => Some(BYTES_CONTENTS),
        DType::F16 | DType::BF16 => None,
    }
}

fn name_of(number: u32) -> &'static str {
    let index = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
    index.and_then(|index| FIELDS.get(index)).copied().unwrap_or_default()
}

/// The list that has elements; `None` where none has.
///
/// # Errors
/// The message is not protobuf, or several lists have elements.
pub(super) fn filled(body: &[u8]) -> Result<Option<u32>, Error> {
    let mut filled = None;
    each(body, |number, content| {
        let is_empty = content == Content::Bytes(&[]) && number != BYTES_CONTENTS;
        if number > BYTES_CONTENTS || is_empty || filled == Some(number) {
            return Ok(());
        }
        match filled.replace(number) {
            None => Ok(()),
            Some(first) => Err(Error::invalid_input(format!(
                "expected elements in one field of `contents`, got `{}` and `{}`",
                name_of(first),
                name_of(number)
            ))),
        }
    })?;
    Ok(filled)
}

/// Reads `n_elements` elements from the list `filled` into `data`, whose memory is used again.
///
/// # Errors
/// The list is not that of `dtype` or has another number of elements, or one is out of the range of
/// `dtype`.
pub(super) fn read(
    body: &[u8],
    filled: Option<u32>,
    dtype: DType,
    n_elements: usize,
    data: &mut TensorData,
) -> Result<(), Error> {
    let expected = field_of(dtype);
    if filled.is_some() && filled != expected {
        return Err(wrong_field(dtype, expected, filled.unwrap_or(0)));
    }
    let n_read = match dtype {
        DType::Bool => varints(body, n_elements, data.reset(), |value| Some(value != 0))?,
        DType::I8 => varints(body, n_elements, data.reset(), |v| i8::try_from(low_i32(v)).ok())?,
        DType::I16 => varints(body, n_elements, data.reset(), |v| i16::try_from(low_i32(v)).ok())?,
        DType::I32 => varints(body, n_elements, data.reset(), |v| Some(low_i32(v)))?,
        DType::I64 => varints(body, n_elements, data.reset(), |v| Some(v.cast_signed()))?,
        DType::U8 => varints(body, n_elements, data.reset(), |v| u8::try_from(low_u32(v)).ok())?,
        DType::U16 => varints(body, n_elements, data.reset(), |v| u16::try_from(low_u32(v)).ok())?,
        DType::U32 => varints(body, n_elements, data.reset(), |v| Some(low_u32(v)))?,
        DType::U64 => varints(body, n_elements, data.reset(), Some)?,
        DType::F32 => floats(body, n_elements, data.reset(), f32::from_le_bytes)?,
        DType::F64 => floats(body, n_elements, data.reset(), f64::from_le_bytes)?,
        DType::Bytes => strings(body, n_elements, data)?,
        DType::F16 => nothing::<half::f16>(data),
        DType::BF16 => nothing::<half::bf16>(data),
    };
    if n_read == n_elements {
        return Ok(());
    }
    let place = match expected {
        Some(number) => format!("`{}` or `raw_input_contents`", name_of(number)),
        None => "`raw_input_contents`, the only place for them".to_owned(),
    };
    Err(Error::invalid_input(format!(
        "expected {} of {dtype} in {place}, got {n_read}",
        raw::elements(n_elements)
    )))
}

#[cold]
fn wrong_field(dtype: DType, expected: Option<u32>, got: u32) -> Error {
    let got = name_of(got);
    Error::invalid_input(match expected {
        Some(number) => {
            format!("expected the elements of {dtype} in `{}`, got `{got}`", name_of(number))
        }
        None => format!("{dtype} has no typed form: expected `raw_input_contents`, got `{got}`"),
    })
}

/// Gives `take` every field of `contents`, whose parts may stand at several places in the tensor.
fn each<'a>(
    body: &'a [u8],
    mut take: impl FnMut(u32, Content<'a>) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut fields = Fields::new(body);
    while let Some((number, content)) = fields.next()? {
        if number == field::CONTENTS {
            let mut contents = Fields::new(content.bytes()?);
            while let Some((number, content)) = contents.next()? {
                take(number, content)?;
            }
        }
    }
    Ok(())
}

/// Reads integers and returns how many there are; no more than `n_elements` of them are kept.
fn varints<T: Element>(
    body: &[u8],
    n_elements: usize,
    values: &mut Vec<T>,
    convert: impl Fn(u64) -> Option<T>,
) -> Result<usize, Error> {
    let wanted = field_of(T::DTYPE);
    let mut n_read = 0_usize;
    each(body, |number, content| {
        if Some(number) != wanted {
            return Ok(());
        }
        // Each takes a byte at least, so that memory is bounded by what was sent.
        if let Content::Bytes(packed) = content {
            values.reserve(packed.len().min(n_elements.saturating_sub(n_read)));
        }
        content.varints(|varint| {
            let value = convert(varint).ok_or_else(|| out_of_range(T::DTYPE, varint, n_read))?;
            if n_read < n_elements {
                values.push(value);
            }
            n_read = n_read.saturating_add(1);
            Ok(())
        })
    })?;
    Ok(n_read)
}

/// An `int32` or `uint32` is the lower half of its varint.
fn low_u32(varint: u64) -> u32 {
    let [a, b, c, d, ..] = varint.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

fn low_i32(varint: u64) -> i32 {
    low_u32(varint).cast_signed()
}

#[cold]
fn out_of_range(dtype: DType, varint: u64, index: usize) -> Error {
    let (range, got) = match dtype {
        DType::I8 => ("-128 to 127", i64::from(low_i32(varint))),
        DType::I16 => ("-32768 to 32767", i64::from(low_i32(varint))),
        DType::U8 => ("0 to 255", i64::from(low_u32(varint))),
        _ => ("0 to 65535", i64::from(low_u32(varint))),
    };
    Error::invalid_input(format!("expected {dtype} from {range}, got {got} at element {index}"))
}

/// Reads floating point numbers and returns how many there are; they are kept where they are not too
/// many.
fn floats<T: Element, const N: usize>(
    body: &[u8],
    n_elements: usize,
    values: &mut Vec<T>,
    word: impl Fn([u8; N]) -> T,
) -> Result<usize, Error> {
    let wanted = field_of(T::DTYPE);
    let mut n_read = 0_usize;
    each(body, |number, content| {
        if Some(number) != wanted {
            return Ok(());
        }
        let bytes = match &content {
            Content::Bytes(packed) => packed,
            Content::Fixed32(one) => one.as_slice(),
            Content::Fixed64(one) => one.as_slice(),
            Content::Varint(_) => &[0],
        };
        let is_whole = match content {
            Content::Bytes(packed) => packed.as_chunks::<N>().1.is_empty(),
            _ => bytes.len() == N,
        };
        if !is_whole {
            return Err(malformed("expected a field of floating point numbers"));
        }
        n_read = n_read.saturating_add(bytes.as_chunks::<N>().0.len());
        if n_read <= n_elements {
            raw::extend_words(values, bytes, &word);
        }
        Ok(())
    })?;
    Ok(n_read)
}

/// Reads byte strings and returns how many there are; no more than `n_elements` of them are kept.
fn strings(body: &[u8], n_elements: usize, data: &mut TensorData) -> Result<usize, Error> {
    let strings = data.reset_strings();
    let mut n_read = 0_usize;
    each(body, |number, content| {
        if number == BYTES_CONTENTS {
            let string = content.bytes()?;
            if n_read < n_elements {
                strings.push(string);
            }
            n_read = n_read.saturating_add(1);
        }
        Ok(())
    })?;
    Ok(n_read)
}

fn nothing<T: Element>(data: &mut TensorData) -> usize {
    data.reset::<T>().len()
}
