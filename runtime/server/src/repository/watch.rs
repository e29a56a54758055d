//! Looking for changes now and then, so that a model is loaded anew when its files are others.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::MissedTickBehavior;

use super::{Offered, Repository};
use crate::model::LoadError;
use crate::observe::Metric;

/// Looks every `interval` and takes up what has changed; never ends.
pub(crate) async fn watch(repository: Arc<Repository>, interval: Duration) {
    let mut ticks = tokio::time::interval(interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let looks = |outcome| repository.registry.counter(Metric::RepositoryLooks, &[outcome]);
    let (well, badly) = (looks("ok"), looks("failed"));
    let mut last: Option<Vec<Offered>> = None;
    let mut last_problem = String::new();
    loop {
        ticks.tick().await;
        let (watched, before) = (Arc::clone(&repository), last.take());
        let look = move || {
            let found = match &before {
                Some(before) => watched.look(before),
                None => watched.list(),
            };
            (found, before)
        };
        let looked = tokio::task::spawn_blocking(look).await;
        let (found, before) = looked.unwrap_or_else(|panic| (Err(panicked(panic)), None));
        last = match found {
            Ok(offered) => {
                well.increment(1);
                last_problem.clear();
                Some(offered)
            }
            Err(error) => {
                badly.increment(1);
                let problem = error.chain();
                if problem != last_problem {
                    tracing::warn!(problem, "cannot look for changes of models");
                }
                last_problem = problem;
                before
            }
        };
    }
}

fn panicked(panic: tokio::task::JoinError) -> LoadError {
    LoadError::new("looking panicked; the panic is in the log above").with_source(panic)
}
