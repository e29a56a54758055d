//! What is JSON, what is not, and what is said about it.

use std::borrow::Cow;

use proptest::prelude::*;
use radiant_core::{Map, Value};

use super::decode;
use crate::Limits;
use crate::json::{Cursor, SyntaxError};

fn expected(at: usize, expected: &'static str) -> Result<Value, SyntaxError> {
    Err(SyntaxError { at, expected })
}

#[test]
fn values_of_all_kinds_are_read() {
    let list = |items: &[Value]| Value::List(items.to_vec());
    let cases: &[(&str, Value)] = &[
        ("null", Value::Null),
        (" true\r\n", Value::Bool(true)),
        ("\tfalse", Value::Bool(false)),
        ("-0", Value::Int(0)),
        ("9223372036854775807", Value::Int(i64::MAX)),
        ("-9223372036854775808", Value::Int(i64::MIN)),
        ("9223372036854775808", Value::BigInt("9223372036854775808".into())),
        ("-9223372036854775809", Value::BigInt("-9223372036854775809".into())),
        ("1.0", Value::Float(1.0)),
        ("1E2", Value::Float(100.0)),
        ("[ ]", list(&[])),
        ("[1 , [2.5,\"\"]]", list(&[1.into(), list(&[2.5.into(), "".into()])])),
        ("{ }", Value::Map(Map::new())),
        (
            r#"{"a":1,"b":{"c":[]},"a":2}"#,
            Value::Map(Map::from([
                ("a".to_owned(), Value::Int(2)),
                ("b".to_owned(), Value::Map(Map::from([("c".to_owned(), list(&[]))]))),
            ])),
        ),
        (r#""\u0041\/\ud83d\ude00""#, "A/😀".into()),
        // Halves of pairs alone, and in the wrong order.
        (r#""\ud83d""#, "\u{fffd}".into()),
        (r#""\ud83dx""#, "\u{fffd}x".into()),
        (r#""\ude00\ud83d""#, "\u{fffd}\u{fffd}".into()),
        (r#""\ud83d\ud83d\ude00""#, "\u{fffd}😀".into()),
        (r#""\ud83d\n""#, "\u{fffd}\n".into()),
    ];
    for (text, value) in cases {
        assert_eq!(decode(text.as_bytes()).as_ref(), Ok(value), "{text}");
        let mut cursor = Cursor::new(text.as_bytes());
        let span = cursor.skip_value(&Limits::default()).unwrap();
        assert_eq!(span, text.trim().as_bytes());
        assert_eq!(cursor.finish(), Ok(()));
    }
}

#[test]
fn what_python_refuses_is_refused_at_the_same_place() {
    let control = "no control character within a string";
    let cases: &[(&[u8], usize, &str)] = &[
        (b"", 0, "a value"),
        (b" ", 1, "a value"),
        (b"\xEF\xBB\xBF1", 0, "a value"),
        (b"nul", 0, "a value"),
        (b"+1", 0, "a value"),
        (b".5", 0, "a value"),
        (b"-", 1, "a digit"),
        (b"-NaN", 1, "a digit"),
        (b"-x", 1, "a digit"),
        (b"1.", 2, "a digit"),
        (b"1.e5", 2, "a digit"),
        (b"1e", 2, "a digit"),
        (b"1e+", 3, "a digit"),
        (b"01", 1, "no digit after a leading zero"),
        (b"-00.5", 2, "no digit after a leading zero"),
        (b"1 2", 2, "the end"),
        (b"Inf", 0, "a value"),
        (b"[1", 2, "`,` or `]`"),
        (b"[1 2]", 3, "`,` or `]`"),
        (b"[", 1, "a value or `]`"),
        (b"[,1]", 1, "a value"),
        (b"[1,]", 3, "a value"),
        (b"[1,", 3, "a value"),
        (b"[}", 1, "a value"),
        (b"{", 1, "a key in double quotes or `}`"),
        (b"{a:1}", 1, "a key in double quotes or `}`"),
        (b"{\"a\":1,}", 7, "a key in double quotes"),
        (b"{\"a\" 1}", 5, "`:`"),
        (b"{\"a\":}", 5, "a value"),
        (b"{\"a\":1 \"b\":2}", 7, "`,` or `}`"),
        (b"\"a", 2, "a closing `\"`"),
        (b"\"abcdefghijk\n\"", 12, control),
        (b"\"\x1F\"", 1, control),
        (b"\"\\x\"", 1, "a known escape"),
        (b"\"ab\\u12g4\"", 3, "four hexadecimal digits after `\\u`"),
        (b"\"\\u+123\"", 1, "four hexadecimal digits after `\\u`"),
        (b"\"ab\xFF\"", 3, "valid UTF-8"),
        (b"\"\xED\xA0\x80\"", 1, "valid UTF-8"),
    ];
    for &(text, at, message) in cases {
        assert_eq!(decode(text), expected(at, message), "{}", text.escape_ascii());
        let mut cursor = Cursor::new(text);
        let skipped = cursor.skip_value(&Limits::default()).and_then(|_| cursor.finish());
        assert_eq!(skipped.unwrap_err(), SyntaxError { at, expected: message });
    }
}

#[test]
fn limits_are_kept() {
    let nested = |depth: usize| [vec![b'['; depth], vec![b']'; depth]].concat();
    assert!(decode(&nested(128)).is_ok());
    assert_eq!(decode(&nested(129)), expected(128, "no deeper nesting than the limit"));
    let endless = vec![b'['; 1_000_000];
    let unlimited = Limits { depth_max: usize::MAX, ..Limits::default() };
    assert_eq!(Cursor::new(&endless).value(&unlimited).unwrap_err().at, 512);
    assert_eq!(Cursor::new(&endless).skip_value(&unlimited).unwrap_err().at, 512);
    let objects = r#"{"a":"#.repeat(200);
    assert_eq!(Cursor::new(objects.as_bytes()).skip_value(&unlimited).unwrap_err().at, 1000);

    let few = Limits { elements_max: 3, ..Limits::default() };
    assert!(Cursor::new(b"[1,{\"a\":2}]").value(&few).is_ok());
    assert_eq!(
        Cursor::new(b"[1,{\"a\":[2]}]").value(&few).unwrap_err(),
        SyntaxError { at: 9, expected: "no more elements than the limit" },
    );

    assert!(matches!(decode("9".repeat(4300).as_bytes()), Ok(Value::BigInt(_))));
    let too_long = expected(1, "an integer of at most 4300 digits");
    assert_eq!(decode(format!("-{}", "9".repeat(4301)).as_bytes()), too_long);
}

#[test]
fn errors_tell_the_line_and_the_column() {
    let text = "{\n  \"é\": 1,\n  \"ü\": x\n}".as_bytes();
    let error = decode(text).unwrap_err();
    assert_eq!(error.place(text), (3, 8));
    assert_eq!(error.describe(text), "expected a value at line 3 column 8 (byte 21)");
    assert_eq!(error.to_string(), "expected a value at byte 21");
    assert_eq!(decode(b"").unwrap_err().place(b""), (1, 1));
}

#[test]
fn a_message_is_walked_key_by_key() {
    let mut cursor = Cursor::new(br#" {"a" : [ 1, 2 ] , "\u0062":"c"} "#);
    cursor.object_start().unwrap();
    assert_eq!(cursor.next_key(true), Ok(Some(Cow::Borrowed("a"))));
    cursor.array_start().unwrap();
    assert_eq!(cursor.next_item(true), Ok(true));
    let place = cursor.position();
    assert_eq!(cursor.skip_value(&Limits::default()), Ok(&b"1"[..]));
    assert_eq!(cursor.next_item(false), Ok(true));
    assert_eq!(cursor.peek(), Some(b'2'));
    cursor.seek(place);
    assert_eq!(cursor.value(&Limits::default()), Ok(Value::Int(1)));
    assert_eq!(cursor.next_item(false), Ok(true));
    assert_eq!(cursor.value(&Limits::default()), Ok(Value::Int(2)));
    assert_eq!(cursor.next_item(false), Ok(false));
    assert_eq!(cursor.next_key(false), Ok(Some(Cow::Owned("b".to_owned()))));
    assert_eq!(cursor.string(), Ok(Cow::Borrowed("c")));
    assert_eq!(cursor.next_key(false), Ok(None));
    assert_eq!(cursor.finish(), Ok(()));
    cursor.seek(usize::MAX);
    assert_eq!(cursor.peek(), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn both_ways_to_read_any_bytes_agree(
        texts in proptest::collection::vec(
            prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..40),
                "[\\[\\]{},:\"\\\\ue0-9.+\\- \ttrnulfasNI]{0,40}".prop_map(String::into_bytes),
            ],
            1..100,
        ),
    ) {
        for text in texts {
            let read = decode(&text);
            let mut cursor = Cursor::new(&text);
            let skipped = cursor.skip_value(&Limits::default()).and_then(|_| cursor.finish());
            prop_assert_eq!(read.as_ref().err(), skipped.as_ref().err());
            // What others read is read here.
            if serde_json::from_slice::<serde_json::Value>(&text).is_ok() {
                prop_assert!(read.is_ok(), "{:?}", text.escape_ascii().to_string());
            }
        }
    }
}
