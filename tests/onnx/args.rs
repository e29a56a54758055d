//! The arguments of the program.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail, ensure};

use crate::engines::Tried;

/// What `--help` prints.
pub(crate) const USAGE: &str = "\
radiant-onnx-nodes --cases FOLDER [--check | --update] [--ort-library FILE]
                   [--only TEXT] [--engines NAME,...] [--details FILE]

  --cases FOLDER        what tests/onnx/cases.py wrote
  --check               compare with tests/onnx/expected.tsv and docs/onnx.md
  --update              write these two files anew
  --ort-library FILE    try ONNX Runtime too: its shared library
  --only TEXT           only cases that have TEXT in their names
  --engines NAME,...    only these: auto, native, tract, rten, ort, auto-ort
  --details FILE        write the outcome of every attempt
";

/// What is done with the outcomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Goal {
    /// They are summed up.
    Show,
    /// They are compared with what is expected.
    Check,
    /// They become what is expected.
    Update,
}

/// The arguments.
#[derive(Debug, Clone)]
pub(crate) struct Args {
    /// The folder of cases.
    pub(crate) cases: PathBuf,
    /// What is done with the outcomes.
    pub(crate) goal: Goal,
    /// The shared library of ONNX Runtime.
    pub(crate) ort_library: Option<PathBuf>,
    /// What a case's name must have in it.
    pub(crate) only: String,
    /// What is tried, in order.
    pub(crate) engines: Vec<Tried>,
    /// Where the outcome of every attempt is written.
    pub(crate) details: Option<PathBuf>,
    /// Whether this process runs cases for another one.
    pub(crate) is_worker: bool,
}

impl Args {
    /// The arguments, or `None` where help was asked for.
    ///
    /// # Errors
    /// When an argument is unknown, lacks its value, or contradicts another.
    pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Result<Option<Self>> {
        let mut args = Self {
            cases: PathBuf::new(),
            goal: Goal::Show,
            ort_library: None,
            only: String::new(),
            engines: Vec::new(),
            details: None,
            is_worker: false,
        };
        while let Some(word) = words.next() {
            let mut value = || words.next().with_context(|| format!("`{word}` needs a value"));
            match word.as_str() {
                "--help" | "-h" => return Ok(None),
                "--cases" => args.cases = PathBuf::from(value()?),
                "--check" => args.goal = Goal::Check,
                "--update" => args.goal = Goal::Update,
                "--ort-library" => args.ort_library = Some(PathBuf::from(value()?)),
                "--only" => args.only = value()?,
                "--engines" => args.engines = engines(&value()?)?,
                "--details" => args.details = Some(PathBuf::from(value()?)),
                "--worker" => args.is_worker = true,
                other => bail!("unknown argument `{other}`"),
            }
        }
        ensure!(!args.cases.as_os_str().is_empty(), "`--cases` is needed");
        if args.engines.is_empty() {
            args.engines = Tried::ALL.to_vec();
            args.engines.retain(|tried| args.ort_library.is_some() || !tried.needs_library());
        }
        let lacks_library = args.ort_library.is_none();
        let lacking = args.engines.iter().find(|tried| lacks_library && tried.needs_library());
        if let Some(tried) = lacking {
            bail!("engine `{}` needs `--ort-library`", tried.name());
        }
        let is_whole = args.only.is_empty() && args.engines.contains(&Tried::Auto);
        let can_update = is_whole || args.goal != Goal::Update;
        ensure!(can_update, "`--update` needs all cases, and the engine auto");
        Ok(Some(args))
    }
}

fn engines(names: &str) -> Result<Vec<Tried>> {
    let engine = |name| Tried::named(name).with_context(|| format!("no engine `{name}`"));
    names.split(',').map(engine).collect()
}
