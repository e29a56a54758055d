//! Rows of tensors: slices along the first axis, taken out, put together and padded.
//!
//! Plain copies between buffers that are used again. What rows mean, and whether they may be cut,
//! is the caller's to know. A tensor without axes has no rows and is refused.

use std::ops::Range;
use std::sync::Arc;

use half::{bf16, f16};

use crate::tensor::Element;
use crate::{DType, Shape, Strings, Tensor, TensorData};

/// Rows do not fit: there are fewer, or they are of another type or shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowsMismatch;

/// What stands in rows that are added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Padding {
    /// Another copy of the last row.
    LastRow,
    /// Zeros, `false` or empty strings.
    Zeros,
}

/// Runs `$body` with `$values` being the vector of elements, or `$strings` the column of strings.
macro_rules! each_type {
    ($data:expr, $values:ident => $body:expr, $strings:ident => $of_strings:expr) => {
        match $data {
            TensorData::Bool($values) => $body,
            TensorData::U8($values) => $body,
            TensorData::U16($values) => $body,
            TensorData::U32($values) => $body,
            TensorData::U64($values) => $body,
            TensorData::I8($values) => $body,
            TensorData::I16($values) => $body,
            TensorData::I32($values) => $body,
            TensorData::I64($values) => $body,
            TensorData::F16($values) => $body,
            TensorData::BF16($values) => $body,
            TensorData::F32($values) => $body,
            TensorData::F64($values) => $body,
            TensorData::Bytes($strings) => $of_strings,
        }
    };
}

/// Makes `to` the rows `rows` of `from`, with its name. Allocations of `to` are used again if it
/// has the same element type.
///
/// # Errors
/// [`RowsMismatch`] when `from` has fewer rows; `to` is then as it was.
pub fn copy_rows(from: &Tensor, rows: Range<usize>, to: &mut Tensor) -> Result<(), RowsMismatch> {
    let elements = elements(from, &rows)?;
    each_type!(
        &from.data,
        values => copy(values.get(elements).ok_or(RowsMismatch)?, &mut to.data),
        strings => copy_strings(strings, elements, to.data.reset_strings())
    );
    to.name = Arc::clone(&from.name);
    to.shape = from.shape.clone();
    set_rows(to, rows.len());
    Ok(())
}

/// Makes `to` the column at `index` of `from`, a matrix, or a vector, which is a column of its own:
/// a vector of all rows, whose name is left as it is. An allocation of `to` is used again if it has
/// the same element type.
///
/// # Errors
/// [`RowsMismatch`] when there is no such column, or `from` is neither; `to` is then as it was.
pub fn copy_column(from: &Tensor, index: usize, to: &mut Tensor) -> Result<(), RowsMismatch> {
    let (rows, width) = match *from.shape.dims() {
        [rows] => (rows, 1),
        [rows, width] => (rows, width),
        _ => return Err(RowsMismatch),
    };
    if index >= width {
        return Err(RowsMismatch);
    }
    let places = (0..rows).map(|row| row * width + index);
    each_type!(
        &from.data,
        values => gather(places.filter_map(|at| values.get(at)), &mut to.data),
        strings => {
            let to = to.data.reset_strings();
            places.for_each(|at| to.push_from(strings, at));
        }
    );
    to.shape.set(&[rows]);
    Ok(())
}

/// Appends the rows `rows` of `from` to `to`.
///
/// # Errors
/// [`RowsMismatch`] when `from` has fewer rows, or rows of another type or shape; `to` is then as
/// it was.
pub fn append_rows(to: &mut Tensor, from: &Tensor, rows: Range<usize>) -> Result<(), RowsMismatch> {
    let elements = elements(from, &rows)?;
    let (Some((&n_rows, row)), Some((_, other))) =
        (to.shape.dims().split_first(), from.shape.dims().split_first())
    else {
        return Err(RowsMismatch);
    };
    if row != other || to.dtype() != from.dtype() {
        return Err(RowsMismatch);
    }
    let n_rows = n_rows.checked_add(rows.len()).ok_or(RowsMismatch)?;
    each_type!(
        &from.data,
        values => append(values.get(elements).ok_or(RowsMismatch)?, &mut to.data),
        strings => if let TensorData::Bytes(column) = &mut to.data {
            copy_strings(strings, elements, column);
        }
    );
    set_rows(to, n_rows);
    Ok(())
}

/// Makes room for `additional` more rows, so that appending them moves nothing. Columns of strings
/// grow as they come.
pub fn reserve_rows(tensor: &mut Tensor, additional: usize) {
    let Ok(n) = row_elements(tensor) else { return };
    let n = n.saturating_mul(additional);
    each_type!(&mut tensor.data, values => values.reserve_exact(n), _strings => ());
}

/// Adds rows until there are `rows`. A tensor that has as many is left alone.
///
/// # Errors
/// [`RowsMismatch`] when there is no last row to repeat, or the product of the extents does not fit
/// the address space.
pub fn pad_rows(tensor: &mut Tensor, rows: usize, padding: Padding) -> Result<(), RowsMismatch> {
    let row = row_elements(tensor)?;
    let n_rows = tensor.shape.rows();
    let Some(missing) = rows.checked_sub(n_rows).filter(|missing| *missing > 0) else {
        return Ok(());
    };
    let total = row.checked_mul(rows).ok_or(RowsMismatch)?;
    match padding {
        Padding::LastRow => repeat_last(&mut tensor.data, row, missing, n_rows)?,
        Padding::Zeros => each_type!(
            &mut tensor.data,
            values => fill(values, total),
            strings => (strings.len()..total).for_each(|_| strings.push(b""))
        ),
    }
    set_rows(tensor, rows);
    Ok(())
}

fn repeat_last(
    data: &mut TensorData,
    row: usize,
    n_copies: usize,
    n_rows: usize,
) -> Result<(), RowsMismatch> {
    let before = n_rows.checked_sub(1).ok_or(RowsMismatch)?;
    let last = before * row..n_rows * row;
    each_type!(
        data,
        values => (0..n_copies).for_each(|_| values.extend_from_within(last.clone())),
        strings => {
            let mut copy = Strings::new();
            copy_strings(strings, last, &mut copy);
            (0..n_copies).for_each(|_| copy_strings(&copy, 0..row, strings));
        }
    );
    Ok(())
}

/// The bytes of the last row's elements; 0 where there is none.
pub(crate) fn last_row_bytes(tensor: &Tensor) -> u64 {
    let (Ok(row), Some(before)) = (row_elements(tensor), tensor.shape.rows().checked_sub(1)) else {
        return 0;
    };
    match &tensor.data {
        TensorData::Bytes(strings) => {
            let places = before * row..(before + 1) * row;
            let bytes = places.filter_map(|at| strings.get(at)).map(|string| string.len() as u64);
            bytes.fold(ends_bytes(row), u64::saturating_add)
        }
        data => (data.dtype().size().unwrap_or(1) as u64).saturating_mul(row as u64),
    }
}

/// What a column keeps for so many strings besides their bytes.
fn ends_bytes(n: usize) -> u64 {
    (n as u64).saturating_mul(size_of::<usize>() as u64)
}

/// Makes `to` a tensor of this type without rows, whose further axes are those of `dims`. An
/// allocation for elements of the same type is kept.
pub fn set_empty(to: &mut Tensor, dims: &[usize], dtype: DType) {
    to.shape.set(dims);
    if !dims.is_empty() {
        set_rows(to, 0);
    }
    let data = &mut to.data;
    match dtype {
        DType::Bool => data.reset::<bool>().clear(),
        DType::U8 => data.reset::<u8>().clear(),
        DType::U16 => data.reset::<u16>().clear(),
        DType::U32 => data.reset::<u32>().clear(),
        DType::U64 => data.reset::<u64>().clear(),
        DType::I8 => data.reset::<i8>().clear(),
        DType::I16 => data.reset::<i16>().clear(),
        DType::I32 => data.reset::<i32>().clear(),
        DType::I64 => data.reset::<i64>().clear(),
        DType::F16 => data.reset::<f16>().clear(),
        DType::BF16 => data.reset::<bf16>().clear(),
        DType::F32 => data.reset::<f32>().clear(),
        DType::F64 => data.reset::<f64>().clear(),
        DType::Bytes => data.reset_strings().clear(),
    }
}

/// Drops all rows after the first `rows`.
pub fn truncate_rows(tensor: &mut Tensor, rows: usize) {
    let Ok(row) = row_elements(tensor) else { return };
    if tensor.shape.rows() > rows {
        let n = row * rows;
        each_type!(
            &mut tensor.data,
            values => values.truncate(n),
            strings => {
                let all = std::mem::take(strings);
                copy_strings(&all, 0..n, strings);
            }
        );
        set_rows(tensor, rows);
    }
}

/// The number of elements of one row.
fn row_elements(tensor: &Tensor) -> Result<usize, RowsMismatch> {
    let (_, row) = tensor.shape.dims().split_first().ok_or(RowsMismatch)?;
    row.iter().try_fold(1_usize, |n, &dim| n.checked_mul(dim)).ok_or(RowsMismatch)
}

/// Which elements the rows are.
fn elements(tensor: &Tensor, rows: &Range<usize>) -> Result<Range<usize>, RowsMismatch> {
    let row = row_elements(tensor)?;
    if rows.start > rows.end || rows.end > tensor.shape.rows() {
        return Err(RowsMismatch);
    }
    // The tensor has at least as many elements, so that nothing overflows.
    Ok(rows.start * row..rows.end * row)
}

/// Replaces the first extent.
fn set_rows(tensor: &mut Tensor, rows: usize) {
    let mut shape = Shape::from([rows]);
    tensor.shape.dims().iter().skip(1).for_each(|&dim| shape.push(dim));
    tensor.shape = shape;
}

fn copy<T: Element>(values: &[T], to: &mut TensorData) {
    to.reset::<T>().extend_from_slice(values);
}

fn gather<'v, T: Element>(values: impl Iterator<Item = &'v T>, to: &mut TensorData) {
    to.reset::<T>().extend(values);
}

fn append<T: Element>(values: &[T], to: &mut TensorData) {
    if let Some(to) = T::vec(to) {
        to.extend_from_slice(values);
    }
}

fn fill<T: Element + Default>(values: &mut Vec<T>, n: usize) {
    values.resize(n, T::default());
}

fn copy_strings(from: &Strings, elements: Range<usize>, to: &mut Strings) {
    if from.has_missing() {
        elements.for_each(|at| to.push_from(from, at));
    } else {
        elements.filter_map(|at| from.get(at)).for_each(|string| to.push(string));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DTYPES: [DType; 14] = [
        DType::Bool,
        DType::U8,
        DType::U16,
        DType::U32,
        DType::U64,
        DType::I8,
        DType::I16,
        DType::I32,
        DType::I64,
        DType::F16,
        DType::BF16,
        DType::F32,
        DType::F64,
        DType::Bytes,
    ];

    /// A tensor whose elements all differ, as far as the type allows.
    fn counting(dtype: DType, dims: &[usize]) -> Tensor {
        let n: u8 = dims.iter().product::<usize>().try_into().unwrap();
        match dtype {
            DType::Bool => Tensor::new("x", dims, (0..n).map(|at| at % 3 == 0).collect()),
            DType::U8 => Tensor::new("x", dims, (0..n).collect()),
            DType::U16 => Tensor::new("x", dims, (0..n).map(u16::from).collect()),
            DType::U32 => Tensor::new("x", dims, (0..n).map(u32::from).collect()),
            DType::U64 => Tensor::new("x", dims, (0..n).map(u64::from).collect()),
            DType::I8 => Tensor::new("x", dims, (0..n).map(u8::cast_signed).collect()),
            DType::I16 => Tensor::new("x", dims, (0..n).map(i16::from).collect()),
            DType::I32 => Tensor::new("x", dims, (0..n).map(i32::from).collect()),
            DType::I64 => Tensor::new("x", dims, (0..n).map(i64::from).collect()),
            DType::F16 => Tensor::new("x", dims, (0..n).map(f16::from).collect()),
            DType::BF16 => Tensor::new("x", dims, (0..n).map(bf16::from).collect()),
            DType::F32 => Tensor::new("x", dims, (0..n).map(f32::from).collect()),
            DType::F64 => Tensor::new("x", dims, (0..n).map(f64::from).collect()),
            DType::Bytes => {
                let texts: Vec<String> = (0..n).map(|at| "x".repeat(at.into())).collect();
                Tensor::strings("x", dims, texts.iter().map(String::as_str).collect())
            }
        }
    }

    #[test]
    fn rows_of_every_type_are_taken_out_in_order() {
        for dtype in DTYPES {
            let all = counting(dtype, &[4, 2]);
            let mut part = Tensor::default();
            copy_rows(&all, 1..3, &mut part).unwrap();
            assert_eq!(part.shape.dims(), [2, 2]);
            assert_eq!((&*part.name, part.dtype()), ("x", dtype));
            append_rows(&mut part, &all, 3..4).unwrap();
            let mut whole = Tensor::default();
            copy_rows(&all, 0..1, &mut whole).unwrap();
            append_rows(&mut whole, &part, 0..3).unwrap();
            assert_eq!(whole, all, "{dtype}");
        }
    }

    #[test]
    fn padding_repeats_the_last_row_or_adds_zeros() {
        for dtype in DTYPES {
            let all = counting(dtype, &[3, 2]);
            let mut padded = all.clone();
            pad_rows(&mut padded, 5, Padding::LastRow).unwrap();
            let mut last = Tensor::default();
            copy_rows(&padded, 4..5, &mut last).unwrap();
            let mut expected = Tensor::default();
            copy_rows(&all, 2..3, &mut expected).unwrap();
            assert_eq!(last, expected, "{dtype}");
            truncate_rows(&mut padded, 3);
            assert_eq!(padded, all, "{dtype}");
            pad_rows(&mut padded, 4, Padding::Zeros).unwrap();
            copy_rows(&padded, 3..4, &mut last).unwrap();
            assert_eq!(last, Tensor::zeros("x", &[1, 2], dtype));
        }
    }

    #[test]
    fn rows_that_do_not_fit_are_refused_and_nothing_changes() {
        let all = counting(DType::F32, &[3, 2]);
        let before = counting(DType::F32, &[1, 2]);
        let mut to = before.clone();
        assert_eq!(copy_rows(&all, 2..4, &mut to), Err(RowsMismatch));
        assert_eq!(append_rows(&mut to, &all, 2..4), Err(RowsMismatch));
        assert_eq!(append_rows(&mut to, &counting(DType::F32, &[3, 1]), 0..1), Err(RowsMismatch));
        assert_eq!(append_rows(&mut to, &counting(DType::F64, &[3, 2]), 0..1), Err(RowsMismatch));
        assert_eq!(append_rows(&mut to, &counting(DType::F32, &[]), 0..1), Err(RowsMismatch));
        assert_eq!(to, before);
        let mut none = counting(DType::F32, &[0, 2]);
        assert_eq!(pad_rows(&mut none, 2, Padding::LastRow), Err(RowsMismatch));
        assert_eq!(pad_rows(&mut none, usize::MAX, Padding::Zeros), Err(RowsMismatch));
    }

    #[test]
    fn a_tensor_without_rows_has_the_type_and_the_further_axes() {
        for dtype in DTYPES {
            let mut tensor = counting(DType::F32, &[2, 3]);
            set_empty(&mut tensor, &[7, 3], dtype);
            assert_eq!(tensor, Tensor::zeros("x", &[0, 3], dtype));
        }
    }

    #[test]
    fn a_column_is_a_vector_of_all_rows() {
        for dtype in DTYPES {
            let all = counting(dtype, &[3, 2]);
            let mut columns = [Tensor::default(), Tensor::default()];
            copy_column(&all, 0, &mut columns[0]).unwrap();
            copy_column(&all, 1, &mut columns[1]).unwrap();
            assert_eq!((columns[0].shape.dims(), columns[1].dtype()), (&[3][..], dtype));
            let (mut cell, mut row) = (Tensor::default(), Tensor::default());
            for (index, column) in columns.iter().enumerate() {
                copy_rows(column, 2..3, &mut cell).unwrap();
                copy_rows(&all, 2..3, &mut row).unwrap();
                let mut expected = Tensor::default();
                copy_column(&row, index, &mut expected).unwrap();
                assert_eq!(cell.data, expected.data);
            }
            let mut same = Tensor::default();
            copy_column(&columns[0], 0, &mut same).unwrap();
            assert_eq!(same, columns[0]);
            assert_eq!(copy_column(&all, 2, &mut same), Err(RowsMismatch));
            assert_eq!(copy_column(&columns[0], 1, &mut same), Err(RowsMismatch));
            assert_eq!(copy_column(&counting(dtype, &[1, 1, 1]), 0, &mut same), Err(RowsMismatch));
            assert_eq!(same, columns[0]);
        }
    }

    #[test]
    fn missing_texts_stay_missing_in_parts_columns_and_padding() {
        let texts = [Some("a"), None, None, Some("d")];
        let all = Tensor::strings("x", &[2, 2], texts.into_iter().collect());
        let strings = |tensor: &Tensor| match &tensor.data {
            TensorData::Bytes(strings) => strings.clone(),
            other => panic!("{other:?}"),
        };
        let expect = |texts: &[Option<&str>]| texts.iter().copied().collect::<Strings>();
        let mut part = Tensor::default();
        copy_rows(&all, 1..2, &mut part).unwrap();
        assert_eq!(strings(&part), expect(&texts[2..]));
        append_rows(&mut part, &all, 0..1).unwrap();
        assert_eq!(strings(&part), expect(&[None, Some("d"), Some("a"), None]));
        pad_rows(&mut part, 3, Padding::LastRow).unwrap();
        assert_eq!(strings(&part), expect(&[None, Some("d"), Some("a"), None, Some("a"), None]));
        truncate_rows(&mut part, 1);
        assert_eq!(strings(&part), expect(&texts[2..]));
        copy_column(&all, 1, &mut part).unwrap();
        assert_eq!(strings(&part), expect(&[None, Some("d")]));
    }

    #[test]
    fn a_row_has_the_bytes_of_its_elements() {
        assert_eq!(last_row_bytes(&counting(DType::F64, &[3, 2])), 16);
        assert_eq!(last_row_bytes(&counting(DType::F64, &[0, 2])), 0);
        assert_eq!(last_row_bytes(&counting(DType::F64, &[])), 0);
        // Strings of 4 and 5 bytes, and where each ends.
        assert_eq!(last_row_bytes(&counting(DType::Bytes, &[3, 2])), 25);
    }

    #[test]
    fn buffers_are_used_again() {
        let all = counting(DType::I64, &[8, 2]);
        let mut part = Tensor::default();
        copy_rows(&all, 0..4, &mut part).unwrap();
        let before = part.as_slice::<i64>().unwrap().as_ptr();
        copy_rows(&all, 4..8, &mut part).unwrap();
        assert_eq!(part.as_slice::<i64>().unwrap().as_ptr(), before);
        reserve_rows(&mut part, 4);
        let before = part.as_slice::<i64>().unwrap().as_ptr();
        append_rows(&mut part, &all, 0..4).unwrap();
        assert_eq!(part.as_slice::<i64>().unwrap().as_ptr(), before);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_is_cut_into_parts_is_put_together_again(
            rows in 0_usize..10,
            row in 0_usize..4,
            part in 1_usize..5,
            dtype in proptest::sample::select(DTYPES.to_vec()),
        ) {
            let all = counting(dtype, &[rows, row]);
            let mut whole = Tensor::default();
            copy_rows(&all, 0..0, &mut whole).unwrap();
            for start in (0..rows).step_by(part) {
                let mut cut = Tensor::default();
                copy_rows(&all, start..rows.min(start + part), &mut cut).unwrap();
                append_rows(&mut whole, &cut, 0..cut.shape.rows()).unwrap();
            }
            prop_assert_eq!(whole, all);
        }
    }
}
