//! `radiant-deploy logs`: what all pods and containers of a deployment say.

mod choice;
mod follow;

use anyhow::anyhow;
use k8s_openapi::api::core::v1::Pod;
use regex_automata::meta::Regex;
use serde_json::json;

use choice::{Choice, Target};

use crate::cli::LogsArgs;
use crate::cluster::seldon::selector;
use crate::cluster::{Cluster, LogLine, LogLines, LogRequest, SeldonObject, Selected};
use crate::error::{Code, Failure};
use crate::output::{self, OutputFormat, Printer};

pub(super) async fn run(args: &LogsArgs, printer: &Printer) -> Result<(), Failure> {
    let lines = Lines::new(args, printer)?;
    let cluster = Cluster::connect(&args.cluster, None).await?;
    // Without it there is nothing to wait for.
    cluster.get::<SeldonObject>(&args.name).await?;
    let which = Selected::labels(selector(&args.name));
    let choice = Choice::new(args);
    if args.follow {
        return follow::run(args, &cluster, &which, lines).await;
    }
    let pods = cluster.list::<Pod>(&which).await?;
    let targets: Vec<Target> = pods.iter().flat_map(|pod| choice.of(pod)).collect();
    if targets.is_empty() {
        return Err(nothing(args, &pods));
    }
    let lines = Lines { has_prefix: lines.has_prefix && targets.len() > 1, ..lines };
    merged(args, &cluster, targets, &lines).await
}

fn nothing(args: &LogsArgs, pods: &[Pod]) -> Failure {
    let name = &args.name;
    if pods.is_empty() {
        return Failure::new(Code::NotFound, anyhow!("`{name}` has no pods"))
            .hint(format!("`radiant-deploy describe {name}` and `events {name}` say why"));
    }
    let mut names: Vec<String> = pods.iter().flat_map(choice::names).collect();
    names.sort();
    names.dedup();
    let names = names.join("`, `");
    Failure::new(Code::NotFound, anyhow!("no such container in the pods of `{name}`"))
        .hint(format!("they have `{names}`"))
}

/// Which lines of the log of a target are asked for.
fn request(args: &LogsArgs, target: &Target) -> LogRequest {
    LogRequest {
        pod: target.pod.clone(),
        container: target.container.clone(),
        is_following: args.follow,
        is_previous: args.previous,
        tail: args.tail,
        since: args.since,
        since_time: None,
    }
}

/// Prints what is there, the oldest line of all first.
async fn merged(
    args: &LogsArgs,
    cluster: &Cluster,
    targets: Vec<Target>,
    lines: &Lines,
) -> Result<(), Failure> {
    let mut open: Vec<(Target, LogLines, LogLine)> = Vec::new();
    let mut refusal = None;
    for target in targets {
        match cluster.logs(&request(args, &target)).await {
            Ok(mut log) => {
                if let Some(line) = log.next().await? {
                    open.push((target, log, line));
                } else {
                    refusal = None;
                }
            }
            // One that has not begun keeps nobody from reading the others.
            Err(failure) => {
                tracing::warn!("{target}: {}", failure.last_cause());
                refusal = Some(failure);
            }
        }
    }
    if open.is_empty() {
        let name = &args.name;
        lines.printer.tell(&format!(
            "no lines: `radiant-deploy describe {name}` says how far its pods are\n"
        ));
        return refusal.map_or(Ok(()), Err);
    }
    while let Some(idx) = oldest(&open) {
        let (target, mut log, line) = open.swap_remove(idx);
        lines.print(&target, &line)?;
        if let Some(line) = log.next().await? {
            open.push((target, log, line));
        }
    }
    Ok(())
}

fn oldest<T, U>(open: &[(T, U, LogLine)]) -> Option<usize> {
    // A line without a time belongs to the one before it.
    open.iter().enumerate().min_by_key(|(_, (_, _, line))| line.at).map(|(idx, _)| idx)
}

/// How lines are printed, and which.
#[derive(Debug)]
struct Lines {
    printer: Printer,
    grep: Option<Regex>,
    is_json: bool,
    has_times: bool,
    has_prefix: bool,
}

impl Lines {
    fn new(args: &LogsArgs, printer: &Printer) -> Result<Self, Failure> {
        let is_json = match printer.format {
            OutputFormat::Json | OutputFormat::JsonLines => true,
            OutputFormat::Text | OutputFormat::Wide => args.json,
            _ => return Err(printer.format.refused("table` or `jsonl")),
        };
        let grep = args.grep.as_deref().map(Regex::new).transpose().map_err(|error| {
            let why = error.syntax_error().map_or(error.to_string(), ToString::to_string);
            // It shows the place on lines of its own before it says what is wrong there.
            let why = why.lines().last().unwrap_or_default().trim_start_matches("error: ");
            let what = "`--grep`: expected a regular expression";
            Failure::usage(anyhow!(why.to_owned()).context(what))
        })?;
        Ok(Self {
            printer: printer.clone(),
            grep,
            is_json,
            has_times: args.timestamps,
            has_prefix: !args.no_prefix,
        })
    }

    fn print(&self, target: &Target, line: &LogLine) -> Result<(), Failure> {
        if self.grep.as_ref().is_some_and(|grep| !grep.is_match(&line.text)) {
            return Ok(());
        }
        output::write(&self.text(target, line))
    }

    fn text(&self, target: &Target, line: &LogLine) -> String {
        if self.is_json {
            let (pod, container) = (&target.pod, &target.container);
            let at = line.at.map(|at| at.to_string());
            let object = json!({"ts": at, "pod": pod, "container": container, "line": line.text});
            return format!("{object}\n");
        }
        let prefix = if self.has_prefix {
            format!("{} ", self.printer.paint.by_name(&format!("[{target}]")))
        } else {
            String::new()
        };
        let at = line.at.filter(|_| self.has_times).map(|at| format!("{at} ")).unwrap_or_default();
        format!("{prefix}{at}{}\n", line.text)
    }
}
