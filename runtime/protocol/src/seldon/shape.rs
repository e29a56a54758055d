//! Shapes as clients write them, with one axis left open.

use radiant_core::{Error, Payload, Shape, Value};
use smallvec::SmallVec;

use crate::Limits;
use crate::json::{Cursor, SyntaxError};

/// What the axes of an array without elements may multiply to, those of extent 0 left out. Replies
/// name each column and open a bracket for each row, so such a shape would cost its sender nothing.
const EMPTY_AXES_MAX: usize = 1 << 16;

/// A shape as it was written: -1 is the axis that takes what is left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Axes(SmallVec<[i64; 4]>);

impl Axes {
    /// Reads a shape: an array of integers, or one integer. Allocates beyond four axes only.
    ///
    /// # Errors
    /// A syntax error outside, a shape of something else inside.
    pub(super) fn read(
        cursor: &mut Cursor<'_>,
        limits: &Limits,
    ) -> Result<Result<Self, Error>, SyntaxError> {
        let mut axes = SmallVec::new();
        if cursor.peek() != Some(b'[') {
            let axis = axis(cursor.skip_value(limits)?);
            return Ok(axis.map(|axis| Self(SmallVec::from_slice(&[axis]))));
        }
        cursor.array_start()?;
        let mut first = true;
        while cursor.next_item(first)? {
            match axis(cursor.skip_value(limits)?) {
                Ok(axis) if axes.len() < limits.rank_max => axes.push(axis),
                Ok(_) => return Ok(Err(too_many_axes(limits))),
                Err(error) => return Ok(Err(error)),
            }
            first = false;
        }
        Ok(Ok(Self(axes)))
    }

    /// The shape in a value.
    ///
    /// # Errors
    /// It is neither an integer nor an array of integers.
    pub(super) fn from_value(value: &Value, limits: &Limits) -> Result<Self, Error> {
        let items = value.as_list().unwrap_or(std::slice::from_ref(value));
        if items.len() > limits.rank_max {
            return Err(too_many_axes(limits));
        }
        let axis = |item: &Value| match item {
            Value::Int(axis) => Ok(*axis),
            other => Err(not_an_integer(other.kind())),
        };
        items.iter().map(axis).collect::<Result<_, _>>().map(Self)
    }

    /// Gives the array in `payload` this shape.
    ///
    /// # Errors
    /// The array does not have as many elements.
    pub(super) fn apply(&self, payload: &mut Payload, limits: &Limits) -> Result<(), Error> {
        let (shape, n_elements) = match payload {
            Payload::Array(tensor) => (&mut tensor.shape, tensor.data.len()),
            Payload::Objects(objects) => (&mut objects.shape, objects.values.len()),
            Payload::Bytes(_) | Payload::Text(_) | Payload::Json(_) => return Ok(()),
        };
        *shape = self.resolve(n_elements, limits)?;
        Ok(())
    }

    /// The shape of an array with `n_elements` elements.
    ///
    /// # Errors
    /// Such an array cannot have this shape.
    pub(super) fn resolve(&self, n_elements: usize, limits: &Limits) -> Result<Shape, Error> {
        let mismatch =
            || Error::invalid_input(format!("expected {n_elements} elements, got shape {self}"));
        let (mut shape, mut open) = (Shape::default(), None);
        let mut product = 1_usize;
        for (index, &axis) in self.0.iter().enumerate() {
            let extent = match usize::try_from(axis) {
                Ok(extent) => extent,
                Err(_) if axis == -1 && open.is_none() => {
                    open = Some(index);
                    1
                }
                Err(_) => return Err(negative(self)),
            };
            product = product.checked_mul(extent).ok_or_else(mismatch)?;
            shape.push(extent);
        }
        if let Some(open) = open {
            let left = n_elements.checked_rem(product).filter(|&rest| rest == 0);
            let left = left.and_then(|_| n_elements.checked_div(product)).ok_or_else(mismatch)?;
            let extents = shape.dims().iter().enumerate();
            shape = extents.fold(Shape::default(), |mut shape, (index, &extent)| {
                shape.push(if index == open { left } else { extent });
                shape
            });
            product = n_elements;
        }
        if product != n_elements {
            return Err(mismatch());
        }
        if shape.rank() > limits.rank_max {
            return Err(too_many_axes(limits));
        }
        check_empty(&shape)?;
        Ok(shape)
    }

    /// The number of elements that the shape has room for, if no axis is open.
    pub(super) fn n_elements(&self) -> Option<usize> {
        let extents = self.0.iter().map(|&axis| usize::try_from(axis).ok());
        extents.into_iter().try_fold(1_usize, |product, extent| product.checked_mul(extent?))
    }
}

impl FromIterator<i64> for Axes {
    fn from_iter<I: IntoIterator<Item = i64>>(axes: I) -> Self {
        Self(axes.into_iter().collect())
    }
}

impl std::fmt::Display for Axes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

fn check_empty(shape: &Shape) -> Result<(), Error> {
    let extents = || shape.dims().iter();
    if !extents().any(|&extent| extent == 0) {
        return Ok(());
    }
    let others = extents().filter(|&&extent| extent > 0);
    let product = others.into_iter().try_fold(1_usize, |product, &extent| {
        product.checked_mul(extent).filter(|&product| product <= EMPTY_AXES_MAX)
    });
    product.map(|_| ()).ok_or_else(|| {
        Error::invalid_input(format!(
            "expected axes of at most {EMPTY_AXES_MAX} in an array without elements, got {shape}"
        ))
    })
}

fn axis(spelling: &[u8]) -> Result<i64, Error> {
    let axis = std::str::from_utf8(spelling).ok().and_then(|digits| digits.parse().ok());
    axis.ok_or_else(|| {
        let start = spelling.get(..spelling.len().min(20)).unwrap_or_default();
        not_an_integer(&format!("`{}`", String::from_utf8_lossy(start)))
    })
}

#[cold]
fn not_an_integer(got: &str) -> Error {
    Error::invalid_input(format!("`shape`: expected an integer for each axis, got {got}"))
}

#[cold]
fn negative(axes: &Axes) -> Error {
    Error::invalid_input(format!("`shape`: expected no negative axis but one -1, got {axes}"))
}

#[cold]
fn too_many_axes(limits: &Limits) -> Error {
    Error::invalid_input(format!("`shape`: expected at most {} axes, got more", limits.rank_max))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(axes: &[i64], n_elements: usize, expected: Result<&[usize], &str>) {
        let got = axes.iter().copied().collect::<Axes>().resolve(n_elements, &Limits::default());
        match expected {
            Ok(dims) => assert_eq!(got.expect("resolves").dims(), dims),
            Err(part) => {
                let error = got.expect_err("does not resolve");
                assert!(error.message().contains(part), "{error}");
            }
        }
    }

    #[test]
    fn one_open_axis_takes_what_is_left() {
        check(&[2, 2], 4, Ok(&[2, 2]));
        check(&[-1], 4, Ok(&[4]));
        check(&[2, -1], 4, Ok(&[2, 2]));
        check(&[-1, 2], 0, Ok(&[0, 2]));
        check(&[], 1, Ok(&[]));
    }

    #[test]
    fn a_shape_that_the_elements_do_not_fill_is_refused() {
        check(&[3, 2], 4, Err("expected 4 elements, got shape [3, 2]"));
        check(&[3, -1], 4, Err("expected 4 elements, got shape [3, -1]"));
        check(&[0, -1], 0, Err("expected 0 elements"));
        check(&[], 4, Err("expected 4 elements, got shape []"));
        check(&[-1, -1], 4, Err("no negative axis but one -1"));
        check(&[-2, 2], 4, Err("no negative axis but one -1"));
        check(&[i64::MAX, i64::MAX], 4, Err("expected 4 elements"));
        check(&[1; 33], 1, Err("at most 32 axes"));
    }

    #[test]
    fn a_large_shape_without_elements_is_refused() {
        check(&[0, 1 << 16], 0, Ok(&[0, 1 << 16]));
        check(&[0, 1 << 17], 0, Err("at most 65536"));
        check(&[1 << 30, 1 << 30, 0], 0, Err("at most 65536"));
    }

    #[test]
    fn a_shape_is_one_integer_or_an_array_of_integers() {
        let read = |text: &str| {
            let axes = Axes::read(&mut Cursor::new(text.as_bytes()), &Limits::default());
            axes.expect("is JSON").map_err(|error| error.to_string())
        };
        assert_eq!(read("4"), Ok([4].into_iter().collect()));
        assert_eq!(read(" [ 2 , -1 ] "), Ok([2, -1].into_iter().collect()));
        let expected = "`shape`: expected an integer for each axis, got ";
        assert_eq!(read("[2.0]"), Err(format!("{expected}`2.0`")));
        assert_eq!(read("null"), Err(format!("{expected}`null`")));
        assert_eq!(
            read("[99999999999999999999999]"),
            Err(format!("{expected}`99999999999999999999`"))
        );
    }
}
