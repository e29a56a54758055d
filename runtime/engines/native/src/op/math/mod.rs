//! Operators that compute with numbers.

mod arithmetic;
pub(super) mod linear;
mod reduce;
mod softmax;
mod unary;

use super::Builder;

/// The builder of the operator of this name, if there is one.
pub(super) fn builder(name: &str) -> Option<Builder> {
    Some(match name {
        "Add" | "Sub" | "Mul" | "Div" => arithmetic::binary,
        "Gemm" => linear::gemm,
        "LpNormalization" => softmax::lp_normalization,
        "MatMul" => linear::matmul,
        "Not" => unary::not,
        "ReduceMax" | "ReduceMean" | "ReduceSum" => reduce::reduce,
        "Softmax" => softmax::softmax,
        "Abs" | "Ceil" | "Exp" | "Floor" | "Log" | "Neg" | "Reciprocal" | "Relu" | "Sigmoid"
        | "Sqrt" | "Tanh" => unary::unary,
        _ => return None,
    })
}
