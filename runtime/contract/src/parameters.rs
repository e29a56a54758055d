//! The typed parameters of a graph node: the JSON text in `PREDICTIVE_UNIT_PARAMETERS`.
//!
//! A list of `{"name": .., "value": .., "type": ..}` whose values are strings by contract; numbers
//! and booleans are taken too. Types and spellings are those of Seldon Core's Python microservice
//! 1.18 (`microservice.py`, `parse_parameters`), which calls Python's `int`, `float` and
//! `strtobool`; integers beyond 64 bits are refused here.

use std::fmt;

use serde_json::Value;

/// The types that a parameter may have, as errors list them.
const TYPES: &str = "INT, FLOAT, DOUBLE, STRING or BOOL";

/// A node's parameters in the order in which they were given.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Parameters(Vec<(String, ParameterValue)>);

/// The value of one parameter.
#[derive(Debug, Clone, PartialEq)]
pub enum ParameterValue {
    /// Type `INT`.
    Int(i64),
    /// Type `FLOAT` or `DOUBLE`.
    Float(f64),
    /// Type `STRING`.
    Text(String),
    /// Type `BOOL`.
    Bool(bool),
}

/// What is wrong with the parameters.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ParameterError {
    /// The text is no JSON.
    #[error("expected a JSON list of parameters: {0}")]
    NotJson(String),
    /// The text is JSON, and not a list.
    #[error("expected a JSON list of parameters, got {0}")]
    NotAList(&'static str),
    /// A list item is no object, or one of its members is missing or of the wrong kind.
    #[error("parameter {index}: expected {expected}, got {got}")]
    Malformed {
        /// Position in the list, from 0.
        index: usize,
        /// What should be there.
        expected: &'static str,
        /// What is there.
        got: String,
    },
    /// The type is not one of the five.
    #[error("parameter `{name}` with value `{value}`: expected type {TYPES}, got `{got}`")]
    UnknownType {
        /// The parameter.
        name: String,
        /// Its value.
        value: String,
        /// The type that was given.
        got: String,
    },
    /// The value is not one of its type.
    #[error("parameter `{name}` of type {kind}: expected {expected}, got `{value}`")]
    BadValue {
        /// The parameter.
        name: String,
        /// Its type.
        kind: &'static str,
        /// What values of the type look like.
        expected: &'static str,
        /// The value that was given.
        value: String,
    },
}

impl Parameters {
    /// Parses the JSON list in `text`; where a name comes twice, the last one holds.
    ///
    /// # Errors
    /// Every problem of every parameter.
    pub fn parse(text: &str) -> Result<Self, Vec<ParameterError>> {
        let list = match serde_json::from_str(text) {
            Ok(Value::Array(list)) => list,
            Ok(other) => return Err(vec![ParameterError::NotAList(kind(&other))]),
            Err(error) => return Err(vec![ParameterError::NotJson(error.to_string())]),
        };
        let mut parameters = Self::default();
        let mut problems = Vec::new();
        for (index, item) in list.iter().enumerate() {
            match parameter(index, item) {
                Ok((name, value)) => parameters.set(name, value),
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() { Ok(parameters) } else { Err(problems) }
    }

    /// The value of the parameter with this name.
    pub fn get(&self, name: &str) -> Option<&ParameterValue> {
        self.0.iter().find(|(have, _)| have == name).map(|(_, value)| value)
    }

    /// The text of the parameter with this name, if there is one.
    ///
    /// # Errors
    /// The inner result is an error when the parameter is of another type.
    pub fn text(&self, name: &str) -> Option<Result<&str, ParameterError>> {
        self.get(name).map(|value| match value {
            ParameterValue::Text(text) => Ok(text.as_str()),
            ParameterValue::Int(_) | ParameterValue::Float(_) | ParameterValue::Bool(_) => {
                Err(ParameterError::BadValue {
                    name: name.to_owned(),
                    kind: value.kind(),
                    expected: "type STRING",
                    value: value.to_string(),
                })
            }
        })
    }

    /// All names in the order in which they were given.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    fn set(&mut self, name: String, value: ParameterValue) {
        self.0.retain(|(have, _)| *have != name);
        self.0.push((name, value));
    }
}

impl ParameterValue {
    /// The type's name in the contract.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Int(_) => "INT",
            Self::Float(_) => "FLOAT",
            Self::Text(_) => "STRING",
            Self::Bool(_) => "BOOL",
        }
    }
}

impl fmt::Display for ParameterValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(value) => value.fmt(f),
            Self::Float(value) => value.fmt(f),
            Self::Text(value) => value.fmt(f),
            Self::Bool(value) => value.fmt(f),
        }
    }
}

fn parameter(index: usize, item: &Value) -> Result<(String, ParameterValue), ParameterError> {
    let malformed = |expected, got: &Value| ParameterError::Malformed {
        index,
        expected,
        got: kind(got).to_owned(),
    };
    let Value::Object(members) = item else {
        return Err(malformed("an object with `name`, `value` and `type`", item));
    };
    let member = |key| members.get(key).unwrap_or(&Value::Null);
    let Value::String(name) = member("name") else {
        return Err(malformed("`name` to be a string", member("name")));
    };
    let value = match member("value") {
        Value::String(text) => text.clone(),
        scalar @ (Value::Number(_) | Value::Bool(_)) => scalar.to_string(),
        other @ (Value::Null | Value::Array(_) | Value::Object(_)) => {
            return Err(malformed("`value` to be a string", other));
        }
    };
    let Value::String(type_name) = member("type") else {
        return Err(malformed("`type` to be a string", member("type")));
    };
    typed(name, value, type_name).map(|value| (name.clone(), value))
}

fn typed(name: &str, value: String, type_name: &str) -> Result<ParameterValue, ParameterError> {
    let (kind, expected, parsed) = match type_name {
        "STRING" => return Ok(ParameterValue::Text(value)),
        "INT" => ("INT", "a 64-bit integer", parse_int(&value).map(ParameterValue::Int)),
        "FLOAT" => ("FLOAT", "a number", parse_float(&value).map(ParameterValue::Float)),
        "DOUBLE" => ("DOUBLE", "a number", parse_float(&value).map(ParameterValue::Float)),
        "BOOL" => (
            "BOOL",
            "y, yes, t, true, on, 1, n, no, f, false, off or 0",
            parse_bool(&value).map(ParameterValue::Bool),
        ),
        other => {
            return Err(ParameterError::UnknownType {
                name: name.to_owned(),
                value,
                got: other.to_owned(),
            });
        }
    };
    parsed.ok_or_else(|| ParameterError::BadValue { name: name.to_owned(), kind, expected, value })
}

/// Python's `int(text)`, as far as 64 bits reach.
fn parse_int(text: &str) -> Option<i64> {
    without_underscores(text.trim())?.parse().ok()
}

/// Python's `float(text)`.
fn parse_float(text: &str) -> Option<f64> {
    without_underscores(text.trim())?.parse().ok()
}

/// Removes underscores that stand between two digits, the only place where Python allows them.
fn without_underscores(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let is_digit =
        |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
    let all_between_digits = bytes.iter().enumerate().all(|(at, byte)| {
        *byte != b'_' || (is_digit(at.checked_sub(1)) && is_digit(at.checked_add(1)))
    });
    all_between_digits.then(|| text.replace('_', ""))
}

/// Python's `distutils.util.strtobool`, the words that flags in the environment use too.
pub fn parse_bool(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "y" | "yes" | "t" | "true" | "on" | "1" => Some(true),
        "n" | "no" | "f" | "false" | "off" | "0" => Some(false),
        _ => None,
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_one(value: &str, type_name: &str) -> Result<ParameterValue, String> {
        let text = format!(r#"[{{"name":"p","value":{value},"type":"{type_name}"}}]"#);
        Parameters::parse(&text)
            .map(|parameters| parameters.get("p").expect("the parameter was given").clone())
            .map_err(|problems| problems[0].to_string())
    }

    #[test]
    fn values_are_typed_as_python_types_them() {
        use ParameterValue::{Bool, Float, Int, Text};
        let cases = [
            (r#""3""#, "INT", Int(3)),
            (r#"" -1_000 ""#, "INT", Int(-1000)),
            ("7", "INT", Int(7)),
            (r#""2.5""#, "FLOAT", Float(2.5)),
            (r#""1e3""#, "DOUBLE", Float(1000.0)),
            (r#""-Infinity""#, "DOUBLE", Float(f64::NEG_INFINITY)),
            (r#""predict""#, "STRING", Text("predict".into())),
            ("1.5", "STRING", Text("1.5".into())),
            (r#""YES""#, "BOOL", Bool(true)),
            (r#""off""#, "BOOL", Bool(false)),
            ("true", "BOOL", Bool(true)),
        ];
        for (value, type_name, expected) in cases {
            assert_eq!(parse_one(value, type_name), Ok(expected), "{value} as {type_name}");
        }
    }

    #[test]
    fn a_bad_value_names_parameter_type_and_value() {
        let cases = [
            (r#""2.5""#, "INT", "parameter `p` of type INT: expected a 64-bit integer, got `2.5`"),
            (
                r#""1__0""#,
                "INT",
                "parameter `p` of type INT: expected a 64-bit integer, got `1__0`",
            ),
            (r#""x""#, "DOUBLE", "parameter `p` of type DOUBLE: expected a number, got `x`"),
            (
                r#""ja""#,
                "BOOL",
                "parameter `p` of type BOOL: expected y, yes, t, true, on, 1, n, no, f, false, off \
                 or 0, got `ja`",
            ),
            (
                r#""1""#,
                "LONG",
                "parameter `p` with value `1`: expected type INT, FLOAT, DOUBLE, STRING or BOOL, \
                 got `LONG`",
            ),
            ("null", "INT", "parameter 0: expected `value` to be a string, got nothing"),
        ];
        for (value, type_name, expected) in cases {
            assert_eq!(parse_one(value, type_name), Err(expected.to_owned()), "{value}");
        }
    }

    #[test]
    fn every_problem_of_a_list_is_told() {
        let problems = Parameters::parse(
            r#"[1, {"value":"1","type":"INT"}, {"name":"a","value":"1"},
                {"name":"b","value":"x","type":"INT"}, {"name":"c","value":"x","type":"STRING"}]"#,
        )
        .expect_err("four of five are wrong");
        let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(
            problems,
            [
                "parameter 0: expected an object with `name`, `value` and `type`, got a number",
                "parameter 1: expected `name` to be a string, got nothing",
                "parameter 2: expected `type` to be a string, got nothing",
                "parameter `b` of type INT: expected a 64-bit integer, got `x`",
            ]
        );
    }

    #[test]
    fn what_is_not_a_list_is_refused() {
        let problem = |text| Parameters::parse(text).expect_err("not a list")[0].to_string();
        assert_eq!(problem("{}"), "expected a JSON list of parameters, got an object");
        assert!(problem("[").starts_with("expected a JSON list of parameters: EOF while parsing"));
    }

    #[test]
    fn the_last_of_two_parameters_with_one_name_holds() {
        let parameters = Parameters::parse(
            r#"[{"name":"model_uri","value":"a","type":"STRING"},
                {"name":"n","value":"1","type":"INT"},
                {"name":"model_uri","value":"/mnt/models","type":"STRING"}]"#,
        )
        .expect("the list is well-formed");
        assert_eq!(parameters.text("model_uri"), Some(Ok("/mnt/models")));
        assert_eq!(parameters.names().collect::<Vec<_>>(), ["n", "model_uri"]);
        let error = parameters.text("n").expect("`n` was given").expect_err("`n` is no text");
        assert_eq!(error.to_string(), "parameter `n` of type INT: expected type STRING, got `1`");
    }
}
