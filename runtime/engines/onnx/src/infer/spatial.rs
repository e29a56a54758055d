//! Convolutions, pools and changes of size: `[batch, channels, ...]`.

use super::dim::{Dim, Num, Shown};
use super::elementwise::{INT32, INT64, Outputs};
use super::op::{Infer, Info, Needed, Op, same};

/// How windows go over the spatial axes.
struct Windows {
    strides: Vec<i64>,
    dilations: Vec<i64>,
    pads: Vec<i64>,
    auto_pad: AutoPad,
    rounds_up: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum AutoPad {
    Explicit,
    Same,
    Valid,
}

impl Windows {
    fn new(op: &Op<'_, '_>, n_axes: usize) -> Infer<Self> {
        let numbers = |name: &str, n: usize, default: i64| -> Infer<Vec<i64>> {
            let ints = op.attr_ints(name)?;
            match ints.len() {
                0 => Ok(vec![default; n]),
                len if len == n => Ok(ints.to_vec()),
                len => {
                    let expected = format_args!("{n} numbers in attribute `{name}`");
                    Err(op.contradiction(expected, len))
                }
            }
        };
        let auto_pad = match op.string("auto_pad")? {
            None | Some("NOTSET" | "") => AutoPad::Explicit,
            Some("SAME_UPPER" | "SAME_LOWER") => AutoPad::Same,
            Some("VALID") => AutoPad::Valid,
            Some(_) => return Err(super::op::Stop::Unknown),
        };
        Ok(Self {
            strides: numbers("strides", n_axes, 1)?,
            dilations: numbers("dilations", n_axes, 1)?,
            pads: numbers("pads", n_axes.saturating_mul(2), 0)?,
            auto_pad,
            rounds_up: op.int("ceil_mode", 0)? != 0,
        })
    }

    /// The number of windows along one axis, or a symbol that is as large as padding alone makes it.
    fn length(&self, op: &mut Op<'_, '_>, axis: usize, extent: Dim, window: Option<i64>) -> Dim {
        if let Some(count) = window.and_then(|window| self.count(axis, extent, window)) {
            return count;
        }
        let extent = usize::try_from(op.symbols.at_least(extent)).unwrap_or(usize::MAX);
        let least = self.count(axis, Dim::Known(extent), window.unwrap_or(1));
        op.symbols.fresh_from(least.map_or(1, |least| op.symbols.at_least(least)))
    }

    /// The number of windows along one axis; `None` if it is not known, or there is none.
    fn count(&self, axis: usize, extent: Dim, window: i64) -> Option<Dim> {
        let stride = *self.strides.get(axis).filter(|&&stride| stride > 0)?;
        let extent = i64::try_from(extent.known()?).ok()?;
        let dilation = *self.dilations.get(axis)?;
        let reach = window.checked_sub(1)?.checked_mul(dilation)?.checked_add(1)?;
        let before = *self.pads.get(axis)?;
        let (total, rounds_up) = match self.auto_pad {
            AutoPad::Same => {
                return Num::Known(ceil(extent, stride)?).dim();
            }
            AutoPad::Valid => (extent, self.rounds_up),
            AutoPad::Explicit => {
                let n_axes = self.pads.len().checked_div(2)?;
                let after = *self.pads.get(axis.checked_add(n_axes)?)?;
                (extent.checked_add(before)?.checked_add(after)?, self.rounds_up)
            }
        };
        let room = total.checked_sub(reach).filter(|&room| room >= 0)?;
        let mut steps = if rounds_up { ceil(room, stride)? } else { room.checked_div(stride)? };
        // A window that would start in the padding behind is left out.
        if rounds_up && steps.checked_mul(stride)? >= extent.checked_add(before)? {
            steps = steps.checked_sub(1)?;
        }
        Num::Known(steps.checked_add(1)?).dim()
    }
}

fn ceil(a: i64, b: i64) -> Option<i64> {
    a.checked_add(b)?.checked_sub(1)?.checked_div(b)
}

pub(super) fn conv<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    let elem = op.elem(0);
    convolution(op, 0, 1, elem)
}

pub(super) fn conv_integer<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    convolution(op, 0, 1, INT32)
}

pub(super) fn conv_quantized<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    let elem = op.elem(7);
    convolution(op, 0, 3, elem)
}

fn convolution<'m>(op: &mut Op<'_, 'm>, x: usize, w: usize, elem: i32) -> Outputs<'m> {
    let (Ok(dims), Ok(weights)) = (op.dims(x), op.dims(w)) else {
        return Ok(vec![Info::of_type(elem)]);
    };
    if dims.len() < 2 || dims.len() != weights.len() {
        return Err(op.misfit(w, format_args!("{} axes", dims.len().max(3))));
    }
    let (&[n, channels, ref spatial @ ..], &[maps, per_group, ref kernel @ ..]) = (dims, weights)
    else {
        return Err(super::op::Stop::Unknown);
    };
    let groups = usize::try_from(op.int("group", 1)?).ok().filter(|&groups| groups > 0).needed()?;
    if let (Dim::Known(channels), Dim::Known(per_group)) = (channels, per_group)
        && per_group.checked_mul(groups) != Some(channels)
    {
        let expected = format_args!("{channels} channels in {groups} groups of weights");
        return Err(op.misfit(w, expected));
    }
    let windows = Windows::new(op, spatial.len())?;
    let mut out = vec![n, maps];
    for (axis, (&extent, kernel)) in spatial.iter().zip(kernel).enumerate() {
        let window = kernel.known().and_then(|kernel| i64::try_from(kernel).ok());
        out.push(windows.length(op, axis, extent, window));
    }
    Ok(vec![Info::new(elem, out)])
}

pub(super) fn conv_transpose<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    let elem = op.elem(0);
    let (Ok(dims), Ok(weights)) = (op.dims(0), op.dims(1)) else {
        return Ok(vec![Info::of_type(elem)]);
    };
    if dims.len() < 2 || dims.len() != weights.len() {
        return Err(op.misfit(1, format_args!("{} axes", dims.len().max(3))));
    }
    let (&[n, channels, ref spatial @ ..], &[inputs, per_group, ref kernel @ ..]) = (dims, weights)
    else {
        return Err(super::op::Stop::Unknown);
    };
    if same(channels, inputs).is_none() {
        let channels = channels.known().unwrap_or(0);
        return Err(op.misfit(1, format_args!("weights for {channels} channels")));
    }
    let groups = Num::Known(op.int("group", 1)?).dim().needed()?;
    let mut out = vec![n, op.symbols.times(per_group, groups)];
    let windows = Windows::new(op, spatial.len())?;
    let shape = op.attr_ints("output_shape")?;
    let more = op.attr_ints("output_padding")?;
    for (axis, (&extent, kernel)) in spatial.iter().zip(kernel).enumerate() {
        let kernel = kernel.known().and_then(|kernel| i64::try_from(kernel).ok());
        let length = match shape.get(axis) {
            Some(&length) if shape.len() == spatial.len() => Some(length),
            Some(_) => None,
            None => kernel.and_then(|kernel| {
                let more = more.get(axis).copied().unwrap_or(0);
                windows.undone(axis, extent.known()?, kernel)?.checked_add(more)
            }),
        };
        let length = length.and_then(|length| Num::Known(length).dim());
        out.push(length.unwrap_or_else(|| {
            let n_windows = usize::try_from(op.symbols.at_least(extent)).unwrap_or(usize::MAX);
            let least = windows.undone(axis, n_windows, kernel.unwrap_or(1));
            let least =
                least.map(|least| least.saturating_add(more.get(axis).copied().unwrap_or(0)));
            op.symbols.fresh_from(least.and_then(|least| u64::try_from(least).ok()).unwrap_or(1))
        }));
    }
    Ok(vec![Info::new(elem, out)])
}

impl Windows {
    /// The extent that so many windows cover together.
    fn undone(&self, axis: usize, n_windows: usize, window: i64) -> Option<i64> {
        let n_windows = i64::try_from(n_windows).ok()?;
        let stride = *self.strides.get(axis)?;
        let dilation = *self.dilations.get(axis)?;
        let reach = window.checked_sub(1)?.checked_mul(dilation)?.checked_add(1)?;
        match self.auto_pad {
            AutoPad::Same => n_windows.checked_mul(stride),
            AutoPad::Valid | AutoPad::Explicit => {
                let all = n_windows.checked_sub(1)?.checked_mul(stride)?.checked_add(reach)?;
                let n_axes = self.pads.len().checked_div(2)?;
                let (before, after) =
                    (*self.pads.get(axis)?, *self.pads.get(axis.checked_add(n_axes)?)?);
                all.checked_sub(before)?.checked_sub(after)
            }
        }
    }
}

/// Pools over windows; a second output has the places of the maxima.
pub(super) fn pool<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    let elem = op.elem(0);
    let Ok(dims) = op.dims(0) else { return Ok(vec![Info::of_type(elem)]) };
    let &[n, channels, ref spatial @ ..] = dims else {
        return Err(op.misfit(0, "at least 3 axes"));
    };
    let kernel = op.attr_ints("kernel_shape")?;
    if kernel.len() != spatial.len() {
        return Err(op.misfit(0, format_args!("{} axes", kernel.len().saturating_add(2))));
    }
    let windows = Windows::new(op, spatial.len())?;
    let mut out = vec![n, channels];
    for (axis, (&extent, &window)) in spatial.iter().zip(kernel).enumerate() {
        out.push(windows.length(op, axis, extent, Some(window)));
    }
    Ok(vec![Info::new(elem, out.clone()), Info::new(INT64, out)])
}

/// Pools over everything but batch and channels.
pub(super) fn global<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    let mut dims = op.dims(0)?.to_vec();
    dims.iter_mut().skip(2).for_each(|dim| *dim = Dim::Known(1));
    Ok(vec![Info::new(op.elem(0), dims)])
}

/// Resize and Upsample: extents are given, or factors of them.
pub(super) fn resize<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    let elem = op.elem(0);
    let Ok(dims) = op.dims(0) else { return Ok(vec![Info::of_type(elem)]) };
    let axes = resized_axes(op, dims.len())?;
    let mut out = dims.to_vec();
    let sizes = (op.opset >= 11 && op.has(3)).then(|| op.ints(3));
    let keeps_ratio =
        op.string("keep_aspect_ratio_policy")?.is_some_and(|policy| policy != "stretch");
    let scales = scales(op);
    for (at, axis) in axes.into_iter().enumerate() {
        let dim = out.get_mut(axis).needed()?;
        let extent = match &sizes {
            Some(_) if keeps_ratio => None,
            Some(sizes) => sizes.as_ref().ok().and_then(|sizes| sizes.get(at)?.dim()),
            None => {
                let scale = scales.as_ref().and_then(|scales| scales.get(at).copied());
                scale.and_then(|scale| scaled(*dim, scale))
            }
        };
        *dim = extent.unwrap_or_else(|| op.symbols.fresh());
    }
    Ok(vec![Info::new(elem, out)])
}

/// The axes that a Resize names, all by default.
pub(crate) fn resized_axes(op: &Op<'_, '_>, rank: usize) -> Infer<Vec<usize>> {
    if !op.has_attr("axes") {
        return Ok((0..rank).collect());
    }
    op.attr_ints("axes")?.iter().map(|&axis| op.axis(axis, rank)).collect()
}

/// The factors of a Resize or Upsample, where they are known.
pub(crate) fn scales(op: &Op<'_, '_>) -> Option<Vec<f32>> {
    if op.has_attr("scales") {
        return op.node.floats("scales").ok().map(<[f32]>::to_vec);
    }
    let index = if op.node.op_type == "Resize" && op.opset >= 11 { 2 } else { 1 };
    op.input(index).ok()?.floats()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "casts of floats saturate, and a negative factor is none"
)]
fn scaled(dim: Dim, scale: f32) -> Option<Dim> {
    if scale.to_bits() == 1.0_f32.to_bits() {
        return Some(dim);
    }
    // In single precision, as the specification's reference does not say otherwise: where double
    // precision would round to another extent, neither is believed.
    let extent = dim.known()?;
    let (single, double) = (extent as f32 * scale, extent as f64 * f64::from(scale));
    let (single, double) = (single.floor() as usize, double.floor() as usize);
    (single == double).then_some(Dim::Known(single))
}

/// RoiAlign and MaxRoiPool: one small image a region.
pub(super) fn regions<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    let (x, rois) = (op.dims(0)?, op.dims(1)?);
    let (channels, n_rois) = (*x.get(1).needed()?, *rois.first().needed()?);
    let (height, width) = if op.node.op_type == "RoiAlign" {
        (op.int("output_height", 1)?, op.int("output_width", 1)?)
    } else {
        match op.attr_ints("pooled_shape")? {
            &[height, width] => (height, width),
            _ => return Err(super::op::Stop::Unknown),
        }
    };
    let size = |n: i64| Num::Known(n).dim().needed();
    let dims = vec![n_rois, channels, size(height)?, size(width)?];
    Ok(vec![Info::new(op.elem(0), dims)])
}

/// GridSample: the images at the places of a grid.
pub(super) fn grid_sample<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    let (x, grid) = (op.dims(0)?, op.dims(1)?);
    let Some((_, places)) = grid.split_last() else { return Err(super::op::Stop::Unknown) };
    if x.len() != grid.len() {
        return Err(op.misfit(1, format_args!("{} axes as in {}", x.len(), Shown(x))));
    }
    let dims = x.iter().take(2).chain(places.iter().skip(1));
    Ok(vec![Info::new(op.elem(0), dims.copied().collect())])
}
