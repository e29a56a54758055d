//! What is waited for.

use std::fmt;
use std::str::FromStr;

use super::phase::{Phase, Status};

/// What is waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Goal {
    /// All pods are of the wanted revision and serve.
    Ready,
    /// The object and all its pods are gone.
    Deleted,
    /// This phase.
    Phase(Phase),
    /// A condition of the operator's, and whether it is to hold.
    Condition(String, bool),
}

impl Goal {
    /// Whether it is reached.
    pub fn is_reached(&self, status: &Status) -> bool {
        match self {
            Self::Ready => status.phase == Phase::Ready,
            Self::Deleted => status.phase == Phase::Absent,
            Self::Phase(phase) => status.phase == *phase,
            Self::Condition(kind, holds) => status
                .conditions
                .iter()
                .any(|(name, is)| name.eq_ignore_ascii_case(kind) && *is == Some(*holds)),
        }
    }

    /// Whether what fails will not come to it.
    pub(super) fn is_of_success(&self) -> bool {
        match self {
            Self::Ready => true,
            Self::Phase(phase) => *phase == Phase::Ready,
            Self::Condition(_, holds) => *holds,
            Self::Deleted => false,
        }
    }

    /// Whether it may come to something that is not there.
    pub(super) fn is_of_nothing(&self) -> bool {
        matches!(self, Self::Deleted | Self::Phase(Phase::Absent))
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ready => f.write_str("ready"),
            Self::Deleted => f.write_str("deleted"),
            Self::Phase(phase) => write!(f, "in phase {phase}"),
            Self::Condition(kind, true) => write!(f, "at condition {kind}"),
            Self::Condition(kind, false) => write!(f, "at condition {kind}=False"),
        }
    }
}

impl FromStr for Goal {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.eq_ignore_ascii_case("ready") {
            return Ok(Self::Ready);
        }
        if text.eq_ignore_ascii_case("deleted") || text.eq_ignore_ascii_case("delete") {
            return Ok(Self::Deleted);
        }
        let expected = "expected `ready`, `deleted`, `phase=NAME` or `condition=NAME[=False]`";
        match text.split_once('=') {
            Some(("phase", name)) => Ok(Self::Phase(name.parse()?)),
            Some(("condition", rest)) => {
                let (kind, holds) = rest.split_once('=').unwrap_or((rest, "True"));
                let holds = match holds.to_ascii_lowercase().as_str() {
                    "true" => true,
                    "false" => false,
                    _ => return Err(format!("{expected}; got `{text}`")),
                };
                if kind.is_empty() {
                    return Err(format!("{expected}; got `{text}`"));
                }
                Ok(Self::Condition(kind.to_owned(), holds))
            }
            _ => Err(format!("{expected}; got `{text}`")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goals_are_written_as_for_kubectl() {
        let cases = [
            ("ready", Goal::Ready),
            ("delete", Goal::Deleted),
            ("phase=stopped", Goal::Phase(Phase::Stopped)),
            ("condition=ServicesReady", Goal::Condition("ServicesReady".to_owned(), true)),
            ("condition=Ready=false", Goal::Condition("Ready".to_owned(), false)),
        ];
        for (text, goal) in cases {
            assert_eq!(text.parse(), Ok(goal));
        }
        for text in ["", "phase=x", "condition=", "condition=a=b", "available"] {
            let told = text.parse::<Goal>().expect_err("it is no goal");
            assert!(told.starts_with("expected "), "{told}");
        }
    }
}
