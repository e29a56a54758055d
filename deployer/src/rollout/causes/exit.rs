//! Containers that have ended though they should not.

use k8s_openapi::api::core::v1::ContainerStateTerminated;

use super::super::cause::{Cause, Kind, Severity};
use super::super::event::{is_since, message, reason};
use super::part::{Part, Role};
use super::words::{self, Subject, Words};

/// How often something must have ended to be taken for what always happens.
const RUNS_MIN: i32 = 2;

/// Why a container that should run does not.
pub(super) fn cause(part: &Part<'_>) -> Option<Cause> {
    if part.status.ready {
        return None;
    }
    if part.started().is_some() && part.status.restart_count < RUNS_MIN {
        // It has its second chance: what its probe says now is the news.
        return None;
    }
    let end = end_of(part)?;
    let cause = killed(part, end)
        .or_else(|| out_of_memory(part, end))
        .unwrap_or_else(|| crash(part, end, Kind::Crash));
    Some(finish(part, end, cause))
}

/// Why an init container has not done its work.
pub(super) fn init(part: &Part<'_>) -> Option<Cause> {
    if let Some(cause) = super::image::cause(part).or_else(|| super::config::cause(part)) {
        return Some(cause);
    }
    let end = end_of(part).filter(|end| end.exit_code != 0)?;
    let cause = out_of_memory(part, end).unwrap_or_else(|| crash(part, end, Kind::Init));
    Some(finish(part, end, cause))
}

/// How its last run ended.
fn end_of<'a>(part: &Part<'a>) -> Option<&'a ContainerStateTerminated> {
    let present = part.state().and_then(|state| state.terminated.as_ref());
    present.or_else(|| part.status.last_state.as_ref()?.terminated.as_ref())
}

fn finish(part: &Part<'_>, end: &ContainerStateTerminated, mut cause: Cause) -> Cause {
    cause.log = Some(part.log());
    let is_proven = part.status.restart_count >= RUNS_MIN;
    // One end may be an accident, such as a store that was away; 2 is a mistake in what it was given.
    cause.severity = match (end.exit_code, is_proven) {
        (2 | 126 | 127, _) if matches!(part.role, Role::Model | Role::Node) => Severity::Terminal,
        (_, true) => Severity::Stubborn,
        (_, false) => Severity::Passing,
    };
    cause
}

fn out_of_memory(part: &Part<'_>, end: &ContainerStateTerminated) -> Option<Cause> {
    if end.reason.as_deref() != Some("OOMKilled") {
        return None;
    }
    let limit = part.quantity(true, "memory");
    let shown = limit.map_or_else(|| "of its node".to_owned(), |limit| format!("limit {limit}"));
    let text = format!(
        "{} was ended for lack of memory (exit {}): the memory {shown} is too low",
        part.title(),
        end.exit_code
    );
    let cause = part.cause(Kind::OutOfMemory, &text);
    let hint = match limit.and_then(doubled) {
        Some(more) => format!("give it more, such as {more}"),
        None => "set a limit that the model fits in".to_owned(),
    };
    Some(match part.role {
        Role::Initializer | Role::Other => {
            cause.hint("its limit is set in the operator's settings")
        }
        Role::Model | Role::Node | Role::Engine => {
            cause.hint(hint).field(part.resource_field("limits.memory"))
        }
    })
}

/// A probe that failed, and a kubelet that ended the container for that.
fn killed(part: &Part<'_>, end: &ContainerStateTerminated) -> Option<Cause> {
    let began = end.started_at.as_ref().map(|time| time.0);
    let events = part.events();
    let probe = events.iter().find_map(|event| {
        let text = message(event);
        let is_fatal = text.starts_with("Liveness probe") || text.starts_with("Startup probe");
        (reason(event) == "Unhealthy" && is_fatal && is_since(event, began)).then_some(text)
    })?;
    let was_killed = events.iter().any(|event| {
        reason(event) == "Killing" && message(event).contains("probe") && is_since(event, began)
    });
    if !was_killed {
        return None;
    }
    let name = if probe.starts_with("Startup") { "startup" } else { "liveness" };
    let text = format!(
        "{} was ended because its {name} probe failed: {}",
        part.title(),
        super::probe::said(part, probe)
    );
    let cause = part.cause(Kind::Killed, &text);
    Some(if name == "startup" {
        cause
            .hint(
                "it was not ready in time: raise the time, or give it more CPU, or a smaller model",
            )
            .field("rollout.timeout")
    } else {
        cause
            .hint("it did not answer in time: give it more CPU")
            .field(part.resource_field("requests.cpu"))
    })
}

fn crash(part: &Part<'_>, end: &ContainerStateTerminated, kind: Kind) -> Cause {
    let words = words::read(end.message.as_deref().unwrap_or_default());
    let code = end.exit_code;
    let how = match end.signal.filter(|signal| *signal > 0).or_else(|| signal_of(code)) {
        Some(signal) => format!("was ended by signal {signal} (exit {code})"),
        None if code == 0 => "ended by itself (exit 0), and must not".to_owned(),
        None => format!("exited {code}"),
    };
    let verb = if kind == Kind::Init { format!("failed: it {how}") } else { how };
    let mut text = format!("{} {verb}", part.title());
    if !words.what.is_empty() {
        text.push_str(": ");
        text.push_str(&words.what);
    }
    advise(part, end, part.cause(kind, &text), words)
}

/// What to do: what the program says itself, and the field that it is about.
fn advise(part: &Part<'_>, end: &ContainerStateTerminated, cause: Cause, words: Words) -> Cause {
    let subject = words.subject();
    let is_ours = !matches!(part.role, Role::Engine | Role::Other);
    let field = match subject {
        _ if !is_ours => None,
        Subject::Credentials => Some("credentials".to_owned()),
        Subject::Model => Some(part.model_field()),
        Subject::Memory => Some(part.resource_field("limits.memory")),
        Subject::Settings => Some(part.server_field("parameters")),
        Subject::Variables => Some(part.server_field("env")),
        Subject::Unknown if end.exit_code == 2 => Some(part.server_field("env")),
        Subject::Unknown => None,
    };
    let hint = words.hint.or_else(|| advice(part, end, subject).map(str::to_owned));
    let cause = match hint {
        Some(hint) => cause.hint(hint),
        None => cause,
    };
    match field {
        Some(field) => cause.field(field),
        None => cause,
    }
}

fn advice(
    part: &Part<'_>,
    end: &ContainerStateTerminated,
    subject: Subject,
) -> Option<&'static str> {
    match (end.exit_code, subject) {
        (101, _) => Some("that is a fault of the server itself: its log has the details"),
        (127, _) => Some("the image holds no such program, or no shell"),
        (137, _) => {
            Some("it was ended by force: by the node for memory, or after its grace period")
        }
        (139, _) => Some("the program crashed: its log may say where"),
        (_, Subject::Credentials) => {
            Some("`radiant-deploy secret check` lists the model with the pod's credentials")
        }
        (_, Subject::Model) => {
            Some("check that the files are there, and of a format that is served")
        }
        (_, Subject::Memory) => Some("give it more memory, or take a smaller model"),
        (_, Subject::Settings | Subject::Variables) => Some("correct the setting that is named"),
        (2, Subject::Unknown) => Some("its settings are wrong: the log names them all"),
        (_, Subject::Unknown) if part.role == Role::Engine => {
            Some("a graph of one node needs no orchestrator: set `server.engine: off`")
        }
        (_, Subject::Unknown) => None,
    }
}

/// The signal that a code above 128 stands for.
fn signal_of(code: i32) -> Option<i32> {
    (129..=159).contains(&code).then(|| code - 128)
}

/// Twice a quantity such as `256Mi`, where that can be said in the same unit.
fn doubled(quantity: &str) -> Option<String> {
    let digits = quantity.find(|it: char| !it.is_ascii_digit()).unwrap_or(quantity.len());
    let (number, unit) = quantity.split_at_checked(digits)?;
    let twice = number.parse::<u64>().ok()?.checked_mul(2)?;
    (!unit.contains('.')).then(|| format!("{twice}{unit}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_doubled_in_its_own_unit() {
        assert_eq!(doubled("256Mi").as_deref(), Some("512Mi"));
        assert_eq!(doubled("1").as_deref(), Some("2"));
        assert_eq!(doubled("1.5Gi"), None);
        assert_eq!(doubled(""), None);
    }
}
