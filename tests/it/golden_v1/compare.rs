//! What counts as the same answer.
//!
//! Status, media type with character set, cross-origin headers and body. JSON is compared with the
//! spelling of its numbers but for the last digit behind a dot product, other text as text, and a metrics page as a subset of ours. Of an error
//! the status, `code`, `reason` and shape count; its words (`info`, an HTML page) are ours.

use std::collections::BTreeSet;

use super::deviations::Deviation;
use super::row::Row;
use crate::support::http::Reply;
use crate::support::json::Json;
use crate::support::prometheus::Page;

/// Where a reply differs from the recorded one.
pub(super) fn with_recording(row: &Row, reply: &Reply) -> Vec<String> {
    let mut differences = around_the_body(row, row.status, reply);
    let wanted_type = media_type(&row.content_type);
    let got_type = media_type(reply.header("content-type").unwrap_or_default());
    if wanted_type != got_type {
        differences.push(format!("content type: expected {wanted_type:?}, got {got_type:?}"));
    }
    differences.extend(body(row, reply));
    differences
}

/// Where a reply differs from what a deviation promises.
pub(super) fn with_deviation(row: &Row, deviation: &Deviation, reply: &Reply) -> Vec<String> {
    let mut differences = around_the_body(row, deviation.status, reply);
    if let Some(reason) = deviation.reason() {
        let code = ("/status/code", "-1");
        let wanted = [code, ("/status/reason", reason), ("/status/status", "1")];
        differences.extend(pointers(&wanted, reply));
        differences.extend(error_shape(&row.body, reply));
    } else if reply.body.is_empty() {
        differences.push("the body is empty".to_owned());
    }
    differences.extend(pointers(deviation.body, reply));
    differences
}

fn around_the_body(row: &Row, status: u16, reply: &Reply) -> Vec<String> {
    let mut differences = Vec::new();
    if reply.status != status {
        let text = String::from_utf8_lossy(&reply.body);
        differences.push(format!("status: expected {status}, got {}: {text}", reply.status));
    }
    for (name, wanted) in &row.headers {
        let got = reply.header(name).unwrap_or_default();
        // A server may vary its replies by more than it did when it was recorded.
        let same = match name.as_str() {
            "Access-Control-Allow-Origin" => wanted == got,
            "Vary" => items(got).is_superset(&items(wanted)),
            _ => items(wanted) == items(got),
        };
        if !same {
            differences.push(format!("header {name}: expected `{wanted}`, got `{got}`"));
        }
    }
    differences
}

fn body(row: &Row, reply: &Reply) -> Vec<String> {
    let is_json = row.content_type.starts_with("application/json");
    let text = match std::str::from_utf8(&reply.body) {
        Ok(text) => text,
        Err(error) => return vec![format!("body: {error}")],
    };
    if row.request.method == "HEAD" {
        return differ(text.is_empty(), || format!("body: expected none, got `{text}`"));
    }
    if is_json && row.status != 200 {
        let recorded = Json::parse(&row.body).expect("a recorded error is JSON");
        let at = |pointer| recorded.pointer(pointer).map(ToString::to_string).unwrap_or_default();
        let (code, reason) = (at("/status/code"), at("/status/reason"));
        let wanted = [("/status/code", &*code), ("/status/reason", &*reason)];
        let mut differences = pointers(&wanted, reply);
        differences.extend(error_shape(&row.body, reply));
        return differences;
    }
    if is_json {
        return json(&row.body, text, apart(&row.model));
    }
    if row.status != 200 {
        return differ(!text.is_empty(), || "body: expected a page, got none".to_owned());
    }
    if row.is_for_metrics_port() {
        return Page::parse(&row.body).missing_in(&Page::parse(text));
    }
    differ(row.body == text, || format!("body: expected `{}`, got `{text}`", row.body))
}

/// How far numbers may be apart, as a part of their size: what scikit-learn adds up by whatever order its
/// BLAS takes may have another last digit.
pub(crate) fn apart(model: &str) -> f64 {
    if model.starts_with("sk_") { 4.0 * f64::EPSILON } else { 0.0 }
}

fn json(recorded: &str, got: &str, apart: f64) -> Vec<String> {
    let recorded = Json::parse(recorded).expect("a recorded answer is JSON");
    match Json::parse(got) {
        Ok(got) => recorded.difference(&got, apart).into_iter().collect(),
        Err(error) => vec![format!("body: {error} in `{got}`")],
    }
}

/// Whether the reply is an error of Seldon's shape: the recorded keys, and words in `info`.
fn error_shape(recorded: &str, reply: &Reply) -> Vec<String> {
    let recorded = Json::parse(recorded).expect("a recorded error is JSON");
    let got = match Json::parse(&String::from_utf8_lossy(&reply.body)) {
        Ok(got) => got,
        Err(error) => return vec![format!("body: {error}")],
    };
    let (wanted, found) = (keys(&recorded), keys(&got));
    let mut differences =
        differ(wanted == found, || format!("shape: expected the keys {wanted:?}, got {found:?}"));
    let info = got.pointer("/status/info");
    let has_words = matches!(info, Some(Json::Text(words)) if !words.trim().is_empty());
    differences.extend(differ(has_words, || format!("info: expected words, got {info:?}")));
    differences
}

fn keys(json: &Json) -> Vec<String> {
    ["", "/status"]
        .map(|pointer| match json.pointer(pointer) {
            Some(Json::Map(map)) => map.keys().map(|key| format!("{pointer}/{key}")).collect(),
            _ => Vec::new(),
        })
        .concat()
}

fn pointers(wanted: &[(&str, &str)], reply: &Reply) -> Vec<String> {
    let parsed = Json::parse(&String::from_utf8_lossy(&reply.body)).ok();
    let differences = wanted.iter().filter_map(|(pointer, wanted)| {
        let got = parsed.as_ref().and_then(|json| json.pointer(pointer)).map(ToString::to_string);
        let same = got.as_deref() == Some(wanted);
        (!same).then(|| format!("at `{pointer}`: expected {wanted}, got {got:?}"))
    });
    differences.collect()
}

fn differ(same: bool, what: impl FnOnce() -> String) -> Vec<String> {
    if same { Vec::new() } else { vec![what()] }
}

/// A media type with its parameters: each once, as the original repeats some.
fn media_type(value: &str) -> BTreeSet<String> {
    value.split(';').map(|part| part.trim().to_ascii_lowercase()).collect()
}

fn items(list: &str) -> BTreeSet<String> {
    list.split(',').map(|item| item.trim().to_ascii_lowercase()).collect()
}

#[test]
fn a_recorded_answer_equals_itself_and_not_one_with_another_spelling() {
    let rows = super::row::read_all();
    let recorded = |row: &Row| {
        let content_type = ("Content-Type".to_owned(), row.content_type.clone());
        let headers = row.headers.iter().cloned().chain([content_type]).collect();
        Reply { status: row.status, headers, body: row.body.clone().into_bytes() }
    };
    for row in &rows {
        assert_eq!(with_recording(row, &recorded(row)), Vec::<String>::new(), "{}", row.name);
        let mut other = recorded(row);
        other.headers.clear();
        other.status += 1;
        let n_wrong = 2 + row.headers.len();
        assert_eq!(with_recording(row, &other).len(), n_wrong, "{}", row.name);
    }
    let row = rows.iter().find(|row| row.name == "ndarray int").expect("a row of integers");
    let mut reply = recorded(row);
    reply.body = row.body.replace("[[1,", "[[1.0,").into_bytes();
    let difference = ["at `/data/ndarray/0/0`: expected 1, got 1.0"];
    assert_eq!(with_recording(row, &reply), difference);
}
