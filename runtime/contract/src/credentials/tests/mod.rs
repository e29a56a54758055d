//! Settings from variables, and back.

mod azure;
mod gcs;
mod remotes;
mod round_trip;
mod s3;

use super::{CredentialError, Found, Provider, find};
use crate::env::MapEnv;

/// What no message and no debug output may hold; every secret of these tests holds it.
const SECRET: &str = "hunter2";

/// Finds what variables say, and checks that nothing secret is shown.
fn found(
    name: &str,
    provider: Provider,
    account: Option<&str>,
    variables: &[(&str, &str)],
) -> Result<Found, CredentialError> {
    let env: MapEnv = variables.iter().copied().collect();
    let found = find(name, Some(provider), account, &env);
    let shown = match &found {
        Ok(found) => format!("{found:?}"),
        Err(error) => format!("{error:?} {error}"),
    };
    assert!(!shown.contains(SECRET), "{shown}");
    found
}
