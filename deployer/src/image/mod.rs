//! Builds images: layers, configuration and manifest for each platform, into a layout.
//!
//! Nothing but the inputs decides what comes out: neither times, nor owners, nor the order of files,
//! nor where they lie.

mod base;
mod compose;
mod elf;
mod files;
mod layer;
mod licences;
mod model;
mod ort;
mod runtime;
mod sbom;
mod settings;
mod system;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::anyhow;

pub(crate) use self::base::Base;
pub use self::layer::{Compression, Content, Layer};
pub(crate) use self::model::{Fetching, Model};
pub(crate) use self::ort::Ort;
pub(crate) use self::runtime::{NAME as PROGRAM, Runtime};
pub use self::sbom::Format as SbomFormat;
pub(crate) use self::settings::{check_environment, is_secret, pairs, size};

use self::base::BaseImage;
use self::compose::Parts;
use self::files::Files;
use self::model::{Placed, Settings};
use crate::error::Failure;
use crate::layout::{Descriptor, ImageIndex, Layout, Platform, media_type};

/// What an image is to be.
#[derive(Debug)]
pub(crate) struct Request {
    /// The server's programs, one for each platform; none for an image that has one.
    pub(crate) runtimes: Vec<Runtime>,
    pub(crate) orts: Vec<Ort>,
    pub(crate) base: Option<Base>,
    /// The platforms that are wanted of what there are; all when empty.
    pub(crate) platforms: Vec<Platform>,
    pub(crate) certificates: Option<PathBuf>,
    pub(crate) model: Option<Model>,
    /// A file with settings of the model.
    pub(crate) settings: Option<PathBuf>,
    pub(crate) env: BTreeMap<String, String>,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) annotations: BTreeMap<String, String>,
    pub(crate) compression: Compression,
    pub(crate) sbom: Option<SbomFormat>,
    /// When it is said to be made, in seconds since 1970.
    pub(crate) created_s: i64,
}

/// What has been built.
#[derive(Debug)]
pub(crate) struct Built {
    /// The image, or the index of all platforms.
    pub(crate) root: Descriptor,
    pub(crate) images: Vec<Image>,
    /// What is said about the images: a manifest for each.
    pub(crate) sboms: Vec<Sbom>,
}

/// The image of a platform.
#[derive(Debug)]
pub(crate) struct Image {
    pub(crate) platform: Platform,
    pub(crate) descriptor: Descriptor,
    pub(crate) config: Descriptor,
    /// Layers of the base.
    pub(crate) below: Vec<Descriptor>,
    pub(crate) layers: Vec<Layer>,
}

/// What an image is made of.
#[derive(Debug)]
pub(crate) struct Sbom {
    pub(crate) descriptor: Descriptor,
    pub(crate) text: Vec<u8>,
}

/// Builds what was asked for into a layout, whose index is left as it is.
pub(crate) fn build(layout: &Layout, request: &Request) -> Result<Built, Failure> {
    let platforms = platforms(request)?;
    let shared = Shared::write(layout, request)?;
    let mut images = Vec::new();
    for platform in &platforms {
        images.push(one(layout, request, &shared, platform)?);
    }
    let sboms = match request.sbom {
        Some(format) => {
            let about = images.iter().map(|image| sbom::attach(layout, request, image, format));
            about.collect::<Result<_, _>>()?
        }
        None => Vec::new(),
    };
    let is_index = request.platforms.is_empty()
        && request.runtimes.is_empty()
        && request.base.as_ref().is_some_and(|base| base.is_index);
    let root = match images.as_slice() {
        [only] if !is_index => only.descriptor.clone(),
        several => {
            let manifests = several.iter().map(|image| image.descriptor.clone()).collect();
            let annotations = Some(shared.labels.clone());
            let index = ImageIndex { manifests, annotations, ..ImageIndex::default() };
            layout.add_json(media_type::INDEX, &index)?
        }
    };
    Ok(Built { root, images, sboms })
}

/// The platforms to build for, in the order of their names.
fn platforms(request: &Request) -> Result<Vec<Platform>, Failure> {
    let mut there: Vec<Platform> = match (&request.runtimes[..], &request.base) {
        ([], Some(base)) => base.images.iter().map(|image| image.platform.clone()).collect(),
        (runtimes, _) => runtimes.iter().map(|runtime| runtime.platform.clone()).collect(),
    };
    there.sort();
    if let Some(twice) = there.windows(2).find(|pair| pair[0] == pair[1]) {
        let platform = twice.first().map(ToString::to_string).unwrap_or_default();
        return Err(Failure::usage(anyhow!("`--runtime`: expected one for {platform}, got two")));
    }
    for wanted in &request.platforms {
        if !there.iter().any(|platform| platform.runs(wanted)) {
            let got: Vec<String> = there.iter().map(ToString::to_string).collect();
            let error = anyhow!("`--platform {wanted}`: expected one of {}", got.join(", "));
            return Err(Failure::usage(error)
                .hint("name a program for it with `--runtime`, or a base that has it"));
        }
    }
    let wanted = |platform: &Platform| request.platforms.iter().any(|want| platform.runs(want));
    there.retain(|platform| request.platforms.is_empty() || wanted(platform));
    Ok(there)
}

/// Layers that are the same for all platforms.
struct Shared {
    system: Option<Layer>,
    /// The model, and its settings.
    above: Vec<Layer>,
    env: BTreeMap<String, String>,
    labels: BTreeMap<String, String>,
}

impl Shared {
    fn write(layout: &Layout, request: &Request) -> Result<Self, Failure> {
        let pack =
            |title: &str, files: &Files| layer::write(layout, title, files, request.compression);
        let certificates = request.certificates.as_deref();
        let system = match (&request.runtimes[..], &request.base) {
            ([], _) => None,
            (_, Some(_)) => Some(system::onto_base(certificates)?),
            (_, None) => Some(system::from_scratch(certificates)?),
        };
        let system = system.map(|files| pack("system", &files)).transpose()?;
        let mut shared =
            Self { system, above: Vec::new(), env: BTreeMap::new(), labels: labels(request) };
        let settings = request.settings.as_deref().map(Settings::open).transpose()?;
        let placed = settings.map(|settings| settings.place(request.model.as_ref())).transpose()?;
        if let Some(model) = &request.model {
            let (files, served) = match &placed {
                Some(Placed { model: Some(files), served: Some(served), .. }) => {
                    (files, served.clone())
                }
                _ => (&model.files, model.served()),
            };
            let layer = pack("model", files)?;
            shared.env.extend([served]);
            let digest = ("radiant.dev/model-digest".to_owned(), layer.diff_id.to_string());
            let uri = model.uri.clone().map(|uri| ("radiant.dev/model-uri".to_owned(), uri));
            shared.labels.extend(std::iter::once(digest).chain(uri));
            shared.above.push(layer);
        }
        if let Some(placed) = &placed {
            shared.above.push(pack("settings", &placed.settings)?);
        }
        shared.labels.extend(request.labels.clone());
        Ok(shared)
    }
}

/// What is said of our own program; a base's own labels say what it is.
fn labels(request: &Request) -> BTreeMap<String, String> {
    if request.runtimes.is_empty() {
        return BTreeMap::new();
    }
    let described = [
        ("title", "radiant"),
        ("description", "Radiant, a server of machine learning models"),
        ("source", env!("CARGO_PKG_REPOSITORY")),
        ("version", env!("CARGO_PKG_VERSION")),
        ("licenses", env!("CARGO_PKG_LICENSE")),
    ];
    described
        .map(|(name, value)| (format!("org.opencontainers.image.{name}"), value.to_owned()))
        .into()
}

fn one(
    layout: &Layout,
    request: &Request,
    shared: &Shared,
    platform: &Platform,
) -> Result<Image, Failure> {
    let base = request.base.as_ref().map(|base| base.image(platform)).transpose()?;
    if let (Some(all), Some(base)) = (&request.base, base) {
        all.copy(base, layout)?;
    }
    let mut env = shared.env.clone();
    let mut layers = Vec::new();
    let runtime = request.runtimes.iter().find(|runtime| runtime.platform == *platform);
    if let Some(runtime) = runtime {
        if let Some((layer, path)) = libraries(layout, request, runtime)? {
            layers.push(layer);
            env.insert("RADIANT_ORT_LIBRARY".to_owned(), path);
        }
        layers.extend(shared.system.clone());
        let mut files = Files::default();
        files.program(runtime::NAME, runtime.path.clone(), runtime.elf.bytes);
        layers.push(layer::write(layout, "program", &files, request.compression)?);
    }
    layers.extend(shared.above.iter().cloned());
    env.extend(request.env.clone());
    let parts = Parts {
        platform,
        base,
        layers: &layers,
        has_program: runtime.is_some(),
        env: &env,
        labels: &shared.labels,
        annotations: &request.annotations,
        created_s: request.created_s,
    };
    let (descriptor, manifest) = parts.write(layout)?;
    let below = base.map(|base: &BaseImage| base.layers.clone()).unwrap_or_default();
    Ok(Image { platform: platform.clone(), descriptor, config: manifest.config, below, layers })
}

/// The lowest layer of an image with ONNX Runtime, which is the same for all versions of the program,
/// and where the library is in it.
fn libraries(
    layout: &Layout,
    request: &Request,
    runtime: &Runtime,
) -> Result<Option<(Layer, String)>, Failure> {
    let ort = request.orts.iter().find(|ort| ort.platform().runs(&runtime.platform));
    let Some(ort) = ort else {
        if let Some(other) = request.orts.first() {
            return Err(Failure::usage(anyhow!(
                "`--ort`: expected a library for {}, got one for {}",
                runtime.platform,
                other.platform()
            )));
        }
        if request.base.is_none() {
            runtime.check_static()?;
        }
        return Ok(None);
    };
    if runtime.elf.is_static() {
        let shown = runtime.path.display();
        let error = anyhow!("`{shown}`: expected a program that opens libraries, got a static one");
        return Err(Failure::usage(error).hint(format!(
            "build one with `images/binary --flavour ort {} FOLDER` of Radiant's sources, or leave \
             out `--ort`",
            runtime.platform
        )));
    }
    let files = match request.base {
        Some(_) => ort.alone(),
        None => ort.with_system(&runtime.elf)?,
    };
    let layer = layer::write(layout, "libraries", &files, request.compression)?;
    Ok(Some((layer, ort.path())))
}
