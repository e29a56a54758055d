//! Questions to all revisions of a deployment.

use super::{Outcome, Revision};

/// The number of the next one.
pub fn next(revisions: &[Revision]) -> u32 {
    revisions.iter().map(|revision| revision.number).max().map_or(1, |last| last.saturating_add(1))
}

/// The one of a number.
pub fn find(revisions: &[Revision], number: u32) -> Option<&Revision> {
    revisions.iter().find(|revision| revision.number == number)
}

/// What a rollback of revision `number` brings back: the last one before it that served.
pub fn predecessor(revisions: &[Revision], number: u32) -> Option<&Revision> {
    let served = |it: &&Revision| matches!(it.outcome, Outcome::Deployed | Outcome::Superseded);
    let before = revisions.iter().filter(|revision| revision.number < number).filter(served);
    before.max_by_key(|revision| revision.number)
}

/// Those that can go when `keep` are to stay: the oldest, but never the newest that serves, to which a
/// failure would go back.
pub fn stale(revisions: &[Revision], keep: usize) -> Vec<u32> {
    let deployed = revisions.iter().filter(|it| it.outcome == Outcome::Deployed);
    let serving = deployed.map(|revision| revision.number).max();
    let mut numbers: Vec<_> = revisions.iter().map(|revision| revision.number).collect();
    numbers.sort_unstable_by(|a, b| b.cmp(a));
    let beyond = numbers.into_iter().skip(keep.max(1));
    beyond.filter(|number| Some(*number) != serving).collect()
}

#[cfg(test)]
mod tests {
    use super::super::stored::tests::revision;
    use super::*;

    fn all(outcomes: &[Outcome]) -> Vec<Revision> {
        let numbered = (1..).zip(outcomes);
        numbered.map(|(number, &outcome)| Revision { outcome, ..revision(number) }).collect()
    }

    #[test]
    fn numbers_go_on_from_the_greatest() {
        assert_eq!(next(&[]), 1);
        assert_eq!(next(&[revision(7), revision(3)]), 8);
    }

    #[test]
    fn a_rollback_goes_to_the_last_that_served() {
        use Outcome::{Deployed, Failed, Pending, Superseded};
        let revisions = all(&[Superseded, Deployed, Failed, Pending]);
        assert_eq!(predecessor(&revisions, 4).map(|it| it.number), Some(2));
        assert_eq!(predecessor(&revisions, 2).map(|it| it.number), Some(1));
        assert_eq!(predecessor(&revisions, 1), None);
    }

    #[test]
    fn the_one_that_serves_stays() {
        use Outcome::{Deployed, Failed, Superseded};
        let revisions = all(&[Superseded, Deployed, Failed, Failed, Failed]);
        assert_eq!(stale(&revisions, 3), [1]);
        assert_eq!(stale(&revisions, 5), [0; 0]);
        assert_eq!(stale(&revisions, 0), [4, 3, 1]);
    }
}
