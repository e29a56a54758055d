//! Characters as Python's regular expressions tell them.

use std::sync::LazyLock;

use regex_automata::meta::Regex;

/// Letters and numbers, of which the standard library knows a few more.
static ALPHANUMERIC: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\A[\p{L}\p{N}]\z").ok());
/// Decimal digits.
static DIGIT: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\A\p{Nd}\z").ok());

fn is_one_of(class: &LazyLock<Option<Regex>>, letter: char) -> bool {
    let mut buffer = [0; 4];
    class.as_ref().is_some_and(|class| class.is_match(&*letter.encode_utf8(&mut buffer)))
}

/// `\w`: a letter, a number or `_`; combining marks are none.
pub(super) fn is_word(letter: char) -> bool {
    if letter.is_ascii() {
        return letter.is_ascii_alphanumeric() || letter == '_';
    }
    if !letter.is_alphanumeric() {
        return false;
    }
    // Where nothing but letters and numbers is alphabetic.
    let is_plain = matches!(
        letter,
        '\u{80}'..'\u{345}' | '\u{370}'..'\u{483}' | '\u{3041}'..'\u{3100}'
            | '\u{4e00}'..'\u{a000}' | '\u{ac00}'..'\u{d7a4}'
    );
    is_plain || is_one_of(&ALPHANUMERIC, letter)
}

/// `\d`
pub(super) fn is_digit(letter: char) -> bool {
    letter.is_ascii_digit()
        || (!letter.is_ascii() && letter.is_numeric() && is_one_of(&DIGIT, letter))
}

/// `\s`
pub(super) fn is_space(letter: char) -> bool {
    letter.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_those_of_python() {
        for letter in "aZ5_äσЖ日あ한½²٣ªʰ".chars() {
            assert!(is_word(letter), "{letter}");
        }
        // A combining dot, a vowel sign, a circled letter, an undertie, a joiner, blanks and signs.
        for letter in "\u{307}\u{93e}\u{24b6}\u{203f}\u{200d}-. '’€".chars() {
            assert!(!is_word(letter), "{letter}");
        }
        assert!("5٣".chars().all(is_digit) && !"²½a".chars().any(is_digit));
        assert!(" \t\n\u{85}\u{a0}\u{1c}\u{3000}".chars().all(is_space) && !is_space('\u{200b}'));
    }

    /// The ranges that are taken for plain hold no letter that is none for Python.
    #[test]
    fn plain_ranges_are_plain() {
        for letter in '\u{80}'..='\u{ffff}' {
            let is_listed = letter.is_alphanumeric() && is_one_of(&ALPHANUMERIC, letter);
            assert_eq!(is_word(letter), is_listed, "{letter:?}");
        }
    }
}
