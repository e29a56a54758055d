//! How an attempt ended, and its line in the pipe between processes.

use crate::engines::Tried;
use crate::exactness::Exactness;

/// How the inputs of a case reach the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Mode {
    /// As the case has them.
    Plain,
    /// All but the first are constants of the graph.
    Const,
}

impl Mode {
    /// The name in files and reports.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Const => "const",
        }
    }

    fn named(name: &str) -> Option<Self> {
        [Self::Plain, Self::Const].into_iter().find(|mode| mode.name() == name)
    }
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Status {
    /// Type, shape and values are right.
    Pass,
    /// Type and shape are right; the case leaves the values open.
    Unspecified,
    /// The model was refused when it was loaded.
    Refused,
    /// The same in words that name nothing of the graph.
    Vague,
    /// The model was loaded, and its run gave an error.
    Error,
    /// Type, shape or a value is wrong.
    Wrong,
    /// A panic, whether the engine contained it or not.
    Panic,
    /// The process died.
    Crash,
    /// The time ran out.
    Hang,
}

impl Status {
    const ALL: [Self; 9] = [
        Self::Pass,
        Self::Unspecified,
        Self::Refused,
        Self::Vague,
        Self::Error,
        Self::Wrong,
        Self::Panic,
        Self::Crash,
        Self::Hang,
    ];

    /// The name in files and reports.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Unspecified => "unspecified",
            Self::Refused => "refused",
            Self::Vague => "vague",
            Self::Error => "error",
            Self::Wrong => "wrong",
            Self::Panic => "panic",
            Self::Crash => "crash",
            Self::Hang => "hang",
        }
    }

    /// The status of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }

    /// Whether an answer came that may be right.
    pub(crate) fn is_answer(self) -> bool {
        matches!(self, Self::Pass | Self::Unspecified)
    }

    /// Whether the model was not loaded.
    pub(crate) fn is_refusal(self) -> bool {
        matches!(self, Self::Refused | Self::Vague)
    }
}

/// How an attempt ended, and what is known of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Outcome {
    /// How it ended.
    pub(crate) status: Status,
    /// How far the numbers were off, where they are FP32.
    pub(crate) exactness: Option<Exactness>,
    /// The engine that ran it, where one was found.
    pub(crate) engine: String,
    /// Why it was refused, or what was wrong; on one line.
    pub(crate) reason: String,
}

impl Outcome {
    /// An end without an answer.
    pub(crate) fn failed(status: Status, reason: &str) -> Self {
        Self { status, exactness: None, engine: String::new(), reason: on_one_line(reason) }
    }
}

/// One attempt at a case.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Attempt {
    /// The case's name.
    pub(crate) case: String,
    /// What was asked for.
    pub(crate) tried: Tried,
    /// How the inputs reached it.
    pub(crate) mode: Mode,
    /// How it ended.
    pub(crate) outcome: Outcome,
}

impl Attempt {
    /// The attempt as a line, without its end.
    pub(crate) fn to_line(&self) -> String {
        let Outcome { status, exactness, engine, reason } = &self.outcome;
        let fields = [
            self.case.as_str(),
            self.tried.name(),
            self.mode.name(),
            status.name(),
            exactness.map_or("", Exactness::name),
            engine,
            reason,
        ];
        fields.join("\t")
    }

    /// The attempt that a line tells of.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let fields: Vec<&str> = line.split('\t').collect();
        let &[case, tried, mode, status, exactness, engine, reason] = &fields[..] else {
            return None;
        };
        Some(Self {
            case: case.to_owned(),
            tried: Tried::named(tried)?,
            mode: Mode::named(mode)?,
            outcome: Outcome {
                status: Status::named(status)?,
                exactness: Exactness::named(exactness),
                engine: engine.to_owned(),
                reason: reason.to_owned(),
            },
        })
    }
}

/// The longest reason that is kept, in characters.
const REASON_MAX: usize = 4000;

/// A text without tabs and ends of lines, and of bounded length.
fn on_one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let text = words.join(" ");
    if text.chars().count() <= REASON_MAX {
        return text;
    }
    let head: String = text.chars().take(REASON_MAX).collect();
    format!("{head}...")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attempt_comes_back_from_its_line() {
        let attempt = |outcome| Attempt {
            case: "node/test_x".to_owned(),
            tried: Tried::AutoOrt,
            mode: Mode::Const,
            outcome,
        };
        let passed = Outcome {
            status: Status::Pass,
            exactness: Exactness::named("2 ulp"),
            engine: "ort".to_owned(),
            reason: String::new(),
        };
        let failed = Outcome::failed(Status::Vague, "first\n\tsecond");
        assert_eq!(failed.reason, "first second");
        for attempt in [attempt(passed), attempt(failed)] {
            assert_eq!(Attempt::parse(&attempt.to_line()), Some(attempt));
        }
        assert_eq!(Attempt::parse("node/test_x\tauto"), None);
    }
}
