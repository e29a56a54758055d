//! What models cost as their libraries wrote them, beside these libraries.
//!
//! Our engine and ONNX Runtime run in this process on one thread; the libraries run in one Python
//! process (`peer.py`), XGBoost and LightGBM also by their C API there. All take turns. What is compared
//! is the least time of a call in a round, which other programs on the machine disturb least. Read the
//! ratios; absolute figures hold for one machine and one hour.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the report is for people")]

mod cases;
mod golden;
mod options;
mod report;
mod row;
mod who;

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use radiant_core::{Engine, Tensor};
use radiant_engine_ort::{Library, OrtEngine};
use side_by_side::{Clock, Peer, Round, Runner, there_and_back};

use crate::cases::{BATCHES, CASES, Case, SMOKE};
use crate::golden::Golden;
use crate::options::{Options, USAGE};
use crate::report::{markdown, print_row};
use crate::row::{Row, Work};
use crate::who::{Who, for_ort, open, open_ort};

// The server's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Measures what the arguments ask for; whether the limits are met.
fn run() -> Result<bool> {
    let Some(options) = Options::parse(std::env::args().skip(1))? else {
        print!("{USAGE}");
        return Ok(true);
    };
    let folder = options.folder();
    let start = |venv: &std::path::PathBuf| Peer::start(venv, "estimators/peer.py", &folder);
    let mut others = Others {
        peer: options.venv.as_ref().map(start).transpose()?,
        ort: options.ort_library.as_deref().map(|path| Library::find(Some(path))).transpose()?,
    };
    if let Some(peer) = &mut others.peer {
        println!("an empty call of Python takes {} ns", peer.empty_ns(options.row / 10)?);
    }
    let cases: &[Case] = if options.models.is_none() { &SMOKE } else { &CASES };
    let (mut rows, mut failures) = (Vec::new(), Vec::new());
    for case in cases.iter().filter(|case| options.wants(case.name)) {
        if let Err(error) = measure(case, &folder, &options, (&mut others, &mut rows)) {
            println!("\n{}: {error:#}", case.name);
            failures.push(format!("{}: {error:#}", case.name));
        }
    }
    if options.markdown {
        print!("{}", markdown(&rows));
    }
    if !options.smoke {
        failures.extend(rows.iter().filter_map(Row::failure));
    }
    println!("\n{} rows, {} things BEYOND their limits or wrong", rows.len(), failures.len());
    for failure in &failures {
        println!("  {failure}");
    }
    ensure!(!rows.is_empty(), "nothing was measured");
    Ok(failures.is_empty())
}

/// Everybody else, where they are installed.
struct Others {
    peer: Option<Peer>,
    ort: Option<Library>,
}

/// Measures one model: how it opens, and how it answers.
fn measure(
    case: &'static Case,
    folder: &Path,
    options: &Options,
    (others, rows): (&mut Others, &mut Vec<Row>),
) -> Result<()> {
    let mut path = folder.join(case.name);
    let onnx = path.join("model.onnx");
    if path.is_dir() {
        path.push("rows.json");
    } else {
        path.set_extension("json");
    }
    let golden = Golden::read(&path)?;
    let ours = open(&golden.model)?;
    let method = ours.signature().output_index(golden.method).unwrap_or(0);
    let ort = others.ort.as_ref().map(|ort| open_ort(ort, &onnx)).transpose()?.flatten();
    let libraries = others.peer.as_mut().map(|peer| peer.libraries(case.name)).transpose()?;
    let libraries: Vec<Who> =
        libraries.iter().flatten().filter_map(|name| Who::of_name(name)).collect();

    let opens = &mut || open(&golden.model).map(drop);
    let clock = Clock::of(&mut *opens)?;
    let mut opening = Field {
        case,
        peer: others.peer.as_mut(),
        libraries: libraries.iter().copied().filter(|who| *who == Who::Library).collect(),
        here: vec![(Who::Ours, Box::new(|duration| clock.least_ns(duration, &mut *opens)))],
    };
    rows.push(opening.row(Work::Open, options)?);
    drop(opening);
    let few = golden.n_rows.min(64);
    for n_rows in BATCHES.map(|n_rows| if options.smoke { n_rows.min(few) } else { n_rows }) {
        let inputs = golden.rows(n_rows)?;
        let mut runner = Runner::asking(&*ours, &inputs, vec![method])?;
        golden.check(runner.outputs()).with_context(|| format!("{n_rows} rows"))?;
        let singles = for_ort(&inputs);
        let mut ort = ort.as_ref().map(|ort| asking_last(ort, &singles)).transpose()?;
        let mut field = Field {
            case,
            peer: others.peer.as_mut(),
            libraries: libraries.clone(),
            here: Vec::new(),
        };
        field.here.push((Who::Ours, Box::new(|duration| runner.least_ns(duration))));
        if let Some(ort) = &mut ort {
            field.here.push((Who::Ort, Box::new(|duration| ort.least_ns(duration))));
        }
        rows.push(field.row(Work::Rows(n_rows), options)?);
    }
    Ok(())
}

/// ONNX Runtime, for the last output: the probabilities of a converted classifier.
fn asking_last<'a>(ort: &'a OrtEngine, inputs: &'a [Tensor]) -> Result<Runner<'a>> {
    let last = ort.signature().outputs.len().saturating_sub(1);
    Runner::asking(ort, inputs, vec![last])
}

/// Gives the least time of a call among those of a duration, in nanoseconds.
type Timer<'a> = Box<dyn FnMut(Duration) -> Result<f64> + 'a>;

/// Everybody who takes part in one row.
struct Field<'a> {
    case: &'static Case,
    peer: Option<&'a mut Peer>,
    libraries: Vec<Who>,
    here: Vec<(Who, Timer<'a>)>,
}

impl Field<'_> {
    /// Measures the row, and prints it.
    fn row(&mut self, work: Work, options: &Options) -> Result<Row> {
        let mut rounds = Vec::new();
        for _ in 0..options.rounds {
            rounds.push(self.round(work, options.row / options.rounds)?);
        }
        let row = Row { case: self.case, work, rounds };
        print_row(&row);
        Ok(row)
    }

    /// One round: everybody has two turns.
    fn round(&mut self, work: Work, duration: Duration) -> Result<Round<Who>> {
        let n = self.here.len() + self.libraries.len();
        let turn = duration.div_f64(2.0 * n.max(1) as f64);
        let n_rows = match work {
            Work::Open => 0,
            Work::Rows(n_rows) => n_rows,
        };
        let mut round = Round::new();
        let mut keep = |who, ns: f64| {
            let least = round.entry(who).or_insert(ns);
            *least = least.min(ns);
        };
        for index in there_and_back(n) {
            if let Some((who, timer)) = self.here.get_mut(index) {
                keep(*who, timer(turn).with_context(|| who.name())?);
            } else if let (Some(peer), Some(who)) =
                (&mut self.peer, self.libraries.get(index - self.here.len()))
            {
                keep(*who, peer.least_ns(who.name(), (self.case.name, n_rows), turn)?);
            }
        }
        Ok(round)
    }
}
