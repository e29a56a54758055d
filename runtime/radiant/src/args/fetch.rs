//! The options of fetching, which the commands that take a model's address have.

use clap::Args;
use radiant_server::config::FetchFlags;

/// The options of fetching, in the order in which they are documented.
#[derive(Debug, Args)]
#[command(next_help_heading = "Fetching")]
pub(crate) struct FetchOptions {
    /// Variables with credentials: a file of NAME=VALUE lines, or a folder
    ///
    /// A folder has a file for each variable, as a mounted Secret has. What stands here comes before the
    /// environment: rclone's RCLONE_CONFIG_*, AWS_*, GOOGLE_* and AZURE_* variables.
    #[arg(long, value_name = "PATH")]
    credentials: Option<String>,
    /// The largest model that is fetched, all its files together
    #[arg(long, value_name = "SIZE")]
    fetch_bytes_max: Option<String>,
    /// The largest file that is fetched
    #[arg(long, value_name = "SIZE")]
    fetch_file_bytes_max: Option<String>,
    /// Requests to a store at once
    #[arg(long, value_name = "N")]
    fetch_parallel: Option<String>,
    /// Registries that are asked without TLS, such as registry:5000
    #[arg(long, value_name = "REGISTRIES")]
    oci_plain_http: Option<String>,
}

/// The options of the folder that fetched models are kept in.
#[derive(Debug, Args)]
#[command(next_help_heading = "Fetching")]
pub(crate) struct CacheOptions {
    /// Where fetched models are kept
    ///
    /// Processes may share it, one after the other or at once. Not given, it is the folder `radiant` in the
    /// system's temporary folder.
    #[arg(long, value_name = "FOLDER")]
    cache_dir: Option<String>,
    /// Size from which models used least recently leave the cache
    #[arg(long, value_name = "SIZE")]
    cache_bytes_max: Option<String>,
}

/// What was typed, as the configuration takes it.
pub(crate) fn flags(fetch: &FetchOptions, cache: Option<&CacheOptions>) -> FetchFlags {
    FetchFlags {
        credentials: fetch.credentials.clone(),
        cache_dir: cache.and_then(|cache| cache.cache_dir.clone()),
        cache_bytes_max: cache.and_then(|cache| cache.cache_bytes_max.clone()),
        fetch_bytes_max: fetch.fetch_bytes_max.clone(),
        fetch_file_bytes_max: fetch.fetch_file_bytes_max.clone(),
        fetch_parallel: fetch.fetch_parallel.clone(),
        oci_plain_http: fetch.oci_plain_http.clone(),
    }
}
