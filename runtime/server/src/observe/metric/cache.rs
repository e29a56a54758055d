//! The families of the response cache; without one there are no such series.

use super::{Family, MODEL, Metric, Unit, family};

impl Metric {
    pub(super) const fn cache_family(self) -> Family {
        match self {
            Self::CacheHits => family(
                "radiant_response_cache_hits_total",
                "Requests that the response cache answered",
                MODEL,
                Unit::Count,
            ),
            Self::CacheMisses => family(
                "radiant_response_cache_misses_total",
                "Requests that the response cache was asked and had no answer for",
                MODEL,
                Unit::Count,
            ),
            Self::CacheEvictions => family(
                "radiant_response_cache_evictions_total",
                "Answers that left the response cache to make room for others",
                &[],
                Unit::Count,
            ),
            Self::CacheBytes => family(
                "radiant_response_cache_bytes",
                "Memory that the response cache takes: questions, answers and its places for them",
                &[],
                Unit::Level,
            ),
            _ => family(
                "radiant_response_cache_bytes_max",
                "The limit of radiant_response_cache_bytes (--response-cache-bytes)",
                &[],
                Unit::Level,
            ),
        }
    }
}
