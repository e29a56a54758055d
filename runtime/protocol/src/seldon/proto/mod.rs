//! Seldon Core v1's messages over gRPC: the same requests, replies and feedback as over REST, on the
//! protobuf wire.
//!
//! Functions have the names and the meaning of those in [`seldon`](super), and the same types come
//! out. What differs is in the protocol: every number is a double, so that a list with strings spells
//! `1` as `1.0`; `customData` exists; and a request carries exactly one payload, the last that it
//! sets. Arrays of numbers are read and written on the wire, without messages in between.
//!
//! Not here: gRPC itself, and protobuf's rule that a message which occurs twice in a field that is
//! not repeated is merged. No serializer writes that; here the last counts, except for `meta`.
//!
//! Source: `proto/prediction.proto` of Seldon Core 1.18, protobuf.dev "Encoding", and
//! `google/protobuf/struct.proto`.
//!
//! ```
//! use radiant_core::{Payload, Tensor};
//! use radiant_protocol::{Limits, seldon};
//!
//! let tensor = Tensor::new("", &[1, 2], vec![1.0_f32, 2.5]);
//! let mut message = Vec::new();
//! seldon::proto::encode_tensor_reply(&mut message, seldon::Kind::NdArray, &tensor, None, b"")?;
//!
//! let mut request = seldon::Request::new();
//! seldon::proto::decode_request(&message, None, &Limits::default(), &mut request)?;
//! assert_eq!(request.payload, Payload::Array(Tensor::new("", &[1, 2], vec![1.0, 2.5])));
//! assert_eq!(request.names, ["t:0", "t:1"]);
//! # Ok::<(), radiant_core::Error>(())
//! ```

mod data;
mod feedback;
mod lists;
mod messages;
mod meta;
mod metadata;
mod ndarray;
mod reply;
mod request;
mod value;

pub use feedback::{decode_feedback, encode_feedback_reply};
pub use messages::decode_messages;
pub use meta::encode_meta;
pub use metadata::encode_metadata;
pub use reply::{encode_reply, encode_tensor_reply};
pub use request::decode_request;

#[cfg(test)]
mod from_json;
#[cfg(test)]
mod golden_tests;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

/// Numbers of the fields of `SeldonMessage`.
mod message_field {
    pub(super) const META: u32 = 2;
    pub(super) const DATA: u32 = 3;
    pub(super) const BIN_DATA: u32 = 4;
    pub(super) const STR_DATA: u32 = 5;
    pub(super) const JSON_DATA: u32 = 6;
    pub(super) const CUSTOM_DATA: u32 = 7;
}

/// Numbers of the fields of `DefaultData`.
mod data_field {
    pub(super) const NAMES: u32 = 1;
    pub(super) const TENSOR: u32 = 2;
    pub(super) const NDARRAY: u32 = 3;
    pub(super) const TFTENSOR: u32 = 4;
}

/// Numbers of the fields of `google.protobuf.Value`.
mod value_field {
    pub(super) const NULL: u32 = 1;
    pub(super) const NUMBER: u32 = 2;
    pub(super) const STRING: u32 = 3;
    pub(super) const BOOL: u32 = 4;
    pub(super) const STRUCT: u32 = 5;
    pub(super) const LIST: u32 = 6;
}

/// Numbers of the fields of a map's entry.
mod entry_field {
    pub(super) const KEY: u32 = 1;
    pub(super) const VALUE: u32 = 2;
}

/// The number of the field with the items in `google.protobuf.ListValue`, and with the entries in
/// `google.protobuf.Struct`.
const ITEMS: u32 = 1;
