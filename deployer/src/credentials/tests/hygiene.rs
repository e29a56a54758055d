//! What pods read is what was meant, and nobody else reads anything.

use proptest::option;
use proptest::prelude::*;
use radiant_contract::credentials::{
    AwsKeys, Azure, AzureAuth, GcsAuth, Provider, S3, S3Auth, Settings, find,
};

use super::super::SecretObject;
use super::*;

/// Begins every value that is secret here.
const MARK: &str = "hunter2";

fn secret() -> impl Strategy<Value = String> {
    "[A-Za-z0-9/+]{0,40}".prop_map(|text| format!("{MARK}{text}"))
}

/// In base64, as keys of Azure are.
fn key() -> impl Strategy<Value = String> {
    "[A-Za-z0-9+/]{5}([A-Za-z0-9+/]{4}){0,9}".prop_map(|text| format!("{MARK}{text}"))
}

/// A source with its address, and the credentials that a pod must come to.
#[derive(Debug)]
struct Case {
    variables: Vec<(&'static str, String)>,
    uri: &'static str,
    expected: Settings,
}

fn s3() -> impl Strategy<Value = Case> {
    let uri = prop_oneof![Just("s3://models/fraud"), Just("my-store:models/fraud")];
    let token = option::of(secret());
    ("[A-Z0-9]{4,20}", secret(), token, option::of(Just("eu-west-1")), uri).prop_map(
        |(id, secret, token, region, uri)| {
            let mut variables = vec![
                ("AWS_ACCESS_KEY_ID", id.clone()),
                ("AWS_SECRET_ACCESS_KEY", secret.clone()),
                ("AWS_ENDPOINT_URL", "http://minio:9000".to_owned()),
            ];
            variables.extend(token.clone().map(|it| ("AWS_SESSION_TOKEN", it)));
            variables.extend(region.map(|it| ("AWS_REGION", it.to_owned())));
            let keys = AwsKeys { id, secret: Secret::new(secret), token: token.map(Secret::new) };
            let expected = Settings::S3(S3 {
                auth: S3Auth::Keys(keys),
                region: region.map(str::to_owned),
                endpoint: Some("http://minio:9000".to_owned()),
                ..S3::default()
            });
            Case { variables, uri, expected }
        },
    )
}

fn azure() -> impl Strategy<Value = Case> {
    let uri = prop_oneof![
        Just("abfs://models@acc.dfs.core.windows.net/fraud"),
        Just("https://acc.blob.core.windows.net/models/fraud"),
        Just("az://models/fraud"),
    ];
    (key(), any::<bool>(), uri).prop_map(|(key, is_signature, uri)| {
        let account = ("AZURE_STORAGE_ACCOUNT_NAME", "acc".to_owned());
        let is_web = uri.starts_with("https");
        let (variable, auth) = if is_signature {
            let query = format!("sv=1&sr=c&sp=rl&sig={}", key.replace('+', "-"));
            let auth = AzureAuth::Signature(Secret::new(query.clone()));
            (("AZURE_STORAGE_SAS_TOKEN", query), auth)
        } else {
            (("AZURE_STORAGE_ACCOUNT_KEY", key.clone()), AzureAuth::Key(Secret::new(key)))
        };
        // A whole signed address says where the account is, and what the signature is for.
        let is_whole = is_signature && !is_web;
        let endpoint = is_whole.then(|| "https://acc.blob.core.windows.net".to_owned());
        let container = is_whole.then(|| "models".to_owned());
        let account_name = "acc".to_owned();
        let tls = radiant_contract::credentials::Tls::default();
        let expected =
            Settings::Azure(Azure { auth, account: account_name, endpoint, container, tls });
        Case { variables: vec![account, variable], uri, expected }
    })
}

fn google() -> impl Strategy<Value = Case> {
    secret().prop_map(|private_key| {
        let json = serde_json::json!({
            "type": "service_account", "client_email": "a@b", "private_key_id": "1",
            "private_key": private_key,
        })
        .to_string();
        let auth = GcsAuth::Key(Secret::new(json.clone()));
        let gcs = radiant_contract::credentials::Gcs { auth, ..Default::default() };
        let variables = vec![("GOOGLE_APPLICATION_CREDENTIALS_JSON", json)];
        Case { variables, uri: "gs://models/fraud", expected: Settings::Gcs(gcs) }
    })
}

proptest! {
    #[test]
    fn a_pod_finds_what_was_meant_and_nobody_is_shown_it(case in prop_oneof![s3(), azure(), google()]) {
        let variables: Vec<(&str, &str)> =
            case.variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let secret = Host::with_env(&variables).of_env(case.uri);
        let is_name = |name: &str| name.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'_');
        prop_assert!(secret.data.keys().all(|name| is_name(name)));

        let pod: MapEnv =
            secret.data.iter().map(|(name, value)| (name.as_str(), value.expose())).collect();
        let place = place(case.uri);
        let found = find(&place.remote, place.provider, place.account.as_deref(), &pod).unwrap();
        prop_assert_eq!(&found.settings, &case.expected);
        prop_assert_eq!(found.notes, Vec::<String>::new());

        // Once more, from the Secret itself: nothing changes.
        let theirs = Source::Secret { name: "x".to_owned(), data: secret.data.clone() };
        let again = Host::default().convert(&theirs, case.uri).unwrap();
        prop_assert_eq!(&again.data, &secret.data);

        let object = SecretObject::new("fraud", Some("ml"), &secret.data).owned_by("fraud", "uid");
        for text in [
            format!("{secret:?}"), format!("{:?} {theirs:?}", secret.warnings), format!("{object:?}"),
            object.redacted().to_string(), serde_json::to_string(&object.expose().metadata).unwrap(),
        ] {
            prop_assert!(!text.contains(MARK), "{}", text);
        }
    }

    #[test]
    fn no_refusal_shows_a_value(
        names in proptest::collection::vec(prop_oneof![
            Just("AWS_ACCESS_KEY_ID"), Just("AWS_SECRET_ACCESS_KEY"), Just("AWS_SESSION_TOKEN"),
            Just("GOOGLE_APPLICATION_CREDENTIALS_JSON"), Just("AZURE_STORAGE_CONNECTION_STRING"),
            Just("AZURE_STORAGE_KEY"), Just("AZURE_STORAGE_SAS_TOKEN"), Just("AZURE_CLIENT_SECRET"),
            Just("RCLONE_CONFIG_S3_SECRET_ACCESS_KEY"), Just("RCLONE_CONFIG_AZ_SAS_URL"),
            Just("RCLONE_CONFIG_AZ_KEY"), Just("RCLONE_CONFIG_GS_TOKEN"),
            Just("RCLONE_CONFIG_GS_SERVICE_ACCOUNT_CREDENTIALS"),
        ], 1..4),
        kinds in proptest::collection::vec(prop_oneof![
            Just(("RCLONE_CONFIG_S3_TYPE", "s3")), Just(("RCLONE_CONFIG_AZ_TYPE", "azureblob")),
            Just(("RCLONE_CONFIG_GS_TYPE", "gcs")),
        ], 0..3),
        value in "[ -~]{0,12}",
        uri in prop_oneof![Just("s3://m/x"), Just("gs://m/x"), Just("az://m/x"), Just("other:m/x")],
    ) {
        let value = format!("{value}{MARK} {value}");
        let mut variables: Vec<(&str, &str)> = names.iter().map(|name| (*name, value.as_str())).collect();
        variables.extend(kinds);
        let text = variables.iter().map(|(name, value)| format!("{name}={value}\n"));
        let text: String = text.collect();
        for (host, source) in [
            (Host::with_env(&variables), Source::Environment),
            (Host::with_file(&text), file()),
            (Host::default(), existing(&variables)),
        ] {
            if let Err(error) = host.convert(&source, uri) {
                let shown = format!("{error:?} {}", Failure::from(error.clone()).text());
                prop_assert!(!shown.contains(MARK), "{}", shown);
            }
        }
    }

    #[test]
    fn no_file_makes_it_panic(text in "\\PC{0,200}|[\\[\\]=\\n a-z?&;{}\":]{0,80}|(sig=|\\?|https://|AccountName=|kind: Secret\n){0,4}") {
        drop(Host::with_file(&text).convert(&file(), "s3://m/x"));
        drop(Host::with_file(&text).convert(&file(), "az://m/x"));
    }
}

#[test]
fn a_name_is_that_of_the_content() {
    let data = |value: &str| -> BTreeMap<String, Secret> {
        [("A".to_owned(), Secret::new(value)), ("B".to_owned(), Secret::new("x"))].into()
    };
    let object = SecretObject::new("fraud", None, &data("1"));
    assert_eq!(object.name(), SecretObject::new("fraud", Some("ml"), &data("1")).name());
    assert_ne!(object.name(), SecretObject::new("fraud", None, &data("2")).name());
    let (start, hash) = object.name().split_at("radiant-fraud-storage-".len());
    assert_eq!((start, hash.len()), ("radiant-fraud-storage-", 8));
    assert_eq!(object.expose().immutable, Some(true));
    let owned = object.clone().owned_by("fraud", "u-1");
    let owners = owned.expose().metadata.owner_references.as_ref().unwrap();
    assert_eq!((owners[0].kind.as_str(), owners[0].uid.as_str()), ("SeldonDeployment", "u-1"));
    assert_eq!(owned.name(), object.name());
    assert_eq!(super::super::data_of(owned.expose()).unwrap(), data("1"));
}

#[test]
fn providers_have_a_name_each() {
    let names = [Provider::S3, Provider::Gcs, Provider::Azure].map(super::super::place::called);
    assert_eq!(names, ["S3", "Google Cloud Storage", "Azure Blob Storage"]);
}
