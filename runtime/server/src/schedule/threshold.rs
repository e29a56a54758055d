//! How many permits a model may hold where several share them: pure functions.
//!
//! The dynamic threshold of Choudhury and Hahne ("Dynamic Queue Length Thresholds for Shared-Memory
//! Packet Switches", IEEE/ACM Transactions on Networking 6 (2), 1998): at most a multiple of what is
//! free. One busy model gets most of the permits, several get equal parts, and as each takes fewer the
//! more the others hold, there is always one left for a model that holds none.

/// What a model may hold for each permit that is free.
const ALPHA: usize = 4;

/// Whether a model that holds so many may take another, where so many are free before it does.
pub(super) fn may_take(held: usize, free: usize) -> bool {
    match free.checked_sub(1) {
        None => false,
        // One that holds none may take the last; the others leave one.
        Some(left) => held == 0 || held < ALPHA.saturating_mul(left),
    }
}

/// The most of `max` permits that a model can hold while the others hold none.
pub(super) fn most_alone(max: usize) -> usize {
    // `ALPHA / (ALPHA + 1)` of all, in an order that does not overflow.
    (max - max.div_ceil(ALPHA + 1)).max(1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_model_alone_gets_most_of_the_permits() {
        for max in (1..50).chain([1024, 16_384]) {
            let mut held = 0;
            while may_take(held, max - held) {
                held += 1;
            }
            assert_eq!(held, most_alone(max), "{max}");
        }
        assert_eq!((most_alone(1), most_alone(2), most_alone(1024)), (1, 1, 819));
    }

    #[test]
    fn busy_models_get_equal_parts() {
        for n_models in 1..20 {
            let (max, mut held) = (1000, vec![0; n_models]);
            let mut has_changed = true;
            while has_changed {
                has_changed = false;
                for model in 0..n_models {
                    let free = max - held.iter().sum::<usize>();
                    if may_take(held[model], free) {
                        held[model] += 1;
                        has_changed = true;
                    }
                }
            }
            let (least, most) = (held.iter().min().unwrap(), held.iter().max().unwrap());
            assert!(most - least <= 1, "{held:?}");
            assert!(held.iter().sum::<usize>() < max, "{held:?}");
        }
    }

    proptest! {
        /// Whatever models do, the sum never exceeds the permits, and after one that held some has
        /// taken another there is one left for one that holds none.
        #[test]
        fn a_newcomer_finds_room(
            max in 1_usize..200,
            steps in prop::collection::vec((0_usize..6, any::<bool>()), 0..500),
        ) {
            let mut held = [0_usize; 6];
            for (model, takes) in steps {
                let free = max - held.iter().sum::<usize>();
                if !takes {
                    held[model] = held[model].saturating_sub(1);
                } else if may_take(held[model], free) {
                    held[model] += 1;
                    prop_assert!(held[model] == 1 || free > 1, "{held:?} of {max}");
                }
                prop_assert!(held.iter().sum::<usize>() <= max);
            }
        }
    }
}
