//! Upper and lower case, one character for one: Unicode's simple case mapping.
//!
//! onnxruntime 1.32 asks the C library about one character after the other, so that no string
//! changes its number of characters: `ß` stays, and `İ` becomes `i`.
//! <https://www.unicode.org/reports/tr44/#Casemapping>

/// What is done to letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    Lower,
    Upper,
}

impl Case {
    /// Appends `text` in this case to `out`.
    pub(super) fn apply(self, text: &str, out: &mut String) {
        // Most texts are ASCII's, where many letters are changed at once.
        if text.is_ascii() {
            let start = out.len();
            out.push_str(text);
            let appended = out.get_mut(start..).unwrap_or_default();
            return match self {
                Self::Lower => appended.make_ascii_lowercase(),
                Self::Upper => appended.make_ascii_uppercase(),
            };
        }
        match self {
            Self::Lower => out.extend(text.chars().map(lower)),
            Self::Upper => out.extend(text.chars().map(upper)),
        }
    }
}

fn lower(letter: char) -> char {
    if letter == 'İ' { 'i' } else { single(letter, letter.to_lowercase()) }
}

fn upper(letter: char) -> char {
    match letter {
        // Greek vowels with a iota below: the simple form keeps the iota.
        '\u{1f80}'..='\u{1f87}' | '\u{1f90}'..='\u{1f97}' | '\u{1fa0}'..='\u{1fa7}' => {
            char::from_u32(u32::from(letter) + 8).unwrap_or(letter)
        }
        '\u{1fb3}' | '\u{1fc3}' | '\u{1ff3}' => {
            char::from_u32(u32::from(letter) + 9).unwrap_or(letter)
        }
        _ => single(letter, letter.to_uppercase()),
    }
}

/// The one letter of `mapped`, or `letter` where there are several.
fn single(letter: char, mut mapped: impl Iterator<Item = char>) -> char {
    match (mapped.next(), mapped.next()) {
        (Some(one), None) => one,
        _ => letter,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cased(case: Case, text: &str) -> String {
        let mut out = String::new();
        case.apply(text, &mut out);
        out
    }

    #[test]
    fn every_character_stays_one_character() {
        assert_eq!(cased(Case::Lower, "ÜBER İı ΑΣ ẞ"), "über iı ας ß".replace('ς', "σ"));
        assert_eq!(cased(Case::Upper, "straße ŉ ﬁ ǰ ᾳ ᾀ ᾧ ÿ"), "STRAßE ŉ ﬁ ǰ ᾼ ᾈ ᾯ Ÿ");
        for letter in (0..=0x0010_ffff).filter_map(char::from_u32) {
            let text = letter.to_string();
            // Among others that are not ASCII's, too.
            for case in [Case::Lower, Case::Upper] {
                assert!(cased(case, &format!("{text}ß")).starts_with(&cased(case, &text)));
            }
            assert_eq!(cased(Case::Lower, &text).chars().count(), 1);
            assert_eq!(cased(Case::Upper, &text).chars().count(), 1);
        }
    }
}
