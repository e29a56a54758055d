//! A walk over the encoded bytes before they are decoded.
//!
//! Two bytes on the wire can become a message of hundreds of bytes in memory, so a small file could
//! ask for all of it. The walk adds up what decoding will allocate and how deep it will go, without
//! allocating anything itself, and refuses before the first message is built. It is not a check of
//! contents: that is [`check`](crate::check).

use prost::Message as _;

use crate::pb;
use crate::{Limits, OnnxError};

/// A message type of the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Model,
    Opset,
    Entry,
    Function,
    Graph,
    Node,
    Attribute,
    ValueInfo,
    Sparse,
    Tensor,
    Shape,
    Dimension,
    Type,
    TensorType,
    ElementType,
    MapType,
    OpaqueType,
}

/// What a field holds.
#[derive(Debug, Clone, Copy)]
enum Field {
    Message(Kind),
    /// Text or bytes that are copied into an allocation of their own.
    Owned,
    /// Variable-length numbers, this many bytes each in memory.
    Varints(u64),
    /// Fixed-length numbers, this many bytes each in memory and in the file.
    Fixed(u64),
    /// One number, kept in the message itself, or bytes that stay in the file's.
    Inline,
}

impl Kind {
    /// The bytes that one message takes before its fields.
    fn size(self) -> u64 {
        let size = match self {
            Self::Model => size_of::<pb::ModelProto>(),
            Self::Opset => size_of::<pb::OperatorSetIdProto>(),
            Self::Entry => size_of::<pb::StringStringEntryProto>(),
            Self::Function => size_of::<pb::FunctionProto>(),
            Self::Graph => size_of::<pb::GraphProto>(),
            Self::Node => size_of::<pb::NodeProto>(),
            Self::Attribute => size_of::<pb::AttributeProto>(),
            Self::ValueInfo => size_of::<pb::ValueInfoProto>(),
            Self::Sparse => size_of::<pb::SparseTensorProto>(),
            Self::Tensor => size_of::<pb::TensorProto>(),
            Self::Shape => size_of::<pb::TensorShapeProto>(),
            Self::Dimension => size_of::<pb::Dimension>(),
            Self::Type => size_of::<pb::TypeProto>(),
            Self::TensorType => size_of::<pb::TensorTypeProto>(),
            Self::ElementType => size_of::<pb::ElementTypeProto>(),
            Self::MapType => size_of::<pb::MapTypeProto>(),
            Self::OpaqueType => size_of::<pb::OpaqueTypeProto>(),
        };
        size as u64
    }

    /// What the field of this number holds, or `None` where decoding skips it.
    fn field(self, number: u64) -> Option<Field> {
        use Field::{Fixed, Inline, Message, Owned, Varints};
        Some(match (self, number) {
            (Self::Model, 2..=4) => Owned,
            (Self::Model, 7) => Message(Self::Graph),
            (Self::Model, 8) => Message(Self::Opset),
            (Self::Model, 14) | (Self::Tensor, 13) => Message(Self::Entry),
            (Self::Model, 25) => Message(Self::Function),
            (Self::Opset | Self::OpaqueType, 1) => Owned,
            (Self::Entry, 1 | 2) | (Self::OpaqueType, 2) => Owned,
            (Self::Function, 1 | 4..=6 | 10 | 13) => Owned,
            (Self::Function, 7) => Message(Self::Node),
            (Self::Function, 9) => Message(Self::Opset),
            (Self::Function, 11) => Message(Self::Attribute),
            (Self::Node, 5) => Message(Self::Attribute),
            (Self::Graph, 1) => Message(Self::Node),
            (Self::Graph, 11..=13) => Message(Self::ValueInfo),
            (Self::Graph, 2) | (Self::ValueInfo, 1) => Owned,
            (Self::Graph, 5) | (Self::Attribute, 5 | 10) | (Self::Sparse, 1 | 2) => {
                Message(Self::Tensor)
            }
            (Self::Graph, 15) | (Self::Attribute, 22) => Message(Self::Sparse),
            (Self::Node, 1..=4 | 7 | 8) => Owned,
            (Self::Attribute, 1 | 4 | 9 | 21) => Owned,
            (Self::Attribute, 6 | 11) => Message(Self::Graph),
            (Self::Attribute, 7) | (Self::Tensor, 4) => Fixed(4),
            (Self::Attribute, 8) | (Self::Sparse, 3) => Varints(8),
            (Self::Attribute, 14) | (Self::ValueInfo, 2) | (Self::ElementType, 1) => {
                Message(Self::Type)
            }
            (Self::Tensor, 1 | 7 | 11) => Varints(8),
            (Self::Tensor, 5) => Varints(4),
            (Self::Tensor, 6 | 8) | (Self::Dimension, 2) | (Self::Type, 6) => Owned,
            (Self::Tensor, 9) => Inline,
            (Self::Tensor, 10) => Fixed(8),
            (Self::Shape, 1) => Message(Self::Dimension),
            (Self::Type, 1 | 8) => Message(Self::TensorType),
            (Self::Type, 4 | 9) => Message(Self::ElementType),
            (Self::Type, 5) => Message(Self::MapType),
            (Self::Type, 7) => Message(Self::OpaqueType),
            (Self::TensorType, 2) => Message(Self::Shape),
            (Self::MapType, 2) => Message(Self::Type),
            _ => return None,
        })
    }
}

/// Refuses bytes whose decoding would exceed `limits`, and bytes that are not protobuf at all.
///
/// Cost: one pass over the bytes, without those of tensors.
pub(crate) fn scan(bytes: &[u8], limits: &Limits) -> Result<(), OnnxError> {
    let mut scan = Scan { limits, decoded_bytes: 0 };
    scan.message(Kind::Model, bytes, 0)
}

/// The bytes that a copy of a function's messages takes, besides those of the file.
pub(crate) fn function_cost(
    function: &pb::FunctionProto,
    limits: &Limits,
) -> Result<u64, OnnxError> {
    let mut scan = Scan { limits, decoded_bytes: 0 };
    scan.message(Kind::Function, &function.encode_to_vec(), 0)?;
    Ok(scan.decoded_bytes)
}

/// The bytes that a copy of an attribute takes, besides those of the file.
pub(crate) fn attribute_cost(
    attribute: &pb::AttributeProto,
    limits: &Limits,
) -> Result<u64, OnnxError> {
    let mut scan = Scan { limits, decoded_bytes: 0 };
    scan.message(Kind::Attribute, &attribute.encode_to_vec(), 0)?;
    Ok(scan.decoded_bytes)
}

struct Scan<'a> {
    limits: &'a Limits,
    decoded_bytes: u64,
}

impl Scan<'_> {
    /// Adds to what decoding allocates. Growing vectors may hold twice what they need.
    fn charge(&mut self, bytes: u64) -> Result<(), OnnxError> {
        self.decoded_bytes = self.decoded_bytes.saturating_add(bytes.saturating_mul(2));
        let (limit, got) = (self.limits.decoded_bytes_max, self.decoded_bytes);
        OnnxError::check_limit("decoded messages", "bytes", limit, got)
    }

    fn message(&mut self, kind: Kind, mut bytes: &[u8], depth: usize) -> Result<(), OnnxError> {
        let (limit, got) = (self.limits.depth_max as u64, depth as u64);
        OnnxError::check_limit("nested messages", "levels", limit, got)?;
        self.charge(kind.size())?;
        while !bytes.is_empty() {
            let key = varint(&mut bytes)?;
            let field = kind.field(key >> 3);
            match key & 7 {
                0 => {
                    varint(&mut bytes)?;
                    self.number(field)?;
                }
                1 => {
                    take(&mut bytes, 8)?;
                    self.number(field)?;
                }
                2 => {
                    let length = varint(&mut bytes)?;
                    let content = take(&mut bytes, length)?;
                    self.content(field, content, depth)?;
                }
                5 => {
                    take(&mut bytes, 4)?;
                    self.number(field)?;
                }
                wire_type => return Err(malformed(format!("wire type {wire_type} in {kind:?}"))),
            }
        }
        Ok(())
    }

    /// One number of a repeated field that is not packed.
    fn number(&mut self, field: Option<Field>) -> Result<(), OnnxError> {
        match field {
            Some(Field::Varints(size) | Field::Fixed(size)) => self.charge(size),
            _ => Ok(()),
        }
    }

    fn content(
        &mut self,
        field: Option<Field>,
        content: &[u8],
        depth: usize,
    ) -> Result<(), OnnxError> {
        match field {
            Some(Field::Message(kind)) => self.message(kind, content, depth.saturating_add(1)),
            Some(Field::Owned) => {
                self.charge((size_of::<Vec<u8>>() as u64).saturating_add(content.len() as u64))
            }
            Some(Field::Varints(size)) => {
                let last_bytes = content.iter().filter(|&&byte| byte < 0x80).count() as u64;
                self.charge(last_bytes.saturating_mul(size))
            }
            Some(Field::Fixed(_)) => self.charge(content.len() as u64),
            Some(Field::Inline) | None => Ok(()),
        }
    }
}

/// Reads a variable-length number off the front.
fn varint(bytes: &mut &[u8]) -> Result<u64, OnnxError> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) =
            bytes.split_first().ok_or_else(|| malformed("the file ends within a number"))?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(value);
        }
    }
    Err(malformed("a number is longer than 10 bytes"))
}

/// Splits `length` bytes off the front.
fn take<'a>(bytes: &mut &'a [u8], length: u64) -> Result<&'a [u8], OnnxError> {
    let split = usize::try_from(length).ok().and_then(|length| bytes.split_at_checked(length));
    let Some((front, rest)) = split else {
        let left = bytes.len();
        return Err(malformed(format!("expected {length} more bytes, got {left}")));
    };
    *bytes = rest;
    Ok(front)
}

fn malformed(problem: impl Into<String>) -> OnnxError {
    OnnxError::Malformed { problem: problem.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], limits: &Limits) -> String {
        scan(bytes, limits).map_or_else(|error| error.to_string(), |()| "fine".to_owned())
    }

    #[test]
    fn a_small_file_cannot_ask_for_much_memory() {
        // A graph of a million empty nodes: two bytes each.
        let nodes = [0x0a, 0x00].repeat(1_000_000);
        let mut bytes = vec![0x3a, 0x80, 0x89, 0x7a];
        bytes.extend(nodes);
        let limits = Limits { decoded_bytes_max: 100 << 20, ..Limits::default() };
        assert!(
            check(&bytes, &limits)
                .starts_with("decoded messages: expected at most 104857600 bytes, got"),
        );
        assert_eq!(check(&bytes, &Limits::default()), "fine");
    }

    #[test]
    fn nesting_beyond_the_limit_is_refused_before_it_is_followed() {
        // A sequence of a sequence of ... a type, inside an input's type.
        let mut bytes = Vec::new();
        for _ in 0..40 {
            bytes = field(4, &field(1, &bytes));
        }
        let bytes = field(7, &field(11, &field(2, &bytes)));
        assert_eq!(
            check(&bytes, &Limits::default()),
            "nested messages: expected at most 48 levels, got 49"
        );
    }

    #[test]
    fn bytes_that_are_no_messages_say_what_is_wrong() {
        let limits = Limits::default();
        assert_eq!(check(b"\x3a\x05ab", &limits), malformed_text("expected 5 more bytes, got 2"));
        assert_eq!(check(b"\x3b", &limits), malformed_text("wire type 3 in Model"));
        assert_eq!(check(&[0xff; 11], &limits), malformed_text("a number is longer than 10 bytes"));
        assert_eq!(check(&[0x80], &limits), malformed_text("the file ends within a number"));
    }

    fn malformed_text(problem: &str) -> String {
        format!("not an ONNX model: {problem}")
    }

    fn field(number: u8, content: &[u8]) -> Vec<u8> {
        let mut bytes = vec![number << 3 | 2];
        let mut length = content.len();
        while length >= 0x80 {
            bytes.push(u8::try_from(length & 0x7f).unwrap() | 0x80);
            length >>= 7;
        }
        bytes.push(u8::try_from(length).unwrap());
        bytes.extend(content);
        bytes
    }
}
