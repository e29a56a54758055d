//! Resize and Upsample: nearest elements, and linear interpolation.
//!
//! Where an element of the result lies in the input is computed in single precision, as
//! onnxruntime 1.32 computes it; a scale that gives another extent in double precision is refused.
//! Cubic interpolation, antialiasing and the region of interest are not supported.

mod place;

use radiant_core::{DType, Error, Shape, Tensor};

use crate::Unsupported;
use crate::fact::Fact;
use crate::registers::{Inputs, RANK_MAX};

use crate::op::axes::{around, axis, product};
use crate::op::broadcast::PerAxis;
use crate::op::{Built, NodeContext, Op, Outputs};

use super::column::{Column, Move, Moving, elements};
use super::ints::{Ints, extent, known};
use super::order::checked_rank;

use place::{Along, Coordinates, Rounding};

/// How the result's extents are found.
struct Extents {
    /// The input that has one scale for each axis.
    scales: Option<Scales>,
    /// The input that has the extents.
    sizes: Option<usize>,
    /// The axes that those are of; all without.
    axes: Option<Vec<i64>>,
    policy: Policy,
}

enum Scales {
    Fixed(Vec<f32>),
    Input(usize),
}

/// What becomes of the ratio of extents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Policy {
    Stretch,
    /// Kept, within the extents that are asked for.
    NotLarger,
    /// Kept, with the extents that are asked for at least.
    NotSmaller,
}

impl Extents {
    /// The extent and the scale of each axis.
    fn read(&self, inputs: Inputs<'_>, shape: &Shape) -> Result<[(usize, f32); RANK_MAX], Error> {
        let rank = checked_rank(shape)?;
        let mut all = [(0, 1.0); RANK_MAX];
        for (to, &dim) in all.iter_mut().zip(shape.dims()) {
            to.0 = dim;
        }
        let n = self.axes.as_ref().map_or(rank, Vec::len);
        let at = |i: usize| match &self.axes {
            Some(axes) => axis(axes[i], rank),
            None => Ok(i),
        };
        let is_given = |index: &usize| inputs.optional(*index).is_some_and(|v| !v.data.is_empty());
        if let Some(index) = self.sizes.filter(is_given) {
            let sizes = Ints::read(inputs, index)?;
            check_count(n, sizes.len())?;
            for i in 0..n {
                let (at, size) = (at(i)?, extent(sizes.at(i))?);
                all[at] = (size, size as f32 / shape.dims()[at] as f32);
            }
            return self.keep_ratio(shape, all, (0..n).map(at));
        }
        let scales = match &self.scales {
            Some(Scales::Fixed(scales)) => scales.as_slice(),
            Some(Scales::Input(index)) => inputs.slice::<f32>(*index)?,
            None => return Err(Error::model_failed("expected scales or sizes, got none")),
        };
        check_count(n, scales.len())?;
        for (i, &scale) in scales.iter().enumerate() {
            let at = at(i)?;
            all[at] = (scaled(shape.dims()[at], scale)?, scale);
        }
        Ok(all)
    }

    fn keep_ratio(
        &self,
        shape: &Shape,
        mut all: [(usize, f32); RANK_MAX],
        axes: impl Iterator<Item = Result<usize, Error>> + Clone,
    ) -> Result<[(usize, f32); RANK_MAX], Error> {
        if self.policy == Policy::Stretch {
            return Ok(all);
        }
        let mut common: Option<f32> = None;
        for at in axes.clone() {
            let scale = all[at?].1;
            common = Some(match (common, self.policy) {
                (None, _) => scale,
                (Some(common), Policy::NotSmaller) => common.max(scale),
                (Some(common), _) => common.min(scale),
            });
        }
        for at in axes {
            let (at, scale) = (at?, common.unwrap_or(1.0));
            let size = (scale * shape.dims()[at] as f32 + 0.5).floor();
            all[at] = (whole(size)?, scale);
        }
        Ok(all)
    }
}

fn check_count(expected: usize, got: usize) -> Result<(), Error> {
    if expected == got {
        return Ok(());
    }
    Err(Error::model_failed(format!("expected scales or sizes of {expected} axes, got {got}")))
}

/// An extent times a scale, rounded down.
fn scaled(extent: usize, scale: f32) -> Result<usize, Error> {
    let single = whole((extent as f32 * scale).floor())?;
    let double = whole((extent as f64 * f64::from(scale)).floor())?;
    // A scale that is no number is not above zero either.
    if single == double && scale > 0.0 {
        return Ok(single);
    }
    Err(Error::model_failed(format!("an axis of {extent} times {scale} has no certain extent")))
}

fn whole(size: impl Into<f64>) -> Result<usize, Error> {
    #[expect(clippy::cast_possible_truncation, reason = "floats that are too large saturate")]
    extent(size.into() as i64)
}

struct Nearest {
    extents: Extents,
    coordinates: Coordinates,
    rounding: Rounding,
}

impl Move for Nearest {
    fn run<C: Column>(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let shape = inputs.view(0)?.shape;
        let all = self.extents.read(inputs, shape)?;
        let dims: Vec<usize> = all[..shape.rank()].iter().map(|(extent, _)| *extent).collect();
        let from = elements::<C>(inputs, 0)?;
        let out = C::reset(outputs.first(), &dims)?;
        if dims.contains(&0) {
            return Ok(());
        }
        let mut places: Vec<Vec<usize>> = Vec::new();
        for (&n, (extent, scale)) in shape.dims().iter().zip(all) {
            let along = Along { from: n, to: extent, scale };
            places.push(along.nearest(self.coordinates, self.rounding)?);
        }
        let Some((last, outer)) = places.split_last() else {
            out.append(from, 0..1);
            return Ok(());
        };
        let n_last = shape.dims()[outer.len()];
        let mut counts = PerAxis::default();
        for _ in 0..product(&dims[..outer.len()]) {
            let row = outer.iter().zip(shape.dims()).zip(&counts);
            let row = row.fold(0, |row, ((places, &n), &at)| row * n + places[at]);
            for &at in last {
                out.append(from, row * n_last + at..row * n_last + at + 1);
            }
            for (count, places) in counts[..outer.len()].iter_mut().zip(outer).rev() {
                *count += 1;
                if *count < places.len() {
                    break;
                }
                *count = 0;
            }
        }
        Ok(())
    }
}

struct Linear {
    extents: Extents,
    coordinates: Coordinates,
}

impl Op for Linear {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let shape = inputs.view(0)?.shape;
        let all = self.extents.read(inputs, shape)?;
        let dims: Vec<usize> = all[..shape.rank()].iter().map(|(extent, _)| *extent).collect();
        let out = outputs.first().reset::<f32>(&dims)?;
        let mut values = inputs.slice::<f32>(0)?.to_vec();
        let along = |at: usize| Along { from: shape.dims()[at], to: all[at].0, scale: all[at].1 };
        let mut axes: Vec<usize> = (0..shape.rank()).filter(|&at| !along(at).is_same()).collect();
        // What shrinks goes first, so that nothing in between is larger than the ends.
        axes.sort_by(|&a, &b| all[a].1.total_cmp(&all[b].1));
        if dims.contains(&0) {
            return Ok(());
        }
        let mut current = shape.clone();
        for at in axes {
            let extent = all[at].0;
            let (n_outer, n, inner) = around(&current, at);
            let taps = along(at).linear(self.coordinates)?;
            let mut next = Vec::with_capacity(n_outer * extent * inner);
            for block in values.chunks_exact(n * inner).take(n_outer) {
                for tap in &taps {
                    let low = &block[tap.low * inner..][..inner];
                    let high = &block[tap.high * inner..][..inner];
                    let pairs = low.iter().zip(high);
                    next.extend(pairs.map(|(low, high)| low * (1.0 - tap.part) + high * tap.part));
                }
            }
            values = next;
            let mut changed = current.dims().to_vec();
            changed[at] = extent;
            current.set(&changed);
        }
        out.extend_from_slice(&values);
        Ok(())
    }
}

/// The names of the attributes of Resize since each version of the operator.
fn attributes(opset: i64) -> &'static [&'static str] {
    match opset {
        ..11 => &["mode"],
        11..18 => &[
            "mode",
            "coordinate_transformation_mode",
            "cubic_coeff_a",
            "exclude_outside",
            "extrapolation_value",
            "nearest_mode",
        ],
        _ => &[
            "mode",
            "coordinate_transformation_mode",
            "cubic_coeff_a",
            "exclude_outside",
            "extrapolation_value",
            "nearest_mode",
            "antialias",
            "axes",
            "keep_aspect_ratio_policy",
        ],
    }
}

/// Builds a Resize.
pub(super) fn resize(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(attributes(context.opset))?;
    let node = context.node;
    for name in ["antialias", "exclude_outside"] {
        if node.int(name, 0)? != 0 {
            return Err(context.refuse_value(name, 1));
        }
    }
    let (coordinates, rounding) = if context.opset < 11 {
        (Coordinates::Asymmetric, Rounding::FloorOfLarger)
    } else {
        let name = node.string("coordinate_transformation_mode")?.unwrap_or("half_pixel");
        let coordinates = Coordinates::named(name)
            .ok_or_else(|| context.refuse_value("coordinate_transformation_mode", name))?;
        let name = node.string("nearest_mode")?.unwrap_or("round_prefer_floor");
        let rounding =
            Rounding::named(name).ok_or_else(|| context.refuse_value("nearest_mode", name))?;
        (coordinates, rounding)
    };
    let name = node.string("keep_aspect_ratio_policy")?.unwrap_or("stretch");
    let policy = match name {
        "stretch" => Policy::Stretch,
        "not_larger" => Policy::NotLarger,
        "not_smaller" => Policy::NotSmaller,
        other => return Err(context.refuse_value("keep_aspect_ratio_policy", other)),
    };
    let scales = if context.opset < 11 { 1 } else { 2 };
    if context.optional(3).is_some() {
        context.expect_dtypes(3, &[DType::I64])?;
    }
    let axes = node.attribute("axes").map(|_| node.ints("axes").map(<[_]>::to_vec)).transpose()?;
    let extents = Extents {
        scales: context.optional(scales).is_some().then_some(Scales::Input(scales)),
        sizes: context.optional(3).is_some().then_some(3),
        axes,
        policy,
    };
    if extents.scales.is_some() {
        context.expect_dtype(scales, DType::F32)?;
    }
    // Readings differ on where the corners of an extent are that had to be rounded.
    let whole = |scales: &[f32]| scales.iter().all(|scale| scale.fract() == 0.0);
    let is_whole = context.constant(scales).and_then(|scales| scales.as_slice()).is_some_and(whole);
    if coordinates == Coordinates::AlignCorners && extents.sizes.is_none() && !is_whole {
        return Err(context.refuse(
            "attribute `coordinate_transformation_mode`: `align_corners` with scales that are not \
             constant whole numbers is not supported",
        ));
    }
    build(context, extents, coordinates, rounding)
}

/// Builds an Upsample, which is what Resize was before.
pub(super) fn upsample(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    let scales = match context.opset {
        ..7 => return Err(context.refuse("this version of the operator is not supported")),
        7 | 8 => {
            context.attributes(&["mode", "scales"])?;
            Scales::Fixed(context.node.floats("scales")?.to_vec())
        }
        _ => {
            context.attributes(&["mode"])?;
            context.expect_dtype(1, DType::F32)?;
            Scales::Input(1)
        }
    };
    let policy = Policy::Stretch;
    let extents = Extents { scales: Some(scales), sizes: None, axes: None, policy };
    build(context, extents, Coordinates::Asymmetric, Rounding::FloorOfLarger)
}

fn build(
    context: &NodeContext<'_>,
    extents: Extents,
    coordinates: Coordinates,
    rounding: Rounding,
) -> Result<Built, Unsupported> {
    let fact = context.fact(0)?;
    if let (Some(rank), Some(axes)) = (fact.rank(), &extents.axes) {
        known(context, axes.iter().try_for_each(|&at| axis(at, rank).map(drop)))?;
    }
    let scales = match &extents.scales {
        Some(Scales::Input(index)) => context.constant(*index).and_then(Tensor::as_slice::<f32>),
        _ => None,
    };
    if let (Some(dims), Some(scales), None) = (&fact.dims, scales, &extents.axes) {
        for (&from, &scale) in dims.iter().flatten().zip(scales).filter(|_| !dims.contains(&None)) {
            let to = known(context, scaled(from, scale))?;
            known(context, Along { from, to, scale }.check(coordinates))?;
        }
    }
    let dims = fact.rank().map(|rank| vec![None; rank]);
    let fact = Fact { dtype: fact.dtype, dims };
    let mode = context.node.string("mode")?.unwrap_or("nearest");
    match mode {
        // A rounding error decides between two elements that are equally near.
        "nearest" if coordinates == Coordinates::HalfPixelSymmetric => {
            Err(context.refuse_value("coordinate_transformation_mode", "half_pixel_symmetric"))
        }
        "nearest" => {
            Ok(Built::step(context, Moving(Nearest { extents, coordinates, rounding }), fact))
        }
        "linear" => {
            context.expect_dtype(0, DType::F32)?;
            Ok(Built::step(context, Linear { extents, coordinates }, fact))
        }
        other => Err(context.refuse_value("mode", other)),
    }
}
