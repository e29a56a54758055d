//! The command line.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};

pub(crate) const USAGE: &str = "\
Measures the engines beside each other, and beside the libraries that models come from.

Usage: radiant-bench-engines --models DIR [OPTIONS]

  --models DIR         the folder that benches/engines/models.py has filled
  --ort-library PATH   ONNX Runtime; without it, it is looked for in the usual places
  --venv DIR           a Python environment with benches/engines/requirements.txt, for the libraries
  --parts LIST         of speed,threads,memory [speed,threads,memory]
  --seconds S          how long a row of a table takes at least [5]
  --rounds N           rounds, in each of which everybody has two turns [7]
  --only LIST          only models whose names contain one of these texts
  --markdown           tables for docs/performance.md at the end
  --smoke              2 rounds of 20 ms that fail on wrong or missing answers only; without
                       --models on the models of the tree's tests
";

/// One of the things that are measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Speed,
    Threads,
    Memory,
}

/// What is measured, and how long.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Options {
    /// `None` to measure on the models of the tree's tests.
    pub(crate) models: Option<PathBuf>,
    pub(crate) ort_library: Option<PathBuf>,
    pub(crate) venv: Option<PathBuf>,
    pub(crate) parts: Vec<Part>,
    /// Time for one row of a table.
    pub(crate) row: Duration,
    pub(crate) rounds: u32,
    /// Texts in the names of what is measured.
    pub(crate) only: Vec<String>,
    pub(crate) markdown: bool,
    pub(crate) smoke: bool,
}

impl Options {
    /// Reads the arguments. `None` asks for help.
    ///
    /// # Errors
    /// When an option is unknown or its value is not what it takes.
    pub(crate) fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Option<Self>> {
        let mut options = Self {
            models: None,
            ort_library: None,
            venv: None,
            parts: vec![Part::Speed, Part::Threads, Part::Memory],
            row: Duration::from_secs(5),
            rounds: 7,
            only: vec![String::new()],
            markdown: false,
            smoke: false,
        };
        while let Some(option) = arguments.next() {
            match option.as_str() {
                "--help" | "-h" => return Ok(None),
                "--markdown" => options.markdown = true,
                "--smoke" => {
                    options.smoke = true;
                    options.rounds = 2;
                    options.row = Duration::from_millis(40);
                }
                _ => {
                    let value =
                        arguments.next().with_context(|| format!("`{option}` takes a value"))?;
                    let wrong = || format!("`{option}` does not take `{value}`");
                    options.set(&option, &value).with_context(wrong)?;
                }
            }
        }
        ensure!(options.rounds > 0, "there is nothing to measure");
        ensure!(
            options.models.is_some() || options.smoke,
            "`--models` is missing; --help lists all"
        );
        Ok(Some(options))
    }

    /// The folder with the models' folders.
    pub(crate) fn folder(&self) -> PathBuf {
        let tests = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/models");
        self.models.clone().unwrap_or_else(tests)
    }

    /// Whether a model is to be measured.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.only.iter().any(|text| name.contains(text))
    }

    fn set(&mut self, option: &str, value: &str) -> Result<()> {
        match option {
            "--models" => self.models = Some(value.into()),
            "--ort-library" => self.ort_library = Some(value.into()),
            "--venv" => self.venv = Some(value.into()),
            "--parts" => self.parts = value.split(',').map(part).collect::<Result<_>>()?,
            "--seconds" => self.row = Duration::try_from_secs_f64(value.parse()?)?,
            "--rounds" => self.rounds = value.parse()?,
            "--only" => self.only = value.split(',').map(str::to_owned).collect(),
            _ => bail!("there is no option `{option}`; --help lists them"),
        }
        Ok(())
    }
}

fn part(name: &str) -> Result<Part> {
    Ok(match name {
        "speed" => Part::Speed,
        "threads" => Part::Threads,
        "memory" => Part::Memory,
        _ => bail!("there is no part `{name}`"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Option<Options>> {
        Options::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn what_is_measured_can_be_chosen() {
        let options = parse("--models m --parts memory,speed --seconds 0.5 --only lp,gru");
        let options = options.unwrap().unwrap();
        assert_eq!(options.parts, [Part::Memory, Part::Speed]);
        assert_eq!(options.row, Duration::from_millis(500));
        assert_eq!(["mlp", "gru", "lstm"].map(|name| options.wants(name)), [true, true, false]);
        assert_eq!(options.folder(), Path::new("m"));
        assert_eq!(parse("--help").unwrap(), None);
    }

    #[test]
    fn a_smoke_test_has_models() {
        assert!(parse("").is_err());
        let options = parse("--smoke").unwrap().unwrap();
        assert!(options.folder().ends_with("tests/models") && options.wants("iris"));
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for line in ["--round 1", "--rounds", "--rounds x", "--rounds 0", "--parts sped"] {
            assert!(parse(&format!("--smoke {line}")).is_err(), "{line}");
        }
    }
}
