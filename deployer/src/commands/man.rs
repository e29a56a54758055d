//! `radiant-deploy man`: manual pages, from the same table as `--help`.

use std::fs;
use std::path::Path;

use anyhow::Context;
use clap_mangen::Man;

use crate::cli::{self, ManArgs};
use crate::error::Failure;
use crate::output;

pub(super) fn run(args: &ManArgs) -> Result<(), Failure> {
    match &args.dir {
        Some(folder) => write_all(folder),
        None => output::write(&page(whole())?),
    }
}

/// All but `help`, which has no page.
fn whole() -> clap::Command {
    cli::command().disable_help_subcommand(true)
}

fn page(command: clap::Command) -> Result<String, Failure> {
    let mut page = Vec::new();
    Man::new(command).render(&mut page).context("cannot write a manual page")?;
    Ok(String::from_utf8(page).context("cannot write a manual page")?)
}

/// Writes a page for each command, called like `radiant-deploy-build.1`, and tells their paths.
fn write_all(folder: &Path) -> Result<(), Failure> {
    let shown = folder.display().to_string();
    fs::create_dir_all(folder).with_context(|| format!("cannot make the folder `{shown}`"))?;
    let mut command = whole();
    command.build();
    let mut written = Vec::new();
    let mut commands = vec![command];
    while let Some(command) = commands.pop() {
        let name = command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned();
        let path = folder.join(format!("{name}.1"));
        commands.extend(command.get_subcommands().filter(|inner| !inner.is_hide_set()).cloned());
        let page = page(command.name(name))?;
        fs::write(&path, page).with_context(|| format!("cannot write `{}`", path.display()))?;
        written.push(format!("{}\n", path.display()));
    }
    written.sort();
    output::write(&written.concat())
}
