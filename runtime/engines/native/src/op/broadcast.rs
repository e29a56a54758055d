//! Broadcasting: shapes of several operands brought to one, and walks over their elements.
//! <https://onnx.ai/onnx/repo-docs/Broadcasting.html>, multidirectional.

use radiant_core::{Error, Shape};

use crate::registers::RANK_MAX;

/// The shape that several broadcast to.
///
/// # Errors
/// When they do not.
pub(crate) fn shape(operands: &[&Shape]) -> Result<Shape, Error> {
    let rank = operands.iter().map(|operand| operand.rank()).max().unwrap_or(0);
    let mut out = Shape::new(&[]);
    for axis in 0..rank {
        let mut dim = 1;
        for operand in operands {
            match extent(operand, axis, rank) {
                1 => {}
                got if dim == 1 || dim == got => dim = got,
                _ => return Err(disagree(operands)),
            }
        }
        out.push(dim);
    }
    Ok(out)
}

#[cold]
fn disagree(operands: &[&Shape]) -> Error {
    let shapes: Vec<_> = operands.iter().map(ToString::to_string).collect();
    Error::model_failed(format!("shapes {} do not broadcast", shapes.join(" and ")))
}

/// The extent of an axis of a shape that is brought to `rank` by axes of 1 in front.
pub(crate) fn extent(shape: &Shape, axis: usize, rank: usize) -> usize {
    let missing = rank - shape.rank();
    axis.checked_sub(missing).and_then(|axis| shape.dims().get(axis)).copied().unwrap_or(1)
}

/// One number for each axis of a value.
pub(crate) type PerAxis = [usize; RANK_MAX];

/// The steps between elements of an operand along each axis of the shape `dims` that it is
/// broadcast to: 0 where its one element is repeated.
pub(crate) fn strides(operand: &Shape, dims: &[usize]) -> PerAxis {
    let mut strides = [0; RANK_MAX];
    let mut step = 1_usize;
    for (axis, stride) in strides.iter_mut().enumerate().take(dims.len()).rev() {
        let extent = extent(operand, axis, dims.len());
        *stride = if extent == 1 { 0 } else { step };
        // Too large a shape has no elements to step over.
        step = step.saturating_mul(extent);
    }
    strides
}

/// Walks over a shape in runs of its innermost axis and tells where in each of `N` operands, whose
/// strides are given, each run begins. A scalar is one run.
pub(crate) fn runs<const N: usize>(
    dims: &[usize],
    strides: [&PerAxis; N],
    mut run: impl FnMut([usize; N]),
) {
    if dims.contains(&0) {
        return;
    }
    let outer = dims.split_last().map_or(&[][..], |(_, outer)| outer);
    let mut counts = [0; RANK_MAX];
    let mut starts = [0; N];
    'runs: loop {
        run(starts);
        for axis in (0..outer.len()).rev() {
            counts[axis] += 1;
            if counts[axis] < outer[axis] {
                starts.iter_mut().zip(strides).for_each(|(start, by)| *start += by[axis]);
                continue 'runs;
            }
            counts[axis] = 0;
            let back = outer[axis] - 1;
            starts.iter_mut().zip(strides).for_each(|(start, by)| *start -= by[axis] * back);
        }
        return;
    }
}

/// Appends `function` of each pair of elements of `a` and `b`, broadcast to `dims`, to `out`.
pub(crate) fn zip<A: Copy, B: Copy, T>(
    dims: &[usize],
    (a, a_shape): (&[A], &Shape),
    (b, b_shape): (&[B], &Shape),
    out: &mut Vec<T>,
    function: impl Fn(A, B) -> T,
) {
    if a_shape.dims() == dims && b_shape.dims() == dims {
        return out.extend(a.iter().zip(b).map(|(&a, &b)| function(a, b)));
    }
    let (a_steps, b_steps) = (strides(a_shape, dims), strides(b_shape, dims));
    let (last, n) = match dims.split_last() {
        Some((&n, outer)) => (outer.len(), n),
        None => (0, 1),
    };
    runs(dims, [&a_steps, &b_steps], |[a_at, b_at]| match (a_steps[last], b_steps[last]) {
        (0, 0) => out.extend((0..n).map(|_| function(a[a_at], b[b_at]))),
        (0, _) => out.extend(b[b_at..][..n].iter().map(|&b| function(a[a_at], b))),
        (_, 0) => out.extend(a[a_at..][..n].iter().map(|&a| function(a, b[b_at]))),
        (_, _) => {
            let pairs = a[a_at..][..n].iter().zip(&b[b_at..][..n]);
            out.extend(pairs.map(|(&a, &b)| function(a, b)));
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sums(a: &[usize], b: &[usize]) -> Result<(Shape, Vec<u32>), Error> {
        let operand = |dims: &[usize]| -> (Shape, Vec<u32>) {
            (Shape::new(dims), (0..).take(dims.iter().product()).collect())
        };
        let ((a_shape, a), (b_shape, b)) = (operand(a), operand(b));
        let dims = shape(&[&a_shape, &b_shape])?;
        let mut out = Vec::new();
        zip(dims.dims(), (&a, &a_shape), (&b, &b_shape), &mut out, |a, b| 10 * a + b);
        Ok((dims, out))
    }

    #[test]
    fn axes_of_one_are_repeated_and_missing_ones_are_put_in_front() {
        assert_eq!(sums(&[2, 2], &[2]).unwrap(), (Shape::from([2, 2]), vec![0, 11, 20, 31]));
        assert_eq!(sums(&[2, 1], &[1, 2]).unwrap(), (Shape::from([2, 2]), vec![0, 1, 10, 11]));
        assert_eq!(sums(&[], &[]).unwrap(), (Shape::from([]), vec![0]));
        assert_eq!(sums(&[0, 3], &[1]).unwrap(), (Shape::from([0, 3]), vec![]));
        let (dims, out) = sums(&[2, 1, 2], &[3, 1]).unwrap();
        assert_eq!(dims, Shape::from([2, 3, 2]));
        assert_eq!(out, [0, 10, 1, 11, 2, 12, 20, 30, 21, 31, 22, 32]);
        assert!(sums(&[2], &[3]).unwrap_err().to_string().contains("[2] and [3] do not broadcast"));
    }
}
