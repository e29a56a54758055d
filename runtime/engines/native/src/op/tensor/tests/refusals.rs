//! What is refused, by name; answers that onnxruntime has no kernel for; and hostile numbers.

use half::bf16;
use proptest::prelude::*;
use radiant_core::{Tensor, TensorData};

use super::{Case, Knowledge, int, ints, string};

fn floats(dims: &[usize]) -> Tensor {
    let n = dims.iter().product();
    Tensor::new("", dims, (0..n).map(|at| f32::from(u8::try_from(at).unwrap())).collect())
}

fn longs(values: &[i64]) -> Tensor {
    Tensor::new("", &[values.len()], values.to_vec())
}

fn texts(values: &[&str]) -> Tensor {
    Tensor::strings("", &[values.len()], values.iter().copied().collect())
}

#[track_caller]
fn check_refused(case: &Case, expected: &str) {
    let error = case.refusal();
    assert!(error.contains(expected), "{error}");
}

#[test]
fn what_readings_of_the_specification_differ_on_is_refused() {
    check_refused(
        &Case::new("Squeeze", 21, vec![floats(&[1, 2]), longs(&[])]),
        "an empty list of axes",
    );
    let ends = [longs(&[4]), longs(&[i64::MAX]), longs(&[0]), longs(&[-1])];
    let case = Case::new("Slice", 13, [vec![floats(&[5])], ends.to_vec()].concat());
    check_refused(&case, "an end of `9223372036854775807` of a slice backwards");
    check_refused(&Case::new("NonZero", 13, vec![floats(&[1]).scalar()]), "scalar");
    let case = Case::new("Reshape", 14, vec![floats(&[0, 2]), longs(&[0, -1])]);
    check_refused(&case.attribute(int("allowzero", 1)), "reshape");
}

#[test]
fn what_does_not_fit_is_refused_with_what_was_expected() {
    let two = || floats(&[2, 2]);
    check_refused(&Case::new("Concat", 13, vec![two(), floats(&[3])]), "attribute `axis`");
    let concat = Case::new("Concat", 13, vec![two(), floats(&[3, 3])]).attribute(int("axis", 0));
    check_refused(&concat, "expected values of one shape but for an axis, got [2, 2] and [3, 3]");
    let rank_1 = Case::new("Concat", 13, vec![floats(&[3]), floats(&[3])]);
    check_refused(&rank_1.attribute(int("axis", 1)), "an axis of a value of rank 1, got 1");
    check_refused(
        &Case::new("Gather", 13, vec![two(), longs(&[-3])]),
        "expected an index of an axis of 2, got -3",
    );
    check_refused(&Case::new("Reshape", 14, vec![two(), longs(&[3, -1])]), "reshape to [3, -1]");
    check_refused(&Case::new("Unsqueeze", 13, vec![two(), longs(&[0, 0])]), "named twice");
    let transpose = Case::new("Transpose", 13, vec![two()]).attribute(ints("perm", &[0, 0]));
    check_refused(&transpose, "attribute `perm`: `[0, 0]` is not supported");
    let split = Case::with_absent("Split", 13, vec![Some(two()), Some(longs(&[1, 2]))], 2);
    check_refused(&split, "an axis of 2 does not split into 2 such parts");
    let top_k = Case::with_absent("TopK", 11, vec![Some(two()), Some(longs(&[3]))], 2);
    check_refused(&top_k, "expected at least 3 elements");
    let pad = Case::new("Pad", 13, vec![floats(&[2]), longs(&[2, 0])]);
    check_refused(&pad.attribute(string("mode", "reflect")), "cannot be padded by 2 and 0");
    let scatter = Case::new("ScatterND", 18, vec![two(), longs(&[0]), floats(&[3])]);
    check_refused(&scatter, "expected updates of [2], got [3]");
    check_refused(
        &Case::new("Where", 16, vec![two(), two(), two()]),
        "input 0 of type FP32 is not supported",
    );
    let cast = Case::new("Cast", 21, vec![texts(&["12abc"])]).attribute(int("to", 7));
    check_refused(&cast, "expected a number that is an element of INT64, got `12abc`");
    let cast = Case::new("Cast", 21, vec![two()]).attribute(int("to", 17));
    check_refused(&cast, "a cast from FP32 to FLOAT8E4M3FN is not supported");
    let unknown = Case::new("Identity", 21, vec![two()]).attribute(int("novelty", 1));
    check_refused(&unknown, "attribute `novelty` is not supported");
}

trait Scalar {
    fn scalar(self) -> Self;
}

impl Scalar for Tensor {
    /// The one element without an axis.
    fn scalar(mut self) -> Self {
        self.shape.set(&[]);
        self
    }
}

#[test]
fn constants_come_in_all_forms() {
    let constant = |attribute| Case::new("Constant", 21, Vec::new()).attribute(attribute).answer();
    assert_eq!(constant(int("value_int", 7)).unwrap(), longs(&[7]).scalar());
    assert_eq!(constant(ints("value_ints", &[7, 8])).unwrap(), longs(&[7, 8]));
    assert_eq!(constant(string("value_string", "é")).unwrap(), texts(&["é"]).scalar());
    let error = constant(string("sparse_value", "")).unwrap_err();
    assert!(error.contains("attribute `sparse_value` is not supported"), "{error}");
    let error = Case::new("Constant", 21, Vec::new()).answer().unwrap_err();
    assert!(error.contains("expected exactly one attribute"), "{error}");
}

#[test]
fn strings_are_moved_like_numbers() {
    let abc = || texts(&["a", "b", "c", "d"]);
    let square = Case::new("Reshape", 14, vec![abc(), longs(&[2, 2])]).answer().unwrap();
    let gathered = Case::new("Gather", 13, vec![square, longs(&[1, 0])]).answer().unwrap();
    assert_eq!(gathered.data, texts(&["c", "d", "a", "b"]).data);
    let numbers = Case::new("Cast", 21, vec![texts(&[" 7", "-8.9", "+9"])]).attribute(int("to", 7));
    assert_eq!(numbers.answer().unwrap(), longs(&[7, -8, 9]));
    let back = Case::new("Cast", 21, vec![longs(&[7, -8])]).attribute(int("to", 8));
    assert_eq!(back.answer().unwrap(), texts(&["7", "-8"]));
}

#[test]
fn half_precision_and_bits_are_cast() {
    let halves = Case::new("Cast", 21, vec![floats(&[3])]).attribute(int("to", 16)).answer();
    let expected = [0.0, 1.0, 2.0].map(bf16::from_f32).to_vec();
    assert_eq!(halves.unwrap(), Tensor::new("", &[3], expected));
    let bits = Case::new("BitCast", 26, vec![floats(&[2])]).attribute(int("to", 6)).answer();
    assert_eq!(bits.unwrap(), Tensor::new("", &[2], vec![0, 0x3f80_0000]));
    let bits = Case::new("BitCast", 26, vec![floats(&[2])]).attribute(int("to", 7));
    assert!(bits.refusal().contains("the bits of FP32 as INT64"));
    let like = Case::new("CastLike", 19, vec![floats(&[2]), longs(&[])]).answer();
    assert_eq!(like.unwrap(), longs(&[0, 1]));
}

#[test]
fn caches_are_written_from_an_index_on() {
    let cache = Tensor::new("", &[2, 3, 1], vec![0.0_f32; 6]);
    let update = Tensor::new("", &[2, 2, 1], vec![1.0_f32, 2.0, 3.0, 4.0]);
    let case = |mode| {
        let inputs = vec![cache.clone(), update.clone(), longs(&[1, 2])];
        Case::new("TensorScatter", 24, inputs).attribute(string("mode", mode))
    };
    let written = case("circular").answer().unwrap();
    assert_eq!(written.data, TensorData::F32(vec![0.0, 1.0, 2.0, 4.0, 0.0, 3.0]));
    check_refused(&case("linear"), "expected writes within 3 places");
}

#[test]
fn a_result_that_is_too_large_is_refused_before_it_is_made() {
    let huge = 1 << 40;
    check_refused(&Case::new("Expand", 13, vec![floats(&[1]), longs(&[huge])]), "at most");
    check_refused(&Case::new("Tile", 13, vec![floats(&[2]), longs(&[huge])]), "at most");
    check_refused(&Case::new("ConstantOfShape", 9, vec![longs(&[huge, huge])]), "at most");
    check_refused(&Case::new("Pad", 13, vec![floats(&[2]), longs(&[huge, 0])]), "at most");
    let numbers = [0, i64::MAX, 1].map(|number| longs(&[number]).scalar());
    check_refused(&Case::new("Range", 11, numbers.to_vec()), "at most");
    let depth = vec![longs(&[0]), longs(&[huge]), floats(&[2])];
    check_refused(&Case::new("OneHot", 11, depth), "at most");
    let long = texts(&[&"x".repeat(1 << 20)]);
    let error = Case::new("Tile", 13, vec![long, longs(&[1 << 20])]).answer().unwrap_err();
    assert!(error.contains("bytes of strings"), "{error}");
}

/// A value without elements may have other extents of any size.
#[test]
fn extents_of_values_without_elements_do_not_count() {
    let empty = || Tensor::new("", &[1 << 40, 0, 1 << 40], Vec::<f32>::new());
    let concat = Case::new("Concat", 13, vec![empty(), empty()]).attribute(int("axis", 1));
    assert_eq!(concat.answer().unwrap().shape, empty().shape);
    for operator in ["Identity", "Transpose", "Flatten", "Squeeze", "Shape", "Size", "Trilu"] {
        drop(Case::new(operator, 21, vec![empty()]).answer());
    }
    for operator in ["Gather", "GatherElements", "GatherND", "Unsqueeze", "Expand", "Tile"] {
        for index in [0, 1, -1] {
            let numbers = Tensor::new("", &[1, 1, 1], vec![index; 1]);
            drop(Case::new(operator, 13, vec![empty(), numbers]).answer());
            drop(Case::new(operator, 13, vec![empty(), longs(&[index; 3])]).answer());
        }
    }
    let slice = vec![empty(), longs(&[1]), longs(&[1 << 41]), longs(&[0])];
    assert!(Case::new("Slice", 13, slice).answer().is_ok());
    for operator in ["ArgMax", "NonZero", "Unique", "TopK"] {
        drop(Case::new(operator, 11, vec![empty()]).attribute(int("axis", 1)).answer());
    }
}

/// Operators whose second input is integers, and how many inputs like the first they have besides.
const TOLD_BY_INTEGERS: [(&str, i64, usize); 17] = [
    ("CenterCropPad", 18, 0),
    ("Expand", 13, 0),
    ("Gather", 13, 0),
    ("GatherElements", 13, 0),
    ("GatherND", 13, 0),
    ("OneHot", 11, 1),
    ("Pad", 19, 1),
    ("Reshape", 14, 0),
    ("ReverseSequence", 10, 0),
    ("ScatterElements", 18, 1),
    ("ScatterND", 18, 1),
    ("Split", 18, 0),
    ("Squeeze", 13, 0),
    ("Tile", 13, 0),
    ("TopK", 11, 0),
    ("Trilu", 14, 0),
    ("Unsqueeze", 13, 0),
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_integers_are_answered_or_refused(
        dims in proptest::collection::vec(0..4_usize, 0..4),
        told in proptest::collection::vec(
            prop_oneof![-4..5_i64, Just(i64::MIN), Just(i64::MAX), any::<i64>()], 0..7),
        told_dims in proptest::collection::vec(1..3_usize, 0..3),
        axis in prop_oneof![-4..5_i64, any::<i64>()],
    ) {
        let n_told: usize = told_dims.iter().product();
        let told_dims = if n_told <= told.len() { told_dims } else { vec![told.len()] };
        let n_told = n_told.min(told.len());
        let told = Tensor::new("", &told_dims, told[..n_told].to_vec());
        let known = [Knowledge::Type, Knowledge::Rank, Knowledge::Shape, Knowledge::Constant];
        for (operator, opset, n_more) in TOLD_BY_INTEGERS {
            let inputs = std::iter::once(floats(&dims)).chain([told.clone()]);
            let inputs = inputs.chain((0..n_more).map(|_| floats(&told_dims)));
            for knowledge in known {
                let case = Case::new(operator, opset, inputs.clone().collect());
                let result = case.run(knowledge);
                for (_, tensor) in result.iter().flatten() {
                    prop_assert_eq!(tensor.shape.n_elements(), Ok(tensor.data.len()));
                }
                drop(case.attribute(int("axis", axis)).run(knowledge));
            }
        }
    }

    #[test]
    fn any_bounds_of_a_slice_are_answered_or_refused(
        dims in proptest::collection::vec(0..4_usize, 1..4),
        bounds in any::<[i64; 4]>(),
        small in proptest::array::uniform4(-4..5_i64),
    ) {
        for [start, end, axis, step] in [bounds, small] {
            let inputs = [start, end, axis, step].map(|number| longs(&[number]));
            let inputs = std::iter::once(floats(&dims)).chain(inputs).collect();
            drop(Case::new("Slice", 13, inputs).answer());
            let inputs = [start, end, step].map(|number| longs(&[number]).scalar());
            drop(Case::new("Range", 11, inputs.to_vec()).answer());
        }
    }
}
