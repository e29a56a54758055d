//! `radiant-deploy secret check`: a model listed with the variables of a Secret and no others.

use radiant_contract::EnvSource;

use super::objects::Objects as _;
use super::{connect, converted_from, source_of, store, summary};
use crate::cli::CheckArgs;
use crate::credentials::{CredentialsError, Source, StoreSecret, check};
use crate::error::Failure;
use crate::output::Printer;

pub(super) async fn run(
    args: &CheckArgs,
    printer: &Printer,
    env: &(dyn EnvSource + Sync),
) -> Result<(), Failure> {
    let (uri, place) = store(&args.model)?;
    let data = if let Some(name) = &args.secret {
        // As pods have it, whatever might be better.
        let data = connect(&args.cluster, None).await?.secret(name).await?;
        let source = Source::Secret { name: name.clone(), data: data.clone() };
        tell_faults(converted_from(&source, &args.source, &place, env), name);
        data
    } else {
        let source = source_of(&args.source, &args.cluster).await?;
        let secret = converted_from(&source, &args.source, &place, env)?;
        summary::tell(&secret, printer);
        secret.data
    };
    let checked = check(&data, &uri).await?;
    let document = summary::checked_document(&checked, &uri);
    printer.document(&document, &summary::checked(&checked, &uri))
}

/// Tells what others get wrong in a Secret; the store has the last word.
fn tell_faults(converted: Result<StoreSecret, CredentialsError>, name: &str) {
    match converted {
        Ok(secret) => {
            for warning in &secret.warnings {
                tracing::warn!("{warning}");
            }
            if !secret.warnings.is_empty() && !secret.is_pods_own {
                tracing::warn!(
                    "`secret create --from-secret {name}` makes one that is as it should be"
                );
            }
        }
        Err(error) => tracing::warn!("{}", Failure::from(error).text().trim_end()),
    }
}
