//! Small integer values: shapes that a graph computes with.
//!
//! Exporters write `reshape(x, [x.shape[0], -1])` as a dozen nodes that pick, multiply and join the
//! extents of `x`. They are followed with the extents as symbols.

use super::dim::{Dim, Num};
use super::elementwise::{BOOL, INT32, INT64};
use super::op::{Info, N_INTS_MAX, Op};

/// Adds the elements of a node's first output, where it is small and they are known.
pub(super) fn follow(op: &mut Op<'_, '_>, outputs: &mut [Info<'_>]) {
    let Some(output) = outputs.first_mut() else { return };
    if output.ints.is_some() || op.node.canonical_domain() != "" {
        return;
    }
    let Some(n) = n_elements(output) else { return };
    if !matches!(output.elem, INT32 | INT64 | BOOL) {
        return;
    }
    let Some(ints) = ints(op, n) else { return };
    let fits = |int: &Num| match int {
        Num::Known(number) => output.elem != INT32 || i32::try_from(*number).is_ok(),
        Num::Symbol(_) | Num::Unknown => true,
    };
    if ints.len() == n && ints.iter().all(fits) {
        output.ints = Some(ints);
    }
}

/// The number of elements of a small vector or scalar.
fn n_elements(info: &Info<'_>) -> Option<usize> {
    match info.dims.as_deref()? {
        [] => Some(1),
        [Dim::Known(n)] if *n <= N_INTS_MAX => Some(*n),
        _ => None,
    }
}

fn ints(op: &mut Op<'_, '_>, n: usize) -> Option<Vec<Num>> {
    match op.node.op_type.as_str() {
        "Squeeze" | "Unsqueeze" | "Reshape" | "Flatten" | "Identity" => {
            op.ints(0).ok().map(<[Num]>::to_vec)
        }
        "Cast" => cast(op),
        "Concat" => concat(op, n),
        "Slice" => slice(op),
        "Gather" => gather(op),
        "Expand" | "Tile" => match op.ints(0).ok()? {
            [one] => Some(vec![*one; n]),
            all if all.len() == n => Some(all.to_vec()),
            _ => None,
        },
        "ConstantOfShape" => {
            let value = op.node.tensor("value").ok()?;
            let filler = match value {
                Some(value) => *Info::constant(value).ints?.first()?,
                None => return None,
            };
            Some(vec![filler; n])
        }
        "Range" => range(op, n),
        "Where" => choose(op, n),
        "ReduceProd" => folded(op, Op::product),
        "ReduceSum" => folded(op, |op, a, b| op.symbols.plus(a, b)),
        "Not" | "Neg" | "Abs" => unary(op),
        _ => binary(op, n),
    }
}

/// To an integer from integers: what was cut off is not followed.
fn cast(op: &Op<'_, '_>) -> Option<Vec<Num>> {
    let ints = op.ints(0).ok()?;
    if op.int("to", 0).ok()? != i64::from(BOOL) {
        return Some(ints.to_vec());
    }
    let truth = |int: &Num| int.known().map(|int| Num::Known(i64::from(int != 0)));
    ints.iter().map(truth).collect()
}

fn concat(op: &Op<'_, '_>, n: usize) -> Option<Vec<Num>> {
    let mut all = Vec::new();
    for index in 0..op.node.input.len() {
        let input = op.input(index).ok()?;
        let n_input = n_elements(input)?;
        match &input.ints {
            Some(ints) => all.extend(ints),
            None => all.extend(std::iter::repeat_n(Num::Unknown, n_input)),
        }
        if all.len() > n {
            return None;
        }
    }
    Some(all)
}

fn slice(op: &Op<'_, '_>) -> Option<Vec<Num>> {
    let ints = op.ints(0).ok()?;
    let cuts = super::index::cuts(op, 1).ok()?;
    let [cut] = cuts.as_slice() else { return None };
    if cut.keeps_all(Dim::Known(ints.len())) {
        return Some(ints.to_vec());
    }
    let (start, end, step) = (cut.start.known()?, cut.end.known()?, cut.step.known()?);
    let n = i64::try_from(ints.len()).ok()?;
    let place = |at: i64| if at < 0 { at.saturating_add(n) } else { at };
    let (low, high) = if step > 0 { (0, n) } else { (-1, n.checked_sub(1)?) };
    let mut at = place(start).clamp(0, high.max(0));
    let end = place(end).clamp(low, high.max(low));
    let mut kept = Vec::new();
    while step != 0 && (if step > 0 { at < end } else { at > end }) {
        kept.push(*ints.get(usize::try_from(at).ok()?)?);
        at = at.checked_add(step)?;
    }
    Some(kept)
}

fn gather(op: &Op<'_, '_>) -> Option<Vec<Num>> {
    let (data, indices) = (op.ints(0).ok()?, op.ints(1).ok()?);
    // A scalar has no axis to gather along.
    if op.dims(0).ok()?.len() != 1 {
        return None;
    }
    let pick = |index: &Num| {
        let index = super::op::absolute(index.known()?, data.len())?;
        data.get(index).copied()
    };
    indices.iter().map(pick).collect()
}

fn range(op: &Op<'_, '_>, n: usize) -> Option<Vec<Num>> {
    let number = |index: usize| op.ints(index).ok()?.first()?.known();
    let (start, delta) = (number(0)?, number(2)?);
    let at = |at: usize| start.checked_add(delta.checked_mul(i64::try_from(at).ok()?)?);
    (0..n).map(|index| at(index).map(Num::Known)).collect()
}

/// The element of a small operand at a place, one element standing for all.
fn element(ints: &[Num], at: usize, n: usize) -> Option<Num> {
    match ints {
        [one] => Some(*one),
        all if all.len() == n => all.get(at).copied(),
        _ => None,
    }
}

fn choose(op: &Op<'_, '_>, n: usize) -> Option<Vec<Num>> {
    let (which, yes, no) = (op.ints(0).ok()?, op.ints(1).ok()?, op.ints(2).ok()?);
    let pick = |at: usize| {
        let (yes, no) = (element(yes, at, n)?, element(no, at, n)?);
        Some(match element(which, at, n)? {
            Num::Known(0) => no,
            Num::Known(_) => yes,
            Num::Symbol(_) | Num::Unknown if yes == no => yes,
            Num::Symbol(_) | Num::Unknown => Num::Unknown,
        })
    };
    (0..n).map(pick).collect()
}

/// All elements of a vector in one.
fn folded<'a, 'm>(
    op: &mut Op<'a, 'm>,
    fold: impl Fn(&mut Op<'a, 'm>, Num, Num) -> Num,
) -> Option<Vec<Num>> {
    let ints = op.ints(0).ok()?;
    let is_reduced = super::reduce::reduced_axes(op, op.dims(0).ok()?.len()).ok()?;
    if is_reduced != [true] {
        return None;
    }
    let (first, others) = ints.split_first()?;
    Some(vec![others.iter().fold(*first, |sum, &int| fold(op, sum, int))])
}

fn unary(op: &Op<'_, '_>) -> Option<Vec<Num>> {
    let change = |int: &Num| match (op.node.op_type.as_str(), *int) {
        ("Not", Num::Known(truth)) => Num::Known(i64::from(truth == 0)),
        ("Neg", Num::Known(number)) => number.checked_neg().map_or(Num::Unknown, Num::Known),
        ("Abs", Num::Known(number)) => number.checked_abs().map_or(Num::Unknown, Num::Known),
        ("Abs", extent @ Num::Symbol(_)) => extent,
        _ => Num::Unknown,
    };
    Some(op.ints(0).ok()?.iter().map(change).collect())
}

fn binary(op: &mut Op<'_, '_>, n: usize) -> Option<Vec<Num>> {
    let (a, b) = (op.ints(0).ok()?, op.ints(1).ok()?);
    if op.node.input.len() != 2 {
        return None;
    }
    let combine: fn(&mut Op<'_, '_>, Num, Num) -> Num = match op.node.op_type.as_str() {
        "Add" => |op, a, b| op.symbols.plus(a, b),
        "Sub" => |op, a, b| op.symbols.minus(a, b),
        "Mul" => |op, a, b| op.product(a, b),
        "Div" => |op, a, b| op.quotient(a, b),
        "Equal" => |_, a, b| equal(a, b),
        // With a negative operand there are two remainders to choose from.
        "Mod" => |_, a, b| known(a, b, |a, b| a.checked_rem(b).filter(|_| a >= 0 && b >= 0)),
        "Min" => |_, a, b| known(a, b, |a, b| Some(a.min(b))),
        "Max" => |_, a, b| known(a, b, |a, b| Some(a.max(b))),
        "Greater" => |_, a, b| known(a, b, |a, b| Some(i64::from(a > b))),
        "Less" => |_, a, b| known(a, b, |a, b| Some(i64::from(a < b))),
        "GreaterOrEqual" => |_, a, b| known(a, b, |a, b| Some(i64::from(a >= b))),
        "LessOrEqual" => |_, a, b| known(a, b, |a, b| Some(i64::from(a <= b))),
        "And" => |_, a, b| known(a, b, |a, b| Some(i64::from(a != 0 && b != 0))),
        "Or" => |_, a, b| known(a, b, |a, b| Some(i64::from(a != 0 || b != 0))),
        _ => return None,
    };
    (0..n).map(|at| Some(combine(op, element(a, at, n)?, element(b, at, n)?))).collect()
}

fn known(a: Num, b: Num, combine: impl Fn(i64, i64) -> Option<i64>) -> Num {
    let both = a.known().zip(b.known());
    both.and_then(|(a, b)| combine(a, b)).map_or(Num::Unknown, Num::Known)
}

fn equal(a: Num, b: Num) -> Num {
    match (a, b) {
        (Num::Known(a), Num::Known(b)) => Num::Known(i64::from(a == b)),
        (Num::Symbol(a), Num::Symbol(b)) if a == b => Num::Known(1),
        // An extent is never negative.
        (Num::Symbol(_), Num::Known(number)) | (Num::Known(number), Num::Symbol(_))
            if number < 0 =>
        {
            Num::Known(0)
        }
        _ => Num::Unknown,
    }
}

impl Op<'_, '_> {
    fn product(&mut self, a: Num, b: Num) -> Num {
        if let (Some(a), Some(b)) = (a.dim(), b.dim()) {
            return self.symbols.times(a, b).into();
        }
        known(a, b, i64::checked_mul)
    }

    fn quotient(&mut self, a: Num, b: Num) -> Num {
        if let (Some(a), Some(b)) = (a.dim(), b.dim())
            && let Some(quotient) = self.symbols.divided(a, b)
        {
            return quotient.into();
        }
        known(a, b, i64::checked_div)
    }
}
