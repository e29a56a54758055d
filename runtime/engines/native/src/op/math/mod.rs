//! Operators that compute with numbers, of any rank.
//!
//! Each is written for single and double precision and for integers; half precision is computed in
//! single precision by [`half`].

mod activation;
mod arithmetic;
mod attention;
mod attention_mask;
mod axes;
mod batch;
mod binary;
mod clip;
mod compare;
mod cumulative;
mod det;
mod dropout;
mod einsum;
mod gemm;
mod half;
pub(super) mod linear;
mod loss;
mod matmul;
mod normalize;
mod number;
mod quantize;
mod quantized_matmul;
mod reduce;
mod rotary;
mod softmax;
#[cfg(test)]
mod tests;
mod unary;
mod variadic;
mod window;

use radiant_core::{Error, TensorData};

use crate::Unsupported;
use crate::fact::Fact;
use crate::registers::Inputs;

use super::{Builder, Built, NodeContext, Op};

/// The builder of the operator of this name, if there is one.
pub(super) fn builder(name: &str) -> Option<Builder> {
    table(name).map(|_| build as Builder)
}

/// Builds an operator of the table.
fn build(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    let name = context.node.op_type.as_str();
    let builder = table(name).ok_or_else(|| context.refuse("the operator is not supported"))?;
    let narrowed = match name {
        // What comes out is of the type of the scales.
        "DequantizeLinear" => half::Narrowed { like: 1, n_outputs: 1 },
        // Statistics stay in single precision.
        "LayerNormalization" => half::Narrowed { like: 0, n_outputs: 1 },
        _ => half::Narrowed { like: 0, n_outputs: usize::MAX },
    };
    half::build(context, builder, narrowed)
}

fn table(name: &str) -> Option<Builder> {
    Some(match name {
        "Add" | "Div" | "Mul" | "Sub" => arithmetic::binary,
        "And" | "Or" | "Xor" => compare::logic,
        "Attention" => attention::attention,
        "BatchNormalization" => batch::batch,
        "BlackmanWindow" | "HammingWindow" | "HannWindow" => window::window,
        "BitShift" => compare::shift,
        "BitwiseAnd" | "BitwiseOr" | "BitwiseXor" => compare::bitwise,
        "Celu" | "Elu" | "HardSigmoid" | "LeakyRelu" | "Selu" | "Swish" | "ThresholdedRelu" => {
            activation::activation
        }
        "Clip" => clip::clip,
        "CumProd" | "CumSum" => cumulative::cumulative,
        "DequantizeLinear" => quantize::dequantize,
        "Det" => det::det,
        "Dropout" => dropout::dropout,
        "DynamicQuantizeLinear" => quantize::dynamic_quantize,
        "Einsum" => einsum::einsum,
        "Equal" | "Greater" | "GreaterOrEqual" | "Less" | "LessOrEqual" => compare::comparison,
        "Gelu" => activation::gelu,
        "Gemm" => gemm::gemm,
        "GroupNormalization" | "InstanceNormalization" => normalize::group,
        "Hardmax" | "LogSoftmax" | "Softmax" => softmax::softmax,
        "IsInf" => unary::is_inf,
        "IsNaN" => unary::is_nan,
        "LRN" => batch::lrn,
        "LayerNormalization" | "RMSNormalization" => normalize::layer,
        "LpNormalization" => softmax::lp_normalization,
        "MatMul" => matmul::matmul,
        "MatMulInteger" => quantized_matmul::matmul_integer,
        "MeanVarianceNormalization" => batch::mean_variance,
        "Max" | "Mean" | "Min" | "Sum" => variadic::variadic,
        "Mod" => arithmetic::modulo,
        "NegativeLogLikelihoodLoss" | "SoftmaxCrossEntropyLoss" => loss::loss,
        "Not" => unary::not,
        "PRelu" => arithmetic::prelu,
        "Pow" => arithmetic::power,
        "QLinearMatMul" => quantized_matmul::qlinear_matmul,
        "QuantizeLinear" => quantize::quantize,
        "ReduceL1" | "ReduceL2" | "ReduceLogSum" | "ReduceLogSumExp" | "ReduceMax"
        | "ReduceMean" | "ReduceMin" | "ReduceProd" | "ReduceSum" | "ReduceSumSquare" => {
            reduce::reduce
        }
        "RotaryEmbedding" => rotary::rotary,
        "Shrink" => activation::shrink,
        "Abs" | "Acos" | "Acosh" | "Asin" | "Asinh" | "Atan" | "Atanh" | "BitwiseNot" | "Ceil"
        | "Cos" | "Cosh" | "Erf" | "Exp" | "Floor" | "HardSwish" | "Log" | "Mish" | "Neg"
        | "Reciprocal" | "Relu" | "Round" | "Sigmoid" | "Sign" | "Sin" | "Sinh" | "Softplus"
        | "Softsign" | "Sqrt" | "Tan" | "Tanh" => unary::unary,
        _ => return None,
    })
}

/// The one integer that an input is, of 32 or 64 bits.
fn integer(inputs: Inputs<'_>, index: usize) -> Result<i64, Error> {
    match inputs.view(index)?.data {
        TensorData::I64(values) if values.len() == 1 => Ok(values[0]),
        TensorData::I32(values) if values.len() == 1 => Ok(values[0].into()),
        other => {
            let (got, dtype) = (other.len(), other.dtype());
            let what = format!("input {index}: expected one integer, got {got} of type {dtype}");
            Err(Error::model_failed(what))
        }
    }
}

/// A step that reads all inputs of the node, or a refusal if there is no operator for the type of
/// the first.
fn step(
    context: &NodeContext<'_>,
    op: Option<Box<dyn Op>>,
    facts: Vec<Fact>,
) -> Result<Built, Unsupported> {
    let dtype = context.fact(0)?.dtype;
    let op =
        op.ok_or_else(|| context.refuse(format!("an operand of type {dtype} is not supported")))?;
    Ok(Built::Step { op, reads: (0..context.inputs.len()).collect(), facts })
}
