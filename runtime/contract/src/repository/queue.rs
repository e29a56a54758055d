//! How long the requests to a model may take, which of them come first, and how they share its runs.

use std::time::Duration;

/// What settings say of a model's queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QueuePolicy {
    /// How long an answer may take, where nobody allows less.
    pub timeout: Option<Duration>,
    /// How many levels of priority there are, 1 being the first to run; unbounded where `None`.
    pub priority_levels: Option<u32>,
    /// The level of requests that name none; the last one where `None`.
    pub default_priority: Option<u32>,
    /// The most rows of a run that requests share, where the engine and the server allow more.
    pub batch_rows_max: Option<u32>,
    /// The model's part of the engine threads' time beside other models that are waited for; 1 where
    /// `None`.
    pub weight: Option<u32>,
}

impl QueuePolicy {
    /// The level of a request that asks for this one. A level that there is not is the default, as in
    /// Triton.
    ///
    /// ```
    /// use radiant_contract::repository::QueuePolicy;
    ///
    /// let policy = QueuePolicy { priority_levels: Some(3), ..QueuePolicy::default() };
    /// assert_eq!((policy.priority(Some(1)), policy.priority(None)), (1, 3));
    /// ```
    pub fn priority(&self, asked: Option<u64>) -> u32 {
        let last = self.priority_levels.unwrap_or(u32::MAX);
        let asked = asked.filter(|level| *level > 0);
        match (asked.map(u32::try_from), self.priority_levels) {
            (Some(Ok(level)), _) if level <= last => level,
            // Where levels are unbounded, one beyond counting is the last.
            (Some(_), None) => last,
            _ => self.default_priority.unwrap_or(last).min(last),
        }
    }

    /// These settings, and those of `other` where these say nothing.
    pub(super) fn over(self, other: Self) -> Self {
        Self {
            timeout: self.timeout.or(other.timeout),
            priority_levels: self.priority_levels.or(other.priority_levels),
            default_priority: self.default_priority.or(other.default_priority),
            batch_rows_max: self.batch_rows_max.or(other.batch_rows_max),
            weight: self.weight.or(other.weight),
        }
    }
}

/// A number of a text; one beyond counting is the largest that can be.
pub(super) fn counted(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_that_there_are_not_are_the_default() {
        let policy = |priority_levels, default_priority| QueuePolicy {
            priority_levels,
            default_priority,
            ..QueuePolicy::default()
        };
        const LAST: u32 = u32::MAX;
        for (levels, default, cases) in [
            (None, None, [(None, LAST), (Some(0), LAST), (Some(7), 7), (Some(1 << 40), LAST)]),
            (None, Some(5), [(None, 5), (Some(0), 5), (Some(7), 7), (Some(1 << 40), LAST)]),
            (Some(3), None, [(None, 3), (Some(0), 3), (Some(3), 3), (Some(4), 3)]),
            (Some(3), Some(2), [(None, 2), (Some(1), 1), (Some(4), 2), (Some(1 << 40), 2)]),
            (Some(3), Some(9), [(None, 3), (Some(1), 1), (Some(4), 3), (Some(2), 2)]),
        ] {
            for (asked, expected) in cases {
                let level = policy(levels, default).priority(asked);
                assert_eq!(level, expected, "{levels:?} {default:?} {asked:?}");
            }
        }
    }
}
