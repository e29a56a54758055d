//! Google Cloud Storage, by rclone's keys and by Google's own variables.

use super::super::{
    CredentialError, Found, Gcs, GcsAuth, GoogleChain, GoogleRefresh, GoogleToken, Provider,
    Secret, Settings,
};

const KEY: &str = r#"{"type":"service_account","client_email":"a@b","private_key":"hunter2",
                     "private_key_id":"1"}"#;

fn find(variables: &[(&str, &str)]) -> Result<Found, CredentialError> {
    super::found("gs", Provider::Gcs, None, variables)
}

fn settings(found: Result<Found, CredentialError>) -> Gcs {
    match found.unwrap().settings {
        Settings::Gcs(settings) => settings,
        other => panic!("{other:?}"),
    }
}

fn auth(variables: &[(&str, &str)]) -> GcsAuth {
    settings(find(variables)).auth
}

fn key() -> GcsAuth {
    GcsAuth::Key(Secret::new(KEY))
}

const BAKED: [(&str, &str); 2] =
    [("RCLONE_CONFIG_GS_TYPE", "google cloud storage"), ("RCLONE_CONFIG_GS_ANONYMOUS", "true")];
const BLOB: (&str, &str) = ("RCLONE_CONFIG_GS_SERVICE_ACCOUNT_CREDENTIALS", KEY);

#[test]
fn credentials_win_against_the_anonymous_that_the_image_sets() {
    assert_eq!(auth(&BAKED), GcsAuth::Anonymous);
    let [kind, anonymous] = BAKED;
    let found = find(&[kind, anonymous, BLOB]).unwrap();
    assert_eq!(settings(Ok(found.clone())).auth, key());
    assert!(found.notes[0].contains("`RCLONE_CONFIG_GS_ANONYMOUS`"), "{:?}", found.notes);
    // A Secret may rely on the type that the image sets.
    assert_eq!(auth(&[BLOB]), key());
    assert_eq!(auth(&[BLOB, ("RCLONE_CONFIG_GS_ANONYMOUS", "false")]), key());
}

#[test]
fn an_anonymous_that_somebody_wrote_wins_against_credentials() {
    let [kind, _] = BAKED;
    for value in ["1", "True", "TRUE", "t"] {
        let found = find(&[kind, BLOB, ("RCLONE_CONFIG_GS_ANONYMOUS", value)]).unwrap();
        assert_eq!(settings(Ok(found.clone())).auth, GcsAuth::Anonymous, "{value}");
        assert!(found.notes[0].contains("_SERVICE_ACCOUNT_CREDENTIALS`"), "{:?}", found.notes);
    }
    let variables = [
        ("RCLONE_CONFIG_GCS_TYPE", "gcs"),
        ("RCLONE_CONFIG_GCS_SERVICE_ACCOUNT_CREDENTIALS", KEY),
        ("RCLONE_CONFIG_GCS_ANONYMOUS", "true"),
    ];
    let found = super::found("gcs", Provider::Gcs, None, &variables);
    assert_eq!(settings(found).auth, GcsAuth::Anonymous);
}

#[test]
fn the_first_credentials_in_the_order_of_rclone_hold() {
    let file = ("RCLONE_CONFIG_GS_SERVICE_ACCOUNT_FILE", "/key.json");
    let env_auth = ("RCLONE_CONFIG_GS_ENV_AUTH", "true");
    let token = ("RCLONE_CONFIG_GS_TOKEN", r#"{"access_token":"hunter2"}"#);
    let application = ("GOOGLE_APPLICATION_CREDENTIALS", "/default.json");
    assert_eq!(auth(&[token, application, env_auth, file, BLOB]), key());
    assert_eq!(auth(&[token, application, env_auth, file]), GcsAuth::File("/key.json".into()));
    assert_eq!(auth(&[token, application, env_auth]), GcsAuth::File("/default.json".into()));
    let access = Some(Secret::new("hunter2"));
    assert_eq!(auth(&[token, application]), GcsAuth::Token(GoogleToken { access, refresh: None }));
    assert_eq!(auth(&[application]), GcsAuth::File("/default.json".into()));
    let chain = |or_anonymous| {
        GcsAuth::Chain(GoogleChain {
            file: Some("/home/me/.config/gcloud/application_default_credentials.json".to_owned()),
            metadata_host: Some("metadata.google.internal".to_owned()),
            or_anonymous,
        })
    };
    let home = ("HOME", "/home/me");
    assert_eq!(auth(&[home]), chain(true));
    assert_eq!(auth(&[home, env_auth]), chain(false));
    assert_eq!(auth(&[home, ("RCLONE_CONFIG_GS_ANONYMOUS", "false")]), chain(false));
    assert_eq!(auth(&[home, ("RCLONE_CONFIG_GS_PROJECT_NUMBER", "1")]), chain(true));
}

#[test]
fn a_token_is_renewed_by_the_application_that_it_was_given_to() {
    let token = (
        "RCLONE_CONFIG_GS_TOKEN",
        r#"{"access_token":"hunter2","token_type":"Bearer","refresh_token":"hunter2r",
            "expiry":"2024-01-01T00:00:00Z"}"#,
    );
    let id = ("RCLONE_CONFIG_GS_CLIENT_ID", "id");
    let secret = ("RCLONE_CONFIG_GS_CLIENT_SECRET", "hunter2s");
    let refresh = GoogleRefresh {
        token: Secret::new("hunter2r"),
        client_id: "id".to_owned(),
        client_secret: Secret::new("hunter2s"),
        token_url: None,
    };
    let access = Some(Secret::new("hunter2"));
    let expected = GoogleToken { access: access.clone(), refresh: Some(refresh) };
    assert_eq!(auth(&[token, id, secret]), GcsAuth::Token(expected));
    // rclone would renew it as rclone.
    assert_eq!(auth(&[token]), GcsAuth::Token(GoogleToken { access, refresh: None }));
    let error = find(&[token, id]).unwrap_err().to_string();
    assert!(error.starts_with("`RCLONE_CONFIG_GS_CLIENT_SECRET`: expected"), "{error}");
}

#[test]
fn what_is_no_key_is_refused_and_not_shown() {
    for json in ["hunter2", "{\"private_key\":\"hunter2\"}", "[]", r#"{"type":"authorized_user"}"#]
    {
        let error = find(&[("RCLONE_CONFIG_GS_SERVICE_ACCOUNT_CREDENTIALS", json)]).unwrap_err();
        let error = error.to_string();
        assert!(error.starts_with("`RCLONE_CONFIG_GS_SERVICE_ACCOUNT_CREDENTIALS`:"), "{error}");
    }
    for json in ["hunter2", "{}", r#"{"access_token":""}"#, r#"{"access_token":"hunter2\n"}"#] {
        let error = find(&[("RCLONE_CONFIG_GS_TOKEN", json)]).unwrap_err().to_string();
        assert!(error.starts_with("`RCLONE_CONFIG_GS_TOKEN`: expected"), "{error}");
    }
}

#[test]
fn emulators_and_projects_that_pay_are_known() {
    let found = settings(find(&[("STORAGE_EMULATOR_HOST", "localhost:4443")]));
    assert_eq!(found.endpoint.as_deref(), Some("http://localhost:4443"));
    assert_eq!(found.auth, GcsAuth::Anonymous);
    let found = settings(find(&[BLOB, ("RCLONE_CONFIG_GS_USER_PROJECT", "mine")]));
    assert_eq!(found.user_project.as_deref(), Some("mine"));
    assert_eq!(auth(&[("GOOGLE_APPLICATION_CREDENTIALS_JSON", KEY)]), key());
}
