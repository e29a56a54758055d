//! Texts to the terms that vectorizers count: words, or characters.

use std::borrow::Cow;
use std::collections::HashSet;

use radiant_core::Error;
use radiant_formats::Content;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;

use super::letter::{is_space, is_word};
use super::machine::Machine;
use super::pattern;
use super::stop_words::ENGLISH;
use crate::sklearn::data::{Array, Cell, Data, Table};
use crate::sklearn::source::{Read, Source};

/// What terms are made of.
#[derive(Debug)]
enum Unit {
    /// Runs of at least so many word characters, without stop words.
    Runs(usize, HashSet<Box<str>>),
    /// Matches of an expression, without stop words.
    Pattern(Machine, HashSet<Box<str>>),
    Letters,
    /// Letters of a word, with a blank before and behind it.
    LettersOfWords,
}

/// What becomes of accents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Accents {
    Stay,
    /// Characters beyond ASCII go.
    ToAscii,
    /// Combining marks go.
    Go,
    /// As `Go`, but texts that are decomposed already stay (0.20).
    GoUnlessDecomposed,
}

/// How a vectorizer takes texts apart.
#[derive(Debug)]
pub(super) struct Analyzer {
    lowers: bool,
    accents: Accents,
    unit: Unit,
    /// How many units a term has, at least and at most.
    least: usize,
    most: usize,
}

impl Analyzer {
    pub(super) fn read(source: &Source<'_>) -> Read<Self> {
        let way_out = "use the vectorizer's own options, or serve it as a component of your own";
        for name in ["preprocessor", "tokenizer"] {
            if source.some(name)?.is_some() {
                return Err(source.unsupported(format_args!("a `{name}` of your own"), way_out));
            }
        }
        if source.choice("input", "content")? != "content" {
            return Err(source.unsupported("texts in files", "fit it with input='content'"));
        }
        let node = source.attr("analyzer")?;
        let name = node
            .text_opt()
            .ok_or_else(|| source.unsupported("an `analyzer` of your own", way_out))?;
        let unit = match &*name {
            "word" => words(source)?,
            "char" => Unit::Letters,
            "char_wb" => Unit::LettersOfWords,
            _ => return Err(node.expected("`word`, `char` or `char_wb`")),
        };
        let accents = match source.some("strip_accents")? {
            None => Accents::Stay,
            Some(node) => match node.text_opt().as_deref() {
                Some("ascii") => Accents::ToAscii,
                Some("unicode") if source.since(0, 21) => Accents::Go,
                Some("unicode") => Accents::GoUnlessDecomposed,
                Some(_) => return Err(node.expected("`ascii` or `unicode`")),
                None => {
                    return Err(source.unsupported("`strip_accents` of your own", way_out));
                }
            },
        };
        let range = source.attr("ngram_range")?;
        let [least, most] = range.tuple()?;
        let (least, most) = (least.index()?, most.index()?);
        if least == 0 || most < least {
            return Err(range.expected("a range from 1"));
        }
        Ok(Self { lowers: source.flag("lowercase", true)?, accents, unit, least, most })
    }

    /// Makes no terms that are longer than the longest of these.
    pub(super) fn limit<'t>(&mut self, terms: impl Iterator<Item = &'t str>) {
        let length = |term: &str| match self.unit {
            Unit::Letters | Unit::LettersOfWords => term.chars().count(),
            // Terms of words have blanks between these, and perhaps more.
            Unit::Runs(..) | Unit::Pattern(..) => term.matches(' ').count() + 1,
        };
        self.most = self.most.min(terms.map(length).max().unwrap_or(0));
    }

    /// Calls for each term of a text.
    pub(super) fn each(&self, text: &str, mut each: impl FnMut(&str)) {
        let text = self.plain(text);
        match &self.unit {
            Unit::Runs(least, stop_words) => {
                let runs = text.split(|letter| !is_word(letter));
                let is_word = |run: &&str| {
                    run.len() >= *least && (*least < 2 || run.chars().nth(least - 1).is_some())
                };
                let words = runs.filter(is_word).filter(|word| !stop_words.contains(*word));
                self.word_terms(words, each);
            }
            Unit::Pattern(machine, stop_words) => {
                let mut words = Vec::new();
                machine.each(&text, |word| words.push(word.to_owned()));
                let words = words.iter().map(String::as_str);
                self.word_terms(words.filter(|word| !stop_words.contains(*word)), each);
            }
            Unit::Letters => {
                let text = collapsed(&text);
                let ends: Vec<_> = ends(&text);
                for n in self.least..=self.most.min(ends.len().saturating_sub(1)) {
                    for bounds in ends.windows(n + 1) {
                        each(text.get(bounds[0]..bounds[n]).unwrap_or_default());
                    }
                }
            }
            Unit::LettersOfWords => {
                for word in text.split(is_space).filter(|word| !word.is_empty()) {
                    self.word_letters(&format!(" {word} "), &mut each);
                }
            }
        }
    }

    /// Lower case, without accents.
    fn plain<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let text = if self.lowers { Cow::Owned(text.to_lowercase()) } else { Cow::Borrowed(text) };
        if self.accents == Accents::Stay || text.is_ascii() {
            return text;
        }
        let is_mark = |letter: char| canonical_combining_class(letter) != 0;
        match self.accents {
            Accents::Stay => text,
            Accents::ToAscii => Cow::Owned(text.nfkd().filter(char::is_ascii).collect()),
            Accents::GoUnlessDecomposed if text.nfkd().eq(text.chars()) => text,
            Accents::Go | Accents::GoUnlessDecomposed => {
                Cow::Owned(text.nfkd().filter(|letter| !is_mark(*letter)).collect())
            }
        }
    }

    /// Each run of words with one blank between them.
    fn word_terms<'w>(&self, words: impl Iterator<Item = &'w str>, mut each: impl FnMut(&str)) {
        if self.most == 1 {
            return words.for_each(each);
        }
        let words: Vec<&str> = words.collect();
        let mut term = String::new();
        for n in self.least..=self.most.min(words.len()) {
            for words in words.windows(n) {
                term.clear();
                for (at, word) in words.iter().enumerate() {
                    if at > 0 {
                        term.push(' ');
                    }
                    term.push_str(word);
                }
                each(&term);
            }
        }
    }

    /// Each run of letters of a word; all of a shorter word, once.
    fn word_letters(&self, word: &str, each: &mut impl FnMut(&str)) {
        let ends = ends(word);
        let n_letters = ends.len() - 1;
        for n in self.least..=self.most {
            if n >= n_letters {
                each(word);
                break;
            }
            for bounds in ends.windows(n + 1) {
                each(word.get(bounds[0]..bounds[n]).unwrap_or_default());
            }
        }
    }
}

/// Where letters begin, and the end of the last.
fn ends(text: &str) -> Vec<usize> {
    text.char_indices().map(|(at, _)| at).chain([text.len()]).collect()
}

/// Two or more blanks become one; a single one stays what it is.
fn collapsed(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        if is_space(letter) && letters.next_if(|next| is_space(*next)).is_some() {
            while letters.next_if(|next| is_space(*next)).is_some() {}
            out.push(' ');
        } else {
            out.push(letter);
        }
    }
    out
}

fn words(source: &Source<'_>) -> Read<Unit> {
    let stop_words = match source.some("stop_words")? {
        None => HashSet::new(),
        Some(node) => match node.content() {
            Content::Text(name) if name == "english" => ENGLISH.split(' ').map(Box::from).collect(),
            Content::Text(_) => return Err(node.expected("`english` or a list of words")),
            _ => node.items()?.map(|word| Ok(word.text()?.into())).collect::<Read<_>>()?,
        },
    };
    let node = source.attr("token_pattern")?;
    let text = node.text()?;
    Ok(match text.strip_prefix("(?u)").unwrap_or(&text) {
        r"\b\w\w+\b" | r"\w\w+" | r"\w{2,}" | r"\b\w{2,}\b" => Unit::Runs(2, stop_words),
        r"\b\w+\b" | r"\w+" => Unit::Runs(1, stop_words),
        pattern => {
            let program = pattern::compile(pattern).map_err(|why| {
                source.unsupported(
                    format_args!("the token pattern `{text}`, which has {why}"),
                    "use a pattern of characters, classes, groups and repetitions",
                )
            })?;
            Unit::Pattern(Machine::new(program), stop_words)
        }
    })
}

/// Calls for each text of a table of texts.
///
/// # Errors
/// It has several columns, or something in it is no text.
pub(super) fn texts(class: &str, x: &Table<'_>, mut each: impl FnMut(&str)) -> Result<(), Error> {
    let refused = |what: &str| {
        Err(Error::invalid_input(format!("{class}: expected a text a row, got {what}")))
    };
    if x.n_columns() != 1 {
        return refused(&format!("{} columns", x.n_columns()));
    }
    let column;
    let data = match x {
        Table::Array(Array { data, .. }) => data,
        table => match table.column(0) {
            Some(data) => {
                column = data;
                &column
            }
            None => return refused("none"),
        },
    };
    match data {
        Data::Text(texts) => {
            for text in texts.iter() {
                match std::str::from_utf8(text) {
                    Ok(text) => each(text),
                    Err(_) => return refused("bytes that are no UTF-8"),
                }
            }
        }
        Data::Cells(cells) => {
            for cell in cells.iter() {
                match cell {
                    Cell::Text(text) => each(text),
                    Cell::None => return refused("null"),
                    Cell::Bool(_) | Cell::Int(_) | Cell::Float(_) => return refused("a number"),
                }
            }
        }
        Data::F64(_) | Data::F32(_) | Data::I64(_) | Data::Bool(_) => return refused("numbers"),
    }
    Ok(())
}
