//! Texts as counts of words.

mod analyze;
mod count;
mod hashing;
mod letter;
mod machine;
mod murmur;
mod pattern;
mod stop_words;
mod tf_idf;

use super::registry::Reader;

/// The reader of a class of this family.
pub(crate) fn reader(class: &str) -> Option<Reader> {
    Some(match class {
        "CountVectorizer" => count::read,
        "HashingVectorizer" => hashing::read,
        "TfidfTransformer" => tf_idf::read,
        "TfidfVectorizer" => count::read_weighted,
        _ => return None,
    })
}
