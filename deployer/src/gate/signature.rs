//! What callers see of a model, and whether another model breaks them.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// An extent that may be any.
const ANY: i64 = -1;

/// What a model takes and answers, as `radiant check` tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// What it takes.
    pub inputs: Vec<Tensor>,
    /// What it answers.
    pub outputs: Vec<Tensor>,
}

/// An input or output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tensor {
    /// Its name.
    pub name: String,
    /// The type of its elements, as the Open Inference Protocol calls it.
    pub datatype: String,
    /// Its extents; -1 is any.
    pub shape: Vec<i64>,
}

impl fmt::Display for Tensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{:?}", self.datatype, self.shape)
    }
}

impl Signature {
    /// The signature in a document of `radiant check -o json`; none in anything else.
    pub fn of(document: &Value) -> Option<Self> {
        Self::deserialize(document).ok()
    }

    /// What a new model does otherwise than this one so that callers of this one fail, a line each.
    ///
    /// Further outputs break nobody, nor does an extent that may be any where it was fixed.
    pub fn broken_by(&self, new: &Self) -> Vec<String> {
        let mut changes = Vec::new();
        for (side, before, after) in
            [("input", &self.inputs, &new.inputs), ("output", &self.outputs, &new.outputs)]
        {
            let is_input = side == "input";
            for old in before {
                let found = named(after, &old.name);
                if found.is_none_or(|new| !serves(old, new, is_input)) {
                    let got = found.map_or("none".to_owned(), |new| format!("`{new}`"));
                    changes.push(format!("{side} `{}`: expected `{old}`, got {got}", old.name));
                }
            }
            let added = after.iter().filter(|it| is_input && named(before, &it.name).is_none());
            changes
                .extend(added.map(|it| format!("{side} `{}`: expected none, got `{it}`", it.name)));
        }
        changes
    }
}

fn named<'a>(tensors: &'a [Tensor], name: &str) -> Option<&'a Tensor> {
    tensors.iter().find(|tensor| tensor.name == name)
}

/// Whether callers of the old one get on with the new one. What they send may have any extent that the
/// old one took; what they get may be known better than before.
fn serves(old: &Tensor, new: &Tensor, is_input: bool) -> bool {
    let fits = |(old, new): (&i64, &i64)| old == new || *new == ANY || (*old == ANY && !is_input);
    old.datatype == new.datatype
        && old.shape.len() == new.shape.len()
        && old.shape.iter().zip(&new.shape).all(fits)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn tensor(name: &str, datatype: &str, shape: &[i64]) -> Tensor {
        Tensor { name: name.to_owned(), datatype: datatype.to_owned(), shape: shape.to_vec() }
    }

    fn signature(inputs: &[Tensor], outputs: &[Tensor]) -> Signature {
        Signature { inputs: inputs.to_vec(), outputs: outputs.to_vec() }
    }

    #[test]
    fn it_is_read_from_what_the_server_tells() {
        let document = json!({
            "schema": "radiant/check/v2", "engine": "tract",
            "inputs": [{"name": "x", "datatype": "FP32", "shape": [-1, 4]}],
            "outputs": [{"name": "y", "datatype": "INT64", "shape": [-1]}],
        });
        let read = Signature::of(&document).unwrap();
        let (x, y) = (tensor("x", "FP32", &[-1, 4]), tensor("y", "INT64", &[-1]));
        assert_eq!(read, signature(&[x], &[y]));
        assert_eq!(Signature::of(&json!({"inputs": 1})), None);
    }

    #[test]
    fn a_change_is_told_by_its_tensor() {
        let x = tensor("x", "FP32", &[-1, 4]);
        let y = tensor("y", "FP32", &[-1, 3]);
        let (same, told) = (std::slice::from_ref(&x), std::slice::from_ref(&y));
        let before = signature(same, told);
        let cases: [(&[Tensor], &[Tensor], &[&str]); 8] = [
            (same, &[y.clone(), tensor("z", "FP32", &[-1])], &[]),
            (&[tensor("x", "FP32", &[-1, -1])], &[tensor("y", "FP32", &[-1, -1])], &[]),
            (same, &[tensor("y", "FP32", &[1, 3])], &[]),
            (
                &[tensor("x", "FP32", &[1, 4])],
                told,
                &["input `x`: expected `FP32[-1, 4]`, got `FP32[1, 4]`"],
            ),
            (
                &[tensor("x", "FP64", &[-1, 4])],
                told,
                &["input `x`: expected `FP32[-1, 4]`, got `FP64[-1, 4]`"],
            ),
            (
                &[tensor("rows", "FP32", &[-1, 4])],
                told,
                &[
                    "input `x`: expected `FP32[-1, 4]`, got none",
                    "input `rows`: expected none, got `FP32[-1, 4]`",
                ],
            ),
            (
                same,
                &[tensor("y", "FP32", &[-1])],
                &["output `y`: expected `FP32[-1, 3]`, got `FP32[-1]`"],
            ),
            (
                same,
                &[tensor("y", "FP32", &[-1, 2])],
                &["output `y`: expected `FP32[-1, 3]`, got `FP32[-1, 2]`"],
            ),
        ];
        for (inputs, outputs, expected) in cases {
            assert_eq!(before.broken_by(&signature(inputs, outputs)), expected);
        }
        assert_eq!(before.broken_by(&before), [""; 0]);
    }
}
