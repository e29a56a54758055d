//! Operators that compute with numbers, of any rank.
//!
//! Each is written for single and double precision and for integers.

mod activation;
mod arithmetic;
mod axes;
mod binary;
mod clip;
mod compare;
mod cumulative;
mod erf;
mod gemm;
pub(super) mod linear;
mod matmul;
mod number;
mod reduce;
mod softmax;
mod unary;
mod variadic;

use radiant_core::{Error, TensorData};

use crate::registers::Inputs;

use super::Builder;

/// The builder of the operator of this name, if there is one.
pub(super) fn builder(name: &str) -> Option<Builder> {
    Some(match name {
        "Add" | "Div" | "Mul" | "Sub" => arithmetic::binary,
        "And" | "Or" | "Xor" => compare::logic,
        "BitShift" => compare::shift,
        "BitwiseAnd" | "BitwiseOr" | "BitwiseXor" => compare::bitwise,
        "Celu" | "Elu" | "HardSigmoid" | "LeakyRelu" | "Selu" | "Swish" | "ThresholdedRelu" => {
            activation::activation
        }
        "Clip" => clip::clip,
        "CumProd" | "CumSum" => cumulative::cumulative,
        "Equal" | "Greater" | "GreaterOrEqual" | "Less" | "LessOrEqual" => compare::comparison,
        "Gelu" => activation::gelu,
        "Gemm" => gemm::gemm,
        "Hardmax" | "LogSoftmax" | "Softmax" => softmax::softmax,
        "IsInf" => unary::is_inf,
        "IsNaN" => unary::is_nan,
        "LpNormalization" => softmax::lp_normalization,
        "MatMul" => matmul::matmul,
        "Max" | "Mean" | "Min" | "Sum" => variadic::variadic,
        "Mod" => arithmetic::modulo,
        "Not" => unary::not,
        "PRelu" => arithmetic::prelu,
        "Pow" => arithmetic::power,
        "ReduceL1" | "ReduceL2" | "ReduceLogSum" | "ReduceLogSumExp" | "ReduceMax"
        | "ReduceMean" | "ReduceMin" | "ReduceProd" | "ReduceSum" | "ReduceSumSquare" => {
            reduce::reduce
        }
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
