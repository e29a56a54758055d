//! How much memory models may take together, and which are unloaded to make room: the ones that
//! nobody has asked for longest.

/// A loaded model that could be unloaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) bytes: u64,
    pub(super) idle_ns: u128,
}

/// The positions of the candidates to unload so that at least `excess` bytes get free, the one that
/// was idle longest first; all of them where they are too small.
pub(super) fn victims(candidates: &[Candidate], excess: u64) -> Vec<usize> {
    let mut order: Vec<(usize, &Candidate)> = candidates.iter().enumerate().collect();
    order.sort_by_key(|(_, candidate)| std::cmp::Reverse(candidate.idle_ns));
    let mut freed = 0;
    let mut victims = Vec::new();
    for (at, candidate) in order {
        if freed >= excess {
            break;
        }
        freed += candidate.bytes;
        victims.push(at);
    }
    victims
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_idle_go_first_until_there_is_room() {
        let candidate = |(bytes, idle_ns)| Candidate { bytes, idle_ns };
        let candidates = [(10, 5), (20, 50), (30, 1), (5, 9)].map(candidate);
        for (excess, expected) in [
            (0, &[][..]),
            (1, &[1]),
            (20, &[1]),
            (21, &[1, 3]),
            (26, &[1, 3, 0]),
            (65, &[1, 3, 0, 2]),
            (1000, &[1, 3, 0, 2]),
        ] {
            assert_eq!(victims(&candidates, excess), expected, "{excess}");
        }
        assert_eq!(victims(&[], 5), [0; 0]);
    }
}
