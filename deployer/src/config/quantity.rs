//! Quantities of Kubernetes: `500m`, `256Mi`, `1e3`.

use std::fmt;

use serde_json::Value;

/// How many digits a number may have.
const DIGITS_MAX: usize = 27;

/// An amount, exact to a billionth, as Kubernetes has it (API reference, "Quantity").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quantity {
    nanos: i128,
}

/// Powers of 1024.
const BINARY: [(&str, u32); 6] =
    [("Ki", 10), ("Mi", 20), ("Gi", 30), ("Ti", 40), ("Pi", 50), ("Ei", 60)];
/// Powers of ten, counted from a billionth.
const DECIMAL: [(&str, u32); 10] = [
    ("n", 0),
    ("u", 3),
    ("m", 6),
    ("", 9),
    ("k", 12),
    ("M", 15),
    ("G", 18),
    ("T", 21),
    ("P", 24),
    ("E", 27),
];

impl Quantity {
    /// Reads a text, which may not be negative; less than a billionth is rounded up.
    ///
    /// `None` when it is no quantity, or is larger than any.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix('+').unwrap_or(text);
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (number, suffix) = text.split_at(end);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let digits = format!("{whole}{fraction}");
        if digits.is_empty() || digits.len() > DIGITS_MAX || fraction.contains('.') {
            return None;
        }
        let digits: i128 = digits.parse().ok()?;
        let unit = unit(suffix)?;
        let scale = 10_i128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
        let scaled = digits.checked_mul(unit)?;
        let rounded_up = scaled.checked_add(scale - 1)?.checked_div(scale)?;
        Some(Self { nanos: rounded_up })
    }

    /// Reads a text or a number.
    ///
    /// `None` when it is no quantity.
    pub fn of(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => Self::parse(text),
            Value::Number(number) => Self::parse(&number.to_string()),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// Whether it is a whole number.
    pub(crate) fn is_whole(self) -> bool {
        self.nanos % NANOS == 0
    }

    /// The least whole number that is not below it.
    pub(crate) fn rounded_up(self) -> u32 {
        let whole = self.nanos / NANOS + i128::from(!self.is_whole());
        u32::try_from(whole).unwrap_or(u32::MAX)
    }

    /// Whether it is more than this many.
    pub(crate) fn exceeds(self, n: u32) -> bool {
        self.nanos > i128::from(n) * NANOS
    }

    /// Whether it is something, and less than this many.
    pub(crate) fn is_below(self, n: u32) -> bool {
        self.nanos > 0 && self.nanos < i128::from(n) * NANOS
    }
}

const NANOS: i128 = 1_000_000_000;

/// How many billionths a suffix stands for.
fn unit(suffix: &str) -> Option<i128> {
    if let Some((_, bits)) = BINARY.into_iter().find(|(name, _)| *name == suffix) {
        return NANOS.checked_shl(bits);
    }
    if let Some((_, zeros)) = DECIMAL.into_iter().find(|(name, _)| *name == suffix) {
        return 10_i128.checked_pow(zeros);
    }
    let exponent = suffix.strip_prefix(['e', 'E'])?;
    let is_number = exponent.trim_start_matches(['+', '-']).bytes().all(|b| b.is_ascii_digit());
    let exponent: i32 = exponent.parse().ok().filter(|_| is_number)?;
    // Less than a billionth is none that could be exact.
    let zeros = u32::try_from(exponent.checked_add(9)?).ok()?;
    10_i128.checked_pow(zeros)
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.nanos % NANOS {
            0 => write!(f, "{}", self.nanos / NANOS),
            _ => write!(f, "{}n", self.nanos),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn suffixes_are_those_of_kubernetes() {
        for (text, same) in [
            ("1", "1000m"),
            ("0.5", "500m"),
            (".5", "500m"),
            ("1.", "1"),
            ("1Ki", "1024"),
            ("1.5Gi", "1536Mi"),
            ("1E", "1000000000000000000"),
            ("1e3", "1k"),
            ("12E-1", "1200m"),
            ("+2M", "2000000"),
            ("0.0000000001", "1n"),
        ] {
            assert_eq!(Quantity::parse(text), Quantity::parse(same), "{text}");
            assert!(Quantity::parse(text).is_some(), "{text}");
        }
        for text in
            ["", "m", "1 Gi", "1gi", "1MB", "-1", "1e", "1..2", "1.2.3", "0x1", "1Ki2", "e3"]
        {
            assert_eq!(Quantity::parse(text), None, "{text}");
        }
        assert_eq!(Quantity::parse(&"9".repeat(40)), None);
        assert_eq!(Quantity::parse("1e999999999"), None);
    }

    #[test]
    fn amounts_compare() {
        let quantity = |text| Quantity::parse(text).unwrap();
        assert!(quantity("1Gi") > quantity("1G") && quantity("1500m") > quantity("1"));
        assert!(!quantity("500m").is_whole() && quantity("500m").is_below(1));
        assert!(quantity("257").exceeds(256) && !quantity("256").exceeds(256));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[-+0-9.eEKMGikmn]{0,24}") {
            let nanos = Quantity::parse(&text).map_or(0, |read| read.nanos);
            prop_assert!(nanos >= 0);
        }

        #[test]
        fn what_is_shown_is_the_same_quantity(n in 0..u32::MAX, suffix in "[num]|Ki|k|") {
            let quantity = Quantity::parse(&format!("{n}{suffix}")).unwrap();
            prop_assert_eq!(Quantity::parse(&quantity.to_string()), Some(quantity));
        }
    }
}
