//! What a good HTTP reply is, and whether others are like it. Replies must have a content length.

use std::ops::Range;

use anyhow::{Context as _, Result, bail, ensure};

pub(super) const OK: &[u8] = b"HTTP/1.1 200 ";

/// The first reply to a request.
#[derive(Debug, PartialEq)]
pub(crate) struct Reply {
    /// Head and body.
    pub(super) bytes: Vec<u8>,
    pub(crate) content_type: String,
    /// Whether the server closes the connection behind it.
    closes: bool,
    body_start: usize,
}

impl Reply {
    /// The reply, once it is complete.
    ///
    /// # Errors
    /// When its status is not 200, or it is neither a JSON text nor of type
    /// `application/octet-stream`.
    pub(super) fn parse(bytes: &[u8]) -> Result<Option<Self>> {
        let Some(end) = memchr::memmem::find(bytes, b"\r\n\r\n") else { return Ok(None) };
        let (head, body) = bytes.split_at(end + 4);
        ensure!(head.starts_with(OK), "the reply's status is not 200: {}", text(bytes));
        let head = text(head).to_ascii_lowercase();
        let header =
            |name: &str| head.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        let length: usize = header("content-length:").context("no content length")?.parse()?;
        if body.len() < length {
            return Ok(None);
        }
        ensure!(body.len() == length, "more than one reply to one request");
        let content_type = header("content-type:").unwrap_or_default();
        if content_type.starts_with("application/json") {
            serde_json::from_slice::<serde_json::Value>(body).context("the reply is not JSON")?;
        } else if content_type != "application/octet-stream" {
            bail!("the reply's type is `{content_type}`");
        }
        Ok(Some(Self {
            bytes: bytes.to_vec(),
            content_type: content_type.to_owned(),
            closes: header("connection:") == Some("close"),
            body_start: end + 4,
        }))
    }

    /// What follows the head.
    pub(crate) fn body(&self) -> &[u8] {
        self.bytes.get(self.body_start..).unwrap_or_default()
    }
}

/// What every reply must be.
#[derive(Debug)]
pub(super) struct Expected {
    /// Bytes of head and body.
    pub(super) length: usize,
    /// Whether the server closes the connection after each reply.
    pub(super) closes: bool,
    body: Vec<u8>,
    /// Where in the body an id stands that is another one in each reply; may be empty.
    id: Range<usize>,
}

impl Expected {
    /// What is like `reply`.
    pub(super) fn like(reply: &Reply) -> Self {
        let body = reply.body().to_vec();
        let id = find_id(&body);
        Self { length: reply.bytes.len(), closes: reply.closes, body, id }
    }

    /// Holds a complete reply against the first one.
    ///
    /// # Errors
    /// When they differ in more than headers and the id.
    pub(super) fn check(&self, reply: &[u8]) -> Result<()> {
        let body = reply.len().checked_sub(self.body.len()).and_then(|start| reply.get(start..));
        let same = |range: Range<usize>| {
            body.and_then(|body| body.get(range.clone())) == self.body.get(range)
        };
        ensure!(
            reply.len() == self.length
                && reply.starts_with(OK)
                && same(0..self.id.start)
                && same(self.id.end..self.body.len()),
            "a reply is not like the first one: {}",
            text(reply)
        );
        Ok(())
    }
}

/// Where the text of an id stands that the server has made up.
fn find_id(body: &[u8]) -> Range<usize> {
    const KEY: &[u8] = br#""id":""#;
    const LENGTH: usize = "01234567-89ab-cdef-0123-456789abcdef".len();
    memchr::memmem::find(body, KEY)
        .map(|found| found + KEY.len()..found + KEY.len() + LENGTH)
        .filter(|id| body.get(id.end) == Some(&b'"'))
        .unwrap_or(0..0)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\ncontent-length: ";

    #[test]
    fn a_reply_is_complete_with_its_last_byte() {
        let whole = format!("{HEAD}2\r\nConnection: close\r\n\r\n{{}}");
        for end in 0..whole.len() {
            assert_eq!(Reply::parse(&whole.as_bytes()[..end]).unwrap(), None, "{end}");
        }
        let reply = Reply::parse(whole.as_bytes()).unwrap().unwrap();
        assert_eq!((reply.body(), reply.closes), (&b"{}"[..], true));
    }

    #[test]
    fn a_wrong_reply_is_refused() {
        let check = |reply: &str| Reply::parse(reply.as_bytes()).unwrap_err().to_string();
        let head = "content-type: application/json\r\ncontent-length: 2\r\n\r\n";
        assert!(check(&format!("HTTP/1.1 503 No\r\n{head}{{}}")).contains("status is not 200"));
        assert!(check(&format!("HTTP/1.1 200 OK\r\n{head}{{}}x")).contains("more than one reply"));
        assert!(check(&format!("HTTP/1.1 200 OK\r\n{head}{{]")).contains("not JSON"));
        assert!(check("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").contains("type is ``"));
    }

    #[test]
    fn replies_may_differ_in_their_ids_only() {
        let reply = |id: &str, value: u8| {
            let body = format!(r#"{{"id":"{id}","value":{value}}}"#);
            format!("{HEAD}{}\r\n\r\n{body}", body.len())
        };
        let (one, other) = ("a".repeat(36), "b".repeat(36));
        let expected = Expected::like(&Reply::parse(reply(&one, 1).as_bytes()).unwrap().unwrap());
        assert!(expected.check(reply(&other, 1).as_bytes()).is_ok());
        assert!(expected.check(reply(&one, 2).as_bytes()).is_err());
        assert!(expected.check(reply("short", 1).as_bytes()).is_err());
        let expected = Expected::like(&Reply::parse(reply("x", 1).as_bytes()).unwrap().unwrap());
        assert!(expected.check(reply("x", 1).as_bytes()).is_ok());
        assert!(expected.check(reply("y", 1).as_bytes()).is_err());
    }
}
