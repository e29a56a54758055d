//! Col2Im: overlapping blocks added up to an image.

use std::marker::PhantomData;

use radiant_core::{Error, Shape};

use crate::Unsupported;
use crate::fact::Fact;
use crate::registers::{Inputs, RANK_MAX};

use crate::op::axes::product;
use crate::op::broadcast::PerAxis;
use crate::op::{Built, NodeContext, Op, Outputs};

use super::ints::{Ints, Source, extent};
use super::number::{Number, numbers};

struct Col2Im<T> {
    dilations: Vec<i64>,
    strides: Vec<i64>,
    /// Those before all axes, and then those after.
    pads: Vec<i64>,
    elements: PhantomData<T>,
}

/// One axis of an image and of the blocks on it.
#[derive(Debug, Clone, Copy, Default)]
struct Axis {
    image: usize,
    block: usize,
    dilation: usize,
    stride: usize,
    pad: usize,
    /// Places of blocks.
    n_places: usize,
}

impl Axis {
    /// Where element `of_block` of the block at `place` is, unless it is beyond the image.
    fn at(&self, place: usize, of_block: usize) -> Option<usize> {
        let at = place * self.stride + of_block * self.dilation;
        at.checked_sub(self.pad).filter(|&at| at < self.image)
    }
}

impl<T: Number> Op for Col2Im<T> {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let shape = inputs.view(0)?.shape;
        let (image, block) = (Ints::read(inputs, 1)?, Ints::read(inputs, 2)?);
        let mut axes = [Axis::default(); RANK_MAX];
        let axes = axes.get_mut(..image.len()).filter(|_| block.len() == image.len());
        let failed = || Error::model_failed(format!("the columns {shape} do not fit the image"));
        let axes = axes.ok_or_else(failed)?;
        for (i, axis) in axes.iter_mut().enumerate() {
            *axis = self.axis(i, extent(image.at(i))?, extent(block.at(i))?).ok_or_else(failed)?;
        }
        let blocks = each(axes, |axis| axis.block);
        let places = each(axes, |axis| axis.n_places);
        let (&[n, rows, columns], n_block) = (shape.dims(), product(&blocks[..axes.len()])) else {
            return Err(failed());
        };
        if n_block == 0 || rows % n_block != 0 || columns != product(&places[..axes.len()]) {
            return Err(failed());
        }
        let mut dims = Shape::from([n, rows / n_block]);
        axes.iter().map(|axis| axis.image).for_each(|dim| dims.push(dim));
        let out = outputs.first().reset::<T>(dims.dims())?;
        out.resize(product(dims.dims()), T::default());
        let values = inputs.slice::<T>(0)?;
        let n_image = product(&dims.dims()[2..]);
        if n_image == 0 || values.is_empty() {
            return Ok(());
        }
        for (row, columns) in values.chunks_exact(columns).enumerate() {
            let image = &mut out[row / n_block * n_image..][..n_image];
            add_row(axes, row % n_block, columns, image);
        }
        Ok(())
    }
}

fn each(axes: &[Axis], of: impl Fn(&Axis) -> usize) -> PerAxis {
    let mut all = PerAxis::default();
    all.iter_mut().zip(axes).for_each(|(to, axis)| *to = of(axis));
    all
}

/// Adds one element of all blocks to an image.
fn add_row<T: Number>(axes: &[Axis], of_block: usize, columns: &[T], image: &mut [T]) {
    let mut in_block = PerAxis::default();
    let mut rest = of_block;
    for (at, axis) in in_block.iter_mut().zip(axes).take(axes.len()).rev() {
        *at = rest % axis.block;
        rest /= axis.block;
    }
    for (column, &value) in columns.iter().enumerate() {
        let (mut rest, mut step, mut to) = (column, 1, Some(0));
        for (axis, &at) in axes.iter().zip(&in_block).rev() {
            let along = axis.at(rest % axis.n_places, at);
            to = to.zip(along).map(|(to, along)| to + along * step);
            rest /= axis.n_places;
            step *= axis.image;
        }
        if let Some(to) = to.and_then(|to| image.get_mut(to)) {
            *to = to.plus(value);
        }
    }
}

impl<T> Col2Im<T> {
    /// `None` where blocks do not fit an axis, or an attribute is missing or out of its range.
    fn axis(&self, at: usize, image: usize, block: usize) -> Option<Axis> {
        let n = self.pads.len() / 2;
        let one = |list: &[i64], at: usize, default: i64| {
            let value = if list.is_empty() { default } else { *list.get(at)? };
            usize::try_from(value).ok()
        };
        let dilation = one(&self.dilations, at, 1).filter(|&dilation| dilation > 0)?;
        let stride = one(&self.strides, at, 1).filter(|&stride| stride > 0)?;
        let (pad, end) = (one(&self.pads, at, 0)?, one(&self.pads, n + at, 0)?);
        let padded = image.checked_add(pad)?.checked_add(end)?;
        let span = block.checked_sub(1)?.checked_mul(dilation)?.checked_add(1)?;
        let n_places = padded.checked_sub(span)? / stride + 1;
        Some(Axis { image, block, dilation, stride, pad, n_places })
    }
}

/// Builds a Col2Im.
pub(super) fn col2im(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&["dilations", "pads", "strides"])?;
    let node = context.node;
    let list = |name| node.ints(name).map(<[_]>::to_vec);
    let (dilations, strides, pads) = (list("dilations")?, list("strides")?, list("pads")?);
    for index in [1, 2] {
        Source::input(context, index)?.ok_or_else(|| context.refuse("there is no shape"))?;
    }
    let fact = context.fact(0)?;
    let op = numbers!(fact.dtype, T => {
        Box::new(Col2Im::<T> { dilations, strides, pads, elements: PhantomData }) as Box<dyn Op>
    });
    let op =
        op.ok_or_else(|| context.refuse(format!("input of {} is not supported", fact.dtype)))?;
    Ok(Built::Step { op, reads: vec![0, 1, 2], facts: vec![Fact::of(fact.dtype)] })
}
