//! The settings in a folder, read and put together.

use radiant_contract::repository::{
    MLSERVER_FILE, ModelSettings, RADIANT_FILES, SettingsError, TRITON_FILE,
};

use super::Tree;

/// MLServer's settings in a folder; the empty name is the repository itself.
pub(super) fn mlserver(tree: &Tree, folder: &str) -> Result<ModelSettings, String> {
    let name = if folder.is_empty() {
        MLSERVER_FILE.to_owned()
    } else {
        format!("{folder}/{MLSERVER_FILE}")
    };
    read(tree, &name, ModelSettings::from_mlserver).map(Option::unwrap_or_default)
}

/// All settings in the folder of a model, ours first; else which file is wrong, and why.
pub(super) fn own_settings(tree: &Tree, folder: &str) -> Result<ModelSettings, (String, String)> {
    let mut ours: Option<(&str, ModelSettings)> = None;
    let place = |file: &str| format!("{folder}/{file}");
    for file in RADIANT_FILES {
        let name = place(file);
        let wrong = |reason| (name.clone(), reason);
        let Some(settings) = read(tree, &name, ModelSettings::from_radiant).map_err(wrong)? else {
            continue;
        };
        if let Some((other, _)) = ours {
            return Err((name, format!("expected one file of settings, got `{other}` as well")));
        }
        ours = Some((file, settings));
    }
    let read = |file: &str, parse| {
        let name = place(file);
        read(tree, &name, parse).map(Option::unwrap_or_default).map_err(|reason| (name, reason))
    };
    let theirs = read(MLSERVER_FILE, ModelSettings::from_mlserver)?;
    let triton = read(TRITON_FILE, ModelSettings::from_triton)?;
    if let Some(name) = triton.name.as_ref().filter(|name| *name != folder) {
        let expected = format!("`name`: expected `{folder}`, as the folder is called, or none");
        return Err((place(TRITON_FILE), format!("{expected}, got `{name}`")));
    }
    let ours = ours.map(|(_, settings)| settings).unwrap_or_default();
    Ok(ours.over(theirs).over(triton))
}

fn read(
    tree: &Tree,
    name: &str,
    parse: fn(&str) -> Result<ModelSettings, SettingsError>,
) -> Result<Option<ModelSettings>, String> {
    match tree.text(name) {
        None => Ok(None),
        Some(text) => parse(text?).map(Some).map_err(|error| error.to_string()),
    }
}
