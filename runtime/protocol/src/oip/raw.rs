//! Tensors as bytes: the raw form of gRPC and of the binary tensor extension.
//!
//! Elements stand row-major and little-endian without padding; BOOL is one byte, 0 or 1; BYTES are
//! elements of a little-endian `u32` length and as many bytes. Nothing here knows names or shapes:
//! callers add them to errors. A tensor takes what its bytes are worth: their number is checked
//! before anything is allocated, and a column of BYTES takes at most three times as much memory.
//!
//! Source: Triton's binary tensor data extension, "Tensor data types" of the protocol.

use half::{bf16, f16};
use radiant_core::{DType, Element, Error, Strings, TensorData};

use crate::Limits;

/// Bytes of the length in front of an element of BYTES.
const PREFIX: usize = 4;

/// Reads `n_elements` elements of type `dtype` into `data`, whose allocation is used again.
///
/// # Errors
/// There are more or fewer bytes than that many elements have, more elements than the limit, or a
/// BOOL that is neither 0 nor 1. `data` is of no use then.
///
/// # Cost
/// One copy, at the speed of memory for numbers; allocates only where `data` is too small.
pub fn read(
    bytes: &[u8],
    dtype: DType,
    n_elements: usize,
    limits: &Limits,
    data: &mut TensorData,
) -> Result<(), Error> {
    if n_elements > limits.elements_max {
        let elements_max = limits.elements_max;
        return Err(Error::invalid_input(format!(
            "expected at most {elements_max} elements, got {n_elements}"
        )));
    }
    let n_expected = dtype.size().and_then(|size| size.checked_mul(n_elements));
    if dtype != DType::Bytes && n_expected != Some(bytes.len()) {
        return Err(wrong_size(bytes.len(), dtype, n_elements));
    }
    match dtype {
        DType::Bool => read_bools(bytes, data.reset())?,
        DType::U8 => data.reset::<u8>().extend_from_slice(bytes),
        DType::U16 => words(bytes, data, u16::from_le_bytes),
        DType::U32 => words(bytes, data, u32::from_le_bytes),
        DType::U64 => words(bytes, data, u64::from_le_bytes),
        DType::I8 => words(bytes, data, i8::from_le_bytes),
        DType::I16 => words(bytes, data, i16::from_le_bytes),
        DType::I32 => words(bytes, data, i32::from_le_bytes),
        DType::I64 => words(bytes, data, i64::from_le_bytes),
        DType::F16 => words(bytes, data, f16::from_le_bytes),
        DType::BF16 => words(bytes, data, bf16::from_le_bytes),
        DType::F32 => words(bytes, data, f32::from_le_bytes),
        DType::F64 => words(bytes, data, f64::from_le_bytes),
        DType::Bytes => read_strings(bytes, n_elements, data.reset_strings())?,
    }
    Ok(())
}

/// Puts the numbers in `bytes`, a multiple of their size, in place of what `data` holds.
// The length of the chunks is known and none is left over: the loop becomes one `memcpy`.
fn words<T: Element, const N: usize>(
    bytes: &[u8],
    data: &mut TensorData,
    word: impl Fn([u8; N]) -> T,
) {
    extend_words(data.reset(), bytes, word);
}

/// Appends the little-endian numbers in `bytes`; a rest that is no whole number is left out.
#[inline]
pub(super) fn extend_words<T, const N: usize>(
    values: &mut Vec<T>,
    bytes: &[u8],
    word: impl Fn([u8; N]) -> T,
) {
    values.extend(bytes.as_chunks::<N>().0.iter().map(|&bytes| word(bytes)));
}

fn read_bools(bytes: &[u8], values: &mut Vec<bool>) -> Result<(), Error> {
    // Without a way out of the loop it runs on whole vectors; the place is looked for afterwards.
    if bytes.iter().fold(0, |union, byte| union | byte) > 1 {
        let index = bytes.iter().position(|&byte| byte > 1).unwrap_or(0);
        let byte = bytes.get(index).copied().unwrap_or(0);
        return Err(Error::invalid_input(format!(
            "expected 0 or 1 for each BOOL, got {byte} at element {index}"
        )));
    }
    values.extend(bytes.iter().map(|&byte| byte != 0));
    Ok(())
}

fn read_strings(bytes: &[u8], n_elements: usize, strings: &mut Strings) -> Result<(), Error> {
    let mut rest = bytes;
    for index in 0..n_elements {
        let string = rest.split_first_chunk::<PREFIX>().and_then(|(prefix, after)| {
            let length = usize::try_from(u32::from_le_bytes(*prefix)).ok()?;
            after.split_at_checked(length)
        });
        let Some((string, after)) = string else {
            let n_bytes = bytes.len();
            let elements = elements(n_elements);
            return Err(Error::invalid_input(format!(
                "expected {elements} of length-prefixed BYTES, got {n_bytes} bytes that break off \
                 in element {index}"
            )));
        };
        strings.push(string);
        rest = after;
    }
    if !rest.is_empty() {
        let (elements, n_bytes, n_behind) = (elements(n_elements), bytes.len(), rest.len());
        return Err(Error::invalid_input(format!(
            "expected {elements} of length-prefixed BYTES, got {n_bytes} bytes, {n_behind} of them \
             behind the last element"
        )));
    }
    Ok(())
}

#[cold]
fn wrong_size(n_bytes: usize, dtype: DType, n_elements: usize) -> Error {
    let size = dtype.size().unwrap_or(0);
    let (n_expected, elements) = (n_elements.saturating_mul(size), elements(n_elements));
    Error::invalid_input(format!(
        "expected {n_expected} bytes for {elements} of {dtype}, got {n_bytes}"
    ))
}

/// A number of elements in words.
#[cold]
pub(super) fn elements(n: usize) -> String {
    format!("{n} element{}", if n == 1 { "" } else { "s" })
}

/// The number of bytes that [`push`] appends.
pub fn n_bytes(data: &TensorData) -> usize {
    match data {
        // A column of BYTES is in memory: that many bytes cannot overflow, nor can the lengths of
        // elements that have a place each.
        TensorData::Bytes(strings) => {
            strings.len().saturating_mul(PREFIX).saturating_add(strings.n_bytes())
        }
        numbers => numbers.len().saturating_mul(numbers.dtype().size().unwrap_or(0)),
    }
}

/// Appends the elements. One of BYTES is cut where its length no longer fits a `u32`.
///
/// # Cost
/// One copy; allocates only where `out` has no room for [`n_bytes`].
pub fn push(out: &mut Vec<u8>, data: &TensorData) {
    out.reserve(n_bytes(data));
    match data {
        TensorData::Bool(values) => out.extend(values.iter().map(|&value| u8::from(value))),
        TensorData::U8(values) => out.extend_from_slice(values),
        TensorData::U16(values) => push_words(out, values, u16::to_le_bytes),
        TensorData::U32(values) => push_words(out, values, u32::to_le_bytes),
        TensorData::U64(values) => push_words(out, values, u64::to_le_bytes),
        TensorData::I8(values) => push_words(out, values, i8::to_le_bytes),
        TensorData::I16(values) => push_words(out, values, i16::to_le_bytes),
        TensorData::I32(values) => push_words(out, values, i32::to_le_bytes),
        TensorData::I64(values) => push_words(out, values, i64::to_le_bytes),
        TensorData::F16(values) => push_words(out, values, f16::to_le_bytes),
        TensorData::BF16(values) => push_words(out, values, bf16::to_le_bytes),
        TensorData::F32(values) => push_words(out, values, f32::to_le_bytes),
        TensorData::F64(values) => push_words(out, values, f64::to_le_bytes),
        TensorData::Bytes(strings) => {
            for string in strings.iter() {
                let length = u32::try_from(string.len()).unwrap_or(u32::MAX);
                out.extend_from_slice(&length.to_le_bytes());
                out.extend_from_slice(string.get(..length as usize).unwrap_or(string));
            }
        }
    }
}

// An iterator of arrays tells its length: on little-endian machines this becomes one `memcpy`.
fn push_words<T: Copy, const N: usize>(
    out: &mut Vec<u8>,
    values: &[T],
    word: impl Fn(T) -> [u8; N],
) {
    out.extend(values.iter().flat_map(|&value| word(value)));
}

#[cfg(test)]
mod tests {
    use radiant_core::Tensor;

    use super::*;

    fn read_new(bytes: &[u8], dtype: DType, n: usize) -> Result<TensorData, String> {
        let mut data = TensorData::F32(Vec::new());
        let result = read(bytes, dtype, n, &Limits::default(), &mut data);
        result.map(|()| data).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_pushed_is_read() {
        let check = |data: TensorData| {
            let mut bytes = Vec::new();
            push(&mut bytes, &data);
            assert_eq!(bytes.len(), n_bytes(&data), "{data:?}");
            assert_eq!(read_new(&bytes, data.dtype(), data.len()), Ok(data));
        };
        check(TensorData::Bool(vec![true, false]));
        check(TensorData::U8(vec![0, 255]));
        check(TensorData::U16(vec![0, 65_535]));
        check(TensorData::U32(vec![0, u32::MAX]));
        check(TensorData::U64(vec![0, u64::MAX]));
        check(TensorData::I8(vec![-128, 127]));
        check(TensorData::I16(vec![-32_768, 32_767]));
        check(TensorData::I32(vec![i32::MIN, i32::MAX]));
        check(TensorData::I64(vec![i64::MIN, i64::MAX]));
        check(TensorData::F16(vec![f16::from_f32(0.5), f16::INFINITY]));
        check(TensorData::BF16(vec![bf16::from_f32(1.0), bf16::NEG_INFINITY]));
        check(TensorData::F32(vec![0.1, -0.0]));
        check(TensorData::F64(vec![0.1, f64::INFINITY]));
        check(TensorData::Bytes(["h\u{e9}llo", "", "\u{65e5}\u{672c}"].into_iter().collect()));
        for dtype in DType::ALL {
            check(Tensor::zeros("", &[0], dtype).data);
        }
    }

    #[test]
    fn the_bytes_are_those_of_other_servers() {
        let check = |data: TensorData, expected: &[u8]| {
            let mut bytes = Vec::new();
            push(&mut bytes, &data);
            assert_eq!(bytes, expected, "{data:?}");
        };
        check(TensorData::I16(vec![-32_768, 32_767]), b"\x00\x80\xff\x7f");
        check(TensorData::F16(vec![f16::from_f32(0.5), f16::from_f32(1.5)]), b"\x00\x38\x00\x3e");
        check(
            TensorData::BF16(vec![bf16::from_f32(1.0), bf16::from_f32(2.0)]),
            b"\x80\x3f\x00\x40",
        );
        check(
            TensorData::Bytes(["h\u{e9}llo", "a"].into_iter().collect()),
            b"\x06\0\0\0h\xc3\xa9llo\x01\0\0\0a",
        );
    }

    #[test]
    fn a_tensor_of_the_same_type_is_read_into_the_memory_it_has() {
        let mut data = TensorData::F32(Vec::with_capacity(64));
        read(&[0; 16], DType::F32, 4, &Limits::default(), &mut data).expect("four zeros");
        assert!(matches!(&data, TensorData::F32(values) if values.capacity() == 64));
    }

    #[test]
    fn bytes_that_do_not_fit_are_refused_with_what_was_expected() {
        let check = |bytes: &[u8], dtype, n, expected: &str| {
            assert_eq!(read_new(bytes, dtype, n), Err(expected.to_owned()));
        };
        check(&[0; 15], DType::F32, 4, "expected 16 bytes for 4 elements of FP32, got 15");
        check(&[0; 17], DType::F32, 4, "expected 16 bytes for 4 elements of FP32, got 17");
        check(&[], DType::I64, 1, "expected 8 bytes for 1 element of INT64, got 0");
        check(&[0; 8], DType::U8, 0, "expected 0 bytes for 0 elements of UINT8, got 8");
        check(&[0, 1, 2], DType::Bool, 3, "expected 0 or 1 for each BOOL, got 2 at element 2");
        let too_many = (1 << 24) + 1;
        check(&[], DType::F64, too_many, "expected at most 16777216 elements, got 16777217");
        let broken = "expected 2 elements of length-prefixed BYTES, got ";
        let check_broken = |bytes: &[u8], rest: &str| {
            check(bytes, DType::Bytes, 2, &format!("{broken}{rest}"));
        };
        check_broken(b"", "0 bytes that break off in element 0");
        check_broken(b"\x01\0\0\0a", "5 bytes that break off in element 1");
        check_broken(b"\x01\0\0\0a\x02\0\0\0b", "10 bytes that break off in element 1");
        check_broken(b"\xff\xff\xff\xffa", "5 bytes that break off in element 0");
        let behind = "expected 1 element of length-prefixed BYTES, got 6 bytes, 1 of them behind \
                      the last element";
        check(b"\x01\0\0\0ab", DType::Bytes, 1, behind);
    }
}
