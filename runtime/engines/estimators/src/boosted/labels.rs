//! The names of classes, which take the place of their indices in answers.

use radiant_core::{DType, Error, Strings, TensorData};
use radiant_formats::catboost::Label;

/// The names of a model's classes, all of one type.
#[derive(Debug, PartialEq)]
pub(super) enum Labels {
    /// Classes are their indices, or there are none.
    Indices,
    Integers(Vec<i64>),
    Numbers(Vec<f64>),
    Texts(Strings),
}

impl Labels {
    pub(super) fn new(labels: &[Label]) -> Self {
        if labels.is_empty() {
            return Self::Indices;
        }
        let integer = |label: &Label| match label {
            Label::Integer(integer) => Some(*integer),
            Label::Number(_) | Label::Text(_) => None,
        };
        let number = |label: &Label| match label {
            Label::Number(number) => Some(*number),
            Label::Integer(_) | Label::Text(_) => None,
        };
        let text = |label: &Label| match label {
            Label::Integer(integer) => integer.to_string(),
            Label::Number(number) => number.to_string(),
            Label::Text(text) => text.clone(),
        };
        if let Some(integers) = labels.iter().map(integer).collect() {
            return Self::Integers(integers);
        }
        if let Some(numbers) = labels.iter().map(number).collect() {
            return Self::Numbers(numbers);
        }
        let texts: Vec<String> = labels.iter().map(text).collect();
        Self::Texts(texts.iter().map(String::as_str).collect())
    }

    /// The type of the names; `None` where indices stay.
    pub(super) fn dtype(&self) -> Option<DType> {
        match self {
            Self::Indices => None,
            Self::Integers(_) => Some(DType::I64),
            Self::Numbers(_) => Some(DType::F64),
            Self::Texts(_) => Some(DType::Bytes),
        }
    }

    /// The names as text; none where they are indices.
    pub(super) fn texts(&self) -> Strings {
        let texts: Vec<String> = match self {
            Self::Indices => Vec::new(),
            Self::Integers(labels) => labels.iter().map(i64::to_string).collect(),
            Self::Numbers(labels) => labels.iter().map(f64::to_string).collect(),
            Self::Texts(labels) => return labels.clone(),
        };
        texts.iter().map(String::as_str).collect()
    }

    /// Puts names in the place of indices.
    ///
    /// # Errors
    /// A class has no name.
    pub(super) fn name(&self, classes: &mut TensorData) -> Result<(), Error> {
        let TensorData::I64(indices) = &mut *classes else { return Ok(()) };
        let index = |class: i64| usize::try_from(class).unwrap_or(usize::MAX);
        let nameless = |class: i64| Error::model_failed(format!("class {class} has no name"));
        match self {
            Self::Indices => {}
            Self::Integers(labels) => {
                for class in indices {
                    *class = *labels.get(index(*class)).ok_or_else(|| nameless(*class))?;
                }
            }
            Self::Numbers(labels) => {
                let label =
                    |&class: &i64| labels.get(index(class)).copied().ok_or_else(|| nameless(class));
                *classes = TensorData::F64(indices.iter().map(label).collect::<Result<_, _>>()?);
            }
            Self::Texts(labels) => {
                let mut named = Strings::new();
                for &class in &*indices {
                    named.push(labels.get(index(class)).ok_or_else(|| nameless(class))?);
                }
                *classes = TensorData::Bytes(named);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(labels: &[Label], classes: &[i64]) -> Result<TensorData, String> {
        let mut data = TensorData::I64(classes.to_vec());
        Labels::new(labels).name(&mut data).map_err(|error| error.to_string())?;
        Ok(data)
    }

    #[test]
    fn classes_have_the_type_that_all_names_have() {
        assert_eq!(named(&[], &[1, 0]), Ok(TensorData::I64(vec![1, 0])));
        let integers = [Label::Integer(-1), Label::Integer(7)];
        assert_eq!(named(&integers, &[1, 0]), Ok(TensorData::I64(vec![7, -1])));
        let numbers = [Label::Number(0.5), Label::Number(1.5)];
        assert_eq!(named(&numbers, &[1, 0]), Ok(TensorData::F64(vec![1.5, 0.5])));
        let texts = [Label::Text("no".to_owned()), Label::Integer(1)];
        let expected = ["1", "no"].into_iter().collect();
        assert_eq!(named(&texts, &[1, 0]), Ok(TensorData::Bytes(expected)));
        assert_eq!(named(&texts, &[2]), Err("class 2 has no name".to_owned()));
    }
}
