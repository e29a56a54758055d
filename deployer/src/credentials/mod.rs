//! Credentials of models' stores: found on this machine, and written as the variables that pods read.
//!
//! Whatever somebody has (profiles, variables, JSON of a cloud, rclone's sections, a Secret of another
//! deployer) becomes variables first, and the server's own reader ([`radiant_contract::credentials`])
//! says what they mean. What it finds is written by the writer beside that reader, under the name by which
//! a pod looks for the store of the model's address. So nothing is in a Secret that a pod would read
//! differently.
//!
//! | store | what is written for the remote `R` |
//! |---|---|
//! | S3, keys | `TYPE=s3` `PROVIDER` `ACCESS_KEY_ID` `SECRET_ACCESS_KEY` `SESSION_TOKEN` `REGION` `ENDPOINT` |
//! | S3, the pod's own role | `TYPE=s3` `PROVIDER` `ENV_AUTH=true` |
//! | Google, service account | `TYPE=google cloud storage` `ANONYMOUS=false` `SERVICE_ACCOUNT_CREDENTIALS` |
//! | Google, a person | the same with `CLIENT_ID` `CLIENT_SECRET` `TOKEN` |
//! | Azure, account's key | `TYPE=azureblob` `ACCOUNT` `KEY` |
//! | Azure, signature | `TYPE=azureblob` `ACCOUNT` `SAS_URL`, a whole address |
//! | Azure, application | `TYPE=azureblob` `ACCOUNT` `TENANT` `CLIENT_ID` `CLIENT_SECRET` |
//!
//! Each stands behind `RCLONE_CONFIG_R_`, where `R` is the scheme or remote of the address. An address
//! `https://account.blob...` names no remote, and gets Azure's own variables.
//!
//! No clock and no network here, but in [`check`]; files and variables come through [`Machine`].

mod azure;
mod check;
mod convert;
mod error;
mod expiry;
mod inline;
mod machine;
mod mend;
mod object;
mod place;
mod read;
mod references;
#[cfg(test)]
mod tests;

pub use check::{Checked, check};
pub use convert::{StoreSecret, convert};
pub use error::CredentialsError;
pub use machine::{Files, Machine, ThisMachine};
pub(crate) use object::owner;
pub use object::{SecretObject, data_of};
pub use place::Place;
pub use read::{Choice, Source, Wanted};
pub use references::{names_secret, references, replaced};
