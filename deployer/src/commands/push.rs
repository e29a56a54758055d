//! `radiant-deploy push`: an image of this machine into registries.

use radiant_contract::EnvSource;
use radiant_storage::oci::Reference;

use super::registry::push_options;
use crate::cli::{PushArgs, RegistryArgs};
use crate::error::Failure;
use crate::layout::{Descriptor, Layout};
use crate::output::{self, OutputFormat, Printer};
use crate::registry::{Report, failed, for_people, push};
use crate::source::Image;

pub(super) fn run(
    args: &PushArgs,
    printer: Printer,
    env: &(dyn EnvSource + Sync),
) -> Result<(), Failure> {
    let pusher = Pusher::new(&args.references, &args.registry, env)?;
    let image = Image::open(&args.source)?;
    let report = pusher.push(&image.layout, &image.root, printer.quiet)?;
    output::write(&match printer.format {
        OutputFormat::Text => report.text(),
        OutputFormat::Json => report.json(),
    })
}

/// Where images are pushed, and how: all of it checked.
pub(super) struct Pusher<'a> {
    references: Vec<Reference>,
    options: crate::registry::PushOptions,
    env: &'a (dyn EnvSource + Sync),
}

impl<'a> Pusher<'a> {
    /// Reads names and options, before anything is done about an image.
    pub(super) fn new(
        references: &[String],
        args: &RegistryArgs,
        env: &'a (dyn EnvSource + Sync),
    ) -> Result<Self, Failure> {
        let parsed =
            references.iter().map(|text| Reference::parse(text).map_err(|it| failed(text, it)));
        let references = parsed.collect::<Result<_, Failure>>()?;
        Ok(Self { references, options: push_options(args, env)?, env })
    }

    /// Pushes an image and tells how that goes.
    pub(super) fn push(
        &self,
        layout: &Layout,
        image: &Descriptor,
        is_quiet: bool,
    ) -> Result<Report, Failure> {
        let watch = for_people(is_quiet);
        let pushing = push((layout, image), &self.references, &self.options, self.env, &*watch);
        super::wait(pushing)
    }
}
