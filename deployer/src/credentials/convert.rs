//! From a source of credentials to the variables of a pod.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use radiant_contract::credentials::{
    Azure, AzureAuth, Gcs, GcsAuth, Provider, S3, S3Auth, Secret, Settings, Tls, find, write,
};

use super::azure;
use super::inline::{Inlined, inline, nothing};
use super::mend::mend;
use super::place::called;
use super::read::{PREFIX, Remotes, Variables, read};
use super::{Choice, CredentialsError, Machine, Place, Source};

/// What a Secret for a store holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreSecret {
    /// Variables of a pod, by names that environments can have.
    pub data: BTreeMap<String, Secret>,
    /// Whose interface the store has.
    pub provider: Provider,
    /// Where the credentials were found, for messages.
    pub origin: String,
    /// Who asks, for messages.
    pub who: &'static str,
    /// What somebody should know about them, a line each.
    pub warnings: Vec<String>,
    /// Until when they are good, where that is known.
    pub expires: Option<DateTime<Utc>>,
    /// Whether it is the pods' own identity that asks, and nothing here is secret.
    pub is_pods_own: bool,
}

/// Finds credentials for a store and writes them as the variables of a pod.
///
/// # Errors
/// When there are none, they are another store's, or a part of them is missing or lost.
pub fn convert(
    source: &Source,
    place: &Place,
    choice: &Choice,
    machine: &Machine<'_>,
) -> Result<StoreSecret, CredentialsError> {
    match source {
        Source::Anonymous => return anonymous(place, choice),
        Source::Pod => return pods_own(place, choice),
        Source::Environment | Source::Profile(_) | Source::File(_) | Source::Secret { .. } => {}
    }
    let mut variables = read(source, choice, machine)?;
    check_provider(variables.provider, place, &variables.origin)?;
    let provider = place.provider.or(variables.provider);
    let remotes = Remotes::of(&variables.values);
    if remotes.are_all_foreign() && variables.is_of_pods {
        let expected = "a remote of type `s3`, `google cloud storage` or `azureblob`";
        return Err(CredentialsError::new(&variables.origin, expected, "remotes of other types"));
    }
    let remote =
        remotes.choose(choice.remote.as_deref(), place.remote(), provider, &variables.origin)?;
    if variables.is_of_pods
        && remote.is_none()
        && !variables.values.keys().any(|it| is_of_cloud(it))
    {
        return Err(nothing(place, &variables.origin, "RCLONE_CONFIG_S3_ACCESS_KEY_ID"));
    }
    if let Some(remote) = &remote {
        mend(&mut variables, remote, place, choice)?;
    }
    let place = &with_account(place, choice);
    let name = remote.as_deref().unwrap_or(&place.remote);
    let provider =
        if remote.is_some() { provider } else { Some(guess(&variables, place, provider)?) };
    let refused =
        |problem| CredentialsError::Variables { place: variables.origin.clone(), problem };
    let found =
        find(name, provider, place.account.as_deref(), &variables.env()).map_err(refused)?;
    check_provider(Some(found.settings.provider()), place, &variables.origin)?;
    let origin = format!("{} in {}", found.origin, variables.origin);
    let mut warnings = [variables.warnings.clone(), found.notes].concat();
    if variables.is_of_pods && is_pods_own(&found.settings) {
        return Ok(kept(&variables, remote.as_deref(), (place, found.settings, origin), warnings));
    }
    // Of Azure's variables none says so: all are unset.
    if remote.is_none() && found.origin.starts_with("no variable") {
        return Err(nothing(place, &variables.origin, first_variable(&found.settings)));
    }
    let inlined = inline(found.settings, place, &variables.origin, machine)?;
    warnings.extend(inlined.warnings);
    let expires = variables.expires.or(inlined.expires);
    finished(Inlined { settings: inlined.settings, expires, warnings }, place, origin)
}

/// Writes settings, and says what is worth knowing of them.
fn finished(
    inlined: Inlined,
    place: &Place,
    origin: String,
) -> Result<StoreSecret, CredentialsError> {
    let Inlined { mut settings, mut expires, mut warnings } = inlined;
    if let Settings::Azure(azure) = settings {
        settings = Settings::Azure(azure::settled(azure, &place.bucket));
    }
    let who = match &settings {
        Settings::S3(S3 { auth: S3Auth::Keys(keys), .. }) => {
            if keys.token.is_some() {
                warnings.push(temporary("the session token", expires));
                "temporary keys"
            } else {
                "an access key"
            }
        }
        Settings::Gcs(Gcs { auth: GcsAuth::Token(token), .. }) if token.refresh.is_none() => {
            warnings.push(temporary("the access token", expires));
            "an access token"
        }
        Settings::Gcs(Gcs { auth: GcsAuth::Token(_), .. }) => "a person",
        Settings::Gcs(Gcs { auth: GcsAuth::Key(_), .. }) => "a service account",
        Settings::Azure(Azure { auth: AzureAuth::Signature(query), .. }) => {
            let (until, more) = azure::of_signature(query);
            expires = until.or(expires);
            warnings.extend(more);
            warnings.push(temporary("the signature", expires));
            "a signature"
        }
        Settings::Azure(Azure { auth: AzureAuth::Key(_), .. }) => "the account's key",
        Settings::Azure(Azure { auth: AzureAuth::Application(_), .. }) => "an application",
        Settings::S3(_) | Settings::Gcs(_) | Settings::Azure(_) => "nobody: anonymous",
    };
    let provider = settings.provider();
    let data = variables_of(&settings, place, &origin)?;
    Ok(StoreSecret { data, provider, origin, who, warnings, expires, is_pods_own: false })
}

fn temporary(what: &str, expires: Option<DateTime<Utc>>) -> String {
    let until = match expires {
        Some(time) => format!("is good until {}", time.format("%Y-%m-%dT%H:%M:%SZ")),
        None => "is good for some hours only".to_owned(),
    };
    format!(
        "{what} {until}: pods that start later cannot fetch the model; use credentials that last, or \
         renew them by `radiant-deploy secret rotate`"
    )
}

/// The variables by which a pod finds these settings.
fn variables_of(
    settings: &Settings,
    place: &Place,
    origin: &str,
) -> Result<BTreeMap<String, Secret>, CredentialsError> {
    let variables = match (place.remote(), settings) {
        (Some(remote), settings) => write(settings, remote).map_err(|problem| {
            CredentialsError::Variables { place: format!("model `{}`", place.shown), problem }
        })?,
        (None, Settings::Azure(settings)) => azure::variables(settings),
        (None, Settings::S3(_) | Settings::Gcs(_)) => {
            let what = called(settings.provider());
            let expected = format!("credentials for `{}`", place.shown);
            return Err(CredentialsError::new(origin, expected, format!("those of {what}")));
        }
    };
    Ok(variables.into_iter().map(|(name, value)| (name, Secret::new(value))).collect())
}

/// A Secret of pods that have an identity of their own: its keys under the name of the address.
fn kept(
    variables: &Variables,
    remote: Option<&str>,
    (place, settings, origin): (&Place, Settings, String),
    warnings: Vec<String>,
) -> StoreSecret {
    let mut data = BTreeMap::new();
    for (name, value) in variables.values.iter().filter(|(name, _)| is_of_cloud(name)) {
        let old = remote.map(|remote| format!("{PREFIX}{remote}_"));
        let key = old.and_then(|old| Some(name.to_uppercase().strip_prefix(&old)?.to_owned()));
        let name = match (key, place.remote()) {
            (Some(key), Some(to)) => variable(to, &key),
            (Some(_) | None, Some(_) | None) => name.clone(),
        };
        data.insert(name, value.clone());
    }
    let provider = settings.provider();
    let who = "the pods' own identity";
    StoreSecret { data, provider, origin, who, warnings, expires: None, is_pods_own: true }
}

/// Whether a variable may be about a store.
fn is_of_cloud(name: &str) -> bool {
    ["RCLONE_", "AWS_", "S3_", "GOOGLE_", "AZURE_", "AZ_"].iter().any(|it| name.starts_with(it))
}

/// A key of a remote as a variable.
fn variable(remote: &str, key: &str) -> String {
    format!("{PREFIX}{}_{key}", remote.to_uppercase().replace('-', "_"))
}

/// Variables by which pods ask as nobody.
fn anonymous(place: &Place, choice: &Choice) -> Result<StoreSecret, CredentialsError> {
    let place = with_account(place, choice);
    let origin = "`anonymous`".to_owned();
    let settings = match place.provider {
        Some(Provider::S3) => Settings::S3(S3::default()),
        Some(Provider::Gcs) => Settings::Gcs(Gcs::default()),
        Some(Provider::Azure) => {
            let account = account_of(&place)?;
            let container = Some(place.bucket.clone());
            let auth = AzureAuth::Anonymous;
            let endpoint = None;
            Settings::Azure(Azure { auth, account, endpoint, container, tls: Tls::default() })
        }
        None => return Err(untyped(&place, &origin)),
    };
    let inlined = Inlined { settings, expires: None, warnings: Vec::new() };
    finished(inlined, &place, origin)
}

/// Variables by which pods ask with an identity of their own. Nothing of them is secret.
fn pods_own(place: &Place, choice: &Choice) -> Result<StoreSecret, CredentialsError> {
    let place = with_account(place, choice);
    let provider = place.provider.ok_or_else(|| untyped(&place, "the pods' own identity"))?;
    let pairs = match provider {
        Provider::S3 => vec![("TYPE", "s3"), ("PROVIDER", "AWS"), ("ENV_AUTH", "true")],
        Provider::Gcs => {
            vec![("TYPE", "google cloud storage"), ("ANONYMOUS", "false"), ("ENV_AUTH", "true")]
        }
        Provider::Azure => vec![("TYPE", "azureblob"), ("ENV_AUTH", "true")],
    };
    let mut data = BTreeMap::new();
    if let Some(remote) = place.remote() {
        for (key, value) in pairs {
            data.insert(variable(remote, key), Secret::new(value));
        }
        if provider == Provider::Azure {
            data.insert(variable(remote, "ACCOUNT"), Secret::new(account_of(&place)?));
        }
    } else {
        data.insert("AZURE_STORAGE_ACCOUNT_NAME".to_owned(), Secret::new(account_of(&place)?));
    }
    Ok(StoreSecret {
        data,
        provider,
        origin: "the pods' own identity".to_owned(),
        who: "the pods' own identity",
        warnings: Vec::new(),
        expires: None,
        is_pods_own: true,
    })
}

fn account_of(place: &Place) -> Result<String, CredentialsError> {
    let account = place.account.as_deref().map(azure::account_name);
    account.map(str::to_owned).ok_or_else(|| {
        let place = format!("model `{}`", place.shown);
        CredentialsError::new(place, "a storage account", "none")
            .hint("name it by `--account`, or write `https://ACCOUNT.blob.core.windows.net/...`")
    })
}

fn with_account(place: &Place, choice: &Choice) -> Place {
    let account = place.account.clone().or_else(|| choice.account.clone());
    Place { account, ..place.clone() }
}

fn untyped(place: &Place, origin: &str) -> CredentialsError {
    let place = format!("model `{}`", place.shown);
    let got = "a remote of rclone, which could be any";
    CredentialsError::new(place, format!("a scheme that names a store, for {origin}"), got)
        .hint("write the address as `s3://`, `gs://` or `az://`")
}

/// Refuses credentials of another cloud than the model's.
fn check_provider(
    found: Option<Provider>,
    place: &Place,
    origin: &str,
) -> Result<(), CredentialsError> {
    match (found, place.provider) {
        (Some(found), Some(wanted)) if found != wanted => {
            let expected = format!("credentials of {} for `{}`", called(wanted), place.shown);
            Err(CredentialsError::new(origin, expected, format!("those of {}", called(found))))
        }
        (Some(_) | None, Some(_) | None) => Ok(()),
    }
}

/// Whose store it is where the address does not say it: the only one that there are credentials of.
fn guess(
    variables: &Variables,
    place: &Place,
    provider: Option<Provider>,
) -> Result<Provider, CredentialsError> {
    if let Some(provider) = provider {
        return Ok(provider);
    }
    let signs = [
        (Provider::S3, ["AWS_ACCESS_KEY_ID", "AWS_PROFILE"]),
        (Provider::Gcs, ["GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_APPLICATION_CREDENTIALS_JSON"]),
        (Provider::Azure, ["AZURE_STORAGE_CONNECTION_STRING", "AZURE_STORAGE_ACCOUNT_KEY"]),
    ];
    let is_there = |names: &[&str; 2]| names.iter().any(|name| variables.get(name).is_some());
    let mut found = signs.iter().filter(|(_, names)| is_there(names));
    if let (Some((provider, _)), None) = (found.next(), found.next()) {
        return Ok(*provider);
    }
    let expected = format!("a remote `{}`, or credentials of one cloud", place.remote);
    Err(CredentialsError::new(&variables.origin, expected, "neither")
        .hint("choose a remote that is there by `--remote`"))
}

/// Whether it is not known here who asks: only where pods are.
pub(super) fn is_pods_own(settings: &Settings) -> bool {
    match settings {
        Settings::S3(s3) => matches!(s3.auth, S3Auth::Chain(_)),
        Settings::Gcs(gcs) => matches!(gcs.auth, GcsAuth::Chain(_) | GcsAuth::File(_)),
        Settings::Azure(azure) => matches!(
            azure.auth,
            AzureAuth::WorkloadIdentity(_)
                | AzureAuth::ManagedIdentity(_)
                | AzureAuth::ApplicationFile(_)
        ),
    }
}

const fn first_variable(settings: &Settings) -> &'static str {
    match settings {
        Settings::S3(_) => "AWS_ACCESS_KEY_ID",
        Settings::Gcs(_) => "GOOGLE_APPLICATION_CREDENTIALS",
        Settings::Azure(_) => "AZURE_STORAGE_ACCOUNT_KEY",
    }
}
