//! What a deployment is asked through.

use anyhow::anyhow;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::error::Failure;

/// How much of an answer is read.
pub(crate) const REPLY_BYTES_MAX: usize = 64 << 20;

/// A request to a deployment: what is posted where, below whatever a [`Caller`] puts before it.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// The path, from `/` on.
    pub(crate) path: String,
    /// Headers, the type of the body among them.
    pub(crate) headers: HeaderMap,
    /// The body.
    pub(crate) body: Bytes,
}

/// What came back.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    /// The status.
    pub(crate) status: u16,
    /// The headers.
    pub(crate) headers: HeaderMap,
    /// The body.
    pub(crate) body: Bytes,
}

impl Reply {
    /// Whether the request was answered, and not refused.
    pub(crate) const fn is_success(&self) -> bool {
        matches!(self.status, 200..300)
    }

    /// The beginning of what it says, for a message.
    pub(crate) fn excerpt(&self) -> String {
        const CHARS_MAX: usize = 300;
        let text = String::from_utf8_lossy(&self.body);
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut shown: String = text.chars().filter(|c| !c.is_control()).take(CHARS_MAX).collect();
        if shown.len() < text.len() {
            shown.push_str("...");
        }
        if shown.is_empty() { "nothing".to_owned() } else { format!("`{shown}`") }
    }
}

/// A way to a deployment.
pub(crate) trait Caller: Sync {
    /// Where it leads, for messages.
    fn shown(&self) -> String;

    /// Posts a request once. Whatever status comes is an answer.
    ///
    /// # Errors
    /// When there is no answer: nobody is reached, or it takes too long.
    fn call(&self, call: &Call) -> impl Future<Output = Result<Reply, Failure>> + Send;
}

/// Reads a header as it is typed: `Name: value`.
///
/// # Errors
/// When it is none; what was typed may be a secret, and is not shown.
pub(crate) fn header(text: &str) -> Result<(HeaderName, HeaderValue), Failure> {
    let wrong =
        |got: &str| Failure::usage(anyhow!("`--header`: expected `Name: value`, got {got}"));
    let (name, value) = text.split_once(':').ok_or_else(|| wrong("no colon"))?;
    let name = HeaderName::try_from(name.trim()).map_err(|_| wrong("a name that no header has"))?;
    let mut value = HeaderValue::try_from(value.trim())
        .map_err(|_| wrong("a value that no header can have"))?;
    value.set_sensitive(true);
    Ok((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_and_never_shown() {
        let (name, value) = header("Authorization: Bearer hunter2").unwrap();
        assert_eq!((name.as_str(), value.to_str().unwrap()), ("authorization", "Bearer hunter2"));
        assert!(!format!("{value:?}").contains("hunter2"));
        for text in ["hunter2", "a b: hunter2", "a: hunter2\n"] {
            let error = header(text);
            if let Err(error) = error {
                assert!(!error.text().contains("hunter2"), "{}", error.text());
            } else {
                assert_eq!(text.trim_end(), "a: hunter2");
            }
        }
    }

    #[test]
    fn an_excerpt_is_short_and_in_one_line() {
        let reply = |body: &str| Reply {
            status: 500,
            headers: HeaderMap::new(),
            body: Bytes::from(body.to_owned()),
        };
        assert_eq!(reply("{\n  \"a\": 1\n}").excerpt(), "`{ \"a\": 1 }`");
        assert_eq!(reply("").excerpt(), "nothing");
        assert!(reply(&"x".repeat(9999)).excerpt().ends_with("...`"));
    }
}
