//! What is told of credentials: names and sources, never values.

use std::fmt::Write as _;

use anyhow::anyhow;
use chrono::{DateTime, Utc};
use radiant_storage::ModelUri;
use serde_json::{Value, json};

use crate::credentials::{Checked, StoreSecret};
use crate::error::{Code, Failure};
use crate::output::Printer;

/// How times are written.
const TIME: &str = "%Y-%m-%dT%H:%M:%SZ";

/// What a Secret would hold, for people.
pub(super) fn text(secret: &StoreSecret, name: &str) -> String {
    let mut text = format!("secret/{name}\n");
    let width = secret.data.keys().map(String::len).max().unwrap_or_default();
    for (key, value) in &secret.data {
        // Writing to a `String` cannot fail; a value shows itself as stars.
        let _infallible = writeln!(text, "  {key:width$}  {value}");
    }
    text
}

/// The same as a document.
pub(super) fn document(secret: &StoreSecret, name: &str) -> Value {
    json!({
        "schema": "radiant/secret/v1",
        "name": name,
        "keys": secret.data.keys().collect::<Vec<_>>(),
        "who": secret.who,
        "origin": secret.origin,
        "warnings": secret.warnings,
        "expires": secret.expires.map(|time| time.format(TIME).to_string()),
    })
}

/// Tells who asks, and what people should know of that; the latter also those who want to hear of problems
/// only.
pub(super) fn tell(secret: &StoreSecret, printer: &Printer) {
    let origin = Some(&secret.origin).filter(|origin| *origin != secret.who);
    let origin = origin.map(|origin| format!(": {origin}")).unwrap_or_default();
    printer.tell(&format!("{}{origin}\n", secret.who));
    for warning in &secret.warnings {
        tracing::warn!("{warning}");
    }
}

/// Refuses credentials that are of no use any more.
///
/// # Errors
/// When their time is over.
pub(super) fn check_time(secret: &StoreSecret, now: DateTime<Utc>) -> Result<(), Failure> {
    match secret.expires {
        Some(time) if time <= now => {
            let error = anyhow!(
                "{}: expected credentials that are good, got some that expired at {}",
                secret.origin,
                time.format(TIME)
            );
            Err(Failure::new(Code::Storage, error).hint("renew them, or use some that last"))
        }
        Some(_) | None => Ok(()),
    }
}

/// What the store said, for people.
pub(super) fn checked(checked: &Checked, uri: &ModelUri) -> String {
    match checked {
        Checked::Listed { contents, .. } => {
            let (n, bytes) = (contents.files.len(), contents.bytes);
            let files = if n == 1 { "file" } else { "files" };
            format!("`{uri}`: {n} {files}, {bytes} bytes, listed with {}\n", contents.origin)
        }
        Checked::PodsOwn { origin } => format!(
            "`{uri}`: not listed: {origin} let pods ask by an identity that this machine has not\n"
        ),
        Checked::NoStore => format!("`{uri}`: no store, needs no Secret\n"),
    }
}

/// The same as a document.
pub(super) fn checked_document(checked: &Checked, uri: &ModelUri) -> Value {
    let mut document = json!({"schema": "radiant/secret-check/v1", "model": uri.to_string()});
    let more = match checked {
        Checked::Listed { fingerprint, contents } => json!({
            "result": "listed",
            "fingerprint": fingerprint,
            "files": contents.files.len(),
            "bytes": contents.bytes,
            "origin": contents.origin,
            "anonymous": contents.is_anonymous,
        }),
        Checked::PodsOwn { origin } => json!({"result": "pods-own", "origin": origin}),
        Checked::NoStore => json!({"result": "no-store"}),
    };
    if let (Some(document), Value::Object(more)) = (document.as_object_mut(), more) {
        document.extend(more);
    }
    document
}
