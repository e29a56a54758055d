//! `radiant-deploy build`: an image of a model.

mod base;
mod publish;
mod report;

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use radiant_contract::env::RADIANT_CREDENTIALS;
use radiant_contract::{EnvSource as _, ProcessEnv};
use radiant_storage::oci::{Access, Reference};
use tempfile::TempDir;

use super::push::Pusher;
use crate::archive::{self, Names};
use crate::cli::BuildArgs;
use crate::error::Failure;
use crate::image::{self, Built, Fetching, Model, Ort, Request, Runtime};
use crate::interrupt::{self, Steps};
use crate::layout::{Layout, LayoutError, Platform};
use crate::output::{self, Printer};

pub(super) fn run(args: &BuildArgs, printer: &Printer) -> Result<(), Failure> {
    let files = [&args.oci_layout, &args.tarball, &args.rootfs];
    if files.iter().all(|file| file.is_none()) && args.push.is_empty() {
        let expected = "`--oci-layout`, `--tarball`, `--rootfs` or `--push`";
        return Err(Failure::usage(anyhow!("nowhere to write to: expected {expected}")));
    }
    let is_json = printer.is_json()?;
    let names = names(&args.tag)?;
    let pusher = Pusher::new(&args.push, &args.registry, &ProcessEnv)?;
    let steps = steps(args);
    interrupt::listen()?;
    steps.explain(build(args, printer, is_json, (&names, &pusher, &steps)))
}

/// What is written, in its order.
fn steps(args: &BuildArgs) -> Steps {
    let files = [&args.sbom_out, &args.rootfs, &args.tarball, &args.oci_layout];
    let files = files.into_iter().flatten().map(|path| path.display().to_string());
    Steps::new(files.chain(args.push.iter().cloned()))
}

fn build(
    args: &BuildArgs,
    printer: &Printer,
    is_json: bool,
    (names, pusher, steps): (&[Names], &Pusher<'_>, &Steps),
) -> Result<(), Failure> {
    let request = request(args, printer.quiet, pusher.access())?;
    // Beside what is written, so that it can be moved there, and not copied.
    let to = args.oci_layout.as_deref().or(args.tarball.as_deref());
    let elsewhere = std::env::temp_dir();
    let folder = to.map_or(elsewhere.as_path(), folder_of);
    let staging = TempDir::with_prefix_in(".radiant-build-", folder);
    let staging = staging.map_err(LayoutError::write(folder))?;
    let layout = Layout::create(&staging.path().join("image"))?;
    let built = image::build(&layout, &request)?;

    if let Some(path) = &args.sbom_out {
        write_sboms(&built, path)?;
        steps.end(&path.display().to_string());
    }
    if let Some(path) = &args.rootfs {
        archive::lay_out(&layout, &built.root, path)?;
        steps.end(&path.display().to_string());
    }
    if let Some(path) = &args.tarball {
        archive::write(&layout, &built.root, names, path)?;
        steps.end(&path.display().to_string());
    }
    if let Some(path) = &args.oci_layout {
        publish::publish(&layout, &built, names, path)?;
        steps.end(&path.display().to_string());
    }
    printer.tell(&report::table(&built));
    let pushed = if args.push.is_empty() {
        None
    } else {
        let layout = match &args.oci_layout {
            Some(path) => Layout::open(path)?,
            None => publish::listed(layout, &built)?,
        };
        Some(pusher.push((&layout, &built.root), printer.quiet, steps)?)
    };
    output::write(&if is_json {
        report::json(&built, names, pushed.as_ref(), args)?
    } else {
        format!("{}\n", built.root.digest)
    })
}

fn request(args: &BuildArgs, is_quiet: bool, access: &Access) -> Result<Request, Failure> {
    let env = image::pairs("--env", &args.env)?;
    image::check_environment(&env)?;
    let labels = image::pairs("--label", &args.label)?;
    let annotations = image::pairs("--annotation", &args.annotation)?;
    let platforms: Vec<Platform> =
        args.platform.iter().map(|text| platform(text)).collect::<Result<_, _>>()?;
    let runtimes: Vec<Runtime> = match (&args.runtime[..], &args.base) {
        ([], Some(_)) => Vec::new(),
        ([], None) => vec![Runtime::beside()?],
        (named, _) => named.iter().map(|file| Runtime::open(file)).collect::<Result<_, _>>()?,
    };
    let wanted = match platforms.as_slice() {
        [] => runtimes.iter().map(|runtime| runtime.platform.clone()).collect(),
        named => named.to_vec(),
    };
    let base = base::open(args, wanted, is_quiet, access)?;
    let orts = args.ort.iter().map(|file| Ort::open(file, &args.libraries));
    let orts = orts.collect::<Result<Vec<_>, _>>()?;
    if runtimes.is_empty() && !orts.is_empty() {
        let error = anyhow!("`--ort`: expected a program that uses it, got none");
        return Err(Failure::usage(error).hint("name it with `--runtime`"));
    }
    let model = args.model.as_deref();
    let credentials = args.credentials.clone();
    let credentials =
        credentials.or_else(|| ProcessEnv.get(RADIANT_CREDENTIALS.name).map(Into::into));
    let fetching = Fetching { bytes_max: args.model_bytes_max, credentials };
    Ok(Request {
        runtimes,
        orts,
        base,
        platforms,
        certificates: args.ca_certificates.clone(),
        model: model.map(|model| Model::open(model, &fetching)).transpose()?,
        settings: args.config.clone(),
        env,
        labels,
        annotations,
        compression: args.compression,
        sbom: args.sbom_format(),
        created_s: created()?,
    })
}

fn platform(text: &str) -> Result<Platform, Failure> {
    Platform::parse(text).ok_or_else(|| {
        let got = text.escape_debug();
        Failure::usage(anyhow!("`--platform`: expected one such as `linux/arm64`, got `{got}`"))
    })
}

/// When the image is said to be made: 1970, unless builders that care say otherwise.
fn created() -> Result<i64, Failure> {
    let Some(text) = ProcessEnv.get("SOURCE_DATE_EPOCH") else { return Ok(0) };
    text.trim()
        .parse()
        .ok()
        .filter(|seconds| (0..=253_402_300_799_i64).contains(seconds))
        .ok_or_else(|| {
            let got = text.escape_debug();
            Failure::usage(anyhow!("`SOURCE_DATE_EPOCH`: expected seconds since 1970, got `{got}`"))
        })
}

/// Reads what the image is to be called.
fn names(tags: &[String]) -> Result<Vec<Names>, Failure> {
    let read = tags.iter().map(|tag| {
        // What Docker's clients take a name alone for.
        let address =
            if tag.contains('/') { tag.clone() } else { format!("docker.io/library/{tag}") };
        let reference = Reference::parse(&address)
            .map_err(|error| Failure::usage(error).context(format!("cannot take `--tag {tag}`")))?;
        let full = reference.to_string();
        let full = full.strip_prefix("oci://").unwrap_or(&full);
        match full.rsplit_once(':') {
            Some((_, end)) if !full.contains('@') && !tag.contains("://") => {
                let has_tag = tag.rsplit('/').next().is_some_and(|last| last.contains(':'));
                let familiar = if has_tag { tag.clone() } else { format!("{tag}:{end}") };
                Ok(Names { familiar, full: full.to_owned(), tag: end.to_owned() })
            }
            _ => Err(Failure::usage(anyhow!(
                "`--tag {tag}`: expected NAME[:TAG], got a digest or URI"
            ))),
        }
    });
    read.collect()
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Writes the list of contents, or one for each platform, which then is part of the file's name.
fn write_sboms(built: &Built, path: &Path) -> Result<(), Failure> {
    for (image, sbom) in built.images.iter().zip(&built.sboms) {
        let to = match built.images.as_slice() {
            [_] => path.to_owned(),
            _ => with_platform(path, &image.platform),
        };
        std::fs::write(&to, &sbom.text).map_err(LayoutError::write(&to))?;
    }
    Ok(())
}

/// `sbom.json` becomes `sbom.linux-arm64.json`.
fn with_platform(path: &Path, platform: &Platform) -> PathBuf {
    let platform = platform.to_string().replace('/', "-");
    let end = path.extension().map(|end| format!("{platform}.{}", end.to_string_lossy()));
    path.with_extension(end.unwrap_or(platform))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_as_docker_has_them() {
        let cases = [
            ("iris", "iris:latest", "docker.io/library/iris:latest", "latest"),
            ("iris:1", "iris:1", "docker.io/library/iris:1", "1"),
            ("reg:5000/a/b", "reg:5000/a/b:latest", "reg:5000/a/b:latest", "latest"),
            ("localhost/a:v2", "localhost/a:v2", "localhost/a:v2", "v2"),
        ];
        for (typed, familiar, full, tag) in cases {
            let read = names(&[typed.to_owned()]).unwrap();
            let [familiar, full, tag] = [familiar, full, tag].map(str::to_owned);
            assert_eq!(read, [Names { familiar, full, tag }], "{typed}");
        }
        let digest = format!("a@sha256:{}", "0".repeat(64));
        for wrong in ["", "A B", "oci://a/b:1", &digest, "a:b:c/d"] {
            assert!(names(&[wrong.to_owned()]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn lists_of_contents_have_the_platform_in_their_names() {
        let arm = Platform::linux("arm64");
        let cases = [("a/sbom.json", "a/sbom.linux-arm64.json"), ("sbom", "sbom.linux-arm64")];
        for (path, expected) in cases {
            assert_eq!(with_platform(Path::new(path), &arm), Path::new(expected));
        }
    }
}
