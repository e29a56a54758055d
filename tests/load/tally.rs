//! How questions ended.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use super::question::Question;

/// How many texts are kept of what went wrong.
const TEXTS_MAX: usize = 8;

/// Why there is no reply.
#[derive(Debug)]
pub(crate) enum Lost {
    /// There was no connection to ask on.
    Gone(String),
    /// The connection ended, or the call was refused, before any part of an answer.
    Unanswered(String),
    /// Part of an answer came, or more than one.
    Broken(String),
}

/// How a question ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ending {
    /// With its own answer.
    Own,
    /// With the failure of the model that it asked for.
    Failed,
    /// Refused with this status, which it may come again after.
    Refused(String),
    /// It was asked, and not answered.
    Unanswered(String),
    /// There was nobody to ask.
    Gone(String),
    /// The client did not wait.
    Vanished,
    /// In a way that no question may end.
    Wrong(String),
}

impl Ending {
    /// What it is counted as.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Own => "own",
            Self::Failed => "failed",
            Self::Refused(status) => status,
            Self::Unanswered(_) => "unanswered",
            Self::Gone(_) => "gone",
            Self::Vanished => "vanished",
            Self::Wrong(_) => "wrong",
        }
    }
}

impl From<Lost> for Ending {
    fn from(lost: Lost) -> Self {
        match lost {
            Lost::Gone(why) => Self::Gone(why),
            Lost::Unanswered(why) => Self::Unanswered(why),
            Lost::Broken(why) => Self::Wrong(why),
        }
    }
}

/// How all questions of a load ended.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    endings: BTreeMap<String, u64>,
    texts: Vec<String>,
    questions: Vec<(Range<u64>, Ending)>,
    /// How long each answer took.
    pub(crate) latencies: Vec<Duration>,
}

impl Tally {
    /// Writes down how a question ended.
    pub(crate) fn record(&mut self, question: &Question, ending: Ending) {
        *self.endings.entry(ending.name().to_owned()).or_default() += 1;
        if let Ending::Wrong(text) | Ending::Unanswered(text) = &ending
            && self.texts.len() < TEXTS_MAX
        {
            self.texts.push(format!("{}: {text}", ending.name()));
        }
        self.questions.push((question.nonces.clone(), ending));
    }

    /// How many ended so.
    pub(crate) fn count(&self, name: &str) -> u64 {
        self.endings.get(name).copied().unwrap_or_default()
    }

    /// How many there were.
    pub(crate) fn n_questions(&self) -> u64 {
        self.endings.values().sum()
    }

    /// How many ended in which way.
    pub(crate) fn summary(&self) -> String {
        let counts = self.endings.iter().map(|(name, n)| format!("{n} {name}"));
        counts.collect::<Vec<_>>().join(", ")
    }

    /// Takes up another tally.
    pub(crate) fn add(&mut self, other: Self) {
        for (name, n) in other.endings {
            *self.endings.entry(name).or_default() += n;
        }
        self.texts.extend(other.texts);
        self.questions.extend(other.questions);
        self.latencies.extend(other.latencies);
    }

    /// Asserts that all ended in these ways.
    pub(crate) fn assert_only(&self, names: &[&str]) {
        let is_allowed = self.endings.keys().all(|name| names.contains(&name.as_str()));
        assert!(is_allowed, "{}; expected {names:?} only: {:#?}", self.summary(), self.texts);
    }

    /// Asserts by the engine's own notes that what was answered ran, and once where `again` is false;
    /// and that nothing ran that was refused or not answered.
    pub(crate) fn assert_ran(&self, notes: &Path, again: bool) {
        let runs = runs(notes);
        for (nonces, ending) in &self.questions {
            for nonce in nonces.clone() {
                let n = runs.get(&nonce).copied().unwrap_or_default();
                let is_right = match ending {
                    Ending::Own => n == 1 || (again && n > 0),
                    Ending::Refused(_) | Ending::Unanswered(_) | Ending::Gone(_) => n == 0,
                    Ending::Failed | Ending::Vanished | Ending::Wrong(_) => true,
                };
                assert!(is_right, "{nonce} ran {n} times, and ended so: {ending:?}");
            }
        }
    }
}

/// How often each nonce ran, as the probe's engines note it.
fn runs(notes: &Path) -> HashMap<u64, u64> {
    let bytes = std::fs::read(notes).expect("the engine's notes can be read");
    let mut runs = HashMap::new();
    for nonce in bytes.chunks_exact(8) {
        let nonce = u64::from_le_bytes(nonce.try_into().expect("eight bytes"));
        *runs.entry(nonce).or_default() += 1;
    }
    runs
}
