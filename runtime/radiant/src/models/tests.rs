//! What a configuration and the folders that it names make of models.

use std::fs;
use std::path::Path;

use radiant_contract::MapEnv;
use radiant_server::config::Flags;
use tempfile::TempDir;

use super::*;

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder can be made");
    for (name, text) in files {
        write(folder.path(), name, text);
    }
    folder
}

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().expect("it is in a folder")).expect("it can be made");
    fs::write(path, text).expect("it can be written");
}

fn models(repository: &Path, flags: Flags) -> Models {
    let repository = Some(repository.display().to_string());
    let flags = Flags { repository, ..flags };
    let config = Config::build(&flags, &MapEnv::default(), None).expect("the flags are good");
    let fetcher = Fetcher::new(config.fetching.clone());
    Models::new(config, fetcher, &[], Arc::default())
}

/// `name version version label:version *default`, a model each.
fn listed(models: &Models) -> Vec<String> {
    let offered = models.list().expect("it can be listed");
    let shown = |model: Offered| {
        let mut words = vec![model.name];
        match model.versions {
            Ok(versions) => words.extend(versions.into_iter().map(|version| version.version)),
            Err(problem) => words.push(problem),
        }
        words.extend(model.labels.iter().map(|(label, version)| format!("{label}:{version}")));
        words.extend(model.default.map(|default| format!("*{default}")));
        words.join(" ")
    };
    offered.into_iter().map(shown).collect()
}

#[test]
fn a_repository_is_listed_with_what_its_settings_choose() {
    let settings = "{versions: all, labels: {stable: 1, canary: 2}, default: stable}";
    let repository = folder(&[
        ("iris/1/model.onnx", "a"),
        ("iris/2/model.onnx", "b"),
        ("iris/radiant.yaml", settings),
        ("wine/1/model.onnx", "c"),
        ("wine/3/model.onnx", "d"),
        ("digits/model.joblib", "e"),
    ]);
    let all = models(repository.path(), Flags::default());
    assert_eq!(listed(&all), ["digits 1", "iris 1 2 canary:2 stable:1 *stable", "wine 3"]);
    let flags = Flags { name: Some("wine".to_owned()), ..Flags::default() };
    assert_eq!(listed(&models(repository.path(), flags))[0], "wine 3", "the main one first");
    let flags = Flags {
        model: Some("builtin:echo".to_owned()),
        name: Some("iris".to_owned()),
        model_version: Some("9".to_owned()),
        ..Flags::default()
    };
    let beside = models(repository.path(), flags);
    assert_eq!(listed(&beside), ["iris 9", "digits 9", "wine 3"], "a given name comes first");
}

#[test]
fn files_and_settings_that_matter_change_a_fingerprint_and_nothing_else_does() {
    let repository = folder(&[("m/1/model.onnx", "a"), ("m/radiant.yaml", "{}")]);
    let models = models(repository.path(), Flags::default());
    let mut last = String::new();
    let mut has_changed = || {
        let offered = models.list().expect("it can be listed").remove(0);
        let versions = offered.versions.expect("it is good");
        let fingerprint = versions.last().expect("there is one").fingerprint.clone();
        let changed = fingerprint != last;
        last = fingerprint;
        changed
    };
    has_changed();
    assert!(!has_changed());
    for (name, text, changes) in [
        ("m/1/model.onnx", "bb", true),
        ("m/1/weights/w.bin", "w", true),
        ("m/1/.model.onnx.swp", "x", false),
        ("m/radiant.yaml", "{method: predict}", true),
        ("m/radiant.yaml", "{method: predict, labels: {stable: 1}}", false),
        ("n/1/model.onnx", "c", false),
    ] {
        write(repository.path(), name, text);
        assert_eq!(has_changed(), changes, "{name} {text}");
    }
    let other = repository.path().join("other");
    fs::write(&other, "cc").expect("it can be written");
    fs::rename(other, repository.path().join("m/1/model.onnx")).expect("it can be moved");
    assert!(has_changed(), "a file of the same length in its place");
}

#[test]
fn what_is_wrong_is_told_with_its_model() {
    let repository = folder(&[("m/1/model.onnx", "a"), ("m/radiant.yaml", "{versions: 7}")]);
    let wrong = listed(&models(repository.path(), Flags::default()));
    assert!(wrong[0].starts_with("m ") && wrong[0].contains("radiant.yaml"), "{wrong:?}");
    let gone = models(&repository.path().join("nope"), Flags::default());
    let error = gone.list().expect_err("there is no such folder").to_string();
    assert!(error.starts_with("cannot list the repository `"), "{error}");
}
