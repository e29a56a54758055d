//! Writes the texts of licences from the sources of the packages, and compares.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::*;
use crate::image::sbom::PACKAGES;

const HEAD: &str = "\
The program `radiant` is made of the packages below, besides its own. Those in the first list are taken under
the Apache License, Version 2.0, whose text is beside this file; after it come the texts that the others, and
some of these, ask to be passed on.
";

/// A package of the program, as cargo knows it.
struct Package {
    name: String,
    version: String,
    licence: String,
    folder: PathBuf,
    /// Where it is developed: packages of one place may have one text.
    home: Option<String>,
}

/// All of other people's.
fn packages() -> Vec<Package> {
    #[expect(clippy::disallowed_methods, reason = "cargo is what knows where sources are")]
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--format-version", "1", "--offline", "--locked"]);
    cargo.args(["--filter-platform", "x86_64-unknown-linux-gnu"]);
    let output = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let known = metadata["packages"].as_array().unwrap();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let found = PACKAGES.lines().filter_map(|line| {
        let [name, version, licence] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("`{line}`: expected three fields")
        };
        let is_it = |it: &&Value| it["name"] == name && it["version"] == version;
        let package = known.iter().find(is_it).unwrap_or_else(|| panic!("cargo knows {name}"));
        let folder = Path::new(package["manifest_path"].as_str().unwrap()).parent().unwrap();
        // Our own, which have no source elsewhere, are under the program's licence.
        package["source"].as_str()?;
        let (name, version, licence) = (name.to_owned(), version.to_owned(), licence.to_owned());
        let home = text(&package["repository"]);
        Some(Package { name, version, licence, folder: folder.to_owned(), home })
    });
    found.collect()
}

/// Whether the Apache licence alone will do.
fn is_apache(licence: &str) -> bool {
    let mut choices = licence.split(" OR ").map(|one| one.trim_matches(['(', ')', ' ']));
    !licence.contains(" AND ") && choices.any(|one| one == "Apache-2.0")
}

/// The files of a package that must be passed on.
fn texts(package: &Package) -> Vec<String> {
    let entries = fs::read_dir(&package.folder).unwrap().map(|entry| entry.unwrap().path());
    let named = |path: &Path, words: &[&str]| {
        let name = path.file_name().unwrap().to_string_lossy().to_lowercase();
        words.iter().any(|word| name.contains(word))
    };
    let mut files: Vec<PathBuf> = entries.filter(|path| path.is_file()).collect();
    files.sort();
    if is_apache(&package.licence) {
        files.retain(|path| named(path, &["notice"]) && !named(path, &["third"]));
    } else {
        files.retain(|path| named(path, &["licen", "copying", "notice"]));
        files.retain(|path| !named(path, &["apache", "unlicense", ".rs"]));
        let has_mit = files.iter().any(|path| named(path, &["license-mit"]));
        files.retain(|path| !has_mit || !named(path, &["copying"]));
    }
    let read = files.iter().map(|path| {
        let text = fs::read_to_string(path).unwrap();
        let lines: Vec<&str> = text.trim().lines().map(str::trim_end).collect();
        lines.join("\n")
    });
    read.collect()
}

/// The file.
fn written() -> String {
    let packages = packages();
    let mut out = HEAD.to_owned();
    let apache = packages.iter().filter(|package| is_apache(&package.licence));
    out.extend(apache.map(|package| format!("\n{} {}", package.name, package.version)));
    out += "\n";
    let mut users: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in &packages {
        let mut texts = texts(package);
        if texts.is_empty() && !is_apache(&package.licence) {
            let same = |other: &&Package| other.home == package.home && other.home.is_some();
            texts = packages.iter().filter(same).flat_map(self::texts).take(1).collect();
            assert!(!texts.is_empty(), "{}: expected a text of {}", package.name, package.licence);
        }
        for text in texts {
            users.entry(text).or_default().push(format!("{} {}", package.name, package.version));
        }
    }
    let mut by_user: Vec<(String, String)> =
        users.into_iter().map(|(text, of)| (of.join(", "), text)).collect();
    by_user.sort();
    out.extend(by_user.into_iter().map(|(of, text)| format!("\n\n==== {of}\n\n{text}\n")));
    out
}

#[test]
fn texts_of_licences_are_those_of_the_packages() {
    let now = written();
    use radiant_contract::EnvSource as _;
    if radiant_contract::ProcessEnv.get("UPDATE_DOCS").is_some() {
        let place =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("src/image/licences/third-party.txt");
        fs::write(place, now).unwrap();
        return;
    }
    assert!(now == THIRD_PARTY, "run `UPDATE_DOCS=1 cargo test -p radiant-deploy packages`");
}

#[test]
fn packages_that_ask_for_more_than_the_apache_licence_are_known() {
    for (licence, expected) in [
        ("MIT OR Apache-2.0", true),
        ("Apache-2.0", true),
        ("Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT", true),
        ("MIT", false),
        ("Apache-2.0 AND ISC", false),
        ("(Apache-2.0 OR MIT) AND BSD-3-Clause", false),
    ] {
        assert_eq!(is_apache(licence), expected, "{licence}");
    }
    for package in ["tokio ", "ring ", "tonic-prost ", "encoding_rs ", "libmimalloc-sys "] {
        let is_named =
            THIRD_PARTY.lines().any(|line| line.starts_with("====") && line.contains(package));
        assert!(is_named, "{package}");
    }
}
