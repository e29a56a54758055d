//! The order of versions: numbers in names count as numbers.

use std::cmp::Ordering;

/// Compares the names of two versions: `2` before `10`, `v2` before `v10`, `1.9.0` before `1.10.0`.
pub(super) fn compare(one: &str, other: &str) -> Ordering {
    let (mut left, mut right) = (one, other);
    while !left.is_empty() && !right.is_empty() {
        let ((a, left_rest), (b, right_rest)) = (part(left), part(right));
        let order = match (number(a), number(b)) {
            (Some(a), Some(b)) => a.len().cmp(&b.len()).then_with(|| a.cmp(b)),
            _ => a.cmp(b),
        };
        if order != Ordering::Equal {
            return order;
        }
        (left, right) = (left_rest, right_rest);
    }
    left.len().cmp(&right.len()).then_with(|| one.cmp(other))
}

/// Splits off all digits at the beginning, or all that is none.
fn part(text: &str) -> (&str, &str) {
    let is_digit = |c: char| c.is_ascii_digit();
    let is_number = text.starts_with(is_digit);
    let end = text.find(|c| is_digit(c) != is_number).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// Digits without leading zeros.
fn number(part: &str) -> Option<&str> {
    part.starts_with(|c: char| c.is_ascii_digit()).then(|| part.trim_start_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_names_count_as_numbers() {
        let sorted = [
            "",
            "0",
            "1",
            "2",
            "10",
            "20240101120000",
            "99999999999999999999999",
            "1.9.0",
            "1.10.0",
            "v1",
            "v2",
            "v2-rc",
            "v10",
        ];
        let mut versions = sorted;
        versions.reverse();
        versions.sort_by(|a, b| compare(a, b));
        // What begins with the same number and goes on comes after it.
        let expected = [
            "",
            "0",
            "1",
            "1.9.0",
            "1.10.0",
            "2",
            "10",
            "20240101120000",
            "99999999999999999999999",
            "v1",
            "v2",
            "v2-rc",
            "v10",
        ];
        assert_eq!(versions, expected);
    }
}
