//! The models that a configuration names: those given one by one, and those of a repository.
//!
//! The server asks here which there are and what their files look like, and has them loaded.

mod listing;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use radiant_server::config::Config;
use radiant_server::{LoadError, Model, Offered, OfferedVersion, Source};
use radiant_storage::repository::{ListedModel, Look, Repository, find};
use radiant_storage::{ModelUri, Seen, look};

use crate::Builtin;
use crate::fetcher::Fetcher;
use crate::loader::{self, Wish};

/// The models of a configuration.
pub(crate) struct Models {
    config: Config,
    fetcher: Fetcher,
    builtins: &'static [Builtin],
    /// Whether models are being served by now.
    serving: Arc<AtomicBool>,
    listed: Mutex<Listed>,
}

/// What was listed last.
#[derive(Default)]
struct Listed {
    /// How each version of each model is loaded.
    wishes: BTreeMap<(String, String), Wish>,
    /// What models that were given looked like.
    looks: BTreeMap<String, Seen>,
    /// Where versions lie; it keeps what was brought here as a whole.
    repository: Option<Repository>,
    /// What people have been told of it.
    told: BTreeSet<String>,
}

impl Models {
    pub(crate) fn new(
        config: Config,
        fetcher: Fetcher,
        builtins: &'static [Builtin],
        serving: Arc<AtomicBool>,
    ) -> Self {
        Self { config, fetcher, builtins, serving, listed: Mutex::default() }
    }

    /// The models that were given one by one.
    fn given(&self, listing: &mut Listing) {
        for (name, uri) in self.config.given() {
            let look = match uri {
                ModelUri::Local(path) => look(path, ""),
                ModelUri::Builtin(_) => Seen::default(),
                ModelUri::Remote(_) => self.remote(name, uri, listing),
            };
            let version = &self.config.model_version;
            let wish = Wish::new(name, version, uri.clone());
            listing.looks.insert(name.to_owned(), look.clone());
            listing.push(name, vec![(wish, look)], BTreeMap::new(), None);
        }
    }

    /// What a model elsewhere looks like, if anybody wants to know; as it did before where it cannot
    /// be reached.
    fn remote(&self, name: &str, uri: &ModelUri, listing: &mut Listing) -> Seen {
        if self.config.reload_interval.is_none() {
            return Seen::default();
        }
        match self.fetcher.fingerprint(uri) {
            Ok(fingerprint) => Seen { bytes: 0, fingerprint },
            Err(error) => {
                listing.tell.push(format!("model `{name}`: cannot look at `{uri}`: {error:#}"));
                let listed = self.listed.lock().unwrap_or_else(PoisonError::into_inner);
                listed.looks.get(name).cloned().unwrap_or_default()
            }
        }
    }

    /// The models of the repository.
    fn repository(&self, listing: &mut Listing) -> Result<(), LoadError> {
        let Some(uri) = &self.config.repository else { return Ok(()) };
        let repository = self.fetcher.repository(uri).map_err(|error| {
            LoadError::new(format!("cannot list the repository `{uri}`")).with_source(error)
        })?;
        let mut found = find(repository.tree());
        listing.tell.extend(found.problems.iter().map(ToString::to_string));
        // Without a model of its own, the server's name is that of its main model.
        found.models.sort_by_key(|model| model.name != self.config.model_name);
        for model in &found.models {
            self.listed(listing, &repository, model);
        }
        listing.repository = Some(repository);
        Ok(())
    }

    fn listed(&self, listing: &mut Listing, repository: &Repository, model: &ListedModel) {
        let name = &model.name;
        if self.config.given().any(|(given, _)| given == name) {
            let text = format!("model `{name}` of the repository: another one has this name");
            listing.tell.push(text);
            return;
        }
        let problems = model.problems.iter().map(ToString::to_string);
        let chosen = model.chosen();
        if chosen.is_empty() {
            let versions = Err(listing::why_none(model));
            let (labels, default) = (BTreeMap::new(), None);
            listing.offered.push(Offered { name: name.clone(), versions, labels, default });
            return;
        }
        listing.tell.extend(problems);
        let ignored = model.settings.ignored.iter();
        listing
            .tell
            .extend(ignored.map(|line| format!("model `{name}` of the repository: {line}")));
        let wishes = chosen.into_iter().map(|version| {
            let wish = listing::wish(&self.config.model_version, repository, model, version);
            let decisive = listing::decisive(model, version);
            let look = match repository.look(version) {
                Look::Here(folder) => look(&folder, &decisive),
                Look::There { bytes, fingerprint } => {
                    Seen { bytes, fingerprint: format!("{fingerprint} {decisive}") }
                }
            };
            (wish, look)
        });
        let wishes = wishes.collect();
        let labels = model.settings.labels.clone();
        listing.push(name, wishes, labels, model.settings.default_version.clone());
    }
}

impl Source for Models {
    fn list(&self) -> Result<Vec<Offered>, LoadError> {
        let mut listing = Listing::default();
        self.given(&mut listing);
        self.repository(&mut listing)?;
        let Listing { offered, wishes, looks, repository, tell } = listing;
        let main = offered.first().map(|model| model.name.clone());
        let mut listed = self.listed.lock().unwrap_or_else(PoisonError::into_inner);
        for news in tell.iter().filter(|line| !listed.told.contains(*line)) {
            tracing::warn!("{news}");
        }
        listed.told = tell.into_iter().collect();
        (listed.looks, listed.repository) = (looks, repository);
        listed.wishes = wishes
            .into_iter()
            .map(|wish| {
                let is_main = Some(&wish.name) == main.as_ref();
                ((wish.name.clone(), wish.version.clone()), Wish { is_main, ..wish })
            })
            .collect();
        Ok(offered)
    }

    fn load(&self, model: &str, version: &str, say: &dyn Fn(&str)) -> Result<Model, LoadError> {
        let wish = {
            let listed = self.listed.lock().unwrap_or_else(PoisonError::into_inner);
            listed.wishes.get(&(model.to_owned(), version.to_owned())).cloned()
        };
        let wish = wish.ok_or_else(|| {
            LoadError::new(format!("version `{version}` of model `{model}` is gone by now"))
        })?;
        let serving = self.serving.load(Ordering::Relaxed);
        loader::load((&self.config, &self.fetcher, self.builtins), &wish, (say, serving))
    }
}

/// A listing as it is made.
#[derive(Default)]
struct Listing {
    offered: Vec<Offered>,
    wishes: Vec<Wish>,
    looks: BTreeMap<String, Seen>,
    repository: Option<Repository>,
    /// What people should know.
    tell: Vec<String>,
}

impl Listing {
    fn push(
        &mut self,
        name: &str,
        versions: Vec<(Wish, Seen)>,
        labels: BTreeMap<String, String>,
        default: Option<String>,
    ) {
        let offered = |(wish, look): &(Wish, Seen)| OfferedVersion {
            version: wish.version.clone(),
            bytes: look.bytes,
            fingerprint: look.fingerprint.clone(),
        };
        let offered = versions.iter().map(offered).collect();
        self.wishes.extend(versions.into_iter().map(|(wish, _)| wish));
        self.offered.push(Offered {
            name: name.to_owned(),
            versions: Ok(offered),
            labels,
            default,
        });
    }
}
