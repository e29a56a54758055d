//! The pod's annotations, from the file that the downward API writes.
//!
//! Lines of `key="value"`, where the value is quoted and escaped as by Go's `%q`. The file's text
//! comes in; reading it is the program's. A line that is no such pair is kept aside by its number
//! and spoils nothing else.

use std::collections::BTreeMap;
use std::time::Duration;

/// How long a prediction over REST may take, in milliseconds.
pub const REST_TIMEOUT: &str = "seldon.io/rest-timeout";

/// The size of a gRPC message that is accepted and sent, in bytes.
pub const GRPC_MAX_MESSAGE_SIZE: &str = "seldon.io/grpc-max-message-size";

/// A pod's annotations.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Annotations {
    entries: BTreeMap<String, String>,
    ignored: Vec<usize>,
}

/// An annotation that cannot be what it says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("annotation `{key}`: expected {expected}, got `{value}`")]
pub struct AnnotationError {
    /// The annotation's key.
    pub key: &'static str,
    /// What values look like.
    pub expected: &'static str,
    /// The value in the file.
    pub value: String,
}

impl Annotations {
    /// Parses the file's text.
    pub fn parse(text: &str) -> Self {
        let mut annotations = Self::default();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() {
                continue;
            }
            match line.split_once('=').and_then(|(key, value)| Some((key, unquote(value.trim())?)))
            {
                Some((key, value)) => {
                    annotations.entries.insert(key.trim().to_owned(), value);
                }
                None => annotations.ignored.push(index.saturating_add(1)),
            }
        }
        annotations
    }

    /// The value of the annotation with this key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.entries.get(key).map(String::as_str)
    }

    /// Numbers, from 1, of the lines that are no `key="value"`.
    pub fn ignored_lines(&self) -> &[usize] {
        &self.ignored
    }

    /// How long a prediction over REST may take; `None` when the annotation is absent.
    ///
    /// # Errors
    /// When the value is not a positive number of milliseconds.
    pub fn rest_timeout(&self) -> Result<Option<Duration>, AnnotationError> {
        self.number(REST_TIMEOUT, "a positive whole number of milliseconds")
            .map(|ms| ms.map(Duration::from_millis))
    }

    /// The size of the largest gRPC message in bytes; `None` when the annotation is absent, or -1
    /// for no limit.
    ///
    /// # Errors
    /// When the value is neither -1 nor a positive number of bytes.
    pub fn grpc_message_bytes_max(&self) -> Result<Option<u64>, AnnotationError> {
        if self.get(GRPC_MAX_MESSAGE_SIZE).map(str::trim) == Some("-1") {
            return Ok(None);
        }
        self.number(GRPC_MAX_MESSAGE_SIZE, "a positive whole number of bytes, or -1 for no limit")
    }

    fn number(
        &self,
        key: &'static str,
        expected: &'static str,
    ) -> Result<Option<u64>, AnnotationError> {
        let Some(value) = self.get(key) else { return Ok(None) };
        match value.trim().parse() {
            Ok(0) | Err(_) => Err(AnnotationError { key, expected, value: value.to_owned() }),
            Ok(number) => Ok(Some(number)),
        }
    }
}

/// Undoes Go's `%q`; text without quotes stands for itself. `None` when quotes or escapes are
/// broken.
fn unquote(text: &str) -> Option<String> {
    let Some(rest) = text.strip_prefix('"') else { return Some(text.to_owned()) };
    let inner = rest.strip_suffix('"')?;
    let mut bytes = Vec::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => return None,
            '\\' => escape(&mut chars, &mut bytes)?,
            other => bytes.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn escape(chars: &mut std::str::Chars<'_>, bytes: &mut Vec<u8>) -> Option<()> {
    let single = match chars.next()? {
        'a' => 0x07,
        'b' => 0x08,
        'f' => 0x0c,
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        'v' => 0x0b,
        '\\' => b'\\',
        '"' => b'"',
        'x' => u8::try_from(hex(chars, 2)?).ok()?,
        'u' => return push_char(hex(chars, 4)?, bytes),
        'U' => return push_char(hex(chars, 8)?, bytes),
        _ => return None,
    };
    bytes.push(single);
    Some(())
}

fn hex(chars: &mut std::str::Chars<'_>, n_digits: usize) -> Option<u32> {
    (0..n_digits).try_fold(0_u32, |number, _| {
        number.checked_mul(16)?.checked_add(chars.next()?.to_digit(16)?)
    })
}

fn push_char(code: u32, bytes: &mut Vec<u8>) -> Option<()> {
    bytes.extend_from_slice(char::from_u32(code)?.encode_utf8(&mut [0; 4]).as_bytes());
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_equals_signs_and_lose_quotes_and_escapes() {
        let annotations = Annotations::parse(concat!(
            "seldon.io/rest-timeout=\"20000\"\n",
            "eq=\"a=b=c\"\n",
            "quoted=\"say \\\"hi\\\"\\n\\u00fc\\x41\"\n",
            "plain=bare\n",
            "empty=\"\"\n",
        ));
        assert_eq!(annotations.get("eq"), Some("a=b=c"));
        assert_eq!(annotations.get("quoted"), Some("say \"hi\"\nüA"));
        assert_eq!(annotations.get("plain"), Some("bare"));
        assert_eq!(annotations.get("empty"), Some(""));
        assert_eq!(annotations.get("absent"), None);
        assert_eq!(annotations.rest_timeout(), Ok(Some(Duration::from_secs(20))));
        assert!(annotations.ignored_lines().is_empty());
    }

    #[test]
    fn a_line_that_is_no_pair_spoils_nothing_else() {
        let annotations = Annotations::parse("a=\"1\"\nnonsense\n\nb=\"\\q\"\nc=\"x\nd=\"2\"\n");
        assert_eq!(annotations.ignored_lines(), [2, 4, 5]);
        assert_eq!((annotations.get("a"), annotations.get("d")), (Some("1"), Some("2")));
    }

    #[test]
    fn a_bad_number_names_the_key() {
        for value in ["0", "-5", "5s", "1.5", ""] {
            let annotations = Annotations::parse(&format!("{REST_TIMEOUT}=\"{value}\""));
            assert_eq!(
                annotations.rest_timeout().expect_err("the value is bad").to_string(),
                format!(
                    "annotation `seldon.io/rest-timeout`: expected a positive whole number of \
                     milliseconds, got `{value}`"
                )
            );
        }
    }

    #[test]
    fn the_message_size_may_be_unlimited() {
        let size = |value: &str| {
            Annotations::parse(&format!("{GRPC_MAX_MESSAGE_SIZE}=\"{value}\""))
                .grpc_message_bytes_max()
                .map_err(|error| error.to_string())
        };
        assert_eq!(size("10485760"), Ok(Some(10_485_760)));
        assert_eq!(size("-1"), Ok(None));
        assert!(size("big").expect_err("no number").contains(GRPC_MAX_MESSAGE_SIZE));
    }
}
