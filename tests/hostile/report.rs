//! What a run of the program found.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::args::Args;
use crate::mutation::Mutation;
use crate::outcome::{End, Stage, Status};
use crate::seeds::Seed;

/// Prints a table of outcomes and all faults; whether there are none.
///
/// # Errors
/// When models that are to be kept cannot be written.
pub(crate) fn print(args: &Args, seeds: &[Vec<Seed>], ends: &[End]) -> Result<bool> {
    if let Some(path) = &args.details {
        let lines: String = ends.iter().map(|end| detail(args, seeds, end)).collect();
        fs::write(path, lines).with_context(|| format!("writing `{}`", path.display()))?;
    }
    let n_seeds: usize = seeds.iter().map(Vec::len).sum();
    let n_mutations = args.indices().count();
    println!("{n_mutations} mutations of {n_seeds} models, seed {}", args.seed);
    let mut counts: BTreeMap<(Stage, Status), usize> = BTreeMap::new();
    for end in ends {
        *counts.entry((end.stage, end.status)).or_default() += 1;
    }
    let row = |name: &str, fields: [String; Status::ALL.len()]| {
        println!("{name:<8}{}", fields.map(|field| format!("{field:>10}")).concat());
    };
    row("", Status::ALL.map(|status| status.name().to_owned()));
    for stage in (0..=args.engines.len()).map(Stage::of_number) {
        let count = |status| counts.get(&(stage, status)).copied().unwrap_or(0);
        row(&name(args, stage), Status::ALL.map(|status| count(status).to_string()));
    }
    let faults: Vec<&End> = ends.iter().filter(|end| end.status.is_fault()).collect();
    for end in &faults {
        let mutation = Mutation::new(seeds, args.seed, end.index);
        let text = describe(args, end, &mutation);
        println!("{text}");
        if let Some(folder) = &args.keep {
            keep(folder, args, end, &mutation, &text)?;
        }
    }
    Ok(faults.is_empty())
}

fn name(args: &Args, stage: Stage) -> String {
    match stage {
        Stage::Read => "reader".to_owned(),
        Stage::Engine(at) => args.engines.get(at).map(ToString::to_string).unwrap_or_default(),
    }
}

fn detail(args: &Args, seeds: &[Vec<Seed>], end: &End) -> String {
    let mutation = Mutation::new(seeds, args.seed, end.index);
    let (index, status, reason) = (end.index, end.status, &end.reason);
    let (stage, edits) = (name(args, end.stage), mutation.edits.join("; "));
    format!("{index}\t{stage}\t{status}\t{}\t{edits}\t{reason}\n", mutation.seed)
}

fn describe(args: &Args, end: &End, mutation: &Mutation) -> String {
    let (status, index, stage) = (end.status, end.index, name(args, end.stage));
    let edits = mutation.edits.join("; ");
    format!("{status} {index} on {stage}: {}: {edits}\n    {}", mutation.seed, end.reason)
}

fn keep(folder: &Path, args: &Args, end: &End, mutation: &Mutation, text: &str) -> Result<()> {
    let file = format!("{}-{}-{}", args.seed, end.index, name(args, end.stage));
    let write = |end: &str, bytes: &[u8]| {
        let path = folder.join(format!("{file}.{end}"));
        fs::write(&path, bytes).with_context(|| format!("writing `{}`", path.display()))
    };
    write("onnx", &mutation.bytes)?;
    write("txt", text.as_bytes())
}
