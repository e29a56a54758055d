//! How waiting tells of itself: a line on a terminal that changes, lines elsewhere, or events.

use std::collections::HashSet;
use std::io::{IsTerminal, Write, stderr};
use std::time::Duration;

use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressStyle};
use k8s_openapi::jiff::{Timestamp, Unit};
use serde_json::{Value, json};

use super::cause::{Cause, clean};
use super::phase::{Phase, Status};

/// How long nothing may be said where nobody sees a bar.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How often a bar turns.
const TURN: Duration = Duration::from_millis(120);

/// How waiting tells of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Mode {
    /// As a terminal or as lines, by what standard error is
    #[default]
    Auto,
    /// A line that changes
    Tty,
    /// A line for each change
    Plain,
    /// A JSON object for each change
    Jsonl,
    /// Nothing
    None,
}

/// Tells people, or programs, how a deployment gets on: each thing once.
pub struct Reporter {
    mode: Mode,
    out: Box<dyn Write + Send>,
    bar: Option<ProgressBar>,
    told: HashSet<String>,
    said: Option<(Phase, String)>,
    said_at: Duration,
}

impl std::fmt::Debug for Reporter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reporter").field("mode", &self.mode).finish_non_exhaustive()
    }
}

impl Reporter {
    /// Tells on standard error; who is quiet is told nothing unless a mode is asked for.
    pub fn new(mode: Mode, is_quiet: bool) -> Self {
        let mode = match mode {
            Mode::Auto if is_quiet => Mode::None,
            Mode::Auto if stderr().is_terminal() => Mode::Tty,
            Mode::Auto => Mode::Plain,
            mode => mode,
        };
        Self::to(mode, Box::new(stderr()))
    }

    /// Tells elsewhere.
    pub fn to(mode: Mode, out: Box<dyn Write + Send>) -> Self {
        let bar = (mode == Mode::Tty).then(bar);
        Self { mode, out, bar, told: HashSet::new(), said: None, said_at: Duration::ZERO }
    }

    /// Tells what is new since the last time, `elapsed` after the wait began.
    pub fn show(&mut self, status: &Status, elapsed: Duration) {
        let line = format!("{}: {}: {}", status.name, status.phase, status.summary);
        if let Some(bar) = &self.bar {
            bar.set_message(clean(&line));
        }
        for cause in &status.causes {
            if self.told.insert(cause.key()) {
                self.cause(status, cause);
                self.said_at = elapsed;
            }
        }
        let said = (status.phase, status.summary.clone());
        let is_new = self.said.as_ref() != Some(&said);
        let is_due = elapsed.saturating_sub(self.said_at) >= HEARTBEAT;
        if !is_new && !is_due {
            return;
        }
        let kind = match &self.said {
            _ if !is_new => "heartbeat",
            Some((phase, _)) if *phase == status.phase => "progress",
            _ => "phase",
        };
        self.said = Some(said);
        self.said_at = elapsed;
        match self.mode {
            Mode::Plain if kind == "heartbeat" => {
                self.write(&format!("{line} (after {} s)", elapsed.as_secs()));
            }
            Mode::Plain => self.write(&line),
            Mode::Jsonl => {
                let object = format!("seldondeployment/{}", status.name);
                let reason = status.phase.to_string();
                self.event(
                    status.now,
                    (kind, &reason, &object),
                    json!({"message": status.summary}),
                );
            }
            Mode::Tty | Mode::None | Mode::Auto => {}
        }
    }

    fn cause(&mut self, status: &Status, cause: &Cause) {
        if self.mode == Mode::Jsonl {
            let object = format!("{}/{}", cause.object.kind.to_lowercase(), cause.object.name);
            let Value::Object(mut whole) = cause.json() else { return };
            whole
                .retain(|key, _| matches!(key.as_str(), "hint" | "field" | "terminal" | "logTail"));
            whole.insert("message".to_owned(), json!(cause.line()));
            let reason = format!("{:?}", cause.kind);
            return self.event(status.now, ("cause", &reason, &object), Value::Object(whole));
        }
        for line in lines(cause) {
            self.write(&format!("{}: {line}", status.name));
        }
    }

    fn event(&mut self, now: Timestamp, (kind, reason, object): (&str, &str, &str), rest: Value) {
        let ts = now.round(Unit::Millisecond).unwrap_or(now).to_string();
        let mut event = json!({"ts": ts, "type": kind, "reason": reason, "object": object});
        super::report::extend(&mut event, rest);
        self.write(&event.to_string());
    }

    /// Tells something else, such as that the connection was lost.
    pub fn tell(&mut self, text: &str) {
        if self.mode != Mode::Jsonl {
            self.write(&clean(text));
        }
    }

    fn write(&mut self, line: &str) {
        match (&self.bar, self.mode) {
            (Some(bar), _) => bar.println(line),
            (None, Mode::Plain | Mode::Jsonl) => {
                // When nobody reads there is nobody to tell.
                drop(writeln!(self.out, "{line}").and_then(|()| self.out.flush()));
            }
            (None, Mode::Tty | Mode::None | Mode::Auto) => {}
        }
    }
}

impl Drop for Reporter {
    fn drop(&mut self) {
        // What is said next begins on a line of its own.
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// A cause in lines: what is wrong, what to do, and the last words.
pub(super) fn lines(cause: &Cause) -> Vec<String> {
    let mut lines = vec![cause.line()];
    if let Some(hint) = advice(cause) {
        lines.push(format!("  hint: {hint}"));
    }
    lines.extend(cause.log_tail.iter().map(|line| format!("  | {}", clean(line))));
    lines
}

/// What to do, with the field of radiant.yaml to do it in.
pub(super) fn advice(cause: &Cause) -> Option<String> {
    match (&cause.hint, &cause.field) {
        (Some(hint), Some(field)) => Some(format!("{hint} (`{field}` in radiant.yaml)")),
        (Some(hint), None) => Some(hint.clone()),
        (None, Some(field)) => Some(format!("see `{field}` in radiant.yaml")),
        (None, None) => None,
    }
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg} {elapsed}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(TURN);
    bar
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::{Arc, Mutex, PoisonError};

    use super::super::fixture::Stage;
    use super::*;

    /// A place to write that can be looked at.
    #[derive(Debug, Clone, Default)]
    pub(in super::super) struct Paper(Arc<Mutex<Vec<u8>>>);

    impl Paper {
        pub(in super::super) fn lines(&self) -> Vec<String> {
            let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect()
        }
    }

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn failing() -> Stage {
        let mut stage = Stage::rolling();
        for idx in 0..2 {
            stage.container(idx, json!({"ready": false, "restartCount": 3,
                "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                "lastState": {"terminated": {"exitCode": 1, "message": "error: no room\n\nhint: make some"}}}));
        }
        stage
    }

    fn told(mode: Mode, stages: &[(&Stage, u64)]) -> Vec<String> {
        let paper = Paper::default();
        let mut reporter = Reporter::to(mode, Box::new(paper.clone()));
        for (stage, second) in stages {
            reporter.show(&stage.status(), Duration::from_secs(*second));
        }
        paper.lines()
    }

    #[test]
    fn lines_tell_each_thing_once_and_that_time_passes() {
        let (rolling, failing) = (Stage::rolling(), failing());
        let seen = [(&rolling, 0), (&rolling, 3), (&failing, 5), (&failing, 6), (&failing, 21)];
        let expected = [
            "fraud: Creating: 0 of 2 pods are ready",
            "fraud: 2 of 2 pods: the server exited 1: no room",
            "fraud:   hint: make some",
            "fraud: Failed: 2 of 2 pods: the server exited 1: no room",
            "fraud: Failed: 2 of 2 pods: the server exited 1: no room (after 21 s)",
        ];
        assert_eq!(told(Mode::Plain, &seen), expected);
        assert!(told(Mode::None, &seen).is_empty());
    }

    #[test]
    fn events_are_objects_with_the_same_keys() {
        let (rolling, failing) = (Stage::rolling(), failing());
        let lines = told(Mode::Jsonl, &[(&rolling, 0), (&failing, 1), (&failing, 20)]);
        let events: Vec<Value> =
            lines.iter().map(|it| serde_json::from_str(it).expect("it is JSON")).collect();
        let kinds: Vec<_> = events.iter().filter_map(|it| it["type"].as_str()).collect();
        assert_eq!(kinds, ["phase", "cause", "phase", "heartbeat"]);
        for event in &events {
            for key in ["ts", "type", "reason", "object", "message"] {
                assert!(event[key].is_string(), "{key} of {event}");
            }
        }
        assert_eq!(events[1]["object"], "pod/fraud-a");
        assert_eq!(events[1]["hint"], "make some");
    }

    #[test]
    fn who_is_quiet_hears_nothing_unless_asked_for() {
        assert_eq!(Reporter::new(Mode::Auto, true).mode, Mode::None);
        assert_eq!(Reporter::new(Mode::Jsonl, true).mode, Mode::Jsonl);
    }
}
