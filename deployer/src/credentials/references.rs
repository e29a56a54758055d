//! Which objects name a Secret, and the same objects with another one named.

use std::collections::BTreeSet;
use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::read::GzDecoder;
use serde_json::Value;

/// Members that hold an object whose `name` is a Secret's.
const HOLDERS: [&str; 2] = ["secretRef", "secretKeyRef"];
/// Members that are a Secret's name.
const NAMES: [&str; 2] = ["envSecretRefName", "secretName"];
/// The most that is unpacked of a revision: manifests are texts of some kilobytes.
const MANIFEST_BYTES_MAX: u64 = 16 << 20;

/// The Secrets that a SeldonDeployment, or any part of one, names for its containers.
pub fn references(object: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    walk(object, &mut |name| {
        found.insert(name.to_owned());
    });
    found
}

/// The same object with one Secret in the place of another, and how often it was named.
pub fn replaced(object: &Value, old: &str, new: &str) -> (Value, usize) {
    let mut object = object.clone();
    let mut n_replaced = 0;
    replace(&mut object, &mut |name| {
        if name == old {
            new.clone_into(name);
            n_replaced += 1;
        }
    });
    (object, n_replaced)
}

fn walk(value: &Value, found: &mut dyn FnMut(&str)) {
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                let holder = HOLDERS.contains(&key.as_str()).then(|| member.get("name")).flatten();
                let name = NAMES.contains(&key.as_str()).then_some(member);
                if let Some(name) = holder.or(name).and_then(Value::as_str) {
                    found(name);
                }
                walk(member, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| walk(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn replace(value: &mut Value, change: &mut dyn FnMut(&mut String)) {
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                if HOLDERS.contains(&key.as_str())
                    && let Some(Value::String(name)) = member.get_mut("name")
                {
                    change(name);
                }
                if NAMES.contains(&key.as_str())
                    && let Value::String(name) = member
                {
                    change(name);
                }
                replace(member, change);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, change)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Whether a revision, kept in a ConfigMap as text or packed, names a Secret. In doubt it does: what
/// cannot be unpacked may.
pub fn names_secret(config_map: &Value, name: &str) -> bool {
    let values = |member: &str| {
        let members = config_map.get(member).and_then(Value::as_object);
        members.into_iter().flat_map(|it| it.values()).filter_map(Value::as_str)
    };
    let in_text = values("data").any(|text| text.contains(name));
    in_text || values("binaryData").any(|text| unpacked(text).is_none_or(|it| it.contains(name)))
}

fn unpacked(base64: &str) -> Option<String> {
    let bytes = STANDARD.decode(base64.trim()).ok()?;
    let mut text = String::new();
    let mut reader = GzDecoder::new(bytes.as_slice()).take(MANIFEST_BYTES_MAX + 1);
    let read = reader.read_to_string(&mut text).ok()?;
    (read as u64 <= MANIFEST_BYTES_MAX).then_some(text)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use serde_json::json;

    use super::*;

    fn deployment() -> Value {
        json!({"spec": {"predictors": [{
            "graph": {"envSecretRefName": "old", "name": "old"},
            "componentSpecs": [{"spec": {
                "containers": [{"envFrom": [{"secretRef": {"name": "old"}}],
                    "env": [{"valueFrom": {"secretKeyRef": {"name": "other", "key": "old"}}}]}],
                "volumes": [{"secret": {"secretName": "old"}}],
            }}],
        }]}})
    }

    #[test]
    fn every_way_to_name_a_secret_is_found() {
        let found: Vec<String> = references(&deployment()).into_iter().collect();
        assert_eq!(found, ["old", "other"]);
        assert!(references(&json!({"secretRef": "old"})).is_empty());
    }

    #[test]
    fn replacing_touches_what_names_it_and_nothing_else() {
        let (changed, n_replaced) = replaced(&deployment(), "old", "new");
        assert_eq!(n_replaced, 3);
        let text = deployment().to_string();
        let expected = text
            .replacen("\"envSecretRefName\":\"old\"", "\"envSecretRefName\":\"new\"", 1)
            .replacen("\"secretRef\":{\"name\":\"old\"", "\"secretRef\":{\"name\":\"new\"", 1)
            .replacen("\"secretName\":\"old\"", "\"secretName\":\"new\"", 1);
        assert_eq!(changed.to_string(), expected);
        assert_eq!(replaced(&changed, "old", "x").1, 0);
    }

    #[test]
    fn revisions_are_looked_into_packed_or_not() {
        let mut packed = GzEncoder::new(Vec::new(), Compression::default());
        packed.write_all(br#"{"secretRef":{"name":"radiant-x-storage-1"}}"#).unwrap();
        let packed = STANDARD.encode(packed.finish().unwrap());
        let map = json!({"binaryData": {"manifest": packed}});
        assert!(names_secret(&map, "radiant-x-storage-1"));
        assert!(!names_secret(&map, "radiant-x-storage-2"));
        assert!(names_secret(&json!({"data": {"a": "name: s1"}}), "s1"));
        assert!(!names_secret(&json!({"metadata": {"name": "s1"}}), "s1"));
        assert!(names_secret(&json!({"binaryData": {"a": "?"}}), "s1"));
    }
}
