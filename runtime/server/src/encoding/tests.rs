//! What is read, what is refused, and what a reply gets.

use flate2::write::DeflateEncoder;

use super::*;

const LIMIT: usize = 1 << 20;

fn text(n_bytes: usize) -> Vec<u8> {
    (0..n_bytes).map(|i| b"[0.125, 17.5, "[i % 14] ^ u8::from(i % 97 == 0)).collect()
}

fn raw_deflate(body: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body).expect("a Vec takes it");
    encoder.finish().expect("a Vec takes it")
}

fn stored(body: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::none());
    encoder.write_all(body).expect("a Vec takes it");
    encoder.finish().expect("a Vec takes it")
}

/// What `decode` says, as kind and message.
fn refusal(encoding: Encoding, body: &[u8], bytes_max: usize) -> (ErrorKind, String) {
    let error = encoding.decode(body, bytes_max, &mut |_| Ok(())).expect_err("it is refused");
    (error.kind(), error.to_string())
}

#[test]
fn what_is_packed_unpacks_to_itself() {
    for n_bytes in [0, 1, 100, 4095, 4096, 4097, 100_000] {
        let body = text(n_bytes);
        for encoding in [Encoding::Gzip, Encoding::Deflate] {
            let packed = encoding.encode(&body);
            assert_eq!(
                encoding.decode(&packed, LIMIT, &mut |_| Ok(())).expect("it is whole"),
                body,
                "{n_bytes}"
            );
        }
        for packed in [raw_deflate(&body), stored(&body)] {
            let unpacked =
                Encoding::Deflate.decode(&packed, LIMIT, &mut |_| Ok(())).expect("it is whole");
            assert_eq!(unpacked, body, "{n_bytes}");
        }
    }
}

#[test]
fn members_of_gzip_after_one_another_are_one_body() {
    let mut packed = Encoding::Gzip.encode(b"[1, ");
    packed.extend(Encoding::Gzip.encode(b"2]"));
    assert_eq!(
        Encoding::Gzip.decode(&packed, LIMIT, &mut |_| Ok(())).expect("both are whole"),
        b"[1, 2]"
    );
}

#[test]
fn the_limit_counts_unpacked_bytes_and_bounds_the_room() {
    let body = text(10_000);
    let packed = [
        (Encoding::Gzip, Encoding::Gzip.encode(&body)),
        (Encoding::Deflate, Encoding::Deflate.encode(&body)),
        (Encoding::Deflate, raw_deflate(&body)),
        (Encoding::Deflate, stored(&body)),
    ];
    let expected = |bytes_max| {
        let message = format!(
            "the body is larger than the limit of {bytes_max} bytes once unpacked \
             (--body-bytes-max)"
        );
        (ErrorKind::TooLarge, message)
    };
    for (encoding, packed) in packed {
        for bytes_max in [10_000, 10_001, 1 << 30] {
            let unpacked = encoding
                .decode(&packed, bytes_max, &mut |_| Ok(()))
                .expect("it is within the limit");
            assert_eq!(unpacked, body);
            assert!(unpacked.capacity() <= bytes_max.min(20_000 + 4 * packed.len()));
        }
        for bytes_max in [0, 1, 4096, 9_999] {
            assert_eq!(refusal(encoding, &packed, bytes_max), expected(bytes_max));
        }
    }
    let bomb = Encoding::Gzip.encode(&vec![0; 64 << 20]);
    assert_eq!(refusal(Encoding::Gzip, &bomb, LIMIT), expected(LIMIT));
}

#[test]
fn a_stream_that_ends_anywhere_but_at_its_end_is_refused() {
    let body = text(300);
    let bodies = [
        (Encoding::Gzip, Encoding::Gzip.encode(&body)),
        (Encoding::Deflate, Encoding::Deflate.encode(&body)),
        (Encoding::Deflate, raw_deflate(&body)),
        (Encoding::Deflate, stored(&body)),
    ];
    for (encoding, packed) in bodies {
        let name = encoding.name();
        for end in 0..packed.len() {
            let (kind, message) = refusal(encoding, &packed[..end], LIMIT);
            let early = format!("body: expected a whole {name} stream, got one that ends early");
            assert_eq!((kind, message), (ErrorKind::InvalidInput, early), "at {end}");
        }
        for tail in [&b"\0"[..], b"x", b"{\"a\": 1}", b"\x1f\x8b"] {
            let (kind, message) = refusal(encoding, &[&packed, tail].concat(), LIMIT);
            assert_eq!(kind, ErrorKind::InvalidInput, "{tail:?}");
            assert!(message.starts_with("body: expected a whole"), "{message}");
        }
    }
}

#[test]
fn a_damaged_stream_is_refused_unless_the_damage_says_nothing() {
    let body = text(300);
    let frames = [
        (Encoding::Gzip, Encoding::Gzip.encode(&body)),
        (Encoding::Deflate, Encoding::Deflate.encode(&body)),
    ];
    for (encoding, packed) in frames {
        for at in 0..packed.len() * 8 {
            let mut damaged = packed.clone();
            damaged[at / 8] ^= 1 << (at % 8);
            match encoding.decode(&damaged, LIMIT, &mut |_| Ok(())) {
                // A reader passes over time, level and system in gzip's header, and over the bits
                // that fill the last byte.
                Ok(unpacked) => assert_eq!(unpacked, body, "bit {at}"),
                Err(error) => assert_eq!(error.kind(), ErrorKind::InvalidInput, "bit {at}"),
            }
        }
    }
    for (encoding, packed) in [
        (Encoding::Gzip, &b"{\"inputs\": []}"[..]),
        (Encoding::Deflate, b"{\"inputs\": []}"),
        (Encoding::Gzip, &Encoding::Deflate.encode(&body)),
        (Encoding::Deflate, &Encoding::Gzip.encode(&body)),
        // A zlib stream that wants a dictionary.
        (Encoding::Deflate, b"\x78\xbb\0\0\0\0\x03\0"),
    ] {
        // JSON happens to begin as a stream of deflate does, and ends in its middle.
        let (kind, message) = refusal(encoding, packed, LIMIT);
        assert_eq!(kind, ErrorKind::InvalidInput);
        let expected = format!("body: expected a whole {} stream, got one that", encoding.name());
        assert!(message.starts_with(&expected), "{message}");
    }
    assert_eq!(
        refusal(Encoding::Gzip, b"{\"inputs\": []}", LIMIT).1,
        "body: expected a whole gzip stream, got one that is damaged or followed by something else"
    );
}

#[test]
fn requests_name_one_coding_that_is_known_or_none() {
    let cases: [(&[u8], Option<Encoding>); 8] = [
        (b"", None),
        (b"identity", None),
        (b" Identity ", None),
        (b"gzip", Some(Encoding::Gzip)),
        (b"GZIP", Some(Encoding::Gzip)),
        (b"x-gzip", Some(Encoding::Gzip)),
        (b"deflate", Some(Encoding::Deflate)),
        (b"\tdeflate", Some(Encoding::Deflate)),
    ];
    for (value, encoding) in cases {
        assert_eq!(Encoding::of_request(value).expect("it is known"), encoding, "{value:?}");
    }
    let refused = |value: &[u8]| {
        let error = Encoding::of_request(value).expect_err("it is refused");
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        error.to_string()
    };
    let expected = |got| {
        format!(
            "header `content-encoding`: expected one of gzip, deflate and identity, got `{got}`"
        )
    };
    assert_eq!(refused(b"br"), expected("br"));
    assert_eq!(refused(b"gzip, gzip"), expected("gzip, gzip"));
    assert_eq!(refused(b"identity, gzip"), expected("identity, gzip"));
    assert_eq!(refused(b"z\xff`"), expected("z\\xff`"));
    assert_eq!(refused(&[b'a'; 1000]), expected(&"a".repeat(NAME_BYTES_SHOWN)));
}

#[test]
fn a_reply_gets_the_coding_that_the_client_weighs_highest() {
    let cases: [(&str, Option<Encoding>); 27] = [
        ("gzip", Some(Encoding::Gzip)),
        ("X-GZip", Some(Encoding::Gzip)),
        ("deflate", Some(Encoding::Deflate)),
        ("gzip, deflate, br, zstd", Some(Encoding::Gzip)),
        ("deflate,gzip", Some(Encoding::Gzip)),
        ("deflate;q=1.0, gzip;q=0.5", Some(Encoding::Deflate)),
        ("gzip;q=0.001", Some(Encoding::Gzip)),
        ("gzip ; q = 0.5 , deflate; Q=0.6", Some(Encoding::Deflate)),
        ("*", Some(Encoding::Gzip)),
        ("*;q=0.1, gzip;q=0", Some(Encoding::Deflate)),
        ("gzip;q=0, *", Some(Encoding::Deflate)),
        ("gzip, *;q=0", Some(Encoding::Gzip)),
        ("gzip;q=0.5, identity;q=0.5", Some(Encoding::Gzip)),
        ("gzip;q=0.5, identity", None),
        ("identity", None),
        ("identity;q=0", None),
        ("gzip;q=0", None),
        ("gzip;q=0.000, deflate;q=0", None),
        ("*;q=0", None),
        ("br", None),
        ("", None),
        (",;,", None),
        ("gzip;q=1.5, deflate", Some(Encoding::Gzip)),
        ("gzip;q=-1, deflate;q=2", None),
        ("gzip;q=0.1234, deflate;q=.5", None),
        ("gzip;level=9", None),
        ("gzip;q=", None),
    ];
    for (header, encoding) in cases {
        assert_eq!(Encoding::accepted(header.as_bytes()), encoding, "{header}");
    }
    assert_eq!(Encoding::accepted(b"gz\xffip, deflate\0, \xff;q=1"), None);
}
