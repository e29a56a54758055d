//! Pad and CenterCropPad: more at the ends of axes, or less.

use radiant_core::{DType, Error, Shape, Tensor};

use crate::Unsupported;
use crate::fact::Fact;
use crate::registers::{Inputs, RANK_MAX};

use crate::op::axes::{axis, product};
use crate::op::broadcast::PerAxis;
use crate::op::{Built, NodeContext, Outputs};

use super::column::{Column, Move, Moving, elements, elements_of};
use super::ints::{Ints, Source, extent, known};
use super::order::checked_rank;

/// What is put beyond the ends of an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Constant,
    /// The element at the end.
    Edge,
    /// The elements before the end, from there backwards.
    Reflect,
    /// The elements from the other end on.
    Wrap,
}

/// How many elements an axis gains at its ends, or loses.
#[derive(Debug, Clone, Copy, Default)]
struct Ends {
    before: i64,
    after: i64,
}

/// One axis of the input and of the result.
#[derive(Debug, Clone, Copy, Default)]
struct Axis {
    /// The first element that is kept.
    start: usize,
    /// Elements that are kept.
    kept: usize,
    /// Elements before those.
    before: usize,
    /// Elements of the result.
    extent: usize,
}

impl Axis {
    /// Ends that are cut off are gone before others are made of what is left, as for onnxruntime.
    fn new(mode: Mode, extent: usize, Ends { before, after }: Ends) -> Result<Self, Error> {
        let failed = || {
            let what = format!("an axis of {extent} cannot be padded by {before} and {after}");
            Error::model_failed(what)
        };
        let amount = |pad: i64| usize::try_from(pad.unsigned_abs()).map_err(|_too_large| failed());
        let cut = |pad: i64| if pad < 0 { amount(pad) } else { Ok(0) };
        let added = |pad: i64| if pad > 0 { amount(pad) } else { Ok(0) };
        let (start, end) = (cut(before)?, cut(after)?);
        let kept = extent.checked_sub(start).and_then(|left| left.checked_sub(end));
        let kept = kept.ok_or_else(failed)?;
        let (before, after) = (added(before)?, added(after)?);
        let enough = match mode {
            Mode::Constant => true,
            Mode::Edge | Mode::Wrap => kept > 0,
            Mode::Reflect => before.max(after) < kept,
        };
        let total = kept.checked_add(before).and_then(|sum| sum.checked_add(after));
        match total {
            Some(extent) if enough || before == 0 && after == 0 => {
                Ok(Self { start, kept, before, extent })
            }
            _ => Err(failed()),
        }
    }

    /// The place in the input of one in the result; none where the constant is.
    fn source(&self, mode: Mode, at: usize) -> Option<usize> {
        let kept = self.kept;
        let inside = match at.checked_sub(self.before) {
            Some(at) if at < kept => at,
            Some(at) => match mode {
                Mode::Constant => return None,
                Mode::Edge => kept - 1,
                Mode::Reflect => 2 * (kept - 1) - at,
                Mode::Wrap => at % kept,
            },
            None => {
                let distance = self.before - at;
                match mode {
                    Mode::Constant => return None,
                    Mode::Edge => 0,
                    Mode::Reflect => distance,
                    Mode::Wrap => (kept - distance % kept) % kept,
                }
            }
        };
        Some(self.start + inside)
    }
}

/// Where the number of elements comes from.
enum Amounts {
    /// The amounts before axes, and then those after them.
    Pads { pads: Source, axes: Option<Source> },
    /// Extents to bring axes to by as much at both ends, the odd one at the end.
    Extents { axes: Option<Vec<i64>> },
}

struct Pad {
    mode: Mode,
    amounts: Amounts,
    /// The constant, where it is not zero.
    value: Value,
}

enum Value {
    Zero,
    Fixed(Tensor),
    /// The input at this index.
    Input(usize),
}

impl Amounts {
    fn read(&self, inputs: Inputs<'_>, shape: &Shape) -> Result<[Ends; RANK_MAX], Error> {
        let mut ends = [Ends::default(); RANK_MAX];
        let rank = checked_rank(shape)?;
        let (amounts, axes, per_axis) = match self {
            Self::Pads { pads, axes } => {
                let axes = axes.as_ref().map(|axes| axes.read(inputs)).transpose()?;
                (pads.read(inputs)?, axes, 2)
            }
            Self::Extents { axes } => (Ints::read(inputs, 1)?, axes.as_deref().map(Ints::I64), 1),
        };
        let n = axes.map_or(rank, Ints::len);
        if amounts.len() != n.saturating_mul(per_axis) {
            let (expected, got) = (n.saturating_mul(per_axis), amounts.len());
            return Err(Error::model_failed(format!("expected {expected} amounts, got {got}")));
        }
        for i in 0..n {
            let axis = axis(axes.map_or(i64::try_from(i).unwrap_or(0), |axes| axes.at(i)), rank)?;
            ends[axis] = match self {
                Self::Pads { .. } => Ends { before: amounts.at(i), after: amounts.at(n + i) },
                Self::Extents { .. } => centred(shape.dims()[axis], amounts.at(i))?,
            };
        }
        Ok(ends)
    }
}

/// What brings an axis to an extent.
fn centred(from: usize, to: i64) -> Result<Ends, Error> {
    let to = extent(to)?;
    let distance = i64::try_from(from.abs_diff(to))
        .map_err(|_too_large| Error::model_failed(format!("expected a lesser extent, got {to}")))?;
    let (before, after) = (distance / 2, distance - distance / 2);
    Ok(if to < from { Ends { before: -before, after: -after } } else { Ends { before, after } })
}

impl Move for Pad {
    fn run<C: Column>(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let shape = inputs.view(0)?.shape;
        let ends = self.amounts.read(inputs, shape)?;
        let mut axes = [Axis::default(); RANK_MAX];
        let mut dims = Shape::new(&[]);
        for ((axis, &extent), ends) in axes.iter_mut().zip(shape.dims()).zip(ends) {
            *axis = Axis::new(self.mode, extent, ends)?;
            dims.push(axis.extent);
        }
        let value = match &self.value {
            Value::Zero => None,
            Value::Fixed(value) => Some(elements_of::<C>(&value.data)?),
            Value::Input(index) => inputs
                .optional(*index)
                .filter(|view| !view.data.is_empty())
                .map(|view| elements_of::<C>(view.data))
                .transpose()?,
        };
        let from = elements::<C>(inputs, 0)?;
        let out = C::reset(outputs.first(), dims.dims())?;
        if dims.dims().contains(&0) {
            return Ok(());
        }
        let Some((last, outer)) = axes[..shape.rank()].split_last() else {
            out.append(from, 0..1);
            return Ok(());
        };
        let fill = |out: &mut C, n: usize| match value {
            Some(value) => out.repeat(value, 0, n),
            None => out.append_zeros(n),
        };
        each_row(outer, &dims, |counts| {
            let mut row = Some(0);
            for (i, axis) in outer.iter().enumerate() {
                let at = axis.source(self.mode, counts[i]);
                row = row.zip(at).map(|(row, at)| row * shape.dims()[i] + at);
            }
            let Some(row) = row else { return fill(out, last.extent) };
            let start = row * shape.dims()[outer.len()];
            let is_filled = self.mode == Mode::Constant;
            if is_filled {
                fill(out, last.before);
            }
            self.row::<C>(last, start, from, out);
            if is_filled {
                fill(out, last.extent - last.before - last.kept);
            }
        });
        Ok(())
    }
}

impl Pad {
    /// Appends a row of the result, of which there is one in the input at `start`.
    fn row<C: Column>(&self, axis: &Axis, start: usize, from: &C::Elements, out: &mut C) {
        let beyond = |out: &mut C, range: std::ops::Range<usize>| {
            for at in range.filter_map(|at| axis.source(self.mode, at)) {
                out.append(from, start + at..start + at + 1);
            }
        };
        beyond(out, 0..axis.before);
        let first = start + axis.start;
        out.append(from, first..first + axis.kept);
        beyond(out, axis.before + axis.kept..axis.extent);
    }
}

/// Calls `row` with the places along the outer axes of each row of a shape.
fn each_row(outer: &[Axis], dims: &Shape, mut row: impl FnMut(&PerAxis)) {
    let mut counts = PerAxis::default();
    for _ in 0..product(&dims.dims()[..outer.len()]) {
        row(&counts);
        for (count, axis) in counts[..outer.len()].iter_mut().zip(outer).rev() {
            *count += 1;
            if *count < axis.extent {
                break;
            }
            *count = 0;
        }
    }
}

/// What is known of the result.
fn padded(context: &NodeContext<'_>, pad: &Pad) -> Result<Fact, Unsupported> {
    let fact = context.fact(0)?;
    let unknown = |dims: &Vec<Option<usize>>| vec![None; dims.len()];
    let Some(from) = &fact.dims else { return Ok(Fact::of(fact.dtype)) };
    let refused = || context.refuse(format!("the amounts do not fit the axes of {fact}"));
    let dims = match &pad.amounts {
        Amounts::Pads { pads, axes } => {
            let axes = axes.as_ref().map(|axes| axes.known(context));
            match (pads.known(context), axes) {
                (Some(pads), None) => {
                    let all: Vec<i64> = (0..).take(from.len()).collect();
                    Some((pads, all))
                }
                (Some(pads), Some(Some(axes))) => Some((pads, axes)),
                _ => None,
            }
        }
        Amounts::Extents { .. } => None,
    };
    let Some((pads, axes)) = dims else {
        return Ok(Fact { dtype: fact.dtype, dims: Some(unknown(from)) });
    };
    if pads.len() != 2 * axes.len() {
        return Err(refused());
    }
    let mut dims = from.clone();
    for (i, &at) in axes.iter().enumerate() {
        let at = known(context, axis(at, from.len()))?;
        let ends = Ends { before: pads[i], after: pads[axes.len() + i] };
        dims[at] = match from[at] {
            Some(extent) => Some(known(context, Axis::new(pad.mode, extent, ends))?.extent),
            None => None,
        };
    }
    Ok(Fact { dtype: fact.dtype, dims: Some(dims) })
}

/// Builds a Pad.
pub(super) fn pad(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(match context.opset {
        ..2 => &["mode", "paddings", "value"],
        2..11 => &["mode", "pads", "value"],
        _ => &["mode"],
    })?;
    let mode = match context.node.string("mode")?.unwrap_or("constant") {
        "constant" => Mode::Constant,
        "edge" => Mode::Edge,
        "reflect" => Mode::Reflect,
        "wrap" => Mode::Wrap,
        mode => return Err(context.refuse_value("mode", mode)),
    };
    let name = if context.opset < 2 { "paddings" } else { "pads" };
    let pads = Source::attribute_until(context, 11, name, 1)?;
    let pads = pads.ok_or_else(|| context.refuse(format!("there are no {name}")))?;
    let axes = if context.opset < 18 { None } else { Source::input(context, 3)? };
    let value = value(context)?;
    let pad = Pad { mode, amounts: Amounts::Pads { pads, axes }, value };
    let fact = padded(context, &pad)?;
    Ok(Built::step(context, Moving(pad), fact))
}

fn value(context: &NodeContext<'_>) -> Result<Value, Unsupported> {
    let dtype = context.fact(0)?.dtype;
    if context.opset < 11 {
        let value = context.node.float("value", 0.0)?;
        return Ok(match dtype {
            _ if value == 0.0 => Value::Zero,
            DType::F32 => Value::Fixed(Tensor::new("", &[], vec![value])),
            DType::F64 => Value::Fixed(Tensor::new("", &[], vec![f64::from(value)])),
            _ => return Err(context.refuse_value("value", value)),
        });
    }
    let Some(fact) = context.optional(2) else { return Ok(Value::Zero) };
    context.expect_dtype(2, dtype)?;
    if fact.n_elements().is_some_and(|n| n > 1) {
        return Err(context.refuse(format!("a constant of {fact} is not supported")));
    }
    Ok(Value::Input(2))
}

/// Builds a CenterCropPad.
pub(super) fn center_crop_pad(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&["axes"])?;
    context.expect_dtypes(1, &[DType::I64, DType::I32])?;
    let axes = match Source::attribute(context, "axes")? {
        Some(Source::Fixed(axes)) => Some(axes),
        _ => None,
    };
    let amounts = Amounts::Extents { axes };
    let pad = Pad { mode: Mode::Constant, amounts, value: Value::Zero };
    let fact = padded(context, &pad)?;
    Ok(Built::step(context, Moving(pad), fact))
}
