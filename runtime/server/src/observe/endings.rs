//! How inferences end: each in one way.

use metrics::Counter;
use radiant_core::ErrorKind;

use super::{Metric, Registry};

/// How an inference ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The model answered.
    Done,
    /// The model answered when it was run again for this request alone, after a batch had failed.
    Retried,
    /// The model did not answer.
    Failed,
    /// A limit was reached.
    Rejected,
    /// Its deadline passed.
    Expired,
    /// Its client went away.
    Abandoned,
}

impl Ending {
    const ALL: [Self; 6] =
        [Self::Done, Self::Retried, Self::Failed, Self::Rejected, Self::Expired, Self::Abandoned];

    const fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Retried => "retried",
            Self::Failed => "failed",
            Self::Rejected => "rejected",
            Self::Expired => "expired",
            Self::Abandoned => "abandoned",
        }
    }

    /// That of one that failed in this way.
    pub(crate) fn of(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::Overloaded | ErrorKind::NotReady => Self::Rejected,
            ErrorKind::DeadlineExceeded => Self::Expired,
            _ => Self::Failed,
        }
    }
}

/// How often the inferences of one model ended in each way.
#[derive(Debug)]
pub(crate) struct Endings([Counter; Ending::ALL.len()]);

impl Endings {
    pub(super) fn new(registry: &Registry, model: &str, version: &str) -> Self {
        let counter =
            |ending: Ending| registry.counter(Metric::Inferences, &[model, version, ending.name()]);
        Self(Ending::ALL.map(counter))
    }

    /// Counts one that ended.
    pub(crate) fn count(&self, ending: Ending) {
        if let Some(counter) = self.0.get(ending as usize) {
            counter.increment(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ending_has_a_series_of_its_own() {
        let registry = Registry::new();
        let endings = Endings::new(&registry, "m", "1");
        for (n, ending) in Ending::ALL.into_iter().enumerate() {
            (0..n).for_each(|_| endings.count(ending));
        }
        let page = registry.render();
        for (n, ending) in Ending::ALL.into_iter().enumerate() {
            let outcome = ending.name();
            let line = format!(
                "radiant_inferences_total{{model=\"m\",outcome=\"{outcome}\",version=\"1\"}} {n}.0"
            );
            assert!(page.lines().any(|got| got == line), "{line} is missing in\n{page}");
        }
    }
}
