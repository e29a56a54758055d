//! QuantizeLinear, DequantizeLinear and DynamicQuantizeLinear of integers of 8 and 16 bits: one
//! scale, one for each index of an axis, or one for each block along it.

use std::marker::PhantomData;

use radiant_core::{DType, Error, Shape};
use radiant_onnx::{dtype_of, elem_type_name};

use crate::Unsupported;
use crate::fact::Fact;
use crate::registers::Inputs;

use super::number::{Number, dispatch};
use super::unary::between;
use crate::op::{Built, NodeContext, Op, Outputs, axes};

/// How scales lie along elements.
#[derive(Debug, Clone, Copy)]
struct Layout {
    axis: i64,
    /// Elements along the axis that share a scale; 0 where blocks are not asked for.
    block: usize,
}

/// The scale of each element in order, as an index.
#[derive(Debug, Clone, Copy)]
struct Scales {
    extent: usize,
    inner: usize,
    /// Scales along the axis, and elements for each of them.
    n_blocks: usize,
    block: usize,
    /// Whether scales differ beside the axis, too.
    is_blocked: bool,
}

impl Layout {
    fn of(context: &NodeContext<'_>) -> Result<Self, Unsupported> {
        let block = context.node.int("block_size", 0)?;
        let block =
            usize::try_from(block).map_err(|_| context.refuse_value("block_size", block))?;
        Ok(Self { axis: context.node.int("axis", 1)?, block })
    }

    /// How `scale` lies along a value of this shape.
    fn find(self, shape: &Shape, scale: &Shape) -> Result<Scales, Error> {
        if scale.n_elements() == Ok(1) && (scale.rank() <= 1 || self.block == 0) {
            let whole = Scales { extent: 1, inner: 1, n_blocks: 1, block: 1, is_blocked: false };
            return Ok(whole);
        }
        let at = axes::axis(self.axis, shape.rank())?;
        let (_, extent, inner) = axes::around(shape, at);
        if self.block == 0 {
            if scale.dims() == [extent] {
                let (n_blocks, block) = (extent, 1);
                return Ok(Scales { extent, inner, n_blocks, block, is_blocked: false });
            }
            let what = format!("expected one scale or {extent} of them, got {scale}");
            return Err(Error::model_failed(what));
        }
        let n_blocks = extent.div_ceil(self.block);
        let mut expected = Shape::new(&[]);
        for (axis, &dim) in shape.dims().iter().enumerate() {
            expected.push(if axis == at { n_blocks } else { dim });
        }
        if *scale != expected {
            let what = format!("expected scales {expected}, got {scale}");
            return Err(Error::model_failed(what));
        }
        Ok(Scales { extent, inner, n_blocks, block: self.block, is_blocked: true })
    }
}

impl Scales {
    /// Where the scale of the element at `index` is.
    fn at(self, index: usize) -> usize {
        let (row, column) = (index / self.inner, index % self.inner);
        let block = row % self.extent / self.block;
        if !self.is_blocked {
            return block;
        }
        (row / self.extent * self.n_blocks + block) * self.inner + column
    }
}

/// The zero points, if there are any, which lie as the scales do.
fn zero_points<'a, T: Number>(inputs: Inputs<'a>, scale: &Shape) -> Result<&'a [T], Error> {
    let Some(view) = inputs.optional(2) else { return Ok(&[]) };
    if view.shape.n_elements() != scale.n_elements() {
        let what = format!("expected zero points {scale}, got {}", view.shape);
        return Err(Error::model_failed(what));
    }
    inputs.slice(2)
}

/// Floats, or 32-bit integers, to integers.
struct Quantize<A, T> {
    layout: Layout,
    elements: PhantomData<(A, T)>,
}

/// The nearest integer, halves to even, that the type has.
pub(super) fn saturated<T: Number>(value: f32) -> T {
    // What is no number is nothing to round: as in onnxruntime 1.32, it is the least.
    let value = if value.is_nan() { f64::NEG_INFINITY } else { f64::from(value) };
    T::from_f64(value.round_ties_even())
}

impl<A: Number, T: Number> Op for Quantize<A, T> {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let (shape, scale_shape) = (inputs.view(0)?.shape, inputs.view(1)?.shape);
        let scales = self.layout.find(shape, scale_shape)?;
        let (x, scale) = (inputs.slice::<A>(0)?, inputs.slice::<f32>(1)?);
        let zeros = zero_points::<T>(inputs, scale_shape)?;
        let out = outputs.first().reset::<T>(shape.dims())?;
        out.extend(x.iter().enumerate().map(|(index, &x)| {
            let at = scales.at(index);
            let zero = zeros.get(at).map_or(0.0, |zero| zero.to_f64());
            let steps = (f32::from_f64(x.to_f64()) / scale[at]).round_ties_even();
            let steps = if steps.is_nan() { f64::NEG_INFINITY } else { f64::from(steps) };
            T::from_f64(steps + zero)
        }));
        Ok(())
    }
}

/// Builds a QuantizeLinear.
pub(super) fn quantize(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&["axis", "block_size", "output_dtype", "precision", "saturate"])?;
    let node = context.node;
    let layout = Layout::of(context)?;
    // Single precision is what is computed in anyway.
    let precision = node.int("precision", 0)?;
    if !matches!(precision, 0 | 1) {
        return Err(context.refuse_value("precision", precision));
    }
    let named = node.int("output_dtype", 0)?;
    let named = match i32::try_from(named).unwrap_or(-1) {
        0 => None,
        elem_type => Some(
            dtype_of(elem_type)
                .ok_or_else(|| context.refuse_value("output_dtype", elem_type_name(elem_type)))?,
        ),
    };
    let dtype = match (context.optional(2).map(|fact| fact.dtype), named) {
        (Some(zero), Some(named)) if zero != named => {
            return Err(context.refuse_value("output_dtype", named));
        }
        (zero, named) => zero.or(named).unwrap_or(DType::U8),
    };
    context.expect_dtype(1, DType::F32)?;
    let source = context.expect_dtypes(0, &[DType::F32, DType::I32])?;
    let op = dispatch!(dtype, [U8 u8, I8 i8, U16 u16, I16 i16], T => {
        dispatch!(source, [F32 f32, I32 i32], A => {
            Box::new(Quantize::<A, T> { layout, elements: PhantomData }) as Box<dyn Op>
        })
    });
    let op = op
        .flatten()
        .ok_or_else(|| context.refuse(format!("quantization to {dtype} is not supported")))?;
    let fact = context.fact(0)?.with_dtype(dtype);
    Ok(Built::Step { op, reads: (0..context.inputs.len()).collect(), facts: vec![fact] })
}

/// Integers to single precision.
struct Dequantize<T> {
    layout: Layout,
    element: PhantomData<T>,
}

impl<T: Number> Op for Dequantize<T> {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let (shape, scale_shape) = (inputs.view(0)?.shape, inputs.view(1)?.shape);
        let scales = self.layout.find(shape, scale_shape)?;
        let (x, scale) = (inputs.slice::<T>(0)?, inputs.slice::<f32>(1)?);
        let zeros = zero_points::<T>(inputs, scale_shape)?;
        let out = outputs.first().reset::<f32>(shape.dims())?;
        out.extend(x.iter().enumerate().map(|(index, &x)| {
            let at = scales.at(index);
            let zero = zeros.get(at).map_or(0.0, |zero| zero.to_f64());
            f32::from_f64(x.to_f64() - zero) * scale[at]
        }));
        Ok(())
    }
}

/// Builds a DequantizeLinear.
pub(super) fn dequantize(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&["axis", "block_size", "output_dtype"])?;
    let layout = Layout::of(context)?;
    let named = context.node.int("output_dtype", 0)?;
    if named != 0 {
        return Err(context.refuse_value("output_dtype", named));
    }
    context.expect_dtype(1, DType::F32)?;
    let dtype = context.fact(0)?.dtype;
    if context.optional(2).is_some() {
        context.expect_dtype(2, dtype)?;
    }
    let op = dispatch!(dtype, [U8 u8, I8 i8, U16 u16, I16 i16, I32 i32], T => {
        Box::new(Dequantize::<T> { layout, element: PhantomData }) as Box<dyn Op>
    });
    let fact = context.fact(0)?.with_dtype(DType::F32);
    super::step(context, op, vec![fact])
}

/// Single precision to bytes, with the scale and zero point that the elements' range asks for.
struct DynamicQuantize;

impl Op for DynamicQuantize {
    fn run(&self, inputs: Inputs<'_>, outputs: Outputs<'_>) -> Result<(), Error> {
        let x = inputs.slice::<f32>(0)?;
        // Zero is always in the range.
        let low = x.iter().fold(0.0_f32, |low, &x| low.min(x));
        let high = x.iter().fold(0.0_f32, |high, &x| high.max(x));
        let scale = if low.to_bits() == high.to_bits() { 1.0 } else { (high - low) / 255.0 };
        let zero = between((-low / scale).round_ties_even(), (0.0, 255.0));
        let [out, scale_out, zero_out, ..] = outputs.buffers else {
            return Err(Error::internal("expected three outputs"));
        };
        let out = out.reset::<u8>(inputs.view(0)?.shape.dims())?;
        out.extend(x.iter().map(|&x| saturated::<u8>((x / scale).round_ties_even() + zero)));
        scale_out.reset::<f32>(&[])?.push(scale);
        zero_out.reset::<u8>(&[])?.push(saturated(zero));
        Ok(())
    }
}

/// Builds a DynamicQuantizeLinear.
pub(super) fn dynamic_quantize(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&[])?;
    context.expect_dtype(0, DType::F32)?;
    let facts = vec![
        context.fact(0)?.with_dtype(DType::U8),
        Fact::new(DType::F32, &[]),
        Fact::new(DType::U8, &[]),
    ];
    Ok(Built::Step { op: Box::new(DynamicQuantize), reads: vec![0], facts })
}
