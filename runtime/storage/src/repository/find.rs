//! From the names and settings of a repository to its models.
//!
//! Each folder right in the repository gives a part of a model, and so does each of MLServer's
//! settings below it; parts of one name are put together at the end.

use std::collections::BTreeMap;

use radiant_contract::repository::{MLSERVER_FILE, ModelSettings, RADIANT_FILES, TRITON_FILE};

use super::part::Part;
use super::settings::{mlserver, own_settings};
use super::versions::{self, Folder, folders, has_numbered, is_number, listing, locate};
use super::{Found, ListedModel, ListedVersion, Problem, Tree, mlserver_path};

/// Finds the models of a repository. Pure: what `tree` does not hold is not looked at.
pub fn find(tree: &Tree) -> Found {
    let mut parts = Vec::new();
    let mut problems = tree.problems().to_vec();
    top(tree, &mut parts, &mut problems);
    let folders = folders(tree, "");
    if !folders.is_empty() && folders.iter().all(|name| is_number(name)) {
        let reason = "expected folders with the names of models, got numbers alone: if they are \
                      the versions of one model, give the folder that its folder is in";
        problems.push(Problem { place: String::new(), reason: reason.to_owned() });
    }
    for folder in folders {
        parts.extend(in_folder(tree, folder));
    }
    let mut models: BTreeMap<String, Part> = BTreeMap::new();
    for part in parts {
        let name = part.model.name.clone();
        let part = match models.remove(&name) {
            Some(earlier) => earlier.with(part),
            None => part,
        };
        models.insert(name, part);
    }
    let models: Vec<ListedModel> = models.into_values().map(Part::finish).collect();
    if models.is_empty() {
        let got = listing(tree, "");
        let reason = format!("expected a folder for each model, with files in it, got {got}");
        problems.push(Problem { place: String::new(), reason });
    }
    Found { models, problems }
}

/// What lies right in the repository: MLServer takes a single model there.
fn top(tree: &Tree, parts: &mut Vec<Part>, problems: &mut Vec<Problem>) {
    let mut problem = |place: &str, reason: String| {
        problems.push(Problem { place: place.to_owned(), reason });
    };
    for file in tree.below("").filter(|name| !name.contains('/')) {
        if file == MLSERVER_FILE {
            match mlserver(tree, "") {
                Ok(settings) => match settings.name.clone() {
                    Some(name) => parts.push(described(tree, "", settings, name, String::new())),
                    None => problem(
                        file,
                        "expected a `name`, got none, and no folder that gives one: set it, or put \
                         the model into a folder of its name"
                            .to_owned(),
                    ),
                },
                Err(reason) => problem(file, reason),
            }
        } else if file == TRITON_FILE || RADIANT_FILES.contains(&file) {
            problem(
                file,
                "expected a folder for each model, got the settings of one: give the folder that \
                 this model's folder is in"
                    .to_owned(),
            );
        }
    }
}

/// The parts of models that a folder of the repository, and what is below it, give.
fn in_folder(tree: &Tree, folder: &str) -> Vec<Part> {
    let nested: Vec<&str> = tree.below(folder).filter_map(mlserver_path).collect();
    let own = own_settings(tree, folder);
    let name = own.as_ref().ok().and_then(|own| own.name.clone());
    let name = name.unwrap_or_else(|| folder.to_owned());
    let inner = nested.iter().map(|path| in_version(tree, &format!("{folder}/{path}"), &name));
    let mut parts: Vec<Part> = inner.collect();
    let own = match own {
        Ok(own) => outer(tree, folder, own, &nested),
        Err((place, reason)) => Some(Part::broken(folder, folder, &place, reason)),
    };
    if let Some(own) = own {
        parts.insert(0, own);
    }
    parts
}

/// The part that a folder itself gives; none when all there is has MLServer's settings of its own.
fn outer(tree: &Tree, folder: &str, settings: ModelSettings, nested: &[&str]) -> Option<Part> {
    let name = settings.name.clone().unwrap_or_else(|| folder.to_owned());
    if tree.has_file(&format!("{folder}/{MLSERVER_FILE}"))
        && (settings.uri.is_some() || !has_numbered(tree, folder))
    {
        return Some(described(tree, folder, settings, name, String::new()));
    }
    let mut part = Part::new(name, folder);
    if has_numbered(tree, folder) {
        let is_triton = tree.has_file(&format!("{folder}/{TRITON_FILE}"));
        let place = Folder { path: folder, file: settings.file.as_deref(), is_triton };
        (part.model.versions, part.model.problems) = versions::numbered(tree, place, nested);
    } else {
        match locate(tree, folder, settings.file.as_deref()) {
            Ok((path, file)) => {
                let version = String::new();
                part.model.versions.push(ListedVersion { version, path, file });
            }
            Err(reason) if nested.is_empty() => {
                let reason = format!("{reason}; or a folder for each version, `1/` for example");
                part.problem(folder, reason);
            }
            Err(_) => {}
        }
    }
    let is_empty = part.model.versions.is_empty() && part.model.problems.is_empty();
    if is_empty && settings == ModelSettings::default() {
        return None;
    }
    part.model.settings = settings;
    Some(part)
}

/// A version of the model `outer`, or a model of its own, in a folder with MLServer's settings.
fn in_version(tree: &Tree, folder: &str, outer: &str) -> Part {
    let last = folder.rsplit('/').next().unwrap_or(folder);
    let settings = match mlserver(tree, folder) {
        Ok(settings) => settings,
        Err(reason) => {
            let mut part = Part::new(outer.to_owned(), folder);
            part.problem(&format!("{folder}/{MLSERVER_FILE}"), reason);
            return part;
        }
    };
    let is_version = is_number(last)
        || match &settings.name {
            Some(name) => name == outer,
            None => settings.version.is_some(),
        };
    let name = settings.name.clone();
    let name = name.unwrap_or_else(|| if is_version { outer } else { last }.to_owned());
    let version = if is_version { last } else { "" };
    described(tree, folder, settings, name, version.to_owned())
}

/// The version that MLServer's settings in `folder` describe; `version` is its name where they give
/// none.
fn described(
    tree: &Tree,
    folder: &str,
    mut settings: ModelSettings,
    name: String,
    version: String,
) -> Part {
    let version = settings.version.take().unwrap_or(version);
    let place = match settings.uri.take() {
        Some(uri) => at_uri(tree, folder, &uri, settings.file.as_deref()),
        None => locate(tree, folder, settings.file.as_deref()),
    };
    let mut part = Part::new(name, folder);
    part.is_mlserver = true;
    match place {
        Ok((path, file)) => part.model.versions.push(ListedVersion { version, path, file }),
        Err(reason) => part.problem(folder, reason),
    }
    part.model.settings = settings;
    part
}

/// Where the model is that `parameters.uri` names, in settings in `folder`.
fn at_uri(
    tree: &Tree,
    folder: &str,
    uri: &str,
    file: Option<&str>,
) -> Result<(String, Option<String>), String> {
    let wrong = |got: &str| {
        format!("`parameters.uri`: expected a file or folder in the repository, got `{uri}`, {got}")
    };
    let path = match uri.strip_prefix('/') {
        None => inside(folder, uri),
        Some(_) => tree.below_root(uri).and_then(|below| inside("", &below)),
    };
    let path = path.ok_or_else(|| {
        wrong("which is outside: put the model into the repository, or serve it by `--also`")
    })?;
    if tree.has_file(&path) {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", &path));
        return Ok((folder.to_owned(), Some(name.to_owned())));
    }
    if path.is_empty() || tree.has_folder(&path) {
        return locate(tree, &path, file);
    }
    Err(wrong(&format!("and beside it is {}", listing(tree, folder))))
}

/// A path relative to a folder, without `.` and `..`; `None` when it leads out of the repository.
fn inside(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_in_the_repository() {
        for (folder, path, expected) in [
            ("wine", "./model.joblib", Some("wine/model.joblib")),
            ("wine", "../common//model.joblib", Some("common/model.joblib")),
            ("wine/1", "../..", Some("")),
            ("wine", "../../model.joblib", None),
            ("", "..", None),
        ] {
            assert_eq!(inside(folder, path).as_deref(), expected, "{folder} {path}");
        }
    }
}
