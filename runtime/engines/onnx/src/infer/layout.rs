//! Operators that give the same elements in another shape.
#![expect(clippy::unnecessary_wraps, reason = "all rules of the table have one signature")]

use super::dim::{Dim, Num, Shown};
use super::elementwise::{INT64, Outputs};
use super::op::{Infer, Info, Needed, Op, same};

pub(super) fn reshape<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    let elem = op.elem(0);
    let from_attr: Vec<Num>;
    let target: &[Num] = if op.has_attr("shape") {
        from_attr = op.attr_ints("shape")?.iter().map(|&int| Num::Known(int)).collect();
        &from_attr
    } else if let Ok(ints) = op.ints(1) {
        ints
    } else {
        // How many numbers there are is the rank.
        let rank = match op.dims(1) {
            Ok([Dim::Known(rank)]) if *rank <= super::op::N_INTS_MAX => *rank,
            _ => return Ok(vec![Info::of_type(elem)]),
        };
        let dims = (0..rank).map(|_| op.fresh()).collect();
        return Ok(vec![Info::new(elem, dims)]);
    };
    let dims = op.dims(0).ok();
    let keeps_zero = op.int("allowzero", 0)? != 0;
    let mut shape = Vec::with_capacity(target.len());
    let mut rest = None;
    for (axis, number) in target.iter().enumerate() {
        shape.push(match *number {
            Num::Known(0) if !keeps_zero => match dims.and_then(|dims| dims.get(axis)) {
                Some(&dim) => dim,
                None => op.fresh(),
            },
            Num::Known(-1) if rest.is_none() => {
                rest = Some(axis);
                Dim::Known(1)
            }
            Num::Known(-1) => return Err(op.contradiction("one `-1`", "two of them")),
            number => match number.dim() {
                Some(dim) => dim,
                None => op.fresh(),
            },
        });
    }
    let others = op.symbols.product(&shape);
    let total = dims.map(|dims| op.symbols.product(dims));
    if let Some(axis) = rest {
        let extent = remaining(op, total, others, target)?;
        *shape.get_mut(axis).needed()? = extent;
    } else if let (Some(Dim::Known(total)), Dim::Known(others)) = (total, others)
        && total != others
    {
        return Err(op.misfit(0, format_args!("{others} elements for {}", Shown(&shape))));
    }
    Ok(vec![Info::new(elem, shape)])
}

/// The extent that `-1` stands for.
fn remaining(op: &mut Op<'_, '_>, total: Option<Dim>, others: Dim, target: &[Num]) -> Infer<Dim> {
    let Some(total) = total else { return Ok(op.fresh()) };
    match (op.symbols.divided(total, others), total, others) {
        (_, _, Dim::Known(0)) => Ok(op.fresh()),
        (Some(extent), ..) => Ok(extent),
        (None, Dim::Known(total), Dim::Known(others)) => {
            let target: Vec<_> = target.iter().map(|number| number.known().unwrap_or(-1)).collect();
            let expected = format_args!("a multiple of {others} elements for {target:?}");
            Err(op.misfit(0, format_args!("{expected} of {total}")))
        }
        (None, ..) => Ok(op.fresh()),
    }
}

pub(super) fn flatten<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    let elem = op.elem(0);
    let Ok(dims) = op.dims(0) else {
        let dims = vec![op.fresh(), op.fresh()];
        return Ok(vec![Info::new(elem, dims)]);
    };
    let axis = op.int("axis", 1)?;
    let Some((front, back)) =
        super::op::absolute(axis, dims.len()).and_then(|axis| dims.split_at_checked(axis))
    else {
        return Err(op.misfit(0, format_args!("at least {axis} axes")));
    };
    let dims = vec![op.symbols.product(front), op.symbols.product(back)];
    Ok(vec![Info::new(elem, dims)])
}

pub(super) fn squeeze<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    let elem = op.elem(0);
    let Ok(dims) = op.dims(0) else { return Ok(vec![Info::of_type(elem)]) };
    let mut goes = vec![false; dims.len()];
    match op.attr_or_input("axes", 1)? {
        Some(axes) => {
            for axis in axes {
                let axis = op.axis(axis, dims.len())?;
                if dims.get(axis).is_some_and(|dim| dim.known().is_some_and(|dim| dim != 1)) {
                    return Err(op.misfit(0, format_args!("1 at axis {axis}")));
                }
                *goes.get_mut(axis).needed()? = true;
            }
        }
        // Which axes are 1 must be known of all of them.
        None if dims.iter().all(|dim| dim.known().is_some()) => {
            goes = dims.iter().map(|dim| *dim == Dim::Known(1)).collect();
        }
        None => return Ok(vec![Info::of_type(elem)]),
    }
    let kept = dims.iter().zip(goes).filter_map(|(&dim, goes)| (!goes).then_some(dim));
    Ok(vec![Info::new(elem, kept.collect())])
}

pub(super) fn unsqueeze<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    let elem = op.elem(0);
    let Ok(dims) = op.dims(0) else { return Ok(vec![Info::of_type(elem)]) };
    let axes = op.attr_or_input("axes", 1)?.needed()?;
    let rank = dims.len().saturating_add(axes.len());
    if rank > super::op::N_INTS_MAX {
        return Ok(vec![Info::of_type(elem)]);
    }
    let mut is_new = vec![false; rank];
    for axis in axes {
        let axis = op.axis(axis, rank)?;
        let is_new = is_new.get_mut(axis).needed()?;
        if std::mem::replace(is_new, true) {
            return Err(op.contradiction("axes that differ", format_args!("{axis} twice")));
        }
    }
    let mut old = dims.iter();
    let dims = is_new
        .into_iter()
        .map(|is_new| if is_new { Some(Dim::Known(1)) } else { old.next().copied() });
    Ok(vec![Info::new(elem, dims.collect::<Option<_>>().needed()?)])
}

/// The permutation of a Transpose, for an input of this rank.
pub(crate) fn permutation(op: &Op<'_, '_>, rank: usize) -> Infer<Vec<usize>> {
    if !op.has_attr("perm") {
        return Ok((0..rank).rev().collect());
    }
    let perm = op.attr_ints("perm")?;
    let axes: Option<Vec<usize>> = perm.iter().map(|&axis| usize::try_from(axis).ok()).collect();
    let mut sorted = axes.clone().unwrap_or_default();
    sorted.sort_unstable();
    match axes {
        Some(axes) if sorted.into_iter().eq(0..rank) => Ok(axes),
        _ => {
            let expected = format_args!("attribute `perm` to order {rank} axes");
            Err(op.contradiction(expected, format_args!("{perm:?}")))
        }
    }
}

pub(super) fn transpose<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    let elem = op.elem(0);
    let Ok(dims) = op.dims(0) else { return Ok(vec![Info::of_type(elem)]) };
    let perm = permutation(op, dims.len())?;
    let dims: Option<Vec<Dim>> = perm.into_iter().map(|axis| dims.get(axis).copied()).collect();
    Ok(vec![Info::new(elem, dims.needed()?)])
}

pub(super) fn concat<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    let elem = op.elem(0);
    let axis = op.int("axis", i64::from(op.opset < 4))?;
    let mut joined: Option<(Vec<Dim>, usize)> = None;
    let mut is_known = true;
    for index in 0..op.node.input.len() {
        let Ok(dims) = op.dims(index) else {
            is_known = false;
            continue;
        };
        let Some((sum, axis)) = &mut joined else {
            joined = Some((dims.to_vec(), op.axis(axis, dims.len())?));
            continue;
        };
        if sum.len() != dims.len() {
            return Err(op.misfit(index, format_args!("{} axes", sum.len())));
        }
        for (other, (sum, &dim)) in sum.iter_mut().zip(dims).enumerate() {
            if other == *axis {
                let both = op.symbols.plus((*sum).into(), dim.into()).dim();
                let bounds = (op.symbols.at_least(*sum), op.symbols.at_least(dim));
                let bound = bounds.0.saturating_add(bounds.1);
                *sum = both.unwrap_or_else(|| op.symbols.fresh_from(bound));
            } else {
                let expected = format_args!("{} at axis {other}", sum.known().unwrap_or(0));
                *sum = match same(*sum, dim) {
                    Some(dim) => dim,
                    None => return Err(op.misfit(index, expected)),
                };
            }
        }
    }
    match joined {
        Some((mut dims, axis)) => {
            if !is_known {
                let extent = dims.get_mut(axis).needed()?;
                *extent = op.symbols.fresh_from(op.symbols.at_least(*extent));
            }
            Ok(vec![Info::new(elem, dims)])
        }
        None => Ok(vec![Info::of_type(elem)]),
    }
}

pub(super) fn split<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    let elem = op.elem(0);
    let n_outputs = op.node.output.len();
    let Ok(dims) = op.dims(0) else { return Ok(vec![Info::of_type(elem); n_outputs]) };
    let axis = op.axis(op.int("axis", 0)?, dims.len())?;
    let extent = dims.get(axis).copied().needed()?;
    let lengths: Option<Vec<Dim>> = if op.has_attr("split") || op.has(1) {
        let lengths = op.attr_or_input("split", 1).ok().flatten();
        lengths.and_then(|lengths| lengths.iter().map(|&n| Num::Known(n).dim()).collect())
    } else {
        parts(extent, n_outputs)
    };
    if let Some(lengths) = lengths.as_ref().filter(|lengths| lengths.len() == n_outputs) {
        let sum = lengths.iter().try_fold(0_usize, |sum, n| sum.checked_add(n.known()?));
        if let (Some(sum), Dim::Known(extent)) = (sum, extent)
            && sum != extent
        {
            return Err(op.misfit(0, format_args!("{sum} at axis {axis}")));
        }
    }
    let output = |index: usize, op: &mut Op<'_, 'm>| {
        let length = lengths.as_ref().and_then(|lengths| lengths.get(index).copied());
        let length = length.unwrap_or_else(|| op.symbols.fresh());
        let mut dims = dims.to_vec();
        if let Some(dim) = dims.get_mut(axis) {
            *dim = length;
        }
        Info::new(elem, dims)
    };
    Ok((0..n_outputs).map(|index| output(index, op)).collect())
}

/// Equal parts, of which the last is smaller where they do not come out even.
fn parts(extent: Dim, n_parts: usize) -> Option<Vec<Dim>> {
    let part = extent.known()?.div_ceil(n_parts.max(1));
    let mut left = extent.known()?;
    Some(
        (0..n_parts)
            .map(|_| {
                let length = part.min(left);
                left = left.saturating_sub(length);
                Dim::Known(length)
            })
            .collect(),
    )
}

pub(super) fn expand<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    let elem = op.elem(0);
    let (Ok(dims), Ok(target)) = (op.dims(0), op.ints(1)) else {
        return Ok(vec![Info::of_type(elem)]);
    };
    let target: Vec<Dim> =
        target.iter().map(|number| number.dim().unwrap_or_else(|| op.symbols.fresh())).collect();
    match op.broadcast(dims, &target) {
        Some(dims) => Ok(vec![Info::new(elem, dims)]),
        None => Err(op.misfit(0, format_args!("a shape that broadcasts with {}", Shown(&target)))),
    }
}

pub(super) fn tile<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    let elem = op.elem(0);
    let (Ok(dims), Ok(repeats)) = (op.dims(0), op.ints(1)) else {
        return Ok(vec![Info::of_type(elem)]);
    };
    if op.opset < 6 {
        return Ok(vec![Info::of_type(elem)]);
    }
    if repeats.len() != dims.len() {
        return Err(op.misfit(0, format_args!("{} axes as in the repeats", repeats.len())));
    }
    let mut extent = |(&dim, number): (&Dim, &Num)| match number.dim() {
        Some(repeats) => op.symbols.times(dim, repeats),
        None => op.symbols.fresh(),
    };
    let dims = dims.iter().zip(repeats).map(&mut extent).collect();
    Ok(vec![Info::new(elem, dims)])
}

/// How much is added before and after each of `rank` axes.
pub(crate) fn pads(op: &Op<'_, '_>, rank: usize) -> Infer<Vec<(i64, i64)>> {
    let name = if op.has_attr("paddings") { "paddings" } else { "pads" };
    let pads = op.attr_or_input(name, 1)?.needed()?;
    let axes: Vec<usize> = if op.has(3) {
        let axes = op.known_ints(3)?;
        axes.into_iter().map(|axis| op.axis(axis, rank)).collect::<Infer<_>>()?
    } else {
        (0..rank).collect()
    };
    if pads.len() != axes.len().saturating_mul(2) {
        let expected = format_args!("{} numbers of padding", axes.len().saturating_mul(2));
        return Err(op.contradiction(expected, pads.len()));
    }
    let (before, after) = pads.split_at_checked(axes.len()).needed()?;
    let mut all = vec![(0, 0); rank];
    for (axis, pads) in axes.into_iter().zip(before.iter().zip(after)) {
        *all.get_mut(axis).needed()? = (*pads.0, *pads.1);
    }
    Ok(all)
}

pub(super) fn pad<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    let elem = op.elem(0);
    let Ok(dims) = op.dims(0) else { return Ok(vec![Info::of_type(elem)]) };
    let pads = match pads(op, dims.len()) {
        Ok(pads) => pads,
        Err(super::op::Stop::Unknown) => {
            let dims = dims.iter().map(|_| op.symbols.fresh()).collect();
            return Ok(vec![Info::new(elem, dims)]);
        }
        Err(contradiction) => return Err(contradiction),
    };
    let mut extent = |(&dim, (before, after)): (&Dim, (i64, i64))| {
        let more = before.checked_add(after).map_or(Num::Unknown, Num::Known);
        let extent = op.symbols.plus(dim.into(), more).dim();
        let known = op.symbols.at_least(dim).saturating_add_signed(before);
        let bound = known.saturating_add_signed(after);
        extent.unwrap_or_else(|| op.symbols.fresh_from(bound))
    };
    let dims = dims.iter().zip(pads).map(&mut extent).collect();
    Ok(vec![Info::new(elem, dims)])
}

pub(super) fn depth_to_space<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    blocks(op, |op, [c, h, w], block| {
        let area = op.symbols.times(block, block);
        let c = op.symbols.divided(c, area).unwrap_or_else(|| op.symbols.fresh());
        [c, op.symbols.times(h, block), op.symbols.times(w, block)]
    })
}

pub(super) fn space_to_depth<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    blocks(op, |op, [c, h, w], block| {
        let area = op.symbols.times(block, block);
        let c = op.symbols.times(c, area);
        let mut part = |dim| op.symbols.divided(dim, block).unwrap_or_else(|| op.symbols.fresh());
        let (h, w) = (part(h), part(w));
        [c, h, w]
    })
}

fn blocks<'m>(
    op: &mut Op<'_, 'm>,
    change: impl FnOnce(&mut Op<'_, 'm>, [Dim; 3], Dim) -> [Dim; 3],
) -> Outputs<'m> {
    let &[n, c, h, w] = op.dims(0)? else { return Err(op.misfit(0, "4 axes")) };
    let block = Num::Known(op.int("blocksize", 0)?).dim();
    let block = block.filter(|block| *block != Dim::Known(0)).needed()?;
    let [c, h, w] = change(op, [c, h, w], block);
    Ok(vec![Info::new(op.elem(0), vec![n, c, h, w])])
}

/// Shape: one number an axis.
pub(super) fn shape<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    let Ok(dims) = op.dims(0) else { return Ok(vec![Info::new(INT64, vec![op.fresh()])]) };
    let part = shape_part(op, dims)?;
    let ints = part.iter().map(|&dim| dim.into()).collect();
    Ok(vec![Info { ints: Some(ints), ..Info::new(INT64, vec![Dim::Known(part.len())]) }])
}

fn shape_part<'d>(op: &Op<'_, '_>, dims: &'d [Dim]) -> Infer<&'d [Dim]> {
    let rank = i64::try_from(dims.len()).ok().needed()?;
    let clamp = |axis: i64| {
        let axis = if axis < 0 { axis.saturating_add(rank) } else { axis };
        usize::try_from(axis.clamp(0, rank)).ok().needed()
    };
    let (start, end) = (clamp(op.int("start", 0)?)?, clamp(op.int("end", rank)?)?);
    Ok(dims.get(start..end).unwrap_or_default())
}

pub(super) fn size<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    let mut info = Info::new(INT64, Vec::new());
    if let Ok(dims) = op.dims(0) {
        info.ints = Some(vec![op.symbols.product(dims).into()]);
    }
    Ok(vec![info])
}
