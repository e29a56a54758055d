//! Whether a tensor is the expected one.
//!
//! Strings, whole numbers and truth values must be equal; floating-point numbers may be off by the
//! case's tolerance, `|got - expected| <= atol + rtol * |expected|`, NaN being equal to NaN. FP16 and
//! BF16 are allowed two units in the last place, as the `onnx` package's own runner allows BF16.

use radiant_core::{Tensor, TensorData};

use crate::case::Case;
use crate::exactness::Exactness;

/// Two units in the last place of BF16.
const BF16_RTOL: f64 = 0.015_625;

/// Two units in the last place of FP16.
const F16_RTOL: f64 = 0.001_953_125;

/// Compares type, shape and values.
///
/// # Errors
/// What is wrong, as text.
pub(crate) fn compare(expected: &Tensor, got: &Tensor, case: &Case) -> Result<(), String> {
    same_form(expected, got)?;
    let Some(Difference { at, n, pair: [a, b] }) = difference(&expected.data, &got.data, case)
    else {
        return Ok(());
    };
    let total = expected.data.len();
    Err(format!("element {at}: expected {a}, got {b}; {n} of {total} differ"))
}

/// The first elements that differ, and how many there are.
struct Difference {
    at: usize,
    n: usize,
    /// The expected element and the other, as text.
    pair: [String; 2],
}

/// How data of the same type and length differ.
fn difference(expected: &TensorData, got: &TensorData, case: &Case) -> Option<Difference> {
    if let (TensorData::Bytes(strings), TensorData::Bytes(others)) = (expected, got) {
        let pairs = strings.iter().zip(others.iter());
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        return differing(pairs, |a, b| a == b, text);
    }
    if let (Some(wholes), Some(others)) = (wholes(expected), wholes(got)) {
        let pairs = wholes.into_iter().zip(others);
        return differing(pairs, |a, b| a == b, |whole| whole.to_string());
    }
    let rtol = match expected {
        TensorData::BF16(_) => case.rtol.max(BF16_RTOL),
        TensorData::F16(_) => case.rtol.max(F16_RTOL),
        _ => case.rtol,
    };
    let pairs = floats(expected).into_iter().zip(floats(got));
    differing(pairs, |a, b| is_close(a, b, rtol, case.atol), |float| float.to_string())
}

/// Compares type and shape.
///
/// # Errors
/// What is wrong, as text.
pub(crate) fn same_form(expected: &Tensor, got: &Tensor) -> Result<(), String> {
    if expected.dtype() != got.dtype() || expected.shape != got.shape {
        let form = |tensor: &Tensor| format!("{} {}", tensor.dtype(), tensor.shape);
        return Err(format!("expected {}, got {}", form(expected), form(got)));
    }
    let (n, filled) = (expected.data.len(), got.data.len());
    if n != filled {
        return Err(format!("expected {n} elements, got {filled}"));
    }
    Ok(())
}

/// How far an accepted tensor is off, if it is FP32.
pub(crate) fn exactness(expected: &Tensor, got: &Tensor) -> Option<Exactness> {
    Some(Exactness::of(expected.as_slice::<f32>()?, got.as_slice::<f32>()?))
}

/// The tensor with its first element made wrong, if it has one: what no comparison may accept.
pub(crate) fn spoiled(tensor: &Tensor) -> Option<Tensor> {
    let mut tensor = tensor.clone();
    macro_rules! first {
        ($values:ident, $spoil:expr) => {
            *$values.first_mut()? = $spoil(*$values.first()?)
        };
    }
    let off = |value: f64| if value.is_finite() { value + value.abs() + 1.0 } else { 0.0 };
    let narrow = |value: f64| {
        #[expect(clippy::cast_possible_truncation, reason = "any wrong value will do")]
        let value = off(value) as f32;
        value
    };
    match &mut tensor.data {
        TensorData::Bool(values) => first!(values, |v: bool| !v),
        TensorData::U8(values) => first!(values, |v: u8| v ^ 1),
        TensorData::U16(values) => first!(values, |v: u16| v ^ 1),
        TensorData::U32(values) => first!(values, |v: u32| v ^ 1),
        TensorData::U64(values) => first!(values, |v: u64| v ^ 1),
        TensorData::I8(values) => first!(values, |v: i8| v ^ 1),
        TensorData::I16(values) => first!(values, |v: i16| v ^ 1),
        TensorData::I32(values) => first!(values, |v: i32| v ^ 1),
        TensorData::I64(values) => first!(values, |v: i64| v ^ 1),
        TensorData::F16(values) => {
            first!(values, |v: half::f16| half::f16::from_f32(narrow(f64::from(v))));
        }
        TensorData::BF16(values) => {
            first!(values, |v: half::bf16| half::bf16::from_f32(narrow(f64::from(v))));
        }
        TensorData::F32(values) => first!(values, |v: f32| narrow(f64::from(v))),
        TensorData::F64(values) => first!(values, off),
        TensorData::Bytes(values) => {
            let mut others = radiant_core::Strings::new();
            others.push(&[values.get(0)?, b"!"].concat());
            values.iter().skip(1).for_each(|string| others.push(string));
            *values = others;
        }
    }
    Some(tensor)
}

/// How pairs differ that should be `same`.
fn differing<T: Copy>(
    pairs: impl Iterator<Item = (T, T)>,
    same: impl Fn(T, T) -> bool,
    text: impl Fn(T) -> String,
) -> Option<Difference> {
    let mut off = pairs.enumerate().filter(|(_, (a, b))| !same(*a, *b));
    let (at, (a, b)) = off.next()?;
    Some(Difference { at, n: 1 + off.count(), pair: [text(a), text(b)] })
}

#[expect(clippy::float_cmp, reason = "infinities are equal or they are not")]
fn is_close(expected: f64, got: f64, rtol: f64, atol: f64) -> bool {
    if expected.is_nan() || got.is_nan() {
        return expected.is_nan() && got.is_nan();
    }
    if expected.is_infinite() || got.is_infinite() {
        return expected == got;
    }
    (got - expected).abs() <= atol + rtol * expected.abs()
}

fn wholes(data: &TensorData) -> Option<Vec<i128>> {
    Some(match data {
        TensorData::Bool(values) => values.iter().map(|&v| v.into()).collect(),
        TensorData::U8(values) => values.iter().map(|&v| v.into()).collect(),
        TensorData::U16(values) => values.iter().map(|&v| v.into()).collect(),
        TensorData::U32(values) => values.iter().map(|&v| v.into()).collect(),
        TensorData::U64(values) => values.iter().map(|&v| v.into()).collect(),
        TensorData::I8(values) => values.iter().map(|&v| v.into()).collect(),
        TensorData::I16(values) => values.iter().map(|&v| v.into()).collect(),
        TensorData::I32(values) => values.iter().map(|&v| v.into()).collect(),
        TensorData::I64(values) => values.iter().map(|&v| v.into()).collect(),
        TensorData::F16(_) | TensorData::BF16(_) | TensorData::F32(_) | TensorData::F64(_) => {
            return None;
        }
        TensorData::Bytes(_) => return None,
    })
}

fn floats(data: &TensorData) -> Vec<f64> {
    match data {
        TensorData::F16(values) => values.iter().map(|&v| v.into()).collect(),
        TensorData::BF16(values) => values.iter().map(|&v| v.into()).collect(),
        TensorData::F32(values) => values.iter().map(|&v| v.into()).collect(),
        TensorData::F64(values) => values.clone(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use half::f16;
    use radiant_core::DType;

    use super::*;

    fn case() -> Case {
        Case {
            name: "node/test_x".to_owned(),
            rtol: 1e-3,
            atol: 1e-5,
            domain: "ai.onnx".to_owned(),
            operator: "X".to_owned(),
            opset: 1,
            is_random: false,
        }
    }

    #[track_caller]
    fn check<T: radiant_core::Element>(expected: &[T], got: &[T], verdict: Result<(), &str>) {
        let tensor = |values: &[T]| Tensor::new("y", &[values.len()], values.to_vec());
        let found = compare(&tensor(expected), &tensor(got), &case());
        assert_eq!(found, verdict.map_err(str::to_owned));
    }

    #[test]
    fn numbers_may_be_off_by_the_tolerance_and_no_further() {
        check(&[1000.0_f32, 0.0], &[1000.9, 9e-6], Ok(()));
        check(
            &[1.0_f32, 2.0],
            &[1.0, 2.1],
            Err("element 1: expected 2, got 2.0999999046325684; 1 of 2 differ"),
        );
        check(&[f32::NAN, f32::INFINITY], &[f32::NAN, f32::INFINITY], Ok(()));
        check(&[0.0_f64], &[f64::NAN], Err("element 0: expected 0, got NaN; 1 of 1 differ"));
        check(
            &[f64::INFINITY],
            &[f64::MAX],
            Err(&format!("element 0: expected inf, got {}; 1 of 1 differ", f64::MAX)),
        );
        let next = |value: f16, n: u16| f16::from_bits(value.to_bits() + n);
        check(&[f16::ONE], &[next(f16::ONE, 2)], Ok(()));
        check(
            &[f16::ONE],
            &[next(f16::ONE, 3)],
            Err("element 0: expected 1, got 1.0029296875; 1 of 1 differ"),
        );
    }

    #[test]
    fn whole_numbers_and_truth_values_must_be_equal() {
        check(&[i64::MAX], &[i64::MAX], Ok(()));
        let text = format!("element 0: expected {}, got {}; 1 of 1 differ", i64::MAX, i64::MAX - 1);
        check(&[i64::MAX], &[i64::MAX - 1], Err(&text));
        check(&[true, false], &[true, true], Err("element 1: expected 0, got 1; 1 of 2 differ"));
    }

    #[test]
    fn type_and_shape_must_be_equal() {
        let compare = |a: &Tensor, b: &Tensor| compare(a, b, &case());
        let one = Tensor::new("y", &[1], vec![1_i64]);
        let narrow = Tensor::new("y", &[1], vec![1_i32]);
        assert_eq!(compare(&one, &narrow), Err("expected INT64 [1], got INT32 [1]".to_owned()));
        let column = Tensor::new("y", &[1, 1], vec![1_i64]);
        assert_eq!(compare(&one, &column), Err("expected INT64 [1], got INT64 [1, 1]".to_owned()));
    }

    #[test]
    fn a_spoiled_tensor_of_any_type_is_wrong() {
        for dtype in DType::ALL {
            let tensor = Tensor::zeros("y", &[2], dtype);
            let spoiled = spoiled(&tensor).expect("it has elements");
            assert!(compare(&tensor, &spoiled, &case()).is_err(), "{dtype}");
        }
        let minus = Tensor::new("y", &[1], vec![-1.0_f32]);
        assert!(compare(&minus, &spoiled(&minus).expect("it has an element"), &case()).is_err());
    }
}
