//! Operators that put elements in another order or repeat them: Transpose, Expand, Tile, Slice,
//! DepthToSpace and SpaceToDepth.

use radiant_core::{Error, Shape};

use crate::Unsupported;
use crate::fact::Fact;
use crate::registers::{Inputs, RANK_MAX};

use crate::op::axes::axis;
use crate::op::{Built, NodeContext, Outputs, broadcast};

use super::column::{Column, Move, Moving, elements};
use super::ints::{Ints, Source, extent, known};
use super::walk::{Walk, row_major};

/// Axis `i` of the result is axis `permutation[i]`; without one, all axes are turned around.
struct Transpose(Option<Vec<usize>>);

impl Move for Transpose {
    fn run<C: Column>(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let shape = inputs.view(0)?.shape;
        let rank = shape.rank();
        if let Some(permutation) = &self.0
            && permutation.len() != rank
        {
            let expected = permutation.len();
            return Err(Error::model_failed(format!("expected rank {expected}, got {shape}")));
        }
        let from = |to: usize| self.0.as_ref().map_or(rank - 1 - to, |permutation| permutation[to]);
        let mut steps = [0; RANK_MAX];
        checked_rank(shape)?;
        row_major(shape.dims(), &mut steps);
        let (mut walk, mut dims) = (Walk::from(0), Shape::new(&[]));
        for axis in (0..rank).map(from) {
            dims.push(shape.dims()[axis]);
            walk.push(shape.dims()[axis], steps[axis])?;
        }
        let out = C::reset(outputs.first(), dims.dims())?;
        walk.append(elements::<C>(inputs, 0)?, out);
        Ok(())
    }
}

/// Refuses a value of more axes than steps write: requests may bring one.
pub(super) fn checked_rank(shape: &Shape) -> Result<usize, Error> {
    let rank = shape.rank();
    if rank <= RANK_MAX {
        return Ok(rank);
    }
    Err(Error::model_failed(format!("expected at most {RANK_MAX} axes, got {rank}")))
}

/// Builds a Transpose.
pub(super) fn transpose(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&["perm"])?;
    let fact = context.fact(0)?;
    if context.node.attribute("perm").is_none() {
        let dims = fact.dims.as_ref().map(|dims| dims.iter().rev().copied().collect());
        let fact = Fact { dtype: fact.dtype, dims };
        return Ok(Built::unary(Moving(Transpose(None)), fact));
    }
    let perm = context.node.ints("perm")?;
    let permutation: Result<Vec<usize>, Error> =
        perm.iter().map(|&at| axis(at, perm.len())).collect();
    let permutation = known(context, permutation)?;
    let is_permutation = (0..perm.len()).all(|axis| permutation.contains(&axis));
    if !is_permutation || fact.rank().is_some_and(|rank| rank != perm.len()) {
        return Err(context.refuse_value("perm", format!("{perm:?}")));
    }
    let dims = Some(permutation.iter().map(|&axis| fact.dim(axis)).collect());
    let fact = Fact { dtype: fact.dtype, dims };
    Ok(Built::unary(Moving(Transpose(Some(permutation))), fact))
}

/// Broadcasts to a shape that an input tells, in both directions.
struct Expand;

impl Move for Expand {
    fn run<C: Column>(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let shape = inputs.view(0)?.shape;
        let asked = Ints::read(inputs, 1)?;
        let mut target = Shape::new(&[]);
        for dim in asked.iter().take(RANK_MAX + 1) {
            target.push(extent(dim)?);
        }
        checked_rank(&target)?;
        checked_rank(shape)?;
        let dims = broadcast::shape(&[shape, &target])?;
        let steps = broadcast::strides(shape, dims.dims());
        let mut walk = Walk::from(0);
        for (&dim, &step) in dims.dims().iter().zip(&steps) {
            walk.push(dim, step.cast_signed())?;
        }
        let out = C::reset(outputs.first(), dims.dims())?;
        walk.append(elements::<C>(inputs, 0)?, out);
        Ok(())
    }
}

/// Builds an Expand.
pub(super) fn expand(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&[])?;
    let asked = Source::input(context, 1)?.ok_or_else(|| context.refuse("there is no shape"))?;
    let fact = context.fact(0)?;
    let fact = match asked.known(context) {
        Some(asked) => {
            let dims: Vec<_> = asked.iter().map(|&dim| usize::try_from(dim).ok()).collect();
            Fact::broadcast(fact.dtype, &[fact, &Fact::new(fact.dtype, &dims)])
        }
        None => Fact::of(fact.dtype),
    };
    Ok(Built::step(context, Moving(Expand), fact))
}

/// Repeats the value along each axis.
enum Tile {
    /// One number of repeats for each axis.
    All,
    /// Operator set 1: so many repeats of one axis.
    One,
}

impl Move for Tile {
    fn run<C: Column>(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let shape = inputs.view(0)?.shape;
        let rank = checked_rank(shape)?;
        let given = Ints::read(inputs, 1)?;
        let mut repeats = [1; RANK_MAX];
        match self {
            Self::One => {
                let axis = axis(Ints::read(inputs, 2)?.sole()?, rank)?;
                repeats[axis] = extent(given.sole()?)?;
            }
            Self::All if given.len() == rank => {
                for (repeat, given) in repeats.iter_mut().zip(given.iter()) {
                    *repeat = extent(given)?;
                }
            }
            Self::All => {
                let what = format!("expected {rank} repeats for {shape}, got {}", given.len());
                return Err(Error::model_failed(what));
            }
        }
        let mut steps = [0; RANK_MAX];
        row_major(shape.dims(), &mut steps);
        let (mut walk, mut dims) = (Walk::from(0), Shape::new(&[]));
        for (axis, &dim) in shape.dims().iter().enumerate() {
            dims.push(dim.saturating_mul(repeats[axis]));
            walk.push(repeats[axis], 0)?;
            walk.push(dim, steps[axis])?;
        }
        let out = C::reset(outputs.first(), dims.dims())?;
        walk.append(elements::<C>(inputs, 0)?, out);
        Ok(())
    }
}

/// Builds a Tile.
pub(super) fn tile(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&[])?;
    let fact = context.fact(0)?;
    let repeats = Source::input(context, 1)?;
    let repeats = repeats.ok_or_else(|| context.refuse("there are no repeats"))?;
    if context.opset < 6 {
        Source::input(context, 2)?.ok_or_else(|| context.refuse("there is no axis"))?;
        let fact = Fact::of(fact.dtype);
        return Ok(Built::step(context, Moving(Tile::One), fact));
    }
    let dims = match (&fact.dims, repeats.known(context)) {
        (Some(dims), Some(repeats)) if dims.len() == repeats.len() => {
            let dim = |(dim, repeat): (&Option<usize>, &i64)| {
                dim.and_then(|dim| dim.checked_mul(usize::try_from(*repeat).ok()?))
            };
            Some(dims.iter().zip(&repeats).map(dim).collect())
        }
        (Some(dims), Some(repeats)) => {
            let (expected, got) = (dims.len(), repeats.len());
            return Err(context.refuse(format!("expected {expected} repeats, got {got}")));
        }
        _ => None,
    };
    let fact = Fact { dtype: fact.dtype, dims };
    Ok(Built::step(context, Moving(Tile::All), fact))
}

/// Moves blocks of space into channels or back, as a transposition of six axes.
struct Blocks {
    size: usize,
    how: BlockOrder,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum BlockOrder {
    /// DepthToSpace: channels are `[block row, block column, channel]`.
    DepthColumnRow,
    /// DepthToSpace: channels are `[channel, block row, block column]`.
    ColumnRowDepth,
    /// SpaceToDepth, the inverse of the first.
    ToDepth,
    /// SpaceToDepth, the inverse of the second.
    ToDepthColumnRowDepth,
}

impl Blocks {
    /// The axes of the input, and of the result in terms of those.
    fn axes(
        &self,
        [batch, depth, height, width]: [usize; 4],
    ) -> Option<([usize; 6], [usize; 6], [usize; 4])> {
        let size = self.size;
        let divided = |extent: usize, by: usize| extent.is_multiple_of(by).then(|| extent / by);
        if matches!(self.how, BlockOrder::ToDepth | BlockOrder::ToDepthColumnRowDepth) {
            let (height, width) = (divided(height, size)?, divided(width, size)?);
            let order = if self.how == BlockOrder::ToDepth {
                [0, 3, 5, 1, 2, 4]
            } else {
                [0, 1, 3, 5, 2, 4]
            };
            let to = [batch, depth.checked_mul(size)?.checked_mul(size)?, height, width];
            return Some(([batch, depth, height, size, width, size], order, to));
        }
        let depth = divided(depth, size.checked_mul(size)?)?;
        let to = [batch, depth, height.checked_mul(size)?, width.checked_mul(size)?];
        if self.how == BlockOrder::DepthColumnRow {
            Some(([batch, size, size, depth, height, width], [0, 3, 4, 1, 5, 2], to))
        } else {
            Some(([batch, depth, size, size, height, width], [0, 1, 4, 2, 5, 3], to))
        }
    }
}

impl Move for Blocks {
    fn run<C: Column>(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let shape = inputs.view(0)?.shape;
        let dims: Option<[usize; 4]> = shape.dims().try_into().ok();
        let (split, order, dims) = dims.and_then(|dims| self.axes(dims)).ok_or_else(|| {
            let size = self.size;
            Error::model_failed(format!("expected blocks of {size} by {size}, got {shape}"))
        })?;
        let mut steps = [0; 6];
        row_major(&split, &mut steps);
        let mut walk = Walk::from(0);
        order.iter().try_for_each(|&axis| walk.push(split[axis], steps[axis]))?;
        let out = C::reset(outputs.first(), &dims)?;
        walk.append(elements::<C>(inputs, 0)?, out);
        Ok(())
    }
}

/// Builds a DepthToSpace or a SpaceToDepth.
pub(super) fn blocks(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&["blocksize", "mode"])?;
    let size = context.node.int("blocksize", 0)?;
    let size = usize::try_from(size).ok().filter(|&size| size > 0);
    let size = size.ok_or_else(|| context.refuse("expected attribute `blocksize` above 0"))?;
    let mode = context.node.string("mode")?.unwrap_or("DCR");
    let how = match (context.node.op_type.as_str(), mode) {
        ("DepthToSpace", "DCR") => BlockOrder::DepthColumnRow,
        ("DepthToSpace", "CRD") => BlockOrder::ColumnRowDepth,
        ("SpaceToDepth", "DCR") => BlockOrder::ToDepth,
        ("SpaceToDepth", "CRD") => BlockOrder::ToDepthColumnRowDepth,
        _ => return Err(context.refuse_value("mode", mode)),
    };
    let fact =
        Fact { dims: Some(vec![context.fact(0)?.dim(0), None, None, None]), ..*context.fact(0)? };
    Ok(Built::unary(Moving(Blocks { size, how }), fact))
}
