//! Classifiers with fewer labels than classes.
//!
//! ONNX Runtime looks up the label of the class that it chose without asking how many labels there
//! are, and its own checks then end the process.

use radiant_onnx::OnnxError;
use radiant_onnx::pb::NodeProto;

/// Whether a classifier may choose a class that has no label. False for other operators.
///
/// # Errors
/// Where an attribute is of another type than the operator's.
pub(crate) fn are_too_few(node: &NodeProto) -> Result<bool, OnnxError> {
    if node.canonical_domain() != "ai.onnx.ml" {
        return Ok(false);
    }
    let count = |name: &str| node.ints(name).map(<[i64]>::len);
    let texts = node.strings("classlabels_strings")?.len();
    Ok(match node.op_type.as_str() {
        "TreeEnsembleClassifier" => {
            let n_labels = texts.max(count("classlabels_int64s")?) as u64;
            let has_label = |id: &i64| u64::try_from(*id).is_ok_and(|id| id < n_labels);
            // It takes one class for the second of two.
            n_labels < 2 || !node.ints("class_ids")?.iter().all(has_label)
        }
        "LinearClassifier" => {
            let n_classes = node.floats("intercepts")?.len();
            n_classes > 1 && texts.max(count("classlabels_ints")?) < n_classes
        }
        "SVMClassifier" => {
            let n_classes = count("vectors_per_class")?;
            texts.max(count("classlabels_ints")?) < n_classes
        }
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use radiant_onnx::pb::{AttributeProto, AttributeType};

    use super::*;

    fn attribute(name: &str, r#type: AttributeType, n: usize) -> AttributeProto {
        let ints = (0_i64..).take(n).collect();
        let (floats, strings) = (vec![0.0; n], vec![b"a".to_vec(); n]);
        let (name, r#type) = (name.to_owned(), r#type as i32);
        AttributeProto { name, r#type, ints, floats, strings, ..AttributeProto::default() }
    }

    #[test]
    fn every_class_needs_a_label() {
        let few = |op_type: &str, attribute: Vec<AttributeProto>| {
            let (op_type, domain) = (op_type.to_owned(), "ai.onnx.ml".to_owned());
            let node = NodeProto { op_type, domain, attribute, ..NodeProto::default() };
            are_too_few(&node).unwrap()
        };
        let texts = |n| attribute("classlabels_strings", AttributeType::Strings, n);
        let ids = |n| attribute("class_ids", AttributeType::Ints, n);
        assert!(!few("TreeEnsembleClassifier", vec![texts(2), ids(1)]));
        assert!(few("TreeEnsembleClassifier", vec![texts(1), ids(1)]));
        assert!(few("TreeEnsembleClassifier", vec![texts(2), ids(3)]));
        let intercepts = |n| attribute("intercepts", AttributeType::Floats, n);
        assert!(!few("LinearClassifier", vec![texts(2), intercepts(1)]));
        assert!(!few("LinearClassifier", vec![texts(3), intercepts(3)]));
        assert!(few("LinearClassifier", vec![texts(2), intercepts(3)]));
        let vectors = attribute("vectors_per_class", AttributeType::Ints, 3);
        assert!(few("SVMClassifier", vec![texts(2), vectors]));
        assert!(!few("Softmax", vec![]));
    }
}
