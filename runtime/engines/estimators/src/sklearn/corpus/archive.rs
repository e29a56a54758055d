//! The files of a version: plain ones, and those in its archive (tar inside xz).

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::Path;

use serde_json::Value;

/// A model and what it answers.
pub(super) struct File {
    pub(super) name: String,
    pub(super) model: Vec<u8>,
    pub(super) golden: Vec<u8>,
}

/// All models with golden answers of a folder below `tests/models/formats`, by name.
pub(super) fn files(folder: &str, extension: &str) -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/models/formats");
    let folder = root.join(folder);
    let mut found: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for entry in fs::read_dir(&folder).expect("the corpus is part of the source tree") {
        let path = entry.expect("the folder can be read").path();
        let name = path.file_name().and_then(|name| name.to_str()).expect("names are ASCII");
        found.insert(name.to_owned(), fs::read(&path).expect("the file can be read"));
    }
    if let Some(archive) = found.remove("variants.tar.xz") {
        let mut tar = Vec::new();
        let mut reader = lzma_rust2::XzReader::new(&archive[..], true);
        reader.read_to_end(&mut tar).expect("the archive is whole");
        unpack(&tar, &mut found);
    }
    let mut files = Vec::new();
    for (name, golden) in &found {
        let Some(name) = name.strip_suffix(".json").filter(|name| *name != "index") else {
            continue;
        };
        let of_name = |model: &str| {
            let bytes = found.get(model)?.clone();
            Some(File { name: model.to_owned(), model: bytes, golden: golden.clone() })
        };
        let models = match containers(golden) {
            models if models.is_empty() => vec![format!("{name}.{extension}")],
            models => models,
        };
        files.extend(models.iter().filter_map(|model| of_name(model)));
    }
    files
}

/// The files that a golden file lists: one model in many containers.
fn containers(golden: &[u8]) -> Vec<String> {
    let json: Value = serde_json::from_slice(golden).expect("golden files are JSON");
    let listed = json["models"].as_array().map_or(&[][..], Vec::as_slice);
    listed.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Reads the regular files of an archive in the `ustar` format.
fn unpack(tar: &[u8], into: &mut BTreeMap<String, Vec<u8>>) {
    const BLOCK: usize = 512;
    let mut at = 0;
    while let Some(header) = tar.get(at..at + BLOCK).filter(|header| header[0] != 0) {
        let text = |range: std::ops::Range<usize>| {
            let field = &header[range];
            let end = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
            String::from_utf8_lossy(&field[..end]).trim().to_owned()
        };
        let size = usize::from_str_radix(&text(124..136), 8).expect("a length in octal");
        let start = at + BLOCK;
        if header[156] == b'0' || header[156] == 0 {
            let name = text(0..100);
            let name = name.rsplit('/').next().expect("there is a last part").to_owned();
            into.insert(name, tar[start..start + size].to_vec());
        }
        at = start + size.div_ceil(BLOCK) * BLOCK;
    }
}
