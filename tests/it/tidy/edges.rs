//! Walls between crates: the edges of the workspace, and the owners of heavy crates.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use crate::support::workspace;

/// What each package may use of the others; a name that is missing here is a new package, which
/// belongs into this table and into ARCHITECTURE.md.
const EDGES: [(&str, &[&str]); 16] = [
    ("radiant-core", &[]),
    ("radiant-contract", &[]),
    ("radiant-protocol", &["radiant-core"]),
    ("radiant-storage", &["radiant-contract"]),
    ("radiant-schedule", &[]),
    ("radiant-formats", &[]),
    ("radiant-kernels", &[]),
    ("radiant-onnx", &["radiant-core"]),
    ("radiant-engine-native", &["radiant-core", "radiant-kernels", "radiant-onnx"]),
    ("radiant-engine-estimators", &["radiant-core", "radiant-formats", "radiant-kernels"]),
    ("radiant-engine-tract", &["radiant-core", "radiant-onnx", "radiant-engine-native"]),
    ("radiant-engine-rten", &["radiant-core", "radiant-onnx"]),
    ("radiant-engine-ort", &["radiant-core", "radiant-onnx"]),
    (
        "radiant-server",
        &[
            "radiant-core",
            "radiant-contract",
            "radiant-protocol",
            "radiant-schedule",
            "radiant-storage",
        ],
    ),
    (
        "radiant",
        &[
            "radiant-core",
            "radiant-contract",
            "radiant-protocol",
            "radiant-storage",
            "radiant-formats",
            "radiant-onnx",
            "radiant-engine-native",
            "radiant-engine-estimators",
            "radiant-engine-tract",
            "radiant-engine-rten",
            "radiant-engine-ort",
            "radiant-server",
        ],
    ),
    ("radiant-deploy", &["radiant-contract", "radiant-storage"]),
];

/// Packages that may use everything and that nothing may use.
const OUTERMOST: [&str; 3] = ["radiant-tests", "radiant-benches", "radiant-cluster"];

/// Who may use a heavy crate: in its product, and beside that in its tests only.
const OWNERS: [(&str, &[&str], &[&str]); 43] = [
    ("actix-web", &["radiant-server"], &OUTERMOST),
    ("actix-http", &["radiant-server"], &OUTERMOST),
    ("actix-server", &["radiant-server"], &OUTERMOST),
    ("actix-service", &["radiant-server"], &OUTERMOST),
    ("actix-multipart", &["radiant-server"], &[]),
    ("hyper", &["radiant-server"], &[]),
    ("tonic", &["radiant-server"], &["radiant-benches"]),
    ("tonic-health", &["radiant-server"], &[]),
    ("tonic-reflection", &["radiant-server"], &[]),
    ("rustls", &["radiant-server", "radiant-storage"], &["radiant-tests"]),
    ("prost-build", &["radiant-protocol"], &[]),
    ("object_store", &["radiant-storage"], &[]),
    ("reqwest", &["radiant-storage", "radiant-deploy"], &[]),
    ("oci-client", &[], &["radiant-storage"]),
    ("indicatif", &["radiant-storage", "radiant-deploy"], &[]),
    ("tar", &["radiant-storage", "radiant-deploy"], &[]),
    ("zip", &["radiant-storage", "radiant-deploy"], &[]),
    (
        "flate2",
        &["radiant-server", "radiant-formats", "radiant-storage", "radiant-deploy"],
        &["radiant-tests"],
    ),
    ("object", &["radiant-deploy"], &[]),
    ("webpki-root-certs", &["radiant-deploy"], &[]),
    ("kube", &["radiant-deploy"], &["radiant-cluster"]),
    ("k8s-openapi", &["radiant-deploy"], &["radiant-cluster"]),
    ("schemars", &["radiant-deploy"], &[]),
    ("jsonschema", &["radiant-deploy"], &[]),
    ("jsonpath-rust", &["radiant-deploy"], &[]),
    ("comfy-table", &["radiant-deploy"], &[]),
    ("similar", &["radiant-deploy"], &[]),
    ("clap_complete", &["radiant-deploy"], &[]),
    ("clap_mangen", &["radiant-deploy"], &[]),
    ("bzip2", &["radiant-formats"], &[]),
    ("lz4_flex", &["radiant-formats"], &[]),
    ("lzma-rust2", &["radiant-formats"], &["radiant-engine-estimators", "radiant-tests"]),
    ("tract-onnx", &["radiant-engine-tract"], &[]),
    ("rten", &["radiant-engine-rten"], &[]),
    ("rten-tensor", &["radiant-engine-rten"], &[]),
    ("ort", &["radiant-engine-ort"], &[]),
    (
        "prost",
        &["radiant-onnx", "radiant-protocol", "radiant-deploy"],
        &["radiant-engine-native", "radiant-server", "radiant-benches", "radiant-tests"],
    ),
    ("clap", &["radiant", "radiant-deploy"], &[]),
    ("tracing-subscriber", &["radiant", "radiant-deploy"], &[]),
    ("mimalloc", &["radiant"], &["radiant-benches", "radiant-tests"]),
    ("metrics", &["radiant-server"], &[]),
    ("criterion", &[], &["radiant-benches"]),
    (
        "serde_json",
        &["radiant-contract", "radiant-storage", "radiant", "radiant-deploy"],
        &[
            "radiant-tests",
            "radiant-benches",
            "radiant-cluster",
            "radiant-protocol",
            "radiant-engine-estimators",
            "radiant-engine-native",
            "radiant-engine-tract",
            "radiant-engine-rten",
            "radiant-engine-ort",
        ],
    ),
];

/// A line of a manifest's dependencies.
struct Edge {
    from: String,
    to: String,
    for_tests_only: bool,
}

fn metadata() -> Value {
    #[expect(clippy::disallowed_methods, reason = "cargo is what knows the workspace")]
    let mut cargo = Command::new(env!("CARGO"));
    let cargo = cargo.args(["metadata", "--format-version", "1", "--no-deps", "--offline"]);
    let output = cargo.current_dir(workspace()).output().expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("cargo writes JSON")
}

/// All packages with their folders.
pub(super) fn packages() -> Vec<(String, String)> {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().expect("packages").iter();
    let root = workspace();
    let folder = |package: &Value| {
        let manifest = package["manifest_path"].as_str().expect("a path").to_owned();
        let folder = manifest.strip_prefix(root.to_str().expect("UTF-8")).unwrap_or(&manifest);
        folder.trim_start_matches('/').trim_end_matches("/Cargo.toml").to_owned()
    };
    packages.map(|package| (name(package).to_owned(), folder(package))).collect()
}

fn name(value: &Value) -> &str {
    value["name"].as_str().expect("a name")
}

fn edges() -> Vec<Edge> {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().expect("packages").iter();
    let of = |package: &Value| {
        let dependencies = package["dependencies"].as_array().expect("dependencies").iter();
        let edges = dependencies.map(|dependency| Edge {
            from: name(package).to_owned(),
            to: name(dependency).to_owned(),
            for_tests_only: dependency["kind"].as_str() == Some("dev"),
        });
        edges.collect::<Vec<_>>()
    };
    packages.flat_map(of).collect()
}

#[test]
fn crates_use_only_what_the_table_of_walls_allows() {
    let allowed: BTreeMap<&str, &[&str]> = EDGES.into_iter().collect();
    let known: BTreeSet<String> = packages().into_iter().map(|(name, _)| name).collect();
    for package in &known {
        let listed =
            allowed.contains_key(package.as_str()) || OUTERMOST.contains(&package.as_str());
        assert!(listed, "`{package}` is new: give it a line in the table of walls");
    }
    for package in allowed.keys().chain(&OUTERMOST) {
        assert!(known.contains(*package), "`{package}` is gone: take it out of the table");
    }
    for edge in edges().iter().filter(|edge| known.contains(&edge.to)) {
        let (from, to) = (edge.from.as_str(), edge.to.as_str());
        assert!(!OUTERMOST.contains(&to), "`{from}` uses `{to}`, which is for tests only");
        let fine =
            OUTERMOST.contains(&from) || allowed.get(from).is_some_and(|to_| to_.contains(&to));
        assert!(fine, "`{from}` must not use `{to}`: see the walls in ARCHITECTURE.md");
    }
}

#[test]
fn heavy_crates_stay_with_their_owners() {
    for edge in edges() {
        for (heavy, owners, testers) in OWNERS {
            if edge.to == heavy {
                let from = edge.from.as_str();
                let owns = owners.contains(&from);
                let fine = owns || (testers.contains(&from) && is_for_tests(&edge));
                assert!(fine, "`{from}` must not use `{heavy}`: it belongs to {owners:?}");
            }
        }
    }
}

/// A dependency that reaches no product: of tests, or of a package that is nothing but tests.
fn is_for_tests(edge: &Edge) -> bool {
    edge.for_tests_only || OUTERMOST.contains(&edge.from.as_str())
}

#[test]
fn versions_and_features_of_dependencies_stand_in_the_workspace_table_only() {
    for (package, folder) in packages() {
        let manifest = workspace().join(&folder).join("Cargo.toml");
        let text = std::fs::read_to_string(manifest).expect("a manifest");
        let mut in_dependencies = false;
        for line in text.lines() {
            if line.starts_with('[') {
                in_dependencies = line.trim_end_matches(']').ends_with("dependencies");
            } else if in_dependencies && !line.trim().is_empty() && !line.starts_with('#') {
                // What a feature of the package brings in is optional.
                let fine = line.ends_with("= { workspace = true }")
                    || line.ends_with("= { workspace = true, optional = true }");
                assert!(fine, "`{package}`: `{line}` must be `{{ workspace = true }}`");
            }
        }
    }
}
