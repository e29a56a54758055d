//! Arrays of numbers: the short way gives what the tree of the same text gives.

use proptest::prelude::*;
use proptest::sample::Index;
use radiant_core::{Shape, TensorData, Value};

use super::decode;
use crate::Limits;
use crate::json::{Cursor, Scan};

/// A number as it stands in the tree.
#[derive(Debug, Clone, Copy)]
enum Leaf {
    Integer(i128),
    Float(f64),
}

/// The extents and the numbers of a tree, if it is a rectangle of them.
fn rectangle(value: &Value) -> Option<(Vec<usize>, Vec<Leaf>)> {
    let leaf = |leaf| Some((Vec::new(), vec![leaf]));
    match value {
        Value::Int(integer) => leaf(Leaf::Integer(i128::from(*integer))),
        Value::BigInt(digits) => leaf(Leaf::Integer(digits.parse::<u64>().ok()?.into())),
        Value::Float(float) => leaf(Leaf::Float(*float)),
        Value::List(items) => {
            let mut extents = vec![0];
            let mut leaves = Vec::new();
            for (index, item) in items.iter().enumerate() {
                let (inner, more) = rectangle(item)?;
                if index > 0 && extents[1..] != inner {
                    return None;
                }
                extents = [vec![items.len()], inner].concat();
                leaves.extend(more);
            }
            Some((extents, leaves))
        }
        _ => None,
    }
}

fn floats(leaves: &[Leaf]) -> Vec<f64> {
    let float = |leaf: &Leaf| match *leaf {
        Leaf::Integer(integer) => integer as f64,
        Leaf::Float(float) => float,
    };
    leaves.iter().map(float).collect()
}

#[expect(clippy::cast_possible_truncation, reason = "rounded as the codec rounds")]
fn single(float: f64) -> f32 {
    float as f32
}

/// The types that numpy finds; `None` where it goes beyond 64-bit integers.
fn exact(leaves: &[Leaf]) -> Option<TensorData> {
    let integers: Vec<i128> = leaves
        .iter()
        .filter_map(|leaf| if let Leaf::Integer(i) = leaf { Some(*i) } else { None })
        .collect();
    if integers.len() < leaves.len() || leaves.is_empty() {
        return Some(TensorData::F64(floats(leaves)));
    }
    let signed: Result<Vec<i64>, _> = integers.iter().map(|&i| i64::try_from(i)).collect();
    if let Ok(signed) = signed {
        return Some(TensorData::I64(signed));
    }
    let unsigned: Result<Vec<u64>, _> = integers.iter().map(|&i| u64::try_from(i)).collect();
    unsigned.ok().map(TensorData::U64)
}

fn bits<T: Copy>(values: &[T], bits: fn(T) -> u64) -> Vec<u64> {
    values.iter().map(|&value| bits(value)).collect()
}

fn assert_same(read: &TensorData, expected: &TensorData) {
    match (read, expected) {
        (TensorData::F64(read), TensorData::F64(expected)) => {
            assert_eq!(bits(read, f64::to_bits), bits(expected, f64::to_bits));
        }
        _ => assert_eq!(read, expected),
    }
}

/// Reads a text, which may be anything, in all ways.
fn check(text: &[u8]) {
    let limits = Limits::default();
    let tree = decode(text);
    let expected = tree.as_ref().ok().and_then(rectangle);
    let mut shape = Shape::from([7, 7]);
    let finish = |cursor: &mut Cursor<'_>, scan| match scan {
        Ok(Scan::Other) => {
            assert!(cursor.bytes[..cursor.position()].iter().all(u8::is_ascii_whitespace));
            Ok(Scan::Other)
        }
        scan => scan.and_then(|scan| cursor.finish().map(|()| scan)),
    };

    let (mut cursor, mut f64s) = (Cursor::new(text), vec![1.0]);
    let scan = cursor.numbers::<f64>(&limits, &mut shape, &mut f64s);
    let scan = finish(&mut cursor, scan);
    match (&expected, &tree) {
        (Some((extents, leaves)), _) => {
            assert_eq!(scan, Ok(Scan::Numbers));
            assert_eq!(shape.dims(), extents);
            assert_eq!(bits(&f64s, f64::to_bits), bits(&floats(leaves), f64::to_bits));
        }
        (None, Ok(_)) => assert_eq!(scan, Ok(Scan::Other)),
        (None, Err(_)) => assert_ne!(scan, Ok(Scan::Numbers)),
    }

    let (mut cursor, mut f32s) = (Cursor::new(text), vec![1.0]);
    let scan_f32 = cursor.numbers::<f32>(&limits, &mut shape, &mut f32s);
    let scan_f32 = finish(&mut cursor, scan_f32);
    if let Ok(Scan::Numbers) = scan_f32 {
        let (_, leaves) = expected.as_ref().unwrap();
        let rounded: Vec<f32> = floats(leaves).into_iter().map(single).collect();
        assert_eq!(bits(&f32s, |x| x.to_bits().into()), bits(&rounded, |x| x.to_bits().into()));
    } else if let Some((_, leaves)) = &expected {
        let is_large = |leaf: &Leaf| matches!(leaf, Leaf::Integer(i) if i.abs() > 1 << 53);
        assert!(leaves.iter().any(is_large));
    }

    let (mut cursor, mut data) = (Cursor::new(text), TensorData::F32(vec![1.0]));
    let scan_exact = cursor.numbers_exact(&limits, &mut shape, &mut data);
    match (finish(&mut cursor, scan_exact), &expected) {
        (Ok(Scan::Numbers), Some((_, leaves))) => {
            assert_same(&data, &exact(leaves).unwrap());
        }
        (Ok(Scan::Other), Some((_, leaves))) => {
            let negative = |leaf: &Leaf| matches!(leaf, Leaf::Integer(i) if *i < 0);
            let large = |leaf: &Leaf| matches!(leaf, Leaf::Integer(i) if *i > i64::MAX.into());
            assert!(leaves.iter().any(negative) && leaves.iter().any(large));
        }
        (scan_exact, Some(_)) => panic!("{scan_exact:?}"),
        (scan_exact, None) => assert_ne!(scan_exact, Ok(Scan::Numbers)),
    }
}

#[test]
fn shapes_follow_the_brackets() {
    let cases: &[(&str, Option<&[usize]>)] = &[
        ("5", Some(&[])),
        (" [ ] ", Some(&[0])),
        ("[[]]", Some(&[1, 0])),
        ("[[], []]", Some(&[2, 0])),
        ("[[[]],[[]]]", Some(&[2, 1, 0])),
        ("[1]", Some(&[1])),
        ("[[1, 2], [3, 4], [5, 6]]", Some(&[3, 2])),
        ("[[[1], [2]]]", Some(&[1, 2, 1])),
        ("[NaN, -Infinity, 1e999]", Some(&[3])),
        ("[[1], [2, 3]]", None),
        ("[1, [2]]", None),
        ("[[1], 2]", None),
        ("[[], [1]]", None),
        ("[[], [[]]]", None),
        ("[[[1]], []]", None),
        ("[[[1]], [2]]", None),
        ("[true]", None),
        ("[1, null]", None),
        ("[\"1\"]", None),
        ("[{}]", None),
        ("[[1], null]", None),
        ("[18446744073709551616]", None),
        ("{}", None),
        ("\"\"", None),
    ];
    for &(text, extents) in cases {
        // Once as it is, and once in a text that is worth preparations.
        for padding in [0, 300] {
            let text = format!("{:padding$}{text}{:padding$}", "", "");
            check(text.as_bytes());
            let (mut shape, mut values) = (Shape::default(), Vec::<f32>::new());
            let scan =
                Cursor::new(text.as_bytes()).numbers(&Limits::default(), &mut shape, &mut values);
            let read = (scan == Ok(Scan::Numbers)).then_some(shape.dims());
            assert_eq!(read, extents, "{text}");
            assert!(scan.is_ok());
        }
    }
}

#[test]
fn types_are_those_of_numpy() {
    let cases: &[(&str, Option<TensorData>)] = &[
        ("[]", Some(TensorData::F64(vec![]))),
        ("[1, -0, 3]", Some(TensorData::I64(vec![1, 0, 3]))),
        ("[1, 2.5]", Some(TensorData::F64(vec![1.0, 2.5]))),
        ("[2.5, -9007199254740993]", Some(TensorData::F64(vec![2.5, -9_007_199_254_740_992.0]))),
        ("[1e0]", Some(TensorData::F64(vec![1.0]))),
        ("[9223372036854775807]", Some(TensorData::I64(vec![i64::MAX]))),
        ("[1, 9223372036854775808]", Some(TensorData::U64(vec![1, 1 << 63]))),
        ("[18446744073709551615, 0, 1]", Some(TensorData::U64(vec![u64::MAX, 0, 1]))),
        ("[18446744073709551615, 0.5]", Some(TensorData::F64(vec![u64::MAX as f64, 0.5]))),
        ("[-1, 9223372036854775808]", None),
        ("[9223372036854775808, -1]", None),
        ("[true, 1]", None),
    ];
    for (text, expected) in cases {
        let mut data = TensorData::Bool(Vec::new());
        let mut cursor = Cursor::new(text.as_bytes());
        let scan = cursor.numbers_exact(&Limits::default(), &mut Shape::default(), &mut data);
        match expected {
            Some(expected) => assert_eq!((scan, &data), (Ok(Scan::Numbers), expected), "{text}"),
            None => assert_eq!((scan, cursor.position()), (Ok(Scan::Other), 0), "{text}"),
        }
    }
}

#[test]
fn single_precision_is_rounded_from_doubles_and_never_from_large_integers() {
    let read = |text: &str| {
        let mut values = Vec::<f32>::new();
        let scan = Cursor::new(text.as_bytes()).numbers(
            &Limits::default(),
            &mut Shape::default(),
            &mut values,
        );
        (scan.unwrap(), values)
    };
    // The nearest single is below the middle of two, and the nearest double is the middle.
    let text = "1.00000005960464477539062499999999";
    assert_eq!(read(text), (Scan::Numbers, vec![single(text.parse().unwrap())]));
    assert_eq!(read("[9007199254740992]"), (Scan::Numbers, vec![(1_u64 << 53) as f32]));
    assert_eq!(read("[-9007199254740993]").0, Scan::Other);
}

#[test]
fn limits_are_kept() {
    let limits = Limits { rank_max: 2, elements_max: 100, ..Limits::default() };
    let read = |text: &str| {
        let mut cursor = Cursor::new(text.as_bytes());
        cursor.numbers(&limits, &mut Shape::default(), &mut Vec::<f64>::new())
    };
    assert_eq!(read("[[1]]"), Ok(Scan::Numbers));
    assert_eq!(read("[[[1]]]"), Ok(Scan::Other));
    assert_eq!(read(&"[".repeat(1_000_000)), Ok(Scan::Other));
    let row = |n: usize| format!("[{}]", vec!["1.25"; n].join(","));
    assert_eq!(read(&row(100)), Ok(Scan::Numbers));
    assert_eq!(read(&row(101)).unwrap_err().expected, "no more elements than the limit");
    assert_eq!(read(&format!("[{},{}]", row(50), row(50))), Ok(Scan::Numbers));
    assert_eq!(read(&format!("[{0},{0},{0}]", row(50))).unwrap_err().at, 506);
}

/// A number in one of many spellings; most of them plain.
fn number() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "-?(0|[1-9][0-9]{0,3})",
        4 => "-?(0|[1-9][0-9]{0,5})[.][0-9]{1,9}",
        4 => any::<f64>().prop_map(|x| format!("{:?}", x.abs().fract())),
        2 => "-?(0|[1-9][0-9]{0,20})[.][0-9]{1,20}",
        1 => "-?[1-9][0-9]{12,21}",
        1 => "-?[1-9]([.][0-9]{1,17})?[eE][+-]?[0-9]{1,3}",
        1 => prop_oneof!["NaN", "-?Infinity", "-0", "-0[.]0", "[0-9]{1,3}[.][0-9]{30,40}"],
    ]
}

/// A rectangle, or nearly one.
fn array() -> impl Strategy<Value = Vec<u8>> {
    let separator = prop_oneof![4 => Just(","), 2 => Just(", "), 1 => Just(" ,\n ")];
    let numbers = proptest::collection::vec(number(), 1..300);
    (numbers, 1_usize..40, separator).prop_map(|(numbers, n_columns, separator)| {
        let is_flat = n_columns > 30;
        let rows = numbers.chunks(if is_flat { numbers.len() } else { n_columns });
        // Cut what would be ragged, but not always.
        let is_ragged = n_columns % 8 == 0;
        let rows = rows.filter(|row| is_flat || is_ragged || row.len() == n_columns);
        let rows: Vec<String> = rows.map(|row| format!("[{}]", row.join(separator))).collect();
        let text = rows.join(separator);
        if is_flat { text.into_bytes() } else { format!("[{text}]").into_bytes() }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn arrays_are_read_as_their_trees(text in array()) {
        check(&text);
        // Without its surroundings there is nothing to load behind the last number.
        check(&[&[b' '; 40], &text[..]].concat());
        check(&[&text[..], &[b' '; 40]].concat());
    }

    #[test]
    fn arrays_with_wrong_bytes_are_read_as_their_trees(
        text in array(),
        changes in proptest::collection::vec((any::<Index>(), byte()), 1..4),
    ) {
        for (index, byte) in changes {
            let mut text = text.clone();
            let at = index.index(text.len());
            text[at] = byte;
            check(&text);
            text.remove(at);
            check(&text);
            text.truncate(at);
            check(&text);
        }
    }
}

/// Any byte, but mostly one that stands in numbers and arrays.
fn byte() -> impl Strategy<Value = u8> {
    prop_oneof![
        8 => proptest::sample::select(b"0123456789.,-+eE[] \n\"tN{:;".to_vec()),
        1 => any::<u8>(),
    ]
}
