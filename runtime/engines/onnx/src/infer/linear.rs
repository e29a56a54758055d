//! Products of matrices.

use super::dim::{Dim, Shown};
use super::elementwise::{INT32, Outputs};
use super::op::{Infer, Info, Needed, Op, same};

pub(super) fn mat_mul<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    let elem = op.elem(0);
    product(op, 0, 1, elem)
}

pub(super) fn mat_mul_integer<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    product(op, 0, 1, INT32)
}

pub(super) fn quantized<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    let elem = op.elem(7);
    product(op, 0, 3, elem)
}

/// The product of two stacks of matrices, as `numpy.matmul` takes them.
fn product<'m>(op: &mut Op<'_, 'm>, left: usize, right: usize, elem: i32) -> Outputs<'m> {
    let (Ok(a), Ok(b)) = (op.dims(left), op.dims(right)) else {
        return Ok(vec![Info::of_type(elem)]);
    };
    let (Some((&a_last, a_front)), Some((&b_last, b_front))) = (a.split_last(), b.split_last())
    else {
        let scalar = if a.is_empty() { left } else { right };
        return Err(op.misfit(scalar, "at least one axis"));
    };
    // A vector on the right is a column, on the left a row.
    let (b_rows, b_columns, b_stack) = match b_front.split_last() {
        None => (b_last, None, &[][..]),
        Some((&rows, stack)) => (rows, Some(b_last), stack),
    };
    let (a_rows, a_stack) = match a_front.split_last() {
        None => (None, &[][..]),
        Some((&rows, stack)) => (Some(rows), stack),
    };
    if same(a_last, b_rows).is_none() {
        let expected = format_args!(
            "{} with {} rows",
            if b.len() == 1 { "a vector" } else { "matrices" },
            known(a_last)
        );
        return Err(op.misfit(right, expected));
    }
    let Some(mut dims) = op.broadcast(a_stack, b_stack) else {
        let expected = format_args!("stacks that broadcast with {}", Shown(a_stack));
        return Err(op.misfit(right, expected));
    };
    dims.extend(a_rows);
    dims.extend(b_columns);
    Ok(vec![Info::new(elem, dims)])
}

fn known(dim: Dim) -> usize {
    dim.known().unwrap_or(0)
}

pub(super) fn gemm<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    let elem = op.elem(0);
    let (Ok(left), Ok(right)) = (op.dims(0), op.dims(1)) else {
        return Ok(vec![Info::of_type(elem)]);
    };
    let (&[mut rows, mut inner], &[mut inner_right, mut columns]) = (left, right) else {
        let index = usize::from(left.len() == 2);
        return Err(op.misfit(index, "a matrix"));
    };
    if op.int("transA", 0)? != 0 {
        std::mem::swap(&mut rows, &mut inner);
    }
    let is_transposed = op.int("transB", 0)? != 0;
    if is_transposed {
        std::mem::swap(&mut inner_right, &mut columns);
    }
    if same(inner, inner_right).is_none() {
        let n = known(inner);
        let expected = if is_transposed { format!("[-1, {n}]") } else { format!("[{n}, -1]") };
        return Err(op.misfit(1, expected));
    }
    let dims = vec![rows, columns];
    match op.dims(2) {
        Ok(more) if op.opset >= 7 && !broadcasts_to(more, &dims) => {
            Err(op.misfit(2, format_args!("a shape that broadcasts to {}", Shown(&dims))))
        }
        _ => Ok(vec![Info::new(elem, dims)]),
    }
}

/// Whether a shape may be smaller than another but is not larger, as far as is known.
fn broadcasts_to(small: &[Dim], large: &[Dim]) -> bool {
    let mut axes = small.iter().rev().zip(large.iter().rev());
    small.len() <= large.len()
        && axes.all(|axes| match axes {
            (Dim::Known(small), Dim::Known(large)) => *small == 1 || small == large,
            _ => true,
        })
}

/// An equation of Einsum: the letters of each operand's axes, and those of the output. Equations
/// with `...` are `None`.
pub(crate) fn equation(equation: &str, n_inputs: usize) -> Option<(Vec<Vec<u8>>, Vec<u8>)> {
    let equation: Vec<u8> = equation.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let text = std::str::from_utf8(&equation).ok()?;
    let (left, right) = match text.split_once("->") {
        Some((left, right)) => (left, Some(right)),
        None => (text, None),
    };
    let is_letters = |term: &str| term.bytes().all(|byte| byte.is_ascii_alphabetic());
    let terms: Vec<Vec<u8>> = left.split(',').map(|term| term.as_bytes().to_vec()).collect();
    if terms.len() != n_inputs || !left.split(',').chain(right).all(is_letters) {
        return None;
    }
    let output = match right {
        Some(right) => right.as_bytes().to_vec(),
        // Letters that occur once, in the order of the alphabet.
        None => (0..=u8::MAX)
            .filter(|letter| terms.iter().flatten().filter(|other| *other == letter).count() == 1)
            .collect(),
    };
    Some((terms, output))
}

pub(super) fn einsum<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    let elem = op.elem(0);
    let text = op.string("equation")?.needed()?;
    let (terms, output) = equation(text, op.node.input.len()).needed()?;
    let mut extents: [Option<Dim>; 256] = [None; 256];
    for (index, term) in terms.iter().enumerate() {
        let Ok(dims) = op.dims(index) else { return Ok(vec![Info::of_type(elem)]) };
        if dims.len() != term.len() {
            return Err(op.misfit(index, format_args!("{} axes", term.len())));
        }
        for (&letter, &dim) in term.iter().zip(dims) {
            let extent = extents.get_mut(usize::from(letter)).needed()?;
            let both = match *extent {
                None | Some(Dim::Known(1)) => Some(dim),
                Some(other) if dim == Dim::Known(1) => Some(other),
                Some(other) => same(other, dim),
            };
            let Some(both) = both else {
                let letter = char::from(letter);
                let expected = extent.map_or(0, known);
                return Err(op.misfit(index, format_args!("{expected} at axis {letter}")));
            };
            *extent = Some(both);
        }
    }
    let extent = |letter: &u8| extents.get(usize::from(*letter)).copied().flatten();
    let dims: Option<Vec<Dim>> = output.iter().map(extent).collect();
    Ok(vec![Info::new(elem, dims.needed()?)])
}

/// Determinants: the last two axes go.
pub(super) fn det<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    let front = front(op.dims(0)?, 2)?;
    Ok(vec![Info::new(op.elem(0), front.to_vec())])
}

/// A shape without its last `n` axes.
pub(super) fn front(dims: &[Dim], n: usize) -> Infer<&[Dim]> {
    dims.len().checked_sub(n).and_then(|n| dims.get(..n)).needed()
}
