//! The command line.

use anyhow::{Context as _, Result, bail, ensure};

pub(crate) const USAGE: &str = "\
Simulates replicas of `radiant serve` behind a Kubernetes Service with an autoscaler.

Usage: radiant-bench-sim [OPTIONS]

  --only TEXT        only tables whose name contains TEXT: clients, metrics, starts, sizes
  --run-ms A         what every run costs [50]
  --row-ms B         what every row of it costs [100]
  --threads N        engine threads of a pod [1]
  --rows-max N       rows of a run at most [64]
  --requests-max N   requests in flight in a pod at most [32]
  --pods N           pods that the base of the load needs, where the table does not say [10]
  --pods-max N       the largest fleet of `sizes` [10000]
  --start-s S        from the wish for a pod to its readiness [6]
  --good-ms MS       an answer that takes longer is not good [1000]
  --seed N           [1]
";

/// What is simulated.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Options {
    pub(crate) only: String,
    pub(crate) run_s: f64,
    pub(crate) row_s: f64,
    pub(crate) n_threads: usize,
    pub(crate) rows_max: usize,
    pub(crate) requests_max: usize,
    pub(crate) pods: usize,
    pub(crate) pods_max: usize,
    pub(crate) start_s: f64,
    pub(crate) good_s: f64,
    pub(crate) seed: u64,
}

impl Options {
    /// Reads the arguments. `None` asks for help.
    ///
    /// # Errors
    /// When an option is unknown or its value is not what it takes.
    pub(crate) fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Option<Self>> {
        let mut options = Self {
            only: String::new(),
            run_s: 0.05,
            row_s: 0.1,
            n_threads: 1,
            rows_max: 64,
            requests_max: 32,
            pods: 10,
            pods_max: 10_000,
            start_s: 6.0,
            good_s: 1.0,
            seed: 1,
        };
        while let Some(option) = arguments.next() {
            if matches!(option.as_str(), "--help" | "-h") {
                return Ok(None);
            }
            let value = arguments.next().with_context(|| format!("`{option}` takes a value"))?;
            let wrong = || format!("`{option}` does not take `{value}`");
            options.set(&option, &value).with_context(wrong)?;
        }
        let counts = [options.n_threads, options.rows_max, options.requests_max, options.pods];
        ensure!(
            counts.iter().all(|n| (1..=100_000).contains(n)),
            "a count must be from 1 to 100000"
        );
        Ok(Some(options))
    }

    fn set(&mut self, option: &str, value: &str) -> Result<()> {
        match option {
            "--only" => value.clone_into(&mut self.only),
            "--run-ms" => self.run_s = seconds(value)? / 1e3,
            "--row-ms" => self.row_s = seconds(value)? / 1e3,
            "--threads" => self.n_threads = value.parse()?,
            "--rows-max" => self.rows_max = value.parse()?,
            "--requests-max" => self.requests_max = value.parse()?,
            "--pods" => self.pods = value.parse()?,
            "--pods-max" => self.pods_max = value.parse()?,
            "--start-s" => self.start_s = seconds(value)?,
            "--good-ms" => self.good_s = seconds(value)? / 1e3,
            "--seed" => self.seed = value.parse()?,
            _ => bail!("there is no option `{option}`; --help lists them"),
        }
        Ok(())
    }
}

fn seconds(value: &str) -> Result<f64> {
    let number: f64 = value.parse()?;
    ensure!(number.is_finite() && number > 0.0, "expected more than 0");
    Ok(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Option<Options>> {
        Options::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn times_are_positive_and_counts_are_bounded() {
        assert!((parse("--row-ms 2").unwrap().unwrap().row_s - 0.002).abs() < 1e-12);
        assert_eq!(parse("--only sizes -h").unwrap(), None);
        for line in ["--row-ms 0", "--row-ms x", "--pods 0", "--pods 1000000", "--pod 1", "--seed"]
        {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
