//! `radiant check`: loads a model and tells what it is, without serving it.

mod against;
mod contents;
mod image;
mod measure;
mod report;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use radiant_contract::ProcessEnv;
use radiant_server::config::{Fetching, LogFormat, LogLevel};
use radiant_server::resident_bytes;
use radiant_storage::ModelUri;

use crate::args::{CheckArgs, fetch_flags};
use crate::engines::{self, Choice, Content, Loaded, ModelFile, Options};
use crate::failure::Failure;
use crate::fetcher::Fetcher;
use crate::logging;
use crate::output::{self, OutputFormat};
use crate::pages::grow_if_large;
use crate::verify::verify;

pub(crate) use against::TOLERANCE;
use against::{Proof, prove};
use contents::Contents;
use measure::{Costs, measure};

/// What there is to tell.
struct Report {
    path: PathBuf,
    name: String,
    contents: Contents,
    loaded: Loaded,
    load: Duration,
    /// What the process grew by while it loaded and ran the model, in bytes.
    grown: usize,
    costs: Result<Costs, String>,
    /// What the other engines say, where the choice was left to the rule.
    others: Vec<(Choice, Result<Costs, String>)>,
    /// Sets of test data that the model passed, if it was to be verified.
    n_verified: Option<usize>,
    /// How near the model came to the answers of a file of rows.
    proof: Option<Proof>,
}

pub(super) fn run(args: &CheckArgs) -> Result<(), Failure> {
    logging::start(LogLevel::Warning, LogFormat::Text);
    let fetching = Fetching::build(&fetch_flags(&args.fetch, Some(&args.cache)), &ProcessEnv)?;
    let report = check(args, &Fetcher::new(fetching))?;
    output::write(&match args.format {
        OutputFormat::Text => report::text(&report),
        OutputFormat::Json => format!("{:#}\n", report::json(&report)),
    })
}

fn check(args: &CheckArgs, fetcher: &Fetcher) -> anyhow::Result<Report> {
    let model = fetcher.local(&ModelUri::parse(&args.model)?)?;
    let path = radiant_storage::resolve(model.path())?.path;
    let options = Options {
        choice: args.engine.parse()?,
        ort_library: args.ort_library.clone(),
        ..Options::default()
    };
    let resident = resident_bytes();
    let started = Instant::now();
    let file = ModelFile::read(&path, &args.pickle_allow)?;
    let contents = Contents::of(&file);
    let graph = match &file.content {
        // Loaded again by each other engine.
        Content::Onnx(model) if options.choice == Choice::Auto => Some(model.clone()),
        _ => None,
    };
    let loaded = engines::load_file(file, &options)?;
    let load = started.elapsed();
    grow_if_large();
    let costs = measure(&*loaded.engine).map_err(|error| format!("{error:#}"));
    let grown = resident_bytes().zip(resident).map(|(now, before)| now.saturating_sub(before));
    let grown = grown.and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(0);
    let folder = path.parent().unwrap_or("".as_ref());
    let n_verified = args.verify.then(|| verify(&*loaded.engine, folder)).transpose()?;
    let proof = args.against.as_deref().map(|rows| prove(&*loaded.engine, rows, args.tolerance));
    let proof = proof.transpose()?;
    let others = graph.map(|graph| others(&graph, &options, loaded.engine.name()));
    let others = others.unwrap_or_default();
    let name = radiant_server::config::default_name(&ModelUri::Local(path.clone()));
    Ok(Report { path, name, contents, loaded, load, grown, costs, others, n_verified, proof })
}

/// What each engine but `chosen` does with the model.
fn others(
    model: &radiant_onnx::Model,
    options: &Options,
    chosen: &str,
) -> Vec<(Choice, Result<Costs, String>)> {
    let others = Choice::ENGINES.into_iter().filter(|choice| choice.to_string() != chosen);
    let costs = |choice| {
        let loaded = engines::load_model(model, &Options { choice, ..options.clone() })
            .map_err(|error| error.root_cause().to_string())?;
        measure(&*loaded.engine).map_err(|error| format!("{error:#}"))
    };
    others.map(|choice| (choice, costs(choice))).collect()
}
