//! How models are put on engines.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use radiant_contract::env::{
    RADIANT_LOAD_ISOLATED, RADIANT_LOAD_MEMORY_MAX, RADIANT_LOAD_TIMEOUT, RADIANT_ORT_LIBRARY,
    RADIANT_PICKLE_ALLOW, RADIANT_VERIFY,
};

use super::Flags;
use super::resolve::Resolver;
use super::value::{BOOL, DURATION, FILE, Kind, SIZE};

/// How models are put on engines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loading {
    /// Where ONNX Runtime's library is; it is looked for in the usual places otherwise.
    pub ort_library: Option<PathBuf>,
    /// Classes that files of Python objects may name besides the known ones; they stay data.
    pub pickle_allow: Vec<String>,
    /// Whether a model must answer the test data beside it before it is served.
    pub verify: bool,
    /// Which models are tried out in a process of their own first.
    pub isolated: Isolated,
    /// Bytes of address space that such a process may have.
    pub memory_max: usize,
    /// How long such a process may take.
    pub timeout: Duration,
}

/// Which models are loaded and warmed in a limited process first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isolated {
    /// Those that are loaded while others are served or after them, and those from far away.
    Auto,
    /// Every model.
    Always,
    /// None.
    Never,
}

impl Isolated {
    fn parse(text: &str) -> Option<Self> {
        match text.trim() {
            "auto" => Some(Self::Auto),
            "always" => Some(Self::Always),
            "never" => Some(Self::Never),
            _ => None,
        }
    }
}

impl fmt::Display for Isolated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Always => "always",
            Self::Never => "never",
        })
    }
}

const ISOLATED: Kind<Isolated> =
    Kind { accepts: "auto, always or never", parse: Isolated::parse, print: ToString::to_string };

const CLASSES: Kind<Vec<String>> = Kind {
    accepts: "names like `package.module.Class` or `package.*`, separated by commas",
    parse: |text| {
        let names = text.split(',').map(|name| name.trim().to_owned());
        let is_name = |name: &String| {
            name.split('.').count() > 1 && name.split('.').all(|part| !part.is_empty())
        };
        names.map(|name| is_name(&name).then_some(name)).collect()
    },
    print: |names| names.join(","),
};

impl Default for Loading {
    /// A model has 16 GiB of address space and two minutes to load when it is tried out.
    fn default() -> Self {
        Self {
            ort_library: None,
            pickle_allow: Vec::new(),
            verify: false,
            isolated: Isolated::Auto,
            memory_max: 16 << 30,
            timeout: Duration::from_mins(2),
        }
    }
}

/// What holds of it.
pub(super) fn loading(resolver: &mut Resolver<'_>, flags: &Flags) -> Loading {
    let default = Loading::default();
    Loading {
        ort_library: resolver
            .option("ort_library")
            .flag(flags.ort_library.as_ref())
            .env(&[&RADIANT_ORT_LIBRARY])
            .optional(&FILE),
        pickle_allow: resolver
            .option("pickle_allow")
            .flag(flags.pickle_allow.as_ref())
            .env(&[&RADIANT_PICKLE_ALLOW])
            .optional(&CLASSES)
            .unwrap_or_default(),
        verify: resolver
            .option("verify")
            .flag(flags.verify.as_ref())
            .env(&[&RADIANT_VERIFY])
            .or(&BOOL, default.verify),
        isolated: resolver
            .option("load_isolated")
            .flag(flags.load_isolated.as_ref())
            .env(&[&RADIANT_LOAD_ISOLATED])
            .or(&ISOLATED, default.isolated),
        memory_max: resolver
            .option("load_memory_max")
            .flag(flags.load_memory_max.as_ref())
            .env(&[&RADIANT_LOAD_MEMORY_MAX])
            .or(&SIZE, default.memory_max),
        timeout: resolver
            .option("load_timeout")
            .flag(flags.load_timeout.as_ref())
            .env(&[&RADIANT_LOAD_TIMEOUT])
            .or(&DURATION, default.timeout),
    }
}
