//! Bringing models into the table: at start, when files change, and when somebody asks.
//!
//! Everything here blocks, and is done by one thread at a time.

use std::sync::{Arc, MutexGuard, PoisonError};

use radiant_core::{Error, ErrorKind};

use super::Repository;
use super::entry::{Entry, Phase};
use super::source::{Offered, OfferedVersion};
use super::table::{Listed, Slot};
use crate::model::LoadError;
use crate::node::Node;

/// Why a model that is loaded only when it is asked for does not answer yet.
pub(super) const PARKED: &str =
    "unloaded to make room (--models-memory); the next request loads it";

/// Which versions of a model are loaded.
#[derive(Clone, Copy)]
enum Effort<'a> {
    /// All that fit into memory.
    Start,
    /// Those whose files have changed since they were loaded and are as they were when these were
    /// listed: nobody is writing them.
    Changed(&'a [Offered]),
    /// All.
    Asked,
}

/// A version that was loaded and is not in the table yet.
pub(super) struct Loaded {
    pub(super) entry: Arc<Entry>,
    pub(super) node: Arc<Node>,
    /// How much memory it took, as far as that could be measured.
    pub(super) measured_bytes: Option<u64>,
}

impl Loaded {
    fn bytes(&self) -> u64 {
        self.measured_bytes.unwrap_or_default().max(self.entry.file_bytes())
    }
}

impl Repository {
    /// Lists and loads the models for the first time.
    ///
    /// # Errors
    /// When a model that has to be there cannot be loaded, or no model can.
    pub(crate) fn start(&self) -> Result<(), LoadError> {
        let _turn = self.turn();
        let offered = self.source.list()?;
        let mut first_failure = None;
        for model in &offered {
            let failed = self.sync(model, Effort::Start).err();
            let is_required = self.table().model(&model.name).is_some_and(|m| m.is_required);
            match failed {
                Some(error) if is_required => return Err(error),
                failed => first_failure = first_failure.or(failed),
            }
        }
        self.settle(&offered, &[]);
        let answers = self.table().models().iter().any(Listed::answers);
        match first_failure {
            Some(error) if !answers => Err(error),
            _ => Ok(()),
        }
    }

    /// Lists the models without taking anything up, to have something to compare with.
    ///
    /// # Errors
    /// When they cannot be listed.
    pub(super) fn list(&self) -> Result<Vec<Offered>, LoadError> {
        self.source.list()
    }

    /// Lists the models and takes up what has changed; gives what was listed. `last` is what was
    /// listed before.
    ///
    /// # Errors
    /// When they cannot be listed; then nothing changes.
    pub(super) fn look(&self, last: &[Offered]) -> Result<Vec<Offered>, LoadError> {
        let _turn = self.turn();
        let offered = self.source.list()?;
        for model in &offered {
            // What goes wrong is told where it does, and stands in the index.
            drop(self.sync(model, Effort::Changed(last)));
        }
        self.settle(&offered, last);
        Ok(offered)
    }

    /// Loads all versions of a model anew, for somebody who asks over the network; what is there
    /// answers meanwhile, and goes on answering where a version cannot be loaded.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when there is no such model, [`ErrorKind::NotReady`] when it is being
    /// loaded already, [`ErrorKind::ModelFailed`] when a version cannot be loaded.
    pub(crate) fn reload(&self, name: &str) -> Result<(), Error> {
        let _asked = Asked::new(self, name)?;
        let _turn = self.turn();
        let offered = self.source.list().map_err(|error| cannot_load(name, &error))?;
        let Some(model) = offered.iter().find(|model| model.name == name) else {
            // What is here and not listed was, and is gone.
            self.find(name, "")?;
            let text = format!("model `{name}` is no longer in the repository");
            return Err(Error::new(ErrorKind::NotFound, text));
        };
        self.sync(model, Effort::Asked).map_err(|error| cannot_load(name, &error))
    }

    /// Loads a model that was unloaded to make room.
    ///
    /// # Errors
    /// When it cannot be loaded; then the next request tries again.
    pub(super) fn load_parked(&self, entry: &Arc<Entry>) -> Result<(), Error> {
        let _turn = self.turn();
        // Somebody may have asked for it by name meanwhile.
        if entry.phase() != Phase::Parked {
            return Ok(());
        }
        let loaded =
            self.load_version(entry, 0).map_err(|error| cannot_load(&entry.name, &error))?;
        if entry.phase() == Phase::Parked {
            self.put(entry, Some(&loaded.node));
            entry.succeed(loaded.measured_bytes);
        }
        self.make_room(0, Some(entry));
        Ok(())
    }

    /// Takes a model out, all its versions; requests in flight finish.
    ///
    /// # Errors
    /// There is no such model.
    pub(crate) fn unload(&self, name: &str) -> Result<(), Error> {
        let found = self.find(name, "")?;
        for Slot { entry, .. } in &found.model().slots {
            entry.stop(Phase::Unloaded, "it was unloaded on request");
        }
        self.publish(|models| {
            let slots = models.iter_mut().filter(|model| model.name == name);
            slots.flat_map(|model| &mut model.slots).for_each(|slot| slot.node = None);
        });
        tracing::info!(model = name, "unloaded");
        Ok(())
    }

    fn turn(&self) -> MutexGuard<'_, ()> {
        // What a thread that panicked had done is not in the table.
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Loads what the effort asks for of one model, then puts it, the model's labels, and what follows
    /// from both into the table in one step.
    ///
    /// # Errors
    /// Why the first version that failed did; the others are in the table all the same.
    fn sync(&self, offered: &Offered, effort: Effort<'_>) -> Result<(), LoadError> {
        let versions = match &offered.versions {
            Ok(versions) => versions,
            Err(problem) => return Err(self.blame(&offered.name, problem)),
        };
        let entries = self.entries(&offered.name, versions, effort);
        if let Effort::Changed(_) = effort
            && entries.iter().any(|entry| entry.phase() == Phase::Unloaded)
        {
            return Ok(());
        }
        let (mut loaded, mut failure) = (Vec::new(), None);
        let mut pending_bytes = 0;
        for entry in entries.iter().filter(|entry| effort.asks_for(entry)) {
            if matches!(effort, Effort::Start) && !self.fits(entry, pending_bytes) {
                entry.stop(Phase::Parked, PARKED);
                continue;
            }
            match self.load_version(entry, pending_bytes) {
                Ok(version) => {
                    pending_bytes += version.bytes();
                    loaded.push(version);
                }
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        self.take_up(offered, &entries, &loaded);
        failure.map_or(Ok(()), Err)
    }

    /// The entries of the versions that are offered, made where they are new; then they are in the
    /// table, so that it can be seen what is being loaded.
    fn entries(
        &self,
        name: &str,
        versions: &[OfferedVersion],
        effort: Effort<'_>,
    ) -> Vec<Arc<Entry>> {
        let table = self.table();
        let known = table.model(name);
        let entry = |offered: &OfferedVersion| {
            let known = known.and_then(|model| model.slot(&offered.version));
            let is_settled = effort.is_settled(name, offered);
            let entry = match known {
                Some(slot) => Arc::clone(&slot.entry),
                None if is_settled => self.new_entry(name, &offered.version),
                None => return None,
            };
            if is_settled {
                entry.listed(offered);
            }
            Some(entry)
        };
        let entries: Vec<Arc<Entry>> = versions.iter().filter_map(entry).collect();
        let is_new =
            |entry: &&Arc<Entry>| known.is_none_or(|model| model.slot(&entry.version).is_none());
        let new: Vec<Slot> = entries.iter().filter(is_new).map(Slot::empty).collect();
        drop(table);
        if !new.is_empty() {
            self.publish(|models| match models.iter_mut().find(|model| model.name == name) {
                Some(model) => model.slots.extend(new),
                None => models.push(Listed::new(name, new, false)),
            });
        }
        entries
    }

    /// Puts what was loaded into the table, with the labels that hold now, and takes out what it
    /// replaces.
    fn take_up(&self, offered: &Offered, entries: &[Arc<Entry>], loaded: &[Loaded]) {
        // Somebody may have asked meanwhile that it be unloaded.
        let loaded = || loaded.iter().filter(|version| version.entry.phase() != Phase::Unloaded);
        let mut retired = Vec::new();
        self.publish(|models| {
            let Some(model) = models.iter_mut().find(|model| model.name == offered.name) else {
                return;
            };
            for Loaded { entry, node, .. } in loaded() {
                let slots = model.slots.iter_mut();
                for slot in slots.filter(|slot| Arc::ptr_eq(&slot.entry, entry)) {
                    slot.node = Some(Arc::clone(node));
                }
            }
            retired = model.take_up(offered, entries);
        });
        for Loaded { entry, measured_bytes, .. } in loaded() {
            entry.succeed(*measured_bytes);
        }
        for slot in retired {
            self.retire(&slot.entry);
        }
        // Without anything new, what is there may stay, even one model that is too large.
        if let Some(newest) = loaded().next_back() {
            self.make_room(0, Some(&newest.entry));
        }
    }

    /// Takes note that a model is described wrongly; gives the same as an error.
    fn blame(&self, name: &str, problem: &str) -> LoadError {
        if self.table().model(name).is_none() {
            let entry = self.new_entry(name, "");
            self.publish(|models| {
                models.push(Listed::new(name, vec![Slot::empty(&entry)], false));
            });
        }
        let table = self.table();
        let entries = table.model(name).into_iter().flat_map(|model| &model.slots);
        if entries.filter(|slot| slot.entry.blame(problem)).count() > 0 {
            tracing::error!(model = name, problem, "the model is described wrongly");
        }
        LoadError::new(format!("model `{name}`: {problem}"))
    }

    /// Puts the models into the order in which they were listed, and takes those out that are not
    /// listed now and were not before.
    fn settle(&self, offered: &[Offered], last: &[Offered]) {
        let is_in = |list: &[Offered], name: &str| list.iter().any(|model| model.name == name);
        let is_gone = |model: &Listed| {
            !model.is_required && !is_in(offered, &model.name) && !is_in(last, &model.name)
        };
        let at = |model: &Listed| offered.iter().position(|other| other.name == model.name);
        let mut retired = Vec::new();
        self.publish_listed(|models| {
            retired = models.extract_if(.., |model| is_gone(model)).collect();
            models.sort_by_key(|model| at(model).unwrap_or(usize::MAX));
        });
        for model in retired {
            tracing::info!(model = model.name, "no longer in the repository");
            for slot in &model.slots {
                self.retire(&slot.entry);
            }
        }
    }

    fn retire(&self, entry: &Entry) {
        tracing::info!(model = entry.name, version = entry.version, "taken out");
        entry.drain();
        self.registry.forget_model(&entry.name, &entry.version);
    }
}

impl Effort<'_> {
    /// Whether nobody is writing the files of a version: not now, or not at start, when there is
    /// nothing to compare with.
    fn is_settled(self, name: &str, offered: &OfferedVersion) -> bool {
        match self {
            Self::Start | Self::Asked => true,
            Self::Changed(last) => {
                let before = last.iter().find(|model| model.name == name);
                let before = before.and_then(|model| model.versions.as_ref().ok());
                before.is_some_and(|versions| versions.contains(offered))
            }
        }
    }

    /// Whether a version is to be loaded.
    fn asks_for(self, entry: &Entry) -> bool {
        match self {
            Self::Start | Self::Asked => true,
            // One that is parked is loaded, as it is then, when it is asked for.
            Self::Changed(_) => entry.phase() != Phase::Parked && entry.has_changed(),
        }
    }
}

/// Somebody's wish to have a model loaded, one at a time for each model.
struct Asked<'a> {
    repository: &'a Repository,
    name: String,
}

impl<'a> Asked<'a> {
    fn new(repository: &'a Repository, name: &str) -> Result<Self, Error> {
        let mut asked = repository.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if asked.iter().any(|other| other == name) {
            let text = format!("model `{name}` is being loaded already");
            return Err(Error::new(ErrorKind::NotReady, text));
        }
        asked.push(name.to_owned());
        Ok(Self { repository, name: name.to_owned() })
    }
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        let mut asked = self.repository.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.retain(|other| *other != self.name);
    }
}

/// Not `NotReady`: trying again does not help.
fn cannot_load(name: &str, error: &LoadError) -> Error {
    Error::model_failed(format!("model `{name}` cannot be loaded: {}", error.chain()))
}
