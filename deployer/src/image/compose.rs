//! Configuration and manifest of an image, out of its base and its layers.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike as _, Timelike as _};
use radiant_contract::ports;
use serde_json::json;

use super::base::BaseImage;
use super::layer::Layer;
use super::runtime;
use super::system::USER;
use crate::error::Failure;
use crate::layout::{
    Annotations, ContainerConfig, Descriptor, History, ImageConfig, ImageManifest, Layout,
    Platform, RootFs, media_type,
};

/// What stands in an image beside its files.
#[derive(Debug)]
pub(crate) struct Parts<'a> {
    pub(crate) platform: &'a Platform,
    pub(crate) base: Option<&'a BaseImage>,
    pub(crate) layers: &'a [Layer],
    /// Whether the server's program is among the layers.
    pub(crate) has_program: bool,
    pub(crate) env: &'a BTreeMap<String, String>,
    pub(crate) labels: &'a BTreeMap<String, String>,
    pub(crate) annotations: &'a BTreeMap<String, String>,
    /// When it was made, in seconds since 1970.
    pub(crate) created_s: i64,
}

impl Parts<'_> {
    /// Writes configuration and manifest.
    ///
    /// # Errors
    /// When the layout cannot be written.
    pub(crate) fn write(&self, layout: &Layout) -> Result<(Descriptor, ImageManifest), Failure> {
        let config = layout.add_json(media_type::CONFIG, &self.config())?;
        let base = self.base.map(|base| base.layers.clone()).unwrap_or_default();
        let ours = self.layers.iter().map(|layer| layer.descriptor.clone());
        let mut manifest = ImageManifest::new(config, base.into_iter().chain(ours).collect());
        let mut annotations: Annotations = self.labels.clone();
        let created = ("org.opencontainers.image.created".to_owned(), timestamp(self.created_s));
        annotations.extend([created]);
        if let Some(base) = self.base {
            let name = "org.opencontainers.image.base.digest".to_owned();
            annotations.insert(name, base.digest.to_string());
            let name = "org.opencontainers.image.base.name".to_owned();
            annotations.extend(base.name.clone().map(|base| (name, base)));
        }
        annotations.extend(self.annotations.clone());
        manifest.annotations = Some(annotations);
        let mut descriptor = layout.add_json(media_type::MANIFEST, &manifest)?;
        descriptor.platform = Some(self.platform.clone());
        Ok((descriptor, manifest))
    }

    fn config(&self) -> ImageConfig {
        let mut config = self.base.map_or_else(|| self.empty(), |base| base.config.clone());
        config.created = Some(timestamp(self.created_s));
        let had_layers = !config.rootfs.diff_ids.is_empty();
        config.rootfs.diff_ids.extend(self.layers.iter().map(|layer| layer.diff_id.clone()));
        // A history of some layers only would be taken for that of the first ones.
        if !had_layers || config.history.is_some() {
            let history = self.layers.iter().map(|layer| History {
                created: Some(timestamp(self.created_s)),
                created_by: Some("radiant-deploy build".to_owned()),
                comment: Some(layer.title.clone()),
                ..History::default()
            });
            config.history.get_or_insert_default().extend(history);
        }
        self.set_up(config.config.get_or_insert_default());
        config
    }

    fn empty(&self) -> ImageConfig {
        ImageConfig {
            created: None,
            architecture: self.platform.architecture.clone(),
            os: self.platform.os.clone(),
            variant: self.platform.variant.clone(),
            config: None,
            rootfs: RootFs { kind: "layers".to_owned(), diff_ids: Vec::new() },
            history: None,
            others: BTreeMap::new(),
        }
    }

    fn set_up(&self, container: &mut ContainerConfig) {
        let labels = container.labels.get_or_insert_default();
        labels.extend(self.labels.clone());
        merge(container.env.get_or_insert_default(), self.env);
        if container.env.as_ref().is_some_and(Vec::is_empty) {
            container.env = None;
        }
        if self.has_program {
            container.entrypoint = Some(vec![format!("/{}", runtime::NAME)]);
            // Arguments of the base are for the base's program.
            container.cmd = None;
            let has_user = container.user.as_deref().is_some_and(|user| !user.is_empty());
            if !has_user {
                container.user = Some(format!("{USER}:{USER}"));
            }
            let ports = [ports::HTTP, ports::GRPC, ports::METRICS];
            let exposed = container.exposed_ports.get_or_insert_default();
            exposed.extend(ports.map(|port| (format!("{port}/tcp"), BTreeMap::new())));
            // Docker's own, which podman has too: times are nanoseconds, and those of images/Dockerfile.
            let probe = json!({
                "Test": ["CMD", format!("/{}", runtime::NAME), "probe"],
                "Interval": 10_000_000_000_u64,
                "Timeout": 2_000_000_000_u64,
                "StartPeriod": 60_000_000_000_u64,
                "Retries": 3,
            });
            container.others.insert("Healthcheck".to_owned(), probe);
        }
    }
}

/// Sets variables among others, which keep their order.
fn merge(env: &mut Vec<String>, ours: &BTreeMap<String, String>) {
    for (name, value) in ours {
        let set = format!("{name}={value}");
        let is_same = |known: &&mut String| known.split('=').next() == Some(name);
        match env.iter_mut().find(is_same) {
            Some(known) => *known = set,
            None => env.push(set),
        }
    }
}

/// A time by RFC 3339.
pub(crate) fn timestamp(seconds: i64) -> String {
    let time = DateTime::from_timestamp(seconds, 0).unwrap_or(DateTime::UNIX_EPOCH);
    let (year, month, day) = (time.year(), time.month(), time.day());
    let (hour, minute, second) = (time.hour(), time.minute(), time.second());
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts<'a>(
        base: Option<&'a BaseImage>,
        platform: &'a Platform,
        env: &'a BTreeMap<String, String>,
    ) -> Parts<'a> {
        const NONE: &BTreeMap<String, String> = &BTreeMap::new();
        Parts {
            platform,
            base,
            layers: &[],
            has_program: true,
            env,
            labels: NONE,
            annotations: NONE,
            created_s: 0,
        }
    }

    #[test]
    fn an_image_of_nothing_starts_the_server_as_nobody_in_particular() {
        let platform = Platform::linux("arm64");
        let env = [("RADIANT_MODEL".to_owned(), "/models".to_owned())].into();
        let config = parts(None, &platform, &env).config();
        assert_eq!((config.architecture.as_str(), config.os.as_str()), ("arm64", "linux"));
        let container = config.config.unwrap();
        assert_eq!(container.entrypoint.unwrap(), ["/radiant"]);
        assert_eq!((container.cmd, container.user.as_deref()), (None, Some("8888:8888")));
        assert_eq!(container.env.unwrap(), ["RADIANT_MODEL=/models"]);
        let ports: Vec<String> = container.exposed_ports.unwrap().into_keys().collect();
        assert_eq!(ports, ["5000/tcp", "6000/tcp", "9000/tcp"]);
    }

    #[test]
    fn health_is_asked_for_as_the_dockerfile_does() {
        let text = include_str!("../../../images/Dockerfile");
        let line = text.lines().find_map(|line| line.strip_prefix("HEALTHCHECK ")).unwrap();
        let (options, command) = line.split_once(" CMD ").unwrap();
        let config = parts(None, &Platform::linux("amd64"), &BTreeMap::new()).config();
        let check = &config.config.unwrap().others["Healthcheck"];
        let seconds = |name: &str| check[name].as_u64().unwrap() / 1_000_000_000;
        let [interval, timeout, start] = ["Interval", "Timeout", "StartPeriod"].map(seconds);
        let expected =
            format!("--interval={interval}s --timeout={timeout}s --start-period={start}s");
        assert_eq!(options, expected);
        let command: Vec<&str> = serde_json::from_str(command).unwrap();
        assert_eq!(check["Test"], json!([&["CMD"], &command[..]].concat()));
    }

    #[test]
    fn what_a_base_says_stays_except_how_it_is_started() {
        let text = r#"{"architecture":"amd64","os":"linux","config":{"User":"1000","Env":["PATH=/bin","A=1"],
            "Cmd":["sh"],"WorkingDir":"/srv","Labels":{"team":"risk"}},
            "rootfs":{"type":"layers","diff_ids":[]},"history":[{"created_by":"them"}]}"#;
        let platform = Platform::linux("amd64");
        let base = BaseImage {
            platform: platform.clone(),
            digest: radiant_storage::oci::Digest::sha256(b""),
            config: serde_json::from_str(text).unwrap(),
            layers: Vec::new(),
            name: None,
        };
        let env = [("A".to_owned(), "2".to_owned()), ("B".to_owned(), "3".to_owned())].into();
        let config = parts(Some(&base), &platform, &env).config();
        assert_eq!(config.history.unwrap()[0].created_by.as_deref(), Some("them"));
        let container = config.config.unwrap();
        assert_eq!(container.env.unwrap(), ["PATH=/bin", "A=2", "B=3"]);
        assert_eq!((container.cmd, container.user.as_deref()), (None, Some("1000")));
        assert_eq!(container.working_dir.as_deref(), Some("/srv"));
        assert_eq!(container.labels.unwrap()["team"], "risk");
    }

    #[test]
    fn times_are_written_by_the_rules_of_the_internet() {
        assert_eq!(timestamp(0), "1970-01-01T00:00:00Z");
        assert_eq!(timestamp(1_795_437_300), "2026-11-23T12:35:00Z");
    }
}
