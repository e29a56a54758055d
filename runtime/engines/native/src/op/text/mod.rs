//! Operators on strings.
//!
//! Strings are UTF-8: an operator that looks into one refuses other bytes.

mod case;
mod murmur_hash;
mod pattern;
mod string_normalizer;
mod strings;
mod tf_idf_vectorizer;
mod tokenizer;

use radiant_core::{Error, Strings, TensorData};

use crate::registers::Inputs;

use super::Builder;

/// The builder of the operator of this name, if there is one.
pub(super) fn builder(name: &str) -> Option<Builder> {
    Some(match name {
        "RegexFullMatch" => strings::regex_full_match,
        "StringConcat" => strings::string_concat,
        "StringNormalizer" => string_normalizer::string_normalizer,
        "StringSplit" => strings::string_split,
        "TfIdfVectorizer" => tf_idf_vectorizer::tf_idf_vectorizer,
        _ => return None,
    })
}

/// The same for the domain `com.microsoft`.
pub(super) fn microsoft_builder(name: &str) -> Option<Builder> {
    Some(match name {
        "MurmurHash3" => murmur_hash::murmur_hash,
        "Tokenizer" => tokenizer::tokenizer,
        _ => return None,
    })
}

/// The strings of an input, whose type the plan has made sure of.
fn strings_of<'a>(inputs: &Inputs<'a>, index: usize) -> Result<&'a Strings, Error> {
    match inputs.view(index)?.data {
        TensorData::Bytes(strings) => Ok(strings),
        other => {
            let got = other.dtype();
            Err(Error::internal(format!("step input {index}: expected BYTES, got {got}")))
        }
    }
}

/// A string as text.
fn text(string: &[u8]) -> Result<&str, Error> {
    std::str::from_utf8(string).map_err(|error| {
        let at = error.valid_up_to();
        Error::model_failed(format!("expected strings of UTF-8, got another byte at {at}"))
    })
}
