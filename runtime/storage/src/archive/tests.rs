//! Archives are made by the crates that other programs use, and by hand where those refuse to.

use std::fs;
use std::io::{Cursor, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempDir;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::*;

const LIMITS: Limits = Limits { total_bytes: 5000, file_bytes: 3000, files: 5 };

/// A model as most are packed.
const MODEL: [(&str, &[u8]); 3] =
    [("./model.onnx", b"graph"), ("./data/weights 1+2.bin", b"12345678"), ("./data/empty", b"")];

fn header(kind: tar::EntryType, name: &str, bytes: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    let field = &mut header.as_old_mut().name;
    field[..name.len()].copy_from_slice(name.as_bytes());
    header.set_entry_type(kind);
    header.set_mode(0o644);
    header.set_size(bytes);
    header.set_cksum();
    header
}

/// One entry, padded, without the end of an archive.
fn tar_entry(kind: tar::EntryType, name: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = header(kind, name, body.len() as u64).as_bytes().to_vec();
    bytes.extend_from_slice(body);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

fn tar_end(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.resize(bytes.len() + 1024, 0);
    bytes
}

fn tar_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let entries = files.iter().map(|(name, body)| tar_entry(tar::EntryType::Regular, name, body));
    tar_end(entries.flatten().collect())
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zip_of(files: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, body) in files {
        let options = SimpleFileOptions::default().compression_method(method);
        writer.start_file(*name, options).unwrap();
        writer.write_all(body).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn all_kinds(files: &[(&str, &[u8])]) -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("tar", tar_of(files)),
        ("tar.gz", gz(&tar_of(files))),
        ("stored zip", zip_of(files, CompressionMethod::Stored)),
        ("deflated zip", zip_of(files, CompressionMethod::Deflated)),
    ]
}

fn open(bytes: &[u8], folder: &Path) -> Result<Report, ArchiveError> {
    unpack(Cursor::new(bytes), folder, &LIMITS, &mut |_| Select::Take)
}

/// The message, after a look that nothing was left behind.
fn refusal(what: &str, bytes: &[u8]) -> String {
    let folder = TempDir::new().unwrap();
    let error = match open(bytes, folder.path()) {
        Ok(report) => panic!("{what}: unpacked {report:?}"),
        Err(error) => error.to_string(),
    };
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "{what}: {error}");
    error
}

#[test]
fn every_kind_is_known_by_its_content_and_unpacked() {
    for (kind, bytes) in all_kinds(&MODEL) {
        let folder = TempDir::new().unwrap();
        assert_eq!(open(&bytes, folder.path()).unwrap(), Report { files: 3, bytes: 13 }, "{kind}");
        for (name, body) in MODEL {
            assert_eq!(fs::read(folder.path().join(name)).unwrap(), body, "{kind} {name}");
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "{kind}");
    }
}

#[test]
fn a_compressed_file_that_holds_no_tape_is_no_archive() {
    for (bytes, expected) in [
        (gz(b"a pickle"), None),
        (gz(&vec![0; 4096]), None),
        (vec![0x1f, 0x8b, 1, 2, 3], None),
        (b"onnx".to_vec(), None),
        (Vec::new(), None),
        (b"\xfd7zXZ\0...".to_vec(), Some(Kind::Other("xz"))),
        (b"7z\xbc\xaf\x27\x1c".to_vec(), Some(Kind::Other("7z"))),
    ] {
        assert_eq!(kind(&mut Cursor::new(&bytes)).unwrap(), expected, "{bytes:?}");
        assert!(refusal("none", &bytes).starts_with("archive: expected zip, tar or tar.gz, got "));
    }
}

#[test]
fn names_that_lead_elsewhere_are_refused() {
    let long = "x".repeat(99);
    for (name, expected) in [
        ("../model.onnx", "a name without `..`"),
        ("a/../../model.onnx", "a name without `..`"),
        ("/etc/passwd", "a relative name"),
        ("a\\..\\b", "a name with `/` between folders"),
        (".radiant-fetch/x", "another name"),
        ("./.radiant-arrivals/x", "another name"),
    ] {
        for (kind, bytes) in all_kinds(&[("ok", b"1"), (name, b"2"), (&long, b"3")]) {
            let error = refusal(kind, &bytes);
            assert!(error.contains(expected), "{kind} {name}: {error}");
            assert!(error.contains(&name.escape_debug().to_string()), "{kind} {name}: {error}");
        }
    }
}

#[test]
fn names_of_what_nobody_takes_may_be_any() {
    let odd = ["usr/system\\x2d.slice", "../x", "/etc/passwd", ".radiant-fetch/x"];
    let mut files: Vec<(&str, &[u8])> = odd.iter().map(|name| (*name, b"1".as_slice())).collect();
    files.push(("/models/iris.onnx", b"graph"));
    for (kind, bytes) in all_kinds(&files) {
        let folder = TempDir::new().unwrap();
        let mut seen = Vec::new();
        let mut select = |path: &Path| {
            seen.push(path.to_owned());
            path.strip_prefix("models").map_or(Select::Skip, |path| Select::As(path.to_owned()))
        };
        let report = unpack(Cursor::new(bytes), folder.path(), &LIMITS, &mut select).unwrap();
        assert_eq!(report, Report { files: 1, bytes: 5 }, "{kind}");
        assert_eq!(fs::read(folder.path().join("iris.onnx")).unwrap(), b"graph", "{kind}");
        assert_eq!(seen[2], Path::new("etc/passwd"), "{kind}");
    }
}

#[test]
fn names_are_checked_after_they_were_changed_too() {
    for (to, is_right) in [("b/c", true), ("../c", false), ("/c", false), ("", false)] {
        let folder = TempDir::new().unwrap();
        let target = folder.path().join("target");
        let bytes = tar_of(&[("a", b"1")]);
        let mut select = |_: &Path| Select::As(PathBuf::from(to));
        let unpacked = unpack(Cursor::new(bytes), &target, &LIMITS, &mut select);
        assert_eq!(unpacked.is_ok(), is_right, "{to}");
        assert_eq!(target.join("b/c").exists(), is_right, "{to}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "{to}");
    }
}

#[test]
fn two_entries_for_one_place_are_refused() {
    for (names, expected) in [
        (["a", "b", "a"], "a second one"),
        (["a", "./a", "b"], "a second one"),
        (["a", "a/b", "c"], "a folder where another is a file"),
        (["a/b/c", "d", "a/b"], "a file where others need a folder"),
    ] {
        let files = names.map(|name| (name, b"1".as_slice()));
        let error = refusal("tar", &tar_of(&files));
        assert!(error.contains(expected), "{names:?}: {error}");
    }
    let files = [("a", b"1".as_slice()), ("./a", b"2")];
    let error = refusal("zip", &zip_of(&files, CompressionMethod::Stored));
    assert!(error.contains("a second one"), "{error}");
    // Writers refuse to make this one.
    let mut bytes = zip_of(&[("aa", b"1"), ("ab", b"2")], CompressionMethod::Stored);
    for at in 0..bytes.len() - 1 {
        if bytes[at..].starts_with(b"ab") {
            bytes[at + 1] = b'a';
        }
    }
    let error = refusal("zip", &bytes);
    assert!(error.contains("entries of different names"), "{error}");
}

#[test]
fn links_and_devices_are_refused_but_may_be_skipped() {
    use tar::EntryType::{Block, Char, Fifo, GNUSparse, Link, Symlink};
    for (kind, expected) in [
        (Link, "a hard link"),
        (Symlink, "a symbolic link"),
        (Char, "a device"),
        (Block, "a device"),
        (Fifo, "a pipe"),
        (GNUSparse, "a file with holes"),
        (tar::EntryType::new(b'V'), "an entry of an unknown type"),
    ] {
        let mut bytes = tar_entry(kind, "odd", b"");
        bytes.extend(tar_entry(tar::EntryType::Regular, "model", b"1"));
        let bytes = tar_end(bytes);
        let error = refusal(expected, &bytes);
        assert!(error.contains(expected) && error.contains("`odd`"), "{error}");
        let folder = TempDir::new().unwrap();
        let mut select =
            |path: &Path| if path == Path::new("odd") { Select::Skip } else { Select::Take };
        let report = unpack(Cursor::new(bytes), folder.path(), &LIMITS, &mut select).unwrap();
        assert_eq!(report, Report { files: 1, bytes: 1 }, "{expected}");
        assert!(!folder.path().join("odd").exists(), "{expected}");
    }
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.add_symlink("odd", "/etc/passwd", SimpleFileOptions::default()).unwrap();
    let error = refusal("zip", &writer.finish().unwrap().into_inner());
    assert!(error.contains("a symbolic link"), "{error}");
}

#[test]
fn more_than_the_limits_is_refused_before_it_is_written() {
    let many: Vec<String> = (0..6).map(|idx| format!("f{idx}")).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|name| (name.as_str(), &[][..])).collect();
    let zeros = vec![0; 3001];
    let one = [("one", zeros.as_slice())];
    let all = [("a", &zeros[..2500]), ("b", &zeros[..2500]), ("c", &zeros[..1])];
    for (files, expected) in [
        (many.as_slice(), "`f5`: expected at most 5 files, got 6"),
        (&one, "`one`: expected at most 3000 bytes, got 3001"),
        (&all, "`c`: expected at most 5000 bytes in all files, got 5001"),
    ] {
        for (kind, bytes) in all_kinds(files) {
            let error = refusal(kind, &bytes);
            assert!(error.contains(expected), "{kind}: {error}");
        }
    }
}

#[test]
fn a_bomb_that_nobody_takes_is_bounded_too() {
    let zeros = vec![0; 5001];
    let bytes = gz(&tar_of(&[("bomb", &zeros)]));
    let folder = TempDir::new().unwrap();
    let error = unpack(Cursor::new(&bytes), folder.path(), &LIMITS, &mut |_| Select::Skip);
    let error = error.unwrap_err().to_string();
    assert!(error.contains("expected at most 5000 skipped bytes, got 5001"), "{error}");
    // A name of this length would be read into memory.
    let bomb = tar_entry(tar::EntryType::GNULongName, "././@LongLink", &vec![b'x'; 70_000]);
    let error = refusal("long name", &gz(&tar_end(bomb)));
    assert!(error.contains("expected at most 65536 bytes of attributes"), "{error}");
}

#[test]
fn a_file_of_another_size_than_its_zip_says_is_refused() {
    let files = [("model", [7_u8; 2000].as_slice())];
    for stated in [1999_u32, 2001] {
        let mut bytes = zip_of(&files, CompressionMethod::Deflated);
        let at = bytes.windows(4).rposition(|window| window == b"PK\x01\x02").unwrap();
        bytes[at + 24..at + 28].copy_from_slice(&stated.to_le_bytes());
        let error = refusal("zip", &bytes);
        assert!(error.contains("damaged or cut off at `model`"), "{stated}: {error}");
    }
}

#[test]
fn damage_and_cut_ends_are_told() {
    for (kind, bytes) in all_kinds(&MODEL) {
        for length in [bytes.len() / 2, bytes.len() * 9 / 10] {
            // The two empty blocks at a tape's end are half a kibibyte more than is needed.
            if kind == "tar" && length > bytes.len() - 1024 {
                continue;
            }
            let error = refusal(kind, &bytes[..length]);
            assert!(error.contains("damaged or cut off"), "{kind} {length}: {error}");
        }
    }
    let mut bytes = zip_of(&MODEL, CompressionMethod::Stored);
    let at = bytes.windows(5).position(|window| window == b"graph").unwrap();
    bytes[at] ^= 1;
    let error = refusal("checksum", &bytes);
    assert!(error.contains("damaged or cut off at `./model.onnx`"), "{error}");
    let mut bytes = gz(&tar_of(&MODEL));
    let at = bytes.len() - 6;
    bytes[at] ^= 1;
    assert!(refusal("gzip's checksum", &bytes).contains("damaged or cut off"));
    let mut bytes = tar_of(&MODEL);
    bytes[1024 + 3] ^= 1;
    assert!(refusal("tar's checksum", &bytes).contains("expected a header with its checksum"));
}

#[test]
fn damage_anywhere_neither_panics_nor_writes_elsewhere() {
    let outer = TempDir::new().unwrap();
    let folder = outer.path().join("folder");
    for (kind, bytes) in all_kinds(&[("a/model", b"graph"), ("b", &[7; 300])]) {
        for at in (0..bytes.len()).step_by(29) {
            for value in [0xff, bytes[at] ^ 1] {
                let mut bytes = bytes.clone();
                bytes[at] = value;
                // Some bytes mean nothing; whatever is said of the others is another test's.
                if let Ok(report) = open(&bytes, &folder) {
                    assert!(report.files <= 2, "{kind} {at}");
                }
                assert_eq!(fs::read_dir(outer.path()).unwrap().count(), 1, "{kind} {at} {value}");
                fs::remove_dir_all(&folder).unwrap();
            }
        }
    }
}

#[test]
fn a_directory_too_large_for_memory_is_refused() {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let comment = "x".repeat(60_000);
    for idx in 0..300 {
        let options = zip::write::FullFileOptions::default().with_file_comment(comment.as_str());
        writer.start_file(format!("f{idx}"), options).unwrap();
    }
    let error = refusal("zip", &writer.finish().unwrap().into_inner());
    assert!(error.contains("`directory`: expected at most 16777216 bytes"), "{error}");
}

#[test]
fn what_a_zip_needs_that_is_not_here_is_named() {
    for (offset, value, expected) in [
        (8, 1, "expected an entry without a password, got an encrypted one"),
        (10, 12, "expected compression `stored` or `deflated`"),
    ] {
        let mut bytes = zip_of(&[("model", b"12")], CompressionMethod::Stored);
        let at = bytes.windows(4).rposition(|window| window == b"PK\x01\x02").unwrap();
        bytes[at + offset] = value;
        let error = refusal("zip", &bytes);
        assert!(error.contains(expected) && error.contains("`model`"), "{error}");
    }
}

#[test]
fn long_names_and_sizes_in_extensions_are_read() {
    let long = format!("{}/{}", "d".repeat(150), "f".repeat(150));
    let folder = TempDir::new().unwrap();
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(2);
    header.set_mode(0o644);
    builder.append_data(&mut header, &long, b"ab".as_slice()).unwrap();
    open(&builder.into_inner().unwrap(), folder.path()).unwrap();
    assert_eq!(fs::read(folder.path().join(&long)).unwrap(), b"ab");

    let folder = TempDir::new().unwrap();
    let mut builder = tar::Builder::new(Vec::new());
    let attributes = [("path", "päth/model".as_bytes()), ("size", b"3"), ("mtime", b"1.5")];
    builder.append_pax_extensions(attributes).unwrap();
    let mut bytes = builder.into_inner().unwrap();
    bytes.truncate(1024);
    // Writers that state a size in attributes may leave the header's own empty.
    bytes.extend(self::header(tar::EntryType::Regular, "short", 0).as_bytes());
    bytes.extend(b"xyz");
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    open(&tar_end(bytes), folder.path()).unwrap();
    assert_eq!(fs::read(folder.path().join("päth/model")).unwrap(), b"xyz");
}

#[test]
fn what_was_in_the_folder_is_replaced_only_when_all_is_well() {
    let folder = TempDir::new().unwrap();
    let model = folder.path().join("model.onnx");
    fs::write(&model, "old").unwrap();
    open(&tar_of(&[("model.onnx", b"new"), ("../x", b"")]), folder.path()).unwrap_err();
    assert_eq!(fs::read(&model).unwrap(), b"old");
    open(&tar_of(&[("model.onnx", b"new")]), folder.path()).unwrap();
    assert_eq!(fs::read(&model).unwrap(), b"new");
}
