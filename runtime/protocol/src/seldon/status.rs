//! Errors as Seldon v1 shows them: HTTP status, reason and body.

use radiant_core::ErrorKind;

use crate::json::push_string;

/// The request cannot be understood.
const BAD_DATA: &str = "MICROSERVICE_BAD_DATA";
/// Everything else.
const INTERNAL_ERROR: &str = "MICROSERVICE_INTERNAL_ERROR";

/// How a failure is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// The HTTP status code.
    pub http: u16,
    /// The machine-readable reason in the body.
    pub reason: &'static str,
}

/// How this kind of failure is shown, unless the component has chosen a status itself
/// ([`Error::refusal`](radiant_core::Error::refusal)).
///
/// Seldon's orchestrator passes status and body on to the client, whatever they are.
pub const fn status(kind: ErrorKind) -> Status {
    let (http, reason) = match kind {
        // What a node does not offer is, to the wrapper, a bad request too (`Route not defined`).
        ErrorKind::InvalidInput | ErrorKind::Unsupported => (400, BAD_DATA),
        ErrorKind::NotFound => (404, INTERNAL_ERROR),
        ErrorKind::TooLarge => (413, BAD_DATA),
        ErrorKind::ClientLimit => (429, BAD_DATA),
        ErrorKind::ModelFailed | ErrorKind::Internal => (500, INTERNAL_ERROR),
        ErrorKind::Upstream => (502, INTERNAL_ERROR),
        ErrorKind::NotReady | ErrorKind::Overloaded => (503, INTERNAL_ERROR),
        ErrorKind::DeadlineExceeded => (504, INTERNAL_ERROR),
    };
    Status { http, reason }
}

/// Appends the body of an error reply. Code and status are the same for every error.
pub fn encode_error(out: &mut Vec<u8>, info: &str, reason: &str) {
    out.extend_from_slice(br#"{"status":{"code":-1,"info":"#);
    push_string(out, info);
    out.extend_from_slice(br#","reason":"#);
    push_string(out, reason);
    out.extend_from_slice(b",\"status\":1}}\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn client_mistakes_are_4xx_and_all_others_5xx() {
        for kind in ErrorKind::ALL {
            let client = radiant_core::Error::new(kind, "").blame() == radiant_core::Blame::Client;
            assert_eq!(status(kind).http < 500, client, "{kind:?}");
        }
    }

    #[test]
    fn an_error_body_has_the_wrappers_shape() {
        let mut out = Vec::new();
        encode_error(&mut out, "no \"x\"", "WHY");
        let expected = "{\"status\":{\"code\":-1,\"info\":\"no \\\"x\\\"\",\"reason\":\"WHY\",\"status\":1}}\n";
        assert_eq!(out, expected.as_bytes());
    }
}
