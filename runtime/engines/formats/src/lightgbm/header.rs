//! What stands before the trees, and after them.

use super::Entries;
use super::model::{Category, Model, Objective};
use crate::json::Value;
use crate::{FormatError, Limits, json};

/// Reads all but the trees.
pub(super) fn read(header: &Entries<'_>, limits: &Limits) -> Result<Model, FormatError> {
    let place = || header.place.clone();
    let last_feature: u64 = header.number("max_feature_idx")?;
    let n_features = usize::try_from(last_feature.saturating_add(1)).unwrap_or(usize::MAX);
    FormatError::check_limit(place(), "features", limits.features_max, n_features)?;
    let n_outputs: usize = header.number("num_tree_per_iteration")?;
    FormatError::check_limit(place(), "outputs", limits.outputs_max, n_outputs)?;
    if n_outputs == 0 {
        return Err(header.wrong("num_tree_per_iteration", "at least 1", "0"));
    }
    let names = header.get("feature_names").unwrap_or_default();
    Ok(Model {
        version: header.get("version").unwrap_or("v2").to_owned(),
        n_features,
        n_outputs,
        objective: header.get("objective").and_then(objective),
        is_average: header.get("average_output").is_some(),
        feature_names: names.split_ascii_whitespace().map(str::to_owned).collect(),
        pandas_categories: Vec::new(),
        trees: Vec::new(),
    })
}

fn objective(text: &str) -> Option<Objective> {
    let mut words = text.split_ascii_whitespace();
    let name = words.next()?.to_owned();
    let pair = |word: &str| {
        let (key, value) = word.split_once(':').unwrap_or((word, ""));
        (key.to_owned(), value.to_owned())
    };
    Some(Objective { name, parameters: words.map(pair).collect() })
}

/// Checks that all trees are there.
pub(super) fn check_trees(header: &Entries<'_>, model: &Model) -> Result<(), FormatError> {
    let n_trees = model.trees.len();
    let sizes = header.get("tree_sizes").map(|sizes| sizes.split_ascii_whitespace().count());
    if let Some(expected) = sizes.filter(|&sizes| sizes != n_trees) {
        let expected = format_args!("{expected} trees, as many as `tree_sizes=` lists");
        return Err(FormatError::damaged(header.place.clone(), expected, n_trees));
    }
    if n_trees.checked_rem(model.n_outputs) != Some(0) {
        let expected = format_args!("a multiple of {} trees", model.n_outputs);
        return Err(FormatError::damaged(header.place.clone(), expected, n_trees));
    }
    Ok(())
}

/// Reads `null` or a list of lists.
pub(super) fn pandas_categories(
    text: &str,
    limits: &Limits,
) -> Result<Vec<Vec<Category>>, FormatError> {
    let document = json::parse(text.trim().as_bytes(), limits)?;
    let wrong = |value: &Value<'_>| {
        let path = format!("pandas_categorical {}", value.path());
        FormatError::damaged(path, "lists of categories", value.kind_name())
    };
    let root = document.root();
    if root.is_null() {
        return Ok(Vec::new());
    }
    if !root.is_list() {
        return Err(wrong(&root));
    }
    let column = |column: Value<'_>| {
        if let Ok(numbers) = column.f64s() {
            return Ok(numbers.into_iter().map(Category::Number).collect());
        }
        if let Ok(truths) = column.bools() {
            return Ok(truths.into_iter().map(Category::Bool).collect());
        }
        let category = |value: Value<'_>| match value.as_text() {
            Some(text) => Ok(Category::Text(text.into_owned())),
            None => value.as_f64().map(Category::Number).ok_or_else(|| wrong(&value)),
        };
        if column.is_list() { column.items().map(category).collect() } else { Err(wrong(&column)) }
    };
    root.items().map(column).collect()
}
