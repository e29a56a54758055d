//! Whether a canary is worse than it may be.

use std::fmt;
use std::str::FromStr;

use super::Requests;
use crate::config::{Abort, units};

/// Fewer requests than these judge nothing.
const REQUESTS_MIN: f64 = 20.0;

/// How bad a canary may be.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Limits {
    /// The share of errors, 0 to 1.
    pub error_rate: Option<f64>,
    /// How much longer its 95th percentile may be, as a share of the main model's.
    pub p95_increase: Option<f64>,
}

/// A limit by itself, as `errorRate=1%` or `p95Increase=20%`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Slo {
    /// The share of errors, 0 to 1.
    ErrorRate(f64),
    /// How much longer its 95th percentile may be, as a share of the main model's.
    P95Increase(f64),
}

impl FromStr for Slo {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let expected = "expected `errorRate=1%` or `p95Increase=20%`";
        let (key, share) = text.split_once('=').ok_or(expected)?;
        let share = units::share(share).ok_or(expected)?;
        match key {
            "errorRate" => Ok(Self::ErrorRate(share)),
            "p95Increase" => Ok(Self::P95Increase(share)),
            _ => Err(expected),
        }
    }
}

impl FromIterator<Slo> for Limits {
    /// The later of two that are of the same holds.
    fn from_iter<I: IntoIterator<Item = Slo>>(all: I) -> Self {
        let mut limits = Self::default();
        for slo in all {
            match slo {
                Slo::ErrorRate(share) => limits.error_rate = Some(share),
                Slo::P95Increase(share) => limits.p95_increase = Some(share),
            }
        }
        limits
    }
}

/// A text that is no share.
#[derive(Debug, thiserror::Error)]
#[error("`{place}`: expected a share such as `1%`, got `{got}`")]
pub struct LimitsError {
    place: &'static str,
    got: String,
}

impl Limits {
    /// The limits of a configuration.
    ///
    /// # Errors
    /// When one is no share.
    pub fn read(abort: &Abort) -> Result<Self, LimitsError> {
        let error_rate = share("rollout.canary.abortWhen.errorRate", abort.error_rate.as_deref())?;
        let p95 = share("rollout.canary.abortWhen.p95Increase", abort.p95_increase.as_deref())?;
        Ok(Self { error_rate, p95_increase: p95 })
    }
}

fn share(place: &'static str, text: Option<&str>) -> Result<Option<f64>, LimitsError> {
    let wrong = |text: &str| LimitsError { place, got: text.to_owned() };
    text.map(|text| units::share(text).ok_or_else(|| wrong(text))).transpose()
}

/// What is to be said of a canary.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// It is within its limits.
    Good,
    /// It has answered too few requests to tell.
    TooFew(f64),
    /// It answers with too many errors.
    Errors {
        /// Its share of errors.
        got: f64,
        /// The share that it may have.
        limit: f64,
    },
    /// It is too slow.
    Slow {
        /// Its 95th percentile in seconds.
        got_s: f64,
        /// That of the main model.
        main_s: f64,
        /// How much longer it may be, as a share.
        limit: f64,
    },
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Good => f.write_str("within its limits"),
            Self::TooFew(n) => write!(f, "{n} requests, which are too few to tell"),
            Self::Errors { got, limit } => {
                let (got, limit) = (got * 100.0, limit * 100.0);
                write!(f, "{got:.2}% of its answers are errors, beyond {limit}%")
            }
            Self::Slow { got_s, main_s, limit } => {
                let (got_ms, main_ms, limit) = (got_s * 1e3, main_s * 1e3, limit * 100.0);
                write!(
                    f,
                    "its 95th percentile is {got_ms:.2} ms beside {main_ms:.2} ms, beyond {limit}% more"
                )
            }
        }
    }
}

/// Judges a canary by what it and the main model answered in the same time.
pub fn judge(canary: &Requests, main: &Requests, limits: Limits) -> Verdict {
    if canary.all < REQUESTS_MIN {
        return Verdict::TooFew(canary.all);
    }
    if let (Some(got), Some(limit)) = (canary.error_rate(), limits.error_rate)
        && got > limit
    {
        return Verdict::Errors { got, limit };
    }
    if let (Some(got_s), Some(main_s), Some(limit)) =
        (canary.quantile(0.95), main.quantile(0.95), limits.p95_increase)
        && main.all >= REQUESTS_MIN
        && got_s > main_s * (1.0 + limit)
    {
        return Verdict::Slow { got_s, main_s, limit };
    }
    Verdict::Good
}

#[cfg(test)]
mod tests {
    use super::super::read;
    use super::*;

    fn requests(all: u32, errors: u32, bound_s: f64) -> Requests {
        read(&format!(
            "radiant_request_seconds_count{{code=\"200\"}} {}\n\
             radiant_request_seconds_count{{code=\"500\"}} {errors}\n\
             radiant_request_seconds_bucket{{le=\"{bound_s}\"}} {all}\n",
            all - errors
        ))
    }

    const LIMITS: Limits = Limits { error_rate: Some(0.01), p95_increase: Some(0.2) };

    #[test]
    fn shares_are_read() {
        let abort = |error_rate: &str| Abort {
            error_rate: Some(error_rate.to_owned()),
            p95_increase: Some("20%".to_owned()),
        };
        assert_eq!(Limits::read(&abort("1%")).unwrap(), LIMITS);
        assert_eq!(Limits::read(&Abort::default()).unwrap(), Limits::default());
        for bad in ["", "0.01", "-1%", "x", "inf"] {
            let text = Limits::read(&abort(bad)).unwrap_err().to_string();
            assert!(text.ends_with(&format!("got `{bad}`")), "{text}");
        }
    }

    #[test]
    fn single_limits_are_read_and_put_together() {
        let read = |texts: &[&str]| -> Result<Limits, &str> {
            texts.iter().map(|text| text.parse::<Slo>()).collect()
        };
        assert_eq!(read(&["errorRate=1%", "p95Increase=20%"]), Ok(LIMITS));
        assert_eq!(read(&[]), Ok(Limits::default()));
        for bad in ["", "errorRate", "errorRate=", "errorRate=0.01", "p99Increase=1%"] {
            assert!(bad.parse::<Slo>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_canary_is_judged_beside_the_main_model() {
        let main = requests(1000, 0, 0.1);
        let told = |canary: Requests| judge(&canary, &main, LIMITS).to_string();
        assert_eq!(told(requests(100, 1, 0.1)), "within its limits");
        assert_eq!(told(requests(19, 19, 0.1)), "19 requests, which are too few to tell");
        assert_eq!(told(requests(100, 2, 0.1)), "2.00% of its answers are errors, beyond 1%");
        let slow = "its 95th percentile is 118.75 ms beside 95.00 ms, beyond 20% more";
        assert_eq!(told(requests(100, 0, 0.125)), slow);
        assert_eq!(judge(&requests(100, 50, 9.0), &main, Limits::default()), Verdict::Good);
    }
}
