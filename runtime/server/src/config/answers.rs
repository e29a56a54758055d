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

#[cfg(test)]
mod tests {
    use radiant_contract::MapEnv;

    use super::*;

    fn built(cache_bytes: &str, timing: &str) -> Result<AnswerOptions, Vec<String>> {
        let flags = Flags { response_cache_bytes: Some(cache_bytes.into()), ..Flags::default() };
        let env: MapEnv = [("RADIANT_TIMING", timing)].into_iter().collect();
        let mut resolver = Resolver::new(&env);
        let options = answers(&mut resolver, &flags);
        let problems = resolver.problems.iter().map(ToString::to_string).collect();
        if resolver.problems.is_empty() { Ok(options) } else { Err(problems) }
    }

    #[test]
    fn answers_are_kept_and_times_told_where_that_was_asked_for() {
        let options = |cache_bytes, timing| AnswerOptions { cache_bytes, timing };
        assert_eq!(built("none", "off"), Ok(options(None, Telling::Off)));
        assert_eq!(built("64MiB", "asked"), Ok(options(Some(64 << 20), Telling::Asked)));
        assert_eq!(built("1048576", " always "), Ok(options(Some(1 << 20), Telling::Always)));
        let problems = [
            "`response_cache_bytes` from flag --response-cache-bytes: expected a size from 1MiB \
             up, such as 64MiB or 1GB, or `none`, got `1023KiB`",
            "`timing` from environment variable RADIANT_TIMING: expected off, asked or always, \
             got `yes`",
        ];
        assert_eq!(built("1023KiB", "yes"), Err(problems.map(str::to_owned).to_vec()));
    }
}
