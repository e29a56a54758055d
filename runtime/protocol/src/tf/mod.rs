//! TensorFlow's `TensorProto` on the protobuf wire, without TensorFlow.
//!
//! Source: `tensorflow/core/framework/{tensor,tensor_shape,types}.proto` of TensorFlow 2 and the
//! semantics of `tensorflow.make_ndarray`: `tensor_content` holds the elements row-major and
//! little-endian; where it is empty the list of the element type does, whose last item fills what is
//! left of the shape (zeros where the list is empty). Complex, quantized, resource and variant
//! tensors are refused.

mod by_type;
mod dtype;
mod item;

#[cfg(test)]
pub(crate) mod tests;

use radiant_core::{DType, Error, Shape, Strings, Tensor, TensorData};

pub(crate) use self::by_type::{by_data, by_dtype};
pub(crate) use self::dtype::DataType;
pub(crate) use self::item::Item;
use crate::Limits;
use crate::wire::{self, Fields};

/// What the axes of a tensor without elements may multiply to, those of extent 0 left out. Text
/// replies open a bracket for each row, so such a shape would cost its sender nothing.
const EMPTY_AXES_MAX: usize = 1 << 16;

/// How many elements, and how many bytes of strings, all tensors of one request may leave to the
/// last items of their lists.
///
/// Without it a few bytes would cost [`Limits::elements_max`] elements, once for every tensor.
#[derive(Debug)]
pub(crate) struct Fill {
    left: usize,
}

impl Default for Fill {
    fn default() -> Self {
        Self { left: 1 << 20 }
    }
}

impl Fill {
    /// Takes `amount` out of what is left, if there is as much.
    fn take(&mut self, amount: usize) -> Option<()> {
        self.left = self.left.checked_sub(amount)?;
        Some(())
    }
}

/// Decodes a `TensorProto` into `shape` and `data`, whose allocations are kept; after an error what
/// they hold is unspecified. Memory is in proportion to the message, but for at most 2^20 elements
/// that a short list stands for.
///
/// # Errors
/// [`ErrorKind::Unsupported`](radiant_core::ErrorKind::Unsupported) for an element type without a
/// counterpart here; else the bytes are no `TensorProto`, an extent is unknown, there are more axes
/// or elements than `limits` allow, or the elements do not fill the shape.
pub fn decode(
    message: &[u8],
    limits: &Limits,
    shape: &mut Shape,
    data: &mut TensorData,
) -> Result<(), Error> {
    decode_within(message, limits, &mut Fill::default(), shape, data)
}

/// Decodes one of a request's tensors, all of which draw on the same `fill`.
///
/// # Errors
/// As [`decode`].
pub(crate) fn decode_within(
    message: &[u8],
    limits: &Limits,
    fill: &mut Fill,
    shape: &mut Shape,
    data: &mut TensorData,
) -> Result<(), Error> {
    let (dtype, content) = head(message, limits, shape)?;
    let n_elements = n_elements(shape, limits)?;
    let source = Source { message, content, n_elements };
    by_dtype!(
        dtype,
        T => source.numbers::<T>(data.reset(), fill),
        bytes => source.strings(data.reset_strings(), fill)
    )
}

/// The element type and `tensor_content`; the extents go into `shape`.
fn head<'m>(
    message: &'m [u8],
    limits: &Limits,
    shape: &mut Shape,
) -> Result<(DType, &'m [u8]), Error> {
    shape.set(&[]);
    let (mut number, mut content) = (0, &[][..]);
    let mut fields = Fields::new(message);
    while let Some((field, value)) = fields.next()? {
        match field {
            1 => number = value.varint()?,
            // Protobuf joins messages that come twice.
            2 => axes(value.bytes()?, limits, shape)
                .map_err(|error| error.context("`tensor_shape`"))?,
            4 => content = value.bytes()?,
            _ => {}
        }
    }
    Ok((dtype::dtype(number)?, content))
}

/// Appends the extents of a `TensorShapeProto`.
fn axes(message: &[u8], limits: &Limits, shape: &mut Shape) -> Result<(), Error> {
    let mut fields = Fields::new(message);
    while let Some((field, value)) = fields.next()? {
        match field {
            2 if shape.rank() >= limits.rank_max => {
                let rank_max = limits.rank_max;
                let message = format!("expected at most {rank_max} axes, got more");
                return Err(Error::invalid_input(message));
            }
            2 => shape.push(extent(value.bytes()?)?),
            3 if value.varint()? != 0 => {
                return Err(Error::invalid_input("expected a shape, got one of unknown rank"));
            }
            _ => {}
        }
    }
    Ok(())
}

fn extent(dim: &[u8]) -> Result<usize, Error> {
    let (mut size, mut fields) = (0, Fields::new(dim));
    while let Some((field, value)) = fields.next()? {
        if field == 1 {
            size = value.varint()?.cast_signed();
        }
    }
    usize::try_from(size).map_err(|_| {
        Error::invalid_input(format!("expected extents that are known, got an axis of {size}"))
    })
}

fn n_elements(shape: &Shape, limits: &Limits) -> Result<usize, Error> {
    let n_elements = shape.n_elements().ok().filter(|&n| n <= limits.elements_max);
    let n_elements = n_elements.ok_or_else(|| {
        let elements_max = limits.elements_max;
        Error::invalid_input(format!("expected at most {elements_max} elements, got shape {shape}"))
    })?;
    let axes = || shape.dims().iter().filter(|&&extent| extent > 0);
    let is_small = || {
        let product = axes().try_fold(1_usize, |product, &extent| product.checked_mul(extent));
        product.is_some_and(|product| product <= EMPTY_AXES_MAX)
    };
    if n_elements > 0 || is_small() {
        return Ok(n_elements);
    }
    Err(Error::invalid_input(format!(
        "expected axes of at most {EMPTY_AXES_MAX} in a tensor without elements, got {shape}"
    )))
}

/// Where the elements are, and how many the shape has room for.
struct Source<'m> {
    message: &'m [u8],
    content: &'m [u8],
    n_elements: usize,
}

impl Source<'_> {
    fn numbers<T: Item>(&self, values: &mut Vec<T>, fill: &mut Fill) -> Result<(), Error> {
        if !self.content.is_empty() {
            let expected = self.n_elements.saturating_mul(T::DTYPE.size().unwrap_or(1));
            if expected != self.content.len() {
                return Err(content_len(expected, self.content.len()));
            }
            T::read_content(self.content, values);
            return Ok(());
        }
        let mut fields = Fields::new(self.message);
        while let Some((field, value)) = fields.next()? {
            if field == T::DATA_TYPE.list_field {
                T::read_list(value, self.n_elements, values)?;
            }
        }
        let got = values.len();
        fill.take(self.n_elements.saturating_sub(got))
            .ok_or_else(|| self.too_few(&T::DATA_TYPE, got))?;
        values.resize(self.n_elements, values.last().copied().unwrap_or_default());
        Ok(())
    }

    fn strings(&self, strings: &mut Strings, fill: &mut Fill) -> Result<(), Error> {
        if !self.content.is_empty() {
            return self.string_content(strings);
        }
        let data_type = DataType::of(DType::Bytes);
        let mut last = &[][..];
        let mut fields = Fields::new(self.message);
        while let Some((field, value)) = fields.next()? {
            if field != data_type.list_field {
                continue;
            }
            if strings.len() >= self.n_elements {
                let (list, expected) = (data_type.list, self.n_elements);
                return Err(Error::invalid_input(format!(
                    "`{list}`: expected {expected} elements by the shape, got more"
                )));
            }
            last = value.bytes()?;
            strings.push(last);
        }
        let missing = self.n_elements.saturating_sub(strings.len());
        fill.take(missing.saturating_mul(last.len().max(1)))
            .ok_or_else(|| self.too_few(&data_type, strings.len()))?;
        (0..missing).for_each(|_| strings.push(last));
        Ok(())
    }

    /// Strings in `tensor_content`, as TensorFlow's C++ clients can send them: the lengths of all,
    /// as varints, and then the bytes of all.
    fn string_content(&self, strings: &mut Strings) -> Result<(), Error> {
        let (mut total, mut rest) = (0_usize, self.content);
        for _ in 0..self.n_elements {
            let (length, after) = wire::varint(rest)?;
            total = total.saturating_add(usize::try_from(length).unwrap_or(usize::MAX));
            rest = after;
        }
        if total != rest.len() {
            return Err(content_len(total, rest.len()));
        }
        let mut lengths = self.content;
        for _ in 0..self.n_elements {
            let (length, after) = wire::varint(lengths)?;
            lengths = after;
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            let (string, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
            strings.push(string);
            rest = after;
        }
        Ok(())
    }

    #[cold]
    fn too_few(&self, data_type: &DataType, got: usize) -> Error {
        let (list, expected) = (data_type.list, self.n_elements);
        Error::invalid_input(format!(
            "`{list}`: expected {expected} elements by the shape, got {got}"
        ))
    }
}

#[cold]
fn content_len(expected: usize, got: usize) -> Error {
    Error::invalid_input(format!("`tensor_content`: expected {expected} bytes, got {got}"))
}

/// Replaces `data` with the elements of raw little-endian bytes, which the caller has counted. There
/// are none of strings.
pub(crate) fn read_content(content: &[u8], dtype: DType, data: &mut TensorData) {
    by_dtype!(
        dtype,
        T => T::read_content(content, data.reset::<T>()),
        bytes => {
            data.reset_strings();
        }
    );
}

/// Appends numbers as raw little-endian bytes, and nothing of strings.
pub(crate) fn push_content(data: &TensorData, out: &mut Vec<u8>) {
    by_data!(data, values => Item::push_content(values, out), _strings => {});
}

/// Where the elements of an encoded tensor go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// As `tensorflow.make_tensor_proto` does: into `tensor_content`, but strings and a single
    /// element into their list.
    Content,
    /// As TensorFlow Serving answers unless told otherwise: into the list of the element type, which
    /// clients read without `make_ndarray`.
    Lists,
}

/// Appends a tensor as a `TensorProto` in the manner of `make_tensor_proto` ([`Layout::Content`]).
pub fn encode(out: &mut Vec<u8>, tensor: &Tensor) {
    encode_as(out, tensor, Layout::Content);
}

/// The number of bytes that [`encode`] appends.
pub fn encoded_len(tensor: &Tensor) -> usize {
    encoded_len_as(tensor, Layout::Content)
}

/// Appends a tensor as a `TensorProto` in this layout.
pub fn encode_as(out: &mut Vec<u8>, tensor: &Tensor, layout: Layout) {
    wire::push_uint(out, 1, DataType::of(tensor.dtype()).number.into());
    wire::push_head(out, 2, shape_len(&tensor.shape));
    for &extent in tensor.shape.dims() {
        wire::push_head(out, 2, dim_len(extent));
        if extent > 0 {
            wire::push_uint(out, 1, extent as u64);
        }
    }
    by_data!(
        &tensor.data,
        values => push_numbers(out, values, layout),
        strings => strings.iter().for_each(|string| {
            wire::push_bytes(out, DataType::of(DType::Bytes).list_field, string);
        })
    );
}

/// The number of bytes that [`encode_as`] appends. Integers in lists are looked at one by one.
pub fn encoded_len_as(tensor: &Tensor, layout: Layout) -> usize {
    let values = by_data!(
        &tensor.data,
        values => numbers_len(values, layout),
        strings => strings.iter().map(|string| field_len(string.len())).sum()
    );
    // Keys and the element type's number have one byte each.
    [2, field_len(shape_len(&tensor.shape)), values].into_iter().sum()
}

fn push_numbers<T: Item>(out: &mut Vec<u8>, values: &[T], layout: Layout) {
    match (values, layout) {
        ([], _) => {}
        ([_, _, ..], Layout::Content) => {
            wire::push_head(out, 4, size_of_val(values));
            T::push_content(values, out);
        }
        ([_], Layout::Content) | (_, Layout::Lists) => {
            wire::push_head(out, T::DATA_TYPE.list_field, T::list_len(values));
            T::push_list(values, out);
        }
    }
}

fn numbers_len<T: Item>(values: &[T], layout: Layout) -> usize {
    match (values, layout) {
        ([], _) => 0,
        ([_, _, ..], Layout::Content) => field_len(size_of_val(values)),
        ([_], Layout::Content) | (_, Layout::Lists) => {
            // The fields 16 and 17 have keys of two bytes.
            let key = wire::varint_len(u64::from(T::DATA_TYPE.list_field) << 3).saturating_sub(1);
            field_len(T::list_len(values)).saturating_add(key)
        }
    }
}

fn shape_len(shape: &Shape) -> usize {
    shape.dims().iter().map(|&extent| field_len(dim_len(extent))).sum()
}

/// The length of a `Dim`; as every number, an extent of 0 is left out.
fn dim_len(extent: usize) -> usize {
    if extent == 0 { 0 } else { wire::varint_len(extent as u64).saturating_add(1) }
}

/// The length of a field of `length` bytes with a key of one byte.
fn field_len(length: usize) -> usize {
    length.saturating_add(wire::varint_len(length as u64)).saturating_add(1)
}
