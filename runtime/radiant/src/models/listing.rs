//! What a repository's folder says of a model, as what the loader is told.

use radiant_storage::repository::{ListedModel, ListedVersion, Repository};

use crate::loader::Wish;

/// How a version is loaded; one without a name has the name `unnamed`.
pub(super) fn wish(
    unnamed: &str,
    repository: &Repository,
    model: &ListedModel,
    version: &ListedVersion,
) -> Wish {
    let name = if version.version.is_empty() { unnamed } else { &version.version };
    let settings = &model.settings;
    Wish {
        engine: settings.engine.clone(),
        method: settings.method.clone(),
        output: settings.output.clone(),
        queue: settings.queue,
        file: version.file.clone(),
        ..Wish::new(&model.name, name, repository.uri(version))
    }
}

/// What of the settings decides how a version is loaded: other labels are no other model.
pub(super) fn decisive(model: &ListedModel, version: &ListedVersion) -> String {
    let settings = &model.settings;
    let options = (&settings.engine, &settings.method, &settings.output, &settings.queue);
    format!("{options:?} {:?}", version.file)
}

/// Why a model has no version to serve.
pub(super) fn why_none(model: &ListedModel) -> String {
    let problems: Vec<String> = model.problems.iter().map(ToString::to_string).collect();
    if !problems.is_empty() {
        return problems.join("; ");
    }
    let there: Vec<String> =
        model.versions.iter().map(|version| format!("`{}`", version.version)).collect();
    format!("its settings choose none of its versions {}", there.join(", "))
}
