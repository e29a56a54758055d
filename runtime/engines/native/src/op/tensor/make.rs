//! Operators that make values out of shapes and numbers: Constant, ConstantOfShape, Shape, Size,
//! Range and EyeLike.

use std::marker::PhantomData;

use half::{bf16, f16};
use radiant_core::{DType, Element, Error, Shape, Tensor, TensorData};
use radiant_onnx::dtype_of;
use radiant_onnx::pb::NodeProto;

use crate::Unsupported;
use crate::fact::Fact;
use crate::registers::{Inputs, RANK_MAX};

use crate::op::axes::product;
use crate::op::{Built, NodeContext, Op, Outputs};

use super::ints::{Ints, Source, extent, known};
use super::number::{Number, numbers};

/// The value of a Constant.
///
/// # Errors
/// When the node has not exactly one attribute, or a sparse value.
pub(crate) fn constant(node: &NodeProto) -> Result<Tensor, Unsupported> {
    let refused = |what: &str| Unsupported::new(node.place(), what);
    let [attribute] = node.attribute.as_slice() else {
        return Err(refused("expected exactly one attribute"));
    };
    let name = attribute.name.as_str();
    let strings =
        |dims: &[usize], values: Vec<&str>| Tensor::strings("", dims, values.into_iter().collect());
    Ok(match name {
        "value" => match node.tensor(name)? {
            Some(value) => radiant_onnx::tensor(value)?,
            None => return Err(refused("attribute `value` has no tensor")),
        },
        "value_float" => Tensor::new("", &[], vec![node.float(name, 0.0)?]),
        "value_int" => Tensor::new("", &[], vec![node.int(name, 0)?]),
        "value_string" => strings(&[], node.string(name)?.into_iter().collect()),
        "value_floats" => vector(node.floats(name)?),
        "value_ints" => vector(node.ints(name)?),
        "value_strings" => {
            let values = node.strings(name)?;
            strings(&[values.len()], values)
        }
        other => return Err(refused(&format!("attribute `{other}` is not supported"))),
    })
}

fn vector<T: Element>(values: &[T]) -> Tensor {
    Tensor::new("", &[values.len()], values.to_vec())
}

/// One element as often as the shape that is the input wants.
struct Fill<T>(T);

impl<T: Element> Op for Fill<T> {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let mut dims = Shape::new(&[]);
        for dim in Ints::read(inputs, 0)?.iter().take(RANK_MAX + 1) {
            dims.push(extent(dim)?);
        }
        let out = outputs.first().reset::<T>(dims.dims())?;
        out.resize(product(dims.dims()), self.0);
        Ok(())
    }
}

fn fill<T: Element>(values: &[T]) -> Option<Box<dyn Op>> {
    values.first().map(|&value| Box::new(Fill(value)) as Box<dyn Op>)
}

/// Builds a ConstantOfShape.
pub(super) fn constant_of_shape(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&["value"])?;
    let asked = Source::input(context, 0)?.ok_or_else(|| context.refuse("there is no shape"))?;
    let value = match context.node.tensor("value")? {
        Some(value) => radiant_onnx::tensor(value)?,
        None => Tensor::new("", &[1], vec![0.0_f32]),
    };
    if value.data.len() != 1 {
        return Err(context.refuse_value("value", format!("{} elements", value.data.len())));
    }
    let dtype = value.dtype();
    let rank = context.fact(0)?.n_elements();
    let dims = match asked.known(context) {
        Some(dims) => {
            let dims: Result<Vec<_>, _> = dims.iter().map(|&dim| extent(dim).map(Some)).collect();
            Some(known(context, dims)?)
        }
        None => rank.filter(|&rank| rank <= RANK_MAX).map(|rank| vec![None; rank]),
    };
    let op = match &value.data {
        TensorData::Bool(values) => fill(values),
        data => numbers!(dtype, T => fill(T::slice(data).unwrap_or_default())).flatten(),
    };
    let op = op.ok_or_else(|| context.refuse(format!("a value of {dtype} is not supported")))?;
    Ok(Built::Step { op, reads: vec![0], facts: vec![Fact { dtype, dims }] })
}

/// The extents of some of a value's axes.
struct ShapeOf {
    start: i64,
    end: i64,
}

impl ShapeOf {
    /// The axes of a value of this rank: bounds beyond it are brought to its ends.
    fn range(&self, rank: usize) -> std::ops::Range<usize> {
        let n = i64::try_from(rank).unwrap_or(i64::MAX);
        let bound = |at: i64| {
            let from_start = if at < 0 { at.saturating_add(n) } else { at };
            usize::try_from(from_start.clamp(0, n)).unwrap_or(0)
        };
        let (start, end) = (bound(self.start), bound(self.end));
        start..end.max(start)
    }
}

impl Op for ShapeOf {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let dims = inputs.view(0)?.shape.dims();
        let dims = &dims[self.range(dims.len())];
        let out = outputs.first().reset::<i64>(&[dims.len()])?;
        out.extend(dims.iter().map(|&dim| i64::try_from(dim).unwrap_or(i64::MAX)));
        Ok(())
    }
}

/// Builds a Shape.
pub(super) fn shape(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(if context.opset < 15 { &[] } else { &["start", "end"] })?;
    let node = context.node;
    let shape = ShapeOf { start: node.int("start", 0)?, end: node.int("end", i64::MAX)? };
    let rank = context.fact(0)?.rank().map(|rank| shape.range(rank).len());
    Ok(Built::unary(shape, Fact::new(DType::I64, &[rank])))
}

/// The number of elements.
struct Size;

impl Op for Size {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let n_elements = inputs.view(0)?.data.len();
        outputs.first().reset::<i64>(&[])?.push(i64::try_from(n_elements).unwrap_or(i64::MAX));
        Ok(())
    }
}

/// Builds a Size.
pub(super) fn size(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&[])?;
    context.fact(0)?;
    Ok(Built::unary(Size, Fact::new(DType::I64, &[])))
}

/// A number that a range counts with.
trait Count: Number {
    /// The number of steps from `start` that do not reach `end`.
    fn steps(start: Self, end: Self, step: Self) -> Option<usize>;
    /// The number after so many steps.
    fn after(start: Self, step: Self, n: usize) -> Self;
}

macro_rules! integers {
    ($($t:ty)*) => {$(
        impl Count for $t {
            fn steps(start: Self, end: Self, step: Self) -> Option<usize> {
                let distance = i128::from(end) - i128::from(start);
                let step = i128::from(step);
                if step == 0 || distance.signum() != step.signum() {
                    return (step != 0).then_some(0);
                }
                usize::try_from(distance.unsigned_abs().div_ceil(step.unsigned_abs())).ok()
            }
            fn after(start: Self, step: Self, n: usize) -> Self {
                start.wrapping_add(step.wrapping_mul(n as Self))
            }
        }
    )*};
}

macro_rules! floats {
    ($($t:ty)*) => {$(
        impl Count for $t {
            fn steps(start: Self, end: Self, step: Self) -> Option<usize> {
                // In double precision, as onnxruntime and numpy count.
                let n = ((f64::from(end) - f64::from(start)) / f64::from(step)).ceil();
                // Nothing to count with gives no number; negative counts are none, and too many
                // are refused later.
                n.is_finite().then_some(n as usize)
            }
            fn after(start: Self, step: Self, n: usize) -> Self {
                (f64::from(start) + f64::from(step) * n as f64) as Self
            }
        }
    )*};
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "integers wrap around, and floats are rounded"
)]
const _: () = {
    integers!(i16 i32 i64);
    floats!(f32 f64);
};

/// Half precision is counted and rounded from single, which attribute `stash_type` says by default.
macro_rules! halves {
    ($($t:ty)*) => {$(
        impl Count for $t {
            #[expect(
                clippy::cast_possible_truncation, clippy::cast_sign_loss,
                reason = "negative counts are none, and too many are refused later"
            )]
            fn steps(start: Self, end: Self, step: Self) -> Option<usize> {
                let n = ((end.to_f32() - start.to_f32()) / step.to_f32()).ceil();
                n.is_finite().then_some(n as usize)
            }
            fn after(start: Self, step: Self, n: usize) -> Self {
                Self::from_f32(start.to_f32() + step.to_f32() * n as f32)
            }
        }
    )*};
}

halves!(f16 bf16);

/// Numbers from a first one, with a step, up to another.
struct Range<T>(PhantomData<T>);

impl<T: Count> Op for Range<T> {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let number = |index| match inputs.slice::<T>(index)? {
            [number] => Ok(*number),
            other => {
                let got = other.len();
                Err(Error::model_failed(format!("expected one number, got {got}")))
            }
        };
        let (start, end, step) = (number(0)?, number(1)?, number(2)?);
        let n = T::steps(start, end, step)
            .ok_or_else(|| Error::model_failed("expected a range of steps that are not 0"))?;
        let out = outputs.first().reset::<T>(&[n])?;
        out.extend((0..n).map(|n| T::after(start, step, n)));
        Ok(())
    }
}

/// Builds a Range.
pub(super) fn range(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(if context.opset < 27 { &[] } else { &["stash_type"] })?;
    let stash_type = context.node.int("stash_type", 1)?;
    if stash_type != 1 {
        return Err(context.refuse_value("stash_type", stash_type));
    }
    let dtype = context.fact(0)?.dtype;
    (1..3).try_for_each(|index| context.expect_dtype(index, dtype))?;
    let op: Box<dyn Op> = match dtype {
        DType::I16 => Box::new(Range::<i16>(PhantomData)),
        DType::I32 => Box::new(Range::<i32>(PhantomData)),
        DType::I64 => Box::new(Range::<i64>(PhantomData)),
        DType::F16 => Box::new(Range::<f16>(PhantomData)),
        DType::BF16 => Box::new(Range::<bf16>(PhantomData)),
        DType::F32 => Box::new(Range::<f32>(PhantomData)),
        DType::F64 => Box::new(Range::<f64>(PhantomData)),
        dtype => return Err(context.refuse(format!("a range of {dtype} is not supported"))),
    };
    Ok(Built::Step { op, reads: vec![0, 1, 2], facts: vec![Fact::new(dtype, &[None])] })
}

/// Ones on a diagonal of a matrix of the input's shape.
struct EyeLike<T> {
    one: T,
    diagonal: i64,
}

impl<T: Element + Default> Op for EyeLike<T> {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let shape = inputs.view(0)?.shape;
        let &[n_rows, n_columns] = shape.dims() else {
            return Err(Error::model_failed(format!("expected a matrix, got {shape}")));
        };
        let out = outputs.first().reset::<T>(&[n_rows, n_columns])?;
        out.resize(n_rows * n_columns, T::default());
        if n_columns > 0 {
            for (row, out) in (0_i64..).zip(out.chunks_exact_mut(n_columns)) {
                let at = usize::try_from(row.saturating_add(self.diagonal)).ok();
                if let Some(out) = at.and_then(|at| out.get_mut(at)) {
                    *out = self.one;
                }
            }
        }
        Ok(())
    }
}

/// Builds an EyeLike.
pub(super) fn eye_like(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&["dtype", "k"])?;
    let node = context.node;
    let diagonal = node.int("k", 0)?;
    let fact = context.fact(0)?;
    let dtype = match node.attribute("dtype") {
        None => Some(fact.dtype),
        Some(_) => dtype_of(i32::try_from(node.int("dtype", 0)?).unwrap_or(0)),
    };
    let refused = || context.refuse("a matrix of that type is not supported");
    let dtype = dtype.ok_or_else(refused)?;
    let op: Box<dyn Op> = match dtype {
        DType::Bool => Box::new(EyeLike { one: true, diagonal }),
        dtype => numbers!(dtype, T => {
            Box::new(EyeLike { one: <T as Number>::ONE, diagonal }) as Box<dyn Op>
        })
        .ok_or_else(refused)?,
    };
    Ok(Built::Step { op, reads: vec![0], facts: vec![fact.with_dtype(dtype)] })
}
