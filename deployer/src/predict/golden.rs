//! Whether an answer is the one that was expected: JSON compared as numbers, not as text.

use std::fmt::{self, Write as _};

use serde_json::{Number, Value};

/// How many differences are kept; the others are counted.
const KEPT_MAX: usize = 10;
/// How much of a value a message shows.
const SHOWN_CHARS_MAX: usize = 60;
/// What is another one in every answer: ids of requests, and what they went through.
const VOLATILE: [&str; 4] = ["meta.puid", "meta.requestPath", "meta.metrics", "id"];

/// A place where an answer is another one than expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Difference {
    /// Where, as `data.ndarray[0][2]`.
    pub(crate) path: String,
    /// What was expected there.
    pub(crate) expected: String,
    /// What is there.
    pub(crate) got: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() { "the answer" } else { &self.path };
        write!(f, "{path}: expected {}, got {}", self.expected, self.got)
    }
}

/// Where an answer is another one than expected: the first places, and how many there are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Differences {
    /// The first of them.
    pub(crate) first: Vec<Difference>,
    /// How many there are in all.
    pub(crate) n: usize,
}

impl Differences {
    fn add(&mut self, path: &str, expected: impl Into<String>, got: impl Into<String>) {
        self.n += 1;
        if self.first.len() < KEPT_MAX {
            let (expected, got) = (expected.into(), got.into());
            self.first.push(Difference { path: path.to_owned(), expected, got });
        }
    }
}

/// Compares an answer with the one that was expected.
///
/// What the expectation does not name may be anything, so that it can hold what matters alone; ids of
/// requests may be anything too. Numbers may be apart by `tolerance`, absolutely or as a share of the
/// expected one; `1` and `1.0` are the same.
pub(crate) fn compare(expected: &Value, got: &Value, tolerance: f64) -> Differences {
    let mut differences = Differences::default();
    walk(expected, got, tolerance, &mut String::new(), &mut differences);
    differences
}

fn walk(
    expected: &Value,
    got: &Value,
    tolerance: f64,
    path: &mut String,
    differences: &mut Differences,
) {
    if VOLATILE.contains(&path.as_str()) {
        return;
    }
    let length = path.len();
    match (expected, got) {
        (Value::Object(members), Value::Object(others)) => {
            for (key, member) in members {
                if length > 0 {
                    path.push('.');
                }
                path.push_str(key);
                match others.get(key) {
                    Some(other) => walk(member, other, tolerance, path, differences),
                    None if VOLATILE.contains(&path.as_str()) => {}
                    None => differences.add(path, shown(member), "nothing"),
                }
                path.truncate(length);
            }
        }
        (Value::Array(items), Value::Array(others)) => {
            if items.len() != others.len() {
                let [expected, got] = [items.len(), others.len()].map(|n| format!("{n} items"));
                differences.add(path, expected, got);
            }
            for (idx, (item, other)) in items.iter().zip(others).enumerate() {
                // Writing to a `String` cannot fail.
                let _infallible = write!(path, "[{idx}]");
                walk(item, other, tolerance, path, differences);
                path.truncate(length);
            }
        }
        (Value::Number(number), Value::Number(other)) => {
            if !is_near(number, other, tolerance) {
                differences.add(path, shown(expected), shown(got));
            }
        }
        (expected, got) => {
            if expected != got {
                differences.add(path, shown(expected), shown(got));
            }
        }
    }
}

fn is_near(expected: &Number, got: &Number, tolerance: f64) -> bool {
    let whole = |number: &Number| {
        number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from))
    };
    // Large whole numbers are not exact as floats.
    if let (Some(expected), Some(got)) = (whole(expected), whole(got))
        && expected == got
    {
        return true;
    }
    let (Some(expected_float), Some(got_float)) = (expected.as_f64(), got.as_f64()) else {
        return false;
    };
    let is_whole = whole(expected).is_some() && whole(got).is_some();
    if is_whole && tolerance == 0.0 {
        return false;
    }
    let apart = (expected_float - got_float).abs();
    apart <= tolerance || apart <= tolerance * expected_float.abs()
}

fn shown(value: &Value) -> String {
    let text = value.to_string();
    let mut shown: String = text.chars().take(SHOWN_CHARS_MAX).collect();
    if shown.len() < text.len() {
        shown.push_str("...");
    }
    format!("`{shown}`")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn texts(expected: &Value, got: &Value, tolerance: f64) -> Vec<String> {
        compare(expected, got, tolerance).first.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn numbers_are_compared_as_numbers() {
        for (expected, got, tolerance, is_same) in [
            ("1", "1.0", 0.0, true),
            ("1", "2", 0.0, false),
            ("0.5", "0.5000001", 0.0, false),
            ("0.5", "0.5000001", 1e-6, true),
            ("1000000.0", "1000000.5", 1e-6, true),
            ("1000000.0", "1000002.0", 1e-6, false),
            ("0.0", "0.0000005", 1e-6, true),
            ("-1.0", "1.0", 1e-6, false),
            ("9007199254740993", "9007199254740992", 0.0, false),
            ("9007199254740993", "9007199254740993", 0.0, true),
            ("18446744073709551615", "18446744073709551615", 0.0, true),
            ("1", "\"1\"", 1.0, false),
            ("null", "0", 1.0, false),
        ] {
            let [expected, got] = [expected, got].map(|it| serde_json::from_str(it).unwrap());
            let n = compare(&expected, &got, tolerance).n;
            assert_eq!(n == 0, is_same, "{expected} {got} {tolerance}");
        }
    }

    #[test]
    fn differences_say_where_they_are() {
        let expected =
            json!({"data": {"names": ["a", "b"], "ndarray": [[0.25, 0.75]]}, "x": {"y": 1}});
        let got = json!({"data": {"names": ["a"], "ndarray": [[0.25, 0.5]]}, "more": true});
        assert_eq!(
            texts(&expected, &got, 0.0),
            [
                "data.names: expected 2 items, got 1 items",
                "data.ndarray[0][1]: expected `0.75`, got `0.5`",
                "x: expected `{\"y\":1}`, got nothing",
            ]
        );
        assert_eq!(texts(&json!([1]), &json!({}), 0.0), ["the answer: expected `[1]`, got `{}`"]);
    }

    #[test]
    fn ids_of_requests_and_what_is_not_named_may_be_anything() {
        let expected = json!({"meta": {"puid": "a", "requestPath": {}, "tags": {}}, "id": "1"});
        let got = json!({"meta": {"puid": "b", "tags": {"x": 1}}, "id": "2", "data": 1});
        assert_eq!(texts(&expected, &got, 0.0), Vec::<String>::new());
        let nested = [json!({"data": {"id": 1}}), json!({"data": {"id": 2}})];
        assert_eq!(compare(&nested[0], &nested[1], 0.0).n, 1);
    }

    #[test]
    fn the_first_differences_are_kept_and_all_are_counted() {
        let found = compare(&json!(vec![1; 50]), &json!(vec![2; 50]), 0.0);
        assert_eq!((found.first.len(), found.n), (10, 50));
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            "[a-z]{0,4}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::btree_map("[a-z]{1,3}", inner, 0..4)
                    .prop_map(|it| Value::Object(it.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn an_answer_is_itself_and_another_one_differs(one in any_json(), other in any_json()) {
            prop_assert_eq!(compare(&one, &one, 0.0).n, 0);
            let both = compare(&one, &other, 0.0).n + compare(&other, &one, 0.0).n;
            let volatile = |value: &Value| value.get("id").is_some();
            if both == 0 && !volatile(&one) && !volatile(&other) {
                let [one, other] = [one, other].map(|it| it.to_string().replace(".0", "").replace("-0", "0"));
                prop_assert_eq!(one, other);
            }
        }
    }
}
