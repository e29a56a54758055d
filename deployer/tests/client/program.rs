//! The program under test.

use std::path::Path;
use std::process::{Command, Output};

/// Begins every value that is secret in these tests.
pub(crate) const MARK: &str = "hunter2";

/// How a run ended, as text.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    /// Both streams, for what must be in neither.
    pub(crate) fn all(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }
}

/// Runs it in a folder with these variables and no others.
pub(crate) fn run(folder: &Path, variables: &[(&str, &str)], arguments: &[&str]) -> Ended {
    #[expect(clippy::disallowed_methods, reason = "the program under test")]
    let mut program = Command::new(env!("CARGO_BIN_EXE_radiant-deploy"));
    program.args(arguments).current_dir(folder).env_clear().envs(variables.iter().copied());
    let Output { status, stdout, stderr } = program.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ended { code: status.code().unwrap(), stdout: text(stdout), stderr: text(stderr) }
}
