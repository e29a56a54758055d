//! Compressed files that lie about what they unpack to, and arrays that lie about their size.

use std::io::Write as _;

use super::{Codec, read};
use crate::test_files::{file, names};
use crate::{Audit, FormatError, Limits};

fn open(bytes: Vec<u8>, limits: &Limits) -> Result<crate::Graph, FormatError> {
    read(bytes, limits, &Audit::default())
}

#[test]
fn compressions_are_told_by_their_first_bytes() {
    let codecs = [
        ("zlib", Codec::Zlib),
        ("gzip", Codec::Gzip),
        ("bz2", Codec::Bzip2),
        ("xz", Codec::Xz),
        ("lzma", Codec::Lzma),
        ("lz4", Codec::Lz4),
    ];
    for (name, codec) in codecs {
        assert_eq!(Codec::of(&file(&format!("sk1.9.1.values.{name}.joblib"))), Some(codec));
    }
    for name in names(".pkl").into_iter().chain(names("model.joblib")) {
        assert_eq!(Codec::of(&file(&name)), None, "{name}");
    }
}

#[test]
fn what_unpacks_to_too_much_is_refused_without_unpacking_it() {
    let mut bomb = Vec::new();
    let mut writer = flate2::write::ZlibEncoder::new(&mut bomb, flate2::Compression::best());
    let zeros = vec![0; 1 << 20];
    for _ in 0..80 {
        writer.write_all(&zeros).unwrap();
    }
    writer.finish().unwrap();
    assert!(bomb.len() < 100_000);
    let small = Limits { unpacked_bytes_max: 1 << 20, ..Limits::default() };
    let error = open(bomb.clone(), &small).unwrap_err().to_string();
    assert_eq!(error, "the file: expected at most 1048576 bytes unpacked, got 1048577");
    let strict = Limits { unpacked_ratio_max: 10, ..Limits::default() };
    let error = open(bomb, &strict).unwrap_err();
    assert!(matches!(error, FormatError::TooLarge { .. }), "{error}");
    // A dictionary of 4 GiB.
    let mut greedy = b"\x5d\x00\x00\x00\xf0".to_vec();
    greedy.extend([0xff; 8]);
    greedy.extend([0; 64]);
    assert!(open(greedy, &Limits::default()).is_err());
}

#[test]
fn files_of_old_joblibs_are_refused_with_a_way_out() {
    let packed = open(b"ZF0x1f              x\x9c".to_vec(), &Limits::default()).unwrap_err();
    let wrapped = b"\x80\x02cjoblib.numpy_pickle\nNDArrayWrapper\n)\x81}b.".to_vec();
    let wrapped = open(wrapped, &Limits::default()).unwrap_err();
    for error in [packed, wrapped] {
        let text = error.to_string();
        assert!(text.ends_with("save the model again with joblib 0.10 or newer"), "{text}");
    }
}

/// A file of joblib with an array of this shape and type, and this behind it.
fn wrapped(shape: &[u8], dtype: &[u8], rest: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x80\x02cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81}(U\x05shape".to_vec();
    bytes.extend(shape);
    bytes.extend(b"U\x05orderU\x01CU\x05dtypecnumpy\ndtype\n");
    bytes.extend(dtype);
    bytes.extend(b"\x85Rub");
    bytes.extend(rest);
    bytes
}

#[test]
fn arrays_that_lie_about_their_size_are_refused() {
    let good = wrapped(b"K\x02\x85", b"U\x03<i2", b"\x01\x00\x02\x00.");
    let graph = open(good, &Limits::default()).unwrap();
    assert_eq!(graph.root().array().unwrap().to_i64().unwrap(), [1, 2]);
    let huge = b"\x8a\x06\x00\x00\x00\x00\x00\x01\x8a\x06\x00\x00\x00\x00\x00\x01\x86";
    let cases: [(&[u8], &[u8], &[u8]); 8] = [
        (b"K\x03\x85", b"U\x03<i2", b"\x01\x00\x02\x00."),
        (huge, b"U\x02f8", b"."),
        (b"J\xff\xff\xff\xff\x85", b"U\x02f8", b"."),
        (b"K\x02\x85", b"U\x02U0", b"."),
        (b"]", b"U\x0bU9999999999", b"."),
        (b"N", b"U\x02f8", b"."),
        (b"K\x01\x85", b"U\x02x8", b"."),
        (b"K\x01\x85", b"U\x01O", b"\x80\x02N"),
    ];
    for (shape, dtype, rest) in cases {
        assert!(open(wrapped(shape, dtype, rest), &Limits::default()).is_err(), "{shape:?}");
    }
}

#[test]
fn pickles_inside_pickles_are_limited() {
    let nested = |n: usize| {
        let mut bytes = b"N.".to_vec();
        for _ in 0..n {
            bytes = wrapped(b"K\x01\x85", b"U\x01O", &[&bytes[..], b"."].concat());
        }
        bytes
    };
    let graph = open(nested(8), &Limits::default()).unwrap();
    assert!(graph.root().array().is_err());
    let error = open(nested(9), &Limits::default()).unwrap_err().to_string();
    assert!(error.ends_with("expected at most 8 pickles inside pickles, got 9"), "{error}");
    assert!(open(nested(1000), &Limits::default()).is_err());
}

#[test]
fn an_array_that_is_read_again_and_again_ends_at_the_limit() {
    let mut bytes = wrapped(b"M\xe8\x03\x85", b"U\x02i1", &[7; 1000]);
    bytes.push(b'.');
    let limits = Limits { read_ratio_max: 0, ..Limits::default() };
    let graph = open(bytes, &limits).unwrap();
    let array = graph.root().array().unwrap();
    let reads = (0..10_000).take_while(|_| array.to_f64().is_ok()).count();
    assert_eq!(reads as u64, Limits::READ_BYTES_FREE / 8000);
}
