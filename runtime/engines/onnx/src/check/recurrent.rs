//! Recurrent layers: do their weights fit each other and what they are applied to?
//!
//! Not every engine compares them, and a matrix kernel that trusts a wrong shape reads beyond its
//! memory. Shapes are those of RNN-14, GRU-14 and LSTM-14 in the ONNX operator specification.

use crate::OnnxError;
use crate::pb::NodeProto;

/// What is known of the shapes of a recurrent layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fit {
    /// All shapes are known and fit. So it is for every node that is no recurrent layer.
    Proven,
    /// What is known fits, but something is not: which input.
    Unproven(String),
}

/// The extents of one value, `None` where unknown.
type Dims = Vec<Option<usize>>;

/// What one extent of an input must be.
#[derive(Debug, Clone, Copy)]
enum Extent {
    /// Nothing else has to agree with it.
    Any,
    /// This, where it is known.
    Same(Option<usize>),
}

/// Compares the shapes of a recurrent layer's inputs; `dims` gives those of a value by name.
///
/// Reading a model does this with the shapes that the file declares. An engine whose kernels trust
/// the shapes must do it again with those it has inferred, and refuse what stays unproven.
///
/// # Errors
/// [`OnnxError::Invalid`] where two shapes disagree.
pub fn check_recurrent(
    node: &NodeProto,
    dims: impl Fn(&str) -> Option<Dims>,
) -> Result<Fit, OnnxError> {
    let n_gates = match (node.canonical_domain(), node.op_type.as_str()) {
        ("", "RNN") => 1,
        ("", "GRU") => 3,
        ("", "LSTM") => 4,
        _ => return Ok(Fit::Proven),
    };
    let input = |index| node.input_name(index).and_then(&dims);
    let extent = |index: usize, axis: usize| input(index)?.get(axis).copied().flatten();
    let hidden_size = usize::try_from(node.int("hidden_size", 0)?).ok().filter(|&size| size > 0);
    let hidden = hidden_size.or_else(|| extent(2, 2));
    let times = |n: usize| Same(hidden.map(|hidden| hidden.saturating_mul(n)));
    use Extent::{Any, Same};
    let directions = Same(Some(n_directions(node)?));
    let features = Same(extent(1, 2));
    let (gates, biases) = (times(n_gates), times(n_gates.saturating_mul(2)));
    let expected: [(&str, &[Extent]); 8] = [
        ("X", &[Any, Any, features]),
        ("W", &[directions, gates, features]),
        ("R", &[directions, gates, Same(hidden)]),
        ("B", &[directions, biases]),
        ("sequence_lens", &[Any]),
        ("initial_h", &[Any, Any, Same(hidden)]),
        ("initial_c", &[Any, Any, Same(hidden)]),
        ("P", &[directions, times(3)]),
    ];
    let mut fit = Fit::Proven;
    for (index, (what, expected)) in expected.into_iter().enumerate() {
        let Some(name) = node.input_name(index) else { continue };
        let got = dims(name);
        match fits(expected, got.as_deref()) {
            Some(true) => {}
            Some(false) => fit = Fit::Unproven(format!("input {what} `{name}`")),
            None => {
                let place = format_args!("{}: input {what} `{name}`", node.place());
                let expected = expected.iter().map(|extent| match *extent {
                    Any => None,
                    Same(extent) => extent,
                });
                let got = shape(got.unwrap_or_default().into_iter());
                return Err(OnnxError::invalid(place, shape(expected), got));
            }
        }
    }
    Ok(fit)
}

fn n_directions(node: &NodeProto) -> Result<usize, OnnxError> {
    match node.string("direction")? {
        None | Some("forward" | "reverse") => Ok(1),
        Some("bidirectional") => Ok(2),
        Some(other) => {
            let place = format_args!("{}: attribute `direction`", node.place());
            let expected = "`forward`, `reverse` or `bidirectional`";
            Err(OnnxError::invalid(place, expected, format_args!("`{other}`")))
        }
    }
}

/// Whether a shape is what it must be; `None` if it is not, false where too little is known.
fn fits(expected: &[Extent], got: Option<&[Option<usize>]>) -> Option<bool> {
    let Some(got) = got else { return Some(false) };
    if expected.len() != got.len() {
        return None;
    }
    let mut proven = true;
    for (expected, got) in expected.iter().zip(got) {
        match (expected, got) {
            (Extent::Same(Some(expected)), Some(got)) if expected != got => return None,
            (Extent::Same(Some(_)), Some(_)) | (Extent::Any, _) => {}
            (Extent::Same(_), _) => proven = false,
        }
    }
    Some(proven)
}

/// `[1, -1]`: -1 where any extent fits.
fn shape(dims: impl Iterator<Item = Option<usize>>) -> String {
    let dims = dims.map(|dim| dim.map_or_else(|| "-1".to_owned(), |dim| dim.to_string()));
    format!("[{}]", dims.collect::<Vec<_>>().join(", "))
}
