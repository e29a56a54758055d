//! What is secret in objects of Kubernetes becomes `***` before anything of them is printed.

use serde_json::{Map, Value};

use crate::image::is_secret;

/// What stands for a secret.
const HIDDEN: &str = "***";

/// How deep texts that are JSON themselves are looked into: annotations hold objects that hold such
/// texts again.
const NESTED_MAX: usize = 4;

/// Takes out of `value` what nobody should read: the values of Secrets, variables and fields that are
/// called as secrets are, logins in addresses, private keys; and `managedFields`, which nobody wants to.
pub(crate) fn redact(value: &mut Value) {
    redact_within(value, NESTED_MAX);
}

fn redact_within(value: &mut Value, depth: usize) {
    match value {
        Value::Object(object) => redact_object(object, depth),
        Value::Array(items) => items.iter_mut().for_each(|item| redact_within(item, depth)),
        Value::String(text) => redact_text("", text, depth),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn redact_object(object: &mut Map<String, Value>, depth: usize) {
    if object.get("kind").and_then(Value::as_str) == Some("Secret") {
        for field in ["data", "stringData"] {
            if let Some(Value::Object(data)) = object.get_mut(field) {
                data.values_mut().for_each(|value| *value = HIDDEN.into());
            }
        }
    }
    // A variable of a container, or a parameter of a graph.
    let named = object.get("name").and_then(Value::as_str).map(str::to_owned);
    if let (Some(name), Some(Value::String(text))) = (named, object.get_mut("value")) {
        redact_text(&name, text, depth);
    }
    if let Some(Value::Object(metadata)) = object.get_mut("metadata") {
        metadata.remove("managedFields");
    }
    for (name, value) in object {
        match value {
            Value::String(text) => redact_text(name, text, depth),
            other => redact_within(other, depth),
        }
    }
}

fn redact_text(name: &str, text: &mut String, depth: usize) {
    if is_secret(name, text) {
        HIDDEN.clone_into(text);
        return;
    }
    // kubectl keeps a whole object in an annotation, and so does ZenML.
    if text.starts_with(['{', '[']) && text.trim_end().ends_with(['}', ']']) {
        let parsed = serde_json::from_str::<Value>(text).ok();
        match (parsed, depth.checked_sub(1)) {
            (Some(mut parsed), Some(depth)) => {
                let before = parsed.clone();
                redact_within(&mut parsed, depth);
                if parsed != before {
                    *text = parsed.to_string();
                }
            }
            (Some(_), None) => HIDDEN.clone_into(text),
            (None, _) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::output::{Listing, Table, Template, json_lines, json_text, one_or_list, yaml};

    const MARK: &str = "hunter2";

    /// A value that has the mark somewhere, in a way that says that it is secret.
    fn secret() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(json!({"kind": "Secret", "data": {"K": MARK}, "stringData": {"L": MARK}})),
            Just(json!({"env": [{"name": "AWS_SECRET_ACCESS_KEY", "value": MARK}]})),
            Just(json!({"parameters": [
                {"name": "model_uri", "type": "STRING", "value": format!("https://me:{MARK}@h/m")}
            ]})),
            Just(json!({"password": MARK})),
            Just(json!({"message": format!("-----BEGIN PRIVATE KEY-----{MARK}")})),
        ]
    }

    fn hidden() -> impl Strategy<Value = Value> {
        secret().prop_recursive(6, 24, 3, |inner| {
            prop_oneof![
                (inner.clone(), "[a-z]{1,6}")
                    .prop_map(|(value, key)| json!({"spec": {key: value}})),
                inner.clone().prop_map(|value| json!([1, value, null])),
                inner.clone().prop_map(|value| json!({"metadata": {"annotations": {
                    "kubectl.kubernetes.io/last-applied-configuration": value.to_string()
                }}})),
                inner.prop_map(|value| json!({"metadata": {"name": "x"}, "items": [value]})),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn no_form_shows_a_secret(value in hidden()) {
            let mut value = value;
            redact(&mut value);
            let listing = Listing {
                resource: "x".to_owned(),
                items: vec![value.clone()],
                is_single: true,
                table: Table::of(&["NAME"]),
            };
            let template = Template::parse("{@}{..*}").unwrap();
            let texts = [
                json_text(&one_or_list(listing.items.clone(), true)).unwrap(),
                yaml(&value).unwrap(),
                json_lines(&listing.items),
                template.print(&value).unwrap(),
            ];
            for text in texts {
                prop_assert!(!text.contains(MARK), "{}", text);
                prop_assert!(text.contains("***"), "{}", text);
            }
        }
    }

    #[test]
    fn what_is_no_secret_stays() {
        let object = json!({
            "kind": "SeldonDeployment",
            "metadata": {"name": "x", "annotations": {"a": "{\"replicas\": 1}", "b": "{not json"}},
            "spec": {"envSecretRefName": "s", "env": [{"name": "A", "value": "1"}],
                     "key": {"secretKeyRef": {"name": "n", "key": "password"}}},
        });
        let mut same = object.clone();
        redact(&mut same);
        assert_eq!(same, object);
    }

    #[test]
    fn fields_of_managers_are_left_out() {
        let mut object =
            json!({"metadata": {"name": "x", "managedFields": [{"manager": "kubectl"}]}});
        redact(&mut object);
        assert_eq!(object, json!({"metadata": {"name": "x"}}));
    }
}
