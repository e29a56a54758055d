//! Azure Blob Storage, by rclone's keys and by Azure's own variables.

use super::super::{
    Azure, AzureApplication, AzureAuth, AzureIdentity, AzureIdentityName, AzureWorkload,
    CredentialError, Found, Provider, Secret, Settings,
};

/// `hunter2!!` in base64 would be shown by nobody either.
const KEY: &str = "hunter2hunter2==";

fn find(account: Option<&str>, variables: &[(&str, &str)]) -> Result<Found, CredentialError> {
    super::found("az", Provider::Azure, account, variables)
}

fn remote(account: Option<&str>, keys: &[(&str, &str)]) -> Result<Found, CredentialError> {
    let named: Vec<(String, &str)> =
        keys.iter().map(|(key, value)| (format!("RCLONE_CONFIG_AZ_{key}"), *value)).collect();
    let mut all: Vec<(&str, &str)> = vec![("RCLONE_CONFIG_AZ_TYPE", "azureblob")];
    all.extend(named.iter().map(|(key, value)| (key.as_str(), *value)));
    find(account, &all)
}

fn settings(found: Result<Found, CredentialError>) -> Azure {
    match found.unwrap().settings {
        Settings::Azure(settings) => settings,
        other => panic!("{other:?}"),
    }
}

const ACCOUNT: (&str, &str) = ("ACCOUNT", "acc");

fn application() -> AzureAuth {
    AzureAuth::Application(AzureApplication {
        tenant: "t".to_owned(),
        client: "c".to_owned(),
        secret: Secret::new("hunter2"),
        authority: None,
    })
}

#[test]
fn the_first_method_in_the_order_of_rclone_holds() {
    let key = ("KEY", KEY);
    let sas = ("SAS_URL", "https://acc.blob.core.windows.net/models?sv=1&sig=hunter2");
    let secret = [("TENANT", "t"), ("CLIENT_ID", "c"), ("CLIENT_SECRET", "hunter2")];
    let file = ("SERVICE_PRINCIPAL_FILE", "/sp.json");
    let msi = ("USE_MSI", "true");
    let auth = |skip: usize| {
        let mut keys = vec![("ENV_AUTH", "true"), ("USE_EMULATOR", "true"), key, sas];
        keys.extend(secret);
        keys.extend([file, msi, ACCOUNT]);
        settings(remote(None, &keys[skip..])).auth
    };
    let managed = AzureIdentity { which: AzureIdentityName::Only, endpoint: None };
    assert_eq!(auth(0), AzureAuth::ManagedIdentity(managed.clone()));
    assert_eq!(auth(2), AzureAuth::Key(Secret::new(KEY)));
    assert_eq!(auth(3), AzureAuth::Signature(Secret::new("sv=1&sig=hunter2")));
    assert_eq!(auth(4), application());
    assert_eq!(auth(7), AzureAuth::ApplicationFile("/sp.json".to_owned()));
    assert_eq!(auth(8), AzureAuth::ManagedIdentity(managed));
}

#[test]
fn a_remote_without_a_method_says_which_there_are() {
    assert_eq!(
        remote(None, &[ACCOUNT]).unwrap_err().to_string(),
        "remote `az`: no authentication method configured: expected one of \
         `RCLONE_CONFIG_AZ_KEY`, `RCLONE_CONFIG_AZ_SAS_URL`, `RCLONE_CONFIG_AZ_CLIENT_SECRET`, \
         `RCLONE_CONFIG_AZ_SERVICE_PRINCIPAL_FILE`, `RCLONE_CONFIG_AZ_USE_MSI`"
    );
    for (keys, named) in [
        (&[("KEY", KEY)][..], "_ACCOUNT`"),
        (&[ACCOUNT, ("TENANT", "t"), ("CLIENT_ID", "c")], "_CLIENT_SECRET`"),
        (&[ACCOUNT, ("CLIENT_SECRET", "hunter2")], "_TENANT`"),
        (&[ACCOUNT, ("USERNAME", "me"), ("PASSWORD", "hunter2")], "_USERNAME`"),
        (&[ACCOUNT, ("PASSWORD", "hunter2")], "_PASSWORD`"),
        (&[ACCOUNT, ("CLIENT_CERTIFICATE_PATH", "/c")], "_CLIENT_CERTIFICATE_PATH`"),
        (&[ACCOUNT, ("KEY", "hunter2!")], "_KEY`"),
        (&[ACCOUNT, ("USE_AZ", "true")], "_USE_AZ`"),
        (&[("KEY", KEY), ("ACCOUNT", "a/b")], "_ACCOUNT`"),
        (&[("USE_MSI", "1"), ("MSI_CLIENT_ID", "a"), ("MSI_OBJECT_ID", "b")], "_MSI_CLIENT_ID`"),
    ] {
        let error = remote(None, keys).unwrap_err().to_string();
        assert!(error.starts_with("`RCLONE_CONFIG_AZ_") && error.contains(named), "{error}");
    }
}

#[test]
fn emulators_containers_and_endpoints_come_out_whole() {
    let found = settings(remote(None, &[("USE_EMULATOR", "true")]));
    assert_eq!(found.account, "devstoreaccount1");
    assert_eq!(found.endpoint.as_deref(), Some("http://127.0.0.1:10000/devstoreaccount1"));
    let sas = ("SAS_URL", "https://acc.blob.core.windows.net/models?sig=hunter2");
    let found = settings(remote(None, &[sas]));
    assert_eq!((found.account.as_str(), found.container.as_deref()), ("acc", Some("models")));
    let keys = [ACCOUNT, ("KEY", KEY), ("ENDPOINT", "blob.core.chinacloudapi.cn")];
    let found = settings(remote(None, &keys));
    assert_eq!(found.endpoint.as_deref(), Some("https://acc.blob.core.chinacloudapi.cn"));
}

#[test]
fn an_address_names_the_account_or_must_agree() {
    let key = [("AZURE_STORAGE_ACCOUNT", "acc"), ("AZURE_STORAGE_KEY", KEY)];
    assert_eq!(settings(find(Some("acc"), &key)).account, "acc");
    assert_eq!(
        find(Some("other"), &key).unwrap_err().to_string(),
        "azure: the address names the storage account `other`, the key in `AZURE_STORAGE_KEY` is \
         that of `acc`"
    );
    let found = settings(find(Some("acc.dfs.core.windows.net"), &[]));
    assert_eq!((found.account.as_str(), found.endpoint), ("acc", None));
    let found = settings(find(Some("acc.blob.core.chinacloudapi.cn"), &[]));
    assert_eq!(found.endpoint.as_deref(), Some("https://acc.blob.core.chinacloudapi.cn"));
    let error = find(None, &[]).unwrap_err().to_string();
    assert!(error.contains("`AZURE_STORAGE_ACCOUNT_NAME`"), "{error}");
    // Without a key, a variable is a default only.
    let found = settings(find(Some("other"), &[("AZURE_STORAGE_ACCOUNT", "acc")]));
    assert_eq!((found.account.as_str(), found.auth), ("other", AzureAuth::Anonymous));
}

#[test]
fn the_variables_of_azure_hold_where_no_remote_is() {
    let auth = |variables: &[(&str, &str)]| settings(find(Some("acc"), variables)).auth;
    let client = [("AZURE_TENANT_ID", "t"), ("AZURE_CLIENT_ID", "c")];
    let with = |more| auth(&[client[0], client[1], more]);
    assert_eq!(auth(&[]), AzureAuth::Anonymous);
    assert_eq!(with(("AZURE_CLIENT_SECRET", "hunter2")), application());
    let old = [("AZ_TENANT_ID", "t"), ("AZ_CLIENT_ID", "c"), ("AZ_CLIENT_SECRET", "hunter2")];
    assert_eq!(auth(&old), application());
    let workload = AzureWorkload {
        tenant: "t".to_owned(),
        client: "c".to_owned(),
        token_file: "/token".to_owned(),
        authority: None,
    };
    let token = ("AZURE_FEDERATED_TOKEN_FILE", "/token");
    assert_eq!(with(token), AzureAuth::WorkloadIdentity(workload));
    let which = AzureIdentityName::Client("c".to_owned());
    let identity = AzureIdentity { which, endpoint: None };
    assert_eq!(auth(&[client[1]]), AzureAuth::ManagedIdentity(identity));
    let query = AzureAuth::Signature(Secret::new("sv=1&sig=hunter2"));
    assert_eq!(auth(&[("AZURE_STORAGE_SAS_TOKEN", "?sv=1&sig=hunter2")]), query);
    let text = "AccountName=acc;AccountKey=hunter2hunter2==";
    let key = AzureAuth::Key(Secret::new(KEY));
    assert_eq!(auth(&[("AZURE_STORAGE_CONNECTION_STRING", text)]), key);
    for variable in ["AZURE_CLIENT_CERTIFICATE_PATH", "AZURE_USERNAME"] {
        let error = find(Some("acc"), &[client[0], client[1], (variable, "x")]).unwrap_err();
        assert!(error.to_string().starts_with(&format!("`{variable}`: ")), "{error}");
    }
    let error = find(Some("acc"), &[("AZURE_CLIENT_SECRET", "hunter2")]).unwrap_err().to_string();
    assert!(error.starts_with("`AZURE_TENANT_ID`: expected"), "{error}");
}
