//! What goes along with answers, and which of them are kept.

use radiant_contract::env::{RADIANT_RESPONSE_CACHE_BYTES, RADIANT_TIMING};

use super::Flags;
use super::resolve::Resolver;
use super::value::{CACHE_BYTES, TIMING};

/// What goes along with answers, and which of them are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AnswerOptions {
    /// The memory of the response cache, in bytes; without it there is none.
    pub cache_bytes: Option<usize>,
    /// Who is told where the time of a request went.
    pub timing: Telling,
}

/// Who is told something along with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Telling {
    /// Nobody.
    #[default]
    Off,
    /// Whoever asks.
    Asked,
    /// Everybody.
    Always,
}

impl Telling {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let all = [Self::Off, Self::Asked, Self::Always];
        all.into_iter().find(|telling| telling.as_str() == text.trim())
    }

    /// The word in `--timing`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Asked => "asked",
            Self::Always => "always",
        }
    }
}

pub(super) fn answers(resolver: &mut Resolver<'_>, flags: &Flags) -> AnswerOptions {
    AnswerOptions {
        cache_bytes: resolver
            .option("response_cache_bytes")
            .flag(flags.response_cache_bytes.as_ref())
            .env(&[&RADIANT_RESPONSE_CACHE_BYTES])
            .or(&CACHE_BYTES, None),
        timing: resolver
            .option("timing")
            .flag(flags.timing.as_ref())
            .env(&[&RADIANT_TIMING])
            .or(&TIMING, Telling::Off),
    }
}
