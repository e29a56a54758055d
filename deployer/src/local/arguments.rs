//! The arguments of `docker run`, which podman takes as well.

use std::path::Path;

use super::Local;

/// The ports within a container.
const WITHIN: [u16; 3] = [9000, 9500, 6000];

/// The arguments that run a container as a pod would: any user but root, a root file system that is
/// not written, and the ports published on the loopback address.
///
/// Values of Secrets are not among them: a file of variables (`--env-file`) has them, which the caller
/// writes and removes.
pub fn docker(
    local: &Local,
    image: &str,
    ports: [u16; 3],
    files: (Option<&Path>, &Path),
) -> Vec<String> {
    let (model, secrets) = files;
    let mut arguments: Vec<String> =
        ["run", "--rm", "--read-only", "--user", "8888:8888", "--tmpfs", "/tmp"]
            .map(str::to_owned)
            .into();
    for (outside, within) in ports.into_iter().zip(WITHIN) {
        // Without a number, the engine chooses one.
        let outside = if outside == 0 { String::new() } else { outside.to_string() };
        arguments.extend(["--publish".to_owned(), format!("127.0.0.1:{outside}:{within}")]);
    }
    if let Some(model) = model {
        let model = model.display();
        arguments.extend(["--volume".to_owned(), format!("{model}:/mnt/models:ro")]);
    }
    arguments.extend(["--env-file".to_owned(), secrets.display().to_string()]);
    for (name, value) in &local.variables {
        arguments.extend(["--env".to_owned(), format!("{name}={value}")]);
    }
    arguments.push(image.to_owned());
    arguments
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_container_runs_as_a_pod_would() {
        let variables = BTreeMap::from([("A".to_owned(), "1 2".to_owned())]);
        let local = Local { image: None, variables };
        let files = (Some(Path::new("/models/iris")), Path::new("/run/secrets"));
        let line = docker(&local, "radiant:1", [8080, 0, 6000], files).join(" ");
        assert_eq!(
            line,
            "run --rm --read-only --user 8888:8888 --tmpfs /tmp --publish 127.0.0.1:8080:9000 \
             --publish 127.0.0.1::9500 --publish 127.0.0.1:6000:6000 \
             --volume /models/iris:/mnt/models:ro --env-file /run/secrets --env A=1 2 radiant:1"
        );
    }
}
