//! What other deployers get wrong in a remote of rclone, mended where all of it is there.

use radiant_contract::credentials::Provider;
use serde_json::Value;

use super::azure::{account_name, signed_address};
use super::read::{Choice, PREFIX, Variables};
use super::{CredentialsError, Place, expiry};

/// How long secret keys of AWS are.
const SECRET_KEY_CHARS: usize = 40;
/// No secret key is so long, and every session token is longer.
const SESSION_TOKEN_CHARS_MIN: usize = 100;

/// Mends a remote.
///
/// # Errors
/// When a part is lost that nobody can find again.
pub(super) fn mend(
    variables: &mut Variables,
    remote: &str,
    place: &Place,
    choice: &Choice,
) -> Result<(), CredentialsError> {
    let key = |name: &str| format!("{PREFIX}{remote}_{name}");
    match variables.get(&key("TYPE")).map(str::to_ascii_lowercase).as_deref() {
        Some("s3") => s3(variables, &key),
        Some("azureblob") => {
            azure(variables, &key, place, choice);
            Ok(())
        }
        Some(_) | None => {
            token(variables, &key("TOKEN"));
            Ok(())
        }
    }
}

/// Until when a token of Google is good, which rclone keeps beside it.
fn token(variables: &mut Variables, name: &str) {
    let json = variables.get(name).and_then(|text| serde_json::from_str::<Value>(text).ok());
    let expiry = json.as_ref().and_then(|json| json.get("expiry")?.as_str());
    variables.expires = variables.expires.or(expiry.and_then(expiry::time));
}

/// Keys that stand one place too far: ZenML 0.63 and later take key, secret, token and region for region,
/// key, secret and token.
fn s3(variables: &mut Variables, key: &dyn Fn(&str) -> String) -> Result<(), CredentialsError> {
    let id = variables.get(&key("ACCESS_KEY_ID"));
    let secret = variables.get(&key("SECRET_ACCESS_KEY"));
    let is_shifted = id.is_some_and(|id| id.chars().count() == SECRET_KEY_CHARS)
        && secret.is_some_and(|it| it.chars().count() >= SESSION_TOKEN_CHARS_MIN);
    if is_shifted {
        let place = format!("{}: `{}`", variables.origin, key("ACCESS_KEY_ID"));
        let got = "what looks like a secret key, with a session token in the place of the secret";
        return Err(CredentialsError::new(place, "an access key", got).hint(
            "ZenML 0.63 and later write keys one place too far, and the access key itself is lost: \
             make the Secret anew by `--from-profile` or `--from-env`",
        ));
    }
    let asks_pod = variables
        .get(&key("ENV_AUTH"))
        .is_some_and(|it| ["1", "t", "true"].contains(&it.to_ascii_lowercase().as_str()));
    if id.is_none() && secret.is_none() && asks_pod {
        variables.warnings.push(format!(
            "`{}` without keys: pods use a role of their own; ZenML 0.63 and later write the same for a \
             key and its secret, which are lost then: if pods have no role, make the Secret anew by \
             `--from-profile` or `--from-env`",
            key("ENV_AUTH")
        ));
    }
    Ok(())
}

/// A signature without its address, and an application without its account.
fn azure(variables: &mut Variables, key: &dyn Fn(&str) -> String, place: &Place, choice: &Choice) {
    let host = place.account.as_deref().or(choice.account.as_deref());
    let account = variables.get(&key("ACCOUNT")).map(str::to_owned);
    let is_missing = account.is_none();
    let account = account.or_else(|| host.map(account_name).map(str::to_owned));
    let Some(account) = account else { return };
    let signature = variables.get(&key("SAS_URL")).map(str::to_owned);
    if let Some(query) = signature.filter(|it| !it.contains("://")) {
        let host = host.filter(|it| account_name(it) == account).unwrap_or(&account);
        variables.set(key("SAS_URL"), signed_address(host, &place.bucket, &query));
        variables.warnings.push(format!(
            "`{}` was a signature alone, where rclone wants a whole address: account and container are \
             put before it",
            key("SAS_URL")
        ));
    } else if is_missing && variables.get(&key("CLIENT_SECRET")).is_some() {
        variables.warnings.push(format!(
            "`{}` was missing beside `{}`: it is `{account}`, as the address says",
            key("ACCOUNT"),
            key("CLIENT_SECRET")
        ));
    }
    if is_missing {
        variables.set(key("ACCOUNT"), account);
    }
    variables.provider = Some(Provider::Azure);
}
