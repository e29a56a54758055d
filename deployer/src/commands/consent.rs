//! Whether people agree to what cannot be taken back.

use std::io::{IsTerminal as _, stderr, stdin};

use anyhow::Context as _;

use crate::error::Failure;
use crate::output::tell_always;

/// Asks whoever sits at the terminal; nothing is said, and nobody asked, where nobody does.
///
/// # Errors
/// When the answer cannot be read.
pub(super) async fn ask(question: &str) -> Result<Option<bool>, Failure> {
    if !stdin().is_terminal() || !stderr().is_terminal() {
        return Ok(None);
    }
    tell_always(&format!("{question} [y/N] "));
    let read = || {
        let mut line = String::new();
        stdin().read_line(&mut line).map(|_| line)
    };
    let line = tokio::task::spawn_blocking(read).await.map_err(anyhow::Error::from)?;
    Ok(Some(is_yes(&line.context("cannot read the answer")?)))
}

fn is_yes(answer: &str) -> bool {
    ["y", "yes"].contains(&answer.trim().to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_yes_is_yes() {
        assert!(["y\n", "Y", " yes \n", "YES"].iter().all(|it| is_yes(it)));
        assert!(!["", "\n", "n", "no", "yesterday"].iter().any(|it| is_yes(it)));
    }
}
