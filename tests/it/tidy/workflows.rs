//! Workflows of the forge: they parse, their jobs hang together, and their scripts are shell that names
//! files of this tree.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::workspace;

/// Folders whose programs scripts may call by path.
const PROGRAMS: [&str; 2] = [".ci/", "images/"];

struct Workflow {
    name: String,
    document: Value,
}

impl Workflow {
    fn jobs(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.document["jobs"].as_object().expect("jobs").iter()
    }

    /// Each step with the name of its job.
    fn steps(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.jobs().flat_map(|(name, job)| {
            let steps = job["steps"].as_array().unwrap_or_else(|| panic!("{name}: steps"));
            steps.iter().map(move |step| (name.as_str(), step))
        })
    }
}

fn workflows() -> Vec<Workflow> {
    let folder = fs::read_dir(workspace().join(".github/workflows")).expect("workflows");
    let read = folder.map(|entry| {
        let path = entry.expect("an entry").path();
        let text = fs::read_to_string(&path).expect("UTF-8");
        let document: Value =
            serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        Workflow { name, document }
    });
    let read: Vec<Workflow> = read.collect();
    assert!(read.len() >= 2, "a workflow for changes and one for releases");
    read
}

#[test]
fn jobs_say_what_they_run_on_wait_for_jobs_that_exist_and_may_only_read_by_default() {
    for workflow in workflows() {
        let file = &workflow.name;
        let known: BTreeSet<&String> = workflow.jobs().map(|(name, _)| name).collect();
        assert_eq!(workflow.document["permissions"]["contents"], "read", "{file}");
        assert!(workflow.document["on"].is_object(), "{file}: `on`");
        for (name, job) in workflow.jobs() {
            assert!(job["runs-on"].is_string(), "{file}: {name}: `runs-on`");
            assert!(job["timeout-minutes"].is_u64(), "{file}: {name}: `timeout-minutes`");
            for needed in job["needs"].as_array().into_iter().flatten() {
                let needed = needed.as_str().expect("a name").to_owned();
                assert!(known.contains(&needed), "{file}: {name} needs `{needed}`");
            }
        }
    }
}

#[test]
fn steps_run_a_script_or_use_an_action_of_a_fixed_version() {
    for workflow in workflows() {
        for (job, step) in workflow.steps() {
            let place = format!("{}: {job}: {step}", workflow.name);
            match (step["run"].as_str(), step["uses"].as_str()) {
                (Some(script), None) => check_script(&place, script),
                (None, Some(action)) => {
                    let version = action.rsplit_once("@v").map(|(_, version)| version);
                    let is_number = version.is_some_and(|v| v.bytes().all(|b| b.is_ascii_digit()));
                    assert!(is_number, "{place}: `{action}` has no version");
                }
                _ => panic!("{place}: either `run` or `uses`"),
            }
        }
    }
}

fn check_script(place: &str, script: &str) {
    let plain = without_expressions(script);
    #[expect(clippy::disallowed_methods, reason = "the shell is what knows its grammar")]
    let mut shell = Command::new("bash");
    let shell = shell.arg("-n").stdin(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut shell = shell.expect("bash starts");
    shell.stdin.take().expect("a pipe").write_all(plain.as_bytes()).expect("bash reads");
    let output = shell.wait_with_output().expect("bash ends");
    assert!(output.status.success(), "{place}: {}", String::from_utf8_lossy(&output.stderr));
    for word in plain.split_whitespace() {
        if PROGRAMS.iter().any(|folder| word.starts_with(folder)) {
            let file = workspace().join(word);
            let mode = fs::metadata(&file).map_or(0, |about| about.permissions().mode());
            assert!(mode & 0o111 != 0, "{place}: `{word}` is no program of this tree");
        }
    }
}

/// A script with a word where the forge puts a value.
fn without_expressions(script: &str) -> String {
    let mut parts = script.split("${{");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (_, rest) = part.split_once("}}").expect("an expression ends");
        plain.push_str("value");
        plain.push_str(rest);
    }
    plain
}

#[test]
fn ci_is_what_people_run() {
    let workflows = workflows();
    let ci = workflows.iter().find(|workflow| workflow.name == "ci.yml").expect("ci.yml");
    assert!(ci.steps().any(|(_, step)| step["run"] == ".ci/run"), "a step that is `.ci/run`");
}

#[test]
fn a_release_has_programs_for_all_platforms_images_contents_and_checksums() {
    let workflows = workflows();
    let release = workflows.iter().find(|workflow| workflow.name == "release.yml");
    let release = release.expect("release.yml");
    let matrix = &release.document["jobs"]["binaries"]["strategy"]["matrix"]["include"];
    let built: BTreeSet<(&str, &str)> = matrix
        .as_array()
        .expect("a list")
        .iter()
        .map(|row| (row["platform"].as_str().unwrap_or(""), row["flavour"].as_str().unwrap_or("")))
        .collect();
    for wanted in [("linux/amd64", "static"), ("linux/arm64", "static"), ("linux/amd64", "ort")] {
        assert!(built.contains(&wanted), "{wanted:?}");
    }
    let scripts: String =
        release.steps().filter_map(|(_, step)| step["run"].as_str()).collect::<Vec<_>>().join("\n");
    for part in ["radiant-deploy build", "radiant-deploy push", "--sbom-out", "sha256sum"] {
        assert!(scripts.contains(part), "no step has `{part}`");
    }
}
