//! From arguments to how a registry is asked: what commands share that push or pull.

use std::io::Read as _;

use anyhow::{Context, anyhow};
use radiant_contract::EnvSource;
use radiant_contract::credentials::Secret;
use radiant_storage::oci::{Access, Logins, Reference};

use crate::cli::RegistryArgs;
use crate::error::Failure;
use crate::registry::PushOptions;

/// The longest password: tokens are texts of some kilobytes.
const PASSWORD_BYTES_MAX: u64 = 64 * 1024;

/// How a registry is pushed to.
pub(super) fn push_options(
    args: &RegistryArgs,
    env: &dyn EnvSource,
) -> Result<PushOptions, Failure> {
    let mount_from = args.mount_from.iter().map(|name| repository(name));
    Ok(PushOptions {
        access: access(args, env)?,
        parallel: usize::from(args.parallel),
        mount_from: mount_from.collect::<Result<_, Failure>>()?,
        ..PushOptions::default()
    })
}

/// The name of a repository, which stands in addresses.
fn repository(name: &str) -> Result<String, Failure> {
    // Any registry will do.
    let parsed = Reference::parse(&format!("localhost/{name}")).ok();
    if parsed.is_some_and(|it| it.repository() == name) {
        return Ok(name.to_owned());
    }
    let name = name.escape_debug();
    let error = anyhow!("`--mount-from {name}`: expected a repository, as `team/iris`");
    Err(Failure::usage(error).hint("leave out the registry: it is the one that is pushed to"))
}

/// How a registry is reached, and as whom.
pub(super) fn access(args: &RegistryArgs, env: &dyn EnvSource) -> Result<Access, Failure> {
    let logins = match &args.username {
        Some(user) => Logins::Given { user: user.clone(), password: password(args, env)? },
        None => Logins::FilesAndHelpers,
    };
    Ok(Access {
        plain_http: args.plain_http.clone(),
        authorities: args.registry_ca.clone(),
        upload_hosts: args.upload_host.clone(),
        logins,
        ..Access::default()
    })
}

/// Reads the password, which is never an argument: those are seen by everybody on the machine.
fn password(args: &RegistryArgs, env: &dyn EnvSource) -> Result<Secret, Failure> {
    let (password, place) = match &args.password_env {
        Some(name) => (env.get(name).unwrap_or_default(), format!("variable `{name}`")),
        None => (from_stdin()?, "standard input".to_owned()),
    };
    let password = password.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        return Err(Failure::usage(anyhow!("{place}: expected a password, got nothing")));
    }
    Ok(Secret::new(password))
}

fn from_stdin() -> Result<String, Failure> {
    let mut text = String::new();
    let read = std::io::stdin().lock().take(PASSWORD_BYTES_MAX).read_to_string(&mut text);
    read.context("cannot read the password from standard input")?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use radiant_contract::MapEnv;

    use super::*;

    fn args() -> RegistryArgs {
        RegistryArgs {
            username: Some("user".to_owned()),
            password_stdin: false,
            password_env: Some("TOKEN".to_owned()),
            registry_ca: None,
            plain_http: Vec::new(),
            upload_host: Vec::new(),
            mount_from: Vec::new(),
            parallel: 4,
        }
    }

    #[test]
    fn repositories_to_take_from_are_names_without_a_registry() {
        assert_eq!(repository("team/iris").unwrap(), "team/iris");
        for name in ["", "host.io:5000/iris", "iris:1", "a&from=b", "A"] {
            let error = repository(name).unwrap_err().text();
            assert!(error.contains("expected a repository"), "{error}");
        }
    }

    #[test]
    fn a_password_is_from_the_variable_that_is_named() {
        let env: MapEnv = [("TOKEN", "SECRET\n".to_owned())].into_iter().collect();
        let found = access(&args(), &env).unwrap();
        let password = Secret::new("SECRET");
        assert_eq!(found.logins, Logins::Given { user: "user".to_owned(), password });
        assert!(!format!("{found:?}").contains("SECRET"));
        let error = access(&args(), &MapEnv::default()).unwrap_err().text();
        assert!(error.contains("variable `TOKEN`: expected a password"), "{error}");
    }
}
