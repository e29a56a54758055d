//! What the program does under the names `sh` and `sleep`, which an image links to it.
//!
//! Seldon Core's operator gives each container that says nothing else the hook
//! `/bin/sh -c "/bin/sleep 10"`, run before the container is stopped so that no request comes late. An
//! image without a shell would fail it. Exactly this call is answered, with any number of seconds, and
//! nothing else: this is no shell.

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use crate::init;

/// The longest sleep: no pod has longer to end.
const SECONDS_MAX: u64 = 3600;

/// What is asked for under one of the names.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    Sleep(Duration),
    /// Anything else, which ends with this code.
    Else(u8),
}

/// Does what is asked for under the name that the program was started by; `None` if that is its own.
pub(crate) fn run(arguments: &[OsString]) -> Option<ExitCode> {
    let code = match asked(arguments)? {
        Asked::Sleep(duration) => init::sleep(duration).unwrap_or(ExitCode::FAILURE),
        Asked::Else(code) => {
            let text = "error: this image has no shell, and no other programs: `radiant probe` asks \
                        whether the server is ready, `kubectl debug -it POD --image=busybox \
                        --target=CONTAINER` brings a shell along\n";
            // When stderr is gone there is nobody to tell; the code still says it.
            drop(std::io::stderr().lock().write_all(text.as_bytes()));
            ExitCode::from(code)
        }
    };
    Some(code)
}

fn asked(arguments: &[OsString]) -> Option<Asked> {
    let (name, arguments) = arguments.split_first()?;
    let arguments: Vec<&str> = arguments.iter().map(|word| word.to_str().unwrap_or("")).collect();
    let (seconds, otherwise) = match Path::new(name).file_name().and_then(OsStr::to_str)? {
        "sh" => (slept_by_shell(&arguments), Asked::Else(127)),
        "sleep" => (slept(&arguments), Asked::Else(1)),
        _ => return None,
    };
    Some(seconds.map_or(otherwise, |seconds| Asked::Sleep(Duration::from_secs(seconds))))
}

fn slept_by_shell(arguments: &[&str]) -> Option<u64> {
    match arguments {
        ["-c", command] => slept(&[command.strip_prefix("/bin/sleep ")?]),
        _ => None,
    }
}

fn slept(arguments: &[&str]) -> Option<u64> {
    let [text] = arguments else { return None };
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|seconds| is_number && *seconds <= SECONDS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked_of(words: &[&str]) -> Option<Asked> {
        asked(&words.iter().map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn the_operators_hook_sleeps_and_nothing_else_does_anything() {
        let seconds = |n| Some(Asked::Sleep(Duration::from_secs(n)));
        for (words, expected) in [
            (&["/bin/sh", "-c", "/bin/sleep 10"][..], seconds(10)),
            (&["sh", "-c", "/bin/sleep 0"], seconds(0)),
            (&["/bin/sleep", "3600"], seconds(3600)),
            (&["/bin/sleep", "3601"], Some(Asked::Else(1))),
            (&["sleep", "-1"], Some(Asked::Else(1))),
            (&["sleep", "+1"], Some(Asked::Else(1))),
            (&["sleep", "1s"], Some(Asked::Else(1))),
            (&["sleep", ""], Some(Asked::Else(1))),
            (&["sleep"], Some(Asked::Else(1))),
            (&["sleep", "1", "2"], Some(Asked::Else(1))),
            (&["sleep", "99999999999999999999999"], Some(Asked::Else(1))),
            (&["sh"], Some(Asked::Else(127))),
            (&["sh", "-c", "sleep 10"], Some(Asked::Else(127))),
            (&["sh", "-c", "/bin/sleep 10; reboot"], Some(Asked::Else(127))),
            (&["sh", "-c", "/bin/sleep  10"], Some(Asked::Else(127))),
            (&["sh", "-c", "/bin/sleep 10", "x"], Some(Asked::Else(127))),
            (&["sh", "/bin/sleep 10"], Some(Asked::Else(127))),
            (&["/radiant", "-c", "/bin/sleep 10"], None),
            (&["/usr/bin/sleepy", "1"], None),
            (&[], None),
        ] {
            assert_eq!(asked_of(words), expected, "{words:?}");
        }
    }
}
