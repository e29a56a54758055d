//! Seldon Core v1's REST messages: requests, replies, feedback and errors of a graph node.
//!
//! The contract is what Seldon Core 1.18's Python microservice answers, down to the spelling of a
//! float: [`decode_request`] takes the bodies that it takes, [`encode_reply`] chooses the form of
//! the reply as it does, and [`numpy`] types arrays as numpy 1.26 does under it. What differs is on
//! the error side: a request that its Python code stumbles over (status 500 with the text of an
//! exception) is refused with [`InvalidInput`](radiant_core::ErrorKind::InvalidInput) and says
//! where, what was expected and what came. `tftensor`, which the stock images cannot answer, is
//! read and written.
//!
//! Over gRPC the same messages are protobuf: [`proto`].
//!
//! Not here: HTTP (how the JSON is found in a form, a query or a multipart body), metrics.
//! `customData` has no meaning over REST. Trailing NUL characters of strings, which numpy drops,
//! are kept.
//!
//! ```
//! use radiant_core::DType;
//! use radiant_protocol::{Limits, seldon};
//!
//! let body = br#"{"data":{"names":["a","b"],"ndarray":[[1,2.5]]}}"#;
//! let mut request = seldon::Request::new();
//! seldon::decode_request(body, Some(DType::F32), &Limits::default(), &mut request)?;
//!
//! let mut reply = Vec::new();
//! seldon::encode_reply(&mut reply, request.kind, &request.payload, None, b"{}")?;
//! assert_eq!(reply, b"{\"data\":{\"names\":[\"t:0\",\"t:1\"],\"ndarray\":[[1.0,2.5]]},\"meta\":{}}\n");
//! # Ok::<(), radiant_core::Error>(())
//! ```

mod binary;
mod data;
mod feedback;
mod feedback_reply;
mod fields;
mod messages;
mod meta;
pub mod numpy;
pub mod proto;
mod reply;
mod request;
mod shape;
mod status;
mod table;
mod tftensor;

use radiant_core::{Payload, Tensor};

pub use feedback::{FeedbackRequest, decode_feedback};
pub use feedback_reply::encode_feedback_reply;
pub use messages::decode_messages;
pub use meta::{Meta, encode_meta, metric_value};
pub use reply::{encode_reply, encode_tensor_reply};
pub use request::{decode_request, decode_value};
pub use status::{Status, encode_error, status};
pub use table::table;

#[cfg(test)]
mod feedback_tests;
#[cfg(test)]
mod golden_tests;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tftensor_tests;

/// In which form a request carried its payload; a reply with numbers goes back in the same form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `data.tensor`: a shape and flat values.
    Tensor,
    /// `data.ndarray`: nested arrays; also a `data` without any array, which is an empty vector.
    NdArray,
    /// `data.tftensor`: TensorFlow's `TensorProto`.
    TfTensor,
    /// `jsonData`.
    Json,
    /// `strData`.
    Text,
    /// `binData`.
    Bytes,
    /// `customData`, over gRPC only: a `google.protobuf.Any`, encoded, as [`Payload::Bytes`].
    Custom,
}

/// A decoded request. Decoding into one again keeps what it has allocated.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The form in which the payload came.
    pub kind: Kind,
    /// What the component sees.
    pub payload: Payload,
    /// The names of the features; empty where none came.
    pub names: Vec<String>,
    /// What came along.
    pub meta: Meta,
}

impl Request {
    /// An empty request to decode into.
    pub fn new() -> Self {
        Self {
            kind: Kind::NdArray,
            payload: Payload::Array(Tensor::default()),
            names: Vec::new(),
            meta: Meta::default(),
        }
    }
}

impl Default for Request {
    fn default() -> Self {
        Self::new()
    }
}
