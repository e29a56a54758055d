//! The protocol over REST: JSON, with or without the bytes of tensors behind it.
//!
//! Bodies only: paths, headers and compression are the server's. [`decode_json`] and [`encode_json`]
//! are the inference request and reply; around them stand the generate and the repository
//! extensions and the shape of errors. What describes a server or a model is in
//! [`describe`](super::describe).
//!
//! Decided where servers differ: a tensor's declared shape counts, not the nesting of its data;
//! FP16 and BF16 are taken and given as JSON numbers; NaN and infinities are bare words, which
//! Python's and RapidJSON's readers know; unknown keys and parameters that are objects are passed
//! over. Source: the Open Inference Protocol's REST specification, and Triton's documents on the
//! binary tensor data, classification, generate and model repository extensions.

mod fault;
mod generate;
mod input;
mod print;
mod raw_request;
mod reply;
mod repository;
mod request;

use radiant_core::ErrorKind;

pub use generate::{Generate, decode_generate, encode_generate};
pub(super) use print::{Object, push_list};
pub use reply::encode_json;
pub use repository::{decode_index, decode_load};
pub use request::decode_json;

#[cfg(test)]
mod request_tests;
#[cfg(test)]
mod round_trip_tests;
#[cfg(test)]
mod table_tests;

/// Appends the body of an error reply.
pub fn encode_error(out: &mut Vec<u8>, message: &str) {
    let mut object = Object::open(out);
    object.text("error", message);
    object.close();
}

/// The HTTP status of this kind of failure.
pub const fn http_status(kind: ErrorKind) -> u16 {
    match kind {
        ErrorKind::InvalidInput => 400,
        ErrorKind::NotFound => 404,
        ErrorKind::TooLarge => 413,
        ErrorKind::ClientLimit => 429,
        ErrorKind::ModelFailed | ErrorKind::Internal => 500,
        ErrorKind::Unsupported => 501,
        ErrorKind::Upstream => 502,
        ErrorKind::NotReady | ErrorKind::Overloaded => 503,
        ErrorKind::DeadlineExceeded => 504,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_an_object_with_a_text() {
        let mut out = Vec::new();
        encode_error(&mut out, "input `x`: \"1\"\n");
        assert_eq!(out, br#"{"error":"input `x`: \"1\"\n"}"#);
    }

    #[test]
    fn clients_and_servers_are_blamed_in_the_status() {
        let statuses: Vec<u16> = ErrorKind::ALL.into_iter().map(http_status).collect();
        assert_eq!(statuses, [400, 404, 503, 503, 429, 413, 504, 501, 500, 502, 500]);
    }
}
