//! Numbers one by one: every double is the nearest one.

use proptest::prelude::*;

use crate::json::number::{self, Parsed};

/// Reads a float, which must be all of the text.
fn float(text: &str) -> f64 {
    match number::parse(text.as_bytes(), 0) {
        Ok((Parsed::Float(float), end)) if end == text.len() => float,
        other => panic!("`{text}` is read as {other:?}"),
    }
}

#[track_caller]
fn assert_nearest(text: &str) {
    let expected: f64 = text.parse().unwrap();
    assert_eq!(float(text).to_bits(), expected.to_bits(), "{text}");
    // The same at the start of a longer text, where whole words are loaded.
    let padded = format!("{text}                ");
    let (parsed, end) = number::parse(padded.as_bytes(), 0).unwrap();
    assert_eq!((parsed, end), (Parsed::Float(expected), text.len()));
}

/// Spellings of floats of all lengths.
fn spelling() -> impl Strategy<Value = String> {
    let whole = prop_oneof!["0", "[1-9][0-9]{0,9}", "[1-9][0-9]{10,40}"];
    let fraction = prop_oneof!["[.][0-9]{1,20}", "[.]0{0,25}[0-9]{1,30}", "[.][0-9]{1,400}"];
    let exponent = prop_oneof!["", "[eE][+-]?[0-9]{1,2}", "[eE][+-]?[0-9]{3}", "[eE]-?0{9}[0-9]"];
    ("-?", whole, fraction, exponent)
        .prop_map(|(sign, whole, fraction, exponent)| format!("{sign}{whole}{fraction}{exponent}"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_spelling_is_read_as_the_nearest_double(
        spellings in proptest::collection::vec(spelling(), 1..100),
    ) {
        for text in spellings {
            assert_nearest(&text);
        }
    }

    #[test]
    fn every_double_is_read_at_every_precision(
        doubles in proptest::collection::vec(any::<u64>().prop_map(f64::from_bits), 1..100),
        precision in 0_usize..25,
    ) {
        for x in doubles.into_iter().filter(|x| x.is_finite()) {
            assert_nearest(&format!("{x:.precision$e}"));
            assert_nearest(&format!("{x:e}"));
        }
    }

    /// Around the middle of two doubles, where the last digit decides.
    #[test]
    fn halves_are_rounded_to_even(
        doubles in proptest::collection::vec((1_u64 << 52..1 << 53, -20_i32..75), 1..100),
    ) {
        for (mantissa, power) in doubles {
            // Twice the mantissa and one: the middle, spelt exactly where it has few digits.
            let middle = u128::from(2 * mantissa + 1);
            if power >= 0 {
                let middle = middle << power.min(70);
                assert_nearest(&format!("{middle}.0"));
                assert_nearest(&format!("{middle}.00000000001"));
                assert_nearest(&format!("{}.0", middle - 1));
            } else {
                let scaled = middle * 5_u128.pow(power.unsigned_abs());
                assert_nearest(&format!("{scaled}e{power}"));
                assert_nearest(&format!("{}e{power}", scaled + 1));
                assert_nearest(&format!("{}e{power}", scaled - 1));
            }
        }
    }
}

#[test]
fn integers_keep_all_their_digits() {
    let integer = |negative, magnitude| Parsed::Integer { negative, magnitude };
    let cases = [
        ("0", integer(false, 0)),
        ("-0", integer(true, 0)),
        ("12345678", integer(false, 12_345_678)),
        ("123456789", integer(false, 123_456_789)),
        ("-9223372036854775808", integer(true, 1 << 63)),
        ("18446744073709551615", integer(false, u64::MAX)),
        ("18446744073709551616", Parsed::BigInteger),
        ("-100000000000000000000000000", Parsed::BigInteger),
    ];
    for (text, expected) in cases {
        assert_eq!(number::parse(text.as_bytes(), 0), Ok((expected, text.len())), "{text}");
    }
}

#[test]
fn extremes_are_infinite_or_zero() {
    let cases = [
        ("1e999", f64::INFINITY),
        ("-1e999", f64::NEG_INFINITY),
        ("1e99999999999999999999", f64::INFINITY),
        ("0e99999999999999999999", 0.0),
        ("1e-99999999999999999999", 0.0),
        ("-0.0", -0.0),
        ("-0e5", -0.0),
        ("0.0000000000000000000000000000000000000000000000000", 0.0),
        ("Infinity", f64::INFINITY),
        ("-Infinity", f64::NEG_INFINITY),
        ("5e-324", f64::from_bits(1)),
        ("1.7976931348623157e308", f64::MAX),
        ("9007199254740993.0", 9_007_199_254_740_992.0),
        ("9007199254740993.00000000000000000000000001", 9_007_199_254_740_994.0),
    ];
    for (text, expected) in cases {
        assert_eq!(float(text).to_bits(), expected.to_bits(), "{text}");
    }
    assert!(float("NaN").is_nan());
}
