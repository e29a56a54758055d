//! The arguments of `radiant-deploy init`.

use std::path::PathBuf;

use clap::Args;

pub(super) const EXAMPLES: &str = "\
Examples:
  # Find the model in this folder, and write radiant.yaml beside it
  radiant-deploy init

  # For a model in a bucket
  radiant-deploy init --model s3://models/fraud/7

  # Only what is needed, into another folder
  radiant-deploy init deploy --model model.onnx --minimal

With the program `radiant` beside this one, the request in tests/one.json is
one that the model takes.";

#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// Where radiant.yaml is written, and a model looked for
    #[arg(default_value = ".", value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// The model: a file, a folder, or a URI
    ///
    /// Not given, it is looked for in DIR and in DIR/model: model.onnx, MLmodel, model.joblib and the
    /// like, or the only file of a kind that is known.
    #[arg(long, value_name = "URI", help_heading = "Model")]
    pub(crate) model: Option<String>,
    /// The deployment's name; by default that of the model or its folder
    #[arg(long, value_name = "NAME", help_heading = "Model")]
    pub(crate) name: Option<String>,
    /// The server's image; by default one to be replaced
    #[arg(long, value_name = "IMAGE", help_heading = "Model")]
    pub(crate) image: Option<String>,
    /// Write only what is needed, without comments
    #[arg(long)]
    pub(crate) minimal: bool,
    /// Overwrite what is there
    #[arg(long)]
    pub(crate) force: bool,
}
