//! Extents that are known, and extents that are only known to be equal.
//!
//! An unknown extent is a symbol. Products and sums of symbols are symbols too, the same for the
//! same expression, so that `[batch, 4]` reshaped to `[batch * 4]` and back is `[batch, 4]` again.
//! This is no algebra system: what has no simple form becomes a symbol of its own, which equals
//! nothing else.

use std::collections::HashMap;
use std::fmt;

/// The extent of one axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dim {
    /// This many.
    Known(usize),
    /// Not known before a request comes; the same number for the same symbol in one run.
    Symbol(u32),
}

impl Dim {
    /// The first axis of the graph's inputs, where its extent is not known.
    pub const BATCH: Self = Self::Symbol(0);

    /// The extent, if it is known.
    pub fn known(self) -> Option<usize> {
        match self {
            Self::Known(extent) => Some(extent),
            Self::Symbol(_) => None,
        }
    }
}

/// A shape as errors show it, `[-1, 4]`: -1 where any extent fits.
pub(crate) struct Shown<'a>(pub(crate) &'a [Dim]);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (axis, dim) in self.0.iter().enumerate() {
            let separator = if axis == 0 { "" } else { ", " };
            match dim {
                Dim::Known(extent) => write!(f, "{separator}{extent}")?,
                Dim::Symbol(_) => write!(f, "{separator}-1")?,
            }
        }
        f.write_str("]")
    }
}

/// One element of a small integer value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Num {
    Known(i64),
    /// The extent that the symbol stands for.
    Symbol(u32),
    Unknown,
}

impl From<Dim> for Num {
    fn from(dim: Dim) -> Self {
        match dim {
            Dim::Known(extent) => i64::try_from(extent).map_or(Self::Unknown, Self::Known),
            Dim::Symbol(symbol) => Self::Symbol(symbol),
        }
    }
}

impl Num {
    /// The number as an extent, if it can be one.
    pub(crate) fn dim(self) -> Option<Dim> {
        match self {
            Self::Known(number) => usize::try_from(number).ok().map(Dim::Known),
            Self::Symbol(symbol) => Some(Dim::Symbol(symbol)),
            Self::Unknown => None,
        }
    }

    /// The number, if it is known.
    pub(crate) fn known(self) -> Option<i64> {
        match self {
            Self::Known(number) => Some(number),
            Self::Symbol(_) | Self::Unknown => None,
        }
    }
}

/// What a symbol stands for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Meaning {
    /// An axis of the inputs that the graph gives this name.
    Named(String),
    /// Nothing that is known.
    Own(u32),
    /// A number times symbols that are no products, in ascending order.
    Product(usize, Vec<u32>),
    /// A number plus symbols that are no sums, in ascending order.
    Sum(i64, Vec<u32>),
}

/// Products and sums of more symbols are not kept.
const N_TERMS_MAX: usize = 6;

/// All symbols of one graph.
#[derive(Debug, Clone)]
pub(crate) struct Symbols {
    meanings: Vec<Meaning>,
    // Invariant: as long as `meanings`.
    mentions_batch: Vec<bool>,
    // Invariant: as long as `meanings`. The extent where all that is not known is 1.
    at_least: Vec<u64>,
    ids: HashMap<Meaning, u32>,
}

impl Symbols {
    /// The batch alone.
    pub(crate) fn new() -> Self {
        let batch = Meaning::Own(0);
        Self {
            mentions_batch: vec![true],
            at_least: vec![1],
            ids: HashMap::from([(batch.clone(), 0)]),
            meanings: vec![batch],
        }
    }

    /// A symbol that equals no other.
    pub(crate) fn fresh(&mut self) -> Dim {
        self.fresh_from(1)
    }

    /// A symbol that equals no other, of an extent that is never smaller than this where there is
    /// something at all.
    pub(crate) fn fresh_from(&mut self, at_least: u64) -> Dim {
        let id = u32::try_from(self.meanings.len()).unwrap_or(u32::MAX);
        let dim = self.intern(Meaning::Own(id));
        if let Some(last) = self.at_least.last_mut() {
            *last = at_least.max(1);
        }
        dim
    }

    /// An extent, where all that is not known of it is counted as 1.
    pub(crate) fn at_least(&self, dim: Dim) -> u64 {
        match dim {
            Dim::Known(extent) => extent as u64,
            Dim::Symbol(id) => self.bound(id),
        }
    }

    /// The number of elements of a shape, where all that is not known is counted as 1.
    pub(crate) fn elements_at_least(&self, dims: &[Dim]) -> u64 {
        if dims.contains(&Dim::Known(0)) {
            return 0;
        }
        dims.iter().fold(1, |n: u64, &dim| n.saturating_mul(self.at_least(dim)))
    }

    fn bound(&self, id: u32) -> u64 {
        let bound = usize::try_from(id).ok().and_then(|id| self.at_least.get(id));
        bound.copied().unwrap_or(1)
    }

    fn bound_of(&self, meaning: &Meaning) -> u64 {
        let bounds = |terms: &[u32]| terms.iter().map(|&term| self.bound(term)).collect::<Vec<_>>();
        match meaning {
            Meaning::Named(_) | Meaning::Own(_) => 1,
            Meaning::Product(factor, terms) => {
                bounds(terms).into_iter().fold(*factor as u64, u64::saturating_mul)
            }
            Meaning::Sum(number, terms) => {
                let sum = bounds(terms).into_iter().fold(0, u64::saturating_add);
                sum.saturating_add_signed(*number).max(1)
            }
        }
    }

    /// The axes of this name.
    pub(crate) fn named(&mut self, name: &str) -> Dim {
        self.intern(Meaning::Named(name.to_owned()))
    }

    fn intern(&mut self, meaning: Meaning) -> Dim {
        if let Some(&id) = self.ids.get(&meaning) {
            return Dim::Symbol(id);
        }
        let terms = match &meaning {
            Meaning::Product(_, terms) | Meaning::Sum(_, terms) => terms.as_slice(),
            Meaning::Named(_) | Meaning::Own(_) => &[],
        };
        let mentions_batch = terms.iter().any(|&term| self.mentions_batch(Dim::Symbol(term)));
        let at_least = self.bound_of(&meaning);
        // A graph of four thousand million values does not pass the limits of a file.
        let id = u32::try_from(self.meanings.len()).unwrap_or(u32::MAX);
        self.meanings.push(meaning.clone());
        self.mentions_batch.push(mentions_batch);
        self.at_least.push(at_least);
        self.ids.insert(meaning, id);
        Dim::Symbol(id)
    }

    /// Whether an extent grows with the batch, as far as is known.
    pub(crate) fn mentions_batch(&self, dim: Dim) -> bool {
        match dim {
            Dim::Known(_) => false,
            Dim::Symbol(id) => {
                usize::try_from(id).ok().and_then(|id| self.mentions_batch.get(id)) == Some(&true)
            }
        }
    }

    fn meaning(&self, id: u32) -> Option<&Meaning> {
        self.meanings.get(usize::try_from(id).ok()?)
    }

    /// The name that the graph gives to the axes of this symbol.
    pub(crate) fn name(&self, id: u32) -> Option<&str> {
        match self.meaning(id)? {
            Meaning::Named(name) => Some(name),
            Meaning::Own(_) | Meaning::Product(..) | Meaning::Sum(..) => None,
        }
    }

    /// A number and symbols whose product the extent is.
    pub(crate) fn factors(&self, dim: Dim) -> (usize, Vec<u32>) {
        match dim {
            Dim::Known(extent) => (extent, Vec::new()),
            Dim::Symbol(id) => match self.meaning(id) {
                Some(Meaning::Product(factor, terms)) => (*factor, terms.clone()),
                _ => (1, vec![id]),
            },
        }
    }

    /// The symbols that a symbol is a sum of; itself if it is none.
    pub(crate) fn terms(&self, id: u32) -> (i64, Vec<u32>) {
        match self.meaning(id) {
            Some(Meaning::Sum(number, terms)) => (*number, terms.clone()),
            _ => (0, vec![id]),
        }
    }

    /// The product of two extents.
    pub(crate) fn times(&mut self, a: Dim, b: Dim) -> Dim {
        let at_least = self.at_least(a).saturating_mul(self.at_least(b));
        let ((a, mut terms), (b, more)) = (self.factors(a), self.factors(b));
        terms.extend(more);
        match a.checked_mul(b) {
            Some(factor) if terms.len() <= N_TERMS_MAX => self.product_of(factor, terms),
            Some(0) => Dim::Known(0),
            _ => self.fresh_from(at_least),
        }
    }

    fn product_of(&mut self, factor: usize, mut terms: Vec<u32>) -> Dim {
        terms.sort_unstable();
        match (factor, terms.as_slice()) {
            (0, _) => Dim::Known(0),
            (_, []) => Dim::Known(factor),
            (1, [term]) => Dim::Symbol(*term),
            _ => self.intern(Meaning::Product(factor, terms)),
        }
    }

    /// The number of elements of a shape.
    pub(crate) fn product(&mut self, dims: &[Dim]) -> Dim {
        dims.iter().fold(Dim::Known(1), |product, &dim| self.times(product, dim))
    }

    /// `a / b` where that is sure to be a whole number.
    pub(crate) fn divided(&mut self, a: Dim, b: Dim) -> Option<Dim> {
        let ((a, mut terms), (b, divisors)) = (self.factors(a), self.factors(b));
        for divisor in divisors {
            let at = terms.iter().position(|&term| term == divisor)?;
            terms.swap_remove(at);
        }
        if a.checked_rem(b)? != 0 {
            return None;
        }
        Some(self.product_of(a.checked_div(b)?, terms))
    }

    /// The sum of two numbers.
    pub(crate) fn plus(&mut self, a: Num, b: Num) -> Num {
        self.sum(a, b).unwrap_or(Num::Unknown)
    }

    fn sum(&mut self, a: Num, b: Num) -> Option<Num> {
        let ((a, mut terms), (b, more)) = (self.summands(a)?, self.summands(b)?);
        terms.extend(more);
        terms.sort_unstable();
        let number = a.checked_add(b)?;
        match (number, terms.as_slice()) {
            (_, []) => Some(Num::Known(number)),
            (0, [term]) => Some(Num::Symbol(*term)),
            (_, many) if many.len() > N_TERMS_MAX => None,
            _ => Some(self.intern(Meaning::Sum(number, terms)).into()),
        }
    }

    fn summands(&self, number: Num) -> Option<(i64, Vec<u32>)> {
        match number {
            Num::Known(number) => Some((number, Vec::new())),
            Num::Symbol(id) => Some(self.terms(id)),
            Num::Unknown => None,
        }
    }

    /// `a - b`.
    pub(crate) fn minus(&mut self, a: Num, b: Num) -> Num {
        self.difference(a, b).unwrap_or(Num::Unknown)
    }

    fn difference(&mut self, a: Num, b: Num) -> Option<Num> {
        let ((a, mut terms), (b, less)) = (self.summands(a)?, self.summands(b)?);
        for term in less {
            let at = terms.iter().position(|&other| other == term)?;
            terms.swap_remove(at);
        }
        let number = Num::Known(a.checked_sub(b)?);
        terms.into_iter().try_fold(number, |sum, term| self.sum(sum, Num::Symbol(term)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_multiplied_can_be_divided_again() {
        let mut symbols = Symbols::new();
        let (batch, length) = (Dim::BATCH, symbols.named("length"));
        let product = symbols.product(&[batch, Dim::Known(4), length]);
        assert_eq!(symbols.divided(product, length), {
            let other = symbols.times(Dim::Known(4), batch);
            Some(other)
        });
        assert_eq!(symbols.divided(product, Dim::Known(8)), None);
        let fresh = symbols.fresh();
        assert_eq!(symbols.divided(product, fresh), None);
        assert!(symbols.mentions_batch(product) && !symbols.mentions_batch(length));
    }

    #[test]
    fn a_symbol_is_at_least_what_it_is_where_the_unknown_is_one() {
        let mut symbols = Symbols::new();
        let padded = symbols.plus(Dim::BATCH.into(), Num::Known(7)).dim().unwrap();
        assert_eq!(symbols.at_least(padded), 8);
        let area = symbols.product(&[padded, Dim::Known(4), padded]);
        assert_eq!(symbols.at_least(area), 256);
        let cut = symbols.plus(Dim::BATCH.into(), Num::Known(-7)).dim().unwrap();
        assert_eq!(symbols.at_least(cut), 1);
        let many = symbols.product(&[area; 8]);
        assert_eq!(symbols.at_least(many), u64::MAX);
        assert_eq!(symbols.elements_at_least(&[many, Dim::Known(0)]), 0);
        let window = symbols.fresh_from(9);
        assert_eq!(symbols.elements_at_least(&[window, Dim::BATCH, Dim::Known(2)]), 18);
    }

    #[test]
    fn what_is_added_can_be_taken_away_again() {
        let mut symbols = Symbols::new();
        let (past, length) = (Num::from(symbols.fresh()), Num::from(symbols.named("length")));
        let total = symbols.plus(past, length);
        assert_eq!(symbols.plus(length, past), total);
        assert_eq!(symbols.minus(total, past), length);
        assert_eq!(symbols.minus(length, length), Num::Known(0));
        assert_eq!(symbols.minus(past, length), Num::Unknown);
    }
}
