//! The types of options: what each accepts, how it is parsed and how it is printed.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

use radiant_contract::parameters::parse_bool;
use radiant_storage::ModelUri;

use super::{Cors, LogFormat, LogLevel, Method, Telling};

/// A type of option.
pub(super) struct Kind<T> {
    /// What people may write, after "expected".
    pub(super) accepts: &'static str,
    pub(super) parse: fn(&str) -> Option<T>,
    pub(super) print: fn(&T) -> String,
}

pub(super) const TEXT: Kind<String> =
    Kind { accepts: "text", parse: |text| Some(text.to_owned()), print: Clone::clone };

pub(super) const FILE: Kind<PathBuf> = Kind {
    accepts: "the path of a file",
    parse: |text| (!text.is_empty()).then(|| text.into()),
    print: |path| path.display().to_string(),
};

pub(super) const FILE_OR_NONE: Kind<Option<PathBuf>> = Kind {
    accepts: "the path of a file, or `none`",
    parse: |text| match text {
        "none" => Some(None),
        text => (FILE.parse)(text).map(Some),
    },
    print: |path| path.as_ref().map_or_else(|| "none".to_owned(), FILE.print),
};

pub(super) const NAME: Kind<String> = Kind {
    accepts: "a name without `/` and control characters",
    parse: |text| {
        let bad = |c: char| c == '/' || c.is_control();
        (!text.is_empty() && !text.contains(bad)).then(|| text.to_owned())
    },
    print: Clone::clone,
};

pub(super) const MODEL: Kind<ModelUri> = Kind {
    accepts: "a file, a folder, a URI or `builtin:NAME`",
    parse: |text| ModelUri::parse(text.trim()).ok(),
    print: ToString::to_string,
};

pub(super) const METHOD: Kind<Method> = Kind {
    // Seldon's SKLEARN_SERVER takes any other word for `predict`.
    accepts: "predict_proba, decision_function or predict",
    parse: |text| match text.trim() {
        "predict_proba" => Some(Method::Probabilities),
        "decision_function" => Some(Method::Decision),
        _ => Some(Method::Labels),
    },
    print: |method| method.as_str().to_owned(),
};

pub(super) const BOOL: Kind<bool> = Kind {
    accepts: "true or false",
    parse: |text| parse_bool(text.trim()),
    print: ToString::to_string,
};

/// Any number of Seldon's gRPC processes but 0 is gRPC.
pub(super) const GRPC_PROCESSES: Kind<bool> = Kind {
    accepts: "a whole number of processes, 0 for no gRPC",
    parse: |text| text.trim().parse::<u32>().ok().map(|n| n != 0),
    print: ToString::to_string,
};

pub(super) const PORT: Kind<u16> = Kind {
    accepts: "a port number from 0 (any free one) to 65535",
    parse: |text| text.trim().parse().ok(),
    print: ToString::to_string,
};

pub(super) const HOST: Kind<IpAddr> = Kind {
    accepts: "an IP address or `localhost`",
    parse: |text| match text.trim() {
        "localhost" => Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        address => address.trim_start_matches('[').trim_end_matches(']').parse().ok(),
    },
    print: ToString::to_string,
};

pub(super) const URL_PATH: Kind<String> = Kind {
    accepts: "a path that begins with `/` and has no spaces, `?` or `#`",
    parse: |text| {
        let bad = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '?' | '#');
        (text.starts_with('/') && !text.contains(bad)).then(|| text.to_owned())
    },
    print: Clone::clone,
};

pub(super) const THREADS: Kind<usize> = Kind {
    accepts: "a number of threads from 1 to 1024",
    parse: |text| text.trim().parse().ok().filter(|n| (1..=1024).contains(n)),
    print: ToString::to_string,
};

pub(super) const COUNT: Kind<usize> = Kind {
    accepts: "a whole number from 1 to 1000000000",
    parse: |text| text.trim().parse().ok().filter(|n| (1..=1_000_000_000).contains(n)),
    print: ToString::to_string,
};

pub(super) const DEPTH: Kind<usize> = Kind {
    accepts: "a whole number from 1 to 512",
    parse: |text| text.trim().parse().ok().filter(|n| (1..=512).contains(n)),
    print: ToString::to_string,
};

/// No more than the codec of HTTP/1 has room for.
pub(super) const HEADERS: Kind<usize> = Kind {
    accepts: "a whole number from 1 to 96",
    parse: |text| text.trim().parse().ok().filter(|n| (1..=96).contains(n)),
    print: ToString::to_string,
};

/// No more than the codec of HTTP/1 has room for, and no less than every request has.
pub(super) const HEADER_BYTES: Kind<usize> = Kind {
    accepts: "a size from 1KiB to 128KiB",
    parse: |text| parse_size(text.trim()).filter(|n| (1 << 10..=128 << 10).contains(n)),
    print: |bytes| print_size(*bytes),
};

pub(super) const SIZE: Kind<usize> = Kind {
    accepts: "a size above 0, such as 1048576, 64MiB or 1GB",
    parse: |text| parse_size(text.trim()),
    print: |bytes| print_size(*bytes),
};

pub(super) const SIZE_OR_NONE: Kind<Option<usize>> = Kind {
    accepts: "a size above 0, such as 1048576, 64MiB or 1GB, or `none`",
    parse: |text| match text.trim() {
        "none" => Some(None),
        text => parse_size(text).map(Some),
    },
    print: |bytes| bytes.map_or_else(|| "none".to_owned(), print_size),
};

/// The least that the response cache can do something with.
const CACHE_BYTES_MIN: usize = 1 << 20;

pub(super) const CACHE_BYTES: Kind<Option<usize>> = Kind {
    accepts: "a size from 1MiB up, such as 64MiB or 1GB, or `none`",
    parse: |text| {
        (SIZE_OR_NONE.parse)(text).filter(|size| size.is_none_or(|n| n >= CACHE_BYTES_MIN))
    },
    print: SIZE_OR_NONE.print,
};

pub(super) const TIMING: Kind<Telling> = Kind {
    accepts: "off, asked or always",
    parse: Telling::parse,
    print: |telling| telling.as_str().to_owned(),
};

pub(super) const DURATION: Kind<Duration> = Kind {
    accepts: "a duration above 0, such as 8s, 500ms or 2m",
    parse: |text| parse_duration(text.trim()),
    print: |duration| print_duration(*duration),
};

/// The clock of the HTTP codec stands still for up to half a second: a shorter limit would have
/// passed before a request began.
pub(super) const DURATION_FROM_1S: Kind<Duration> = Kind {
    accepts: "a duration from 1s up, such as 15s or 1m",
    parse: |text| parse_duration(text.trim()).filter(|limit| *limit >= Duration::from_secs(1)),
    print: |duration| print_duration(*duration),
};

pub(super) const DURATION_OR_NONE: Kind<Option<Duration>> = Kind {
    accepts: "a duration above 0, such as 8s, 500ms or 2m, or `none`",
    parse: |text| match text.trim() {
        "none" => Some(None),
        text => parse_duration(text).map(Some),
    },
    print: |duration| duration.map_or_else(|| "none".to_owned(), print_duration),
};

pub(super) const MICROSECONDS: Kind<Duration> = Kind {
    accepts: "a whole number of microseconds",
    parse: |text| text.trim().parse().ok().map(Duration::from_micros),
    print: |duration| duration.as_micros().to_string(),
};

pub(super) const MILLISECONDS: Kind<Duration> = Kind {
    accepts: "a whole number of milliseconds from 0 to 60000",
    parse: |text| {
        let ms = text.trim().parse().ok().filter(|ms| *ms <= 60_000);
        ms.map(Duration::from_millis)
    },
    print: |duration| duration.as_millis().to_string(),
};

pub(super) const CORS: Kind<Cors> = Kind {
    accepts: "`*`, `none` or a comma-separated list of origins such as https://example.com",
    parse: Cors::parse,
    print: ToString::to_string,
};

pub(super) const LOG_LEVEL: Kind<LogLevel> = Kind {
    accepts: "debug, info, warning, error or critical",
    parse: LogLevel::parse,
    print: |level| level.as_str().to_owned(),
};

pub(super) const LOG_FORMAT: Kind<LogFormat> = Kind {
    accepts: "text or json",
    parse: |text| match text.trim() {
        "text" => Some(LogFormat::Text),
        "json" => Some(LogFormat::Json),
        _ => None,
    },
    print: |format| format.as_str().to_owned(),
};

const SIZE_UNITS: [(&str, usize); 7] = [
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1_000),
    ("B", 1),
];

fn parse_size(text: &str) -> Option<usize> {
    let (number, factor) = SIZE_UNITS
        .iter()
        .find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, *factor)))
        .unwrap_or((text, 1));
    let number: usize = number.trim_end().parse().ok()?;
    number.checked_mul(factor).filter(|bytes| *bytes > 0)
}

fn print_size(bytes: usize) -> String {
    let binary = SIZE_UNITS.iter().take(3).find(|(_, factor)| bytes.is_multiple_of(*factor));
    match binary {
        Some((unit, factor)) => format!("{}{unit}", bytes / factor),
        None => bytes.to_string(),
    }
}

/// `8s`, `500ms`, `2m`; a bare number is seconds.
pub fn parse_duration(text: &str) -> Option<Duration> {
    let (number, unit_ms) = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)]
        .iter()
        .find_map(|(unit, ms)| Some((text.strip_suffix(unit)?, *ms)))
        .unwrap_or((text, 1_000));
    let number: u64 = number.trim_end().parse().ok()?;
    number.checked_mul(unit_ms).filter(|ms| *ms > 0).map(Duration::from_millis)
}

fn print_duration(duration: Duration) -> String {
    match duration.as_millis() {
        ms if ms.is_multiple_of(1_000) => format!("{}s", ms / 1_000),
        ms => format!("{ms}ms"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units_and_print_as_they_were_written() {
        let cases = [
            ("256MiB", Some(268_435_456), "256MiB"),
            ("1 GiB", Some(1 << 30), "1GiB"),
            ("1GB", Some(1_000_000_000), "1000000000"),
            ("10kB", Some(10_000), "10000"),
            ("4096", Some(4096), "4KiB"),
            ("7B", Some(7), "7"),
            ("0", None, ""),
            ("-1", None, ""),
            ("1TB", None, ""),
            ("99999999999999GiB", None, ""),
        ];
        for (text, bytes, printed) in cases {
            assert_eq!(parse_size(text), bytes, "{text}");
            assert_eq!(bytes.map(print_size).unwrap_or_default(), printed, "{text}");
        }
    }

    #[test]
    fn headers_are_bounded_by_what_the_codec_has_room_for() {
        for (text, expected) in [("1", Some(1)), ("96", Some(96)), ("0", None), ("97", None)] {
            assert_eq!((HEADERS.parse)(text), expected, "{text}");
        }
        for (text, expected) in
            [("1KiB", Some(1 << 10)), ("128KiB", Some(128 << 10)), ("1023", None), ("129KiB", None)]
        {
            assert_eq!((HEADER_BYTES.parse)(text), expected, "{text}");
        }
    }

    #[test]
    fn durations_have_units_and_are_above_zero() {
        let ms = |text| parse_duration(text).map(|duration| duration.as_millis());
        assert_eq!(ms("8"), Some(8_000));
        assert_eq!(ms("8s"), Some(8_000));
        assert_eq!(ms("500 ms"), Some(500));
        assert_eq!(ms("2m"), Some(120_000));
        assert_eq!(ms("1h"), Some(3_600_000));
        for text in ["0", "0ms", "-1s", "1.5s", "s", "", "none", "99999999999999999999h"] {
            assert_eq!(ms(text), None, "{text}");
        }
        assert_eq!(print_duration(Duration::from_millis(1500)), "1500ms");
        assert_eq!(print_duration(Duration::from_mins(2)), "120s");
    }

    #[test]
    fn hosts_are_addresses() {
        let host = |text| (HOST.parse)(text).map(|host| host.to_string());
        assert_eq!(host("0.0.0.0").as_deref(), Some("0.0.0.0"));
        assert_eq!(host("[::1]").as_deref(), Some("::1"));
        assert_eq!(host("localhost").as_deref(), Some("127.0.0.1"));
        assert_eq!(host("example.com"), None);
    }
}
