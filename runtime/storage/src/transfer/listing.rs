//! What there is to download: looked at, checked and counted before a byte is fetched.

use std::collections::HashSet;

use futures_util::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt};
use sha2::{Digest, Sha256};

use super::retry::{Failure, Tries};
use super::{Retries, TransferError, names};
use crate::Limits;
use crate::hex::hex;

/// What somebody wants of a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    path: Path,
    is_folder: bool,
}

impl Wanted {
    /// Reads a path as it stands in an address: with `/` at its end it is a folder, without it is what
    /// is below this name, or else the object of this name. Empty is all of the bucket.
    ///
    /// # Errors
    /// [`TransferError::Name`] when no object can have this name.
    pub fn parse(text: &str) -> Result<Self, TransferError> {
        let path = Path::parse(text).map_err(|error| bad_path(&error))?;
        Ok(Self { is_folder: path.is_root() || text.ends_with('/'), path })
    }
}

/// An object, and the file that it becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The object as it was listed.
    pub object: ObjectMeta,
    /// The file's name below the target, with `/` between its parts.
    pub name: String,
}

/// Objects to download, all within limits, in the order of their names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    items: Vec<Item>,
    bytes: u64,
}

impl Listing {
    /// Checks objects: their names, that each has a place of its own, and how much they are. `source`
    /// names all of them in errors.
    ///
    /// An empty object with others below its name is how some tools note a folder, and is left out.
    ///
    /// # Errors
    /// [`TransferError`]: there is none, one has a bad name or another's place, or they are beyond a
    /// limit.
    pub fn new(source: &str, items: Vec<Item>, limits: &Limits) -> Result<Self, TransferError> {
        let mut items = without_markers(items)?;
        if items.is_empty() {
            return Err(TransferError::Empty { prefix: source.to_owned() });
        }
        items.sort_by(|a, b| a.name.cmp(&b.name));
        check_limit(source, limits.files, "files", items.len() as u64)?;
        let mut bytes = 0_u64;
        for item in &items {
            check_limit(
                item.object.location.as_ref(),
                limits.file_bytes,
                "bytes",
                item.object.size,
            )?;
            bytes = bytes.saturating_add(item.object.size);
            check_limit(source, limits.total_bytes, "bytes in all", bytes)?;
        }
        Ok(Self { items, bytes })
    }

    /// The objects.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// Their number.
    pub fn files(&self) -> u64 {
        self.items.len() as u64
    }

    /// Their size together.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// A text that is another one as soon as a name, a size, or what an object holds is: SHA-256 over
    /// names, sizes and ETags, or versions or times where there are no ETags.
    pub fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        let mut add = |bytes: &[u8]| {
            // With the length before it, no two lists of texts are the same bytes.
            hash.update((bytes.len() as u64).to_le_bytes());
            hash.update(bytes);
        };
        for Item { object, name } in &self.items {
            add(name.as_bytes());
            add(&object.size.to_le_bytes());
            match (&object.e_tag, &object.version) {
                (Some(tag), _) => add(format!("tag {}", bare_tag(tag)).as_bytes()),
                (None, Some(version)) => add(format!("version {version}").as_bytes()),
                (None, None) => {
                    add(format!("time {}", object.last_modified.timestamp_micros()).as_bytes());
                }
            }
        }
        hex(&hash.finalize())
    }
}

/// An ETag without the quotes, which some interfaces leave out, and without the mark of a weak one.
pub(super) fn bare_tag(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag).trim_matches('"')
}

/// Leaves out empty objects that stand for folders, and refuses two for one place.
fn without_markers(items: Vec<Item>) -> Result<Vec<Item>, TransferError> {
    let folders: HashSet<String> = names::folders(items.iter().map(|item| item.name.as_str()))
        .into_iter()
        .map(str::to_owned)
        .collect();
    let mut kept: Vec<Item> = Vec::with_capacity(items.len());
    let mut seen = HashSet::new();
    // The larger first: of `a` and an empty `a/`, both listed as `a`, the former stays.
    let mut items = items;
    items.sort_by_key(|item| std::cmp::Reverse(item.object.size));
    for item in items {
        names::check(&item.name)?;
        let is_empty = item.object.size == 0;
        let is_taken = folders.contains(&item.name) || !seen.insert(item.name.clone());
        match (is_taken, is_empty) {
            (true, true) => {}
            (true, false) => return Err(TransferError::Clash { name: item.name }),
            (false, _) => kept.push(item),
        }
    }
    Ok(kept)
}

fn check_limit(name: &str, limit: u64, unit: &'static str, got: u64) -> Result<(), TransferError> {
    if got <= limit {
        return Ok(());
    }
    Err(TransferError::Limit { name: name.to_owned(), limit, unit, got })
}

/// Lists all objects below a name, or the one of this name where there are none below. As `rclone
/// copy` copies them, an object becomes a file of the last part of its name, a folder the files in it.
///
/// The listing comes first: it is the request that a store answers with words when it refuses, and
/// some stores fail when an object is asked for whose name is a folder's.
///
/// # Errors
/// [`TransferError`]: there is nothing, the store refuses or cannot be reached, or what there is does
/// not make a [`Listing`].
pub async fn list(
    store: &dyn ObjectStore,
    wanted: &Wanted,
    limits: &Limits,
    retries: &Retries,
) -> Result<Listing, TransferError> {
    let Wanted { path, is_folder } = wanted;
    let name = path.as_ref();
    match below(store, path, limits, retries).await {
        Ok(items) if !items.is_empty() => Listing::new(name, items, limits),
        Ok(_) if *is_folder => Err(TransferError::Empty { prefix: name.to_owned() }),
        Ok(_) => match head(store, path, retries).await {
            Ok(object) => Listing::new(name, vec![by_last_part(object)], limits),
            Err((object_store::Error::NotFound { .. }, _)) => {
                Err(TransferError::Empty { prefix: name.to_owned() })
            }
            Err(failed) => Err(store_error("read", name, failed)),
        },
        // Some may read objects and not list them.
        Err(error) if !is_folder && is_refusal(&error) => match head(store, path, retries).await {
            Ok(object) => Listing::new(name, vec![by_last_part(object)], limits),
            Err(_) => Err(error),
        },
        Err(error) => Err(error),
    }
}

fn is_refusal(error: &TransferError) -> bool {
    matches!(error, TransferError::Store { source, .. } if Failure::of(source) == Failure::Refusal)
}

fn by_last_part(object: ObjectMeta) -> Item {
    let name = object.location.filename().unwrap_or_default().to_owned();
    Item { object, name }
}

/// What a store said at last, and how often it was asked.
type Failed = (object_store::Error, u32);

fn store_error(action: &'static str, name: &str, (source, attempts): Failed) -> TransferError {
    if let object_store::Error::InvalidPath { source } = &source {
        return bad_path(source);
    }
    TransferError::Store { action, name: name.to_owned(), attempts, source }
}

/// Says of a name what is wrong with it.
fn bad_path(error: &object_store::path::Error) -> TransferError {
    let name = match error {
        object_store::path::Error::EmptySegment { path }
        | object_store::path::Error::BadSegment { path, .. }
        | object_store::path::Error::NonUnicode { path, .. } => path.clone(),
        other => other.to_string(),
    };
    let expected =
        "a name whose parts are neither empty nor `.` nor `..`, without control characters";
    TransferError::Name { name, expected }
}

/// Asks for one object without its bytes.
pub(super) async fn head(
    store: &dyn ObjectStore,
    path: &Path,
    retries: &Retries,
) -> Result<ObjectMeta, Failed> {
    let mut tries = Tries::new(*retries);
    loop {
        match store.head(path).await {
            Ok(object) => return Ok(object),
            // A refusal of this request carries no words: the listing that follows does.
            Err(error) => match Failure::of(&error) {
                Failure::Passing => pause(&mut tries, Failure::Passing, error).await?,
                Failure::Refusal | Failure::Lasting => return Err((error, tries.count() + 1)),
            },
        }
    }
}

/// Lists all objects below a path, with names relative to it.
async fn below(
    store: &dyn ObjectStore,
    path: &Path,
    limits: &Limits,
    retries: &Retries,
) -> Result<Vec<Item>, TransferError> {
    let mut tries = Tries::new(*retries);
    loop {
        let error = match below_once(store, path, limits).await {
            Ok(items) => return items,
            Err(error) => error,
        };
        let failure = Failure::of(&error);
        pause(&mut tries, failure, error)
            .await
            .map_err(|failed| store_error("list", path.as_ref(), failed))?;
    }
}

/// The outer error is the store's, the inner one is of what it lists.
async fn below_once(
    store: &dyn ObjectStore,
    path: &Path,
    limits: &Limits,
) -> Result<Result<Vec<Item>, TransferError>, object_store::Error> {
    let mut objects = store.list((!path.is_root()).then_some(path));
    let mut items = Vec::new();
    while let Some(object) = objects.try_next().await? {
        let Some(name) = name_below(&object.location, path) else {
            // The folder's own mark; an object of this name was asked for before.
            continue;
        };
        items.push(Item { object, name });
        // Markers of folders count here, but nothing lists without end.
        let listed = items.len() as u64;
        if listed > limits.files.saturating_mul(2) {
            return Ok(check_limit(path.as_ref(), limits.files, "files", listed).map(|()| items));
        }
    }
    Ok(Ok(items))
}

fn name_below(location: &Path, folder: &Path) -> Option<String> {
    let rest = location.as_ref().strip_prefix(folder.as_ref())?;
    let name = if folder.is_root() { rest } else { rest.strip_prefix('/')? };
    (!name.is_empty()).then(|| name.to_owned())
}

/// Waits before the next attempt, unless this was the last one.
async fn pause(
    tries: &mut Tries,
    failure: Failure,
    error: object_store::Error,
) -> Result<(), Failed> {
    let Some(wait) = tries.after(failure) else {
        return Err((error, tries.count()));
    };
    tokio::time::sleep(wait).await;
    Ok(())
}
