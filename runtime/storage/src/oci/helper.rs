//! Logins that other programs keep: `docker-credential-NAME get`, as Docker's clients ask it.

use std::io::{Read as _, Write as _};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serde::Deserialize;

use super::auth::{Credential, TOKEN_USER};
use super::http;

/// How long a program may take: some ask a cloud for a token first.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// The longest answer that is read.
const ANSWER_BYTES_MAX: u64 = 256 * 1024;

/// How an answer says that there is no login, which is none of an error.
const NOT_FOUND: &str = "credentials not found";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    username: String,
    secret: String,
}

/// Asks a program for the login of a registry; `None` if it has none.
///
/// Blocks until it answers.
///
/// # Errors
/// Why there is no answer; what the program writes beside a login is shown, cut and escaped.
pub(super) fn ask(
    name: &str,
    registry: &str,
    patience: Duration,
) -> Result<Option<Credential>, String> {
    if !is_name(name) {
        return Err("expected a name of letters, digits, `.`, `_` and `-`".to_owned());
    }
    let mut child = start(&format!("docker-credential-{name}"))
        .map_err(|error| format!("it cannot be run: {}", crate::error::reason(&error)))?;
    let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
    // A program that reads nothing may answer all the same.
    drop(stdin.map(|mut stdin| stdin.write_all(registry.as_bytes())));
    let answer = stdout.map_or_else(|| Ok(Vec::new()), |stdout| read(stdout, patience));
    end(&mut child);
    understand(&answer?)
}

/// Whether the name can stand behind `docker-credential-` as the name of one program in `PATH`.
fn is_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    !name.is_empty() && name.bytes().all(is_plain)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the user's auth file names the program, and the caller said that it may be run"
)]
fn start(program: &str) -> std::io::Result<Child> {
    let mut command = Command::new(program);
    command.arg("get").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    command.spawn()
}

/// Reads what the program writes, on a thread that may outlive it: its children may hold the pipe.
fn read(stdout: ChildStdout, patience: Duration) -> Result<Vec<u8>, String> {
    let (sender, answers) = mpsc::sync_channel(1);
    std::thread::spawn(move || {
        let mut answer = Vec::new();
        let read = stdout.take(ANSWER_BYTES_MAX + 1).read_to_end(&mut answer);
        // Nobody listens any more after the time is over.
        drop(sender.send(read.map(|_| answer)));
    });
    match answers.recv_timeout(patience) {
        Ok(Ok(answer)) if answer.len() as u64 <= ANSWER_BYTES_MAX => Ok(answer),
        Ok(Ok(_)) => Err(format!("it wrote more than {ANSWER_BYTES_MAX} bytes")),
        Ok(Err(error)) => Err(crate::error::reason(&error)),
        Err(_) => Err(format!("no answer in {} seconds", patience.as_secs())),
    }
}

/// Ends the program, which has said everything or too little.
fn end(child: &mut Child) {
    // It has ended already, as a rule.
    drop(child.kill());
    drop(child.wait());
}

fn understand(answer: &[u8]) -> Result<Option<Credential>, String> {
    if let Ok(Answer { username, secret }) = serde_json::from_slice(answer) {
        return Ok(match username.as_str() {
            _ if secret.is_empty() => None,
            TOKEN_USER => Some(Credential::Identity(secret)),
            _ => Some(Credential::Basic(username, secret)),
        });
    }
    let said = String::from_utf8_lossy(answer);
    match said.trim() {
        "" => Err("it wrote nothing".to_owned()),
        // Half a login must not be shown.
        said if said.starts_with('{') => {
            Err("expected `Username` and `Secret` in JSON, got something else".to_owned())
        }
        said if said.contains(NOT_FOUND) => Ok(None),
        said => Err(format!("it says `{}`", http::cut(said))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_programs_are_understood() {
        let basic = Credential::Basic("u".to_owned(), "SECRET".to_owned());
        for (answer, expected) in [
            (r#"{"ServerURL": "h", "Username": "u", "Secret": "SECRET"}"#, Ok(Some(basic))),
            (
                r#"{"Username": "<token>", "Secret": "SECRET"}"#,
                Ok(Some(Credential::Identity("SECRET".to_owned()))),
            ),
            (r#"{"Username": "u", "Secret": ""}"#, Ok(None)),
            ("credentials not found in native keychain\n", Ok(None)),
            ("", Err("it wrote nothing")),
            ("no \u{1b}[31m\n", Err("it says `no \\u{1b}[31m`")),
            (
                r#"{"Secret": "SECRET"}"#,
                Err("expected `Username` and `Secret` in JSON, got something else"),
            ),
        ] {
            let expected = expected.map_err(str::to_owned);
            assert_eq!(understand(answer.as_bytes()), expected, "{answer}");
        }
    }

    #[test]
    fn a_name_is_one_part_of_a_path() {
        for name in ["", "../x", "a/b", "/bin/sh", "a b", "a\0"] {
            assert!(ask(name, "host", PATIENCE).unwrap_err().contains("a name of"), "{name}");
        }
        let error = ask("radiant-has-no-such", "host", PATIENCE).unwrap_err();
        assert!(error.contains("cannot be run"), "{error}");
    }

    #[test]
    fn what_goes_on_or_is_too_long_is_given_up() {
        #[expect(clippy::disallowed_methods, reason = "programs are what is tested")]
        let mut command = Command::new("sh");
        command.stdout(Stdio::piped());
        let mut silent = command.arg("-c").arg("exec cat /dev/zero").spawn().unwrap();
        let error = read(silent.stdout.take().unwrap(), PATIENCE).unwrap_err();
        assert!(error.contains("more than 262144 bytes"), "{error}");
        end(&mut silent);
        #[expect(clippy::disallowed_methods, reason = "programs are what is tested")]
        let mut command = Command::new("cat");
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut silent = command.spawn().unwrap();
        let error = read(silent.stdout.take().unwrap(), Duration::ZERO).unwrap_err();
        assert!(error.contains("no answer"), "{error}");
        end(&mut silent);
    }
}
