//! Runs programs of regular expressions over texts, in time linear in the text.
//!
//! All ways through a program are followed at once, the preferred ones first, so that a match is the
//! one that Python's backtracking finds.

use super::letter::is_word;
use super::pattern::{Look, Step};

/// A way through a program.
#[derive(Debug, Clone, Copy)]
struct Thread {
    at: usize,
    start: usize,
    /// The group that is asked for.
    group: [Option<usize>; 2],
}

/// A match: its bounds and those of its group, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Match {
    start: usize,
    end: usize,
    group: [Option<usize>; 2],
}

/// A program and what of a match counts.
#[derive(Debug)]
pub(super) struct Machine {
    program: Vec<Step>,
    has_group: bool,
}

/// Ways that wait for a character, the preferred ones first.
#[derive(Debug)]
struct Ways {
    threads: Vec<Thread>,
    /// Which steps were reached at this place.
    is_there: Vec<bool>,
}

impl Ways {
    fn new(n: usize) -> Self {
        Self { threads: Vec::new(), is_there: vec![false; n] }
    }

    fn clear(&mut self) {
        self.threads.clear();
        self.is_there.fill(false);
    }
}

impl Machine {
    pub(super) fn new(program: Vec<Step>) -> Self {
        let has_group = program.iter().any(|step| matches!(step, Step::Save(_)));
        Self { program, has_group }
    }

    /// All matches from left to right that do not overlap, or their groups.
    pub(super) fn each(&self, text: &str, mut each: impl FnMut(&str)) {
        let letters: Vec<(usize, char)> = text.char_indices().collect();
        let byte = |at: usize| letters.get(at).map_or(text.len(), |(byte, _)| *byte);
        let (mut from, mut must_move) = (0, false);
        while let Some(found) = self.find(&letters, from, must_move) {
            let (start, end) = match found.group {
                _ if !self.has_group => (found.start, found.end),
                [Some(start), Some(end)] => (start, end),
                _ => (0, 0),
            };
            each(text.get(byte(start)..byte(end)).unwrap_or_default());
            must_move = found.end == found.start;
            from = found.end;
        }
    }

    /// The first match from a place on; an empty one there does not count if it `must_move`.
    fn find(&self, letters: &[(usize, char)], from: usize, must_move: bool) -> Option<Match> {
        let mut now = Ways::new(self.program.len());
        let mut next = Ways::new(self.program.len());
        let mut found: Option<Match> = None;
        for at in from..=letters.len() {
            if found.is_none() {
                let thread = Thread { at: 0, start: at, group: [None; 2] };
                self.follow(&mut now, thread, letters, at);
            }
            if now.threads.is_empty() && found.is_some() {
                break;
            }
            let letter = letters.get(at).map(|(_, letter)| *letter);
            for thread in &now.threads {
                match (&self.program[thread.at], letter) {
                    (Step::Match, _) => {
                        if must_move && at == from {
                            continue;
                        }
                        let Thread { start, group, .. } = *thread;
                        found = Some(Match { start, end: at, group });
                        // Those behind are less preferred.
                        break;
                    }
                    (Step::Class(class), Some(letter)) if class.has(letter) => {
                        let thread = Thread { at: thread.at + 1, ..*thread };
                        self.follow(&mut next, thread, letters, at + 1);
                    }
                    _ => {}
                }
            }
            std::mem::swap(&mut now, &mut next);
            next.clear();
        }
        found
    }

    /// Adds the ways that a way becomes before the next character.
    fn follow(&self, ways: &mut Ways, thread: Thread, letters: &[(usize, char)], place: usize) {
        let mut stack = vec![thread];
        while let Some(mut thread) = stack.pop() {
            if std::mem::replace(&mut ways.is_there[thread.at], true) {
                continue;
            }
            match &self.program[thread.at] {
                Step::Class(_) | Step::Match => ways.threads.push(thread),
                Step::Jump(to) => stack.push(Thread { at: *to, ..thread }),
                Step::Split(first, second) => {
                    stack.push(Thread { at: *second, ..thread });
                    stack.push(Thread { at: *first, ..thread });
                }
                Step::Save(end) => {
                    thread.group[*end] = Some(place);
                    stack.push(Thread { at: thread.at + 1, ..thread });
                }
                Step::Look(look) => {
                    if holds(*look, letters, place) {
                        stack.push(Thread { at: thread.at + 1, ..thread });
                    }
                }
            }
        }
    }
}

fn holds(look: Look, letters: &[(usize, char)], place: usize) -> bool {
    let is_word_at = |at: Option<usize>| {
        at.and_then(|at| letters.get(at)).is_some_and(|(_, letter)| is_word(*letter))
    };
    match look {
        Look::Boundary(is) => (is_word_at(place.checked_sub(1)) != is_word_at(Some(place))) == is,
        Look::Start => place == 0,
        Look::End => place == letters.len(),
        Look::LineEnd => matches!(letters.get(place..), Some([] | [(_, '\n')])),
    }
}

#[cfg(test)]
mod tests {
    use super::super::pattern::compile;
    use super::*;

    fn all(pattern: &str, text: &str) -> Vec<String> {
        let machine = Machine::new(compile(pattern).expect("is an expression"));
        let mut found = Vec::new();
        machine.each(text, |token| found.push(token.to_owned()));
        found
    }

    /// Answers of `re.findall` of Python 3.11.
    #[test]
    fn matches_are_those_of_python() {
        for (pattern, text, expected) in FOUND {
            assert_eq!(all(pattern, text), *expected, "{pattern} in {text:?}");
        }
    }

    #[test]
    fn what_is_not_offered_is_named() {
        for (pattern, why) in [
            (r"(?=a)", "a group `(?=`"),
            (r"(a)(b)", "more than one group"),
            (r"(a)\1", "an escape `\\1`"),
            (r"(?i)a", "a group `(?i`"),
            (r"a{9999}", "it is too large"),
            (r"((((a{99}){99}){99}){99}){99}", "more than one group"),
            (r"(?:(?:(?:a{99}){99}){99}){99}", "it is too large"),
            (r"[b-a]", "a range of characters that is none"),
            (r"a)", "a `)` without `(`"),
            (r"[a", "a `[` without `]`"),
            (r"*a", "nothing to repeat before `*`"),
        ] {
            assert_eq!(compile(pattern).err().as_deref(), Some(why), "{pattern}");
        }
        assert!(compile(&"(?:".repeat(100_000)).is_err());
        assert!(compile("(?:a?){,4000000000}").is_err());
        assert!(compile("(?:(?:){4000000000}){4000000000}").is_ok());
    }

    const FOUND: &[(&str, &str, &[&str])] = &[
        (
            r"(?u)\b\w\w+\b",
            "the cat-sat i\u{307}stanbul a1 _b",
            &["the", "cat", "sat", "stanbul", "a1", "_b"],
        ),
        (r"\b([a-z])\w*\b", "éa ab c 1d dog", &["a", "c", "d"]),
        (r"[a-z]+", "Ab cd9ef", &["b", "cd", "ef"]),
        (r"\w*", "ab, c", &["ab", "", "", "c", ""]),
        (r"a|ab", "ab aab", &["a", "a", "a"]),
        (r"ab|a", "ab aab", &["ab", "a", "ab"]),
        (r"(?:a|b)+?c", "aabc bbc", &["aabc", "bbc"]),
        (r"\d{2,3}", "1 12 123 1234 12345", &["12", "123", "123", "123", "45"]),
        (r"[^\W\d_]+", "foo1_bar ä2", &["foo", "bar", "ä"]),
        (r"^\w+|\w+$", "one two three\n", &["one", "three"]),
        (r"\S+", "a  b\tc\u{a0}d", &["a", "b", "c", "d"]),
        (r"(?:a*)*b", "aab b", &["aab", "b"]),
        (r"[\w'-]+", "it's well-known", &["it's", "well-known"]),
        (r"(x)?a", "a xa", &["", "x"]),
        (r"\bcat\b", "cat concat cat_ cat.", &["cat", "cat"]),
        (r"\B\w", "ab c", &["b"]),
        (r"[]a]+", "]a[", &["]a"]),
        (r"[a\-z]+", "a-z b", &["a-z"]),
        (r"a{,2}", "aaa", &["aa", "a", ""]),
        (r"(?P<w>\w)\w", "abcd", &["a", "c"]),
        (r"#\w+|@\w+", "#tag @you", &["#tag", "@you"]),
        (r"a??b", "ab b", &["ab", "b"]),
        (r".", "a\nb", &["a", "b"]),
        (r"\x41\u00e9", "Aé", &["Aé"]),
    ];
}
