//! Bodies and paths of the three protocols.

use anyhow::anyhow;
use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::config::Protocol;
use crate::error::Failure;

/// How deep lists may be nested.
const RANK_MAX: usize = 16;

/// The path that a prediction is posted to. Seldon's names no model, the others do.
pub(crate) fn path(protocol: Protocol, model: &str) -> String {
    match protocol {
        Protocol::Seldon => "/api/v1.0/predictions".to_owned(),
        Protocol::V2 => format!("/v2/models/{model}/infer"),
        Protocol::Tensorflow => format!("/v1/models/{model}:predict"),
    }
}

/// The body of a prediction.
///
/// A JSON object is sent as it is. A list is rows, and is put where the protocol wants them; a list of
/// plain values is one row. `names` are those of the columns, or of the one tensor.
///
/// # Errors
/// When it is no JSON, no table, or the names do not fit.
pub(crate) fn body(protocol: Protocol, data: &[u8], names: &[String]) -> Result<Bytes, Failure> {
    let value: Value = serde_json::from_slice(data).map_err(|error| {
        // Its own words show what is there, which may be personal.
        let at = format!("line {}, column {}", error.line(), error.column());
        Failure::usage(anyhow!("`--data`: expected JSON, got something else at {at}"))
            .hint("`-d @FILE` reads a file, `-d -` reads stdin, and `--raw` sends anything")
    })?;
    match value {
        Value::Object(_) if names.is_empty() => Ok(Bytes::copy_from_slice(data)),
        Value::Object(_) => Err(Failure::usage(anyhow!(
            "`--names`: expected rows as a list, got a whole request, which has names of its own"
        ))),
        Value::Array(items) => {
            let is_row = !items.iter().any(Value::is_array);
            let rows = if is_row { vec![Value::Array(items)] } else { items };
            let wrapped = match protocol {
                Protocol::Seldon => seldon(rows, names),
                Protocol::V2 => v2(&rows, names)?,
                Protocol::Tensorflow => tensorflow(rows, names)?,
            };
            Ok(Bytes::from(wrapped.to_string()))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            Err(Failure::usage(anyhow!("`--data`: expected rows or a request, got a single value")))
        }
    }
}

fn seldon(rows: Vec<Value>, names: &[String]) -> Value {
    let mut data = Map::new();
    if !names.is_empty() {
        data.insert("names".to_owned(), json!(names));
    }
    data.insert("ndarray".to_owned(), Value::Array(rows));
    json!({ "data": data })
}

/// One tensor, or one for each column where there is a name for each.
fn v2(rows: &[Value], names: &[String]) -> Result<Value, Failure> {
    if let [] | [_] = names {
        let shape = shape(rows)?;
        let name = names.first().map_or("input", String::as_str);
        let mut flat = Vec::new();
        flatten(rows, &mut flat);
        return Ok(json!({ "inputs": [tensor(name, &shape, &flat)?] }));
    }
    let mut inputs = Vec::new();
    for (idx, name) in names.iter().enumerate() {
        let column: Vec<Value> = rows
            .iter()
            .map(|row| row.get(idx).cloned().filter(|_| width(row) == names.len()))
            .collect::<Option<_>>()
            .ok_or_else(|| unnamed(names))?;
        inputs.push(tensor(name, &[rows.len(), 1], &column)?);
    }
    Ok(json!({ "inputs": inputs }))
}

fn tensorflow(rows: Vec<Value>, names: &[String]) -> Result<Value, Failure> {
    if names.is_empty() {
        return Ok(json!({ "instances": rows }));
    }
    let instances = rows.into_iter().map(|row| match row {
        Value::Array(values) if values.len() == names.len() => {
            Ok(Value::Object(names.iter().cloned().zip(values).collect()))
        }
        _ => Err(unnamed(names)),
    });
    Ok(json!({ "instances": instances.collect::<Result<Vec<_>, _>>()? }))
}

fn unnamed(names: &[String]) -> Failure {
    let n = names.len();
    Failure::usage(anyhow!("`--names`: expected a name for each column, got {n} and other rows"))
}

fn width(row: &Value) -> usize {
    row.as_array().map_or(0, Vec::len)
}

fn tensor(name: &str, shape: &[usize], data: &[Value]) -> Result<Value, Failure> {
    let all = |is: fn(&Value) -> bool| data.iter().all(is);
    let datatype = if all(|it| it.is_i64() || it.is_u64()) {
        "INT64"
    } else if all(Value::is_number) {
        "FP64"
    } else if all(Value::is_boolean) {
        "BOOL"
    } else if all(Value::is_string) {
        "BYTES"
    } else {
        let error = anyhow!("`--data`: expected values of one type in `{name}`, got several");
        return Err(Failure::usage(error).hint("give a name for each column by `--names a,b,...`"));
    };
    Ok(json!({ "name": name, "shape": shape, "datatype": datatype, "data": data }))
}

/// The lengths of nested lists, which must be the same everywhere.
fn shape(rows: &[Value]) -> Result<Vec<usize>, Failure> {
    let mut shape = vec![rows.len()];
    let mut level: Vec<&Value> = rows.iter().collect();
    while level.iter().any(|value| value.is_array()) {
        let n = level.first().map_or(0, |value| width(value));
        if shape.len() == RANK_MAX || level.iter().any(|it| !it.is_array() || width(it) != n) {
            let error = anyhow!("`--data`: expected rows of one length, got several");
            return Err(Failure::usage(error));
        }
        shape.push(n);
        level = level.into_iter().filter_map(Value::as_array).flatten().collect();
    }
    Ok(shape)
}

/// The values of nested lists, in their order.
pub(super) fn flatten(values: &[Value], flat: &mut Vec<Value>) {
    for value in values {
        match value {
            Value::Array(values) => flatten(values, flat),
            value => flat.push(value.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json_of(protocol: Protocol, data: &str, names: &[&str]) -> Value {
        let names: Vec<String> = names.iter().map(|&it| it.to_owned()).collect();
        serde_json::from_slice(&body(protocol, data.as_bytes(), &names).unwrap()).unwrap()
    }

    #[test]
    fn rows_are_put_where_each_protocol_wants_them() {
        use Protocol::{Seldon, Tensorflow, V2};
        for (protocol, data, names, expected) in [
            (Seldon, "[[1,2],[3,4]]", &[][..], json!({"data": {"ndarray": [[1, 2], [3, 4]]}})),
            (
                Seldon,
                "[1,2]",
                &["a", "b"],
                json!({"data": {"names": ["a", "b"], "ndarray": [[1, 2]]}}),
            ),
            (
                V2,
                "[[1,2.5],[3,4]]",
                &["x"],
                json!({"inputs": [{"name": "x", "shape": [2, 2], "datatype": "FP64",
                    "data": [1, 2.5, 3, 4]}]}),
            ),
            (
                V2,
                r#"[[1,"a"],[2,"b"]]"#,
                &["n", "s"],
                json!({"inputs": [
                    {"name": "n", "shape": [2, 1], "datatype": "INT64", "data": [1, 2]},
                    {"name": "s", "shape": [2, 1], "datatype": "BYTES", "data": ["a", "b"]},
                ]}),
            ),
            (Tensorflow, "[[1,2]]", &[], json!({"instances": [[1, 2]]})),
            (Tensorflow, "[[1,2]]", &["a", "b"], json!({"instances": [{"a": 1, "b": 2}]})),
        ] {
            assert_eq!(json_of(protocol, data, names), expected);
        }
    }

    #[test]
    fn a_whole_request_is_sent_as_it_is() {
        let text = r#"{ "data": {"ndarray": [[1.0]]} }"#;
        assert_eq!(body(Protocol::V2, text.as_bytes(), &[]).unwrap(), text.as_bytes());
    }

    #[test]
    fn what_is_no_table_is_refused_without_being_shown() {
        for (protocol, data, names, word) in [
            (Protocol::Seldon, "hunter2", &[][..], "line 1"),
            (Protocol::Seldon, "1", &[], "a single value"),
            (Protocol::Seldon, "{}", &["a"], "names of its own"),
            (Protocol::V2, "[[1],[1,2]]", &[], "one length"),
            (Protocol::V2, "[[1],2]", &[], "one length"),
            (Protocol::V2, r#"[[1,"hunter2"]]"#, &[], "one type"),
            (Protocol::V2, "[[1,2,3]]", &["a", "b"], "a name for each column"),
            (Protocol::Tensorflow, "[[1]]", &["a", "b"], "a name for each column"),
        ] {
            let names: Vec<String> = names.iter().map(|&it: &&str| it.to_owned()).collect();
            let text = body(protocol, data.as_bytes(), &names).unwrap_err().text();
            assert!(text.contains(word) && !text.contains("hunter2"), "{text}");
        }
    }

    #[test]
    fn each_protocol_has_its_path() {
        let paths = [Protocol::Seldon, Protocol::V2, Protocol::Tensorflow].map(|it| path(it, "m"));
        assert_eq!(paths, ["/api/v1.0/predictions", "/v2/models/m/infer", "/v1/models/m:predict"]);
    }
}
