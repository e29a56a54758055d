//! The models at one moment: what a request looks in, and what is swapped as a whole.
//!
//! A table is never changed. Whoever loads builds the next one from it and stores that in one step, so
//! that a request sees names, labels, defaults and loaded models that belong together, by one atomic
//! load.

use std::collections::BTreeMap;
use std::sync::Arc;

use arc_swap::Guard;
use radiant_core::{Error, ErrorKind};

use super::entry::{Entry, Phase};
use super::source::Offered;
use crate::node::Node;

/// All models, the main one first.
#[derive(Debug, Clone, Default)]
pub(crate) struct Table {
    models: Vec<Listed>,
    /// Positions in `models` in the order of their names.
    by_name: Vec<usize>,
    /// Whether all models have been listed, and loaded or not, once.
    is_complete: bool,
}

/// A model with its versions.
#[derive(Debug, Clone)]
pub(crate) struct Listed {
    pub(crate) name: String,
    /// At least one, the newest last.
    pub(crate) slots: Vec<Slot>,
    labels: BTreeMap<String, String>,
    /// The version or label that is meant where a request names none.
    named_default: Option<String>,
    /// Whether the process is not ready without it.
    pub(super) is_required: bool,
    /// The position of the version that is meant where none is named.
    default: usize,
}

/// A version of a model, and what runs it where it is loaded.
#[derive(Debug, Clone)]
pub(crate) struct Slot {
    pub(crate) entry: Arc<Entry>,
    pub(super) node: Option<Arc<Node>>,
}

impl Slot {
    /// A version that is not loaded.
    pub(super) fn empty(entry: &Arc<Entry>) -> Self {
        Self { entry: Arc::clone(entry), node: None }
    }

    /// Whether requests are answered, be it after they have waited for it to be loaded.
    pub(crate) fn answers(&self) -> bool {
        self.node.is_some() || self.entry.phase() == Phase::Parked
    }
}

impl Listed {
    /// A model whose newest version that answers is its default.
    pub(super) fn new(name: &str, slots: Vec<Slot>, is_required: bool) -> Self {
        assert!(!slots.is_empty(), "a model has a version");
        let (name, labels) = (name.to_owned(), BTreeMap::new());
        Self { name, slots, labels, named_default: None, is_required, default: 0 }
    }

    fn settle(&mut self) {
        let named = self.named_default.as_deref().and_then(|name| self.find(name).ok());
        let answers = |at: &usize| self.slots.get(*at).is_some_and(Slot::answers);
        let newest = || self.slots.iter().rposition(Slot::answers);
        let default = named.filter(answers).or_else(newest);
        self.default = default.unwrap_or(self.slots.len() - 1);
    }

    /// The version that is meant where none is named.
    pub(crate) fn default(&self) -> &Slot {
        match self.slots.get(self.default) {
            Some(slot) => slot,
            None => unreachable!("a model has a version"),
        }
    }

    /// Whether a version of it answers.
    pub(crate) fn answers(&self) -> bool {
        self.slots.iter().any(Slot::answers)
    }

    /// Whether the process should not be sent requests because of this model: it has to be there and
    /// is not. One that was unloaded on request is not missed.
    fn is_missed(&self) -> bool {
        let is_unloaded = |slot: &Slot| slot.entry.phase() == Phase::Unloaded;
        self.is_required && !self.answers() && !self.slots.iter().any(is_unloaded)
    }

    /// The version of this name.
    pub(crate) fn slot(&self, version: &str) -> Option<&Slot> {
        self.slots.iter().find(|slot| slot.entry.version == version)
    }

    /// Leaves the versions that are offered, in their order, and gives the labels to them. What is not
    /// offered goes, but for what is needed still: as long as nothing that is offered answers, and while
    /// a name means it that cannot move because its new version does not answer.
    ///
    /// Gives the versions that went.
    pub(super) fn take_up(&mut self, offered: &Offered, entries: &[Arc<Entry>]) -> Vec<Slot> {
        let answers = |version: &str| self.slot(version).is_some_and(Slot::answers);
        let moved = |before: Option<&String>, version: &String| {
            let before = before.filter(|before| !answers(version) && answers(before));
            before.unwrap_or(version).clone()
        };
        let label = |(label, version): (&String, &String)| {
            (label.clone(), moved(self.labels.get(label), version))
        };
        let labels: BTreeMap<String, String> = offered.labels.iter().map(label).collect();
        // One that is a label moves with it.
        let default = offered.default.as_ref().map(|default| {
            let is_label = labels.contains_key(default);
            if is_label { default.clone() } else { moved(self.named_default.as_ref(), default) }
        });
        let place = |slot: &Slot| entries.iter().position(|entry| Arc::ptr_eq(entry, &slot.entry));
        let is_replaced = entries.iter().any(|entry| answers(&entry.version));
        let is_kept = |slot: &Slot| {
            let is_named = labels.values().chain(&default).any(|name| *name == slot.entry.version);
            place(slot).is_some() || slot.answers() && (!is_replaced || is_named)
        };
        let (mut kept, gone): (Vec<Slot>, Vec<Slot>) =
            self.slots.iter().cloned().partition(is_kept);
        if kept.is_empty() {
            return Vec::new();
        }
        // Those that are not offered come first, as if they were the oldest.
        kept.sort_by_key(|slot| place(slot).map_or(0, |place| place + 1));
        (self.slots, self.labels, self.named_default) = (kept, labels, default);
        gone
    }

    fn position(&self, version: &str) -> Option<usize> {
        self.slots.iter().position(|slot| slot.entry.version == version)
    }

    /// The position of a version, of what a label means, or of the default.
    fn find(&self, version: &str) -> Result<usize, Error> {
        if version.is_empty() {
            return Ok(self.default);
        }
        self.position(version).map_or_else(|| self.labelled(version), Ok)
    }

    fn labelled(&self, label: &str) -> Result<usize, Error> {
        let Some(version) = self.labels.get(label) else { return Err(self.unknown(label)) };
        self.position(version).ok_or_else(|| {
            let text = format!(
                "label `{label}` of model `{}` means version `{version}`, which is not there; \
                 expected one of {}",
                self.name,
                self.versions_listed()
            );
            Error::new(ErrorKind::NotFound, text)
        })
    }

    #[cold]
    fn unknown(&self, version: &str) -> Error {
        let shown = shown(version);
        let (name, versions) = (&self.name, self.versions_listed());
        let expected = if self.slots.len() == 1 && self.labels.is_empty() { "" } else { "one of " };
        let text =
            format!("model `{name}` has no version `{shown}`; expected {expected}{versions}");
        Error::new(ErrorKind::NotFound, text)
    }

    fn versions_listed(&self) -> String {
        let versions = self.slots.iter().map(|slot| &slot.entry.version);
        listed(versions.chain(self.labels.keys()))
    }
}

impl Table {
    pub(super) fn new(mut models: Vec<Listed>, is_complete: bool) -> Self {
        models.iter_mut().for_each(Listed::settle);
        let name = |&at: &usize| models.get(at).map(|model| &model.name);
        let mut by_name: Vec<usize> = (0..models.len()).collect();
        by_name.sort_by(|a, b| name(a).cmp(&name(b)));
        Self { models, by_name, is_complete }
    }

    /// All models, the main one first.
    pub(crate) fn models(&self) -> &[Listed] {
        &self.models
    }

    /// All versions of all models.
    pub(crate) fn slots(&self) -> impl Iterator<Item = &Slot> {
        self.models.iter().flat_map(|model| &model.slots)
    }

    pub(super) fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// The model of this name.
    pub(crate) fn model(&self, name: &str) -> Option<&Listed> {
        self.models.get(self.position(name)?)
    }

    pub(super) fn position(&self, name: &str) -> Option<usize> {
        let name_at = |at: usize| self.models.get(at).map_or("", |model| &model.name);
        let found = self.by_name.binary_search_by(|&at| name_at(at).cmp(name)).ok()?;
        self.by_name.get(found).copied()
    }

    /// Whether all models have been listed and loaded once, and none is missed.
    pub(super) fn is_ready(&self) -> bool {
        self.is_complete && !self.models.iter().any(Listed::is_missed)
    }

    /// Why the process is not ready.
    pub(super) fn missed(&self) -> Option<Error> {
        let missed = self.models.iter().find(|model| model.is_missed());
        missed.map(|model| model.default().entry.not_ready())
    }

    #[cold]
    fn unknown(&self, name: &str) -> Error {
        if !self.is_complete {
            return Error::new(ErrorKind::NotReady, "the models are still being listed");
        }
        let shown = shown(name);
        let names = listed(self.models.iter().map(|model| &model.name));
        let text = format!("no model `{shown}` here; expected one of {names}");
        Error::new(ErrorKind::NotFound, text)
    }
}

/// The most names that an error lists.
const NAMES_SHOWN: usize = 20;

fn listed<'a>(names: impl Iterator<Item = &'a String>) -> String {
    let mut names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    let n_more = names.len().saturating_sub(NAMES_SHOWN);
    if n_more > 0 {
        names.truncate(NAMES_SHOWN);
        return format!("{} and {n_more} more", names.join(", "));
    }
    names.join(", ")
}

/// What a client sent, as far as a message shows it.
fn shown(text: &str) -> String {
    text.chars().take(200).collect()
}

/// The version of a model that a request is for, in the table as it was when it was found. What is
/// swapped or unloaded later stays for as long as this is kept.
pub(crate) struct Found {
    table: Guard<Arc<Table>>,
    model: usize,
    slot: usize,
    /// Whether the request named no version.
    is_default: bool,
}

impl Found {
    /// Finds a version by its name, by a label, or, where it is empty, the default.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] that tells what there is.
    pub(super) fn new(table: Guard<Arc<Table>>, name: &str, version: &str) -> Result<Self, Error> {
        let model = table.position(name).ok_or_else(|| table.unknown(name))?;
        let listed = table.models.get(model).ok_or_else(|| table.unknown(name))?;
        let slot = listed.find(version)?;
        Ok(Self { table, model, slot, is_default: version.is_empty() })
    }

    /// Finds the default version of the main model.
    ///
    /// # Errors
    /// [`ErrorKind::NotReady`] when there is no model.
    #[inline]
    pub(super) fn main(table: Guard<Arc<Table>>) -> Result<Self, Error> {
        let slot = match table.models.first() {
            Some(model) => model.default,
            None => return Err(no_model(table.is_complete)),
        };
        Ok(Self { table, model: 0, slot, is_default: true })
    }

    fn slot(&self) -> &Slot {
        match self.table.models.get(self.model).and_then(|model| model.slots.get(self.slot)) {
            Some(slot) => slot,
            None => unreachable!("what was found is there"),
        }
    }

    pub(crate) fn entry(&self) -> &Arc<Entry> {
        &self.slot().entry
    }

    /// All versions of the model.
    pub(crate) fn model(&self) -> &Listed {
        match self.table.models.get(self.model) {
            Some(model) => model,
            None => unreachable!("what was found is there"),
        }
    }

    /// Whether it is loaded.
    #[inline]
    pub(crate) fn is_loaded(&self) -> bool {
        self.slot().node.is_some()
    }

    /// The loaded model.
    ///
    /// # Errors
    /// [`ErrorKind::NotReady`] with how far loading has come, or why there is none.
    #[inline]
    pub(crate) fn node(&self) -> Result<&Arc<Node>, Error> {
        let slot = self.slot();
        slot.node.as_ref().ok_or_else(|| slot.entry.not_ready())
    }

    /// Whether requests are answered.
    ///
    /// # Errors
    /// As [`node`](Self::node).
    pub(crate) fn ready(&self) -> Result<(), Error> {
        if self.slot().answers() { Ok(()) } else { Err(self.entry().not_ready()) }
    }

    /// The version to ask for to find the same again: none where none was named.
    pub(super) fn asked(&self) -> String {
        if self.is_default { String::new() } else { self.entry().version.clone() }
    }
}

impl std::fmt::Debug for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Found").field("entry", self.entry()).finish_non_exhaustive()
    }
}

#[cold]
fn no_model(is_complete: bool) -> Error {
    let text = if is_complete {
        "there is no model here: the repository is empty"
    } else {
        "the models are still being listed"
    };
    Error::new(ErrorKind::NotReady, text)
}
