//! What a file is, by its content: the name is only ever a hint.
//!
//! This looks at heads, at the names in an archive, and at the outermost keys of JSON. It promises
//! nothing: the reader of the format has the last word.

mod protobuf;
mod refused;

use crate::joblib::Codec;
use crate::limits::Limits;
use crate::skops::{self, zip};

pub use refused::Refused;

/// A kind of model file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A pickle, or a file of joblib that is not compressed.
    Pickle,
    /// A compressed file, which joblib writes.
    Packed(Codec),
    /// A file of skops.
    Skops,
    /// An archive of an MLflow folder.
    MlflowArchive,
    /// A model of XGBoost in any form: JSON, UBJSON, binary.
    Xgboost,
    /// A text model of LightGBM.
    Lightgbm,
    /// A JSON model of CatBoost.
    Catboost,
    /// A model in ONNX.
    Onnx,
    /// A model that is known and not read.
    Refused(Refused),
}

/// The format of a file; `None` if it looks like none of them.
///
/// Cost: a look at the head; at the end and the list of entries of an archive; at the outermost
/// keys of JSON until one of them tells.
pub fn detect(bytes: &[u8]) -> Option<Format> {
    if let Some(refused) = Refused::by_head(bytes) {
        return Some(Format::Refused(refused));
    }
    if let Some(codec) = Codec::of(bytes) {
        return Some(Format::Packed(codec));
    }
    match bytes {
        [0x80, 0..=9, ..] => Some(Format::Pickle),
        [b'P', b'K', 3, 4, ..] => archive(bytes),
        [b'{', rest @ ..] => braces(rest),
        _ if bytes.starts_with(b"tree\n") || bytes.starts_with(b"tree\r\n") => {
            Some(Format::Lightgbm)
        }
        _ if is_old_xgboost(bytes) => Some(Format::Xgboost),
        _ if is_old_pickle(bytes) => Some(Format::Pickle),
        _ => protobuf::detect(bytes),
    }
}

fn archive(bytes: &[u8]) -> Option<Format> {
    let entries = zip::entries(bytes, &Limits::default()).ok()?;
    let ends = |name: &str| {
        entries.iter().any(|entry| {
            entry.name.strip_suffix(name).is_some_and(|head| head.is_empty() || head.ends_with('/'))
        })
    };
    let below = |folder: &str| entries.iter().any(|entry| entry.name.contains(folder));
    let is = |name: &str| entries.iter().any(|entry| entry.name == name);
    if is(skops::SCHEMA) {
        return Some(Format::Skops);
    }
    if ends("MLmodel") {
        return Some(Format::MlflowArchive);
    }
    let refused = if ends("saved_model.pb") {
        Refused::SavedModel
    } else if is("config.json") && (is("metadata.json") || is("model.weights.h5")) {
        Refused::Keras
    } else if ends("data.pkl") && (below("/code/") || ends("constants.pkl")) {
        Refused::TorchScript
    } else if below("/models/model.json") || ends("serialized_exported_program.json") {
        Refused::TorchExport
    } else if ends("data.pkl") {
        Refused::Torch
    } else {
        return None;
    };
    Some(Format::Refused(refused))
}

/// What follows a brace: JSON, or UBJSON, of which only XGBoost's is known.
fn braces(rest: &[u8]) -> Option<Format> {
    match rest.trim_ascii_start() {
        [b'"', ..] => json(rest),
        [b'L' | b'l' | b'I' | b'i' | b'U', ..] if !rest.starts_with(b" ") => Some(Format::Xgboost),
        _ => None,
    }
}

/// Which library's keys an object of JSON has.
fn json(rest: &[u8]) -> Option<Format> {
    Keys { rest, depth: 0 }.find_map(|key| match key {
        b"learner" | b"Model" | b"Config" => Some(Format::Xgboost),
        b"tree_info" => Some(Format::Refused(Refused::LightgbmDump)),
        b"oblivious_trees" | b"features_info" | b"ctr_data" | b"scale_and_bias" => {
            Some(Format::Catboost)
        }
        _ => None,
    })
}

/// The texts of an object of JSON that its own level holds: its keys, and values that are text.
struct Keys<'a> {
    rest: &'a [u8],
    depth: u64,
}

impl<'a> Iterator for Keys<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        loop {
            let (byte, rest) = self.rest.split_first()?;
            self.rest = rest;
            match byte {
                b'{' | b'[' => self.depth = self.depth.saturating_add(1),
                b'}' | b']' => self.depth = self.depth.checked_sub(1)?,
                b'"' => {
                    let text = self.text()?;
                    if self.depth == 0 {
                        return Some(text);
                    }
                }
                _ => {}
            }
        }
    }
}

impl<'a> Keys<'a> {
    /// The text up to the next quote that is not escaped; steps over both.
    fn text(&mut self) -> Option<&'a [u8]> {
        let mut escaped = false;
        let end = self.rest.iter().position(|byte| {
            let ends = *byte == b'"' && !escaped;
            escaped = *byte == b'\\' && !escaped;
            ends
        })?;
        let (text, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest.get(1..)?;
        Some(text)
    }
}

/// XGBoost's binary form: with a mark, or with a head whose numbers make sense.
fn is_old_xgboost(bytes: &[u8]) -> bool {
    if bytes.starts_with(b"binf") || bytes.starts_with(b"CONFIG-offset:") {
        return true;
    }
    let word = |at: usize| {
        bytes.get(at..).and_then(|rest| rest.first_chunk()).map(|word| u32::from_le_bytes(*word))
    };
    let (Some(base), Some(features), Some(classes), Some(attributes), Some(metrics), Some(name)) =
        (word(0), word(4), word(8), word(12), word(16), word(136))
    else {
        return false;
    };
    // The name of the objective, after its length in 64 bits.
    let objective = bytes.get(144..).and_then(|rest| rest.get(..usize::try_from(name).ok()?));
    let is_name = |text: &[u8]| {
        !text.is_empty()
            && text.iter().all(|byte| byte.is_ascii_lowercase() || b":_2".contains(byte))
    };
    f32::from_bits(base).is_finite()
        && features <= 100_000_000
        && classes <= 100_000
        && attributes <= 1
        && metrics <= 1
        && word(140) == Some(0)
        && name <= 64
        && objective.is_some_and(is_name)
}

/// A pickle of protocol 0 or 1, which has no head: it starts with a container or a class, and ends
/// with a full stop.
fn is_old_pickle(bytes: &[u8]) -> bool {
    if bytes.trim_ascii_end().last() != Some(&b'.') {
        return false;
    }
    let is_name = |line: &[u8]| {
        !line.is_empty()
            && line.len() < 200
            && line.iter().all(|byte| byte.is_ascii_alphanumeric() || b"._".contains(byte))
    };
    match bytes {
        [b'c', rest @ ..] => {
            let mut lines = rest.split(|byte| *byte == b'\n');
            lines.next().is_some_and(is_name) && lines.next().is_some_and(is_name)
        }
        [b'(', next, ..] => b"dlticSVIFLNKMJGXUT(]})p".contains(next),
        [b']' | b'}' | b')', next, ..] => b"q.rp(".contains(next),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
