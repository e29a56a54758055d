//! How a stage ended: the reader, or one engine.

use std::fmt;

/// What is done with a mutation, one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    /// `radiant-onnx` reads and checks it.
    Read,
    /// The engine of this place in the list loads and runs it.
    Engine(usize),
}

impl Stage {
    /// The number of the stage, from 0.
    pub(crate) fn number(self) -> usize {
        match self {
            Self::Read => 0,
            Self::Engine(at) => at + 1,
        }
    }

    /// The stage of this number.
    pub(crate) fn of_number(number: usize) -> Self {
        number.checked_sub(1).map_or(Self::Read, Self::Engine)
    }
}

/// How a stage ended. The order is that of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Status {
    /// It was refused.
    Refused,
    /// It was taken; of an engine: it ran.
    Ran,
    /// It was loaded and not run: inputs or values that it openly asks for are beyond the worker's
    /// means.
    NotRun,
    /// It was loaded, and a run ended with an error.
    Failed,
    /// A panic, which the engine made an error.
    Contained,
    /// A panic came out.
    Panic,
    /// The process died.
    Crash,
    /// There was no end in time.
    Hang,
}

impl Status {
    /// All, in the order of the report.
    pub(crate) const ALL: [Self; 8] = [
        Self::Refused,
        Self::Ran,
        Self::NotRun,
        Self::Failed,
        Self::Contained,
        Self::Panic,
        Self::Crash,
        Self::Hang,
    ];

    /// The name in the report and between processes.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Ran => "ran",
            Self::NotRun => "not run",
            Self::Failed => "error",
            Self::Contained => "contained",
            Self::Panic => "PANIC",
            Self::Crash => "CRASH",
            Self::Hang => "HANG",
        }
    }

    /// The one of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }

    /// Whether it must not be.
    pub(crate) fn is_fault(self) -> bool {
        matches!(self, Self::Panic | Self::Crash | Self::Hang)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The end of one stage of one mutation.
#[derive(Debug, Clone)]
pub(crate) struct End {
    /// The number of the mutation.
    pub(crate) index: u64,
    pub(crate) stage: Stage,
    pub(crate) status: Status,
    /// What was said.
    pub(crate) reason: String,
}
