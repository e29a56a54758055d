//! Settings that name files and roles of this machine, made ones that pods can use.

use std::path::Path;

use chrono::{DateTime, Utc};
use radiant_contract::credentials::{
    AwsChain, AwsLink, Azure, AzureAuth, Gcs, GcsAuth, S3, S3Auth, Settings, Tls, find,
};
use serde_json::Value;

use super::read::{Variables, find_profile, google_or_azure, read};
use super::{Choice, CredentialsError, Machine, Place, Source};

/// Settings, and what came to be known of them on the way.
#[derive(Debug)]
pub(super) struct Inlined {
    pub(super) settings: Settings,
    pub(super) expires: Option<DateTime<Utc>>,
    pub(super) warnings: Vec<String>,
}

/// Puts what files hold into the place of their paths.
///
/// # Errors
/// When there are no credentials that could be taken along.
pub(super) fn inline(
    settings: Settings,
    place: &Place,
    origin: &str,
    machine: &Machine<'_>,
) -> Result<Inlined, CredentialsError> {
    let plain = |settings| Inlined { settings, expires: None, warnings: Vec::new() };
    let mut inlined = match settings {
        Settings::S3(S3 { auth: S3Auth::Chain(chain), region, endpoint, .. }) => {
            let mut inlined = aws_profile(&chain, place, origin, machine)?;
            if let Settings::S3(s3) = &mut inlined.settings {
                s3.region = region.or(s3.region.take());
                s3.endpoint = endpoint.or(s3.endpoint.take());
            }
            inlined
        }
        Settings::Gcs(Gcs { auth: GcsAuth::File(path), .. }) => {
            json_file(&path, place, origin, machine)?
        }
        Settings::Gcs(Gcs { auth: GcsAuth::Chain(chain), .. }) => {
            let file = chain.file.filter(|it| machine.files.read(Path::new(it)).is_ok());
            let file =
                file.ok_or_else(|| nothing(place, origin, "GOOGLE_APPLICATION_CREDENTIALS"))?;
            json_file(&file, place, origin, machine)?
        }
        Settings::Azure(Azure { auth: AzureAuth::ApplicationFile(path), .. }) => {
            json_file(&path, place, origin, machine)?
        }
        Settings::Azure(Azure {
            auth: AzureAuth::WorkloadIdentity(_) | AzureAuth::ManagedIdentity(_),
            ..
        }) => return Err(of_machine(place, origin)),
        settings => plain(settings),
    };
    if let Some(file) = take_authorities(&mut inlined.settings) {
        inlined.warnings.push(format!(
            "certificates of `{file}` are not taken along: mount them into the pods by `pod.volumes`, and \
             name them there by `AWS_CA_BUNDLE` or `RCLONE_CA_CERT`"
        ));
    }
    Ok(inlined)
}

/// The profile that a chain of sources leads to.
fn aws_profile(
    chain: &AwsChain,
    place: &Place,
    origin: &str,
    machine: &Machine<'_>,
) -> Result<Inlined, CredentialsError> {
    for link in &chain.links {
        match link {
            AwsLink::Profile(profile) => {
                let name = profile.name.clone().unwrap_or_else(|| "default".to_owned());
                if profile.required {
                    let source = Source::Profile(name);
                    return found(&read(&source, &Choice::default(), machine)?, place);
                }
                if let Some(variables) = find_profile(&name, machine, &mut Vec::new())? {
                    return found(&variables, place);
                }
            }
            AwsLink::Container(_) | AwsLink::WebIdentity(_) => {
                return Err(of_machine(place, origin));
            }
            // Every machine might be one of a cloud.
            AwsLink::Instance { .. } => {}
        }
    }
    Err(nothing(place, origin, "AWS_ACCESS_KEY_ID"))
}

/// A file with JSON of a cloud.
fn json_file(
    path: &str,
    place: &Place,
    origin: &str,
    machine: &Machine<'_>,
) -> Result<Inlined, CredentialsError> {
    let text = machine.read("file of credentials", Path::new(path))?;
    let shown = format!("file `{path}` ({origin})");
    let bad = || CredentialsError::new(&shown, "JSON of a cloud", "something else");
    let value: Value = serde_json::from_str(&text).map_err(|_| bad())?;
    let variables = google_or_azure(&value, &shown)?.ok_or_else(bad)?;
    found(&variables, place)
}

/// What the server's reader makes of variables that hold everything themselves.
pub(super) fn found(variables: &Variables, place: &Place) -> Result<Inlined, CredentialsError> {
    let refused =
        |problem| CredentialsError::Variables { place: variables.origin.clone(), problem };
    // A person of Google is a remote; its name is that of its variables.
    let is_remote = variables.values.contains_key("RCLONE_CONFIG_GS_TYPE");
    let name = if is_remote { "gs" } else { &place.remote };
    let provider = place.provider.or(variables.provider);
    let found =
        find(name, provider, place.account.as_deref(), &variables.env()).map_err(refused)?;
    Ok(Inlined {
        settings: found.settings,
        expires: variables.expires,
        warnings: [variables.warnings.clone(), found.notes].concat(),
    })
}

fn take_authorities(settings: &mut Settings) -> Option<String> {
    let (Settings::S3(S3 { tls, .. })
    | Settings::Gcs(Gcs { tls, .. })
    | Settings::Azure(Azure { tls, .. })) = settings;
    let Tls { ca_file, .. } = tls;
    ca_file.take()
}

/// Nothing says who asks.
pub(super) fn nothing(place: &Place, origin: &str, variable: &str) -> CredentialsError {
    let expected = format!("credentials for `{}`, such as `{variable}`", place.shown);
    CredentialsError::new(origin, expected, "none").hint(
        "give some by `--from-profile` or `--from-file` (`credentials.fromProfile`, `credentials.fromFile`); or say that pods have a role of their own \
         (`credentials.serviceAccount`, `credentials.implicit`), or that the store is public \
         (`credentials.anonymous`)",
    )
}

/// Who asks is this machine, which pods are not.
fn of_machine(place: &Place, origin: &str) -> CredentialsError {
    let expected = format!("credentials for `{}` that can be taken along", place.shown);
    CredentialsError::new(origin, expected, "an identity of this machine").hint(
        "let pods have one of their own: `credentials.serviceAccount`, or `credentials.implicit` where \
         their nodes have it",
    )
}
