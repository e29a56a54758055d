//! YAML that readers of 1.1 and of 1.2 take for the same.

use serde_json::Value;

/// A value as YAML. Maps are in the order of their names, as `kubectl` prints them, and texts that
/// some reader would take for something else are quoted.
pub fn yaml(value: &Value) -> String {
    let options = serde_saphyr::ser_options! {
        // A folded text is hard to compare.
        folded_wrap_chars: 1_000_000,
    };
    // JSON is YAML, and memory has no errors; if it were otherwise, its own form would do.
    serde_saphyr::to_string_with_options(value, options).unwrap_or_else(|_| value.to_string())
}

/// Several values as documents of one text.
pub fn documents(values: &[Value]) -> String {
    values.iter().map(yaml).collect::<Vec<_>>().join("---\n")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, json};

    use super::*;

    fn read(text: &str) -> Value {
        serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    #[test]
    fn texts_that_look_like_something_else_are_quoted() {
        let texts = [
            "true",
            "yes",
            "n",
            "on",
            "null",
            "~",
            "",
            "1",
            "1.0",
            "0o7",
            "0777",
            "1e3",
            "1:20",
            "-",
            "- a",
            "a: b",
            "#x",
            "a #b",
            "*a",
            "&a",
            "!a",
            "%a",
            "@a",
            "`a`",
            "{a",
            "[a",
            "'",
            "\"",
            "a\nb",
            "a\n",
            "\n",
            " a",
            "a ",
            "\t",
            "2026-11-23",
            "<<",
            "=",
            "é",
            "\u{2028}",
            "\u{7f}",
        ];
        for text in texts {
            let value = json!({"k": text, text: ["x", text]});
            assert_eq!(read(&yaml(&value)), value, "{}", yaml(&value));
            let first = yaml(&json!({"k": text}));
            let is_plain = first == format!("k: {text}\n");
            assert!(!is_plain || text == "é", "{first}");
        }
    }

    #[test]
    fn nothing_is_spelled_out() {
        let value = json!({"a": {}, "b": [], "c": null, "d": [{}], "e": 1.5});
        assert_eq!(read(&yaml(&value)), value);
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".{0,20}".prop_map(Value::from),
            "[ -~\n]{0,200}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[ -~]{0,12}", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect::<Map<_, _>>())),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_is_written_reads_as_it_was(value in values()) {
            prop_assert_eq!(read(&yaml(&value)), value);
        }
    }
}
