//! Tensor shapes.

use std::fmt;

use smallvec::SmallVec;

/// The extent of each axis, row-major; an empty shape is a scalar.
///
/// Up to four axes are kept inline, so that the shapes of ordinary requests cost no allocation.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Shape(SmallVec<[usize; 4]>);

/// The number of elements of a shape does not fit the address space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShapeOverflow;

impl Shape {
    /// A shape with these extents.
    pub fn new(dims: &[usize]) -> Self {
        Self(SmallVec::from_slice(dims))
    }

    /// The extents.
    pub fn dims(&self) -> &[usize] {
        &self.0
    }

    /// The number of axes.
    pub fn rank(&self) -> usize {
        self.0.len()
    }

    /// The extent of the first axis: the number of rows of a batch. A scalar is one row.
    pub fn rows(&self) -> usize {
        self.0.first().copied().unwrap_or(1)
    }

    /// The number of elements.
    ///
    /// # Errors
    /// [`ShapeOverflow`] when the product does not fit a `usize`.
    pub fn n_elements(&self) -> Result<usize, ShapeOverflow> {
        self.0.iter().try_fold(1_usize, |n, &dim| n.checked_mul(dim)).ok_or(ShapeOverflow)
    }

    /// Appends an innermost axis.
    pub fn push(&mut self, dim: usize) {
        self.0.push(dim);
    }

    /// Replaces all extents, keeping what was allocated.
    #[inline]
    pub fn set(&mut self, dims: &[usize]) {
        if self.0.len() == dims.len() {
            // As it nearly always is, and much the cheaper way.
            self.0.copy_from_slice(dims);
        } else {
            self.0.clear();
            self.0.extend_from_slice(dims);
        }
    }
}

impl From<&[usize]> for Shape {
    fn from(dims: &[usize]) -> Self {
        Self::new(dims)
    }
}

impl<const N: usize> From<[usize; N]> for Shape {
    fn from(dims: [usize; N]) -> Self {
        Self::new(&dims)
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (axis, dim) in self.0.iter().enumerate() {
            let separator = if axis == 0 { "" } else { ", " };
            write!(f, "{separator}{dim}")?;
        }
        f.write_str("]")
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scalar_is_one_row_with_one_element() {
        let scalar = Shape::default();
        assert_eq!((scalar.rank(), scalar.rows(), scalar.n_elements()), (0, 1, Ok(1)));
        assert_eq!(scalar.to_string(), "[]");
    }

    #[test]
    fn a_product_beyond_the_address_space_is_an_error() {
        let shape = Shape::from([usize::MAX, 2]);
        assert_eq!(shape.n_elements(), Err(ShapeOverflow));
        assert_eq!(Shape::from([usize::MAX, 2, 0]).n_elements(), Err(ShapeOverflow));
    }

    #[test]
    fn shapes_print_like_lists() {
        assert_eq!(Shape::from([4, 3]).to_string(), "[4, 3]");
    }
}
