//! Puts a layout that is whole to where it is wanted.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::archive::Names;
use crate::error::Failure;
use crate::image::Built;
use crate::layout::{Descriptor, Layout, LayoutError};

/// Moves a layout to a folder, or adds what it holds to the layout that is there: blobs first, the index
/// last, so that nothing is named before it is whole.
pub(super) fn publish(
    layout: &Layout,
    built: &Built,
    names: &[Names],
    to: &Path,
) -> Result<(), Failure> {
    let mut entries: Vec<Descriptor> = match names {
        [] => vec![built.root.clone()],
        names => names.iter().map(|names| names.describe(&built.root)).collect(),
    };
    entries.extend(built.sboms.iter().map(|sbom| sbom.descriptor.clone()));
    if !to.exists() {
        let mut index = layout.index()?;
        index.manifests = entries;
        layout.write_index(&index)?;
        let cannot = LayoutError::write(to);
        let mode = fs::Permissions::from_mode(0o755);
        fs::set_permissions(layout.root(), mode).map_err(&cannot)?;
        return fs::rename(layout.root(), to).map_err(|error| cannot(error).into());
    }
    let target = Layout::create(to)?;
    move_blobs(layout, &target)?;
    let mut index = target.index()?;
    index.manifests.retain(|old| !entries.iter().any(|new| replaces(new, old)));
    index.manifests.extend(entries);
    Ok(target.write_index(&index)?)
}

/// Lets a layout that stays where it is list what it holds.
pub(super) fn listed(layout: Layout, built: &Built) -> Result<Layout, Failure> {
    let mut index = layout.index()?;
    index.manifests = std::iter::once(built.root.clone())
        .chain(built.sboms.iter().map(|sbom| sbom.descriptor.clone()))
        .collect();
    layout.write_index(&index)?;
    Ok(layout)
}

/// Whether an entry takes the place of another: it has the same name, or is the same without one.
fn replaces(new: &Descriptor, old: &Descriptor) -> bool {
    let name = |entry: &Descriptor| {
        entry.annotation("org.opencontainers.image.ref.name").map(str::to_owned)
    };
    match (name(new), name(old)) {
        (Some(new), Some(old)) => new == old,
        (None, None) => new.digest == old.digest,
        _ => false,
    }
}

fn move_blobs(from: &Layout, to: &Layout) -> Result<(), LayoutError> {
    let folder = from.root().join("blobs");
    let algorithms = fs::read_dir(&folder).map_err(LayoutError::read(&folder))?;
    for algorithm in algorithms {
        let algorithm = algorithm.map_err(LayoutError::read(&folder))?;
        let target = to.root().join("blobs").join(algorithm.file_name());
        fs::create_dir_all(&target).map_err(LayoutError::write(&target))?;
        let blobs = fs::read_dir(algorithm.path()).map_err(LayoutError::read(&folder))?;
        for blob in blobs {
            let blob = blob.map_err(LayoutError::read(&folder))?;
            let place = target.join(blob.file_name());
            move_file(&blob.path(), &place).map_err(LayoutError::write(&place))?;
        }
    }
    Ok(())
}

/// Moves a file; one that is there is the same by its name, and replaced in case it was damaged.
fn move_file(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            let folder = to.parent().unwrap_or(Path::new("."));
            let copy = tempfile::NamedTempFile::new_in(folder)?;
            fs::copy(from, copy.path())?;
            copy.persist(to).map(|_| ()).map_err(|error| error.error)
        }
        done => done,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::{ImageIndex, media_type};

    fn built(place: &Path, text: &str) -> (Layout, Built) {
        let layout = Layout::create(&place.join(format!("staging-{text}"))).unwrap();
        let root = layout.add(media_type::MANIFEST, text.as_bytes()).unwrap();
        (layout, Built { root, images: Vec::new(), sboms: Vec::new() })
    }

    fn named(tag: &str) -> Vec<Names> {
        let [familiar, full, tag] =
            [format!("a:{tag}"), format!("docker.io/library/a:{tag}"), tag.to_owned()];
        vec![Names { familiar, full, tag }]
    }

    #[test]
    fn a_name_moves_to_the_new_image_and_others_stay() {
        let place = tempfile::tempdir().unwrap();
        let to = place.path().join("out");
        for (text, tag) in [("one", "1"), ("two", "2"), ("three", "1")] {
            let (layout, built) = built(place.path(), text);
            publish(&layout, &built, &named(tag), &to).unwrap();
        }
        let layout = Layout::open(&to).unwrap();
        let index: ImageIndex = layout.index().unwrap();
        let texts: Vec<Vec<u8>> =
            index.manifests.iter().map(|entry| layout.document(entry).unwrap()).collect();
        assert_eq!(texts, [b"two".to_vec(), b"three".to_vec()]);
        assert_eq!(fs::metadata(&to).unwrap().permissions().mode() & 0o777, 0o755);
    }

    #[test]
    fn a_folder_with_other_things_is_left_alone() {
        let place = tempfile::tempdir().unwrap();
        let to = place.path().join("out");
        fs::create_dir(&to).unwrap();
        fs::write(to.join("mine"), "").unwrap();
        let (layout, built) = built(place.path(), "one");
        let text = publish(&layout, &built, &[], &to).unwrap_err().text();
        assert!(text.contains("expected an OCI image layout"), "{text}");
        assert_eq!(fs::read_dir(&to).unwrap().count(), 1);
    }
}
