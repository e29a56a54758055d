//! Whether the files that a configuration names are there.

use std::path::Path;

use serde::de::IgnoredAny;

use super::keypath::KeyPath;
use super::load::Loaded;
use super::problem::{Problem, quoted};

/// The largest request that is looked into.
const REQUEST_BYTES_MAX: u64 = 64 << 20;

/// What is wrong with the files that a configuration names.
///
/// Blocks on the file system.
pub fn check(loaded: &Loaded) -> Vec<Problem> {
    let mut problems = Vec::new();
    let deployment = &loaded.deployment;
    for (index, test) in deployment.tests.iter().enumerate() {
        let at = KeyPath::of("tests").index(index);
        problems.extend(json(&test.request, at.key("request")));
        problems.extend(json(&test.expect, at.key("expect")));
    }
    if let Some(path) = &deployment.model.path
        && !path.exists()
    {
        problems.push(missing(path, KeyPath::of("model.path"), "a file or folder with a model"));
    }
    if let Some(path) = &deployment.credentials.from_file
        && !path.is_file()
    {
        problems.push(missing(path, KeyPath::of("credentials.fromFile"), "a file of credentials"));
    }
    problems.into_iter().map(|problem| loaded.locate(problem)).collect()
}

fn missing(path: &Path, at: KeyPath, expected: &str) -> Problem {
    Problem::error(at, expected, format!("nothing at {}", quoted(&path.display().to_string())))
}

/// A body is JSON if its file says so.
fn json(path: &Path, at: KeyPath) -> Option<Problem> {
    let shown = quoted(&path.display().to_string());
    let Ok(metadata) = std::fs::metadata(path) else {
        return Some(missing(path, at, "a file"));
    };
    if !metadata.is_file() {
        return Some(Problem::error(at, "a file", format!("something else at {shown}")));
    }
    let is_json = path.extension().is_some_and(|end| end.eq_ignore_ascii_case("json"));
    if !is_json || metadata.len() > REQUEST_BYTES_MAX {
        return None;
    }
    let read = std::fs::read(path).map_err(|error| error.to_string());
    let parsed = read.and_then(|bytes| {
        serde_json::from_slice::<IgnoredAny>(&bytes).map_err(|error| error.to_string())
    });
    let error = parsed.err()?;
    Some(Problem::error(at, "JSON", format!("{shown}: {error}")))
}

#[cfg(test)]
mod tests {
    use radiant_contract::MapEnv;

    use super::*;
    use crate::config::{Source, load};

    #[test]
    fn files_that_are_missing_or_no_json_are_told() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("one.json"), "{").unwrap();
        std::fs::write(folder.path().join("two.json"), "[1]").unwrap();
        let text = "apiVersion: radiant.dev/v1\nkind: Deployment\nname: a\nserver: {image: a}\n\
                    model: {path: none}\ntests:\n- {request: one.json, expect: two.json}\n\
                    - {request: three.bin, expect: two.json}\n";
        let source = Source {
            name: "radiant.yaml".to_owned(),
            folder: folder.path().to_owned(),
            text: text.to_owned(),
        };
        let loaded = load(&[source], None, &[], &MapEnv::default()).unwrap();
        let told: Vec<String> = check(&loaded[0]).iter().map(|it| it.path.to_string()).collect();
        assert_eq!(told, ["tests[0].request", "tests[1].request", "model.path"]);
    }
}
