//! Files of logins, and what is found in them.

use radiant_contract::MapEnv;
use radiant_contract::credentials::Secret;

use super::*;

/// `user:SECRET`.
const AUTH: &str = "dXNlcjpTRUNSRVQ=";

fn basic() -> Credential {
    Credential::Basic("user".to_owned(), "SECRET".to_owned())
}

fn in_file(address: &str, text: &str) -> Result<Login, OciError> {
    let file = Named { path: Path::new("/auth.json"), runs_helpers: false, verb: "pull" };
    login(&Reference::parse(address).unwrap(), &file, text.as_bytes())
}

fn credential_in(address: &str, text: &str) -> Option<Credential> {
    in_file(address, text).unwrap().credential
}

#[test]
fn every_form_of_an_entry_is_read() {
    for (entry, expected) in [
        (format!(r#"{{"auth": "{AUTH}"}}"#), Some(basic())),
        (format!(r#"{{"auth": "{}"}}"#, AUTH.trim_end_matches('=')), Some(basic())),
        (r#"{"username": "user", "password": "SECRET"}"#.to_owned(), Some(basic())),
        (
            format!(r#"{{"auth": "{AUTH}", "identitytoken": "T"}}"#),
            Some(Credential::Identity("T".to_owned())),
        ),
        (
            r#"{"username": "<token>", "password": "T"}"#.to_owned(),
            Some(Credential::Identity("T".to_owned())),
        ),
        (r#"{"registrytoken": "T"}"#.to_owned(), Some(Credential::Bearer("T".to_owned()))),
        ("{}".to_owned(), None),
        ("null".to_owned(), None),
        (r#"{"auth": "", "email": "a@b"}"#.to_owned(), None),
    ] {
        let text = format!(r#"{{"auths": {{"host.io": {entry}}}}}"#);
        assert_eq!(credential_in("oci://host.io/iris", &text), expected, "{entry}");
    }
}

#[test]
fn the_strongest_key_decides_whatever_is_around_the_registry() {
    for (key, address, is_found) in [
        ("host.io", "oci://host.io/team/iris", true),
        ("https://host.io/v2/", "oci://host.io/iris", true),
        ("host.io/team", "oci://host.io/team/iris", true),
        ("host.io/team/iris", "oci://host.io/team/iris:2", true),
        ("host.io/tea", "oci://host.io/team/iris", false),
        ("host.io:5000", "oci://host.io/iris", false),
        ("https://index.docker.io/v1/", "oci://team/iris", true),
        ("docker.io", "oci://docker.io/team/iris", true),
    ] {
        let text = format!(r#"{{"auths": {{"{key}": {{"auth": "{AUTH}"}}}}}}"#);
        assert_eq!(credential_in(address, &text).is_some(), is_found, "{key}");
    }
    let both = format!(
        r#"{{"auths": {{"host.io": {{"registrytoken": "T"}}, "host.io/team": {{"auth": "{AUTH}"}}}}}}"#
    );
    assert_eq!(credential_in("oci://host.io/team/iris", &both), Some(basic()));
}

#[test]
fn helpers_are_refused_by_name_only_where_they_are_needed() {
    let address = "oci://host.io/iris";
    for (text, key) in [
        (r#"{"credHelpers": {"host.io": "ecr-login"}}"#, "credHelpers"),
        (r#"{"auths": {"host.io": {}}, "credsStore": "desktop"}"#, "credsStore"),
    ] {
        let message = in_file(address, text).unwrap_err().to_string();
        for word in [key, "host.io", "/auth.json", "REGISTRY_AUTH_FILE"] {
            assert!(message.contains(word), "{message}");
        }
    }
    for text in [
        r#"{"credHelpers": {"other.io": "ecr-login"}}"#.to_owned(),
        r#"{"credsStore": "desktop"}"#.to_owned(),
        r#"{"auths": {"other.io": {}}, "credsStore": "desktop"}"#.to_owned(),
    ] {
        assert_eq!(credential_in(address, &text), None, "{text}");
    }
    let text = format!(r#"{{"auths": {{"host.io": {{"auth": "{AUTH}"}}}}, "credsStore": "x"}}"#);
    assert_eq!(credential_in(address, &text), Some(basic()));
}

#[test]
fn nothing_secret_is_in_errors_or_debug() {
    for text in [
        "SECRET",
        r#"{"auths": "SECRET"}"#,
        r#"{"auths": {"host.io": {"auth": ["SECRET"]}}}"#,
        r#"{"auths": {"host.io": {"auth": "SECRET"}}}"#,
        r#"{"auths": {"host.io": {"password": "SECRET"}}}"#,
    ] {
        let error = in_file("oci://host.io/iris", text).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("SECRET"), "{error:?}");
        assert!(error.to_string().contains("/auth.json"), "{error}");
    }
    let text = format!(r#"{{"auths": {{"host.io": {{"auth": "{AUTH}"}}}}}}"#);
    let login = in_file("oci://host.io/iris", &text).unwrap();
    assert!(!format!("{login:?}").contains("SECRET"), "{login:?}");
}

#[test]
fn files_are_looked_for_where_the_tools_write_them() {
    let root = tempfile::tempdir().unwrap();
    let text = format!(r#"{{"auths": {{"host.io": {{"auth": "{AUTH}"}}}}}}"#);
    let put = |path: &str| {
        let path = root.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &text).unwrap();
    };
    for path in [
        "named",
        "docker/config.json",
        "mounted/.dockerconfigjson",
        "run/containers/auth.json",
        "podman/.config/containers/auth.json",
        "home/.docker/config.json",
    ] {
        put(path);
    }
    let reference = Reference::parse("oci://host.io/iris").unwrap();
    let found = |variables: &[(&str, &str)]| {
        let variables = variables.iter().map(|(name, path)| (*name, root.path().join(path)));
        let env: MapEnv =
            variables.map(|(name, path)| (name, path.display().to_string())).collect();
        find(&reference, &Places::of(&env), &Logins::Files, &Purpose::Pull)
    };
    for variables in [
        &[("REGISTRY_AUTH_FILE", "named"), ("DOCKER_CONFIG", "none")][..],
        &[("DOCKER_CONFIG", "docker")],
        &[("DOCKER_CONFIG", "mounted")],
        &[("XDG_RUNTIME_DIR", "run"), ("HOME", "none")],
        &[("HOME", "podman")],
        &[("HOME", "home")],
    ] {
        assert_eq!(found(variables).unwrap().credential, Some(basic()), "{variables:?}");
    }
    for variables in [&[][..], &[("HOME", "none")], &[("DOCKER_CONFIG", "none"), ("HOME", "home")]]
    {
        let login = found(variables).unwrap();
        assert_eq!(login.credential, None, "{variables:?}");
        assert!(login.story.contains("REGISTRY_AUTH_FILE"), "{login:?}");
    }
    let error = found(&[("REGISTRY_AUTH_FILE", "none"), ("HOME", "home")]).unwrap_err();
    assert!(error.to_string().contains("none"), "{error}");
}

#[test]
fn a_helper_that_may_be_run_and_cannot_be_is_named() {
    let allowed = Named { path: Path::new("/auth.json"), runs_helpers: true, verb: "push" };
    let reference = Reference::parse("oci://host.io/iris").unwrap();
    for text in [
        r#"{"credHelpers": {"host.io": "../sh"}}"#,
        r#"{"credsStore": "radiant-has-no-such"}"#,
        r#"{"auths": {"host.io": {}}, "credsStore": "radiant-has-no-such"}"#,
    ] {
        let error = login(&reference, &allowed, text.as_bytes()).unwrap_err().to_string();
        for word in ["/auth.json", "host.io", "docker-credential-"] {
            assert!(error.contains(word), "`{word}` in {error}");
        }
    }
    let text = format!(r#"{{"auths": {{"host.io": {{"auth": "{AUTH}"}}}}, "credsStore": "x"}}"#);
    let found = login(&reference, &allowed, text.as_bytes()).unwrap();
    assert_eq!(found.credential, Some(basic()));
    assert!(found.story.contains("that it may push"), "{found:?}");
}

#[test]
fn a_login_that_is_given_comes_before_the_files() {
    let reference = Reference::parse("oci://host.io/iris").unwrap();
    let places = Places { paths: vec!["/nothing".into()], is_named: true };
    let given = Logins::Given { user: "user".to_owned(), password: Secret::new("SECRET") };
    let found = find(&reference, &places, &given, &Purpose::Pull).unwrap();
    assert_eq!(found.credential, Some(basic()));
    assert!(found.story.contains("user `user`"), "{found:?}");
    assert!(!format!("{found:?} {given:?}").contains("SECRET"));
}
