//! All model files of the corpus, those inside its archives among them.

use std::fs;
use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, Result};

/// A file of the corpus.
#[derive(Debug)]
pub(crate) struct File {
    /// Where it is, below the corpus.
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

/// Endings of what is no model: questions, answers, scripts and words.
const OTHER: [&str; 7] =
    [".answers.json", ".py", ".md", ".yaml", ".txt.json", "index.json", "requirements.txt"];

/// Reads the corpus, in the order of names.
pub(crate) fn files() -> Result<Vec<File>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/formats");
    let mut files = Vec::new();
    collect(&root, "", &mut files)?;
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(files)
}

fn collect(folder: &Path, prefix: &str, files: &mut Vec<File>) -> Result<()> {
    let entries = fs::read_dir(folder).with_context(|| format!("`{}`", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            collect(&entry.path(), &format!("{name}/"), files)?;
        } else if name.ends_with(".tar.xz") {
            let mut tar = Vec::new();
            let packed = fs::read(entry.path())?;
            lzma_rust2::XzReader::new(&packed[..], true).read_to_end(&mut tar)?;
            unpack(&tar, prefix, files);
        } else if is_model(&name) {
            files.push(File { name, bytes: fs::read(entry.path())? });
        }
    }
    Ok(())
}

/// Golden answers lie beside the models of scikit-learn and skops as JSON.
fn is_model(name: &str) -> bool {
    let is_json = Path::new(name).extension().is_some_and(|ending| ending == "json");
    let is_answer =
        is_json && ["sklearn/", "skops/", "refused/"].iter().any(|folder| name.starts_with(folder));
    !is_answer && !OTHER.iter().any(|ending| name.ends_with(ending))
}

/// The regular files of an archive in the `ustar` format.
fn unpack(tar: &[u8], prefix: &str, files: &mut Vec<File>) {
    const BLOCK: usize = 512;
    let mut at = 0;
    while let Some(header) = tar.get(at..at + BLOCK).filter(|header| header[0] != 0) {
        let text = |range: std::ops::Range<usize>| {
            let field = &header[range];
            let end = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
            String::from_utf8_lossy(&field[..end]).trim().to_owned()
        };
        let size = usize::from_str_radix(&text(124..136), 8).unwrap_or(0);
        let start = at + BLOCK;
        let name = format!("{prefix}{}", text(0..100));
        if is_model(&name) {
            files.push(File { name, bytes: tar[start..start + size].to_vec() });
        }
        at = start + size.div_ceil(BLOCK) * BLOCK;
    }
}
