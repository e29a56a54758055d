//! The environment of a container, as the kubelet makes it.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    ConfigMap, Container, EnvVar, EnvVarSource, Pod, Secret, Service,
};
use kube::api::ListParams;
use kube::{Api, Client, ResourceExt as _};
use serde_json::Value;

use super::node;
use super::schedule::namespace;
use crate::quantity::number;

/// Where values of a container's environment come from.
pub(crate) struct Sources<'a> {
    pub(crate) client: &'a Client,
    pub(crate) pod: &'a Pod,
    /// The pod's address.
    pub(crate) address: String,
}

/// Texts by name.
pub(crate) type Texts = BTreeMap<String, String>;

impl Sources<'_> {
    /// The environment of a container.
    ///
    /// # Errors
    /// In the kubelet's words, when something is missing that must be there.
    pub(crate) async fn environment(&self, container: &Container) -> Result<Texts, String> {
        let mut all = self.services().await?;
        for from in container.env_from.iter().flatten() {
            let prefix = from.prefix.as_deref().unwrap_or_default();
            let mut values = BTreeMap::new();
            if let Some(map) = &from.config_map_ref {
                let is_optional = map.optional.unwrap_or(false);
                values = self.config_map(&map.name, is_optional).await?.unwrap_or_default();
            }
            if let Some(secret) = &from.secret_ref {
                let is_optional = secret.optional.unwrap_or(false);
                values = self.secret(&secret.name, is_optional).await?.unwrap_or_default();
            }
            for (name, value) in values {
                let name = format!("{prefix}{name}");
                if is_name(&name) {
                    all.insert(name, String::from_utf8_lossy(&value).into_owned());
                }
            }
        }
        for variable in container.env.iter().flatten() {
            if let Some(value) = self.value(variable, container, &all).await? {
                all.insert(variable.name.clone(), value);
            }
        }
        Ok(all)
    }

    async fn value(
        &self,
        variable: &EnvVar,
        container: &Container,
        others: &Texts,
    ) -> Result<Option<String>, String> {
        let Some(source) = &variable.value_from else {
            let value = variable.value.as_deref().unwrap_or_default();
            return Ok(Some(expanded(value, others)));
        };
        let EnvVarSource { config_map_key_ref, secret_key_ref, field_ref, resource_field_ref } =
            source;
        let (kind, name, key, is_optional, values) = if let Some(map) = config_map_key_ref {
            let is_optional = map.optional.unwrap_or(false);
            (
                "ConfigMap",
                &map.name,
                &map.key,
                is_optional,
                self.config_map(&map.name, is_optional).await?,
            )
        } else if let Some(secret) = secret_key_ref {
            let is_optional = secret.optional.unwrap_or(false);
            (
                "Secret",
                &secret.name,
                &secret.key,
                is_optional,
                self.secret(&secret.name, is_optional).await?,
            )
        } else if let Some(field) = field_ref {
            return Ok(Some(self.field(&field.field_path)));
        } else if let Some(field) = resource_field_ref {
            return Ok(Some(resource(container, &field.resource)));
        } else {
            return Ok(None);
        };
        match values.and_then(|mut values| values.remove(key)) {
            Some(value) => Ok(Some(String::from_utf8_lossy(&value).into_owned())),
            None if is_optional => Ok(None),
            None => {
                Err(format!("couldn't find key {key} in {kind} {}/{name}", namespace(self.pod)))
            }
        }
    }

    /// What a ConfigMap holds.
    pub(crate) async fn config_map(
        &self,
        name: &str,
        is_optional: bool,
    ) -> Result<Option<BTreeMap<String, Vec<u8>>>, String> {
        let maps: Api<ConfigMap> = Api::namespaced(self.client.clone(), &namespace(self.pod));
        let Some(map) = maps.get_opt(name).await.map_err(|error| error.to_string())? else {
            return if is_optional {
                Ok(None)
            } else {
                Err(format!("configmap {name:?} not found"))
            };
        };
        let texts = map.data.unwrap_or_default().into_iter();
        let bytes = map.binary_data.unwrap_or_default().into_iter();
        let texts = texts.map(|(key, text)| (key, text.into_bytes()));
        Ok(Some(texts.chain(bytes.map(|(key, bytes)| (key, bytes.0))).collect()))
    }

    /// What a Secret holds.
    pub(crate) async fn secret(
        &self,
        name: &str,
        is_optional: bool,
    ) -> Result<Option<BTreeMap<String, Vec<u8>>>, String> {
        let secrets: Api<Secret> = Api::namespaced(self.client.clone(), &namespace(self.pod));
        let Some(secret) = secrets.get_opt(name).await.map_err(|error| error.to_string())? else {
            return if is_optional { Ok(None) } else { Err(format!("secret {name:?} not found")) };
        };
        let values = secret.data.unwrap_or_default().into_iter();
        Ok(Some(values.map(|(key, bytes)| (key, bytes.0)).collect()))
    }

    /// A field of the pod's, as the downward API gives it.
    pub(crate) fn field(&self, path: &str) -> String {
        let pod = self.pod;
        let (path, key) = match path.split_once("['") {
            Some((path, key)) => (path, key.trim_end_matches("']")),
            None => (path, ""),
        };
        let of = |texts: &Texts| match key {
            "" => lines(texts),
            key => texts.get(key).cloned().unwrap_or_default(),
        };
        match path {
            "metadata.name" => pod.name_any(),
            "metadata.namespace" => namespace(pod),
            "metadata.uid" => pod.uid().unwrap_or_default(),
            "metadata.labels" => of(pod.labels()),
            "metadata.annotations" => of(pod.annotations()),
            "spec.nodeName" => node::NAME.to_owned(),
            "status.podIP" => self.address.clone(),
            "status.hostIP" => crate::ADDRESS.to_owned(),
            other => {
                let pod = serde_json::to_value(pod).unwrap_or(Value::Null);
                let value = pod.pointer(&format!("/{}", other.replace('.', "/")));
                value.and_then(Value::as_str).unwrap_or_default().to_owned()
            }
        }
    }

    /// What a container is told of the Services of its namespace.
    async fn services(&self) -> Result<Texts, String> {
        let mut texts = Texts::new();
        let spec = self.pod.spec.as_ref();
        if spec.and_then(|spec| spec.enable_service_links) == Some(false) {
            return Ok(texts);
        }
        let services: Api<Service> = Api::namespaced(self.client.clone(), &namespace(self.pod));
        let all = services.list(&ListParams::default()).await.map_err(|error| error.to_string())?;
        for service in all {
            let Some(spec) = &service.spec else { continue };
            let Some(address) =
                spec.cluster_ip.as_deref().filter(|ip| !ip.is_empty() && *ip != "None")
            else {
                continue;
            };
            let prefix = service.name_any().to_ascii_uppercase().replace('-', "_");
            texts.insert(format!("{prefix}_SERVICE_HOST"), address.to_owned());
            for (idx, port) in spec.ports.iter().flatten().enumerate() {
                let number = port.port.to_string();
                let at = format!("{prefix}_PORT_{number}_TCP");
                let url = format!("tcp://{address}:{number}");
                if idx == 0 {
                    texts.insert(format!("{prefix}_SERVICE_PORT"), number.clone());
                    texts.insert(format!("{prefix}_PORT"), url.clone());
                }
                if let Some(name) = &port.name {
                    let name = name.to_ascii_uppercase().replace('-', "_");
                    texts.insert(format!("{prefix}_SERVICE_PORT_{name}"), number.clone());
                }
                texts.insert(format!("{at}_PROTO"), "tcp".to_owned());
                texts.insert(format!("{at}_ADDR"), address.to_owned());
                texts.insert(format!("{at}_PORT"), number);
                texts.insert(at, url);
            }
        }
        Ok(texts)
    }
}

/// Labels or annotations as the downward API writes them into a file.
fn lines(texts: &Texts) -> String {
    let lines = texts.iter().map(|(key, value)| format!("{key}={value:?}"));
    lines.collect::<Vec<_>>().join("\n")
}

/// A limit or a request of a container; memory in bytes, processors rounded up.
fn resource(container: &Container, path: &str) -> String {
    let resources = container.resources.as_ref();
    let (which, name) = path.split_once('.').unwrap_or((path, ""));
    let amounts = resources.and_then(|resources| match which {
        "limits" => resources.limits.as_ref(),
        _ => resources.requests.as_ref(),
    });
    let amount =
        amounts.and_then(|amounts| amounts.get(name)).map_or(0.0, |quantity| number(&quantity.0));
    format!("{:.0}", amount.ceil())
}

/// A text with the variables that it names as `$(NAME)`; what is not there stays as it is.
pub(crate) fn expanded(text: &str, variables: &Texts) -> String {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        expanded += before;
        if let Some(after) = after.strip_prefix('$') {
            (expanded, rest) = (expanded + "$", after);
            continue;
        }
        let name = after.strip_prefix('(').and_then(|after| after.split_once(')'));
        let known = name.and_then(|(name, after)| Some((variables.get(name)?.as_str(), after)));
        let (value, after) = known.unwrap_or(("$", after));
        (expanded, rest) = (expanded + value, after);
    }
    expanded + rest
}

/// Whether a variable may have this name; those that may not are left out.
fn is_name(name: &str) -> bool {
    let is_start = |byte: u8| byte.is_ascii_alphabetic() || b"-._".contains(&byte);
    name.bytes().next().is_some_and(is_start)
        && name.bytes().all(|byte| is_start(byte) || byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::{Texts, expanded, lines};

    #[test]
    fn variables_are_expanded_where_they_are_known() {
        let variables = Texts::from([("A".to_owned(), "1".to_owned())]);
        for (text, expected) in
            [("x$(A)y", "x1y"), ("$(B)", "$(B)"), ("$$(A)", "$(A)"), ("$A", "$A"), ("$", "$")]
        {
            assert_eq!(expanded(text, &variables), expected, "{text}");
        }
    }

    #[test]
    fn annotations_are_lines_with_quoted_values() {
        let texts =
            Texts::from([("b".to_owned(), "x\n\"y\"".to_owned()), ("a".to_owned(), String::new())]);
        assert_eq!(lines(&texts), "a=\"\"\nb=\"x\\n\\\"y\\\"\"");
    }
}
