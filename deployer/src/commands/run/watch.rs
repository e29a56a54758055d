//! `run --watch`: the server anew whenever what it serves has changed.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::{Duration, SystemTime};

use radiant_contract::EnvSource;
use tokio::time::{Instant, sleep};

use super::{Prepared, prepare};
use crate::cli::RunArgs;
use crate::commands::waiting::interrupted;
use crate::error::Failure;
use crate::local::Server;
use crate::output::{self, Printer};

/// How often files are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How long nothing may have changed before the server is started anew: whoever writes has finished then.
const QUIET: Duration = Duration::from_millis(750);
/// How long the server may take to end when this program is interrupted.
const LEAVE_WITHIN: Duration = Duration::from_secs(5);
/// How many files of a model are looked at.
const FILES_MAX: usize = 10_000;

/// Runs it until somebody interrupts that.
pub(super) async fn watch(
    args: &RunArgs,
    printer: &Printer,
    env: &(dyn EnvSource + Sync),
) -> Result<(), Failure> {
    let mut interrupt = pin!(interrupted());
    let mut model = None;
    loop {
        let mut server = match prepare(args, printer, env) {
            Ok(prepared) => {
                model = prepared.local_model();
                Some(start(&prepared, args, printer)?)
            }
            // What is being written may be wrong for a while.
            Err(failure) => {
                output::tell_always(&failure.text());
                None
            }
        };
        let mut paths = args.config.files();
        paths.extend(model.clone());
        tokio::select! {
            () = &mut interrupt => {
                if let Some(server) = &mut server {
                    // Who sits at a terminal has interrupted it as well.
                    server.leaving(LEAVE_WITHIN).await;
                }
                return Ok(());
            }
            result = changed(&paths, server.as_mut(), printer) => result?,
        }
        printer.tell("something has changed: starting anew\n");
    }
}

fn start(prepared: &Prepared, args: &RunArgs, printer: &Printer) -> Result<Server, Failure> {
    printer.tell(&prepared.told(args));
    Server::start(&prepared.program, &prepared.environment)
}

/// Waits until files have changed, and are as they are for a while.
async fn changed(
    paths: &[PathBuf],
    mut server: Option<&mut Server>,
    printer: &Printer,
) -> Result<(), Failure> {
    let mut watched = Watched::new(Stamp::of(paths));
    let began = Instant::now();
    loop {
        sleep(LOOK_EVERY).await;
        if let Some(running) = &mut server
            && let Some(status) = running.ended()?
        {
            printer.tell(&format!("the server ended: {status}; it comes back with a change\n"));
            server = None;
        }
        if watched.is_settled(Stamp::of(paths), began.elapsed()) {
            return Ok(());
        }
    }
}

/// What files were like when they were looked at: when they were written, and how long they are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Stamp(BTreeMap<PathBuf, (Option<SystemTime>, u64)>);

impl Stamp {
    /// That of these files, and of all that is in these folders.
    fn of(paths: &[PathBuf]) -> Self {
        let mut stamp = Self::default();
        for path in paths {
            stamp.add(path);
        }
        stamp
    }

    fn add(&mut self, path: &Path) {
        let Ok(found) = fs::metadata(path) else { return };
        if self.0.len() >= FILES_MAX {
            return;
        }
        self.0.insert(path.to_owned(), (found.modified().ok(), found.len()));
        let inside = if found.is_dir() { fs::read_dir(path).ok() } else { None };
        for entry in inside.into_iter().flatten().flatten() {
            // A link could lead back.
            if entry.file_type().is_ok_and(|kind| !kind.is_symlink()) {
                self.add(&entry.path());
            }
        }
    }
}

/// Files of which it is known what they were like at first, and lately.
struct Watched {
    first: Stamp,
    last: Stamp,
    since: Duration,
}

impl Watched {
    fn new(first: Stamp) -> Self {
        Self { last: first.clone(), first, since: Duration::ZERO }
    }

    /// Whether they are others than at first, and have been as they are for long enough.
    fn is_settled(&mut self, stamp: Stamp, now: Duration) -> bool {
        if stamp != self.last {
            self.last = stamp;
            self.since = now;
        }
        self.last != self.first && now.saturating_sub(self.since) >= QUIET
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(bytes: u64) -> Stamp {
        Stamp(BTreeMap::from([(PathBuf::from("m"), (None, bytes))]))
    }

    #[test]
    fn a_change_counts_when_it_is_over() {
        let mut watched = Watched::new(stamp(1));
        let mut at = |bytes, ms| watched.is_settled(stamp(bytes), Duration::from_millis(ms));
        assert!(!at(1, 5000), "nothing has changed");
        assert!(!at(2, 6000) && !at(3, 6500), "it is being written");
        assert!(!at(3, 7000) && at(3, 7300), "it has been written");
        let mut watched = Watched::new(stamp(1));
        let mut at = |bytes, ms| watched.is_settled(stamp(bytes), Duration::from_millis(ms));
        assert!(!at(2, 1000) && !at(1, 1500) && !at(1, 9000), "it is as it was");
    }

    #[test]
    fn whatever_is_in_a_folder_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("1");
        fs::create_dir(&inner).unwrap();
        let paths = [folder.path().to_owned(), folder.path().join("gone")];
        let before = Stamp::of(&paths);
        fs::write(inner.join("model.onnx"), "model").unwrap();
        let after = Stamp::of(&paths);
        assert_ne!(before, after);
        assert_eq!(after, Stamp::of(&paths));
    }
}
