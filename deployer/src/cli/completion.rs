//! The arguments of `radiant-deploy completion`.

use clap::Args;
use clap_complete::Shell;

pub(super) const EXAMPLES: &str = "\
Examples:
  # For this shell
  source <(radiant-deploy completion bash)

  # For good
  radiant-deploy completion zsh > \"${fpath[1]}/_radiant-deploy\"
  radiant-deploy completion fish \\
    > ~/.config/fish/completions/radiant-deploy.fish";

#[derive(Debug, Args)]
pub(crate) struct CompletionArgs {
    /// The shell that is to complete commands and flags
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}
