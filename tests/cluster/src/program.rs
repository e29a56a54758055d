//! Programs of this machine that the stand-ins use.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use anyhow::{Context as _, Result, bail};

/// A program with these arguments, which reads nothing.
pub(crate) fn command(program: &str, args: &[&str]) -> Command {
    #[expect(clippy::disallowed_methods, reason = "other programs are what a node is made of")]
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null());
    command
}

/// Runs a program to its end, whatever that is.
pub(crate) async fn output(program: &str, args: &[&str]) -> Result<Output> {
    let mut command = command(program, args);
    let shown = format!("{command:?}");
    let ran = tokio::task::spawn_blocking(move || command.output()).await?;
    ran.with_context(|| format!("`{shown}` cannot be run"))
}

/// Runs a program that must end well, and gives what it printed.
pub(crate) async fn run(program: &str, args: &[&str]) -> Result<String> {
    let output = output(program, args).await?;
    finished(program, args, &output)
}

/// The same with something to read.
pub(crate) async fn feed(program: &str, args: &[&str], input: String) -> Result<String> {
    let mut command = command(program, args);
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().with_context(|| format!("`{program}` cannot be run"))?;
    let output = tokio::task::spawn_blocking(move || {
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(input.as_bytes())?;
        }
        child.wait_with_output()
    });
    finished(program, args, &output.await??)
}

fn finished(program: &str, args: &[&str], output: &Output) -> Result<String> {
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("`{program} {}`: {}: {}", args.join(" "), output.status, said.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
