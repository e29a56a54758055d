//! The corpus: every model of every scikit-learn decodes, and every file that must be refused is.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read as _;
use std::path::Path;

use crate::test_files::corpus;
use crate::{Audit, FormatError, Graph, Limits, Node, joblib, skops};

fn read(bytes: Vec<u8>) -> Result<Graph, FormatError> {
    joblib::read(bytes, &Limits::default(), &Audit::default())
}

/// Reads every array of a graph, whatever its type.
fn check(name: &str, graph: &Graph) {
    let root = graph.root();
    assert!(root.class().is_some(), "{name}: {}", root.describe());
    let mut nodes: Vec<Node<'_>> = vec![root];
    let mut seen = BTreeSet::new();
    while let Some(node) = nodes.pop() {
        if !seen.insert(node.id) {
            continue;
        }
        let array = node.array_opt().unwrap_or_else(|error| panic!("{name}: {error}"));
        if let Some(array) = array {
            check_array(name, &array);
        }
        nodes.extend(node.attr_names().iter().map(|attr| node.attr(attr).unwrap()));
        nodes.extend(node.items().into_iter().flatten());
        nodes.extend(node.entries().into_iter().flatten().map(|(_, value)| value));
    }
}

fn check_array(name: &str, array: &crate::numpy::Array<'_>) {
    use crate::numpy::Kind;
    let result = match array.dtype().kind {
        Kind::Bool | Kind::Int | Kind::UInt | Kind::Float => array.to_f64().map(drop),
        Kind::Text | Kind::Bytes => array.to_text().map(drop),
        Kind::Object => array.to_nodes().map(drop),
        Kind::Record => array.dtype().fields.iter().try_for_each(|field| {
            let field = array.field(&field.name)?;
            // The sets of histogram boosting lie in an array of their own.
            if matches!(field.dtype().kind, Kind::Other(_)) {
                Ok(())
            } else {
                field.to_f64().map(drop)
            }
        }),
        Kind::Other(_) => Ok(()),
    };
    result.unwrap_or_else(|error| panic!("{name}: {error}"));
}

/// The files of a tar archive: name and bytes.
fn tar(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    let mut rest = bytes;
    while rest.len() >= 512 && rest[0] != 0 {
        let text = |range: std::ops::Range<usize>| {
            let field = String::from_utf8_lossy(&rest[range]).into_owned();
            field.trim_matches(['\0', ' ']).to_owned()
        };
        let len = usize::from_str_radix(&text(124..136), 8).unwrap();
        files.push((text(0..100), rest[512..512 + len].to_vec()));
        rest = &rest[512 + len.next_multiple_of(512)..];
    }
    files
}

fn is_model(name: &str) -> bool {
    [".joblib", ".pkl"].iter().any(|end| name.ends_with(end))
}

fn models(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.display().to_string();
        if name.ends_with(".tar.xz") {
            let packed = fs::read(&path).unwrap();
            let mut unpacked = Vec::new();
            lzma_rust2::XzReader::new(&packed[..], true).read_to_end(&mut unpacked).unwrap();
            files.extend(
                tar(&unpacked)
                    .into_iter()
                    .map(|(inner, bytes)| (format!("{name}: {inner}"), bytes)),
            );
        } else if path.is_file() {
            files.push((name, fs::read(&path).unwrap()));
        }
    }
    files.into_iter().filter(|(name, _)| is_model(name)).collect()
}

#[test]
fn every_model_of_every_scikit_learn_decodes() {
    let mut count = 0;
    let mut refused = BTreeSet::new();
    for version in fs::read_dir(corpus("sklearn")).unwrap() {
        let version = version.unwrap().path();
        if !version.join("index.json").exists() {
            continue;
        }
        for (name, bytes) in models(&version) {
            match read(bytes) {
                Ok(graph) => check(&name, &graph),
                Err(error) => drop(refused.insert(format!("{name}: {error}"))),
            }
            count += 1;
        }
    }
    assert!(refused.is_empty(), "{refused:#?}");
    assert!(count > 7000, "{count}");
}

#[test]
fn every_skops_file_decodes() {
    for entry in fs::read_dir(corpus("skops")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "skops") {
            let name = path.display().to_string();
            let graph =
                skops::read(fs::read(&path).unwrap(), &Limits::default(), &Audit::default());
            check(&name, &graph.unwrap_or_else(|error| panic!("{name}: {error}")));
        }
    }
}

#[test]
fn hostile_files_are_refused_or_hold_no_model() {
    let folder = corpus("refused");
    let index = fs::read(folder.join("pickles.json")).unwrap();
    let index = crate::json::parse(&index, &Limits::default()).unwrap();
    // The first of these 30 million instructions would do.
    let limits = Limits { unpacked_bytes_max: 1 << 20, ..Limits::default() };
    let mut count = 0;
    for member in index.root().members() {
        let name = member.key().into_owned();
        let names = member.get("names").unwrap().as_text().unwrap().into_owned();
        let bytes = fs::read(folder.join(&name)).unwrap();
        match joblib::read(bytes, &limits, &Audit::default()) {
            Err(error) => {
                let text = error.to_string();
                println!("{name}: {text}");
                let is_name =
                    names.contains('.') || names.contains("EXT") || names.contains("PERS");
                assert!(!is_name || text.contains(&names), "{name}: {text}");
                if name.starts_with("evil") && names.contains('.') {
                    assert!(matches!(error, FormatError::Dangerous { .. }), "{name}: {text}");
                }
            }
            Ok(graph) => {
                assert!(!name.starts_with("evil") && !name.starts_with("custom"), "{name}");
                println!("{name}: {}", graph.root().describe());
                crate::test_files::walk(&graph);
            }
        }
        count += 1;
    }
    assert!(count > 30, "{count}");
    for old in ["old-joblib.pkl", "old-joblib-compressed.pkl", "old-joblib-one-file.pkl"] {
        let error = read(fs::read(folder.join(old)).unwrap()).unwrap_err().to_string();
        assert!(error.contains("joblib 0.10 or newer"), "{error}");
    }
    let catboost = read(fs::read(folder.join("catboost.joblib")).unwrap()).unwrap();
    assert!(catboost.root().is_a("catboost", "CatBoostClassifier"), "{:?}", catboost.root());
}
