//! Products of features.

use radiant_core::{DType, Error};

use super::lane::Real;
use super::transformer::{Transform, Transformer};
use crate::sklearn::data::{Array, Data, Table};
use crate::sklearn::estimator::{Estimator, Fact, Wants, Width};
use crate::sklearn::intake::{Intake, Lane, Rows};
use crate::sklearn::source::{Read, Source};

/// The most products of a model, lower degrees included.
const N_PRODUCTS_MAX: usize = 1 << 20;
/// Products of features are numbered with so many bits.
type Index = u32;

/// A product: of a feature and a product of one degree less.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Product {
    feature: Index,
    /// `None` for a feature by itself.
    rest: Option<Index>,
}

/// `PolynomialFeatures`.
#[derive(Debug)]
struct Polynomial {
    intake: Intake,
    n_features: usize,
    // Invariant: features are below `n_features`, rests stand before.
    products: Vec<Product>,
    /// How many of the products are of too low a degree to be shown.
    n_hidden: usize,
    has_bias: bool,
}

pub(super) fn read(source: &Source<'_>) -> Read<Box<dyn Estimator>> {
    let n_features = source.some("n_features_in_")?.or(source.some("n_input_features_")?);
    let n_features = n_features.or(source.some("_n_input_features")?);
    let node = n_features.ok_or_else(|| source.node.expected("a number of features"))?;
    let n_features = node.index()?;
    let degree = source.attr("degree")?;
    let (least, most) = if let Ok(most) = degree.index() {
        (0, most)
    } else {
        let [least, most] = degree.tuple()?;
        (least.index()?, most.index()?)
    };
    let interaction_only = source.flag("interaction_only", false)?;
    // Terms are multiplied from the right from 0.22, from the left before.
    let list = if source.since(0, 22) { from_the_right } else { from_the_left };
    let (products, n_hidden) =
        list(n_features, least, most, interaction_only).ok_or_else(|| {
            source.unsupported(
                format_args!("more than {N_PRODUCTS_MAX} products"),
                "choose a lower degree, or fewer features",
            )
        })?;
    Ok(Box::new(Transformer(Polynomial {
        intake: Intake::new(source, Some(n_features)).with_texts(),
        n_features,
        products,
        n_hidden,
        has_bias: source.flag("include_bias", true)?,
    })))
}

/// The products of each degree in lexicographic order, and how many are below the least degree;
/// `None` if there are too many.
fn from_the_right(
    n_features: usize,
    least: usize,
    most: usize,
    interaction_only: bool,
) -> Option<(Vec<Product>, usize)> {
    let mut products: Vec<Product> = Vec::new();
    let mut n_hidden = 0;
    // Where products of the last degree begin whose first feature is this one or a later one.
    let mut starts: Vec<usize> = Vec::new();
    for degree in 1..=most {
        let (begin, end) = (products.len(), products.len());
        let mut these = Vec::with_capacity(n_features);
        for feature in 0..n_features {
            these.push(products.len());
            if degree == 1 {
                grow(&mut products, feature, None)?;
                continue;
            }
            let first = feature + usize::from(interaction_only);
            for rest in starts.get(first).copied().unwrap_or(end)..end {
                grow(&mut products, feature, Some(rest))?;
            }
        }
        if products.len() == begin {
            break;
        }
        if degree < least {
            n_hidden = products.len();
        }
        starts = these;
    }
    // With fewer features than the least degree no product is shown.
    Some((products, n_hidden))
}

/// As [`from_the_right`]; the rest of a product are its first factors.
fn from_the_left(
    n_features: usize,
    least: usize,
    most: usize,
    interaction_only: bool,
) -> Option<(Vec<Product>, usize)> {
    let mut products: Vec<Product> = Vec::new();
    let mut n_hidden = 0;
    let mut last = 0..0;
    for degree in 1..=most {
        let begin = products.len();
        if degree == 1 {
            (0..n_features).try_for_each(|feature| grow(&mut products, feature, None))?;
        }
        for rest in last {
            let first = products.get(rest)?.feature as usize + usize::from(interaction_only);
            (first..n_features).try_for_each(|feature| grow(&mut products, feature, Some(rest)))?;
        }
        last = begin..products.len();
        if last.is_empty() {
            break;
        }
        if degree < least {
            n_hidden = products.len();
        }
    }
    Some((products, n_hidden))
}

fn grow(products: &mut Vec<Product>, feature: usize, rest: Option<usize>) -> Option<()> {
    if products.len() >= N_PRODUCTS_MAX {
        return None;
    }
    let rest = rest.map(Index::try_from).transpose().ok()?;
    products.push(Product { feature: Index::try_from(feature).ok()?, rest });
    Some(())
}

impl Polynomial {
    fn n_columns(&self) -> usize {
        usize::from(self.has_bias) + self.products.len() - self.n_hidden
    }

    fn apply<T: Real>(&self, rows: &Rows<'_, T>) -> Vec<T> {
        let mut out = Vec::with_capacity(rows.n_rows.saturating_mul(self.n_columns()));
        let mut values = vec![T::rounded(0.0); self.products.len()];
        for row in rows.iter() {
            for (at, product) in self.products.iter().enumerate() {
                let x = row[product.feature as usize];
                values[at] = match product.rest {
                    None => x,
                    Some(rest) => T::rounded(x.wide() * values[rest as usize].wide()),
                };
            }
            out.extend(self.has_bias.then(|| T::rounded(1.0)));
            out.extend_from_slice(&values[self.n_hidden..]);
        }
        out
    }
}

impl Transform for Polynomial {
    fn class(&self) -> &str {
        &self.intake.class
    }

    fn fact(&self) -> Fact {
        Fact { dtype: DType::F64, width: Width::Columns(Some(self.n_columns())) }
    }

    fn wants(&self) -> Wants {
        Wants::Matrix(Some(self.n_features))
    }

    fn transform(&self, x: &Table<'_>) -> Result<Table<'static>, Error> {
        let data: Data<'static> = match self.intake.lane(x)? {
            Lane::Double(rows) => self.apply(&rows).into(),
            Lane::Single(rows) => self.apply(&rows).into(),
        };
        Ok(Table::Array(Array::matrix(x.n_rows(), self.n_columns(), data)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(products: &[Product]) -> Vec<String> {
        let mut terms: Vec<String> = Vec::new();
        for product in products {
            let rest = product.rest.map_or("", |rest| &terms[rest as usize]);
            let mut term: Vec<char> = format!("{}{rest}", product.feature).chars().collect();
            term.sort_unstable();
            terms.push(term.into_iter().collect());
        }
        terms
    }

    #[test]
    fn products_come_by_degree_and_in_lexicographic_order() {
        for list in [from_the_right, from_the_left] {
            let (products, n_hidden) = list(3, 2, 2, false).expect("there are few");
            assert_eq!(n_hidden, 3);
            let expected = ["0", "1", "2", "00", "01", "02", "11", "12", "22"];
            assert_eq!(terms(&products), expected);
            let (products, _) = list(3, 0, 9, true).expect("there are few");
            assert_eq!(terms(&products), ["0", "1", "2", "01", "02", "12", "012"]);
        }
    }

    #[test]
    fn a_degree_beyond_all_measure_is_refused() {
        for list in [from_the_right, from_the_left] {
            assert_eq!(list(40, 0, 40, false), None);
            assert_eq!(list(1, 0, usize::MAX, false), None);
            assert_eq!(list(0, 0, usize::MAX, false), Some((vec![], 0)));
        }
    }
}
