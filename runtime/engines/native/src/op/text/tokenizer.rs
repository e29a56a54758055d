//! Tokenizer of `com.microsoft`: the tokens of each string, in a new last axis.
//!
//! Tokens are single characters, what stands between separators, or what an expression matches.
//! Separators are expressions too. Shorter rows are filled up with a padding string. As in
//! onnxruntime 1.32 (`tokenizer.cc`), expressions match the first and longest text; separators
//! apply one after the other; where no string has a token there are no marks either; and after a
//! token that is too short the search goes on at its second character. Where there is no string,
//! the new axis is there nevertheless.

use radiant_core::{DType, Error, Strings};

use crate::Unsupported;
use crate::fact::Fact;
use crate::registers::Inputs;

use crate::op::{Built, NodeContext, Op, Outputs};

use super::pattern::LongestPattern;
use super::{strings_of, text};

/// Strings put before and after the tokens of a string where they are marked.
const MARKS: [&[u8]; 2] = [b"\x02", b"\x03"];

/// Bytes of all strings that come out, those that fill up included.
const BYTES_MAX: usize = 1 << 29;

enum Rule {
    Characters,
    Separators(Vec<LongestPattern>),
    Matches(LongestPattern),
}

struct Tokenizer {
    rule: Rule,
    padding: Box<[u8]>,
    is_marked: bool,
    /// Characters that a token has at least.
    n_chars_min: usize,
}

/// Where a token is in its string.
type Span = (usize, usize);

impl Tokenizer {
    /// Appends the tokens of a string to `out`.
    fn tokens(&self, text: &str, out: &mut Vec<Span>) {
        match &self.rule {
            Rule::Characters => {
                out.extend(text.char_indices().map(|(at, letter)| (at, at + letter.len_utf8())));
            }
            _ if !self.is_long(text) => {}
            Rule::Separators(separators) => {
                let first = out.len();
                out.push((0, text.len()));
                for separator in separators {
                    let spans = out.split_off(first);
                    for span in spans {
                        self.separate(text, span, separator, out);
                    }
                }
            }
            Rule::Matches(pattern) => self.matches(text, pattern, out),
        }
    }

    fn is_long(&self, text: &str) -> bool {
        text.chars().take(self.n_chars_min).count() == self.n_chars_min
    }

    /// Appends what stands between separators in a part of a string, which counts as a string of
    /// its own.
    fn separate(
        &self,
        text: &str,
        (offset, end): Span,
        separator: &LongestPattern,
        out: &mut Vec<Span>,
    ) {
        let part = text.get(offset..end).unwrap_or_default();
        let mut keep = |from: usize, to: usize| {
            if part.get(from..to).is_some_and(|token| self.is_long(token)) {
                out.push((offset + from, offset + to));
            }
        };
        let mut start = 0;
        while let Some((from, to)) = find(separator, part, start) {
            keep(start, from);
            start = if to > from { to } else { next_char(part, from) };
        }
        if start <= part.len() {
            keep(start, part.len());
        }
    }

    fn matches(&self, text: &str, pattern: &LongestPattern, out: &mut Vec<Span>) {
        let mut start = 0;
        while let Some((from, to)) = find(pattern, text, start) {
            if text.get(from..to).is_some_and(|token| self.is_long(token)) {
                out.push((from, to));
                start = to;
            } else {
                start = next_char(text, from);
            }
        }
    }
}

/// The next match, unless the search is past the end.
fn find(pattern: &LongestPattern, text: &str, start: usize) -> Option<Span> {
    if start > text.len() { None } else { pattern.find(text, start) }
}

/// Where the character after the one at `at` begins; past the end where there is none.
fn next_char(text: &str, at: usize) -> usize {
    let letter = text.get(at..).and_then(|rest| rest.chars().next());
    at + letter.map_or(1, char::len_utf8)
}

impl Op for Tokenizer {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let strings = strings_of(&inputs, 0)?;
        let mut shape = inputs.view(0)?.shape.clone();
        let (mut tokens, mut ends) = (Vec::new(), Vec::with_capacity(strings.len()));
        let mut n_columns = 0;
        for string in strings.iter() {
            let first = tokens.len();
            self.tokens(text(string)?, &mut tokens);
            n_columns = n_columns.max(tokens.len() - first);
            ends.push(tokens.len());
        }
        // Marks stand only where there are tokens.
        let n_marks = if self.is_marked && n_columns > 0 { MARKS.len() } else { 0 };
        n_columns += n_marks;
        self.check_size(strings, n_columns)?;
        shape.push(n_columns);
        let out = outputs.first().reset_strings(shape.dims())?;
        if n_columns == 0 {
            return Ok(());
        }
        let mut first = 0;
        for (string, &end) in strings.iter().zip(&ends) {
            let spans = tokens.get(first..end).unwrap_or_default();
            self.write(string, spans, n_columns - n_marks, out);
            first = end;
        }
        Ok(())
    }
}

impl Tokenizer {
    /// Refuses to write more than a request is worth.
    fn check_size(&self, strings: &Strings, n_columns: usize) -> Result<(), Error> {
        let each = self.padding.len().saturating_add(size_of::<usize>());
        let n_bytes = strings.len().saturating_mul(n_columns).saturating_mul(each);
        if n_bytes <= BYTES_MAX {
            return Ok(());
        }
        let n_strings = strings.len();
        Err(Error::model_failed(format!(
            "expected tokens of at most {BYTES_MAX} bytes, got {n_strings} strings of {n_columns}"
        )))
    }

    /// Writes the tokens of a string, the mark at the end before what fills up.
    fn write(&self, string: &[u8], tokens: &[Span], n_tokens: usize, out: &mut Strings) {
        if self.is_marked {
            out.push(MARKS[0]);
        }
        for &(from, to) in tokens {
            out.push(string.get(from..to).unwrap_or_default());
        }
        if self.is_marked {
            out.push(MARKS[1]);
        }
        for _ in tokens.len()..n_tokens {
            out.push(&self.padding);
        }
    }
}

/// Builds a Tokenizer: strings of the input's shape and one axis more.
pub(in crate::op) fn tokenizer(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&[
        "mark",
        "mincharnum",
        "pad_value",
        "separators",
        "stopwords",
        "tokenexp",
    ])?;
    context.expect_dtype(0, DType::Bytes)?;
    let node = context.node;
    if !node.strings("stopwords")?.is_empty() {
        return Err(context.refuse_value("stopwords", "any"));
    }
    let mincharnum = node.int("mincharnum", 0)?;
    let n_chars_min = usize::try_from(mincharnum).ok().filter(|&n| n > 0);
    let n_chars_min = n_chars_min.ok_or_else(|| context.refuse_value("mincharnum", mincharnum))?;
    let rule = rule(context)?;
    if matches!(rule, Rule::Characters) && n_chars_min > 1 {
        return Err(context.refuse_value("mincharnum", mincharnum));
    }
    let padding = node.string("pad_value")?.unwrap_or_default().as_bytes().into();
    let is_marked = node.int("mark", 0)? != 0;
    let dims = match &context.fact(0)?.dims {
        Some(dims) if !matches!(dims.len(), 1 | 2) => {
            return Err(context.refuse(format!("input of rank {} is not supported", dims.len())));
        }
        dims => dims.clone(),
    };
    let dims = dims.map(|mut dims| {
        dims.push(None);
        dims
    });
    let op = Tokenizer { rule, padding, is_marked, n_chars_min };
    Ok(Built::unary(op, Fact { dtype: DType::Bytes, dims }))
}

fn rule(context: &NodeContext<'_>) -> Result<Rule, Unsupported> {
    let separators = context.node.strings("separators")?;
    let expression = context.node.string("tokenexp")?.unwrap_or_default();
    let compile = |name: &str, pattern: &str| {
        LongestPattern::new(pattern)
            .map_err(|error| context.refuse(format!("attribute `{name}`: `{pattern}`: {error}")))
    };
    match (&*separators, expression) {
        ([""], "") | ([], ".") => Ok(Rule::Characters),
        ([], "") => Err(context.refuse("expected `separators` or `tokenexp`, got neither")),
        ([], expression) => Ok(Rule::Matches(compile("tokenexp", expression)?)),
        (separators, "") if !separators.contains(&"") => {
            let patterns = separators.iter().map(|pattern| compile("separators", pattern));
            Ok(Rule::Separators(patterns.collect::<Result<_, _>>()?))
        }
        _ => Err(context.refuse_value("separators", format!("{separators:?}"))),
    }
}
