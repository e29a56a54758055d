//! The arguments of the program.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

/// What `--help` prints.
pub(crate) const USAGE: &str = "\
radiant-damage [--count N] [--seed S] [--only I] [--keep FOLDER] [--verbose]

  --count N       how many mutations (100000); each file has its turn
  --seed S        which ones (1)
  --only I        only the mutation of that number
  --keep FOLDER   write the files there that something is wrong with
  --verbose       print the number of each mutation before it is looked at
";

/// The arguments.
#[derive(Debug, Clone)]
pub(crate) struct Args {
    /// How many mutations.
    pub(crate) count: u64,
    /// Which ones.
    pub(crate) seed: u64,
    /// The only mutation to look at.
    pub(crate) only: Option<u64>,
    /// Where files are written that something is wrong with.
    pub(crate) keep: Option<PathBuf>,
    /// Whether numbers are printed beforehand.
    pub(crate) verbose: bool,
}

impl Args {
    /// The arguments, or `None` where help was asked for.
    ///
    /// # Errors
    /// When an argument is unknown, lacks its value, or has one that it cannot have.
    pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Result<Option<Self>> {
        let mut args = Self { count: 100_000, seed: 1, only: None, keep: None, verbose: false };
        while let Some(word) = words.next() {
            let mut value = || words.next().with_context(|| format!("`{word}` needs a value"));
            match word.as_str() {
                "--help" => return Ok(None),
                "--count" => args.count = value()?.parse().context("--count")?,
                "--seed" => args.seed = value()?.parse().context("--seed")?,
                "--only" => args.only = Some(value()?.parse().context("--only")?),
                "--keep" => args.keep = Some(value()?.into()),
                "--verbose" => args.verbose = true,
                _ => bail!("unknown argument `{word}`; see --help"),
            }
        }
        Ok(Some(args))
    }
}
