//! The arguments of the program.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use radiant::engines::Choice;

/// What `--help` prints.
pub(crate) const USAGE: &str = "\
radiant-mutate [--count N] [--seed S] [--engines NAME,...] [--ort-library FILE] [--only I]
               [--elements-max N] [--keep FOLDER] [--details FILE]

  --count N             how many mutations (10000)
  --seed S              which ones (1)
  --engines NAME,...    the engines (native,tract,rten)
  --ort-library FILE    where ONNX Runtime's shared library is, for the engine ort
  --elements-max N      the reader's limit to the elements of a tensor (the server's)
  --only I              only the mutation of that number
  --keep FOLDER         write the models there that something is wrong with
  --details FILE        write how every stage of every mutation ended
";

/// The arguments.
#[derive(Debug, Clone)]
pub(crate) struct Args {
    /// How many mutations.
    pub(crate) count: u64,
    /// Which ones.
    pub(crate) seed: u64,
    /// The engines, in order.
    pub(crate) engines: Vec<Choice>,
    /// The shared library of ONNX Runtime.
    pub(crate) ort_library: Option<PathBuf>,
    /// What the reader takes for the largest tensor; the server's own limit if there is none.
    pub(crate) elements_max: Option<u64>,
    /// The only mutation to look at.
    pub(crate) only: Option<u64>,
    /// Where models are written that something is wrong with.
    pub(crate) keep: Option<PathBuf>,
    /// Where the ends of all stages are written.
    pub(crate) details: Option<PathBuf>,
    /// Whether this process works for another one.
    pub(crate) is_worker: bool,
}

impl Args {
    /// The arguments, or `None` where help was asked for.
    ///
    /// # Errors
    /// When an argument is unknown, lacks its value, or has one that it cannot have.
    pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Result<Option<Self>> {
        let mut args = Self {
            count: 10_000,
            seed: 1,
            engines: vec![Choice::Native, Choice::Tract, Choice::Rten],
            ort_library: None,
            elements_max: None,
            only: None,
            keep: None,
            details: None,
            is_worker: false,
        };
        while let Some(word) = words.next() {
            let mut value = || words.next().with_context(|| format!("`{word}` needs a value"));
            match word.as_str() {
                "--help" => return Ok(None),
                "--count" => args.count = value()?.parse().context("--count")?,
                "--seed" => args.seed = value()?.parse().context("--seed")?,
                "--only" => args.only = Some(value()?.parse().context("--only")?),
                "--elements-max" => {
                    args.elements_max = Some(value()?.parse().context("--elements-max")?);
                }
                "--keep" => args.keep = Some(value()?.into()),
                "--details" => args.details = Some(value()?.into()),
                "--ort-library" => args.ort_library = Some(value()?.into()),
                "--engines" => args.engines = engines(&value()?)?,
                "--worker" => args.is_worker = true,
                _ => bail!("unknown argument `{word}`; see --help"),
            }
        }
        Ok(Some(args))
    }

    /// The engines as `--engines` has them.
    pub(crate) fn engine_names(&self) -> String {
        let names: Vec<String> = self.engines.iter().map(Choice::to_string).collect();
        names.join(",")
    }

    /// The numbers of all mutations.
    pub(crate) fn indices(&self) -> std::ops::Range<u64> {
        match self.only {
            Some(only) => only..only.saturating_add(1),
            None => 0..self.count,
        }
    }
}

fn engines(names: &str) -> Result<Vec<Choice>> {
    names.split(',').map(str::parse).collect()
}
