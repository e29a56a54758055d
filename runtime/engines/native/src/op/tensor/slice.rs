//! Slice: a range of some axes, forwards or backwards.

use radiant_core::{Error, Shape};

use crate::Unsupported;
use crate::fact::Fact;
use crate::registers::{Inputs, RANK_MAX};

use crate::op::axes::axis;
use crate::op::{Built, NodeContext, Outputs};

use super::column::{Column, Move, Moving, elements};
use super::ints::{Ints, Source, known};
use super::order::checked_rank;
use super::walk::{Walk, row_major};

/// Ranges of axes.
struct Slice {
    starts: Source,
    ends: Source,
    axes: Option<Source>,
    steps: Option<Source>,
}

/// A range of one axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Range {
    start: i64,
    end: i64,
    step: i64,
}

impl Range {
    const ALL: Self = Self { start: 0, end: i64::MAX, step: 1 };

    /// The first place and the number of places within an axis of this extent. Bounds beyond it
    /// are brought to its ends, as the specification of version 10 tells.
    fn within(self, extent: usize) -> (usize, usize) {
        let n = i64::try_from(extent).unwrap_or(i64::MAX);
        let from_start = |at: i64| if at < 0 { at.saturating_add(n) } else { at };
        let (least, most) = if self.step > 0 { (0, n) } else { (-1, n - 1) };
        // Backwards, a start before the first place is the first place.
        let start = from_start(self.start).clamp(0, if self.step > 0 { n } else { (n - 1).max(0) });
        let end = from_start(self.end).clamp(least.min(most), most.max(least));
        if n == 0 {
            return (0, 0);
        }
        let distance = if self.step > 0 { end - start } else { start - end };
        let by = self.step.unsigned_abs();
        let count = u64::try_from(distance).unwrap_or(0).div_ceil(by);
        (usize::try_from(start).unwrap_or(0), usize::try_from(count).unwrap_or(0))
    }
}

impl Move for Slice {
    fn run<C: Column>(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let shape = inputs.view(0)?.shape;
        let axes = self.axes.as_ref().map(|axes| axes.read(inputs)).transpose()?;
        let steps = self.steps.as_ref().map(|steps| steps.read(inputs)).transpose()?;
        let parts =
            Parts { starts: self.starts.read(inputs)?, ends: self.ends.read(inputs)?, axes, steps };
        let ranges = parts.ranges(checked_rank(shape)?)?;
        let mut strides = [0; RANK_MAX];
        row_major(shape.dims(), &mut strides);
        let (mut first, mut dims) = (0_usize, Shape::new(&[]));
        let mut steps = [0; RANK_MAX];
        for (axis, &extent) in shape.dims().iter().enumerate() {
            let (start, count) = ranges[axis].within(extent);
            dims.push(count);
            first = first.wrapping_add(start.wrapping_mul(strides[axis].cast_unsigned()));
            // With more than one place, the step is below the extent.
            steps[axis] =
                strides[axis].wrapping_mul(isize::try_from(ranges[axis].step).unwrap_or(0));
        }
        let mut walk = Walk::from(first);
        for (&count, &step) in dims.dims().iter().zip(&steps) {
            walk.push(count, step)?;
        }
        let out = C::reset(outputs.first(), dims.dims())?;
        walk.append(elements::<C>(inputs, 0)?, out);
        Ok(())
    }
}

/// What a slice is given.
struct Parts<'a> {
    starts: Ints<'a>,
    ends: Ints<'a>,
    axes: Option<Ints<'a>>,
    steps: Option<Ints<'a>>,
}

impl Parts<'_> {
    /// The range of each axis.
    fn ranges(&self, rank: usize) -> Result<[Range; RANK_MAX], Error> {
        let n = self.starts.len();
        let agree = |ints: Option<Ints<'_>>| ints.is_none_or(|ints| ints.len() == n);
        if self.ends.len() != n || !agree(self.axes) || !agree(self.steps) || n > rank {
            let what = format!("expected bounds of at most {rank} axes, got {n} and others");
            return Err(Error::model_failed(what));
        }
        let mut ranges = [Range::ALL; RANK_MAX];
        let mut is_given = [false; RANK_MAX];
        for at in 0..n {
            let axis = match self.axes {
                Some(axes) => axis(axes.at(at), rank)?,
                None => at,
            };
            if std::mem::replace(&mut is_given[axis], true) {
                return Err(Error::model_failed(format!("axis {axis} is sliced twice")));
            }
            let step = self.steps.map_or(1, |steps| steps.at(at));
            if step == 0 {
                return Err(Error::model_failed("expected a step other than 0"));
            }
            let (start, end) = (self.starts.at(at), self.ends.at(at));
            // Backwards, onnxruntime reads the greatest integers as no bound and the specification
            // as the end that a slice starts from.
            if step < 0 && (end == i64::MAX || end == i64::from(i32::MAX)) {
                let what = format!("an end of `{end}` of a slice backwards is not supported");
                return Err(Error::model_failed(what));
            }
            ranges[axis] = Range { start, end, step };
        }
        Ok(ranges)
    }
}

/// Builds a Slice.
pub(super) fn slice(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    let of_inputs = context.opset >= 10;
    context.attributes(if of_inputs { &[] } else { &["axes", "ends", "starts"] })?;
    let source = |name, index| Source::attribute_until(context, 10, name, index);
    let needed = |what: &str| context.refuse(format!("there are no {what}"));
    let slice = Slice {
        starts: source("starts", 1)?.ok_or_else(|| needed("starts"))?,
        ends: source("ends", 2)?.ok_or_else(|| needed("ends"))?,
        axes: source("axes", 3)?,
        steps: if of_inputs { Source::input(context, 4)? } else { None },
    };
    let fact = context.fact(0)?;
    let dims = match &fact.dims {
        Some(dims) => known(context, slice.known_dims(context, dims))?,
        None => None,
    };
    let fact = Fact { dtype: fact.dtype, dims };
    Ok(Built::step(context, Moving(slice), fact))
}

impl Slice {
    /// What is known of the result. Axes that are not sliced keep their extents.
    fn known_dims(
        &self,
        context: &NodeContext<'_>,
        dims: &[Option<usize>],
    ) -> Result<Option<Vec<Option<usize>>>, Error> {
        let list = |source: &Option<Source>| match source {
            None => Some(None),
            Some(source) => source.known(context).map(Some),
        };
        let (Some(starts), Some(ends), Some(axes), Some(steps)) = (
            self.starts.known(context),
            self.ends.known(context),
            list(&self.axes),
            list(&self.steps),
        ) else {
            return Ok(Some(vec![None; dims.len()]));
        };
        let parts = Parts {
            starts: Ints::I64(&starts),
            ends: Ints::I64(&ends),
            axes: axes.as_deref().map(Ints::I64),
            steps: steps.as_deref().map(Ints::I64),
        };
        if dims.len() > RANK_MAX {
            return Ok(None);
        }
        let ranges = parts.ranges(dims.len())?;
        let dim = |(dim, range): (&Option<usize>, &Range)| match *range {
            Range::ALL => *dim,
            range => dim.map(|extent| range.within(extent).1),
        };
        Ok(Some(dims.iter().zip(&ranges).map(dim).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_beyond_an_axis_are_its_ends() {
        let within = |start, end, step, extent| Range { start, end, step }.within(extent);
        assert_eq!(within(1, 4, 2, 5), (1, 2));
        assert_eq!(within(-100, 100, 2, 5), (0, 3));
        assert_eq!(within(100, -100, -2, 5), (4, 3));
        assert_eq!(within(-1, i64::MIN, -1, 5), (4, 5));
        assert_eq!(within(i64::MIN, i64::MAX, i64::MAX, 5), (0, 1));
        assert_eq!(within(i64::MAX, i64::MIN, i64::MIN, 5), (4, 1));
        assert_eq!(within(3, 3, -1, 5).1, 0);
        assert_eq!(within(-9, -1, -1, 5).1, 0);
        assert_eq!(within(3, 1, 1, 5).1, 0);
        assert_eq!(within(3, -9, -1, 0), (0, 0));
        assert_eq!(within(0, 9, 1, 0), (0, 0));
    }
}
