//! Models of the corpus against the answers of the libraries that wrote them.
//!
//! The generators stand beside the data, `tests/models/formats`. Numbers are compared bit by bit;
//! where a library has functions of its own that is not so, and a case says how far they may differ.

use std::fs;
use std::path::{Path, PathBuf};

use radiant_core::TensorData;
use radiant_formats::json::{self, Value};
use radiant_formats::{Limits, catboost, lightgbm, xgboost};

use super::*;

mod engine;
mod inputs;

/// The answers of a version of a library.
struct Corpus {
    folder: PathBuf,
    text: Vec<u8>,
}

impl Corpus {
    fn read(library: &str, version: &str) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/models/formats");
        let folder = root.join(library).join(version);
        let text = fs::read(folder.join("answers.json")).unwrap();
        Self { folder, text }
    }

    /// Shows each model's name, answers, and the input that they are for.
    fn each(&self, mut show: impl FnMut(&str, Value<'_>, &Array)) {
        let document = json::parse(&self.text, &Limits::default()).unwrap();
        let inputs = document.root().expect("inputs").unwrap();
        let models = document.root().expect("models").unwrap();
        for model in models.members() {
            let input = model.expect("input").unwrap().as_text().unwrap();
            let input = Array::read(inputs.expect(&input).unwrap());
            show(&model.key(), model, &input);
        }
    }

    fn file(&self, name: &str, form: &str) -> Vec<u8> {
        fs::read(self.folder.join(format!("{name}.{form}"))).unwrap()
    }
}

/// Numbers as they stand in a file of answers.
struct Array {
    n_columns: Option<usize>,
    n_rows: usize,
    values: Vec<f64>,
}

impl Array {
    fn read(value: Value<'_>) -> Self {
        let shape = value.expect("shape").unwrap().i64s().unwrap();
        let shape: Vec<usize> = shape.into_iter().map(|n| usize::try_from(n).unwrap()).collect();
        let list = value.expect("values").unwrap();
        let number = |item: Value<'_>| match item.as_text() {
            Some(word) => word.parse().unwrap(),
            None => item.as_f64().unwrap_or(f64::NAN),
        };
        let values = list.f64s().unwrap_or_else(|_| list.items().map(number).collect());
        Self { n_rows: shape[0], n_columns: shape.get(1).copied(), values }
    }

    fn input(&self) -> Input<'_> {
        let values = Values::F64(&self.values);
        Input::new(values, self.n_rows, self.n_columns.unwrap()).unwrap()
    }
}

/// How far answers may be from the library's.
#[derive(Clone, Copy)]
enum Exactness {
    Bits,
    /// Relative to the greater of one and the answer.
    Within(f64),
}

/// Compares an answer with the library's, and a batch with its rows alone.
#[track_caller]
fn check(model: &BoostedModel, method: Method, input: &Array, expected: &Array, what: Case<'_>) {
    let (mut scratch, mut out) = (Scratch::default(), TensorData::F32(Vec::new()));
    model.predict(input.input(), method, &mut scratch, &mut out).unwrap();
    let fact = model.answer_fact(method).unwrap();
    assert_eq!(out.dtype(), fact.dtype, "{}", what.name);
    assert_eq!(fact.n_columns, expected.n_columns.filter(|&n| n > 1), "{}", what.name);
    let got = doubles(&out);
    assert_eq!(got.len(), expected.values.len(), "{}", what.name);
    for (at, (got, expected)) in got.iter().zip(&expected.values).enumerate() {
        let is_right = match what.exactness {
            _ if expected.is_nan() => got.is_nan(),
            Exactness::Bits => got.to_bits() == expected.to_bits(),
            Exactness::Within(most) => (got - expected).abs() <= most * expected.abs().max(1.0),
        };
        assert!(
            is_right,
            "{} {method:?} value {at}: expected {expected:?}, got {got:?}",
            what.name
        );
    }
    let mut single = Vec::new();
    for row in input.values.chunks_exact(input.n_columns.unwrap()) {
        let row = Input::new(Values::F64(row), 1, row.len()).unwrap();
        model.predict(row, method, &mut scratch, &mut out).unwrap();
        single.extend(doubles(&out));
    }
    let bits = |values: &[f64]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&single), bits(&got), "{}: rows alone", what.name);
}

#[derive(Clone, Copy)]
struct Case<'a> {
    name: &'a str,
    exactness: Exactness,
}

fn doubles(data: &TensorData) -> Vec<f64> {
    match data {
        TensorData::F32(values) => values.iter().map(|&value| value.into()).collect(),
        TensorData::F64(values) => values.clone(),
        TensorData::I64(values) => values.iter().map(|&value| value as f64).collect(),
        _ => panic!("no numbers of models"),
    }
}

/// Checks the answers that are there under these names.
fn check_all(
    model: &BoostedModel,
    answers: Value<'_>,
    input: &Array,
    methods: &[(&str, Method)],
    case: Case<'_>,
) -> usize {
    let mut n_checked = 0;
    for (key, method) in methods {
        if let Some(expected) = answers.get(key) {
            check(model, *method, input, &Array::read(expected), case);
            n_checked += 1;
        }
    }
    n_checked
}

fn check_xgboost(version: &str, n_expected: usize) {
    let corpus = Corpus::read("xgboost", version);
    let mut n_checked = 0;
    corpus.each(|name, answers, input| {
        for form in answers.expect("forms").unwrap().texts().unwrap() {
            let name = format!("xgboost {version} {name}.{form}");
            let stem = answers.key();
            let model = xgboost::read(&corpus.file(&stem, &form), &Limits::default()).unwrap();
            let missing = answers.get("missing").and_then(|value| value.as_f32());
            let mut options = XgboostOptions {
                missing: missing.unwrap_or(f32::NAN),
                ..XgboostOptions::default()
            };
            if version == "0.82" {
                // Files of that version do not tell.
                options.is_classifier = Some(answers.get("proba").is_some());
            }
            let case = Case { name: &name, exactness: Exactness::Bits };
            let make = |options| BoostedModel::Xgboost(XgboostModel::new(&model, options).unwrap());
            let methods = [("predict", Method::Booster), ("margin", Method::Margin)];
            n_checked += check_all(&make(options), answers, input, &methods, case);
            options.rounds = Rounds::Best;
            let methods = [("wrapper", Method::Predict), ("proba", Method::PredictProba)];
            n_checked += check_all(&make(options), answers, input, &methods, case);
        }
    });
    assert_eq!(n_checked, n_expected);
}

#[test]
fn xgboost_0_82_gives_the_same_bits() {
    check_xgboost("0.82", 97);
}

#[test]
fn xgboost_1_4_2_gives_the_same_bits() {
    check_xgboost("1.4.2", 185);
}

#[test]
fn xgboost_1_7_6_gives_the_same_bits() {
    check_xgboost("1.7.6", 325);
}

#[test]
fn xgboost_2_1_4_gives_the_same_bits() {
    check_xgboost("2.1.4", 259);
}

#[test]
fn xgboost_3_2_0_gives_the_same_bits() {
    check_xgboost("3.2.0", 259);
}

fn check_lightgbm(version: &str, n_expected: usize) {
    let corpus = Corpus::read("lightgbm", version);
    let mut n_checked = 0;
    corpus.each(|name, answers, input| {
        let model = lightgbm::read(&corpus.file(name, "txt"), &Limits::default()).unwrap();
        let is_classifier = answers.get("proba").is_some();
        let model = BoostedModel::Lightgbm(LightgbmModel::new(&model, is_classifier).unwrap());
        // Before 3.3 this objective's logarithm was another.
        let is_other = name == "cross_entropy_lambda" && matches!(version, "2.3.1" | "3.2.1");
        let exactness = if is_other { Exactness::Within(3e-16) } else { Exactness::Bits };
        let name = format!("lightgbm {version} {name}");
        let case = Case { name: &name, exactness };
        let methods = [
            ("predict", Method::Booster),
            ("raw", Method::Margin),
            ("wrapper", Method::Predict),
            ("proba", Method::PredictProba),
        ];
        n_checked += check_all(&model, answers, input, &methods, case);
    });
    assert_eq!(n_checked, n_expected);
}

#[test]
fn lightgbm_2_3_1_gives_the_same_bits() {
    check_lightgbm("2.3.1", 68);
}

#[test]
fn lightgbm_3_2_1_gives_the_same_bits() {
    check_lightgbm("3.2.1", 76);
}

#[test]
fn lightgbm_3_3_5_gives_the_same_bits() {
    check_lightgbm("3.3.5", 76);
}

#[test]
fn lightgbm_4_3_0_gives_the_same_bits() {
    check_lightgbm("4.3.0", 76);
}

#[test]
fn lightgbm_4_7_0_gives_the_same_bits() {
    check_lightgbm("4.7.0", 76);
}

#[test]
fn catboost_1_2_10_gives_the_same_bits_but_for_its_own_exponential() {
    let corpus = Corpus::read("catboost", "1.2.10");
    let mut n_checked = 0;
    corpus.each(|name, answers, input| {
        let model = catboost::read(&corpus.file(name, "json"), &Limits::default()).unwrap();
        let model = BoostedModel::Catboost(CatboostModel::new(&model).unwrap());
        let case = Case { name, exactness: Exactness::Bits };
        n_checked += check_all(&model, answers, input, &[("raw", Method::Margin)], case);
        let near = Case { name, exactness: Exactness::Within(4e-16) };
        n_checked += check_all(&model, answers, input, &[("proba", Method::PredictProba)], near);
        if model.labels().is_empty() {
            n_checked += check_all(&model, answers, input, &[("predict", Method::Predict)], near);
        } else {
            let labels = model.labels();
            assert_eq!(predicted_labels(&model, input, labels), texts(answers), "{name}");
            n_checked += 1;
        }
    });
    assert_eq!(n_checked, 36);
}

/// The names of the predicted classes.
fn predicted_labels(
    model: &BoostedModel,
    input: &Array,
    labels: &[catboost::Label],
) -> Vec<String> {
    let (mut scratch, mut out) = (Scratch::default(), TensorData::F32(Vec::new()));
    model.predict(input.input(), Method::Predict, &mut scratch, &mut out).unwrap();
    let TensorData::I64(classes) = out else { panic!("classes") };
    let label = |class: i64| match &labels[usize::try_from(class).unwrap()] {
        catboost::Label::Integer(integer) => format!("{:?}", *integer as f64),
        catboost::Label::Number(number) => format!("{number:?}"),
        catboost::Label::Text(text) => text.clone(),
    };
    classes.into_iter().map(label).collect()
}

/// The names of the classes that the library predicted.
fn texts(answers: Value<'_>) -> Vec<String> {
    let values = answers.expect("predict").unwrap().expect("values").unwrap();
    match values.f64s() {
        Ok(numbers) => numbers.into_iter().map(|number| format!("{number:?}")).collect(),
        Err(_) => values.texts().unwrap(),
    }
}
