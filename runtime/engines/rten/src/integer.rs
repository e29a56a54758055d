//! How large INT64 results can become.

use crate::kind::{EXTENT, Int, MAX, Truth};

/// What an operator does to the magnitude of integers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Growth {
    /// INT64 is not for this operator.
    Refused,
    /// Each result is one of the numbers that came in.
    Chosen,
    /// The first input's numbers, none of them beyond the second and third.
    Clipped,
    /// Each result is at most as far from 0 as what came in, and may have the other sign.
    Negated,
    /// The sum of one number of each input.
    Sum,
    /// The product of one number of each input.
    Product,
    /// The first input's numbers, divided: no further from 0.
    Quotient,
    /// No further from 0 than the divisor; the operands must be known to the last bit.
    Remainder,
    /// The sum of numbers along axes.
    SumOfMany,
    /// The product of numbers along axes.
    ProductOfMany,
}

impl Growth {
    /// The result of INT64 operands like these; the reason why not where numbers that a request
    /// decides on could outgrow 32 bits.
    pub(crate) fn apply(self, operands: &[Int], asked: bool) -> Result<Int, &'static str> {
        let joined = join(operands);
        if matches!(self, Self::Chosen | Self::Clipped) {
            return Ok(Int { bound: self.bound(operands), ..joined });
        }
        if self == Self::Refused {
            return Err("rten computes it in 32-bit integers");
        }
        if joined.truth == Truth::Saturated {
            return Err("rten holds 32 bits of INT64 numbers, and these may need more");
        }
        if joined.truth == Truth::Wrapped && asked {
            return Err("rten would compute a request's numbers with what may not fit 32 bits");
        }
        if joined.truth == Truth::Wrapped && self == Self::Remainder {
            return Err("a product of extents may need more than the 32 bits that rten has");
        }
        let bound = self.bound(operands);
        if bound <= MAX || matches!(self, Self::Quotient | Self::Remainder) {
            return Ok(Int { bound, ..joined });
        }
        if asked {
            return Err("rten computes a request's INT64 numbers in 32 bits, which may overflow");
        }
        Ok(Int { bound, truth: Truth::Wrapped, ..joined })
    }

    /// The result of INT32 operands like these: what outgrows 32 bits wraps, in rten as in ONNX.
    pub(crate) fn wrapping(self, operands: &[Int]) -> Int {
        let bound = if self == Self::Refused { u64::MAX } else { self.bound(operands) };
        // Divided by -1, the lowest number is itself again.
        let bound = if bound > MAX { Int::ANY.bound } else { bound };
        Int { bound, ..join(operands) }
    }

    /// How far from 0 a result may be.
    fn bound(self, operands: &[Int]) -> u64 {
        let largest = join(operands).bound;
        let bounds = operands.iter().map(|operand| operand.bound);
        match (self, operands) {
            (Self::Sum, _) => bounds.fold(0, u64::saturating_add),
            (Self::Product, _) => bounds.fold(1, u64::saturating_mul),
            (Self::SumOfMany, _) => largest.saturating_mul(EXTENT),
            (Self::ProductOfMany, _) if largest > 1 => u64::MAX,
            (Self::Quotient, [dividend, ..]) => dividend.bound,
            (Self::Remainder, [_, divisor]) => divisor.bound,
            // Without one of the two it is not known which.
            (Self::Clipped, [_, least, most]) => least.bound.max(most.bound),
            _ => largest,
        }
    }
}

fn join(operands: &[Int]) -> Int {
    operands.iter().fold(Int::known(0), |joined, operand| joined.join(*operand))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extent() -> Int {
        Int::known(EXTENT)
    }

    #[test]
    fn sums_of_extents_are_exact_and_products_only_good_as_shapes() {
        let sum = Growth::Sum.apply(&[extent(), Int::known(100)], false).unwrap();
        assert_eq!((sum.bound, sum.truth), (EXTENT + 100, Truth::Exact));
        let product = Growth::Product.apply(&[extent(), extent()], false).unwrap();
        assert_eq!(product.truth, Truth::Wrapped);
        assert_eq!(
            Growth::Quotient.apply(&[product, Int::known(8)], false).unwrap().truth,
            Truth::Wrapped
        );
        assert_eq!(Growth::ProductOfMany.apply(&[extent()], false).unwrap().truth, Truth::Wrapped);
    }

    #[test]
    fn a_request_s_numbers_are_looked_at_and_not_added() {
        let request = Int { input: Some(2), ..Int::ANY };
        let chosen = Growth::Chosen.apply(&[extent(), request], true).unwrap();
        assert_eq!((chosen.truth, chosen.input), (Truth::Exact, Some(2)));
        for growth in [Growth::Sum, Growth::Product, Growth::Negated, Growth::SumOfMany] {
            assert!(growth.apply(&[request, Int::known(1)], true).is_err(), "{growth:?}");
        }
        let flags = Int::known(1);
        assert_eq!(Growth::SumOfMany.apply(&[flags], true).unwrap().bound, EXTENT);
    }

    #[test]
    fn what_does_not_fit_is_passed_on_and_not_computed_with() {
        let end = Int::known(i64::MAX.unsigned_abs());
        assert_eq!(Growth::Chosen.apply(&[end], false).unwrap().truth, Truth::Saturated);
        assert!(Growth::Sum.apply(&[end, Int::known(1)], false).is_err());
    }
    #[test]
    fn limits_bound_what_they_limit() {
        let (any, low, high) = (Int::ANY, Int::known(3), Int::known(9));
        assert_eq!(Growth::Clipped.apply(&[any, low, high], true).unwrap().bound, 9);
        assert_eq!(Growth::Clipped.apply(&[any, high], true).unwrap().bound, any.bound);
        assert_eq!(Growth::Remainder.apply(&[any, high], true).unwrap().bound, 9);
        assert_eq!(Growth::Chosen.apply(&[any, high], true).unwrap().bound, any.bound);
    }

    #[test]
    fn int32_numbers_wrap_as_in_onnx() {
        for growth in [Growth::Refused, Growth::Sum, Growth::Product, Growth::ProductOfMany] {
            assert_eq!(growth.wrapping(&[Int::ANY, extent()]), Int::ANY, "{growth:?}");
        }
        assert_eq!(Growth::Sum.wrapping(&[extent(), Int::known(1)]).bound, EXTENT + 1);
    }
}
