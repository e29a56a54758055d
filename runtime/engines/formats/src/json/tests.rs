//! JSON that is sound, that is not, and that is cut or changed.

use super::*;
use crate::Limits;

fn refused(text: &str) -> String {
    parse(text.as_bytes(), &Limits::default()).unwrap_err().to_string()
}

#[test]
fn values_come_out_as_they_were_written() {
    let text = r#" {"a": [1, -2.5e3, NaN, -Infinity], "b": {"c\n": "\u00e9\ud83d\ude00\"", "d": null},
        "e": [true, 0, false], "f": [], "g": [[1], "x", 2.5], "a": [7]} "#;
    let document = parse(text.as_bytes(), &Limits::default()).unwrap();
    let root = document.root();
    assert_eq!(root.get("a").unwrap().f64s().unwrap(), [7.0]);
    let first = root.members().next().unwrap();
    assert_eq!(first.key(), "a");
    let first = first.f32s().unwrap();
    assert_eq!(first[..2], [1.0, -2500.0]);
    assert!(first[2].is_nan() && first[3] == f32::NEG_INFINITY);
    let inner = root.get("b").unwrap();
    assert_eq!(inner.get("c\n").unwrap().as_text().unwrap(), "é😀\"");
    assert!(inner.get("d").unwrap().is_null());
    assert_eq!(root.get("e").unwrap().bools().unwrap(), [true, false, false]);
    assert_eq!(root.get("f").unwrap().i64s().unwrap(), [0_i64; 0]);
    let mixed: Vec<_> = root.get("g").unwrap().items().collect();
    assert_eq!(mixed.len(), 3);
    assert_eq!(mixed[0].i64s().unwrap(), [1]);
    assert_eq!(mixed[2].as_f64(), Some(2.5));
    assert_eq!(mixed[1].path(), "g[1]");
}

#[test]
fn decimals_are_rounded_once() {
    // In double precision this is half-way between two single-precision numbers.
    let document = parse(b"[1.00000017881393432617187499]", &Limits::default()).unwrap();
    assert_eq!(document.root().f32s().unwrap(), [1.000_000_1_f32]);
    #[expect(clippy::cast_possible_truncation, reason = "this is the detour to be avoided")]
    let detour = document.root().f64s().unwrap()[0] as f32;
    assert_eq!(detour.to_bits(), 1.000_000_2_f32.to_bits());
}

#[test]
fn what_is_no_json_is_refused_with_its_place() {
    let cases = [
        ("", "byte 0: expected a value, got the end of the file"),
        ("{", "byte 1: expected a text, got the end of the file"),
        ("[1 2]", "byte 3: expected `,` or `]`, got `2`"),
        ("{\"a\" 1}", "byte 5: expected `:`, got `1`"),
        ("[\"a", "byte 3: expected `\"`, got the end of the file"),
        ("[1]]", "byte 3: expected the end of the file, got `]`"),
        ("[nope]", "byte 5: expected a value, got `]`"),
    ];
    for (text, message) in cases {
        assert_eq!(refused(text), message, "{text}");
    }
    let wrong = parse(b"{\"a\": {\"b\": [1, 2.5]}}", &Limits::default()).unwrap();
    let list = wrong.root().get("a").unwrap().get("b").unwrap();
    assert_eq!(
        list.i64s().unwrap_err().to_string(),
        "`a.b`: expected a list of whole numbers, got item 1"
    );
}

#[test]
fn depth_and_size_have_limits() {
    let deep = "[".repeat(1_000_000);
    assert_eq!(refused(&deep), "byte 100: expected at most 100 levels, got 101");
    let limits = Limits { json_values_max: 10, ..Limits::default() };
    let wide = format!("[{}\"\"]", "{},".repeat(10));
    let error = parse(wide.as_bytes(), &limits).unwrap_err();
    assert_eq!(error.to_string(), "byte 28: expected at most 10 values, got 11");
}
