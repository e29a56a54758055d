//! UBJSON that is sound, that is not, and that is cut or changed.

use super::*;

fn refused(bytes: &[u8]) -> String {
    parse(bytes, &Limits::default()).unwrap_err().to_string()
}

#[test]
fn values_of_every_form_are_read() {
    let mut bytes = b"{U\x01a[$d#U\x02".to_vec();
    bytes.extend([1.5_f32.to_be_bytes(), (-2.0_f32).to_be_bytes()].concat());
    bytes.extend(b"i\x01b[#i\x02SU\x01xTl\x00\x00\x00\x01c[i\x05[]]U\x01dD");
    bytes.extend(0.1_f64.to_be_bytes());
    bytes.extend(b"U\x01e{#U\x01U\x01fl\xff\xff\xff\xfeU\x01gZ}");
    let document = parse(&bytes, &Limits::default()).unwrap();
    let root = document.root();
    assert_eq!(root.get("a").unwrap().f32s().unwrap(), [1.5, -2.0]);
    let pair: Vec<_> = root.get("b").unwrap().items().collect();
    assert_eq!(pair[0].as_text().unwrap(), "x");
    assert_eq!(pair[1].as_bool(), Some(true));
    let list: Vec<_> = root.get("c").unwrap().items().collect();
    assert_eq!(list[0].as_i64(), Some(5));
    assert!(list[1].is_list());
    assert_eq!(root.get("d").unwrap().as_f64(), Some(0.1));
    assert_eq!(root.get("e").unwrap().get("f").unwrap().as_i64(), Some(-2));
    assert!(root.get("g").unwrap().is_null());
}

#[test]
fn what_claims_more_than_is_there_is_refused() {
    let cases: [(&[u8], &str); 6] = [
        (b"{", "byte 1: expected a length, got the end of the file"),
        (
            b"[$d#L\x7f\xff\xff\xff\xff\xff\xff\xff",
            "byte 13: expected 18446744073709551615 bytes, got 0",
        ),
        (b"[$Z#U\x05", "byte 3: type `Z` is not supported: save the model as JSON"),
        (b"{i\xff", "byte 1: expected a length, got something else"),
        (
            b"[#L\x00\x00\x00\x01\x00\x00\x00\x00",
            "byte 11: expected a value, got the end of the file",
        ),
        (b"[]x", "byte 2: expected the end of the file, got `x`"),
    ];
    for (bytes, message) in cases {
        assert_eq!(refused(bytes), message);
    }
}
