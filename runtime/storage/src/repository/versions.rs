//! Which versions are in the folder of a model, and where in them the model is.

use super::{ListedVersion, Problem, Tree, order};
use crate::OTHER_WELL_KNOWN;

/// How the name of an ONNX file ends.
const ONNX: &str = ".onnx";

/// Triton's name for an ONNX model, be it a file or a folder with further files.
const ONNX_MODEL: &str = "model.onnx";

/// How names of model files end beside those of the names that are looked for by themselves.
const ENDINGS: [&str; 3] = [".cbm", ".model", ".ubjson"];

/// How many names an error lists.
const NAMES_SHOWN: usize = 10;

/// What is known of a model's folder before its versions are looked at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Folder<'a> {
    /// Relative to the repository.
    pub(super) path: &'a str,
    /// The file that the settings name.
    pub(super) file: Option<&'a str>,
    /// Whether Triton's rules hold: a version's number has no leading zero.
    pub(super) is_triton: bool,
}

/// The versions in folders with a number for a name, those that `skip` names left out.
pub(super) fn numbered(
    tree: &Tree,
    folder: Folder<'_>,
    skip: &[&str],
) -> (Vec<ListedVersion>, Vec<Problem>) {
    let (mut versions, mut problems): (Vec<ListedVersion>, _) = (Vec::new(), Vec::new());
    let mut names = folders(tree, folder.path);
    names.retain(|name| is_number(name) && !skip.contains(name));
    // Of `1` and `01` the shorter one is taken, as it comes first.
    let digits = |name: &str| name.trim_start_matches('0').to_owned();
    names.sort_by(|a, b| order::compare(&digits(a), &digits(b)).then(a.len().cmp(&b.len())));
    for name in names {
        let path = format!("{}/{name}", folder.path);
        let version = number(name, folder.is_triton).and_then(|version| {
            match versions.last().filter(|other| other.version == version) {
                Some(twin) => {
                    Err(format!("is version {version} as `{}` is: is left out", twin.path))
                }
                None => Ok(version),
            }
        });
        let place = version.and_then(|version| Ok((version, locate(tree, &path, folder.file)?)));
        match place {
            Ok((version, (path, file))) => versions.push(ListedVersion { version, path, file }),
            Err(reason) => problems.push(Problem { place: path, reason }),
        }
    }
    (versions, problems)
}

/// The version that the name of a folder means: the number without leading zeros, which Triton does
/// not take.
fn number(name: &str, is_triton: bool) -> Result<String, String> {
    let version = name.parse::<u64>().map(|number| number.to_string());
    let expected = match version {
        Ok(version) if version == name || !is_triton => return Ok(version),
        Ok(_) => "a number without leading zeros, as Triton has it",
        Err(_) => "a number below 2^64",
    };
    Err(format!("expected {expected}, got `{name}`: is left out"))
}

/// Whether there are folders with a number for a name.
pub(super) fn has_numbered(tree: &Tree, path: &str) -> bool {
    folders(tree, path).iter().any(|name| is_number(name))
}

/// Whether a name is a number and nothing else.
pub(super) fn is_number(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_digit())
}

/// Where the model is, in a folder that holds one: the folder to take, and the file in it where the
/// name alone does not tell.
pub(super) fn locate(
    tree: &Tree,
    path: &str,
    file: Option<&str>,
) -> Result<(String, Option<String>), String> {
    let inside =
        |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") };
    if let Some(file) = file {
        if tree.has_file(&inside(file)) {
            return Ok((path.to_owned(), Some(file.to_owned())));
        }
        // A folder by the name of the file: the model is in it with the files beside it.
        if tree.has_folder(&inside(file)) {
            return Ok((inside(file), None));
        }
        return Err(format!("expected the file `{file}`, got {}", listing(tree, path)));
    }
    let files = files(tree, path);
    if files.iter().any(|name| OTHER_WELL_KNOWN.contains(name) || ends(name, &[ONNX])) {
        return Ok((path.to_owned(), None));
    }
    let nested = inside(ONNX_MODEL);
    if tree.has_folder(&nested) {
        return Ok((nested, None));
    }
    let named: Vec<&&str> = files.iter().filter(|name| is_model_name(name)).collect();
    match named.as_slice() {
        [only] => Ok((path.to_owned(), Some((**only).to_owned()))),
        _ => Err(format!(
            "expected `{ONNX_MODEL}`, another `{ONNX}` file, one of `{}`, or one file with such an \
             ending, got {}",
            OTHER_WELL_KNOWN.join("`, `"),
            listing(tree, path)
        )),
    }
}

/// Whether a file's name ends as that of a model, whatever it begins with. Tables and notes end in
/// `.json`, `.txt` and `.pb` as well.
fn is_model_name(name: &str) -> bool {
    let known = OTHER_WELL_KNOWN.iter().filter_map(|name| name.strip_prefix("model"));
    let clear = known.filter(|ending| !matches!(*ending, ".json" | ".txt"));
    let clear: Vec<&str> = clear.chain(ENDINGS).collect();
    ends(name, &clear) || matches!(name, "xgboost.json" | "lightgbm.txt")
}

fn ends(name: &str, endings: &[&str]) -> bool {
    let name = name.to_ascii_lowercase();
    endings.iter().any(|ending| name.ends_with(ending))
}

/// The names of the files right in a folder.
fn files<'a>(tree: &'a Tree, path: &str) -> Vec<&'a str> {
    tree.below(path).filter(|name| !name.contains('/')).collect()
}

/// The names of the folders right in a folder.
pub(super) fn folders<'a>(tree: &'a Tree, path: &str) -> Vec<&'a str> {
    let mut names: Vec<&str> = tree
        .below(path)
        .filter_map(|name| name.split_once('/').map(|(folder, _)| folder))
        .collect();
    // Names with characters before `/` in the order of bytes come between those of one folder.
    names.sort_unstable();
    names.dedup();
    names
}

/// What is in a folder, as errors say it.
pub(super) fn listing(tree: &Tree, path: &str) -> String {
    let folders: Vec<String> =
        folders(tree, path).iter().map(|name| format!("`{}/`", name.escape_debug())).collect();
    let files: Vec<String> =
        files(tree, path).iter().map(|name| format!("`{}`", name.escape_debug())).collect();
    let all = [folders, files].concat();
    match all.get(NAMES_SHOWN..) {
        _ if all.is_empty() => "nothing".to_owned(),
        Some(rest) if !rest.is_empty() => {
            let shown: Vec<&str> = all.iter().take(NAMES_SHOWN).map(String::as_str).collect();
            format!("{} and {} more", shown.join(", "), rest.len())
        }
        _ => all.join(", "),
    }
}
