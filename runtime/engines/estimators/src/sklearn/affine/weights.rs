//! Weights in a file: arrays, or sparse matrices (`sparsify()`).

use radiant_formats::Node;

use crate::sklearn::source::{Read, indices, vector};

/// Elements that a sparse matrix may have with its zeros.
const N_ELEMENTS_MAX: usize = 1 << 24;

/// Weights and their shape; those of a sparse matrix with its zeros.
pub(super) fn weights(node: Node<'_>) -> Read<(Vec<f64>, Vec<usize>)> {
    if node.is_a("scipy", "csr_matrix") || node.is_a("scipy", "csr_array") {
        compressed_rows(node)
    } else {
        node.floats()
    }
}

fn compressed_rows(node: Node<'_>) -> Read<(Vec<f64>, Vec<usize>)> {
    let shape = indices(node.attr_any(&["_shape", "shape"])?)?;
    let (n_rows, n_columns) = match shape[..] {
        [n_columns] => (1, n_columns),
        [n_rows, n_columns] => (n_rows, n_columns),
        _ => return Err(node.expected("a sparse matrix with one or two axes")),
    };
    let n_elements = n_rows
        .checked_mul(n_columns)
        .filter(|n_elements| *n_elements <= N_ELEMENTS_MAX)
        .ok_or_else(|| {
            node.unsupported(
                format_args!("a sparse matrix with shape [{n_rows}, {n_columns}]"),
                "call `densify()` before the model is saved",
            )
        })?;
    let values = vector(node.attr("data")?)?;
    let columns = indices(node.attr("indices")?)?;
    let ends = indices(node.attr("indptr")?)?;
    let broken = || node.expected("a sparse matrix whose parts fit together");
    if ends.len() != n_rows + 1 {
        return Err(broken());
    }
    let mut dense = vec![0.0; n_elements];
    for (row, ends) in ends.windows(2).enumerate() {
        let range = ends[0]..ends[1];
        let columns = columns.get(range.clone()).ok_or_else(broken)?;
        let values = values.get(range).ok_or_else(broken)?;
        for (&column, value) in columns.iter().zip(values) {
            if column >= n_columns {
                return Err(broken());
            }
            // Elements that are stored twice count together.
            dense[row * n_columns + column] += value;
        }
    }
    Ok((dense, shape))
}

#[cfg(test)]
mod tests {
    use radiant_formats::{Audit, Limits, object};

    use super::*;

    /// A sparse matrix as a pickle: the parts are opcodes of lists and tuples of numbers.
    fn dense(shape: &str, ends: &str, columns: &str) -> Result<(Vec<f64>, Vec<usize>), String> {
        let values = "(lF1.5\naF2.5\na";
        let state = format!("V_shape\n{shape}Vindptr\n{ends}Vindices\n{columns}Vdata\n{values}");
        let pickle =
            [b"cscipy.sparse._csr\ncsr_matrix\n)\x81}(".as_slice(), state.as_bytes(), b"ub."];
        let graph = object::read(pickle.concat(), &Limits::default(), &Audit::default());
        let graph = graph.map_err(|error| error.to_string())?;
        weights(graph.root()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_sparse_matrix_is_read_with_its_zeros() {
        let (ends, columns) = ("(lI0\naI1\naI2\na", "(lI2\naI0\na");
        let got = dense("(I2\nI3\nt", ends, columns);
        assert_eq!(got, Ok((vec![0.0, 0.0, 1.5, 2.5, 0.0, 0.0], vec![2, 3])));
        let got = dense("(I4\nt", "(lI0\naI2\na", "(lI3\naI1\na");
        assert_eq!(got, Ok((vec![0.0, 2.5, 0.0, 1.5], vec![4])));
    }

    #[test]
    fn broken_sparse_matrices_are_refused() {
        let (shape, ends, columns) = ("(I2\nI3\nt", "(lI0\naI1\naI2\na", "(lI2\naI0\na");
        for (shape, ends, columns) in [
            ("(I2\nI2\nt", ends, columns),
            ("(I3\nI3\nt", ends, columns),
            ("(I2\nI-3\nt", ends, columns),
            ("(I2\nI99999999\nt", ends, columns),
            ("(I2\nI3\nI1\nt", ends, columns),
            (shape, "(lI0\naI2\naI1\na", columns),
            (shape, "(lI0\naI1\naI3\na", columns),
            (shape, ends, "(lI0\na"),
        ] {
            assert!(dense(shape, ends, columns).is_err(), "{shape} {ends} {columns}");
        }
    }
}
