//! How large INT64 results can become.

use crate::kind::{EXTENT, Int, MAX, Truth};

/// What an operator does to the magnitude of integers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Growth {
    /// INT64 is not for this operator.
    Refused,
    /// Each result is one of the numbers that came in.
    Chosen,
    /// Each result is at most as far from 0 as what came in, and may have the other sign.
    Negated,
    /// The sum of one number of each input.
    Sum,
    /// The product of one number of each input.
    Product,
    /// The first input's numbers, divided: no further from 0.
    Quotient,
    /// No further from 0 than the operands, which must be known to the last bit.
    Remainder,
    /// The sum of numbers along axes.
    SumOfMany,
    /// The product of numbers along axes.
    ProductOfMany,
}

impl Growth {
    /// The result of operands like these; the reason why not where a request's numbers could
    /// outgrow 32 bits.
    pub(crate) fn apply(self, operands: &[Int]) -> Result<Int, &'static str> {
        let mut joined = Int::known(0);
        for operand in operands {
            joined = joined.join(*operand);
        }
        if self == Self::Chosen {
            return Ok(joined);
        }
        if self == Self::Refused {
            return Err("rten computes it in 32-bit integers");
        }
        if joined.truth == Truth::Saturated {
            return Err("rten holds 32 bits of INT64 numbers, and these may need more");
        }
        if joined.truth == Truth::Wrapped && joined.from_request {
            return Err("rten would compute a request's numbers with what may not fit 32 bits");
        }
        if joined.truth == Truth::Wrapped && self == Self::Remainder {
            return Err("a product of extents may need more than the 32 bits that rten has");
        }
        let bounds = operands.iter().map(|operand| operand.bound);
        let bound = match self {
            Self::Sum => bounds.fold(0, u64::saturating_add),
            Self::Product => bounds.fold(1, u64::saturating_mul),
            Self::SumOfMany => joined.bound.saturating_mul(EXTENT),
            Self::ProductOfMany if joined.bound > 1 => u64::MAX,
            Self::Quotient => operands.first().map_or(0, |first| first.bound),
            _ => joined.bound,
        };
        if bound <= MAX || matches!(self, Self::Quotient | Self::Remainder) {
            return Ok(Int { bound, ..joined });
        }
        if joined.from_request {
            return Err("rten computes a request's INT64 numbers in 32 bits, which may overflow");
        }
        Ok(Int { bound, truth: Truth::Wrapped, ..joined })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extent() -> Int {
        Int { bound: EXTENT, from_request: false, truth: Truth::Exact }
    }

    #[test]
    fn sums_of_extents_are_exact_and_products_only_good_as_shapes() {
        let sum = Growth::Sum.apply(&[extent(), Int::known(100)]).unwrap();
        assert_eq!((sum.bound, sum.truth), (EXTENT + 100, Truth::Exact));
        let product = Growth::Product.apply(&[extent(), extent()]).unwrap();
        assert_eq!(product.truth, Truth::Wrapped);
        assert_eq!(
            Growth::Quotient.apply(&[product, Int::known(8)]).unwrap().truth,
            Truth::Wrapped
        );
        assert_eq!(Growth::ProductOfMany.apply(&[extent()]).unwrap().truth, Truth::Wrapped);
    }

    #[test]
    fn a_request_s_numbers_are_looked_at_and_not_added() {
        let request = Int::REQUESTED;
        assert_eq!(Growth::Chosen.apply(&[request, extent()]).unwrap().truth, Truth::Exact);
        for growth in [Growth::Sum, Growth::Product, Growth::Negated, Growth::SumOfMany] {
            assert!(growth.apply(&[request, Int::known(1)]).is_err(), "{growth:?}");
        }
        let flags = Int { bound: 1, from_request: true, truth: Truth::Exact };
        assert_eq!(Growth::SumOfMany.apply(&[flags]).unwrap().bound, EXTENT);
    }

    #[test]
    fn what_does_not_fit_is_passed_on_and_not_computed_with() {
        let end = Int::known(i64::MAX.unsigned_abs());
        assert_eq!(Growth::Chosen.apply(&[end]).unwrap().truth, Truth::Saturated);
        assert!(Growth::Sum.apply(&[end, Int::known(1)]).is_err());
    }
}
