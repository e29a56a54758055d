//! The engines that a case is tried on, by the names of this program.

use std::path::Path;
use std::sync::Arc;

use radiant::engines::{Choice, Options, load_model};
use radiant_core::Engine;
use radiant_onnx::Model;

/// What is asked for a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tried {
    /// The engine that the server chooses where ONNX Runtime is not there.
    Auto,
    /// The engine of that name.
    Native,
    /// The engine of that name.
    Tract,
    /// The engine of that name.
    Rten,
    /// The engine of that name.
    Ort,
    /// The engine that the server chooses where ONNX Runtime is there.
    AutoOrt,
}

impl Tried {
    /// All, in the order of reports.
    pub(crate) const ALL: [Self; 6] =
        [Self::Auto, Self::Native, Self::Tract, Self::Rten, Self::Ort, Self::AutoOrt];

    /// The name in files and reports.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Native => "native",
            Self::Tract => "tract",
            Self::Rten => "rten",
            Self::Ort => "ort",
            Self::AutoOrt => "auto-ort",
        }
    }

    /// The one of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tried| tried.name() == name)
    }

    /// Whether it needs the shared library of ONNX Runtime.
    pub(crate) fn needs_library(self) -> bool {
        matches!(self, Self::Ort | Self::AutoOrt)
    }
}

/// Loads a model as the server does.
///
/// # Errors
/// The refusal, which names what is refused.
pub(crate) fn load(
    model: &Model,
    tried: Tried,
    library: Option<&Path>,
) -> anyhow::Result<Arc<dyn Engine>> {
    let choice = match tried {
        Tried::Auto | Tried::AutoOrt => Choice::Auto,
        Tried::Native => Choice::Native,
        Tried::Tract => Choice::Tract,
        Tried::Rten => Choice::Rten,
        Tried::Ort => Choice::Ort,
    };
    let ort_library = library.filter(|_| tried.needs_library()).map(Path::to_owned);
    let options = Options { choice, ort_library, ..Options::default() };
    Ok(load_model(model, &options)?.engine)
}
