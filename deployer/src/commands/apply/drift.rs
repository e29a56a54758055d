//! What differs between an object and another, as far as anybody meant it.

use serde_json::Value;
use similar::TextDiff;

use crate::error::Failure;

/// Fields that the server writes.
const OF_SERVER: [&str; 7] = [
    "/metadata/managedFields",
    "/metadata/resourceVersion",
    "/metadata/generation",
    "/metadata/uid",
    "/metadata/creationTimestamp",
    "/metadata/selfLink",
    "/status",
];

/// The object without what the server writes.
pub(super) fn meant(object: &Value) -> Value {
    let mut object = object.clone();
    for pointer in OF_SERVER {
        if let Some((parent, name)) = pointer.rsplit_once('/')
            && let Some(fields) = object.pointer_mut(parent).and_then(Value::as_object_mut)
        {
            fields.remove(name);
        }
    }
    object
}

/// The lines that differ, as `diff -u` prints them; empty where none do.
///
/// # Errors
/// Never in practice: values always are YAML.
pub(super) fn lines(name: &str, live: Option<&Value>, wanted: &Value) -> Result<String, Failure> {
    let text =
        |object: &Value| serde_saphyr::to_string(&meant(object)).map_err(anyhow::Error::from);
    let before = live.map_or_else(|| Ok(String::new()), text)?;
    let after = text(wanted)?;
    if before == after {
        return Ok(String::new());
    }
    let diff = TextDiff::from_lines(&before, &after);
    let (live, wanted) = (format!("live/{name}"), format!("wanted/{name}"));
    Ok(diff.unified_diff().context_radius(3).header(&live, &wanted).to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_the_server_writes_is_no_difference() {
        let live = json!({
            "metadata": {"name": "a", "resourceVersion": "7", "managedFields": []},
            "spec": {"replicas": 1}, "status": {"state": "Available"},
        });
        let wanted = json!({"metadata": {"name": "a"}, "spec": {"replicas": 1}});
        assert_eq!(lines("a", Some(&live), &wanted).unwrap(), "");
        let other = json!({"metadata": {"name": "a"}, "spec": {"replicas": 2}});
        let lines = lines("a", Some(&live), &other).unwrap();
        assert!(lines.starts_with("--- live/a\n+++ wanted/a\n"), "{lines}");
        assert!(lines.contains("-  replicas: 1\n+  replicas: 2\n"), "{lines}");
    }
}
