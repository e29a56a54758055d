//! The command line.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};

pub(crate) const USAGE: &str = "\
Measures models as their libraries wrote them beside these libraries.

Usage: radiant-bench-estimators --models DIR [OPTIONS]

  --models DIR         the folder that benches/estimators/models.py has filled
  --venv DIR           a Python environment with benches/estimators/requirements.txt
  --ort-library PATH   ONNX Runtime, for the models that are there as ONNX too
  --seconds S          how long a row of the table takes at least [3]
  --rounds N           rounds, in each of which everybody has two turns [7]
  --only LIST          only models whose names contain one of these texts
  --markdown           the table for docs/performance.md at the end
  --smoke              2 rounds of 20 ms that fail on wrong or missing answers only; without
                       --models on the models of the tree's tests
";

/// What is measured, and how long.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Options {
    /// `None` to measure on the models of the tree's tests.
    pub(crate) models: Option<PathBuf>,
    pub(crate) venv: Option<PathBuf>,
    pub(crate) ort_library: Option<PathBuf>,
    /// Time for one row of the table.
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
            venv: None,
            ort_library: None,
            row: Duration::from_secs(3),
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
        ensure!(
            options.models.is_some() || options.venv.is_none(),
            "`--venv` is for `--models`: the tests' models are of other versions"
        );
        Ok(Some(options))
    }

    /// The folder with the models.
    pub(crate) fn folder(&self) -> PathBuf {
        let tests = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/models/formats");
        self.models.clone().unwrap_or_else(tests)
    }

    /// Whether a model is to be measured.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.only.iter().any(|text| name.contains(text))
    }

    fn set(&mut self, option: &str, value: &str) -> Result<()> {
        match option {
            "--models" => self.models = Some(value.into()),
            "--venv" => self.venv = Some(value.into()),
            "--ort-library" => self.ort_library = Some(value.into()),
            "--seconds" => self.row = Duration::try_from_secs_f64(value.parse()?)?,
            "--rounds" => self.rounds = value.parse()?,
            "--only" => self.only = value.split(',').map(str::to_owned).collect(),
            _ => bail!("there is no option `{option}`; --help lists them"),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Option<Options>> {
        Options::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn what_is_measured_can_be_chosen() {
        let options = parse("--models m --seconds 0.5 --only lp,svc --markdown").unwrap().unwrap();
        assert_eq!(options.row, Duration::from_millis(500));
        assert_eq!(["mlp", "svc", "text"].map(|name| options.wants(name)), [true, true, false]);
        assert_eq!(options.folder(), Path::new("m"));
        assert!(options.markdown);
        assert_eq!(parse("--help").unwrap(), None);
    }

    #[test]
    fn a_smoke_test_has_models() {
        assert!(parse("").is_err());
        let options = parse("--smoke").unwrap().unwrap();
        assert!(options.folder().ends_with("tests/models/formats") && options.wants("svc"));
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for line in ["--round 1", "--rounds", "--rounds x", "--rounds 0", "--venv v"] {
            assert!(parse(&format!("--smoke {line}")).is_err(), "{line}");
        }
    }
}
