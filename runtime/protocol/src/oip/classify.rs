//! Triton's classification extension: the best classes of a tensor of scores, as text.
//!
//! Each element is `value:index`, and `value:index:label` where the class has a label. Values are
//! spelt as C's `%f` (six decimals), integers as they are.
//!
//! Source: Triton's classification extension and `std::to_string`, with which it spells values.

use std::cmp::Ordering;
use std::sync::Arc;

use radiant_core::{Error, Shape, Strings, Tensor, TensorData};

/// The `n_classes` elements with the largest values along the last axis, largest first: BYTES with
/// the shape of `tensor` but for the last axis, which has as many elements as asked for and as there
/// are. Equal values stand in the order of their classes, NaN behind all others.
///
/// # Errors
/// The tensor holds no numbers, or has no axis.
///
/// # Cost
/// Sorts the best of each row; one text for each element of the result.
pub fn classify(
    tensor: &Tensor,
    n_classes: usize,
    labels: Option<&Strings>,
) -> Result<Tensor, Error> {
    let Some((&n_columns, leading)) = tensor.shape.dims().split_last() else {
        return Err(unfit(tensor, "an axis of classes"));
    };
    let n_best = n_classes.min(n_columns);
    let mut best = Ranking { n_columns, n_best, labels, out: Strings::new() };
    match &tensor.data {
        TensorData::U8(values) => best.rows(values, integer, print_integer),
        TensorData::U16(values) => best.rows(values, integer, print_integer),
        TensorData::U32(values) => best.rows(values, integer, print_integer),
        TensorData::U64(values) => best.rows(values, integer, print_integer),
        TensorData::I8(values) => best.rows(values, integer, print_integer),
        TensorData::I16(values) => best.rows(values, integer, print_integer),
        TensorData::I32(values) => best.rows(values, integer, print_integer),
        TensorData::I64(values) => best.rows(values, integer, print_integer),
        TensorData::F16(values) => best.rows(values, float, print_float),
        TensorData::BF16(values) => best.rows(values, float, print_float),
        TensorData::F32(values) => best.rows(values, float, print_float),
        TensorData::F64(values) => best.rows(values, float, print_float),
        TensorData::Bool(_) | TensorData::Bytes(_) => return Err(unfit(tensor, "numbers")),
    }
    let mut shape = Shape::new(leading);
    shape.push(n_best);
    Ok(Tensor { name: Arc::clone(&tensor.name), shape, data: TensorData::Bytes(best.out) })
}

#[cold]
fn unfit(tensor: &Tensor, expected: &str) -> Error {
    let (name, dtype, shape) = (&tensor.name, tensor.dtype(), &tensor.shape);
    Error::invalid_input(format!(
        "output `{name}`: expected {expected} for `classification`, got {dtype} {shape}"
    ))
}

/// What is asked for, and the result so far.
struct Ranking<'a> {
    n_columns: usize,
    n_best: usize,
    labels: Option<&'a Strings>,
    out: Strings,
}

impl Ranking<'_> {
    fn rows<T: Copy, U>(
        &mut self,
        values: &[T],
        widen: impl Fn(T) -> U,
        print: impl Fn(U) -> String,
    ) where
        U: PartialOrd + Copy,
    {
        if self.n_best == 0 {
            return;
        }
        let mut order = Vec::with_capacity(self.n_columns);
        for row in values.chunks_exact(self.n_columns) {
            order.clear();
            order.extend(row.iter().map(|&value| widen(value)).enumerate());
            if self.n_best < order.len() {
                order.select_nth_unstable_by(self.n_best, by_value);
            }
            order.truncate(self.n_best);
            order.sort_unstable_by(by_value);
            for &(class, value) in &order {
                self.push(class, print(value));
            }
        }
    }

    fn push(&mut self, class: usize, value: String) {
        let mut text = value.into_bytes();
        text.push(b':');
        text.extend_from_slice(class.to_string().as_bytes());
        let label = self.labels.and_then(|labels| labels.get(class)).unwrap_or_default();
        if !label.is_empty() {
            text.push(b':');
            text.extend_from_slice(label);
        }
        self.out.push(&text);
    }
}

/// The larger value first, NaN last; of equal ones the class with the lower index.
fn by_value<U: PartialOrd>(a: &(usize, U), b: &(usize, U)) -> Ordering {
    // What does not compare with itself is NaN.
    let is_nan = |value: &U| value.partial_cmp(value).is_none();
    let by_value = b.1.partial_cmp(&a.1);
    by_value.unwrap_or_else(|| is_nan(&a.1).cmp(&is_nan(&b.1))).then(a.0.cmp(&b.0))
}

fn integer(value: impl Into<i128>) -> i128 {
    value.into()
}

fn float(value: impl Into<f64>) -> f64 {
    value.into()
}

fn print_integer(value: i128) -> String {
    value.to_string()
}

fn print_float(value: f64) -> String {
    if value.is_nan() { "nan".to_owned() } else { format!("{value:.6}") }
}

#[cfg(test)]
mod tests {
    use half::f16;

    use super::*;

    fn texts(tensor: &Tensor) -> Vec<String> {
        let TensorData::Bytes(strings) = &tensor.data else { panic!("{tensor:?}") };
        strings.iter().map(|text| String::from_utf8(text.to_vec()).expect("UTF-8")).collect()
    }

    #[test]
    fn the_best_classes_of_each_row_come_largest_first() {
        let scores = Tensor::new("p", &[2, 3], vec![0.1, 0.2, 0.7, 0.5, 0.25, 0.25_f64]);
        let best = classify(&scores, 2, None).expect("numbers");
        assert_eq!((&*best.name, best.shape.dims()), ("p", &[2, 2][..]));
        assert_eq!(texts(&best), ["0.700000:2", "0.200000:1", "0.500000:0", "0.250000:1"]);
    }

    #[test]
    fn a_vector_has_one_axis_of_classes_and_no_more_than_there_are() {
        let labels: Strings = ["setosa", "", "virginica"].into_iter().collect();
        let scores = Tensor::new("p", &[4], vec![3_i8, -7, 100, 5]);
        let best = classify(&scores, 9, Some(&labels)).expect("numbers");
        assert_eq!(best.shape.dims(), [4]);
        assert_eq!(texts(&best), ["100:2:virginica", "5:3", "3:0:setosa", "-7:1"]);
    }

    #[test]
    fn leading_axes_stay() {
        let scores = Tensor::new("p", &[2, 1, 2], vec![1_u64, u64::MAX, 4, 3]);
        let best = classify(&scores, 1, None).expect("numbers");
        assert_eq!(best.shape.dims(), [2, 1, 1]);
        assert_eq!(texts(&best), ["18446744073709551615:1", "4:0"]);
    }

    #[test]
    fn values_are_spelt_as_c_spells_them() {
        let values = vec![f32::NAN, f32::NEG_INFINITY, 0.000_000_1, f32::INFINITY, 1e10, -0.5, 0.1];
        let best = classify(&Tensor::new("p", &[7], values), 7, None).expect("numbers");
        let expected = [
            "inf:3",
            "10000000000.000000:4",
            "0.100000:6",
            "0.000000:2",
            "-0.500000:5",
            "-inf:1",
            "nan:0",
        ];
        assert_eq!(texts(&best), expected);
        let halves = Tensor::new("p", &[1], vec![f16::from_f32(1.5)]);
        assert_eq!(texts(&classify(&halves, 1, None).expect("numbers")), ["1.500000:0"]);
    }

    #[test]
    fn no_class_and_no_row_give_no_element() {
        let scores = Tensor::new("p", &[2, 3], vec![0_f32; 6]);
        assert_eq!(classify(&scores, 0, None).expect("numbers").shape.dims(), [2, 0]);
        let none = Tensor::new("p", &[0, 3], Vec::<f32>::new());
        assert_eq!(classify(&none, 2, None).expect("numbers").shape.dims(), [0, 2]);
    }

    #[test]
    fn what_has_no_order_is_refused() {
        let check = |tensor: Tensor, expected: &str| {
            let error = classify(&tensor, 1, None).expect_err("no numbers");
            assert_eq!(error.message(), expected);
        };
        check(
            Tensor::new("y", &[2], vec![true, false]),
            "output `y`: expected numbers for `classification`, got BOOL [2]",
        );
        check(
            Tensor::strings("y", &[1], ["a"].into_iter().collect()),
            "output `y`: expected numbers for `classification`, got BYTES [1]",
        );
        check(
            Tensor::new("y", &[], vec![1_f32]),
            "output `y`: expected an axis of classes for `classification`, got FP32 []",
        );
    }
}
