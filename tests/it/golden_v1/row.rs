//! One recorded request with its answer.

use serde_json::Value;

use crate::support::http::Request;
use crate::support::workspace;

/// A line of `rest.jsonl`.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) model: String,
    pub(super) name: String,
    pub(super) request: Request,
    pub(super) status: u16,
    pub(super) content_type: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
}

impl Row {
    /// Whether the row was asked of the metrics port. The file does not say; the names do, and
    /// where a path was asked of both ports, the names of the other rows say so.
    pub(super) fn is_for_metrics_port(&self) -> bool {
        self.name.contains("metrics") && !self.name.contains("on http port")
    }
}

/// All rows in the order in which they were sent.
pub(super) fn read_all() -> Vec<Row> {
    let path = workspace().join("tests/golden/seldon-v1/rest.jsonl");
    let text = std::fs::read_to_string(path).expect("the recording can be read");
    text.lines().map(|line| parse(line).unwrap_or_else(|| panic!("no row: {line}"))).collect()
}

fn parse(line: &str) -> Option<Row> {
    let row: Value = serde_json::from_str(line).ok()?;
    let text = |name: &str| Some(row.get(name)?.as_str()?.to_owned());
    let pairs = |name: &str| {
        let pairs = row.get(name)?.as_object()?.iter();
        pairs
            .map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
            .collect::<Option<Vec<_>>>()
    };
    Some(Row {
        model: text("model")?,
        name: text("name")?,
        request: Request {
            method: text("method")?,
            path: text("path")?,
            headers: pairs("req_headers")?,
            body: text("req_body").map(|body| latin1(&body)),
        },
        status: row.get("status")?.as_u64()?.try_into().ok()?,
        content_type: text("content_type")?,
        headers: pairs("headers")?,
        body: text("body")?,
    })
}

/// The bytes of a body, which was recorded with one character for each.
fn latin1(text: &str) -> Vec<u8> {
    text.chars().map(|byte| u8::try_from(u32::from(byte)).expect("one byte")).collect()
}
