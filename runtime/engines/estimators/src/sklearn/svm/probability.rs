//! Probabilities of libsvm: a logistic function for each pair of classes, and pairs coupled.

use crate::sklearn::source::{Read, Source, vector};

/// Probabilities of pairs are kept away from 0 and 1 by so much.
const MARGIN: f64 = 1e-7;

/// A slope and an offset for each pair of classes.
#[derive(Debug)]
pub(super) struct Platt {
    // Invariant: both have one for each pair.
    slopes: Vec<f64>,
    offsets: Vec<f64>,
}

impl Platt {
    /// `None` where no probabilities were trained.
    pub(super) fn read(source: &Source<'_>, n_pairs: usize) -> Read<Option<Self>> {
        let trained = source.some("probability")?.and_then(|node| node.bool().ok());
        if trained != Some(true) {
            return Ok(None);
        }
        let numbers = |names: &[&str]| -> Read<Vec<f64>> {
            let node = source.node.attr_any(names)?;
            let numbers = vector(node)?;
            if numbers.len() == n_pairs {
                Ok(numbers)
            } else {
                Err(node.expected(format_args!("{n_pairs} numbers")))
            }
        };
        let slopes = numbers(&["_probA", "probA_"])?;
        Ok(Some(Self { slopes, offsets: numbers(&["_probB", "probB_"])? }))
    }

    /// The probabilities of all classes from the decisions of their pairs.
    pub(super) fn couple(&self, decisions: &[f64], coupling: &mut Coupling, out: &mut [f64]) {
        let n = out.len();
        let pairs = (0..n).flat_map(|first| (first + 1..n).map(move |second| (first, second)));
        let lines = decisions.iter().zip(self.slopes.iter().zip(&self.offsets));
        for ((first, second), (decision, (slope, offset))) in pairs.zip(lines) {
            let first_wins = sigmoid(decision * slope + offset).clamp(MARGIN, 1.0 - MARGIN);
            coupling.pairwise[first * n + second] = first_wins;
            coupling.pairwise[second * n + first] = 1.0 - first_wins;
        }
        coupling.solve(out);
    }
}

/// The logistic function of the negative of a number, without overflow.
fn sigmoid(x: f64) -> f64 {
    if x >= 0.0 {
        let exp = (-x).exp();
        exp / (1.0 + exp)
    } else {
        1.0 / (1.0 + x.exp())
    }
}

/// Room to find probabilities of classes that fit those of pairs (Wu, Lin and Weng 2004, method 2).
#[derive(Debug)]
pub(super) struct Coupling {
    // Invariant: both are square, of as many classes as what is solved for.
    pairwise: Vec<f64>,
    q: Vec<f64>,
    // Invariant: one for each class.
    products: Vec<f64>,
}

impl Coupling {
    pub(super) fn new(n_classes: usize) -> Self {
        let n_squared = n_classes * n_classes;
        Self {
            pairwise: vec![0.0; n_squared],
            q: vec![0.0; n_squared],
            products: vec![0.0; n_classes],
        }
    }

    /// Fixed-point steps as libsvm does them, with its stopping rule: the result depends on both.
    fn solve(&mut self, out: &mut [f64]) {
        let n = out.len();
        self.fill_q(n);
        out.fill(1.0 / n as f64);
        let tolerance = 0.005 / n as f64;
        for _ in 0..n.max(100) {
            let mut product = 0.0;
            for (row, (sum, p)) in self.q.chunks_exact(n).zip(self.products.iter_mut().zip(&*out)) {
                *sum = row.iter().zip(&*out).map(|(q, p)| q * p).sum();
                product += p * *sum;
            }
            let error = self.products.iter().map(|sum| (sum - product).abs()).fold(0.0, f64::max);
            if error < tolerance {
                break;
            }
            for at in 0..n {
                let row = &self.q[at * n..(at + 1) * n];
                let step = (product - self.products[at]) / row[at];
                out[at] += step;
                product = (product + step * (step * row[at] + 2.0 * self.products[at]))
                    / (1.0 + step)
                    / (1.0 + step);
                for ((sum, p), q) in self.products.iter_mut().zip(&mut *out).zip(row) {
                    *sum = (*sum + step * q) / (1.0 + step);
                    *p /= 1.0 + step;
                }
            }
        }
    }

    fn fill_q(&mut self, n: usize) {
        for first in 0..n {
            let mut sum = 0.0;
            for second in (0..n).filter(|second| *second != first) {
                let loses = self.pairwise[second * n + first];
                sum += loses * loses;
                self.q[first * n + second] = -loses * self.pairwise[first * n + second];
            }
            self.q[first * n + first] = sum;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_of_classes_add_up_and_follow_the_pairs() {
        let platt = Platt { slopes: vec![-1.0; 3], offsets: vec![0.0; 3] };
        let mut out = [0.0; 3];
        platt.couple(&[2.0, 2.0, 0.0], &mut Coupling::new(3), &mut out);
        assert!((out.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        assert!(out[0] > 0.7 && (out[1] - out[2]).abs() < 2e-2, "{out:?}");
    }

    #[test]
    fn the_sigmoid_does_not_overflow() {
        assert_eq!(sigmoid(0.0), 0.5);
        assert_eq!(sigmoid(1e6), 0.0);
        assert_eq!(sigmoid(-1e6), 1.0);
    }
}
