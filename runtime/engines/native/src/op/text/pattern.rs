//! Regular expressions of RE2, which is what models are written for.
//!
//! Expressions are translated to those of the `regex` family: in RE2 the classes `\w`, `\d`, `\s`
//! and word boundaries are ASCII's, characters are Unicode's, and a class has no operators.
//! What has no counterpart (`\C`, octal escapes) is refused. Time is linear in the text.
//! <https://github.com/google/re2/wiki/Syntax>

use std::fmt::Write as _;
use std::iter::Peekable;
use std::str::Chars;

use regex_automata::meta::{Config, Regex};
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input, MatchKind};

/// Bytes that an expression may take once compiled, and that a search may keep.
const COMPILED_BYTES_MAX: usize = 4 << 20;
const CACHE_BYTES_MAX: usize = 2 << 20;
/// How deep groups may be nested.
const NEST_MAX: u32 = 100;
/// How often a part may be repeated by number, as in RE2.
const REPETITIONS_MAX: u32 = 1000;

/// An expression that tells whether it matches all of a text.
#[derive(Debug)]
pub(super) struct FullPattern(Regex);

impl FullPattern {
    /// Compiles an expression, or says why not.
    pub(super) fn new(pattern: &str) -> Result<Self, String> {
        compile(&format!(r"\A(?:{})\z", translate(pattern)?), MatchKind::LeftmostFirst).map(Self)
    }

    pub(super) fn matches(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

/// An expression that finds the first match, and of those the longest.
#[derive(Debug)]
pub(super) enum LongestPattern {
    /// One ASCII character of some or more, as most words are told: whether each byte is one.
    Run(Box<[bool; 256]>),
    Any {
        first: Regex,
        /// All matches from a place on, of which the last found is the longest.
        all: Regex,
    },
}

impl LongestPattern {
    /// Compiles an expression, or says why not.
    pub(super) fn new(pattern: &str) -> Result<Self, String> {
        if let Some(one) = pattern.strip_suffix('+').filter(|one| is_plain_class(one)) {
            let one = FullPattern::new(one)?;
            let is_one = |byte: usize| {
                let letter = u8::try_from(byte).ok().filter(u8::is_ascii).map(char::from);
                letter.is_some_and(|letter| one.matches(letter.encode_utf8(&mut [0])))
            };
            return Ok(Self::Run(Box::new(std::array::from_fn(is_one))));
        }
        let pattern = translate(pattern)?;
        let first = compile(&pattern, MatchKind::LeftmostFirst)?;
        Ok(Self::Any { first, all: compile(&pattern, MatchKind::All)? })
    }

    /// The bounds of the first match that begins at `from` or later.
    pub(super) fn find(&self, text: &str, from: usize) -> Option<(usize, usize)> {
        match self {
            Self::Run(is_one) => {
                let is_one = |byte: &u8| is_one[usize::from(*byte)];
                let rest = text.as_bytes().get(from..)?;
                let start = rest.iter().position(is_one)?;
                let rest = rest.get(start..)?;
                let len = rest.iter().position(|byte| !is_one(byte)).unwrap_or(rest.len());
                Some((from + start, from + start + len))
            }
            Self::Any { first, all } => {
                let input = Input::new(text).range(from..);
                let first = first.search(&input)?;
                let input = input.range(first.start()..).anchored(Anchored::Yes);
                let end = all.search_half(&input).map_or(first.end(), |longest| longest.offset());
                Some((first.start(), end))
            }
        }
    }
}

/// Whether an expression is a class of ASCII letters, digits and `_`, with nothing else in it.
fn is_plain_class(pattern: &str) -> bool {
    let inside = pattern.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let is_plain = |inside: &str| {
        inside.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
    };
    matches!(pattern, r"\w" | r"\d") || inside.is_some_and(is_plain)
}

fn compile(pattern: &str, kind: MatchKind) -> Result<Regex, String> {
    let config = Config::new()
        .match_kind(kind)
        .nfa_size_limit(Some(COMPILED_BYTES_MAX))
        .hybrid_cache_capacity(CACHE_BYTES_MAX);
    let syntax = syntax::Config::new().nest_limit(NEST_MAX);
    let regex = Regex::builder().configure(config).syntax(syntax).build(pattern);
    regex.map_err(|error| error.syntax_error().map_or(error.to_string(), ToString::to_string))
}

/// An expression of RE2 in the syntax of the `regex` family.
fn translate(pattern: &str) -> Result<String, String> {
    let mut translator = Translator { rest: pattern.chars().peekable(), out: String::new() };
    while let Some(letter) = translator.rest.next() {
        match letter {
            '\\' => translator.escape(false)?,
            '[' => translator.class()?,
            '(' => translator.group()?,
            '{' => translator.repetition()?,
            '}' | ']' => translator.literal(letter),
            _ => translator.out.push(letter),
        }
    }
    Ok(translator.out)
}

struct Translator<'a> {
    rest: Peekable<Chars<'a>>,
    out: String,
}

impl Translator<'_> {
    /// Writes a character that stands for itself, in a class or not.
    fn literal(&mut self, letter: char) {
        // Writing to a string cannot fail.
        let _infallible = write!(self.out, "\\x{{{:x}}}", u32::from(letter));
    }

    /// What follows a backslash.
    fn escape(&mut self, in_class: bool) -> Result<(), String> {
        let letter = self.rest.next().ok_or("expected a character after `\\`, got none")?;
        match letter {
            'w' | 'W' => self.set("0-9A-Za-z_", letter == 'W', in_class),
            'd' | 'D' => self.set("0-9", letter == 'D', in_class),
            's' | 'S' => self.set(r"\t\n\f\r ", letter == 'S', in_class),
            'a' | 'f' | 'n' | 'r' | 't' | 'v' | 'x' => {
                self.out.push('\\');
                self.out.push(letter);
                if letter == 'x' && self.rest.peek() == Some(&'{') {
                    self.braces()?;
                }
            }
            'p' | 'P' => self.property(letter == 'P')?,
            'A' | 'z' if !in_class => {
                self.out.push('\\');
                self.out.push(letter);
            }
            'b' | 'B' if !in_class && self.rest.peek() != Some(&'{') => {
                self.out.push_str(if letter == 'b' { r"(?-u:\b)" } else { r"(?-u:\B)" });
            }
            'Q' if !in_class => self.quotation(),
            _ if letter.is_ascii() && !letter.is_ascii_alphanumeric() => self.literal(letter),
            _ => return Err(format!("`\\{letter}` is not supported")),
        }
        Ok(())
    }

    /// A set of characters, or all others.
    fn set(&mut self, set: &str, is_negated: bool, in_class: bool) {
        match (is_negated, in_class) {
            (false, true) => self.out.push_str(set),
            (false, false) => self.out.extend(["[", set, "]"]),
            (true, _) => self.out.extend(["[^", set, "]"]),
        }
    }

    /// Copies `{...}`, which is next.
    fn braces(&mut self) -> Result<(), String> {
        for letter in self.rest.by_ref() {
            self.out.push(letter);
            if letter == '}' {
                return Ok(());
            }
        }
        Err("expected `}`, got the end".to_owned())
    }

    /// A Unicode property: one letter, or a name in braces, which `^` turns around.
    fn property(&mut self, is_negated: bool) -> Result<(), String> {
        let letter = self.rest.next().ok_or("expected a property, got the end")?;
        let mut name = String::new();
        if letter == '{' {
            name.extend(self.rest.by_ref().take_while(|&letter| letter != '}'));
        } else {
            name.push(letter);
        }
        let (name, is_turned) = match name.strip_prefix('^') {
            Some(name) => (name, true),
            None => (&*name, false),
        };
        if name.is_empty()
            || !name.chars().all(|letter| letter.is_ascii_alphabetic() || letter == '_')
        {
            return Err(format!("property `{name}` is not supported"));
        }
        let escape = if is_negated == is_turned { "\\p{" } else { "\\P{" };
        self.out.extend([escape, name, "}"]);
        Ok(())
    }

    /// Characters that stand for themselves up to `\E`.
    fn quotation(&mut self) {
        while let Some(letter) = self.rest.next() {
            if letter == '\\' && self.rest.peek() == Some(&'E') {
                self.rest.next();
                return;
            }
            self.literal(letter);
        }
    }

    /// A class, after its `[`.
    fn class(&mut self) -> Result<(), String> {
        self.out.push('[');
        if self.rest.next_if_eq(&'^').is_some() {
            self.out.push('^');
        }
        let mut is_first = true;
        while let Some(letter) = self.rest.next() {
            match letter {
                ']' if !is_first => {
                    self.out.push(']');
                    return Ok(());
                }
                '\\' => self.escape(true)?,
                '[' if self.rest.peek() == Some(&':') => self.named_set()?,
                '-' if self.rest.peek() == Some(&'-') => {
                    return Err("`--` in a class is not supported".to_owned());
                }
                '-' => self.out.push('-'),
                _ => self.literal(letter),
            }
            is_first = false;
        }
        Err("expected `]`, got the end".to_owned())
    }

    /// `[:name:]` in a class, after its `[`.
    fn named_set(&mut self) -> Result<(), String> {
        self.out.push('[');
        for letter in self.rest.by_ref() {
            self.out.push(letter);
            match letter {
                ']' => return Ok(()),
                ':' | '^' => {}
                _ if letter.is_ascii_lowercase() => {}
                _ => break,
            }
        }
        Err("expected `[:name:]` in a class, got something else".to_owned())
    }

    /// A group, after its `(`. What it captures is not asked for.
    fn group(&mut self) -> Result<(), String> {
        self.out.push_str("(?");
        if self.rest.next_if_eq(&'?').is_none() {
            self.out.push(':');
            return Ok(());
        }
        let is_named = self.rest.next_if_eq(&'P').is_some();
        if self.rest.next_if_eq(&'<').is_some() {
            self.out.push(':');
            let mut name = self.rest.by_ref().take_while(|&letter| letter != '>');
            let is_name = name.all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
            return if is_name { Ok(()) } else { Err("expected the name of a group".to_owned()) };
        }
        while let Some(letter) = self.rest.next().filter(|_| !is_named) {
            self.out.push(letter);
            match letter {
                'i' | 'm' | 's' | 'U' | '-' => {}
                ':' | ')' => return Ok(()),
                _ => break,
            }
        }
        Err("expected a group or flags after `(?`, got something else".to_owned())
    }

    /// A number of repetitions, after its `{`; a brace of its own otherwise.
    fn repetition(&mut self) -> Result<(), String> {
        let mut ahead = self.rest.clone();
        let inside: String = ahead.by_ref().take_while(|&letter| letter != '}').collect();
        let (least, most) = inside.split_once(',').unwrap_or((&inside, ""));
        let is_number = |text: &str| text.bytes().all(|digit| digit.is_ascii_digit());
        let is_closed = self.rest.clone().nth(inside.chars().count()) == Some('}');
        if !is_closed || least.is_empty() || !is_number(least) || !is_number(most) {
            self.literal('{');
            return Ok(());
        }
        let is_too_many =
            |text: &str| text.parse::<u32>().map_or(!text.is_empty(), |n| n > REPETITIONS_MAX);
        if is_too_many(least) || is_too_many(most) {
            return Err(format!("`{{{inside}}}`: more than {REPETITIONS_MAX} repetitions"));
        }
        self.out.extend(["{", &inside, "}"]);
        self.rest = ahead;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn runs_of_plain_classes_are_found_without_an_automaton() {
        for pattern in ["[a-zA-Z0-9_]+", r"\w+", r"\d+", "[-a]+"] {
            let is_run = matches!(LongestPattern::new(pattern), Ok(LongestPattern::Run(_)));
            assert!(is_run, "{pattern}");
        }
        for pattern in ["[^a]+", "[a]", "[a]+b", "a+", r"[\w.]+", "[[:alpha:]]+", r"\s+", "[a]*"] {
            let is_any = matches!(LongestPattern::new(pattern), Ok(LongestPattern::Any { .. }));
            assert!(is_any, "{pattern}");
        }
        for pattern in ["[]+", "[z-a]+", "[a--b]+"] {
            assert!(LongestPattern::new(pattern).is_err(), "{pattern}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_run_is_what_the_automaton_finds(text in "[a-c0_ é.-]{0,12}", from in 0..14_usize) {
            prop_assume!(text.is_char_boundary(from));
            for class in ["[a-b_]", r"\w", r"\d", "[c-]"] {
                let run = LongestPattern::new(&format!("{class}+")).unwrap();
                let any = LongestPattern::new(&format!("(?:{class})+")).unwrap();
                prop_assert_eq!(run.find(&text, from), any.find(&text, from));
            }
        }
    }
}
