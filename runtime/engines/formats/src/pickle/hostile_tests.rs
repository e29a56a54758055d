//! What a hostile sender might make of a pickle.

use crate::test_files::{Dice, file, names, read, walk};
use crate::{Audit, FormatError, Limits};

/// Small real files of every form.
fn real() -> Vec<(String, Vec<u8>)> {
    let all = names("");
    let ours = all.into_iter().filter(|name| !name.contains(".skops") && !name.contains(".py"));
    ours.map(|name| (name.clone(), file(&name))).collect()
}

/// Reads with the audit off: changed names would end most tries before the readers.
fn read_unaudited(bytes: Vec<u8>) -> Result<crate::Graph, FormatError> {
    crate::joblib::read(bytes, &Limits::default(), &Audit::off())
}

#[test]
fn files_that_end_early_are_refused() {
    for (name, bytes) in real() {
        if bytes.len() > 2000 {
            continue;
        }
        let step = if bytes.len() < 500 { 1 } else { 3 };
        for len in (0..bytes.len()).step_by(step) {
            let result = read_unaudited(bytes[..len].to_vec());
            // The checksums behind the last block of a compressed file may be missing.
            let trailer = name.contains("values.") && len + 16 > bytes.len();
            assert!(result.is_err() || trailer, "{name} up to {len}");
        }
    }
}

#[test]
fn flipped_bits_are_errors_or_other_values() {
    for (name, step) in
        [("sk1.9.1.model.pkl", 7), ("sk0.20.3.model.joblib", 31), ("python2.values.0.pkl", 11)]
    {
        let bytes = file(name);
        for bit in (0..bytes.len() * 8).step_by(step) {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            if let Ok(graph) = read_unaudited(flipped) {
                walk(&graph);
            }
        }
    }
}

#[test]
fn changed_files_are_refused_or_read_but_never_panic() {
    let mut readable = 0_u32;
    for (name, bytes) in real() {
        let mut dice = Dice::new(name.len() as u64 * 31 + bytes.len() as u64);
        for _ in 0..60 {
            if let Ok(graph) = read_unaudited(dice.mutate(&bytes)) {
                walk(&graph);
                readable += 1;
            }
        }
    }
    assert!(readable > 100, "most of this test never got beyond the machine: {readable}");
}

#[test]
fn files_that_would_run_code_are_refused_with_name_and_place() {
    for (name, place) in [
        ("evil.unread.joblib", "`steps[0][1].verbose`"),
        ("evil.step.joblib", "`steps[0][1]`"),
        ("evil.array.pkl", "`[1]`"),
        ("evil.array.joblib", "`[1]`"),
    ] {
        let error = read(file(name)).unwrap_err();
        assert!(matches!(error, FormatError::Dangerous { .. }), "{name}: {error}");
        let text = error.to_string();
        assert!(text.starts_with(&format!("{place}: `posix.system` (byte ")), "{name}: {text}");
        // Read as data all the same, and nothing runs.
        walk(&read_unaudited(file(name)).unwrap());
    }
    let error = read(b"cos\nsystem\n(S'x'\ntR0".to_vec()).unwrap_err().to_string();
    assert!(
        error.starts_with("the file: `os.system` (byte 0) is not on the allow-list"),
        "{error}"
    );
    let error = read(b"c__builtin__\neval\n0N.".to_vec()).unwrap_err().to_string();
    assert!(error.starts_with("the file: `__builtin__.eval`"), "{error}");
}

#[test]
fn foreign_classes_are_refused_with_a_way_out_unless_allowed() {
    let bytes = b"\x80\x02}U\x04leafcmy.pkg\nFoo\n)\x81s.".to_vec();
    let error = read(bytes.clone()).unwrap_err().to_string();
    assert_eq!(
        error,
        "`['leaf']`: class `my.pkg.Foo` (byte 9) is not supported: convert the model to ONNX or use \
         a custom component"
    );
    let audit = Audit::default().allowing(["my.pkg.Foo"]);
    let graph = crate::joblib::read(bytes, &Limits::default(), &audit).unwrap();
    let leaf = graph.root().get("leaf").unwrap().unwrap();
    assert_eq!(leaf.describe(), "`my.pkg.Foo`");
}

#[test]
fn objects_that_hold_themselves_are_found_when_a_reader_descends() {
    let graph = read(file("cyclic.pkl")).unwrap();
    let root = graph.root();
    let _inside = root.enter().unwrap();
    let same = root.attr("steps").unwrap().item(0).unwrap().item(1).unwrap();
    assert_eq!(same.path(), "steps[0][1]");
    assert!(same.enter().unwrap_err().to_string().contains("a cyclic object graph"));
}

#[test]
fn depth_is_no_danger_to_the_stack() {
    for (open, close) in [(&b"]"[..], &b"a"[..]), (b"]", b"\x85"), (b"(", b"t"), (b"}Na", b"s")] {
        let n = 300_000;
        let mut bytes = vec![0x80, 2];
        for _ in 0..n {
            bytes.extend(open);
        }
        for _ in 1..n {
            bytes.extend(close);
        }
        bytes.push(b'.');
        if let Ok(graph) = read(bytes) {
            walk(&graph);
        }
    }
    let mut tuples = b"\x80\x02)".to_vec();
    tuples.extend(std::iter::repeat_n(0x85, 300_000));
    tuples.push(b'.');
    let graph = read(tuples).unwrap();
    let mut node = graph.root();
    let mut visits = Vec::new();
    let error = loop {
        match node.enter() {
            Ok(visit) => visits.push(visit),
            Err(error) => break error.to_string(),
        }
        node = node.item(0).unwrap();
    };
    assert!(error.starts_with("`..[0][0]"), "{error}");
    assert!(error.ends_with("expected at most 100 objects inside objects, got 101"), "{error}");
}

#[test]
fn a_graph_of_shared_objects_is_not_walked_for_ever() {
    // Each list holds the one before twice: 2^64 ways to the innermost.
    let mut bytes = b"\x80\x04]\x94".to_vec();
    for at in 0..64 {
        bytes.extend([b'0', b']', 0x94, b'h', at, b'a', b'h', at, b'a']);
    }
    bytes.push(b'.');
    let limits = Limits { visits_max: 1000, ..Limits::default() };
    let graph = crate::joblib::read(bytes, &limits, &Audit::default()).unwrap();
    fn descend(node: crate::Node<'_>) -> Result<(), FormatError> {
        let _inside = node.enter()?;
        node.items()?.try_for_each(descend)
    }
    let error = descend(graph.root()).unwrap_err().to_string();
    assert!(error.ends_with("expected at most 1000 objects read, got 1001"), "{error}");
}

#[test]
fn lengths_that_lie_are_refused_before_anything_is_made_for_them() {
    let cases: [&[u8]; 14] = [
        b"\x8d\xff\xff\xff\xff\xff\xff\xff\x7f.",
        b"\x8e\xff\xff\xff\xff\xff\xff\xff\xffab.",
        b"\x96\x00\x00\x00\x00\x00\x01\x00\x00.",
        b"\x8b\xff\xff\xff\x7f\x01.",
        b"X\xff\xff\xff\xff.",
        b"T\xff\xff\xff\xff.",
        b"B\x00\x00\x00\x80.",
        b"\x8b\x00\x00\x00\x80.",
        b"\x95\x00",
        b"N\x95\x00\x00\x00",
        b"h\x00.",
        b"j\xff\xff\xff\xff.",
        b"g18446744073709551616\n.",
        b"Np99999999999999999999\n.",
    ];
    for bytes in cases {
        assert!(read(bytes.to_vec()).is_err(), "{bytes:?}");
    }
    // A large number of the memo costs nothing.
    let graph = read(b"\x80\x02Nr\xff\xff\xff\xff0j\xff\xff\xff\xff.".to_vec()).unwrap();
    assert!(graph.root().is_none());
}

#[test]
fn instructions_out_of_place_are_refused() {
    let cases: [&[u8]; 26] = [
        b"",
        b".",
        b"0.",
        b"1.",
        b"2.",
        b"a.",
        b"Na.",
        b"NNa.",
        b"e.",
        b"(e.",
        b"N(Ne.",
        b"(u.",
        b"}(Nu.",
        b"]NNs.",
        b"t.",
        b"(N.",
        b"NN.",
        b"R.",
        b"NNR.",
        b"N)Nb.",
        b"(o.",
        b"\x93.",
        b"NN\x93.",
        b"\x80\x06N.",
        b"P1\n.",
        b"\xff.",
    ];
    for bytes in cases {
        assert!(read(bytes.to_vec()).is_err(), "{bytes:?}");
    }
    let twice = b"\x80\x02csklearn.x\nA\n)\x81}b}b.";
    assert!(read(twice.to_vec()).unwrap_err().to_string().contains("a second one"));
}

#[test]
fn limits_hold() {
    let many = [&b"\x80\x02"[..], &b"]0".repeat(1000), b"N."].concat();
    let memo = [&b"\x80\x04N"[..], &[0x94; 1000], b"."].concat();
    let strict = |change: fn(&mut Limits), bytes: &[u8]| {
        let mut limits = Limits::default();
        change(&mut limits);
        let error = crate::joblib::read(bytes.to_vec(), &limits, &Audit::default()).unwrap_err();
        assert!(matches!(error, FormatError::TooLarge { .. }), "{error}");
    };
    strict(|limits| limits.values_max = 900, &many);
    strict(|limits| limits.pickle_ops_max = 1900, &many);
    strict(|limits| limits.file_bytes_max = 1999, &many);
    strict(|limits| limits.memo_entries_max = 999, &memo);
    strict(|limits| limits.string_bytes_max = 2, b"\x8c\x03abc.");
    let name = [&b"c"[..], &b"x".repeat(2000), b"\ny\n."].concat();
    strict(|_| (), &name);
}
