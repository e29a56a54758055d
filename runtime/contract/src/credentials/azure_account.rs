//! Storage accounts of Azure, and the texts that carry one together with credentials.

use super::remote::quoted;
use super::{AzureAuth, CredentialError, Secret, text};

/// What ends the hosts of the public cloud's accounts.
const PUBLIC_SUFFIX: &str = "core.windows.net";
/// The account of Azure's emulators, its key, and where they listen: the same everywhere.
const EMULATOR: &str = "devstoreaccount1";
const EMULATOR_KEY: &str =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";
const EMULATOR_ADDRESS: &str = "http://127.0.0.1:10000";

/// What a text says of an account.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Account {
    pub(super) name: Option<String>,
    pub(super) endpoint: Option<String>,
    pub(super) container: Option<String>,
}

/// The account of an address: its name, or its host.
///
/// # Errors
/// When it is neither.
pub(super) fn of_address(address: &str) -> Result<Account, CredentialError> {
    const WHERE: &str = "address";
    let Some((name, rest)) = address.split_once('.') else {
        let name = Some(text::account(WHERE, address)?);
        return Ok(Account { name, ..Account::default() });
    };
    let name = text::account(WHERE, name)?;
    // Data Lake names the same objects by another host, which speaks another interface.
    let rest = rest.strip_prefix("dfs.").map_or_else(|| rest.to_owned(), |it| format!("blob.{it}"));
    let is_public = rest.strip_prefix("blob.") == Some(PUBLIC_SUFFIX);
    let endpoint = text::endpoint(WHERE, &format!("{name}.{rest}"))?;
    let endpoint = Some(endpoint).filter(|_| !is_public);
    Ok(Account { name: Some(name), endpoint, container: None })
}

/// An account's address: a whole one, the account's host, or what ends the hosts of accounts.
///
/// # Errors
/// When it is none of them.
pub(super) fn endpoint(
    variable: &str,
    value: &str,
    account: Option<&str>,
) -> Result<String, CredentialError> {
    let address = text::endpoint(variable, value)?;
    let (_, host) = address.split_once("://").unwrap_or_default();
    let (first, _) = host.split_once('.').unwrap_or((host, ""));
    let is_suffix = !value.contains("://")
        && !host.contains([':', '/'])
        && host.contains('.')
        && !first.chars().all(|c| c.is_ascii_digit());
    match account {
        Some(account) if is_suffix && first != account => Ok(format!("https://{account}.{host}")),
        Some(_) | None => Ok(address),
    }
}

/// The emulator's account, or another one in it.
pub(super) fn emulator(account: Option<&str>, key: Option<Secret>) -> (AzureAuth, Account) {
    let name = account.unwrap_or(EMULATOR).to_owned();
    let key = key.unwrap_or_else(|| Secret::new(EMULATOR_KEY));
    let endpoint = Some(format!("{EMULATOR_ADDRESS}/{name}"));
    (AzureAuth::Key(key), Account { name: Some(name), endpoint, container: None })
}

/// An account's key.
///
/// # Errors
/// When it is not in base64.
pub(super) fn key(variable: &str, key: String) -> Result<Secret, CredentialError> {
    if text::base64_bytes(&key).is_none() {
        let expected = "the storage account's key, in base64";
        return Err(CredentialError::value(variable, expected, "something else"));
    }
    Ok(Secret::new(key))
}

/// The query of a signed address, without its question mark.
///
/// # Errors
/// When it holds no signature.
pub(super) fn query(variable: &str, query: &str) -> Result<Secret, CredentialError> {
    let query = query.trim_start_matches('?');
    let expected = "a shared access signature, such as `sv=...&sig=...`";
    let error = |got: &str| CredentialError::value(variable, expected, got);
    let parts: Vec<&str> = query.split('&').filter(|part| !part.trim().is_empty()).collect();
    if !query.chars().all(|c| c.is_ascii_graphic()) {
        return Err(error("a text with spaces or other characters than those of addresses"));
    }
    if !parts.iter().all(|part| part.contains('=')) {
        return Err(error("a part without `=`"));
    }
    if !parts.iter().any(|part| part.starts_with("sig=")) {
        return Err(error("a text without `sig=`"));
    }
    Ok(Secret::new(parts.join("&")))
}

/// A signed address of an account or of a container in it; one without a query is anonymous.
///
/// # Errors
/// When it is no address, or has a query without a signature.
pub(super) fn signed_address(
    variable: &str,
    url: &str,
) -> Result<(AzureAuth, Account), CredentialError> {
    let (address, signature) = url.split_once('?').unwrap_or((url, ""));
    // What is no address may be a signature alone: nothing of it is shown.
    let hidden = |_| {
        let expected =
            "a signed address, such as `https://ACCOUNT.blob.core.windows.net/CONTAINER?sig=...`";
        CredentialError::value(variable, expected, "something else")
    };
    let address = text::endpoint(variable, address).map_err(hidden)?;
    let (scheme, rest) = address.split_once("://").unwrap_or_default();
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    // An emulator has the account in the path.
    let is_by_path = !host.contains('.') || host.starts_with(|c: char| c.is_ascii_digit());
    let (name, endpoint, path) = if is_by_path {
        let (name, path) = path.split_once('/').unwrap_or((path, ""));
        (name, format!("{scheme}://{host}/{name}"), path)
    } else {
        let (name, _) = host.split_once('.').unwrap_or((host, ""));
        (name, format!("{scheme}://{host}"), path)
    };
    if path.contains('/') {
        let expected = "a signed address of an account or a container, not of an object";
        return Err(CredentialError::value(variable, expected, "a longer path"));
    }
    let auth = if signature.is_empty() {
        AzureAuth::Anonymous
    } else {
        AzureAuth::Signature(query(variable, signature)?)
    };
    let account = Account {
        name: Some(text::account(variable, name).map_err(hidden)?),
        endpoint: Some(endpoint),
        container: Some(path.to_owned()).filter(|path| !path.is_empty()),
    };
    Ok((auth, account))
}

/// A connection string: `Name=value` pairs, separated by semicolons.
///
/// # Errors
/// When it lacks an account, or both a key and a signature.
pub(super) fn connection_string(
    variable: &str,
    text: &str,
) -> Result<(AzureAuth, Account), CredentialError> {
    let error = |expected: &str, got: &str| CredentialError::value(variable, expected, got);
    let member = |name: &str| {
        let mut pairs = text.split(';').filter_map(|pair| pair.split_once('='));
        let (_, value) = pairs.find(|(key, _)| key.trim().eq_ignore_ascii_case(name))?;
        Some(value.trim()).filter(|value| !value.is_empty())
    };
    if member("UseDevelopmentStorage").is_some_and(|it| it.eq_ignore_ascii_case("true")) {
        return Ok(emulator(None, None));
    }
    let blob = member("BlobEndpoint").map(|it| signed_address(variable, it)).transpose()?;
    let named =
        member("AccountName").map(|name| super::text::account(variable, name)).transpose()?;
    let of_endpoint = blob.as_ref().and_then(|(_, account)| account.name.clone());
    let name = named
        .or(of_endpoint)
        .ok_or_else(|| error("a connection string with `AccountName`", "one without"))?;
    let auth = match (member("AccountKey"), member("SharedAccessSignature")) {
        (Some(key), _) => AzureAuth::Key(self::key(variable, key.to_owned())?),
        (None, Some(signature)) => AzureAuth::Signature(query(variable, signature)?),
        (None, None) => {
            let expected = "a connection string with `AccountKey` or `SharedAccessSignature`";
            return Err(error(expected, "one without both"));
        }
    };
    let scheme = member("DefaultEndpointsProtocol").unwrap_or("https");
    if !["http", "https"].contains(&scheme) {
        return Err(error("a `DefaultEndpointsProtocol` of `http` or `https`", &quoted(scheme)));
    }
    let suffix = member("EndpointSuffix").unwrap_or(PUBLIC_SUFFIX);
    let is_public = suffix == PUBLIC_SUFFIX && scheme == "https";
    let of_suffix = Some(format!("{scheme}://{name}.blob.{suffix}")).filter(|_| !is_public);
    let endpoint = match blob.and_then(|(_, account)| account.endpoint).or(of_suffix) {
        Some(endpoint) => Some(super::text::endpoint(variable, &endpoint)?),
        None => None,
    };
    Ok((auth, Account { name: Some(name), endpoint, container: None }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_may_be_whole_a_host_or_the_end_of_one() {
        for (value, expected) in [
            ("core.example", "https://acc.core.example"),
            ("blob.core.windows.net", "https://acc.blob.core.windows.net"),
            ("acc.blob.core.example", "https://acc.blob.core.example"),
            ("https://acc.example/x", "https://acc.example/x"),
            ("http://127.0.0.1:10000/acc", "http://127.0.0.1:10000/acc"),
            ("127.0.0.1:10000/acc", "https://127.0.0.1:10000/acc"),
        ] {
            assert_eq!(endpoint("E", value, Some("acc")).unwrap(), expected);
        }
    }

    #[test]
    fn signed_addresses_are_of_an_account_or_a_container() {
        let parse = |url| signed_address("S", url).unwrap();
        let (auth, account) = parse("https://acc.blob.core.windows.net/models?sv=1&sig=SECRET");
        assert_eq!(auth, AzureAuth::Signature(Secret::new("sv=1&sig=SECRET")));
        assert_eq!(account.name.as_deref(), Some("acc"));
        assert_eq!(account.container.as_deref(), Some("models"));
        let (_, account) = parse("http://127.0.0.1:10000/devstoreaccount1/models?sig=SECRET");
        assert_eq!(account.endpoint.as_deref(), Some("http://127.0.0.1:10000/devstoreaccount1"));
        assert_eq!(account.container.as_deref(), Some("models"));
        assert_eq!(parse("https://acc.blob.core.windows.net/").0, AzureAuth::Anonymous);
        for url in [
            "https://a.b/c/d?sig=SECRET",
            "https://a.b/c?sv=SECRET",
            "x y?sig=SECRET",
            "sv=1&sig=SECRET",
            "sig=SECRET x",
        ] {
            let error = signed_address("S", url).unwrap_err().to_string();
            assert!(error.starts_with("`S`: expected") && !error.contains("SECRET"), "{error}");
        }
    }

    #[test]
    fn connection_strings_are_read() {
        let parse = |text| connection_string("C", text);
        let (auth, account) = parse(
            "DefaultEndpointsProtocol=https;AccountName=acc;AccountKey=Zm9v;\
             EndpointSuffix=core.windows.net",
        )
        .unwrap();
        assert_eq!((auth, account.endpoint), (AzureAuth::Key(Secret::new("Zm9v")), None));
        let (_, account) = parse(
            "AccountName=devstoreaccount1;AccountKey=Zm9v;\
             BlobEndpoint=http://127.0.0.1:10000/devstoreaccount1;",
        )
        .unwrap();
        assert_eq!(account.endpoint.as_deref(), Some("http://127.0.0.1:10000/devstoreaccount1"));
        let (auth, _) = parse("AccountName=acc;SharedAccessSignature=?sv=1&sig=SECRET").unwrap();
        assert_eq!(auth, AzureAuth::Signature(Secret::new("sv=1&sig=SECRET")));
        for text in ["", "AccountName=acc", "AccountKey=SECRET", "AccountName=a;AccountKey=SECRET!"]
        {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.starts_with("`C`: expected") && !error.contains("SECRET"), "{error}");
        }
    }
}
