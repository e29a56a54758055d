//! What one folder says of a model, and several put together.

use std::collections::BTreeSet;

use radiant_contract::repository::{ModelSettings, VersionPolicy};

use super::{ListedModel, Problem, order};

/// How many versions an error lists, the newest first.
const NAMES_SHOWN: usize = 10;

/// What one folder says of a model.
#[derive(Debug)]
pub(super) struct Part {
    /// The folder, relative to the repository.
    place: String,
    /// Whether MLServer's settings describe it: then versions may be in folders of any name.
    pub(super) is_mlserver: bool,
    /// Whether settings are wrong that hold for all versions.
    is_broken: bool,
    pub(super) model: ListedModel,
}

impl Part {
    pub(super) fn new(name: String, place: &str) -> Self {
        let settings = ModelSettings::default();
        let model = ListedModel { name, settings, versions: Vec::new(), problems: Vec::new() };
        Self { place: place.to_owned(), is_mlserver: false, is_broken: false, model }
    }

    /// A part whose settings are wrong, so that nothing of the model is served.
    pub(super) fn broken(name: &str, folder: &str, place: &str, reason: String) -> Self {
        let mut part = Self::new(name.to_owned(), folder);
        part.is_broken = true;
        part.problem(place, reason);
        part
    }

    pub(super) fn problem(&mut self, place: &str, reason: String) {
        self.model.problems.push(Problem { place: place.to_owned(), reason });
    }

    /// Puts a later part of the same name to this one. What is there already stays as it is.
    pub(super) fn with(mut self, later: Self) -> Self {
        let may_join = self.is_mlserver && later.is_mlserver || later.is_inside(&self);
        if !may_join {
            let reason = format!(
                "expected a name of its own, got `{}`, which is that of `{}`: is left out",
                self.model.name, self.place
            );
            self.problem(&later.place, reason);
            return self;
        }
        for version in later.model.versions {
            let versions = &self.model.versions;
            match versions.iter().find(|other| other.version == version.version) {
                Some(twin) => {
                    let reason = format!(
                        "expected a name and version of its own, got `{}` and `{}`, which are \
                         those of `{}`: is left out",
                        self.model.name, version.version, twin.path
                    );
                    self.problem(&later.place, reason);
                }
                None => self.model.versions.push(version),
            }
        }
        self.is_mlserver |= later.is_mlserver;
        self.is_broken |= later.is_broken;
        self.model.problems.extend(later.model.problems);
        self.model.settings = self.model.settings.over(later.model.settings);
        self
    }

    fn is_inside(&self, outer: &Self) -> bool {
        self.place.strip_prefix(&outer.place).is_some_and(|rest| rest.starts_with('/'))
    }

    /// The model, with its versions in order and its labels checked.
    pub(super) fn finish(self) -> ListedModel {
        let mut model = self.model;
        if self.is_broken {
            model.versions.clear();
        }
        // MLServer has no policy: it serves all that has settings.
        if self.is_mlserver {
            model.settings.versions.get_or_insert(VersionPolicy::All);
        }
        model.versions.sort_by(|a, b| order::compare(&a.version, &b.version));
        let mut seen = BTreeSet::new();
        model.settings.ignored.retain(|line| seen.insert(line.clone()));
        if model.versions.is_empty() && model.problems.is_empty() {
            let reason = "expected a version, got settings alone".to_owned();
            model.problems.push(Problem { place: self.place.clone(), reason });
        }
        if model.versions.is_empty() {
            // There is nothing to name, and why has been told.
            model.settings.labels.clear();
            model.settings.default_version = None;
        } else {
            check_names(&mut model, &self.place);
        }
        model
    }
}

/// Drops labels and the default where they name no version, and says so; says which versions of the
/// policy are not there.
fn check_names(model: &mut ListedModel, place: &str) {
    let names: Vec<String> = model.versions.iter().map(|version| version.version.clone()).collect();
    let expected = match names.as_slice() {
        [only] if only.is_empty() => "a folder for each version, `1/` for example".to_owned(),
        _ => {
            let newest: Vec<&str> =
                names.iter().rev().take(NAMES_SHOWN).map(String::as_str).collect();
            let more = match names.len().saturating_sub(newest.len()) {
                0 => String::new(),
                n => format!(" and {n} more"),
            };
            format!("one of the versions `{}`{more}", newest.join("`, `"))
        }
    };
    let mut reasons = Vec::new();
    model.settings.labels.retain(|label, target| {
        if names.contains(label) {
            reasons.push(format!("label `{label}`: expected another name than that of a version"));
            return false;
        }
        let is_there = names.contains(target);
        if !is_there {
            reasons.push(format!("label `{label}`: expected {expected}, got `{target}`"));
        }
        is_there
    });
    let labels = &model.settings.labels;
    let default = model.settings.default_version.take();
    model.settings.default_version = default.filter(|name| {
        let is_there = names.contains(name) || labels.contains_key(name);
        if !is_there {
            reasons.push(format!("default: expected a label or {expected}, got `{name}`"));
        }
        is_there
    });
    if let Some(VersionPolicy::Specific(versions)) = &model.settings.versions {
        for version in versions.iter().filter(|version| !names.contains(version)) {
            reasons.push(format!("versions: expected {expected}, got `{version}`"));
        }
    }
    let problems = reasons.into_iter().map(|reason| Problem { place: place.to_owned(), reason });
    model.problems.extend(problems);
}
