//! Places of elements, put in the order of the elements.

use std::cmp::Ordering;

/// Puts the `k` least of `places` first, in order; of equal elements the one in the lower place comes
/// first. `compare` orders the elements of two places.
///
/// O(n + k log k) comparisons, each a call by pointer: sorting is a large piece of code, and
/// operators for every type of elements share this one.
pub(super) fn order_first(
    places: &mut [usize],
    k: usize,
    compare: &dyn Fn(usize, usize) -> Ordering,
) {
    let mut order = |a: &usize, b: &usize| compare(*a, *b).then(a.cmp(b));
    if k < places.len() {
        places.select_nth_unstable_by(k, &mut order);
    }
    places[..k].sort_unstable_by(&mut order);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_come_first_and_equal_ones_by_their_places() {
        let elements = [3, 1, 2, 1, 3, 0];
        let first = |k| {
            let mut places: Vec<_> = (0..elements.len()).collect();
            order_first(&mut places, k, &|a, b| elements[a].cmp(&elements[b]));
            places[..k].to_vec()
        };
        assert_eq!(first(6), [5, 1, 3, 2, 0, 4]);
        assert_eq!(first(3), [5, 1, 3]);
        assert_eq!(first(0), [0; 0]);
    }
}
