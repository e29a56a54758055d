//! What a server says of a file before its body.

use chrono::{DateTime, Utc};
use object_store::ObjectMeta;
use object_store::path::Path;
use reqwest::header::{
    AsHeaderName, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE,
    CONTENT_TYPE, ETAG, HeaderMap, LAST_MODIFIED,
};

use super::WebError;
use super::address::Address;

/// What is said of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Answer {
    /// The size of all of it.
    pub(super) bytes: Option<u64>,
    pub(super) e_tag: Option<String>,
    pub(super) modified: Option<DateTime<Utc>>,
    /// How the server would name it.
    pub(super) disposition: Option<String>,
    /// Where the body begins in the file; `None` if the server sends all of it, whatever was asked.
    pub(super) part_start: Option<u64>,
    kind: Option<String>,
    encoding: Option<String>,
}

impl Answer {
    /// Reads headers of an answer that has a body.
    pub(super) fn read(headers: &HeaderMap, is_part: bool) -> Self {
        let owned = |name| text(headers, name).map(str::to_owned);
        let range = text(headers, CONTENT_RANGE).and_then(part).filter(|_| is_part);
        let length = text(headers, CONTENT_LENGTH).and_then(|length| length.trim().parse().ok());
        Self {
            bytes: if is_part { range.and_then(|(_, total)| total) } else { length },
            e_tag: owned(ETAG),
            modified: text(headers, LAST_MODIFIED).and_then(|time| {
                DateTime::parse_from_rfc2822(time).ok().map(|time| time.with_timezone(&Utc))
            }),
            disposition: owned(CONTENT_DISPOSITION),
            part_start: range.map(|(start, _)| start),
            kind: owned(CONTENT_TYPE),
            encoding: owned(CONTENT_ENCODING),
        }
    }

    /// Refuses what is no file of a model.
    pub(super) fn check(&self, address: &Address) -> Result<(), WebError> {
        let kind = self.kind.as_deref().unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if matches!(kind.as_str(), "text/html" | "application/xhtml+xml") {
            return Err(WebError::Page);
        }
        let encoding = self.encoding.as_deref().unwrap_or("identity").to_ascii_lowercase();
        // Some servers call a file so that is compressed itself.
        let path = address.url().path();
        let is_its_own = encoding.contains("gzip") && (path.ends_with("gz"));
        if encoding != "identity" && !is_its_own {
            return Err(WebError::Encoded { encoding });
        }
        Ok(())
    }

    /// Whether a change of the file would be seen.
    pub(super) fn is_marked(&self) -> bool {
        self.e_tag.is_some() || self.modified.is_some()
    }

    /// Whether parts that come by different requests, at the same time, are sure to be of one file.
    pub(super) fn has_safe_parts(&self) -> bool {
        let is_weak = self.e_tag.as_ref().is_some_and(|tag| tag.starts_with("W/"));
        self.part_start.is_some() && self.is_marked() && !is_weak
    }

    /// The same for the one who downloads; times and sizes that are not known are zero.
    pub(super) fn meta(&self, location: Path) -> ObjectMeta {
        ObjectMeta {
            location,
            last_modified: self.modified.unwrap_or(DateTime::UNIX_EPOCH),
            size: self.bytes.unwrap_or_default(),
            e_tag: self.e_tag.clone(),
            version: None,
        }
    }
}

pub(super) fn text(headers: &HeaderMap, name: impl AsHeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// Reads `bytes 0-9/100`: where the part begins, and the size of all.
fn part(text: &str) -> Option<(u64, Option<u64>)> {
    let (range, total) = text.trim().strip_prefix("bytes")?.trim().split_once('/')?;
    let (start, _) = range.split_once('-')?;
    Some((start.trim().parse().ok()?, total.trim().parse().ok()))
}

/// Whether a refused range means that the file is empty: `bytes */0`.
pub(super) fn is_empty_file(headers: &HeaderMap) -> bool {
    let total = text(headers, CONTENT_RANGE).and_then(|text| text.trim().strip_prefix("bytes"));
    total.is_some_and(|total| total.trim() == "*/0")
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    fn answer(headers: &[(&'static str, &'static str)], is_part: bool) -> Answer {
        let headers = headers.iter().map(|(name, value)| {
            (reqwest::header::HeaderName::from_static(name), HeaderValue::from_static(value))
        });
        Answer::read(&headers.collect(), is_part)
    }

    #[test]
    fn sizes_are_those_of_the_whole_file() {
        for (headers, is_part, bytes, part_start) in [
            (vec![("content-length", "10")], false, Some(10), None),
            (vec![], false, None, None),
            (
                vec![("content-length", "1"), ("content-range", "bytes 0-0/10")],
                true,
                Some(10),
                Some(0),
            ),
            (vec![("content-range", "bytes 5-9/*")], true, None, Some(5)),
            (vec![("content-length", "10"), ("content-range", "pages 1-2/3")], true, None, None),
            (
                vec![("content-length", "10"), ("content-range", "bytes 0-0/3")],
                false,
                Some(10),
                None,
            ),
        ] {
            let answer = answer(&headers, is_part);
            assert_eq!((answer.bytes, answer.part_start), (bytes, part_start), "{headers:?}");
        }
    }

    #[test]
    fn parts_are_safe_where_a_change_between_them_would_be_seen() {
        let part = ("content-range", "bytes 0-0/10");
        let time = ("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT");
        for (headers, is_safe) in [
            (vec![part, ("etag", "\"a\"")], true),
            (vec![part, ("etag", "W/\"a\""), time], false),
            (vec![part, time], true),
            (vec![part], false),
        ] {
            assert_eq!(answer(&headers, true).has_safe_parts(), is_safe, "{headers:?}");
            assert!(!answer(&headers, false).has_safe_parts(), "{headers:?}");
        }
        let time = answer(&[time], false).meta(Path::from("a")).last_modified;
        assert_eq!(time.timestamp(), 784_111_777);
    }

    #[test]
    fn pages_and_encoded_files_are_refused() {
        let plain = Address::parse("https://host/model.onnx").unwrap();
        let packed = Address::parse("https://host/model.tar.gz?x").unwrap();
        for (header, is_right, is_right_if_packed) in [
            (("content-type", "application/octet-stream"), true, true),
            (("content-type", "Text/HTML; charset=utf-8"), false, false),
            (("content-encoding", "identity"), true, true),
            (("content-encoding", "x-gzip"), false, true),
            (("content-encoding", "br"), false, false),
        ] {
            let answer = answer(&[header], false);
            assert_eq!(answer.check(&plain).is_ok(), is_right, "{header:?}");
            assert_eq!(answer.check(&packed).is_ok(), is_right_if_packed, "{header:?}");
        }
    }
}
