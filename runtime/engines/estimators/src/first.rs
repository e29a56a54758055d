//! Which output is answered where a request asks for none.

use radiant_core::Signature;

use crate::Unsupported;

/// Puts the output of this name before the others, in a signature and in what stands beside it for
/// each output.
///
/// # Errors
/// There is no such output.
pub(crate) fn put_first<T>(
    signature: &mut Signature,
    methods: &mut [T],
    name: &str,
) -> Result<(), Unsupported> {
    let Some(at) = signature.output_index(name) else {
        let outputs = signature.outputs_listed();
        return Err(Unsupported::new("", format!("output `{name}`: expected one of {outputs}")));
    };
    methods[..=at].rotate_right(1);
    signature.outputs[..=at].rotate_right(1);
    if let Some(classifier) = &mut signature.classifier {
        for index in [&mut classifier.labels, &mut classifier.probabilities] {
            *index = match *index {
                old if old == at => 0,
                old if old < at => old + 1,
                old => old,
            };
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use radiant_core::{Classifier, DType, TensorSpec};

    use super::*;

    #[test]
    fn an_output_that_comes_first_takes_its_part_along() {
        let output = |name: &str| TensorSpec::new(name, DType::F64, vec![None]);
        let outputs = vec![output("a"), output("b"), output("c")];
        let classifier =
            Classifier { labels: 0, probabilities: 1, classes: radiant_core::Strings::default() };
        let mut signature =
            Signature { classifier: Some(classifier), ..Signature::new(Vec::new(), outputs) };
        let mut methods = ['a', 'b', 'c'];
        put_first(&mut signature, &mut methods, "b").expect("is there");
        assert_eq!(methods, ['b', 'a', 'c']);
        assert_eq!(signature.output_index("b"), Some(0));
        let classifier = signature.classifier.as_ref().expect("is one");
        assert_eq!((classifier.labels, classifier.probabilities), (1, 0));
        let refused = put_first(&mut signature, &mut methods, "d").unwrap_err().to_string();
        assert!(refused.starts_with("output `d`: expected one of `b` FP64"), "{refused}");
    }
}
