//! What all commands share that wait for a deployment.

use std::time::Duration;

use crate::cli::WaitingArgs;
use crate::cluster::Cluster;
use crate::output::Printer;
use crate::rollout::{Ended, Expected, Goal, Mode, Reporter, Wait, Watch, wait_until};

/// How many times longer a cause that may pass is borne than one that stays.
const PATIENCE: u32 = 6;

/// How long is waited where nothing is said.
const TIMEOUT: Duration = Duration::from_mins(10);

/// What is waited for, as it was asked for.
#[derive(Debug)]
pub(super) struct Following<'a> {
    /// The deployment's name.
    pub(super) name: &'a str,
    /// What is waited for.
    pub(super) goal: Goal,
    /// The revision that was applied, if one was.
    pub(super) revision: Option<String>,
    /// The object's generation after that.
    pub(super) generation: Option<i64>,
}

/// How long is waited.
pub(super) fn limit(args: &WaitingArgs) -> Duration {
    args.timeout.unwrap_or(TIMEOUT)
}

/// Follows a deployment until it is as asked for, telling how that goes.
pub(super) async fn follow(
    cluster: &Cluster,
    following: Following<'_>,
    args: &WaitingArgs,
    printer: &Printer,
) -> Ended {
    let expected = Expected {
        revision: following.revision,
        generation: following.generation,
        is_fail_fast: args.fail_fast,
        grace: args.grace,
        patience: args.grace.saturating_mul(PATIENCE),
    };
    let wait = Wait { goal: following.goal, expected, timeout: Some(limit(args)) };
    let mut watch = Watch::of(cluster, following.name);
    let mut reporter = Reporter::new(args.progress, printer.quiet);
    wait_until(&mut watch, &wait, &mut reporter, interrupted()).await
}

/// Looks once, without a word meanwhile.
pub(super) async fn look(cluster: &Cluster, name: &str) -> Ended {
    let (goal, timeout) = (Goal::Ready, Some(Duration::ZERO));
    let wait = Wait { goal, expected: Expected::default(), timeout };
    let mut watch = Watch::of(cluster, name);
    let mut reporter = Reporter::new(Mode::None, true);
    wait_until(&mut watch, &wait, &mut reporter, interrupted()).await
}

/// Ends when somebody or something wants this process to end.
pub(super) async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminated) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminated.recv() => return,
                result = tokio::signal::ctrl_c() => if result.is_ok() { return },
            }
        }
    }
    if tokio::signal::ctrl_c().await.is_err() {
        // Without a handler the system ends the process itself.
        std::future::pending::<()>().await;
    }
}
