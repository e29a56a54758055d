//! Rows and the answers of the library, out of golden files (`tests/models/formats/README.md`).

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use radiant_core::{Strings, Tensor, TensorData};
use serde_json::Value;

/// How far numbers may be apart, in each other and near zero. Who answers wrongly is not measured;
/// how exact an answer is, is another program's business.
const APART_MAX: f64 = 1e-4;

/// What a golden file says of a model.
#[derive(Debug)]
pub(crate) struct Golden {
    /// The model's file.
    pub(crate) model: PathBuf,
    input: Value,
    /// The name of the method that is asked: `predict_proba` where the model has it, else `predict`.
    pub(crate) method: &'static str,
    answers: Vec<f64>,
    pub(crate) n_rows: usize,
}

impl Golden {
    /// Reads a golden file; the model lies beside it.
    ///
    /// # Errors
    /// When it is none.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let bytes = fs::read(path).with_context(|| format!("reading {}", path.display()))?;
        let mut json: Value = serde_json::from_slice(&bytes)?;
        let model = path.with_file_name(text(&json["model"])?);
        let plain = &mut json["cases"]["plain"];
        let method = ["predict_proba", "predict"]
            .into_iter()
            .find(|method| plain["answers"].get(method).is_some())
            .context("the model predicts nothing")?;
        let answer = &plain["answers"][method];
        let answers = list(&answer["data"])?.iter().map(number).collect::<Result<_>>()?;
        let n_rows = answer["shape"][0].as_u64().context("answers without a shape")?;
        let (n_rows, input) = (usize::try_from(n_rows)?, plain["input"].take());
        Ok(Self { model, input, method, answers, n_rows })
    }

    /// The first rows as the tensors of a request: a matrix of doubles, texts, or a tensor for each
    /// column.
    ///
    /// # Errors
    /// When there are no such rows.
    pub(crate) fn rows(&self, n_rows: usize) -> Result<Vec<Tensor>> {
        ensure!(n_rows <= self.n_rows, "there are {} rows", self.n_rows);
        let Some(columns) = self.input.get("columns") else {
            let shape =
                list(&self.input["shape"])?.iter().map(|dim| dim.as_u64().context("no shape"));
            let mut shape: Vec<usize> =
                shape.map(|dim| Ok(usize::try_from(dim?)?)).collect::<Result<_>>()?;
            *shape.first_mut().context("rows without a shape")? = n_rows;
            return Ok(vec![tensor("input", &shape, &self.input)?]);
        };
        let column = |column: &Value| tensor(text(&column["name"])?, &[n_rows], column);
        list(columns)?.iter().map(column).collect()
    }

    /// Checks answers to the first rows.
    ///
    /// # Errors
    /// Where they differ from the library's.
    pub(crate) fn check(&self, answers: &[Tensor]) -> Result<()> {
        let [answer] = answers else { bail!("{} answers", answers.len()) };
        let numbers: Vec<f64> = match &answer.data {
            TensorData::F64(numbers) => numbers.clone(),
            TensorData::F32(numbers) => numbers.iter().map(|number| f64::from(*number)).collect(),
            TensorData::I64(numbers) => numbers.iter().map(|number| *number as f64).collect(),
            data => bail!("an answer of type {}", data.dtype()),
        };
        // A booster answers two classes with the probability of the second.
        let n_rows = answer.shape.rows();
        let width = self.answers.len() / self.n_rows.max(1);
        let second = width == 2 && numbers.len() == n_rows;
        let expected = self.answers.iter().skip(usize::from(second));
        let n_numbers = if second { n_rows } else { n_rows * width };
        let expected = expected.step_by(1 + usize::from(second)).take(n_numbers);
        ensure!(expected.len() == numbers.len(), "{} numbers for {n_rows} rows", numbers.len());
        for (at, (expected, given)) in expected.zip(&numbers).enumerate() {
            // What is no number is near nothing.
            let near = (expected - given).abs() <= APART_MAX * (1.0 + expected.abs());
            ensure!(near, "number {at}: expected {expected}, got {given}");
        }
        Ok(())
    }
}

fn tensor(name: &str, shape: &[usize], of: &Value) -> Result<Tensor> {
    let n_values = shape.iter().product();
    let values = list(&of["data"])?;
    let values = values.get(..n_values).context("fewer values than rows")?;
    Ok(match text(&of["dtype"])? {
        "float64" => {
            let numbers: Vec<f64> = values.iter().map(number).collect::<Result<_>>()?;
            Tensor::new(name, shape, numbers)
        }
        "int64" => {
            let whole = values.iter().map(|value| value.as_i64().context("no integer"));
            Tensor::new(name, shape, whole.collect::<Result<Vec<_>>>()?)
        }
        "bool" => {
            let truths = values.iter().map(|value| value.as_bool().context("no truth"));
            Tensor::new(name, shape, truths.collect::<Result<Vec<_>>>()?)
        }
        "str" | "object" | "category" => {
            let mut texts = Strings::new();
            for value in values {
                match value {
                    Value::String(text) => texts.push(text.as_bytes()),
                    _ => texts.push_missing(),
                }
            }
            Tensor::strings(name, shape, texts)
        }
        dtype => bail!("rows of {dtype}"),
    })
}

fn text(value: &Value) -> Result<&str> {
    value.as_str().context("a text is missing")
}

fn list(value: &Value) -> Result<&Vec<Value>> {
    value.as_array().context("a list is missing")
}

fn number(value: &Value) -> Result<f64> {
    match value {
        Value::String(text) => Ok(text.parse()?),
        value => value.as_f64().context("a number is missing"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn golden(width: usize) -> Golden {
        let answers: Vec<f64> = (0..3 * width).map(|at| at as f64).collect();
        let input = serde_json::json!({"dtype": "float64", "shape": [3, 1], "data": [1, "nan", 3]});
        Golden { model: PathBuf::new(), input, method: "predict_proba", answers, n_rows: 3 }
    }

    #[test]
    fn rows_are_the_first() {
        let rows = golden(1).rows(2).unwrap();
        assert_eq!(rows[0].shape.dims(), [2, 1]);
        assert!(rows[0].as_slice::<f64>().unwrap()[1].is_nan());
        assert!(golden(1).rows(4).is_err());
    }

    #[test]
    fn answers_are_those_of_the_library_but_for_rounding() {
        let answer = |shape: &[usize], numbers: &[f64]| [Tensor::new("y", shape, numbers.to_vec())];
        golden(1).check(&answer(&[2], &[0.0, 1.000_01])).unwrap();
        assert!(golden(1).check(&answer(&[2], &[0.0, 1.01])).is_err());
        assert!(golden(1).check(&answer(&[2], &[0.0, f64::NAN])).is_err());
    }

    #[test]
    fn a_booster_tells_the_second_class_alone() {
        let answer = |shape: &[usize], numbers: &[f64]| [Tensor::new("y", shape, numbers.to_vec())];
        golden(2).check(&answer(&[2], &[1.0, 3.0])).unwrap();
        golden(2).check(&answer(&[2, 2], &[0.0, 1.0, 2.0, 3.0])).unwrap();
        assert!(golden(2).check(&answer(&[2, 3], &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0])).is_err());
    }
}
