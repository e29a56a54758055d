//! TfIdfVectorizer: how often each n-gram of a pool is in a sequence of tokens.
//!
//! An n-gram may leave out the same number of tokens between any two of its own, up to
//! `max_skip_count`; n-grams of one token are counted once. The pool is a tree of tokens.

use std::collections::HashMap;

use radiant_core::{DType, Error, TensorData};

use crate::Unsupported;
use crate::fact::Fact;
use crate::registers::Inputs;

use crate::op::{Built, NodeContext, Op, Outputs};

/// Where the tree starts, and what a token that is in no n-gram is.
const ROOT: u32 = 0;
const UNKNOWN: u32 = u32::MAX;

/// What comes out for an n-gram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Its number.
    Tf,
    /// Its weight if it is there.
    Idf,
    /// Its number times its weight.
    TfIdf,
}

/// Tokens as small numbers.
enum Tokens {
    Texts(HashMap<Box<[u8]>, u32>),
    Ints(HashMap<i64, u32>),
}

impl Tokens {
    fn len(&self) -> usize {
        match self {
            Self::Texts(tokens) => tokens.len(),
            Self::Ints(tokens) => tokens.len(),
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Gram {
    column: usize,
    weight: f32,
}

/// Nodes that tokens lead to.
struct Tree {
    /// From the root: an entry a token.
    first: Vec<Option<u32>>,
    /// From other nodes.
    others: HashMap<(u32, u32), u32>,
}

impl Tree {
    fn next(&self, node: u32, token: u32) -> Option<u32> {
        match node {
            ROOT => self.first.get(token as usize).copied().flatten(),
            _ => self.others.get(&(node, token)).copied(),
        }
    }

    /// The node that a token leads to, which is `new` if there is none yet.
    fn next_or(&mut self, node: u32, token: u32, new: u32) -> u32 {
        match self.first.get_mut(token as usize) {
            Some(first) if node == ROOT => *first.get_or_insert(new),
            _ => *self.others.entry((node, token)).or_insert(new),
        }
    }
}

struct TfIdfVectorizer {
    tokens: Tokens,
    tree: Tree,
    /// The n-gram that ends at each node.
    grams: Vec<Option<Gram>>,
    mode: Mode,
    n_columns: usize,
    min_length: usize,
    max_length: usize,
    max_skip: usize,
}

impl TfIdfVectorizer {
    /// The tokens of an input, each as a small number.
    fn numbers(&self, data: &TensorData) -> Vec<u32> {
        let known = |number: Option<&u32>| number.copied().unwrap_or(UNKNOWN);
        match (&self.tokens, data) {
            (Tokens::Texts(tokens), TensorData::Bytes(texts)) => {
                texts.iter().map(|text| known(tokens.get(text))).collect()
            }
            (Tokens::Ints(tokens), TensorData::I64(ints)) => {
                ints.iter().map(|int| known(tokens.get(int))).collect()
            }
            (Tokens::Ints(tokens), TensorData::I32(ints)) => {
                ints.iter().map(|&int| known(tokens.get(&i64::from(int)))).collect()
            }
            // Tokens of another type are in no n-gram.
            (_, data) => vec![UNKNOWN; data.len()],
        }
    }

    /// Adds the n-grams of a row to its columns.
    fn row(&self, tokens: &[u32], out: &mut [f32]) {
        let mut min_length = self.min_length;
        for distance in 1..=self.max_skip.saturating_add(1) {
            // An n-gram of two tokens or more is longer than this.
            if distance > 1 && distance >= tokens.len() || min_length > self.max_length {
                break;
            }
            for start in 0..tokens.len() {
                self.grams_from(&tokens[start..], distance, min_length, out);
            }
            min_length = min_length.max(2);
        }
    }

    /// Adds the n-grams that start with the first token.
    fn grams_from(&self, tokens: &[u32], distance: usize, min_length: usize, out: &mut [f32]) {
        let mut node = ROOT;
        for (length, &token) in (1..=self.max_length).zip(tokens.iter().step_by(distance)) {
            let Some(next) = self.tree.next(node, token) else { return };
            node = next;
            let gram = self.grams.get(node as usize).copied().flatten();
            if let Some(Gram { column, weight }) = gram.filter(|_| length >= min_length) {
                match self.mode {
                    Mode::Tf => out[column] += 1.0,
                    Mode::Idf => out[column] = weight,
                    Mode::TfIdf => out[column] += weight,
                }
            }
        }
    }
}

impl Op for TfIdfVectorizer {
    fn run(&self, inputs: Inputs<'_>, mut outputs: Outputs<'_>) -> Result<(), Error> {
        let view = inputs.view(0)?;
        let dims = match *view.shape.dims() {
            [_] => [1, self.n_columns],
            [n_rows, _] => [n_rows, self.n_columns],
            _ => {
                let message = format!("expected tokens of one or two axes, got {}", view.shape);
                return Err(Error::model_failed(message));
            }
        };
        let n_tokens = view.data.len().checked_div(dims[0]).unwrap_or(0);
        let is_row = view.shape.rank() == 1;
        let out = outputs.first().reset::<f32>(if is_row { &dims[1..] } else { &dims })?;
        out.resize(dims[0] * self.n_columns, 0.0);
        let tokens = self.numbers(view.data);
        if n_tokens > 0 {
            let rows = tokens.chunks_exact(n_tokens);
            rows.zip(out.chunks_exact_mut(self.n_columns)).for_each(|(row, out)| {
                self.row(row, out);
            });
        }
        Ok(())
    }
}

/// Builds a TfIdfVectorizer: `[n_columns]` of one sequence and `[n_rows, n_columns]` of several, f32.
pub(super) fn tf_idf_vectorizer(context: &mut NodeContext<'_>) -> Result<Built, Unsupported> {
    context.attributes(&[
        "max_gram_length",
        "max_skip_count",
        "min_gram_length",
        "mode",
        "ngram_counts",
        "ngram_indexes",
        "pool_int64s",
        "pool_strings",
        "weights",
    ])?;
    context.expect_dtypes(0, &[DType::Bytes, DType::I64, DType::I32])?;
    let op = read(context)?;
    let n_columns = Some(op.n_columns);
    let dims = match context.fact(0)?.dims.as_deref() {
        None => None,
        Some([_]) => Some(vec![n_columns]),
        Some(&[n_rows, _]) => Some(vec![n_rows, n_columns]),
        Some(dims) => {
            return Err(context.refuse(format!("input of rank {} is not supported", dims.len())));
        }
    };
    Ok(Built::unary(op, Fact { dtype: DType::F32, dims }))
}

fn read(context: &NodeContext<'_>) -> Result<TfIdfVectorizer, Unsupported> {
    let node = context.node;
    let mode = match node.string("mode")?.unwrap_or_default() {
        "TF" => Mode::Tf,
        "IDF" => Mode::Idf,
        "TFIDF" => Mode::TfIdf,
        other => return Err(context.refuse_value("mode", other)),
    };
    let number = |name: &str, least: usize| {
        let value = node.int(name, -1)?;
        let number = usize::try_from(value).ok().filter(|&number| number >= least);
        number.ok_or_else(|| context.refuse_value(name, value))
    };
    let (min_length, max_length) = (number("min_gram_length", 1)?, number("max_gram_length", 1)?);
    let max_skip = number("max_skip_count", 0)?;
    if min_length > max_length || max_length > node.ints("ngram_counts")?.len() {
        return Err(context.refuse_value("max_gram_length", max_length));
    }
    let pool = Pool::read(context)?;
    let grams = pool.grams(context)?;
    let columns = columns(context, mode, grams.len())?;
    let n_columns = columns.iter().map(|gram| gram.column + 1).max().unwrap_or(0);
    let mut tree = Tree { first: vec![None; pool.tokens.len()], others: HashMap::new() };
    let mut ends = vec![None];
    for (gram, column) in grams.into_iter().zip(columns) {
        // Shorter and longer ones are in the pool, but not counted.
        if !(min_length..=max_length).contains(&gram.len()) {
            continue;
        }
        let mut node = ROOT;
        for &token in gram {
            let next = u32::try_from(ends.len()).unwrap_or(UNKNOWN);
            node = tree.next_or(node, token, next);
            if node == next {
                ends.push(None);
            }
        }
        match ends.get_mut(node as usize) {
            Some(end @ None) => *end = Some(column),
            _ => return Err(context.refuse("expected each n-gram once in the pool")),
        }
    }
    let (tokens, grams) = (pool.tokens, ends);
    Ok(TfIdfVectorizer { tokens, tree, grams, mode, n_columns, min_length, max_length, max_skip })
}

/// The n-grams of a node, back to back.
struct Pool {
    tokens: Tokens,
    numbers: Vec<u32>,
}

impl Pool {
    fn read(context: &NodeContext<'_>) -> Result<Self, Unsupported> {
        let node = context.node;
        let (texts, ints) = (node.strings("pool_strings")?, node.ints("pool_int64s")?);
        let is_text = context.fact(0)?.dtype == DType::Bytes;
        if texts.is_empty() == ints.is_empty() || texts.is_empty() == is_text {
            return Err(context.refuse("expected one pool of n-grams, of the input's type"));
        }
        let number = |n_tokens: usize| u32::try_from(n_tokens).unwrap_or(UNKNOWN);
        if is_text {
            let mut tokens: HashMap<Box<[u8]>, u32> = HashMap::new();
            let numbers = texts.iter().map(|text| {
                let next = number(tokens.len());
                *tokens.entry(text.as_bytes().into()).or_insert(next)
            });
            let numbers = numbers.collect();
            return Ok(Self { tokens: Tokens::Texts(tokens), numbers });
        }
        let mut tokens = HashMap::new();
        let numbers = ints.iter().map(|&int| {
            let next = number(tokens.len());
            *tokens.entry(int).or_insert(next)
        });
        let numbers = numbers.collect();
        Ok(Self { tokens: Tokens::Ints(tokens), numbers })
    }

    /// The n-grams: from each entry of `ngram_counts` on, those of one token more.
    fn grams(&self, context: &NodeContext<'_>) -> Result<Vec<&[u32]>, Unsupported> {
        let counts = context.node.ints("ngram_counts")?;
        let refused = || context.refuse_value("ngram_counts", format!("{counts:?}"));
        let starts: Result<Vec<usize>, _> = counts.iter().map(|&at| usize::try_from(at)).collect();
        let mut starts = starts.map_err(|_error| refused())?;
        // Entries before the first n-gram would be in none.
        if starts.first() != Some(&0) {
            return Err(refused());
        }
        starts.push(self.numbers.len());
        let mut grams = Vec::new();
        for (length, bounds) in (1..).zip(starts.windows(2)) {
            let [start, end] = *bounds else { continue };
            let part = self.numbers.get(start..end).ok_or_else(refused)?.chunks_exact(length);
            if !part.remainder().is_empty() {
                return Err(refused());
            }
            grams.extend(part);
        }
        Ok(grams)
    }
}

/// Columns that come out of one row.
const COLUMNS_MAX: usize = 1 << 24;

/// The column and weight of each n-gram of the pool.
fn columns(
    context: &NodeContext<'_>,
    mode: Mode,
    n_grams: usize,
) -> Result<Vec<Gram>, Unsupported> {
    let node = context.node;
    let (indexes, weights) = (node.ints("ngram_indexes")?, node.floats("weights")?);
    if indexes.len() != n_grams || (weights.len() != n_grams && !weights.is_empty()) {
        let (n_indexes, n_weights) = (indexes.len(), weights.len());
        let what = format!(
            "expected {n_grams} ngram_indexes and as many weights, got {n_indexes} and {n_weights}"
        );
        return Err(context.refuse(what));
    }
    let gram = |(at, &index): (usize, &i64)| {
        let column = usize::try_from(index).ok().filter(|&column| column < COLUMNS_MAX);
        let column = column.ok_or_else(|| context.refuse_value("ngram_indexes", index))?;
        Ok(Gram { column, weight: weights.get(at).copied().unwrap_or(1.0) })
    };
    let grams = indexes.iter().enumerate().map(gram).collect::<Result<Vec<_>, Unsupported>>()?;
    // Which of two weights would count depends on the order of the tokens.
    let mut used: Vec<usize> = grams.iter().map(|gram| gram.column).collect();
    used.sort_unstable();
    let is_shared = used.windows(2).any(|pair| pair[0] == pair[1]);
    if mode == Mode::Idf && is_shared && !weights.is_empty() {
        return Err(context.refuse("n-grams of one column are not supported in mode `IDF`"));
    }
    Ok(grams)
}
