//! `radiant-deploy push`: an image of this machine into registries.

use std::sync::Arc;

use radiant_contract::EnvSource;
use radiant_storage::oci::{Access, Pushed, Reference};

use super::registry::push_options;
use crate::cli::{PushArgs, RegistryArgs};
use crate::error::Failure;
use crate::interrupt::{self, Steps};
use crate::layout::{Descriptor, Layout};
use crate::output::{self, Printer};
use crate::registry::{BlobWatch, Report, Watch, failed, for_people, push};
use crate::source::Image;

pub(super) fn run(
    args: &PushArgs,
    printer: &Printer,
    env: &(dyn EnvSource + Sync),
) -> Result<(), Failure> {
    let is_json = printer.is_json()?;
    let pusher = Pusher::new(&args.references, &args.registry, env)?;
    let steps = Steps::new(args.references.iter().cloned());
    interrupt::listen()?;
    let pushed = Image::open(&args.source)
        .and_then(|image| pusher.push((&image.layout, &image.root), printer.quiet, &steps));
    let report = steps.explain(pushed)?;
    output::write(&if is_json { report.json() } else { report.text() })
}

/// Where images are pushed, and how: all of it checked.
pub(super) struct Pusher<'a> {
    references: Vec<Reference>,
    /// The same as they were typed.
    typed: &'a [String],
    options: crate::registry::PushOptions,
    env: &'a (dyn EnvSource + Sync),
}

impl<'a> Pusher<'a> {
    /// Reads names and options, before anything is done about an image.
    pub(super) fn new(
        typed: &'a [String],
        args: &RegistryArgs,
        env: &'a (dyn EnvSource + Sync),
    ) -> Result<Self, Failure> {
        let parsed = typed.iter().map(|text| Reference::parse(text).map_err(|it| failed(text, it)));
        let references = parsed.collect::<Result<_, Failure>>()?;
        Ok(Self { references, typed, options: push_options(args, env)?, env })
    }

    /// How registries are reached, and as whom. Read once: a password may come from standard input.
    pub(super) fn access(&self) -> &Access {
        &self.options.access
    }

    /// Pushes an image and tells how that goes.
    pub(super) fn push(
        &self,
        image: (&Layout, &Descriptor),
        is_quiet: bool,
        steps: &Steps,
    ) -> Result<Report, Failure> {
        let watch = Noted { watch: for_people(is_quiet), pusher: self, steps };
        interrupt::wait(push(image, &self.references, &self.options, self.env, &watch))
    }
}

/// Notes, for who interrupts a push, which names mean the image already.
struct Noted<'a> {
    watch: Box<dyn Watch>,
    pusher: &'a Pusher<'a>,
    steps: &'a Steps,
}

impl Noted<'_> {
    /// The texts that were typed for a name.
    fn typed(&self, name: &Reference) -> impl Iterator<Item = &str> {
        let all = self.pusher.references.iter().zip(self.pusher.typed);
        let name = name.clone();
        all.filter(move |(reference, _)| **reference == name).map(|(_, typed)| typed.as_str())
    }
}

impl Watch for Noted<'_> {
    fn begin(&self, blob: &Pushed) -> Arc<dyn BlobWatch> {
        self.watch.begin(blob)
    }

    fn naming(&self, name: &Reference) {
        self.typed(name).for_each(|typed| self.steps.begin(typed));
    }

    fn named(&self, name: &Reference) {
        self.typed(name).for_each(|typed| self.steps.end(typed));
    }
}
