//! What an answer depends on, as bytes: equal bytes are equal questions, and no others are.
//!
//! An engine is given tensors and which outputs are wanted, and nothing else of a request: not its id,
//! its parameters, its protocol, or the names under which outputs are sent. So these are not here.
//! Inputs that a signature declares are told apart by their places; what the buffers of a request call
//! them is what an earlier one did. Columns of a table are what they are called.

use radiant_core::{DType, Form, Tensor, TensorData};
use radiant_protocol::oip::raw;

/// At least as many bytes as a key of these inputs has in its elements.
pub(super) fn n_bytes(inputs: &[Tensor]) -> usize {
    inputs.iter().fold(0, |sum, input| sum.saturating_add(raw::n_bytes(&input.data)))
}

/// Which loaded model is asked, and how it takes its inputs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    pub(super) model: u64,
    pub(super) form: Form,
}

/// Writes the key of a question in place of what is in `key`.
///
/// Each part is of known length, or tells its length first: no two questions have the same bytes.
pub(super) fn write(key: &mut Vec<u8>, asked: Asked, wanted: &[usize], inputs: &[Tensor]) {
    key.clear();
    number(key, asked.model);
    numbers(key, wanted);
    number(key, inputs.len() as u64);
    for Tensor { name, shape, data } in inputs {
        if asked.form != Form::Tensors {
            number(key, name.len() as u64);
            key.extend_from_slice(name.as_bytes());
        }
        key.push(place(data.dtype()));
        numbers(key, shape.dims());
        missing(key, data);
        raw::push(key, data);
    }
}

fn number(key: &mut Vec<u8>, number: u64) {
    key.extend_from_slice(&number.to_le_bytes());
}

fn numbers(key: &mut Vec<u8>, numbers: &[usize]) {
    number(key, numbers.len() as u64);
    key.extend(numbers.iter().flat_map(|&number| (number as u64).to_le_bytes()));
}

/// The type's place among all.
fn place(dtype: DType) -> u8 {
    let place = DType::ALL.iter().position(|other| *other == dtype);
    place.and_then(|place| u8::try_from(place).ok()).unwrap_or(u8::MAX)
}

/// Which texts are missing: one byte where none is, else one more for each.
fn missing(key: &mut Vec<u8>, data: &TensorData) {
    match data {
        TensorData::Bytes(texts) if texts.has_missing() => {
            key.push(1);
            key.extend(texts.iter_present().map(|text| u8::from(text.is_none())));
        }
        _ => key.push(0),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use radiant_core::Strings;

    use super::*;

    fn key(model: u64, wanted: &[usize], inputs: &[Tensor]) -> Vec<u8> {
        key_of(Asked { model, form: Form::Matrix }, wanted, inputs)
    }

    fn key_of(asked: Asked, wanted: &[usize], inputs: &[Tensor]) -> Vec<u8> {
        let mut key = vec![7; 3];
        write(&mut key, asked, wanted, inputs);
        key
    }

    fn floats(name: &str, dims: &[usize], values: &[f32]) -> Tensor {
        Tensor::new(name, dims, values.to_vec())
    }

    fn texts(texts: &[Option<&str>]) -> Tensor {
        Tensor::strings("x", &[texts.len()], texts.iter().copied().collect::<Strings>())
    }

    #[test]
    fn whatever_an_engine_can_see_tells_questions_apart() {
        let plain = || floats("x", &[2], &[0.0, 1.0]);
        let nan = |bits| floats("x", &[2], &[f32::from_bits(bits), 1.0]);
        let questions = [
            key(1, &[0], &[plain()]),
            key(2, &[0], &[plain()]),
            key(1, &[1], &[plain()]),
            key(1, &[0, 1], &[plain()]),
            key(1, &[1, 0], &[plain()]),
            key(1, &[], &[plain()]),
            key(1, &[0], &[]),
            key(1, &[0], &[plain(), plain()]),
            key(1, &[0], &[floats("y", &[2], &[0.0, 1.0])]),
            key(1, &[0], &[floats("x", &[2, 1], &[0.0, 1.0])]),
            key(1, &[0], &[floats("x", &[1, 2], &[0.0, 1.0])]),
            key(1, &[0], &[floats("x", &[2], &[-0.0, 1.0])]),
            key(1, &[0], &[nan(0x7fc0_0000)]),
            key(1, &[0], &[nan(0x7fc0_0001)]),
            key(1, &[0], &[Tensor::new("x", &[2], vec![0_i32, 1])]),
            key(1, &[0], &[Tensor::new("x", &[2], vec![0_u32, 1])]),
            key(1, &[0], &[Tensor::zeros("x", &[2, 0], DType::F32)]),
            key(1, &[0], &[Tensor::zeros("x", &[3, 0], DType::F32)]),
            key(1, &[0], &[texts(&[Some("a"), Some("")])]),
            key(1, &[0], &[texts(&[Some(""), Some("a")])]),
            key(1, &[0], &[texts(&[Some("a"), None])]),
            key(1, &[0], &[texts(&[None, Some("a")])]),
        ];
        let distinct: BTreeSet<&Vec<u8>> = questions.iter().collect();
        assert_eq!(distinct.len(), questions.len());
        assert_eq!(key(1, &[0], &[plain()]), key(1, &[0], &[plain()]));
    }

    #[test]
    fn inputs_that_are_told_apart_by_their_places_need_no_names() {
        let asked = |form| Asked { model: 1, form };
        let same = |form| {
            let key = |name| key_of(asked(form), &[0], &[floats(name, &[1], &[1.0])]);
            key("x") == key("y")
        };
        assert_eq!([Form::Tensors, Form::Matrix, Form::Frame].map(same), [true, false, false]);
    }

    #[test]
    fn a_key_is_at_least_as_long_as_the_elements() {
        for input in [floats("x", &[3], &[0.0; 3]), texts(&[Some("abc"), None])] {
            let inputs = [input];
            assert!(key(1, &[0], &inputs).len() >= n_bytes(&inputs));
        }
    }
}
