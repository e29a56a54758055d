//! Operators that change shapes: where the axis of the rows comes out.

use crate::infer::dim::Dim;
use crate::infer::op::absolute;
use crate::infer::{index, layout, reduce, spatial};

use super::{Found, Rows, Step, Track};

/// The axis along which rows lie in the output; `None` where they may meet.
pub(super) fn axis(step: &mut Step<'_, '_>) -> Option<usize> {
    match step.op.node.op_type.as_str() {
        "ConstantOfShape" => repeated(step),
        "Expand" => expand(step),
        "Concat" => concat(step),
        "Slice" => slice(step),
        "Resize" | "Upsample" => resize(step),
        "Transpose" => {
            let rows = step.first_alone()?;
            let perm = layout::permutation(&step.op, step.dims(0)?.len()).ok()?;
            perm.iter().position(|&axis| axis == rows)
        }
        "Squeeze" => without(step, &axes_named(step)?),
        "Unsqueeze" => unsqueeze(step),
        "ArgMax" | "ArgMin" => {
            let axis = absolute(step.op.int("axis", 0).ok()?, step.dims(0)?.len())?;
            reduced(step, |other| other == axis)
        }
        "TopK" | "Split" => {
            let default = if step.op.node.op_type == "TopK" { -1 } else { 0 };
            let axis = absolute(step.op.int("axis", default).ok()?, step.dims(0)?.len())?;
            step.first_alone().filter(|rows| *rows != axis)
        }
        "OneHot" => {
            let (rows, rank) = (step.first_alone()?, step.dims(0)?.len());
            let axis = absolute(step.op.int("axis", -1).ok()?, rank.checked_add(1)?)?;
            rows.checked_add(usize::from(rows >= axis))
        }
        "Tile" => {
            let rows = step.first_alone()?;
            let repeats = step.op.ints(1).ok()?.get(rows)?.known();
            (repeats == Some(1)).then_some(rows)
        }
        "Pad" => {
            let rows = step.first_alone()?;
            let pads = layout::pads(&step.op, step.dims(0)?.len()).ok()?;
            (pads.get(rows) == Some(&(0, 0))).then_some(rows)
        }
        name if name.starts_with("Reduce") => {
            let is_reduced = reduce::reduced_axes(&step.op, step.dims(0)?.len()).ok()?;
            reduced(step, |axis| is_reduced.get(axis) == Some(&true))
        }
        _ => None,
    }
}

/// The first input's rows, of which a count may tell how many there are.
fn first_with_count(step: &Step<'_, '_>) -> Option<usize> {
    let (_, others) = step.tracks.split_first()?;
    let is_row = |track: &Track| matches!(track, Track::Rows(_));
    if others.iter().any(is_row) { None } else { step.rows(0) }
}

/// Reshape and Flatten. In memory, rows come in turns: the batch over and over, each row a block of
/// neighbouring elements. They are along an axis of the output if it starts where a row starts.
pub(super) fn reshaped(step: &mut Step<'_, '_>) -> Option<Found> {
    if !matches!(step.op.node.op_type.as_str(), "Reshape" | "Flatten") {
        return None;
    }
    first_with_count(step)?;
    let Some(Track::Rows(rows)) = step.tracks.first().copied() else { return None };
    let before = step.op.dims(0).ok()?.get(..rows.axis)?;
    let symbols = &mut *step.op.symbols;
    let before = symbols.product(before);
    let all_turns = symbols.times(before, rows.turns);
    let one = Dim::Known(1);
    let mut best: Option<([bool; 3], Rows)> = None;
    let mut product = one;
    let output = step.output?.dims.as_deref()?;
    for (axis, &dim) in output.iter().enumerate() {
        if let Some(turns) = symbols.divided(all_turns, product)
            && let Some(in_turn) = symbols.divided(dim, turns)
            && let Some(slices) = symbols.divided(in_turn, step.batch)
        {
            // With the batch fixed to one row, several axes may do. The last one has features.
            let is_last = axis.checked_add(1) == Some(output.len());
            let rank = [is_last && slices != one, turns != one, slices != one];
            if best.is_none_or(|(other, _)| rank < other) {
                best = Some((rank, Rows { axis, turns }));
            }
        }
        product = symbols.times(product, dim);
    }
    best.map(|(_, rows)| Found::Rows(rows))
}

/// A value that is the same for all rows, repeated along the one axis that is as long as the batch.
fn repeated(step: &mut Step<'_, '_>) -> Option<usize> {
    if step.tracks.iter().any(|track| matches!(track, Track::Rows(_))) {
        return None;
    }
    let output = step.output?.dims.as_deref()?;
    let mut axes = output.iter().enumerate();
    let (axis, _) = axes.find(|(_, dim)| step.op.symbols.mentions_batch(**dim))?;
    Some(axis)
}

fn expand(step: &mut Step<'_, '_>) -> Option<usize> {
    if step.tracks.first()? == &Track::Free {
        return repeated(step);
    }
    let rows = first_with_count(step)?;
    let (dims, output) = (step.dims(0)?, step.output?.dims.as_deref()?);
    let axis = rows.checked_add(output.len().checked_sub(dims.len())?)?;
    (output.get(axis) == dims.get(rows)).then_some(axis)
}

fn concat(step: &Step<'_, '_>) -> Option<usize> {
    let mut rows = (0..step.tracks.len()).filter_map(|index| Some((index, step.rows(index)?)));
    let (first, rows) = rows.next()?;
    let dims = step.dims(first)?;
    let axis = absolute(step.op.int("axis", 0).ok()?, dims.len())?;
    let extent = dims.get(rows)?;
    let is_alike = |index: usize| {
        // What is the same for all rows has one only where the batch has one only.
        let has_rows = match step.tracks.get(index) {
            Some(Track::Free) => step.batch == Dim::Known(1),
            _ => step.rows(index) == Some(rows),
        };
        has_rows && step.dims(index).and_then(|dims| dims.get(rows)) == Some(extent)
    };
    (axis != rows && (0..step.tracks.len()).all(is_alike)).then_some(rows)
}

fn slice(step: &Step<'_, '_>) -> Option<usize> {
    let rows = first_with_count(step)?;
    let dims = step.dims(0)?;
    let cuts = index::cuts(&step.op, dims.len()).ok()?;
    let extent = *dims.get(rows)?;
    let keeps_rows = cuts.iter().all(|cut| cut.axis != rows || cut.keeps_all(extent));
    keeps_rows.then_some(rows)
}

fn resize(step: &Step<'_, '_>) -> Option<usize> {
    let rows = first_with_count(step)?;
    let op = &step.op;
    let crops = op.string("coordinate_transformation_mode").ok()? == Some("tf_crop_and_resize");
    let axes = spatial::resized_axes(op, step.dims(0)?.len()).ok()?;
    let Some(at) = axes.iter().position(|&axis| axis == rows) else {
        return (!crops).then_some(rows);
    };
    let is_kept = if op.opset >= 11 && op.has(3) {
        let policy = op.string("keep_aspect_ratio_policy").ok()?;
        let size = op.ints(3).ok()?.get(at)?.dim();
        policy.is_none_or(|policy| policy == "stretch") && size == step.dims(0)?.get(rows).copied()
    } else {
        spatial::scales(op)?.get(at)?.to_bits() == 1.0_f32.to_bits()
    };
    (is_kept && !crops).then_some(rows)
}

/// The axes that a Squeeze names; without names it depends on the extents which go.
fn axes_named(step: &Step<'_, '_>) -> Option<Vec<usize>> {
    let rank = step.dims(0)?.len();
    let axes = step.op.attr_or_input("axes", 1).ok()??;
    axes.into_iter().map(|axis| absolute(axis, rank)).collect()
}

fn without(step: &Step<'_, '_>, gone: &[usize]) -> Option<usize> {
    let rows = step.first_alone()?;
    let n_before = gone.iter().filter(|&&axis| axis < rows).count();
    if gone.contains(&rows) { None } else { rows.checked_sub(n_before) }
}

fn unsqueeze(step: &Step<'_, '_>) -> Option<usize> {
    let rows = step.first_alone()?;
    let axes = step.op.attr_or_input("axes", 1).ok()??;
    let rank = step.dims(0)?.len().checked_add(axes.len())?;
    let new: Option<Vec<usize>> = axes.into_iter().map(|axis| absolute(axis, rank)).collect();
    let new = new?;
    (0..rank).filter(|axis| !new.contains(axis)).nth(rows)
}

/// Operators that reduce some axes to one number, which may stay as an axis of extent 1.
fn reduced(step: &Step<'_, '_>, is_reduced: impl Fn(usize) -> bool) -> Option<usize> {
    let rows = step.first_alone()?;
    if is_reduced(rows) {
        return None;
    }
    if step.op.int("keepdims", 1).ok()? != 0 {
        return Some(rows);
    }
    let n_before = (0..rows).filter(|&axis| is_reduced(axis)).count();
    rows.checked_sub(n_before)
}
