//! What holds for any tree.

use proptest::prelude::*;

use super::*;

const PARTS: [&str; 14] = [
    "iris",
    "wine",
    "1",
    "01",
    "2",
    "10",
    "99999999999999999999",
    "model.onnx",
    "model.joblib",
    "config.pbtxt",
    "model-settings.json",
    "radiant.yaml",
    "x.cbm",
    "..",
];

const TEXTS: [&str; 8] = [
    "",
    "name: 'iris'",
    "version_policy { all { } }",
    "{labels: {a: 1, b: 2}, default: a}",
    "{versions: [2, 3], file: model.onnx}",
    r#"{"name": "wine", "parameters": {"version": "v1"}}"#,
    r#"{"parameters": {"uri": "../1"}}"#,
    r#"{"parameters": {"uri": "/"}}"#,
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_found_is_in_order_and_in_the_tree(
        files in prop::collection::vec(
            (prop::collection::vec(prop::sample::select(&PARTS[..]), 1..5), prop::sample::select(&TEXTS[..])),
            0..25,
        )
    ) {
        let files: Vec<(String, &str)> =
            files.into_iter().map(|(parts, text)| (parts.join("/"), text)).collect();
        let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), *text)).collect();
        let tree = tree(&files);
        let found = find(&tree);
        prop_assert!(found.models.is_sorted_by(|a, b| a.name < b.name));
        for model in &found.models {
            let versions = &model.versions;
            prop_assert!(versions.is_sorted_by(|a, b| order::compare(&a.version, &b.version).is_lt()));
            prop_assert!(!versions.is_empty() || !model.problems.is_empty());
            for version in versions {
                prop_assert!(version.path.is_empty() || tree.has_folder(&version.path));
                if let Some(file) = &version.file {
                    let path = format!("{}/{file}", version.path);
                    prop_assert!(tree.has_file(path.trim_start_matches('/')));
                }
            }
            for target in model.settings.labels.values() {
                prop_assert!(model.chosen().iter().any(|version| version.version == *target));
            }
            if let Some(version) = model.default_version() {
                prop_assert!(model.chosen().contains(&version));
            }
        }
    }
}
