//! How models are fetched from elsewhere.

use std::path::PathBuf;

use radiant_contract::EnvSource;
use radiant_contract::env::{
    RADIANT_CACHE_BYTES_MAX, RADIANT_CACHE_DIR, RADIANT_CREDENTIALS, RADIANT_FETCH_BYTES_MAX,
    RADIANT_FETCH_FILE_BYTES_MAX, RADIANT_FETCH_PARALLEL, RADIANT_OCI_PLAIN_HTTP,
};

use super::ConfigErrors;
use super::resolve::Resolver;
use super::value::{FILE, Kind, SIZE};

/// How models are fetched from elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetching {
    /// A file of `NAME=VALUE` lines, or a folder with a file for each name, whose variables come
    /// before those of the environment.
    pub credentials: Option<PathBuf>,
    /// Where fetched models are kept; a folder in the system's temporary folder otherwise.
    pub cache_dir: Option<PathBuf>,
    /// Bytes from which the models used least recently leave the cache.
    pub cache_bytes_max: usize,
    /// Bytes that one model may have.
    pub bytes_max: usize,
    /// Bytes that one file of a model may have.
    pub file_bytes_max: usize,
    /// Requests to a store at once.
    pub parallel: usize,
    /// Registries that are asked without TLS.
    pub oci_plain_http: Vec<String>,
}

/// The options of fetching that were given; `None` is left to the environment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(
    missing_docs,
    reason = "each field is the flag of the same name; the program's help says what it does"
)]
pub struct FetchFlags {
    pub credentials: Option<String>,
    pub cache_dir: Option<String>,
    pub cache_bytes_max: Option<String>,
    pub fetch_bytes_max: Option<String>,
    pub fetch_file_bytes_max: Option<String>,
    pub fetch_parallel: Option<String>,
    pub oci_plain_http: Option<String>,
}

const FOLDER: Kind<PathBuf> = Kind { accepts: "the path of a folder", ..FILE };

const FILE_OR_FOLDER: Kind<PathBuf> =
    Kind { accepts: "the path of a file or of a folder of files", ..FILE };

const PARALLEL: Kind<usize> = Kind {
    accepts: "a number of requests from 1 to 64",
    parse: |text| text.trim().parse().ok().filter(|n| (1..=64).contains(n)),
    print: ToString::to_string,
};

const REGISTRIES: Kind<Vec<String>> = Kind {
    accepts: "registries like `host:port`, separated by commas",
    parse: |text| {
        let registries = text.split(',').map(|registry| registry.trim().to_owned());
        let is_registry = |registry: &String| !registry.is_empty() && !registry.contains('/');
        registries.map(|registry| is_registry(&registry).then_some(registry)).collect()
    },
    print: |registries| registries.join(","),
};

impl Default for Fetching {
    fn default() -> Self {
        Self {
            credentials: None,
            cache_dir: None,
            cache_bytes_max: 32 << 30,
            bytes_max: 64 << 30,
            file_bytes_max: 64 << 30,
            parallel: 8,
            oci_plain_http: Vec::new(),
        }
    }
}

impl Fetching {
    /// What holds of fetching alone, for a command that serves nothing.
    ///
    /// # Errors
    /// All problems: for each the option, who set it, what is expected and what is there.
    pub fn build(flags: &FetchFlags, env: &dyn EnvSource) -> Result<Self, ConfigErrors> {
        let mut resolver = Resolver::new(env);
        let fetching = fetching(&mut resolver, flags);
        if resolver.problems.is_empty() {
            Ok(fetching)
        } else {
            Err(ConfigErrors(resolver.problems))
        }
    }
}

/// What holds of it.
pub(super) fn fetching(resolver: &mut Resolver<'_>, flags: &FetchFlags) -> Fetching {
    let default = Fetching::default();
    Fetching {
        credentials: resolver
            .option("credentials")
            .flag(flags.credentials.as_ref())
            .env(&[&RADIANT_CREDENTIALS])
            .optional(&FILE_OR_FOLDER),
        cache_dir: resolver
            .option("cache_dir")
            .flag(flags.cache_dir.as_ref())
            .env(&[&RADIANT_CACHE_DIR])
            .optional(&FOLDER),
        cache_bytes_max: resolver
            .option("cache_bytes_max")
            .flag(flags.cache_bytes_max.as_ref())
            .env(&[&RADIANT_CACHE_BYTES_MAX])
            .or(&SIZE, default.cache_bytes_max),
        bytes_max: resolver
            .option("fetch_bytes_max")
            .flag(flags.fetch_bytes_max.as_ref())
            .env(&[&RADIANT_FETCH_BYTES_MAX])
            .or(&SIZE, default.bytes_max),
        file_bytes_max: resolver
            .option("fetch_file_bytes_max")
            .flag(flags.fetch_file_bytes_max.as_ref())
            .env(&[&RADIANT_FETCH_FILE_BYTES_MAX])
            .or(&SIZE, default.file_bytes_max),
        parallel: resolver
            .option("fetch_parallel")
            .flag(flags.fetch_parallel.as_ref())
            .env(&[&RADIANT_FETCH_PARALLEL])
            .or(&PARALLEL, default.parallel),
        oci_plain_http: resolver
            .option("oci_plain_http")
            .flag(flags.oci_plain_http.as_ref())
            .env(&[&RADIANT_OCI_PLAIN_HTTP])
            .optional(&REGISTRIES)
            .unwrap_or_default(),
    }
}
