//! The command line.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};

use crate::arrivals::Spacing;
use crate::lane::Transport;
use crate::load::Span;
use crate::model::Model;
use crate::scenario::Scenario;
use crate::setting::{Setting, words};

pub(crate) const USAGE: &str = "\
Measures `radiant serve` under load: batching beside fixed settings, and what is left beyond its limits.

Usage: radiant-bench-overload [OPTIONS]

  --only NAME        throughput, low, beyond or beside; may be given again [all]
  --model NAME       wide (rows share most of a run's cost) or flat (they share nothing) [both]
  --transport NAME   rest or grpc [both]
  --rounds N         rounds, in each of which every setting has a turn [5]
  --seconds S        how long a turn takes [2]
  --settings LIST    what adaptive batching is held against: `off`, ROWSxMS, or none
                     [off,8x0,32x0,128x0,8x1,32x2,128x5]
  --lanes N          requests at a time where as many as possible are answered [128]
  --requests-max N   the server's limit where it is exceeded [256]
  --times X          how far it is exceeded: offered beside the most that is answered [3]
  --share X          low load, beside the most that is answered without batching [0.08]
  --arrivals NAME    poisson or constant [poisson]
  --seed N           of the arrivals [1]
  --sockets NAME     together: on the processor of the engine threads, or apart: on that of the load, as
                     where there are processors enough [together]
  --server OPTIONS   further options of all servers, as one word
  --radiant PATH     the server's program [beside this one]
  --smoke            2 rounds of 0.3 s with few settings, that fail on wrong answers only
";

/// What is measured, and how long.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) scenarios: Vec<Scenario>,
    pub(crate) models: Vec<Model>,
    pub(crate) transports: Vec<Transport>,
    pub(crate) rounds: usize,
    pub(crate) turn: Duration,
    pub(crate) settings: Vec<Setting>,
    pub(crate) n_lanes: usize,
    pub(crate) requests_max: usize,
    pub(crate) times: f64,
    pub(crate) share: f64,
    pub(crate) spacing: Spacing,
    pub(crate) seed: u64,
    pub(crate) sockets_apart: bool,
    pub(crate) server: Vec<String>,
    pub(crate) radiant: PathBuf,
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
            scenarios: Vec::new(),
            models: Vec::new(),
            transports: Vec::new(),
            rounds: 5,
            turn: Duration::from_secs(2),
            settings: Setting::parse_all("off,8x0,32x0,128x0,8x1,32x2,128x5")?,
            n_lanes: 128,
            requests_max: 256,
            times: 3.0,
            share: 0.08,
            spacing: Spacing::Poisson,
            seed: 1,
            sockets_apart: false,
            server: Vec::new(),
            radiant: folder.join("radiant"),
            smoke: false,
        };
        while let Some(option) = arguments.next() {
            match option.as_str() {
                "--help" | "-h" => return Ok(None),
                "--smoke" => options.make_smoke()?,
                _ => {
                    let value =
                        arguments.next().with_context(|| format!("`{option}` takes a value"))?;
                    let wrong = || format!("`{option}` does not take `{value}`");
                    options.set(&option, &value).with_context(wrong)?;
                }
            }
        }
        options.or_all();
        let nothing = options.rounds == 0 || options.n_lanes == 0 || options.requests_max == 0;
        ensure!(!nothing, "there is nothing to measure");
        let positive = |x: f64| x.is_finite() && x > 0.0;
        ensure!(
            positive(options.times) && positive(options.share),
            "a load must be more than none"
        );
        Ok(Some(options))
    }

    /// How long one of a setting's two turns in a round takes.
    pub(crate) fn half_turn(&self) -> Span {
        let counted = self.turn / 2;
        Span { warm: counted / 4, counted }
    }

    fn make_smoke(&mut self) -> Result<()> {
        self.smoke = true;
        self.rounds = 2;
        self.turn = Duration::from_millis(300);
        self.settings = Setting::parse_all("off,32x2")?;
        Ok(())
    }

    /// Where nothing was chosen, all is.
    fn or_all(&mut self) {
        if self.scenarios.is_empty() {
            self.scenarios = Scenario::ALL.to_vec();
        }
        if self.models.is_empty() {
            self.models = Model::ALL.to_vec();
        }
        if self.transports.is_empty() {
            self.transports = Transport::ALL.to_vec();
        }
    }

    fn set(&mut self, option: &str, value: &str) -> Result<()> {
        match option {
            "--only" => self.scenarios.push(named(value, &Scenario::ALL, Scenario::name)?),
            "--model" => self.models.push(named(value, &Model::ALL, Model::name)?),
            "--transport" => self.transports.push(named(value, &Transport::ALL, Transport::name)?),
            "--rounds" => self.rounds = value.parse()?,
            "--seconds" => self.turn = Duration::try_from_secs_f64(value.parse()?)?,
            "--settings" => self.settings = Setting::parse_all(value)?,
            "--lanes" => self.n_lanes = value.parse()?,
            "--requests-max" => self.requests_max = value.parse()?,
            "--times" => self.times = value.parse()?,
            "--share" => self.share = value.parse()?,
            "--arrivals" => {
                let all = [Spacing::Constant, Spacing::Poisson];
                self.spacing = named(value, &all, Spacing::name)?;
            }
            "--seed" => self.seed = value.parse()?,
            "--sockets" => {
                let name = |apart| if apart { "apart" } else { "together" };
                self.sockets_apart = named(value, &[false, true], name)?;
            }
            "--server" => self.server = words(value),
            "--radiant" => self.radiant = value.into(),
            _ => bail!("there is no option `{option}`; --help lists them"),
        }
        Ok(())
    }
}

/// The one with this name.
fn named<T: Copy>(value: &str, all: &[T], name: impl Fn(T) -> &'static str) -> Result<T> {
    let names: Vec<&str> = all.iter().map(|&one| name(one)).collect();
    let found = all.iter().copied().find(|&one| name(one) == value);
    found.with_context(|| format!("expected one of `{}`", names.join("`, `")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Option<Options>> {
        Options::parse(line.split_whitespace().map(str::to_owned), Path::new("/bin"))
    }

    #[test]
    fn what_is_not_chosen_is_all_there_is() {
        let options = parse("--only low --only beyond --transport grpc").unwrap().unwrap();
        assert_eq!(options.scenarios, [Scenario::Low, Scenario::Beyond]);
        assert_eq!(options.transports, [Transport::Grpc]);
        assert_eq!(options.models, Model::ALL);
        assert_eq!(options.radiant, Path::new("/bin/radiant"));
        assert!(parse("--help").unwrap().is_none());
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        let lines = [
            "--round 1",
            "--rounds",
            "--only x",
            "--times 0",
            "--times inf",
            "--lanes 0",
            "--seconds -1",
        ];
        for line in lines {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
