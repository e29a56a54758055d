//! Golden files: questions and answers as JSON (`tests/models/formats/README.md`).

use radiant_core::Strings;
use serde_json::Value;

use crate::sklearn::data::{Array, Cell, Data};
use crate::sklearn::estimator::Method;

/// A golden file.
pub(super) struct Golden {
    pub(super) class: String,
    pub(super) family: String,
    /// How near another implementation can come.
    pub(super) exact: String,
    /// Whether the model was trained in single precision.
    pub(super) is_single: bool,
    pub(super) cases: Vec<(String, Question)>,
}

pub(super) struct Question {
    pub(super) input: Input,
    pub(super) answers: Vec<(Method, Expected)>,
}

pub(super) enum Input {
    Array(Array<'static>),
    Frame(Vec<(String, Data<'static>)>),
}

pub(super) enum Expected {
    Answer(Vec<Array<'static>>),
    Refusal(String),
}

impl Golden {
    pub(super) fn read(bytes: &[u8]) -> Self {
        let json: Value = serde_json::from_slice(bytes).expect("golden files are JSON");
        let text = |name: &str| json[name].as_str().expect("is a text").to_owned();
        let cases = json["cases"].as_object().expect("cases are an object");
        let cases = cases.iter().map(|(name, case)| (name.clone(), question(case))).collect();
        Self {
            class: text("class"),
            family: text("family"),
            exact: text("exact"),
            is_single: text("model").contains("float32"),
            cases,
        }
    }
}

fn question(case: &Value) -> Question {
    let answers = case["answers"].as_object().expect("answers are an object");
    // Bare boosters answer other questions as well, which their own tests ask.
    let answer = |(name, answer): (&String, &Value)| {
        let method = Method::ALL.into_iter().find(|method| method.name() == name)?;
        Some((method, expected(answer)))
    };
    Question { input: input(&case["input"]), answers: answers.iter().filter_map(answer).collect() }
}

fn input(input: &Value) -> Input {
    let Some(columns) = input.get("columns") else { return Input::Array(array(input)) };
    let column = |column: &Value| {
        let name = column["name"].as_str().expect("columns have names");
        (name.to_owned(), data(column))
    };
    Input::Frame(columns.as_array().expect("a list").iter().map(column).collect())
}

fn expected(answer: &Value) -> Expected {
    if let Some(error) = answer.get("error") {
        return Expected::Refusal(format!("{error}: {}", answer["message"]));
    }
    match answer.get("list") {
        Some(list) => {
            Expected::Answer(list.as_array().expect("a list").iter().map(array).collect())
        }
        None if answer["shape"].as_array().is_some_and(|shape| shape.len() == 3) => {
            Expected::Answer(stacked(answer))
        }
        None => Expected::Answer(vec![array(answer)]),
    }
}

/// An array with three axes as those that are stacked in it.
fn stacked(array: &Value) -> Vec<Array<'static>> {
    let length = |axis: usize| self::length(&array["shape"][axis]);
    let (n, n_rows, n_columns) = (length(0), length(1), length(2));
    let data = data(array);
    let one = |at: usize| {
        let places = at * n_rows * n_columns..(at + 1) * n_rows * n_columns;
        Array::matrix(n_rows, n_columns, data.pick(places))
    };
    (0..n).map(one).collect()
}

fn array(array: &Value) -> Array<'static> {
    let shape = array["shape"].as_array().expect("arrays have a shape");
    let shape: Vec<usize> = shape.iter().map(length).collect();
    let data = data(array);
    match shape[..] {
        [] | [_] => Array::column(data),
        [n_rows, n_columns] => Array::matrix(n_rows, n_columns, data),
        _ => panic!("an array with shape {shape:?}"),
    }
}

fn data(array: &Value) -> Data<'static> {
    let values = array["data"].as_array().expect("arrays have data");
    match array["dtype"].as_str().expect("arrays have a type") {
        "float64" => values.iter().map(number).collect::<Vec<f64>>().into(),
        "float32" => values.iter().map(single).collect::<Vec<f32>>().into(),
        "bool" => Data::Bool(values.iter().map(|value| value == &Value::Bool(true)).collect()),
        "str" => {
            let texts = values.iter().map(|value| value.as_str().expect("a text"));
            Data::Text(std::borrow::Cow::Owned(texts.collect::<Strings>()))
        }
        "object" | "category" => Data::Cells(values.iter().map(cell).collect()),
        dtype if dtype.contains("int") => values
            .iter()
            .map(|value| value.as_i64().expect("an integer"))
            .collect::<Vec<_>>()
            .into(),
        dtype => panic!("no type {dtype}"),
    }
}

fn length(value: &Value) -> usize {
    let length = value.as_u64().and_then(|length| usize::try_from(length).ok());
    length.expect("a length")
}

#[expect(clippy::cast_possible_truncation, reason = "golden files widen single precision")]
fn single(value: &Value) -> f32 {
    number(value) as f32
}

fn number(value: &Value) -> f64 {
    match value {
        Value::String(text) => text.parse().expect("nan or inf"),
        value => value.as_f64().expect("a number"),
    }
}

fn cell(value: &Value) -> Cell {
    match value {
        Value::Null => Cell::None,
        Value::Bool(truth) => Cell::Bool(*truth),
        Value::String(text) => Cell::Text(text.as_str().into()),
        Value::Number(number) => match number.as_i64() {
            Some(integer) => Cell::Int(integer),
            None => Cell::Float(number.as_f64().expect("a number")),
        },
        value => Cell::Float(number(&value["float"])),
    }
}
