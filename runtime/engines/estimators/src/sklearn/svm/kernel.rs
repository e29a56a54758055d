//! Kernels of libsvm: how alike a row and the support vectors are.

use radiant_core::Error;

use crate::sklearn::data::Table;
use crate::sklearn::intake::Intake;
use crate::sklearn::neighbours::points::Points;
use crate::sklearn::neighbours::stored::{Relation, StoredPoints};
use crate::sklearn::reduce::sparse::StoredRows;
use crate::sklearn::source::{Matrix, Read, Source, matrix};

/// A kernel function.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Function {
    Linear,
    Polynomial { gamma: f64, offset: f64, degree: u32 },
    Radial { gamma: f64 },
    Sigmoid { gamma: f64, offset: f64 },
}

/// Support vectors and a kernel.
#[derive(Debug)]
pub(super) struct Kernel {
    function: Function,
    vectors: Vectors,
}

#[derive(Debug)]
enum Vectors {
    Dense(Points),
    /// Of a machine that was trained with rows that are mostly zero.
    Stored(StoredPoints),
}

const WAY_OUT: &str = "train with one of linear, poly, rbf, sigmoid";

impl Kernel {
    pub(super) fn read(source: &Source<'_>) -> Read<Self> {
        let function = function(source)?;
        let node = source.attr("support_vectors_")?;
        if StoredRows::is_one(node) {
            let vectors = Vectors::Stored(StoredPoints::new(&StoredRows::read(node)?));
            return Ok(Self { function, vectors });
        }
        let vectors = matrix(node)?;
        if vectors.n_columns == 0 {
            return Err(node.expected("at least one feature"));
        }
        Ok(Self { function, vectors: Vectors::Dense(Points::new(&vectors)) })
    }

    pub(super) fn n_vectors(&self) -> usize {
        match &self.vectors {
            Vectors::Dense(vectors) => vectors.len(),
            Vectors::Stored(vectors) => vectors.len(),
        }
    }

    pub(super) fn n_features(&self) -> usize {
        match &self.vectors {
            Vectors::Dense(vectors) => vectors.n_features(),
            Vectors::Stored(vectors) => vectors.n_features(),
        }
    }

    /// Reads the weights of the vectors, which are stored as these are.
    pub(super) fn weights(&self, source: &Source<'_>, n_rows: usize) -> Read<Matrix> {
        let node = source.attr("_dual_coef_")?;
        if !StoredRows::is_one(node) {
            return source.matrix_of("_dual_coef_", n_rows, self.n_vectors());
        }
        let shape = (n_rows, self.n_vectors());
        StoredRows::read(node)?
            .into_full()
            .filter(|weights| (weights.n_rows, weights.n_columns) == shape)
            .ok_or_else(|| node.expected(format_args!("all weights of shape {shape:?}")))
    }

    /// Tells of each row the kernel with every support vector.
    ///
    /// # Errors
    /// What is wrong with the rows.
    pub(super) fn each(
        &self,
        intake: &Intake,
        x: &Table<'_>,
        mut tell: impl FnMut(&[f64]),
    ) -> Result<usize, Error> {
        let is_radial = matches!(self.function, Function::Radial { .. });
        match &self.vectors {
            Vectors::Dense(vectors) => {
                let rows = intake.doubles(x)?;
                let mut values = vec![0.0; vectors.len()];
                for row in rows.iter() {
                    if is_radial {
                        vectors.squares(row, &mut values);
                    } else {
                        vectors.dots(row, &mut values);
                    }
                    self.function.apply(&mut values);
                    tell(&values);
                }
                Ok(rows.n_rows)
            }
            Vectors::Stored(vectors) => {
                let relation = if is_radial { Relation::Squares } else { Relation::Dots };
                vectors.each(intake, x, relation, &mut |values| {
                    self.function.apply(values);
                    tell(values);
                })
            }
        }
    }
}

impl Function {
    /// Makes kernels of dot products, or of squares of distances where it is radial.
    fn apply(self, values: &mut [f64]) {
        match self {
            Self::Linear => {}
            Self::Polynomial { gamma, offset, degree } => {
                for value in values {
                    *value = power(gamma * *value + offset, degree);
                }
            }
            Self::Radial { gamma } => {
                for value in values {
                    *value = (-gamma * *value).exp();
                }
            }
            Self::Sigmoid { gamma, offset } => {
                for value in values {
                    *value = (gamma * *value + offset).tanh();
                }
            }
        }
    }
}

fn function(source: &Source<'_>) -> Read<Function> {
    let node = source.attr("kernel")?;
    let Some(name) = node.text_opt() else {
        return Err(source.unsupported("a kernel of your own", WAY_OUT));
    };
    let gamma = || source.attr("_gamma")?.float();
    let offset = || source.number("coef0", 0.0);
    Ok(match &*name {
        "linear" => Function::Linear,
        "rbf" => Function::Radial { gamma: gamma()? },
        "sigmoid" => Function::Sigmoid { gamma: gamma()?, offset: offset()? },
        "poly" => {
            let degree = source.attr("degree")?;
            let number = degree.index()?;
            let number = u32::try_from(number).map_err(|_| degree.expected("a small number"))?;
            Function::Polynomial { gamma: gamma()?, offset: offset()?, degree: number }
        }
        _ => return Err(source.unsupported(format_args!("kernel `{name}`"), WAY_OUT)),
    })
}

/// A power by repeated squaring, in the order of libsvm.
fn power(base: f64, mut exponent: u32) -> f64 {
    let (mut square, mut result) = (base, 1.0);
    while exponent > 0 {
        if exponent % 2 == 1 {
            result *= square;
        }
        square *= square;
        exponent /= 2;
    }
    result
}

/// A dot product, in four sums.
pub(super) fn dot(x: &[f64], y: &[f64]) -> f64 {
    let (x_blocks, x_rest) = x.as_chunks::<4>();
    let (y_blocks, y_rest) = y.as_chunks::<4>();
    let mut sums = [0.0; 4];
    for (x, y) in x_blocks.iter().zip(y_blocks) {
        for (sum, (x, y)) in sums.iter_mut().zip(x.iter().zip(y)) {
            *sum += x * y;
        }
    }
    let rest: f64 = x_rest.iter().zip(y_rest).map(|(x, y)| x * y).sum();
    sums.iter().sum::<f64>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_and_dots_are_what_they_say() {
        assert_eq!(power(3.0, 0), 1.0);
        assert_eq!(power(-2.0, 5), -32.0);
        let x: Vec<f64> = (0..7).map(f64::from).collect();
        assert_eq!(dot(&x, &x), 91.0);
        assert_eq!(dot(&[], &[]), 0.0);
    }
}
