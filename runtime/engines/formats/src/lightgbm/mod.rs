//! Models of LightGBM 2.0 to 4.x: the text that `save_model` writes, wherever it is kept.
//!
//! Trees come out checked: children come after their parents, each node and leaf belongs to one way,
//! and indices are in range. The model as JSON (`dump_model`) is another format and no model file.

mod header;
mod model;
#[cfg(test)]
mod tests;
mod tree;

pub use model::{Category, Child, LinearLeaf, Missing, Model, Objective, Split, Test, Tree};

use crate::{FormatError, Limits, Place};

/// What ends the trees, in all versions or in some.
const ENDS: [&str; 3] = ["end of trees", "feature importances:", "feature_importances:"];

/// Reads a model.
///
/// Cost: one pass over the text; less than 40 bytes of memory for each byte of the file.
///
/// # Errors
/// When the text is no model, contradicts itself or asks for more than [`Limits`] allow.
pub fn read(bytes: &[u8], limits: &Limits) -> Result<Model, FormatError> {
    FormatError::check_limit(Place::File, "bytes", limits.file_bytes_max, bytes.len())?;
    let text = String::from_utf8_lossy(bytes);
    let mut lines = Lines { lines: text.lines(), number: 0 };
    if lines.next().map(str::trim_end) != Some("tree") {
        let place = Place::Line(1);
        return Err(FormatError::damaged(place, "`tree`: a LightGBM model", "something else"));
    }
    let header = Entries::read(&mut lines);
    let mut model = header::read(&header, limits)?;
    let mut is_tree = header.is_followed_by_tree;
    while is_tree {
        let n_trees = model.trees.len().saturating_add(1);
        FormatError::check_limit(Place::File, "trees", limits.trees_max, n_trees)?;
        let entries = Entries::read(&mut lines);
        model.trees.push(tree::read(&entries, model.n_features, limits)?);
        is_tree = entries.is_followed_by_tree;
    }
    header::check_trees(&header, &model)?;
    let marker = "pandas_categorical:";
    if let Some(listed) = text.lines().rev().find_map(|line| line.strip_prefix(marker)) {
        model.pandas_categories = header::pandas_categories(listed, limits)?;
    }
    Ok(model)
}

/// Lines with their numbers.
struct Lines<'a> {
    lines: std::str::Lines<'a>,
    number: u64,
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        self.number = self.number.saturating_add(1);
        self.lines.next()
    }
}

/// `key=value` lines up to the next tree or the end of them.
#[derive(Debug)]
struct Entries<'a> {
    place: Place,
    // There are a few dozen: a list is as good as a map.
    pairs: Vec<(&'a str, &'a str)>,
    is_followed_by_tree: bool,
}

impl<'a> Entries<'a> {
    /// More lines than any tree has are not kept.
    const MOST: usize = 64;

    fn read(lines: &mut Lines<'a>) -> Self {
        let place = Place::Line(lines.number);
        let mut pairs = Vec::new();
        for line in lines.by_ref() {
            if line.starts_with("Tree=") {
                return Self { place, pairs, is_followed_by_tree: true };
            }
            if ENDS.contains(&line.trim_end()) {
                break;
            }
            if pairs.len() < Self::MOST {
                pairs.push(line.split_once('=').unwrap_or((line, "")));
            }
        }
        Self { place, pairs, is_followed_by_tree: false }
    }

    fn get(&self, key: &str) -> Option<&'a str> {
        let entry = self.pairs.iter().find(|(name, _)| *name == key);
        entry.map(|(_, value)| value.trim_end_matches('\r'))
    }

    fn expect(&self, key: &str) -> Result<&'a str, FormatError> {
        self.get(key).ok_or_else(|| {
            FormatError::damaged(self.place.clone(), format_args!("`{key}=`"), "no such line")
        })
    }

    /// A number.
    fn number<T: std::str::FromStr>(&self, key: &str) -> Result<T, FormatError> {
        let text = self.expect(key)?;
        let wrong = |_| self.wrong(key, "a number", text);
        text.trim().parse().map_err(wrong)
    }

    /// Numbers with spaces between them; none if there is no such line.
    fn numbers<T: std::str::FromStr>(&self, key: &str) -> Result<Vec<T>, FormatError> {
        let words = self.get(key).unwrap_or_default().split_ascii_whitespace();
        let number = |word: &str| word.parse().map_err(|_| self.wrong(key, "numbers", word));
        words.map(number).collect()
    }

    /// As [`numbers`](Self::numbers), as many as are needed.
    fn numbers_of<T: std::str::FromStr>(&self, key: &str, n: usize) -> Result<Vec<T>, FormatError> {
        let numbers = self.numbers(key)?;
        if numbers.len() != n {
            let expected = format_args!("{n} numbers");
            return Err(self.wrong(key, expected, &numbers.len().to_string()));
        }
        Ok(numbers)
    }

    fn wrong(&self, key: &str, expected: impl std::fmt::Display, got: &str) -> FormatError {
        let expected = format_args!("{expected} in `{key}=`");
        FormatError::damaged(self.place.clone(), expected, format_args!("`{got}`"))
    }
}
