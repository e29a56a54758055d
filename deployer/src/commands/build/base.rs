//! The image to build on: from this machine, or from a registry.

use anyhow::Context;
use radiant_contract::ProcessEnv;
use radiant_storage::oci::{Access, Reference};
use tempfile::TempDir;

use crate::cli::BuildArgs;
use crate::error::Failure;
use crate::image::Base;
use crate::interrupt::wait;
use crate::layout::{Layout, Platform};
use crate::registry::{PullOptions, failed, for_pulls, pull};
use crate::source::is_local;

/// Opens the image that is to be built on, if there is one; of a registry's, what these platforms need.
pub(super) fn open(
    args: &BuildArgs,
    platforms: Vec<Platform>,
    is_quiet: bool,
    access: &Access,
) -> Result<Option<Base>, Failure> {
    let Some(address) = args.base.as_deref() else { return Ok(None) };
    if is_local(address) {
        return Base::open(address).map(Some);
    }
    let name = address.strip_prefix("docker://").unwrap_or(address);
    let reference = Reference::parse(name).map_err(|error| {
        failed(name, error).context(format!("cannot read the base `{}`", address.escape_debug()))
    })?;
    let folder = TempDir::new().context("cannot make a folder for temporary files")?;
    let layout = Layout::create(&folder.path().join("layout"))?;
    let options = PullOptions {
        access: access.clone(),
        parallel: usize::from(args.registry.parallel),
        platforms,
        ..PullOptions::default()
    };
    let progress = for_pulls(is_quiet);
    let root = wait(pull(&reference, &layout, &options, &ProcessEnv, &*progress))?;
    drop(progress);
    let name = reference.to_string();
    let name = name.strip_prefix("oci://").unwrap_or(&name);
    Base::pulled(name, layout, root, folder).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_registries_are_told_from_paths() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().display().to_string();
        for (address, expected) in [
            (path.as_str(), true),
            ("oci:x:1", true),
            ("docker-archive:x.tar", true),
            ("./x/y", true),
            ("x.tar", true),
            ("host.io/x:1", false),
            ("oci://host.io/x:1", false),
            ("docker://host.io/x", false),
            ("team/x", false),
        ] {
            assert_eq!(is_local(address), expected, "{address}");
        }
    }
}
