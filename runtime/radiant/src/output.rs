//! Writes data to stdout, and what is worth knowing about it to stderr.

use std::io::{ErrorKind, Write};

use anyhow::Context;
use clap::ValueEnum;

use crate::failure::Failure;

/// How a command prints its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputFormat {
    /// For people.
    Text,
    /// One JSON object, with a versioned `schema`.
    Json,
}

/// Writes `text` to stdout.
///
/// # Errors
/// When it cannot be written; a reader that has gone away ends the program quietly.
pub(crate) fn write(text: &str) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(Failure::abandoned(error)),
        result => Ok(result.context("cannot write to stdout")?),
    }
}

/// Warns on stderr.
pub(crate) fn warn(text: &str) {
    // When stderr is gone there is nobody to warn.
    drop(writeln!(std::io::stderr().lock(), "warning: {text}"));
}

/// Rows of text in columns as wide as their widest cell; the last column is not padded.
pub(crate) fn table<const N: usize>(rows: &[[&str; N]]) -> String {
    let mut widths = [0; N];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            let padding = width.saturating_sub(cell.chars().count()).saturating_add(2);
            line.push_str(cell);
            line.extend(std::iter::repeat_n(' ', padding));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [["NAME", "VALUE"], ["a", ""], ["longer", "ü"]];
        assert_eq!(table(&rows), "NAME    VALUE\na\nlonger  ü\n");
    }
}
