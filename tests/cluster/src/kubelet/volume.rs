//! The volumes of a pod, as folders of this machine.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
use std::path::{Path, PathBuf};

use k8s_openapi::api::core::v1::{DownwardAPIVolumeFile, KeyToPath, Volume};

use super::environment::Sources;

/// The name under which the files of a volume are swapped as a whole.
const DATA: &str = "..data";

/// Files by their path in a volume.
type Files = BTreeMap<String, Vec<u8>>;

/// Makes a volume in a folder, and gives where it is.
///
/// # Errors
/// In the kubelet's words, when it cannot be made yet.
pub(crate) async fn set_up(
    volume: &Volume,
    folder: &Path,
    sources: &Sources<'_>,
) -> Result<PathBuf, String> {
    if let Some(host) = &volume.host_path {
        return Ok(PathBuf::from(&host.path));
    }
    if let Some(claim) = &volume.persistent_volume_claim {
        return Err(format!("persistentvolumeclaim {:?} not found", claim.claim_name));
    }
    let folder = folder.join(&volume.name);
    if volume.empty_dir.is_some() {
        return make_empty(&folder, group(sources)).map_err(|error| error.to_string());
    }
    let files = files(volume, sources).await?;
    write(&folder, &files, group(sources)).map_err(|error| error.to_string())?;
    Ok(folder)
}

/// The group that the pod's volumes belong to, if it says so.
fn group(sources: &Sources<'_>) -> Option<u32> {
    let context = sources.pod.spec.as_ref()?.security_context.as_ref()?;
    u32::try_from(context.fs_group?).ok()
}

async fn files(volume: &Volume, sources: &Sources<'_>) -> Result<Files, String> {
    let mut files = Files::new();
    if let Some(map) = &volume.config_map {
        let is_optional = map.optional.unwrap_or(false);
        let values = sources.config_map(&map.name, is_optional).await?.unwrap_or_default();
        files.extend(chosen(values, map.items.as_deref(), is_optional)?);
    }
    if let Some(secret) = &volume.secret {
        let is_optional = secret.optional.unwrap_or(false);
        let name = secret.secret_name.as_deref().unwrap_or_default();
        let values = sources.secret(name, is_optional).await?.unwrap_or_default();
        files.extend(chosen(values, secret.items.as_deref(), is_optional)?);
    }
    if let Some(downward) = &volume.downward_api {
        files.extend(fields(downward.items.as_deref(), sources));
    }
    let projected = volume.projected.as_ref().and_then(|projected| projected.sources.as_ref());
    for source in projected.into_iter().flatten() {
        if let Some(map) = &source.config_map {
            let is_optional = map.optional.unwrap_or(false);
            let values = sources.config_map(&map.name, is_optional).await?.unwrap_or_default();
            files.extend(chosen(values, map.items.as_deref(), is_optional)?);
        }
        if let Some(secret) = &source.secret {
            let is_optional = secret.optional.unwrap_or(false);
            let values = sources.secret(&secret.name, is_optional).await?.unwrap_or_default();
            files.extend(chosen(values, secret.items.as_deref(), is_optional)?);
        }
        if let Some(downward) = &source.downward_api {
            files.extend(fields(downward.items.as_deref(), sources));
        }
    }
    Ok(files)
}

/// The values that become files: all of them, or those that are listed.
fn chosen(
    mut values: Files,
    items: Option<&[KeyToPath]>,
    is_optional: bool,
) -> Result<Files, String> {
    let Some(items) = items else { return Ok(values) };
    let mut files = Files::new();
    for KeyToPath { key, path, .. } in items {
        match values.remove(key) {
            Some(value) => drop(files.insert(path.clone(), value)),
            None if is_optional => {}
            None => return Err(format!("references non-existent config key: {key}")),
        }
    }
    Ok(files)
}

fn fields(items: Option<&[DownwardAPIVolumeFile]>, sources: &Sources<'_>) -> Files {
    let items = items.into_iter().flatten();
    let fields = items.filter_map(|item| {
        let field = item.field_ref.as_ref()?;
        Some((item.path.clone(), sources.field(&field.field_path).into_bytes()))
    });
    fields.collect()
}

fn make_empty(folder: &Path, group: Option<u32>) -> std::io::Result<PathBuf> {
    fs::create_dir_all(folder)?;
    chown(folder, None, group)?;
    let mode = if group.is_some() { 0o2777 } else { 0o777 };
    fs::set_permissions(folder, fs::Permissions::from_mode(mode))?;
    Ok(folder.to_owned())
}

/// Writes files as a kubelet does: links into a folder that a link points to.
fn write(folder: &Path, files: &Files, group: Option<u32>) -> std::io::Result<()> {
    let real = folder.join("..0");
    if real.exists() {
        return Ok(());
    }
    fs::create_dir_all(&real)?;
    for (path, bytes) in files {
        let file = real.join(path);
        fs::create_dir_all(file.parent().unwrap_or(&real))?;
        fs::write(&file, bytes)?;
        chown(&file, None, group)?;
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644))?;
        // Only the first part of a path is linked: what is below comes with it.
        let first = path.split('/').next().unwrap_or(path);
        let link = folder.join(first);
        if link.symlink_metadata().is_err() {
            symlink(Path::new(DATA).join(first), link)?;
        }
    }
    symlink("..0", folder.join(DATA))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{Files, write};

    #[test]
    fn files_are_links_as_a_kubelet_makes_them() {
        let folder = tempfile::tempdir().expect("a folder");
        let files =
            Files::from([("a".to_owned(), b"1".to_vec()), ("b/c".to_owned(), b"2".to_vec())]);
        write(folder.path(), &files, None).expect("it can be written");
        assert_eq!(fs::read(folder.path().join("b/c")).expect("a file"), b"2");
        let link = fs::read_link(folder.path().join("a")).expect("a link");
        assert_eq!(link.to_str(), Some("..data/a"));
    }
}
