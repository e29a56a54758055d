//! A request that the model accepts: what a newcomer is told to try.

use radiant_core::{DType, Signature, TensorSpec};

use crate::node::Node;

/// An example with more elements than this would not be copied by anybody.
const ELEMENTS_MAX: usize = 1024;

/// A body for `/api/v1.0/predictions`: zeros in the shape of the model's inputs. `None` when that
/// would be too long to show.
pub(crate) fn request_body(node: &Node) -> Option<String> {
    let Some((engine, _)) = node.engine() else {
        return Some(r#"{"data":{"ndarray":[[1,2.5]]}}"#.to_owned());
    };
    let Signature { inputs, .. } = engine.signature();
    if let [input] = &inputs[..] {
        return Some(format!(r#"{{"data":{{"ndarray":{}}}}}"#, zeros(input)?));
    }
    let inputs: Option<Vec<String>> =
        inputs.iter().map(|spec| Some(format!("\"{}\":{}", spec.name, zeros(spec)?))).collect();
    Some(format!(r#"{{"jsonData":{{{}}}}}"#, inputs?.join(",")))
}

/// One row of zeros as nested lists.
fn zeros(spec: &TensorSpec) -> Option<String> {
    let dims: Vec<usize> = spec.dims.iter().map(|dim| dim.unwrap_or(1)).collect();
    let n_elements = dims.iter().try_fold(1_usize, |n, &dim| n.checked_mul(dim))?;
    if n_elements > ELEMENTS_MAX {
        return None;
    }
    let zero = match spec.dtype {
        DType::Bool => "false",
        DType::Bytes => "\"\"",
        dtype if dtype.is_float() => "0.0",
        _ => "0",
    };
    let nest = |inner: String, dim: &usize| format!("[{}]", vec![inner; *dim].join(","));
    Some(dims.iter().rev().fold(zero.to_owned(), nest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_has_the_shape_of_the_input() {
        let spec = |dtype, dims: &[Option<usize>]| TensorSpec {
            name: "x".into(),
            dtype,
            dims: dims.to_vec(),
        };
        assert_eq!(zeros(&spec(DType::F32, &[None, Some(2)])).unwrap(), "[[0.0,0.0]]");
        assert_eq!(zeros(&spec(DType::I64, &[None])).unwrap(), "[0]");
        assert_eq!(zeros(&spec(DType::F32, &[None, Some(3), Some(999)])), None);
    }
}
