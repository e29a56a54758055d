//! What is written for rclone is found again.

use proptest::option;
use proptest::prelude::*;

use super::super::{
    AwsKeys, Azure, AzureApplication, AzureAuth, AzureIdentity, AzureIdentityName, AzureWorkload,
    Found, Gcs, GcsAuth, GoogleRefresh, GoogleToken, Provider, S3, S3Auth, Secret, Settings, Tls,
    find, write,
};
use crate::env::MapEnv;

fn word() -> impl Strategy<Value = String> {
    "[A-Za-z0-9/+=_.~-]{1,24}"
}

/// Anything that is no whitespace at its ends, and not empty.
fn any_text() -> impl Strategy<Value = String> {
    "[!-~]([ -~äß]{0,30}[!-~])?"
}

fn secret() -> impl Strategy<Value = Secret> {
    any_text().prop_map(Secret::new)
}

fn header() -> impl Strategy<Value = Secret> {
    "[!-~]{1,40}".prop_map(Secret::new)
}

fn endpoint() -> impl Strategy<Value = String> {
    "https?://[a-z][a-z0-9.-]{0,12}[a-z](:[1-9][0-9]{1,3})?(/[a-z]{1,5})?"
}

fn tls() -> impl Strategy<Value = Tls> {
    (option::of(any_text()), any::<bool>()).prop_map(|(ca_file, verify)| Tls { ca_file, verify })
}

fn s3() -> impl Strategy<Value = Settings> {
    let keys = ("[!-~]{1,20}", secret(), option::of(header()))
        .prop_map(|(id, secret, token)| S3Auth::Keys(AwsKeys { id, secret, token }));
    let auth = prop_oneof![Just(S3Auth::Anonymous), keys];
    let customer_key = option::of("[A-Za-z0-9+/]{43}=").prop_map(|key| key.map(Secret::new));
    let region = option::of("[a-z]{2}-[a-z]{4,9}-[1-9]");
    (auth, region, option::of(endpoint()), any::<[bool; 4]>(), customer_key, tls()).prop_map(
        |(auth, region, endpoint, flags, customer_key, tls)| {
            let [path_style, accelerate, dual_stack, requester_pays] = flags;
            Settings::S3(S3 {
                auth,
                region,
                endpoint,
                path_style,
                accelerate,
                dual_stack,
                requester_pays,
                customer_key,
                tls,
            })
        },
    )
}

fn google_key() -> impl Strategy<Value = GcsAuth> {
    any_text().prop_map(|private_key| {
        let mut json = serde_json::Map::new();
        for member in ["client_email", "private_key_id"] {
            json.insert(member.to_owned(), "x".into());
        }
        json.insert("private_key".to_owned(), private_key.into());
        GcsAuth::Key(Secret::new(serde_json::Value::Object(json).to_string()))
    })
}

fn google_token() -> impl Strategy<Value = GcsAuth> {
    let refresh = (secret(), any_text(), secret(), option::of(endpoint())).prop_map(
        |(token, client_id, client_secret, token_url)| GoogleRefresh {
            token,
            client_id,
            client_secret,
            token_url,
        },
    );
    (option::of(header()), option::of(refresh))
        .prop_filter("one of both", |(access, refresh)| access.is_some() || refresh.is_some())
        .prop_map(|(access, refresh)| GcsAuth::Token(GoogleToken { access, refresh }))
}

fn gcs() -> impl Strategy<Value = Settings> {
    let file = any_text().prop_map(GcsAuth::File);
    let auth = prop_oneof![Just(GcsAuth::Anonymous), google_key(), file, google_token()];
    (auth, option::of(endpoint()), option::of("[a-z0-9-]{1,9}"), tls()).prop_map(
        |(auth, endpoint, user_project, tls)| {
            Settings::Gcs(Gcs { auth, endpoint, user_project, tls })
        },
    )
}

fn azure_auth() -> impl Strategy<Value = AzureAuth> {
    let key = "([A-Za-z0-9+/]{4}){1,9}".prop_map(|key| AzureAuth::Key(Secret::new(key)));
    let application = (any_text(), any_text(), secret()).prop_map(|(tenant, client, secret)| {
        AzureAuth::Application(AzureApplication { tenant, client, secret, authority: None })
    });
    let workload = (any_text(), any_text(), any_text(), option::of(endpoint())).prop_map(
        |(tenant, client, token_file, authority)| {
            AzureAuth::WorkloadIdentity(AzureWorkload { tenant, client, token_file, authority })
        },
    );
    let name = prop_oneof![
        Just(AzureIdentityName::Only),
        any_text().prop_map(AzureIdentityName::Client),
        any_text().prop_map(AzureIdentityName::Object),
        any_text().prop_map(AzureIdentityName::Resource),
    ];
    let identity =
        name.prop_map(|which| AzureAuth::ManagedIdentity(AzureIdentity { which, endpoint: None }));
    let file = any_text().prop_map(AzureAuth::ApplicationFile);
    prop_oneof![key, application, workload, identity, file]
}

fn azure() -> impl Strategy<Value = Settings> {
    let cloud = option::of("blob\\.[a-z]{1,6}\\.[a-z]{2,3}|[a-z0-9]{1,4}\\.[a-z0-9]{1,4}");
    (azure_auth(), "[a-z0-9]{3,12}", option::of(endpoint()), cloud, tls()).prop_map(
        |(auth, account, endpoint, cloud, tls)| {
            let endpoint = cloud.map(|cloud| format!("https://{account}.{cloud}")).or(endpoint);
            Settings::Azure(Azure { auth, account, endpoint, container: None, tls })
        },
    )
}

/// A signed address says the account's endpoint and its container too.
fn signed() -> impl Strategy<Value = Settings> {
    let query = option::of(word());
    (query, "[a-z]{3,12}", option::of("[a-z]{3,9}"), tls()).prop_map(
        |(query, account, container, tls)| {
            let sign = |query: String| AzureAuth::Signature(Secret::new(format!("sig={query}")));
            let auth = query.map_or(AzureAuth::Anonymous, sign);
            let endpoint = Some(format!("https://{account}.blob.core.windows.net"));
            Settings::Azure(Azure { auth, account, endpoint, container, tls })
        },
    )
}

fn any_settings() -> impl Strategy<Value = Settings> {
    prop_oneof![s3(), gcs(), azure(), signed()]
}

proptest! {
    #[test]
    fn what_is_written_is_found_again(
        settings in any_settings(),
        remote in "[a-z][a-z0-9_-]{0,8}",
    ) {
        let env: MapEnv = write(&settings, &remote).unwrap().into_iter().collect();
        let Found { settings: found, notes, .. } = find(&remote, None, None, &env).unwrap();
        prop_assert_eq!(found, settings);
        prop_assert_eq!(notes, Vec::<String>::new());
    }

    #[test]
    fn what_is_found_by_other_variables_stays_itself_once_written(
        variables in proptest::collection::btree_map(
            prop_oneof![
                Just("AWS_ROLE_ARN"), Just("AWS_WEB_IDENTITY_TOKEN_FILE"), Just("AWS_PROFILE"),
                Just("AWS_EC2_METADATA_DISABLED"), Just("AWS_CONFIG_FILE"), Just("HOME"),
                Just("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"), Just("CLOUDSDK_CONFIG"),
                Just("NO_GCE_CHECK"), Just("GCE_METADATA_HOST"), Just("AZURE_CLIENT_ID"),
                Just("AZURE_TENANT_ID"), Just("AZURE_FEDERATED_TOKEN_FILE"),
            ],
            prop_oneof![Just("true"), Just("/a/b"), Just("c")],
            0..8,
        ),
        provider in prop_oneof![Just(Provider::S3), Just(Provider::Gcs), Just(Provider::Azure)],
    ) {
        let env: MapEnv = variables.into_iter().collect();
        let Ok(first) = find("x", Some(provider), Some("acc"), &env) else { return Ok(()) };
        let again = |settings: &Settings| {
            let env: MapEnv = write(settings, "x").unwrap().into_iter().collect();
            find("x", None, Some("acc"), &env).unwrap().settings
        };
        let second = again(&first.settings);
        prop_assert_eq!(again(&second), second);
    }
}

#[test]
fn a_name_that_no_variable_can_hold_is_refused() {
    let settings = Settings::S3(S3::default());
    for name in ["", "a b", "a.b", "ä"] {
        assert!(write(&settings, name).is_err(), "{name}");
    }
    assert_eq!(
        write(&settings, "my-s3").unwrap(),
        [
            ("RCLONE_CONFIG_MY_S3_TYPE".to_owned(), "s3".to_owned()),
            ("RCLONE_CONFIG_MY_S3_PROVIDER".to_owned(), "AWS".to_owned()),
        ]
    );
}

#[test]
fn an_account_of_another_cloud_is_written_as_rclone_wants_it() {
    let write_endpoint = |endpoint: &str| {
        let settings = Settings::Azure(Azure {
            auth: AzureAuth::Key(Secret::new("Zm9v")),
            account: "acc".to_owned(),
            endpoint: Some(endpoint.to_owned()),
            container: None,
            tls: Tls::default(),
        });
        let variables = write(&settings, "az").unwrap();
        variables.into_iter().find(|(name, _)| name.ends_with("_ENDPOINT")).unwrap().1
    };
    assert_eq!(
        write_endpoint("https://acc.blob.core.chinacloudapi.cn"),
        "blob.core.chinacloudapi.cn"
    );
    for other in ["http://127.0.0.1:10000/acc", "https://acc.example:8443/x", "https://acc.local"] {
        assert_eq!(write_endpoint(other), other);
    }
}
