//! Operators of `ai.onnx.ml`.
//!
//! The specification says little of ranks. Where it leaves them open, the shapes here are those of
//! ONNX Runtime 1.32: a vector is one row to the models and to ArrayFeatureExtractor.
#![expect(clippy::unnecessary_wraps, reason = "all rules of the table have one signature")]

use super::dim::{Dim, Num};
use super::elementwise::{FLOAT, INT64, Outputs, STRING};
use super::op::{Infer, Info, Needed, Op};

/// The number of rows that a model sees.
fn rows(op: &Op<'_, '_>) -> Infer<Dim> {
    match op.dims(0)? {
        &[rows, _] => Ok(rows),
        [_] => Ok(Dim::Known(1)),
        _ => Err(super::op::Stop::Unknown),
    }
}

/// A row of numbers for each row.
fn matrix<'m>(op: &mut Op<'_, 'm>, elem: i32, columns: Option<Dim>) -> Outputs<'m> {
    let Ok(rows) = rows(op) else { return Ok(vec![Info::of_type(elem)]) };
    let columns = columns.unwrap_or_else(|| op.symbols.fresh());
    Ok(vec![Info::new(elem, vec![rows, columns])])
}

/// LinearRegressor and the tree ensembles that regress: so many targets a row.
pub(super) fn regressor<'m>(op: &mut Op<'_, 'm>, name: &str, default: i64) -> Outputs<'m> {
    let targets = Num::Known(op.int(name, default)?).dim();
    matrix(op, FLOAT, targets.filter(|targets| *targets != Dim::Known(0)))
}

/// TreeEnsemble: the type is that of the input.
pub(super) fn tree_ensemble<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    let (elem, targets) = (op.elem(0), op.int("n_targets", 1)?);
    matrix(op, elem, Num::Known(targets).dim())
}

pub(super) fn svm_regressor<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    matrix(op, FLOAT, Some(Dim::Known(1)))
}

/// Classifiers: a label and scores for each row. How many scores there are depends on the kind and
/// on whether there are two classes, so that it is known for trees of more alone.
pub(super) fn classifier<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    let ints = ["classlabels_ints", "classlabels_int64s"];
    let n_ints = ints.iter().map(|name| op.attr_ints(name).map_or(0, <[i64]>::len)).sum::<usize>();
    let n_texts = op.node.strings("classlabels_strings").map_or(0, |texts| texts.len());
    let n_classes = n_ints.saturating_add(n_texts);
    let elem = if n_texts > 0 { STRING } else { INT64 };
    let is_trees = op.node.op_type == "TreeEnsembleClassifier";
    let columns = (is_trees && n_classes > 1).then_some(Dim::Known(n_classes));
    let Ok(rows) = rows(op) else { return Ok(vec![Info::of_type(elem), Info::of_type(FLOAT)]) };
    let columns = columns.unwrap_or_else(|| op.symbols.fresh());
    Ok(vec![Info::new(elem, vec![rows]), Info::new(FLOAT, vec![rows, columns])])
}

/// ArrayFeatureExtractor: some columns.
pub(super) fn extract<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    let elem = op.elem(0);
    let (Ok(dims), Ok(indices)) = (op.dims(0), op.dims(1)) else {
        return Ok(vec![Info::of_type(elem)]);
    };
    let columns = op.symbols.product(indices);
    let mut dims = dims.to_vec();
    match dims.as_mut_slice() {
        [] => return Err(super::op::Stop::Unknown),
        [_] => dims = vec![Dim::Known(1), columns],
        [.., last] => *last = columns,
    }
    Ok(vec![Info::new(elem, dims)])
}

/// LabelEncoder and CategoryMapper: what the keys map to.
pub(super) fn encode<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    let values = [
        ("values_strings", STRING),
        ("values_int64s", INT64),
        ("values_floats", FLOAT),
        ("classes_strings", 0),
        ("cats_strings", 0),
    ];
    let found = values.iter().find(|(name, _)| op.has_attr(name));
    let elem = match found {
        Some((_, 0)) if op.elem(0) == STRING => INT64,
        Some((_, 0)) if op.elem(0) == INT64 => STRING,
        Some((_, elem)) => *elem,
        None => {
            let table = op.node.attribute("values_tensor").and_then(|values| values.t.as_ref());
            table.map_or(0, |table| table.data_type)
        }
    };
    super::elementwise::same_of(op, elem)
}

/// OneHotEncoder: one more axis, of the categories.
pub(super) fn one_hot<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    let n_ints = op.attr_ints("cats_int64s")?.len();
    let n_texts = op.node.strings("cats_strings").map_or(0, |texts| texts.len());
    let mut dims = op.dims(0)?.to_vec();
    dims.push(Dim::Known(n_ints.max(n_texts)));
    Ok(vec![Info::new(FLOAT, dims)])
}

/// FeatureVectorizer: the columns of all inputs side by side.
pub(super) fn vectorize<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    let widths = op.attr_ints("inputdimensions")?;
    let total = widths.iter().try_fold(0_i64, |sum, &width| sum.checked_add(width));
    matrix(op, FLOAT, total.and_then(|total| Num::Known(total).dim()))
}

/// TfIdfVectorizer: as many columns as the largest index asks for, in place of the last axis.
pub(super) fn tf_idf<'m>(op: &mut Op<'_, 'm>) -> Outputs<'m> {
    let largest = op.attr_ints("ngram_indexes")?.iter().max().needed()?;
    let columns = largest.checked_add(1).and_then(|n| Num::Known(n).dim()).needed()?;
    let dims = match op.dims(0)? {
        [_] => vec![columns],
        &[rows, _] => vec![rows, columns],
        _ => return Err(super::op::Stop::Unknown),
    };
    Ok(vec![Info::new(FLOAT, dims)])
}
