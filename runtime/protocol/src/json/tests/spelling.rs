//! What is written, character by character as Python's `json.dumps` writes it.

use proptest::prelude::*;
use radiant_core::{Map, Value};

use super::{decode, encoded};

/// Bits of doubles and their spelling, made by Python.
const FLOATS: &str = include_str!("floats.txt");

#[test]
fn floats_are_spelt_and_read_as_python_does() {
    let lines = FLOATS.lines().filter(|line| !line.starts_with('#'));
    let mut n_cases = 0;
    for line in lines {
        let (bits, text) = line.split_once(' ').unwrap();
        let float = f64::from_bits(u64::from_str_radix(bits, 16).unwrap());
        assert_eq!(encoded(&Value::Float(float)), text);
        let Ok(Value::Float(read)) = decode(text.as_bytes()) else { panic!("{text}") };
        assert!(read.to_bits() == float.to_bits() || read.is_nan() && float.is_nan(), "{text}");
        n_cases += 1;
    }
    assert!(n_cases > 250);
}

#[test]
fn strings_are_spelt_as_python_does() {
    let cases = [
        ("", r#""""#),
        ("plain / \u{7f}", "\"plain / \u{7f}\""),
        ("\"\\\n\r\t\u{8}\u{c}", r#""\"\\\n\r\t\b\f""#),
        ("\0\u{1f}\u{b}", r#""\u0000\u001f\u000b""#),
        ("é€", r#""\u00e9\u20ac""#),
        ("a😀b", r#""a\ud83d\ude00b""#),
        ("\u{fffd}\u{80}", r#""\ufffd\u0080""#),
    ];
    for (text, expected) in cases {
        assert_eq!(encoded(&Value::from(text)), expected);
        assert_eq!(decode(expected.as_bytes()), Ok(Value::from(text)));
    }
}

#[test]
fn values_are_compact_with_sorted_keys() {
    let map = Map::from([
        ("b".to_owned(), Value::List(vec![Value::Int(-1), Value::Float(1.0), Value::Null])),
        ("a".to_owned(), Value::BigInt("123456789012345678901234567890".into())),
        ("é".to_owned(), Value::Bool(true)),
        ("B".to_owned(), Value::Map(Map::new())),
        ("c".to_owned(), Value::List(Vec::new())),
    ]);
    let expected =
        r#"{"B":{},"a":123456789012345678901234567890,"b":[-1,1.0,null],"c":[],"\u00e9":true}"#;
    assert_eq!(encoded(&Value::Map(map)), expected);
}

/// Values of all kinds, a few levels deep.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        "-?[1-9][0-9]{19,60}".prop_map(|digits| Value::BigInt(digits.into())),
        any::<f64>().prop_map(|x| Value::Float(if x.is_nan() { 0.5 } else { x })),
        any::<String>().prop_map(Value::Text),
    ];
    leaf.prop_recursive(4, 64, 8, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..8).prop_map(Value::List),
            proptest::collection::btree_map(any::<String>(), inner, 0..8).prop_map(Value::Map),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_written_is_read_back(value in value()) {
        let text = encoded(&value);
        prop_assert!(text.is_ascii());
        prop_assert_eq!(decode(text.as_bytes()), Ok(value));
    }

    #[test]
    fn finite_values_are_json_to_others(value in value()) {
        let text = encoded(&value);
        prop_assume!(!text.contains("Infinity"));
        let read = serde_json::from_str::<&serde_json::value::RawValue>(&text);
        prop_assert!(read.is_ok(), "{}: {:?}", text, read);
    }
}

#[test]
fn what_is_special_is_seen_in_every_place_of_a_text() {
    use crate::json::print::{all_plain, is_plain};
    for length in 0..20 {
        assert!(all_plain(&vec![b'a'; length]));
        for place in 0..length {
            for byte in 0..=u8::MAX {
                let mut text = vec![b'a'; length];
                text[place] = byte;
                assert_eq!(all_plain(&text), is_plain(byte), "{byte} at {place} of {length}");
            }
        }
    }
}
