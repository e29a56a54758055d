//! Telling ONNX from TensorFlow's files, which are all protobuf without a mark.
//!
//! Source: `onnx.proto` of ONNX 1.23, `saved_model.proto` and `graph.proto` of TensorFlow 2.21.

use super::{Format, Refused};

/// The newest ONNX is version 13 of its file format.
const IR_VERSION_MAX: u8 = 63;

/// Which of them a file is.
pub(super) fn detect(bytes: &[u8]) -> Option<Format> {
    match bytes {
        // Field 1, a number: the version of the format; then the first field with content.
        [0x08, version, 0x12, rest @ ..] => {
            let (first, after) = message(rest)?;
            let is_graphs = *version == 1 && first.first() == Some(&0x0a);
            let ends = after.is_empty() || after.first() == Some(&0x12);
            if is_graphs && ends {
                return Some(Format::Refused(Refused::SavedModel));
            }
            (*version <= IR_VERSION_MAX).then_some(Format::Onnx)
        }
        // A name and version of the producer, a domain, a model's version, a text, a graph, sets of
        // operators, properties.
        [0x08, version, 0x1a | 0x22 | 0x28 | 0x32 | 0x3a | 0x42 | 0x72, ..]
            if *version <= IR_VERSION_MAX =>
        {
            Some(Format::Onnx)
        }
        // Field 1, a node: its name, then its operator.
        [0x0a, rest @ ..] => {
            let (node, _) = message(rest)?;
            let (name, node) = message(node.strip_prefix(&[0x0a])?)?;
            let (operator, _) = message(node.strip_prefix(&[0x12])?)?;
            let is_word = |text: &[u8]| !text.is_empty() && text.iter().all(u8::is_ascii_graphic);
            let is_node = is_word(name) && is_word(operator);
            is_node.then_some(Format::Refused(Refused::FrozenGraph))
        }
        _ => None,
    }
}

/// What a length announces, and what follows.
fn message(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut len = 0_u64;
    let mut rest = bytes;
    for shift in (0..63_u32).step_by(7) {
        let (byte, after) = rest.split_first()?;
        rest = after;
        len |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return rest.split_at_checked(usize::try_from(len).ok()?);
        }
    }
    None
}
