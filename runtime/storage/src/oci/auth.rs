//! Logins for registries, from the files that container tools write.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use radiant_contract::EnvSource;
use serde::Deserialize;

use super::access::{Logins, Purpose};
use super::error::OciError;
use super::helper;
use super::reference::Reference;

/// The longest file that is read.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// What Docker writes for a user when the password is an identity token.
pub(super) const TOKEN_USER: &str = "<token>";

/// How to prove who asks.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Credential {
    /// A user and a password.
    Basic(String, String),
    /// A token that buys tokens for single repositories.
    Identity(String),
    /// A token that the registry itself takes.
    Bearer(String),
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Basic(..) => "Basic(***)",
            Self::Identity(_) => "Identity(***)",
            Self::Bearer(_) => "Bearer(***)",
        })
    }
}

/// What the files say of a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Login {
    /// None: ask without.
    pub credential: Option<Credential>,
    /// For errors: which file the login is from, or where none was found, and what to do.
    pub story: String,
}

/// Finds the login for a repository: the one that is given, or what the files say.
///
/// `REGISTRY_AUTH_FILE` names the file, else it is `config.json` (or `.dockerconfigjson`, as
/// Kubernetes mounts it) in the folder `DOCKER_CONFIG`; without both, the files of Podman and Docker
/// for this user. The first that is there decides. In it, an entry for `registry/some/path` is
/// stronger than one for `registry`.
///
/// Blocks on the file system, and on the programs that keep logins.
///
/// # Errors
/// [`OciError::AuthFile`], [`OciError::Helper`], [`OciError::HelperFailed`].
pub(super) fn find(
    reference: &Reference,
    places: &Places,
    logins: &Logins,
    purpose: &Purpose,
) -> Result<Login, OciError> {
    let verb = purpose.verb();
    let runs_helpers = match logins {
        Logins::Files => false,
        Logins::FilesAndHelpers => true,
        Logins::Given { user, password } => {
            let credential = Credential::Basic(user.clone(), password.expose().to_owned());
            let user = user.escape_debug();
            let story =
                format!("the login of user `{user}` was given: check it, and that it may {verb}");
            return Ok(Login { credential: Some(credential), story });
        }
    };
    let Places { paths, is_named } = places;
    for path in paths {
        match read(path) {
            Ok(text) => {
                let file = Named { path, runs_helpers, verb };
                return login(reference, &file, &text);
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound && !*is_named => {}
            Err(error) => {
                let reason = crate::error::reason(&error);
                return Err(OciError::AuthFile { path: path.clone(), reason });
            }
        }
    }
    let looked: Vec<String> = paths.iter().map(|path| format!("`{}`", path.display())).collect();
    let looked = if looked.is_empty() { "anywhere".to_owned() } else { looked.join(", ") };
    let story = format!("no auth file was found ({looked}): name one by `REGISTRY_AUTH_FILE`");
    Ok(Login { credential: None, story })
}

/// Where files of logins may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Places {
    /// In this order.
    paths: Vec<PathBuf>,
    /// Whether the user named the file, which must be there then.
    is_named: bool,
}

impl Places {
    /// Says where the environment wants them looked for.
    pub(super) fn of(env: &dyn EnvSource) -> Self {
        if let Some(path) = env.get("REGISTRY_AUTH_FILE") {
            return Self { paths: vec![path.into()], is_named: true };
        }
        let below = |name: &str, path: &str| env.get(name).map(|root| Path::new(&root).join(path));
        let paths = if env.get("DOCKER_CONFIG").is_some() {
            [
                below("DOCKER_CONFIG", "config.json"),
                below("DOCKER_CONFIG", ".dockerconfigjson"),
                None,
            ]
        } else {
            [
                below("XDG_RUNTIME_DIR", "containers/auth.json"),
                below("HOME", ".config/containers/auth.json"),
                below("HOME", ".docker/config.json"),
            ]
        };
        Self { paths: paths.into_iter().flatten().collect(), is_named: false }
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    File::open(path)?.take(FILE_BYTES_MAX + 1).read_to_end(&mut text)?;
    if text.len() as u64 > FILE_BYTES_MAX {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(text)
}

#[derive(Deserialize)]
struct AuthFile {
    auths: Option<BTreeMap<String, Option<Entry>>>,
    #[serde(rename = "credHelpers")]
    helpers: Option<BTreeMap<String, String>>,
    #[serde(rename = "credsStore")]
    store: Option<String>,
}

#[derive(Deserialize, Default)]
struct Entry {
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
    identitytoken: Option<String>,
    registrytoken: Option<String>,
}

/// A file of logins, and what is done with it.
struct Named<'a> {
    path: &'a Path,
    runs_helpers: bool,
    /// For errors: `pull` or `push`.
    verb: &'static str,
}

fn login(reference: &Reference, file: &Named<'_>, text: &[u8]) -> Result<Login, OciError> {
    let path = file.path;
    let AuthFile { auths, helpers, store } = parse(path, text)?;
    let keys = keys(reference);
    let helpers = helpers.unwrap_or_default();
    if let Some((server, program)) = helpers.iter().find(|(name, _)| keys.contains(&plain(name))) {
        return file.ask("credHelpers", program, server, reference);
    }
    let auths = auths.unwrap_or_default();
    let entries: BTreeMap<String, (&String, &Option<Entry>)> =
        auths.iter().map(|(name, entry)| (plain(name), (name, entry))).collect();
    let found = keys.iter().find_map(|key| Some((key, entries.get(key)?)));
    let credential = match found {
        Some((key, (_, Some(entry)))) => credential(entry).map_err(|expected| {
            let reason = format!("entry `{key}`: expected {expected}");
            OciError::AuthFile { path: path.to_owned(), reason }
        })?,
        _ => None,
    };
    match (found, &credential, &store) {
        // An empty entry is what `docker login` leaves behind when a store has the login.
        (Some((_, (server, _))), None, Some(program)) => {
            file.ask("credsStore", program, server, reference)
        }
        // It may have one that nothing was left behind of.
        (None, None, Some(program)) if file.runs_helpers => {
            file.ask("credsStore", program, reference.login_name(), reference)
        }
        _ => {
            let story = file.story(reference.registry(), credential.is_some(), store.as_deref());
            Ok(Login { credential, story })
        }
    }
}

fn parse(path: &Path, text: &[u8]) -> Result<AuthFile, OciError> {
    serde_json::from_slice(text).map_err(|error| {
        // Its own message may hold a value.
        let (line, column) = (error.line(), error.column());
        let reason =
            format!("expected an auth file in JSON, got something else at {line}:{column}");
        OciError::AuthFile { path: path.to_owned(), reason }
    })
}

impl Named<'_> {
    /// Asks the program that keeps a login, if that is allowed.
    fn ask(
        &self,
        key: &'static str,
        program: &str,
        server: &str,
        reference: &Reference,
    ) -> Result<Login, OciError> {
        let (path, registry) = (self.path.to_owned(), reference.registry().to_owned());
        let shown = program.escape_debug().to_string();
        if !self.runs_helpers {
            return Err(OciError::Helper { path, registry, key, helper: shown });
        }
        let credential = helper::ask(program, server, helper::PATIENCE);
        let credential = credential.map_err(|reason| {
            let (path, registry) = (path.clone(), registry.clone());
            OciError::HelperFailed { path, registry, helper: shown.clone(), reason }
        })?;
        let (path, verb) = (self.path.display(), self.verb);
        let story = match &credential {
            Some(_) => format!(
                "the login is from `docker-credential-{shown}`, which `{path}` names: check it, and \
                 that it may {verb}"
            ),
            None => format!(
                "`docker-credential-{shown}`, which `{path}` names, has no login for `{registry}`: \
                 log in with `docker login {registry}`"
            ),
        };
        Ok(Login { credential, story })
    }

    fn story(&self, registry: &str, is_found: bool, store: Option<&str>) -> String {
        let (path, verb) = (self.path.display(), self.verb);
        if is_found {
            return format!("the login is from `{path}`: check it, and that it may {verb}");
        }
        let store = store.map_or_else(String::new, |program| {
            format!(" (its `credsStore` `{}` is not asked)", program.escape_debug())
        });
        format!("`{path}` has no login for `{registry}`{store}: add one under `auths`")
    }
}

/// Under which names a file may have the login, the strongest first.
fn keys(reference: &Reference) -> Vec<String> {
    let mut keys = Vec::new();
    for registry in reference.registry_names() {
        let mut key = format!("{registry}/{}", reference.repository());
        while let Some((shorter, _)) = key.rsplit_once('/') {
            let shorter = shorter.to_owned();
            keys.push(std::mem::replace(&mut key, shorter));
        }
        keys.push(key);
    }
    keys.sort_by_key(|key| std::cmp::Reverse(key.matches('/').count()));
    keys
}

/// A key of a file without what older tools put around the registry.
fn plain(key: &str) -> String {
    let key = key.trim_start_matches("https://").trim_start_matches("http://");
    let key = key.trim_end_matches('/');
    let key = key.strip_suffix("/v1").or_else(|| key.strip_suffix("/v2")).unwrap_or(key);
    key.to_owned()
}

/// What an entry says; `Err` is what was expected of it.
fn credential(entry: &Entry) -> Result<Option<Credential>, &'static str> {
    let set = |value: &Option<String>| value.clone().filter(|value| !value.is_empty());
    if let Some(token) = set(&entry.registrytoken) {
        return Ok(Some(Credential::Bearer(token)));
    }
    if let Some(token) = set(&entry.identitytoken) {
        return Ok(Some(Credential::Identity(token)));
    }
    let (user, password) = match (set(&entry.auth), set(&entry.username), set(&entry.password)) {
        (Some(auth), _, _) => decode(&auth).ok_or("`auth` as base64 of `user:password`")?,
        (None, Some(user), Some(password)) => (user, password),
        (None, None, None) => return Ok(None),
        (None, _, _) => return Err("`username` and `password`, or `auth`"),
    };
    if user == TOKEN_USER {
        return Ok(Some(Credential::Identity(password)));
    }
    Ok(Some(Credential::Basic(user, password)))
}

fn decode(auth: &str) -> Option<(String, String)> {
    let auth = auth.trim();
    let bytes = STANDARD.decode(auth).or_else(|_| STANDARD_NO_PAD.decode(auth)).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (user, password) = text.split_once(':')?;
    // Some writers end the password with a zero byte.
    Some((user.to_owned(), password.trim_end_matches('\0').to_owned()))
}

#[cfg(test)]
mod tests;
