//! `radiant-deploy doctor`: whether a deployment can work from here, and what to do where it cannot.

mod checks;
mod image;
mod operator;

use std::fmt::Write as _;

use anyhow::anyhow;
use radiant_contract::EnvSource;
use serde_json::json;

use super::configuration;
use crate::cli::{Area, DoctorArgs};
use crate::config::Loaded;
use crate::error::{Code, Failure};
use crate::output::{Color, Printer, clean};

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Ok,
    Warn,
    Fail,
}

impl Verdict {
    fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// A check that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Finding {
    area: Area,
    verdict: Verdict,
    /// What is so.
    what: String,
    /// What to do about it.
    fix: Option<String>,
}

impl Finding {
    fn ok(area: Area, what: impl Into<String>) -> Self {
        Self { area, verdict: Verdict::Ok, what: what.into(), fix: None }
    }

    fn warn(area: Area, what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { area, verdict: Verdict::Warn, what: what.into(), fix: Some(fix.into()) }
    }

    fn fail(area: Area, what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { area, verdict: Verdict::Fail, what: what.into(), fix: Some(fix.into()) }
    }

    /// What a refusal of the cluster says.
    fn of(area: Area, failure: &Failure) -> Self {
        let what = match (failure.summary(), failure.last_cause()) {
            (what, cause) if what == cause => what,
            (what, cause) => format!("{what}: {cause}"),
        };
        let fix = failure.advice().map(str::to_owned);
        Self { area, verdict: Verdict::Fail, what, fix }
    }
}

pub(super) async fn run(
    args: &DoctorArgs,
    printer: &Printer,
    env: &(dyn EnvSource + Sync),
) -> Result<(), Failure> {
    let (configured, unread) = match configured(args, printer, env) {
        Ok(configured) => (configured, None),
        Err(failure) if is_asked_for(args) => return Err(failure),
        // Nobody has spoken of the one that lies here.
        Err(failure) => (Vec::new(), Some(Finding::of(Area::Storage, &failure))),
    };
    let mut findings = checks::all(args, &configured, env).await;
    findings.extend(unread);
    let list = findings.iter().map(|finding| {
        json!({"area": name(finding.area), "verdict": finding.verdict.name(),
               "what": finding.what, "fix": finding.fix})
    });
    let document = json!({"schema": "radiant/doctor/v1", "checks": list.collect::<Vec<_>>()});
    printer.document(&document, &text(&findings, printer))?;
    let n_failed = findings.iter().filter(|it| it.verdict == Verdict::Fail).count();
    if n_failed == 0 {
        return Ok(());
    }
    Err(Failure::new(Code::Failed, anyhow!("{n_failed} of {} checks failed", findings.len())))
}

/// The deployments that are looked at: none where nobody speaks of a configuration, and there is none here.
fn configured(
    args: &DoctorArgs,
    printer: &Printer,
    env: &dyn EnvSource,
) -> Result<Vec<Loaded>, Failure> {
    let is_wanted = args.only.is_empty() || args.only.iter().copied().any(is_of_configuration);
    let is_here = || args.config.files().iter().all(|file| file.is_file());
    if !is_wanted || !(is_asked_for(args) || is_here()) {
        return Ok(Vec::new());
    }
    configuration::load(&args.config, printer, env)
}

/// Whether somebody has spoken of a configuration.
fn is_asked_for(args: &DoctorArgs) -> bool {
    args.config.is_given() || args.only.iter().copied().any(is_of_configuration)
}

/// Whether an area is that of a configuration.
const fn is_of_configuration(area: Area) -> bool {
    matches!(area, Area::Storage | Area::Image)
}

fn name(area: Area) -> &'static str {
    match area {
        Area::Client => "client",
        Area::Cluster => "cluster",
        Area::Operator => "operator",
        Area::Rbac => "rbac",
        Area::Route => "route",
        Area::Storage => "storage",
        Area::Image => "image",
    }
}

fn text(findings: &[Finding], printer: &Printer) -> String {
    let mut text = String::new();
    for finding in findings {
        let color = match finding.verdict {
            Verdict::Ok => Color::Green,
            Verdict::Warn => Color::Yellow,
            Verdict::Fail => Color::Red,
        };
        let word = format!("{:<4}", finding.verdict.name().to_uppercase());
        let word = printer.paint.color(color, &word);
        let (area, what) = (name(finding.area), clean(&finding.what));
        // Writing to a `String` cannot fail.
        let _infallible = writeln!(text, "{word}  {area:<9} {what}");
        if let Some(fix) = &finding.fix {
            let _infallible = writeln!(text, "                fix: {}", clean(fix));
        }
    }
    text
}
