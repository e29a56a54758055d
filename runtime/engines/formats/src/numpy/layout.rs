//! Where the elements of an array lie.

use std::borrow::Cow;
use std::rc::Rc;

use super::dtype::DType;
use crate::error::{FormatError, Place};
use crate::object::value::ValueId;

/// The axes of an array and the steps between its elements.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    shape: Box<[usize]>,
    /// How far the next element of each axis is away.
    strides: Box<[usize]>,
    /// Elements in all.
    len: usize,
    /// What all elements take: `len` times the size of one.
    span: usize,
    /// Whether elements lie one after another in row-major order.
    contiguous: bool,
}

impl Layout {
    /// The layout of elements of `item` bytes that lie without gaps.
    pub(crate) fn new(shape: &[usize], item: usize, fortran: bool) -> Result<Self, FormatError> {
        let damaged = |expected| FormatError::damaged(Place::File, expected, format!("{shape:?}"));
        let product =
            |axes: &[usize]| axes.iter().try_fold(1_usize, |n, axis| n.checked_mul(*axis));
        let len = if shape.contains(&0) { Some(0) } else { product(shape) };
        let span = len.and_then(|len| len.checked_mul(item));
        let (Some(len), Some(span)) = (len, span) else {
            return Err(damaged("a shape that memory can hold"));
        };
        if item == 0 && len > 0 {
            return Err(damaged("elements of at least one byte in the shape"));
        }
        let mut strides = vec![0; shape.len()];
        let mut step = item;
        let mut set = |(stride, axis): (&mut usize, &usize)| {
            *stride = step;
            step = step.saturating_mul(*axis);
        };
        if fortran {
            strides.iter_mut().zip(shape).for_each(&mut set);
        } else {
            strides.iter_mut().zip(shape).rev().for_each(&mut set);
        }
        let lines = shape.iter().filter(|axis| **axis > 1).count();
        let contiguous = !fortran || lines < 2;
        Ok(Self { shape: shape.into(), strides: strides.into(), len, span, contiguous })
    }

    /// The same elements with their axes in another order.
    pub(crate) fn transposed(&self, axes: &[usize]) -> Result<Self, FormatError> {
        let mut sorted = axes.to_vec();
        sorted.sort_unstable();
        if !sorted.iter().copied().eq(0..self.shape.len()) {
            return Err(FormatError::damaged(Place::File, "each axis once", format!("{axes:?}")));
        }
        // `axes` are those of the result in terms of what is stored.
        let pick =
            |values: &[usize]| axes.iter().filter_map(|at| values.get(*at).copied()).collect();
        Ok(Self {
            shape: pick(&self.shape),
            strides: pick(&self.strides),
            contiguous: false,
            ..self.clone()
        })
    }

    pub(crate) fn shape(&self) -> &[usize] {
        &self.shape
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn span(&self) -> usize {
        self.span
    }

    pub(crate) fn is_contiguous(&self) -> bool {
        self.contiguous
    }

    /// The same steps, for a part of each element.
    pub(crate) fn of_field(&self) -> Self {
        Self { contiguous: false, ..self.clone() }
    }

    /// Where each element lies, in row-major order.
    pub(crate) fn offsets(&self) -> Offsets<'_> {
        Offsets { layout: self, index: vec![0; self.shape.len()], offset: 0, left: self.len }
    }
}

/// The places of elements in row-major order.
#[derive(Debug)]
pub(crate) struct Offsets<'a> {
    layout: &'a Layout,
    index: Vec<usize>,
    offset: usize,
    left: usize,
}

impl Iterator for Offsets<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        self.left = self.left.checked_sub(1)?;
        let here = self.offset;
        let axes = self.index.iter_mut().zip(&self.layout.shape).zip(&self.layout.strides).rev();
        for ((index, axis), stride) in axes {
            let next = index.saturating_add(1);
            if next < *axis {
                *index = next;
                self.offset = self.offset.saturating_add(*stride);
                break;
            }
            self.offset = self.offset.saturating_sub(stride.saturating_mul(*index));
            *index = 0;
        }
        Some(here)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

/// What an array is made of.
#[derive(Debug, Clone)]
pub(crate) enum Elements<'g> {
    Bytes(Cow<'g, [u8]>),
    Objects(&'g [ValueId]),
}

/// An array whose elements are all there.
#[derive(Debug, Clone)]
pub(crate) struct RawArray<'g> {
    pub(crate) dtype: Rc<DType>,
    pub(crate) layout: Layout,
    pub(crate) elements: Elements<'g>,
}

impl<'g> RawArray<'g> {
    /// An array of plain elements.
    ///
    /// # Errors
    /// If there are more or fewer bytes than its layout takes.
    pub(crate) fn new(
        dtype: Rc<DType>,
        layout: Layout,
        bytes: Cow<'g, [u8]>,
    ) -> Result<Self, FormatError> {
        check(layout.span(), bytes.len(), "bytes of the array")?;
        Ok(Self { dtype, layout, elements: Elements::Bytes(bytes) })
    }

    /// An array of objects; its layout counts elements, not bytes.
    ///
    /// # Errors
    /// If there are more or fewer objects than its layout takes.
    pub(crate) fn objects(layout: Layout, items: &'g [ValueId]) -> Result<Self, FormatError> {
        check(layout.span(), items.len(), "objects of the array")?;
        let dtype = Rc::new(DType::plain(super::dtype::Kind::Object, 8, false));
        Ok(Self { dtype, layout, elements: Elements::Objects(items) })
    }
}

fn check(expected: usize, got: usize, what: &str) -> Result<(), FormatError> {
    if expected == got {
        return Ok(());
    }
    Err(FormatError::damaged(Place::File, format_args!("{expected} {what}"), got))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offsets(layout: &Layout) -> Vec<usize> {
        layout.offsets().collect()
    }

    #[test]
    fn elements_are_visited_row_by_row_in_either_order() {
        let c = Layout::new(&[2, 3], 8, false).unwrap();
        assert_eq!(offsets(&c), [0, 8, 16, 24, 32, 40]);
        let f = Layout::new(&[2, 3], 8, true).unwrap();
        assert_eq!(offsets(&f), [0, 16, 32, 8, 24, 40]);
        assert!(c.is_contiguous() && !f.is_contiguous());
        assert_eq!(offsets(&c.transposed(&[1, 0]).unwrap()), [0, 24, 8, 32, 16, 40]);
        assert_eq!(offsets(&Layout::new(&[], 8, false).unwrap()), [0]);
        assert_eq!(offsets(&Layout::new(&[0, 5], 8, true).unwrap()), []);
    }

    #[test]
    fn absurd_shapes_are_refused() {
        for (shape, item) in
            [(&[1 << 40, 1 << 40][..], 8), (&[usize::MAX][..], 2), (&[1 << 40][..], 0)]
        {
            assert!(Layout::new(shape, item, false).is_err(), "{shape:?}");
        }
        assert_eq!(Layout::new(&[usize::MAX, usize::MAX, 0], 8, false).unwrap().len(), 0);
        let layout = Layout::new(&[2, 3], 1, false).unwrap();
        for axes in [&[0][..], &[0, 0], &[1, 2], &[0, 1, 2]] {
            assert!(layout.transposed(axes).is_err(), "{axes:?}");
        }
    }
}
