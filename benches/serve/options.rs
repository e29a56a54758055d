//! The command line.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};

use crate::cases::Other;

pub(crate) const USAGE: &str = "\
Measures `radiant serve` beside the least that a server costs: processor time and requests a second.

Usage: radiant-bench-serve [OPTIONS]

  --rounds N         rounds, in each of which both servers have a turn [7]
  --seconds S        how long a server's turn takes [2]
  --connections N    connections, in place of each case's own
  --limit R          the most that a request may cost, in place of each case's own
  --only TEXT        only cases whose name contains TEXT
  --peer seldon      beside seldon-core-microservice instead; needs --venv
  --venv DIR         a Python environment with benches/serve/peers/requirements.txt
  --radiant PATH     the server's program [beside this one]
  --floor PATH       the floor's program [beside this one]
  --stock PATH       the stock echo's program [beside this one]
  --models PATH      the folder with the example models [tests/models]
  --start            instead: from exec to the first answer, and the memory of an idle server; beside
                     a program that does nothing, and seldon-core-microservice if --venv is given
  --smoke            2 rounds of 0.3 s that fail on wrong replies only; peers too if --venv is given
";

/// What is measured, and how long.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Options {
    pub(crate) rounds: usize,
    pub(crate) turn: Duration,
    pub(crate) n_connections: Option<usize>,
    pub(crate) limit: Option<f64>,
    pub(crate) only: String,
    pub(crate) peer: Option<Other>,
    pub(crate) venv: Option<PathBuf>,
    pub(crate) radiant: PathBuf,
    pub(crate) floor: PathBuf,
    pub(crate) stock: PathBuf,
    pub(crate) models: PathBuf,
    pub(crate) start: bool,
    pub(crate) smoke: bool,
}

impl Options {
    /// Reads the arguments; `folder` is where this program lies. `None` asks for help.
    ///
    /// # Errors
    /// When an option is unknown or its value is not what it takes.
    pub(crate) fn parse(
        mut arguments: impl Iterator<Item = String>,
        folder: &Path,
    ) -> Result<Option<Self>> {
        let mut options = Self {
            rounds: 7,
            turn: Duration::from_secs(2),
            n_connections: None,
            limit: None,
            only: String::new(),
            peer: None,
            venv: None,
            radiant: folder.join("radiant"),
            floor: folder.join("radiant-bench-floor"),
            stock: folder.join("radiant-bench-stock"),
            models: Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/models"),
            start: false,
            smoke: false,
        };
        while let Some(option) = arguments.next() {
            match option.as_str() {
                "--help" | "-h" => return Ok(None),
                "--start" => options.start = true,
                "--smoke" => {
                    options.smoke = true;
                    options.rounds = 2;
                    options.turn = Duration::from_millis(300);
                }
                _ => {
                    let value =
                        arguments.next().with_context(|| format!("`{option}` takes a value"))?;
                    let wrong = || format!("`{option}` does not take `{value}`");
                    options.set(&option, &value).with_context(wrong)?;
                }
            }
        }
        let nothing = options.rounds == 0 || options.n_connections == Some(0);
        ensure!(!nothing, "there is nothing to measure");
        ensure!(options.peer.is_none() || options.venv.is_some(), "`--peer` needs `--venv`");
        Ok(Some(options))
    }

    /// Whether to measure beside `other`.
    pub(crate) fn wants(&self, other: Other) -> bool {
        match self.peer {
            Some(peer) => other == peer,
            None => !other.is_peer() || (self.smoke && self.venv.is_some()),
        }
    }

    fn set(&mut self, option: &str, value: &str) -> Result<()> {
        match option {
            "--rounds" => self.rounds = value.parse()?,
            "--seconds" => self.turn = Duration::try_from_secs_f64(value.parse()?)?,
            "--connections" => self.n_connections = Some(value.parse()?),
            "--limit" => self.limit = Some(value.parse()?),
            "--only" => value.clone_into(&mut self.only),
            "--peer" => {
                ensure!(value == "seldon", "the only peer is `seldon`");
                self.peer = Some(Other::Seldon);
            }
            "--venv" => self.venv = Some(value.into()),
            "--radiant" => self.radiant = value.into(),
            "--floor" => self.floor = value.into(),
            "--stock" => self.stock = value.into(),
            "--models" => self.models = value.into(),
            _ => bail!("there is no option `{option}`; --help lists them"),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Option<Options>> {
        Options::parse(line.split_whitespace().map(str::to_owned), Path::new("/bin"))
    }

    #[test]
    fn the_programs_lie_beside_this_one() {
        let options = parse("--rounds 9 --seconds 0.5").unwrap().unwrap();
        assert_eq!((options.rounds, options.turn), (9, Duration::from_millis(500)));
        assert_eq!(options.radiant, Path::new("/bin/radiant"));
        assert_eq!(options.stock, Path::new("/bin/radiant-bench-stock"));
        assert_eq!(parse("--help").unwrap(), None);
    }

    #[test]
    fn a_peer_is_measured_when_asked_for() {
        let wants = |line| {
            let options = parse(line).unwrap().unwrap();
            [Other::Constant, Other::Seldon].map(|other| options.wants(other))
        };
        assert_eq!(wants(""), [true, false]);
        assert_eq!(wants("--venv v"), [true, false]);
        assert_eq!(wants("--venv v --smoke"), [true, true]);
        assert_eq!(wants("--venv v --peer seldon"), [false, true]);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        assert!(parse("--peer seldon").is_err() && parse("--peer x --venv v").is_err());
        for line in ["--round 1", "--rounds", "--rounds x", "--seconds -1", "--connections 0"] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
