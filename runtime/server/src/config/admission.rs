//! How much may be in flight at once: requests, rows and bytes.

use radiant_contract::env::{
    RADIANT_BYTES_MAX, RADIANT_CLIENT_HEADER, RADIANT_CLIENT_REQUESTS_MAX,
    RADIANT_MODEL_REQUESTS_MAX, RADIANT_REQUESTS_MAX, RADIANT_ROWS_MAX,
};

use super::resolve::{Resolver, Source};
use super::value::{COUNT, Kind, SIZE};
use super::{Config, Flags};
use crate::memory::limit_bytes;

/// How much may be in flight at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Admission {
    /// Requests, of the process.
    pub requests_max: usize,
    /// Requests, of each model. Where `None`, one model may have all, and of several each may have as
    /// many as leave room for the others.
    pub model_requests_max: Option<usize>,
    /// Rows of requests, of the process.
    pub rows_max: usize,
    /// Bytes of requests, of the process: as they come, and what they unpack to.
    pub bytes_max: usize,
}

/// Enough that clients of a fast model are not refused in a burst, and that a queue for a slow one is
/// seconds long and not minutes.
const REQUESTS_A_CPU: usize = 512;
const REQUESTS: std::ops::RangeInclusive<usize> = 512..=16_384;
const ROWS_A_REQUEST: usize = 1024;
/// The part of the memory that bodies may take: JSON of numbers becomes up to four times as much, and
/// a model's inputs and answers are in memory beside it.
const MEMORY_PARTS: u64 = 8;
/// Where the system does not tell how much memory there is.
const MEMORY_UNKNOWN: u64 = 8 << 30;

const COUNT_OR_AUTO: Kind<Option<usize>> = Kind {
    accepts: "a whole number from 1 to 1000000000, or `auto`",
    parse: |text| match text.trim() {
        "auto" => Some(None),
        text => (COUNT.parse)(text).map(Some),
    },
    print: |count| count.map_or_else(|| "auto".to_owned(), |count| count.to_string()),
};

const COUNT_OR_NONE: Kind<Option<usize>> = Kind {
    accepts: "a whole number from 1 to 1000000000, or `none`",
    parse: |text| match text.trim() {
        "none" => Some(None),
        text => (COUNT.parse)(text).map(Some),
    },
    print: |count| count.map_or_else(|| "none".to_owned(), |count| count.to_string()),
};

/// A name as both transports compare it.
const HEADER: Kind<String> = Kind {
    accepts: "the name of a header, of letters, digits, `-` and `_`",
    parse: |text| {
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let name = text.trim().to_ascii_lowercase();
        (!name.is_empty() && name.chars().all(is_name)).then_some(name)
    },
    print: Clone::clone,
};

impl Admission {
    /// What suits a machine of so many CPUs and so much memory.
    fn suits(n_cpus: usize, memory_bytes: u64) -> Self {
        let requests_max =
            n_cpus.saturating_mul(REQUESTS_A_CPU).clamp(*REQUESTS.start(), *REQUESTS.end());
        Self {
            requests_max,
            model_requests_max: None,
            rows_max: requests_max * ROWS_A_REQUEST,
            bytes_max: part_of(memory_bytes),
        }
    }

    /// What suits this machine, with the CPUs that the container's quota allows.
    pub(super) fn of_machine(n_cpus: usize) -> Self {
        Self::suits(n_cpus, limit_bytes().unwrap_or(MEMORY_UNKNOWN))
    }
}

/// A part of the memory, in whole MiB.
fn part_of(memory_bytes: u64) -> usize {
    let mib = ((memory_bytes / MEMORY_PARTS) >> 20).max(1);
    usize::try_from(mib << 20).unwrap_or(usize::MAX)
}

pub(super) fn admission(config: &mut Config, resolver: &mut Resolver<'_>, flags: &Flags) {
    let default = config.admission;
    let requests_max = resolver
        .option("requests_max")
        .flag(flags.requests_max.as_ref())
        .env(&[&RADIANT_REQUESTS_MAX])
        .or(&COUNT, default.requests_max);
    config.admission = Admission {
        requests_max,
        model_requests_max: resolver
            .option("model_requests_max")
            .flag(flags.model_requests_max.as_ref())
            .env(&[&RADIANT_MODEL_REQUESTS_MAX])
            .or(&COUNT_OR_AUTO, None),
        rows_max: resolver
            .option("rows_max")
            .flag(flags.rows_max.as_ref())
            .env(&[&RADIANT_ROWS_MAX])
            .or(&COUNT, requests_max.saturating_mul(ROWS_A_REQUEST).min(1_000_000_000)),
        bytes_max: resolver
            .option("bytes_max")
            .flag(flags.bytes_max.as_ref())
            .env(&[&RADIANT_BYTES_MAX])
            .or(&SIZE, default.bytes_max),
    };
    clients(config, resolver, flags);
    fits(config, resolver);
}

fn clients(config: &mut Config, resolver: &mut Resolver<'_>, flags: &Flags) {
    config.client_requests_max = resolver
        .option("client_requests_max")
        .flag(flags.client_requests_max.as_ref())
        .env(&[&RADIANT_CLIENT_REQUESTS_MAX])
        .or(&COUNT_OR_NONE, None);
    config.client_header = resolver
        .option("client_header")
        .flag(flags.client_header.as_ref())
        .env(&[&RADIANT_CLIENT_HEADER])
        .optional(&HEADER);
    if config.client_header.is_some() && config.client_requests_max.is_none() {
        let source = resolver.source_of("client_header");
        let message = "it tells clients apart for `client_requests_max`, which is not set";
        resolver.problem("client_header", source, message.to_owned());
    }
}

/// Checks what was said against what else was: a limit that another one makes meaningless is a
/// mistake, and against a default it is worth a word.
fn fits(config: &Config, resolver: &mut Resolver<'_>) {
    let Admission { requests_max, model_requests_max, bytes_max, .. } = config.admission;
    if let Some(of_model) = model_requests_max.filter(|max| *max > requests_max) {
        let message =
            format!("expected at most `requests_max`, which is {requests_max}, got `{of_model}`");
        resolver.problem("model_requests_max", resolver.source_of("model_requests_max"), message);
    }
    let source = resolver.source_of("body_bytes_max");
    let body = config.body_bytes_max;
    if body <= bytes_max || source == Source::Default {
        return;
    }
    let limit = (SIZE.print)(&bytes_max);
    if resolver.source_of("bytes_max") == Source::Default {
        resolver.warnings.push(format!(
            "body_bytes_max of {}: larger bodies than {limit} are refused, because all requests \
             together may have no more (bytes_max, by default a part of the memory)",
            (SIZE.print)(&body)
        ));
    } else {
        let message = format!(
            "expected at most `bytes_max`, which is {limit}, got `{}`",
            (SIZE.print)(&body)
        );
        resolver.problem("body_bytes_max", source, message);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_follow_from_cpus_and_memory() {
        for (n_cpus, memory_bytes, requests, bytes) in [
            (1, 512 << 20, 512, 64 << 20),
            (2, 8 << 30, 1024, 1 << 30),
            (64, 256 << 30, 16_384, 32 << 30),
            (0, 0, 512, 1 << 20),
        ] {
            let suits = Admission::suits(n_cpus, memory_bytes);
            assert_eq!((suits.requests_max, suits.bytes_max), (requests, bytes), "{n_cpus}");
            assert_eq!((suits.rows_max, suits.model_requests_max), (requests * 1024, None));
        }
    }
}
