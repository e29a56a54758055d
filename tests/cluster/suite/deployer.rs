//! The deployer in a folder of its own, with a configuration and a namespace.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use radiant_contract::{EnvSource as _, ProcessEnv};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::stand::{Namespace, kubeconfig};

const DEPLOY: &str = "RADIANT_TEST_DEPLOY";

/// A configuration of a model at a URI, without anything that may be left out.
pub(crate) fn config(name: &str, namespace: &str, uri: &str) -> Value {
    json!({
        "apiVersion": "radiant.dev/v1", "kind": "Deployment", "name": name, "namespace": namespace,
        "model": {"uri": uri}, "server": {"image": "radiant:1"},
    })
}

/// A folder with a configuration, and the program that reads it.
pub(crate) struct Deployer {
    pub(crate) folder: TempDir,
    pub(crate) namespace: Namespace,
}

impl Deployer {
    /// One with a namespace of this name.
    pub(crate) fn new(namespace: &'static str, config: &Value) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let deployer = Self { folder, namespace: Namespace::new(namespace) };
        deployer.file("radiant.yaml", &config.to_string());
        deployer
    }

    /// Writes a file beside the configuration.
    pub(crate) fn file(&self, name: &str, text: &str) {
        fs::write(self.folder.path().join(name), text).expect("our own folder");
    }

    /// The program, as an administrator of the cluster starts it.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let program = ProcessEnv.get(DEPLOY).unwrap_or_else(|| panic!("`{DEPLOY}` is not set"));
        #[expect(clippy::disallowed_methods, reason = "the program is the subject")]
        let mut command = Command::new(PathBuf::from(program));
        command.args(args).current_dir(self.folder.path()).env("KUBECONFIG", kubeconfig());
        command
    }

    /// Runs it; it must end with this code. Gives what it says on stdout and stderr.
    #[track_caller]
    pub(crate) fn ends(&self, code: i32, args: &[&str]) -> (String, String) {
        ended(code, &self.command(args).output().expect("it starts"))
    }

    /// The same in the namespace, for commands that read no configuration.
    #[track_caller]
    pub(crate) fn named(&self, code: i32, args: &[&str]) -> (String, String) {
        self.ends(code, &[args, &["--namespace", self.namespace.name]].concat())
    }

    /// Runs it in the namespace for a document of JSON.
    #[track_caller]
    pub(crate) fn document(&self, code: i32, args: &[&str]) -> Value {
        let (out, err) = self.named(code, &[args, &["-o", "json"]].concat());
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}\n{err}"))
    }
}

/// What a program said on stdout and stderr that must have ended with this code.
#[track_caller]
pub(crate) fn ended(code: i32, output: &Output) -> (String, String) {
    let [out, err] =
        [&output.stdout, &output.stderr].map(|it| String::from_utf8_lossy(it).into_owned());
    assert_eq!(output.status.code(), Some(code), "{out}\n{err}");
    (out, err)
}
