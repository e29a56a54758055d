//! Elements in `tensor_content` and in the lists of a `TensorProto`.

use half::{bf16, f16};
use radiant_core::{Element, Error};

use super::dtype::DataType;
use crate::wire::{Content, malformed, push_varint, varint_len};

/// An element type with a list of its own kind on the wire.
pub(crate) trait Item: Element + Default {
    /// Where lists of it are.
    const DATA_TYPE: DataType = DataType::of(Self::DTYPE);

    /// Appends the elements of raw bytes, little-endian. An incomplete last element is left out.
    fn read_content(content: &[u8], values: &mut Vec<Self>);

    /// Appends elements as raw bytes, little-endian.
    fn push_content(values: &[Self], out: &mut Vec<u8>);

    /// Appends what one occurrence of the list holds, packed or not, up to `n_elements` in all.
    ///
    /// # Errors
    /// There are more, or one is not in the range of the type, or the bytes break off.
    fn read_list(list: Content<'_>, n_elements: usize, values: &mut Vec<Self>)
    -> Result<(), Error>;

    /// The length of the packed list in bytes, without key and length.
    fn list_len(values: &[Self]) -> usize;

    /// Appends the packed list, without key and length.
    fn push_list(values: &[Self], out: &mut Vec<u8>);
}

#[cold]
fn surplus<T: Item>(n_elements: usize) -> Error {
    let list = T::DATA_TYPE.list;
    Error::invalid_input(format!("`{list}`: expected {n_elements} elements by the shape, got more"))
}

/// Numbers whose lists hold them as they are in memory.
macro_rules! fixed {
    ($($rust:ty, $content:ident);* $(;)?) => {$(
        impl Item for $rust {
            fn read_content(content: &[u8], values: &mut Vec<Self>) {
                values.extend(content.as_chunks().0.iter().map(|&word| Self::from_le_bytes(word)));
            }

            fn push_content(values: &[Self], out: &mut Vec<u8>) {
                out.extend(values.iter().flat_map(|value| value.to_le_bytes()));
            }

            fn read_list(
                list: Content<'_>,
                n_elements: usize,
                values: &mut Vec<Self>,
            ) -> Result<(), Error> {
                let single;
                let packed = match list {
                    Content::$content(word) => {
                        single = word;
                        &single[..]
                    }
                    other => other.bytes()?,
                };
                let (words, rest) = packed.as_chunks::<{ size_of::<Self>() }>();
                if !rest.is_empty() {
                    return Err(malformed("expected packed numbers that are all complete"));
                }
                if words.len() > n_elements.saturating_sub(values.len()) {
                    return Err(surplus::<Self>(n_elements));
                }
                values.extend(words.iter().map(|&word| Self::from_le_bytes(word)));
                Ok(())
            }

            fn list_len(values: &[Self]) -> usize {
                size_of_val(values)
            }

            fn push_list(values: &[Self], out: &mut Vec<u8>) {
                Self::push_content(values, out);
            }
        }
    )*};
}

fixed! { f32, Fixed32; f64, Fixed64 }

/// Numbers whose lists hold varints: how one is read, and how it is written.
macro_rules! varint {
    ($($rust:ty, $word:ty, $from_word:expr, $to_word:expr, $read:expr, $write:expr);* $(;)?) => {$(
        impl Item for $rust {
            fn read_content(content: &[u8], values: &mut Vec<Self>) {
                let words = content.as_chunks().0.iter();
                values.extend(words.map(|&word| $from_word(<$word>::from_le_bytes(word))));
            }

            fn push_content(values: &[Self], out: &mut Vec<u8>) {
                out.extend(values.iter().flat_map(|&value| <$word>::to_le_bytes($to_word(value))));
            }

            fn read_list(
                list: Content<'_>,
                n_elements: usize,
                values: &mut Vec<Self>,
            ) -> Result<(), Error> {
                list.varints(|varint| {
                    if values.len() >= n_elements {
                        return Err(surplus::<Self>(n_elements));
                    }
                    let value: Option<Self> = $read(varint);
                    values.push(value.ok_or_else(|| out_of_range::<Self>(varint))?);
                    Ok(())
                })
            }

            fn list_len(values: &[Self]) -> usize {
                values.iter().map(|&value| varint_len($write(value))).sum()
            }

            fn push_list(values: &[Self], out: &mut Vec<u8>) {
                for &value in values {
                    push_varint(out, $write(value));
                }
            }
        }
    )*};
}

const fn same<T: Copy>(value: T) -> T {
    value
}

varint! {
    bool, u8, |byte| byte != 0, u8::from, |varint| Some(varint != 0), u64::from;
    u8, u8, same, same, |varint| int32(varint).try_into().ok(), u64::from;
    u16, u16, same, same, |varint| int32(varint).try_into().ok(), u64::from;
    u32, u32, same, same, |varint| Some(uint32(varint)), u64::from;
    u64, u64, same, same, Some, same;
    i8, i8, same, same, |varint| int32(varint).try_into().ok(), sign_extended;
    i16, i16, same, same, |varint| int32(varint).try_into().ok(), sign_extended;
    i32, i32, same, same, |varint| Some(int32(varint)), sign_extended;
    i64, i64, same, same, |varint: u64| Some(varint.cast_signed()), i64::cast_unsigned;
    f16, u16, Self::from_bits, Self::to_bits,
        |varint| int32(varint).try_into().ok().map(Self::from_bits),
        |value: Self| u64::from(value.to_bits());
    bf16, u16, Self::from_bits, Self::to_bits,
        |varint| int32(varint).try_into().ok().map(Self::from_bits),
        |value: Self| u64::from(value.to_bits());
}

/// The lower half, which is all that protobuf reads of a 32-bit field.
fn uint32(varint: u64) -> u32 {
    u32::try_from(varint & u64::from(u32::MAX)).unwrap_or_default()
}

fn int32(varint: u64) -> i32 {
    uint32(varint).cast_signed()
}

fn sign_extended(value: impl Into<i64>) -> u64 {
    value.into().cast_unsigned()
}

#[cold]
fn out_of_range<T: Item>(varint: u64) -> Error {
    let (list, expected, got) = (T::DATA_TYPE.list, T::DTYPE, int32(varint));
    Error::invalid_input(format!("`{list}`: expected elements of {expected}, got {got}"))
}
