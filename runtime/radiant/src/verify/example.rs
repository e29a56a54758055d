//! MLflow's `input_example.json` as the inputs of a model.
//!
//! Its forms (MLflow 2 and 3, "Model Input Example"): `{"columns": [...], "data": [[...]]}` is a table,
//! `{"inputs": ...}` an array or an object of arrays by name, and `{"dataframe_split": {...}}` a table
//! again.

use anyhow::{Context, anyhow, bail};
use radiant_core::{DType, Signature, Strings, Tensor, TensorSpec};
use serde_json::Value;

/// The name of the file.
pub(super) const FILE: &str = "input_example.json";

/// The inputs that an example holds.
///
/// # Errors
/// When it is of no known form, or lacks an input of the model.
pub(super) fn inputs(json: &[u8], signature: &Signature) -> anyhow::Result<Vec<Tensor>> {
    let example: Value = serde_json::from_slice(json).context("expected JSON")?;
    let example = example.get("dataframe_split").unwrap_or(&example);
    if let (Some(columns), Some(rows)) = (list(example, "columns"), list(example, "data")) {
        return table(columns, rows, signature);
    }
    let inputs = example.get("inputs").unwrap_or(example);
    match (inputs, &signature.inputs[..]) {
        (Value::Object(named), specs) => {
            let value = |spec: &TensorSpec| {
                let missing = || anyhow!("input `{}`: expected a value, got none", spec.name);
                tensor(spec, named.get(&*spec.name).ok_or_else(missing)?)
            };
            specs.iter().map(value).collect()
        }
        (Value::Array(_), [spec]) => Ok(vec![tensor(spec, inputs)?]),
        _ => bail!("expected a table, or inputs by name: {}", signature.inputs_listed()),
    }
}

fn list<'a>(example: &'a Value, name: &str) -> Option<&'a Vec<Value>> {
    example.get(name)?.as_array()
}

/// A table: all its columns are the one input, or each input is the column of its name.
fn table(columns: &[Value], rows: &[Value], signature: &Signature) -> anyhow::Result<Vec<Tensor>> {
    if let [spec] = &signature.inputs[..]
        && spec.dims.len() == 2
        && spec.dims[1].is_none_or(|n_columns| n_columns == columns.len())
    {
        return Ok(vec![tensor(spec, &Value::Array(rows.to_vec()))?]);
    }
    let column = |spec: &TensorSpec| {
        let at = columns.iter().position(|name| name.as_str() == Some(&spec.name));
        let at = at.with_context(|| format!("input `{}`: there is no such column", spec.name))?;
        let cell = |row: &Value| {
            let cell = row.get(at).cloned().unwrap_or(Value::Null);
            if spec.dims.len() == 2 { Value::Array(vec![cell]) } else { cell }
        };
        tensor(spec, &rows.iter().map(cell).collect())
    };
    signature.inputs.iter().map(column).collect()
}

/// Nested lists as a tensor of the input's type.
fn tensor(spec: &TensorSpec, value: &Value) -> anyhow::Result<Tensor> {
    let (mut dims, mut leaves) = (Vec::new(), vec![value]);
    while let Some(Value::Array(first)) = leaves.first() {
        let n = first.len();
        dims.push(n);
        let mut next = Vec::with_capacity(leaves.len() * n);
        for leaf in leaves {
            match leaf.as_array().filter(|list| list.len() == n) {
                Some(list) => next.extend(list),
                None => bail!("input `{}`: expected lists of {n} everywhere", spec.name),
            }
        }
        leaves = next;
    }
    let name = &*spec.name;
    let wrong = |got: &Value| anyhow!("input `{name}`: expected {}, got `{got}`", spec.dtype);
    macro_rules! numbers {
        ($type:ty, $of:expr) => {{
            let values: Result<Vec<$type>, _> =
                leaves.iter().map(|leaf| $of(leaf).ok_or_else(|| wrong(leaf))).collect();
            Ok(Tensor::new(name, &dims, values?))
        }};
    }
    // JSON lacks NaN, which MLflow writes as null.
    let float = |leaf: &Value| if leaf.is_null() { Some(f64::NAN) } else { leaf.as_f64() };
    #[expect(clippy::cast_possible_truncation, reason = "the model wants single precision")]
    let single = |leaf: &Value| float(leaf).map(|value| value as f32);
    let int = |leaf: &Value| leaf.as_i64();
    match spec.dtype {
        DType::F32 => numbers!(f32, single),
        DType::F64 => numbers!(f64, float),
        DType::I64 => numbers!(i64, int),
        DType::I32 => numbers!(i32, |leaf| int(leaf)?.try_into().ok()),
        DType::U8 => numbers!(u8, |leaf| int(leaf)?.try_into().ok()),
        DType::Bool => numbers!(bool, Value::as_bool),
        DType::Bytes => {
            let texts: Option<Strings> = leaves
                .iter()
                .map(|leaf| leaf.as_str())
                .collect::<Option<Vec<_>>>()
                .map(|texts| texts.into_iter().collect());
            let texts = texts.ok_or_else(|| wrong(value))?;
            Ok(Tensor::strings(name, &dims, texts))
        }
        dtype => bail!("input `{name}`: examples of type {dtype} are not read"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signature(specs: &[(&str, DType, usize)]) -> Signature {
        let spec = |&(name, dtype, n_columns): &(&str, DType, usize)| {
            TensorSpec::new(name, dtype, vec![None, Some(n_columns)])
        };
        Signature::new(specs.iter().map(spec).collect(), Vec::new())
    }

    #[test]
    fn each_form_of_example_becomes_the_inputs() {
        let one = signature(&[("x", DType::F32, 2)]);
        let expected = vec![Tensor::new("x", &[1, 2], vec![1.0_f32, 2.5])];
        for json in [
            r#"{"columns": ["a", "b"], "data": [[1, 2.5]]}"#,
            r#"{"dataframe_split": {"columns": ["a", "b"], "data": [[1, 2.5]]}}"#,
            r#"{"inputs": [[1, 2.5]]}"#,
            r#"{"inputs": {"x": [[1, 2.5]]}}"#,
            "[[1, 2.5]]",
        ] {
            assert_eq!(inputs(json.as_bytes(), &one).expect(json), expected, "{json}");
        }
        let two = signature(&[("b", DType::Bytes, 1), ("a", DType::I64, 1)]);
        let json = r#"{"columns": ["a", "b"], "data": [[1, "u"], [2, "v"]]}"#;
        let got = inputs(json.as_bytes(), &two).expect("columns by name");
        assert_eq!(got[0], Tensor::strings("b", &[2, 1], ["u", "v"].into_iter().collect()));
        assert_eq!(got[1], Tensor::new("a", &[2, 1], vec![1_i64, 2]));
    }

    #[test]
    fn what_does_not_fit_is_told() {
        let one = signature(&[("x", DType::I64, 2)]);
        let problem =
            |json: &str| inputs(json.as_bytes(), &one).expect_err("it does not fit").to_string();
        assert_eq!(
            problem(r#"{"inputs": [[1], [1, 2]]}"#),
            "input `x`: expected lists of 1 everywhere"
        );
        assert_eq!(problem(r#"{"inputs": [[1, 2.5]]}"#), "input `x`: expected INT64, got `2.5`");
        assert_eq!(problem(r#"{"inputs": {"y": 1}}"#), "input `x`: expected a value, got none");
        assert_eq!(problem("7"), "expected a table, or inputs by name: `x` INT64 [-1, 2]");
    }
}
