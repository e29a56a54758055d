//! The commands, and what they share.

mod apply;
mod bench;
mod build;
mod canary;
mod completion;
mod configuration;
mod consent;
mod delete;
mod describe;
mod doctor;
mod events;
mod family;
mod get;
mod golden;
mod history;
mod hold;
mod import;
mod init;
mod install;
mod kubeconfig;
mod logs;
mod man;
mod pause;
mod predict;
mod push;
mod rbac;
mod reach;
mod registry;
mod release;
mod render;
mod revisions;
mod rollback;
mod rollout;
mod run;
mod scale;
mod schema;
mod secret;
mod status;
mod store;
mod test;
mod url;
mod validate;
mod version;
mod wait;
mod waiting;

use std::ffi::OsString;

use anyhow::Context;
use radiant_contract::ProcessEnv;

use crate::cli::{self, Command};
use crate::error::Failure;
use crate::output::{self, Paint, Printer};

/// Parses the arguments of a process and does what they say.
pub(crate) fn run(arguments: Vec<OsString>) -> Result<(), Failure> {
    let cli = cli::parse(arguments)?;
    output::start(cli.global.quiet, cli.global.verbose);
    let paint = Paint::for_stdout(cli.global.color, &ProcessEnv);
    let printer = Printer { format: cli.global.output, quiet: cli.global.quiet, paint };
    match cli.command {
        Command::Render(args) => render::run(&args, &printer, &ProcessEnv),
        Command::Diff(args) => wait(apply::diff(&args, &printer, &ProcessEnv)),
        Command::Apply(args) => wait(apply::run(&args, &printer, &ProcessEnv)),
        Command::Rollback(args) => wait(rollback::run(&args, &printer, &ProcessEnv)),
        Command::Promote(args) => wait(canary::promote(&args, &printer)),
        Command::Abort(args) => wait(canary::abort(&args, &printer)),
        Command::Traffic(args) => wait(canary::traffic(&args, &printer)),
        Command::History(args) => wait(history::run(&args, &printer)),
        Command::Install(args) => wait(install::install(&args, &printer)),
        Command::Uninstall(args) => wait(install::uninstall(&args, &printer)),
        Command::Import(args) => wait(import::run(&args, &printer)),
        Command::Run(args) => run::run(&args, &printer, &ProcessEnv),
        Command::Build(args) => build::run(&args, &printer),
        Command::Push(args) => push::run(&args, &printer, &ProcessEnv),
        Command::Get(args) => wait(get::run(&args, &printer)),
        Command::Describe(args) => wait(describe::run(&args, &printer)),
        Command::Init(args) => init::run(&args, &printer, &ProcessEnv),
        Command::Validate(args) => validate::run(&args, &printer, &ProcessEnv),
        Command::Schema => schema::run(),
        Command::Completion(args) => completion::run(&args),
        Command::Man(args) => man::run(&args),
        Command::Version(args) => version::run(&args, &printer),
        Command::Status(args) => status::run(&args, &printer),
        Command::Wait(args) => wait::run(&args, &printer),
        Command::Logs(args) => wait(logs::run(&args, &printer)),
        Command::Events(args) => wait(events::run(&args, &printer)),
        Command::Url(args) => wait(url::run(&args, &printer)),
        Command::Delete(args) => wait(delete::run(&args, &printer)),
        Command::Scale(args) => wait(scale::scale(&args, &printer)),
        Command::Stop(args) => wait(scale::stop(&args, &printer)),
        Command::Start(args) => wait(scale::start(&args, &printer)),
        Command::Rollout(args) => rollout::run(&args, &printer, &ProcessEnv),
        Command::Doctor(args) => wait(doctor::run(&args, &printer, &ProcessEnv)),
        Command::Rbac(args) => rbac::run(&args, &printer),
        Command::Config(args) => kubeconfig::run(&args, &printer, &ProcessEnv),
        Command::Predict(args) => predict::run(&args, &printer, &ProcessEnv),
        Command::Test(args) => test::run(&args, &printer, &ProcessEnv),
        Command::Bench(args) => bench::run(&args, &printer, &ProcessEnv),
        Command::Secret(command) => secret::run(&command, &printer, &ProcessEnv),
    }
}

/// Runs what asks others to its end.
fn wait<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.context("cannot start the threads that wait for answers")?.block_on(work)
}

/// The time, as RFC 3339 in UTC.
fn now() -> String {
    chrono::Utc::now().format("%Y-%m-%dT%H:%M:%SZ").to_string()
}
