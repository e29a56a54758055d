//! Where a deployment is reached: through the ingress, within the cluster, by gRPC.
//!
//! The paths are Seldon's: its operator routes `/seldon/<namespace>/<name>/` to the deployment, and gRPC by
//! the headers `seldon` and `namespace`.

use k8s_openapi::api::core::v1::Service;
use serde::Serialize;

use crate::cluster::{Cluster, SeldonObject, Selected};

/// The annotation that names the hosts of the VirtualService.
const ISTIO_HOST: &str = "seldon.io/istio-host";

/// Services that lead into clusters: their labels, and where they usually are.
const GATEWAYS: [(&str, &str); 3] = [
    ("istio=ingressgateway", "istio-system"),
    ("app.kubernetes.io/name=emissary-ingress", "emissary"),
    ("app.kubernetes.io/name=ambassador", "ambassador"),
];

/// Where a deployment is reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Urls {
    /// From outside, where the ingress is known.
    pub(crate) external: Option<String>,
    /// The host that the ingress knows it by, where it is not the one of the URL.
    pub(crate) host: Option<String>,
    /// Within the cluster, once the operator has said it.
    pub(crate) cluster: Option<String>,
    /// For gRPC, from outside.
    pub(crate) grpc: Option<Grpc>,
}

/// Where gRPC calls go, and the headers by which the ingress knows whose they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Grpc {
    /// Host and port.
    pub(crate) address: String,
    /// Headers of each call.
    pub(crate) headers: [(&'static str, String); 2],
}

impl Urls {
    /// Computes them for an ingress at `base`, such as `https://models.example.com/serving`.
    pub(crate) fn new(sdep: &SeldonObject, base: Option<&str>) -> Self {
        let (namespace, name) = (sdep.namespace(), sdep.name());
        let base = base.map(|base| base.trim_end_matches('/')).filter(|base| !base.is_empty());
        let base =
            base.map(
                |base| {
                    if base.contains("://") { base.to_owned() } else { format!("http://{base}") }
                },
            );
        let path = path(sdep);
        let host = sdep.annotation(ISTIO_HOST).and_then(|hosts| hosts.split(',').next());
        let host = host.map(str::trim).filter(|host| !host.is_empty() && *host != "*");
        let cluster = sdep.status.pointer("/address/url").and_then(serde_json::Value::as_str);
        let headers = headers(sdep);
        Self {
            external: base.as_ref().map(|base| format!("{base}/seldon/{namespace}/{name}{path}")),
            host: host
                .filter(|host| base.as_deref().map(authority) != Some(*host))
                .map(str::to_owned),
            cluster: cluster.map(str::to_owned),
            grpc: base.as_deref().map(|base| Grpc { address: with_port(base), headers }),
        }
    }

    /// The one that most callers want.
    pub(crate) fn best(&self) -> Option<&str> {
        self.external.as_deref().or(self.cluster.as_deref())
    }
}

/// The headers by which an ingress knows whose calls of gRPC are.
pub(crate) fn headers(sdep: &SeldonObject) -> [(&'static str, String); 2] {
    [("seldon", sdep.name().to_owned()), ("namespace", sdep.namespace().to_owned())]
}

/// The path of predictions, which the protocol decides.
pub(crate) fn path(sdep: &SeldonObject) -> String {
    let node = sdep.root_node().unwrap_or("model");
    match protocol(sdep) {
        "v2" | "kfserving" => format!("/v2/models/{node}/infer"),
        "tensorflow" => format!("/v1/models/{node}:predict"),
        _ => "/api/v1.0/predictions".to_owned(),
    }
}

/// The protocol that the SeldonDeployment names.
pub(crate) fn protocol(sdep: &SeldonObject) -> &str {
    sdep.spec.get("protocol").and_then(serde_json::Value::as_str).unwrap_or("seldon")
}

/// The smallest request that says something of the protocol.
pub(crate) fn sample(sdep: &SeldonObject) -> &'static str {
    match protocol(sdep) {
        "v2" | "kfserving" => {
            r#"{"inputs":[{"name":"input","shape":[1,4],"datatype":"FP32","data":[1,2,3,4]}]}"#
        }
        "tensorflow" => r#"{"instances":[[1,2,3,4]]}"#,
        _ => r#"{"data":{"ndarray":[[1,2,3,4]]}}"#,
    }
}

fn authority(base: &str) -> &str {
    let rest = base.split_once("://").map_or(base, |(_, rest)| rest);
    rest.split('/').next().unwrap_or(rest)
}

fn with_port(base: &str) -> String {
    let host = authority(base);
    let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    match (has_port, base.starts_with("https://")) {
        (true, _) => host.to_owned(),
        (false, true) => format!("{host}:443"),
        (false, false) => format!("{host}:80"),
    }
}

/// Looks for the ingress of the cluster: the address of the Service of Istio's or Ambassador's gateway.
///
/// Whoever may not list Services of all namespaces is asked about where gateways usually are; where
/// nothing may be seen, nothing is found.
pub(crate) async fn find_gateway(cluster: &Cluster) -> Option<String> {
    for (labels, namespace) in GATEWAYS {
        let everywhere = Selected { is_everywhere: true, ..Selected::labels(labels) };
        let found = if let Ok(found) = cluster.list::<Service>(&everywhere).await {
            found
        } else {
            let usual = cluster.within(namespace);
            usual.list::<Service>(&Selected::labels(labels)).await.unwrap_or_default()
        };
        if let Some(base) = found.iter().find_map(base_of) {
            return Some(base);
        }
    }
    None
}

fn base_of(service: &Service) -> Option<String> {
    let spec = service.spec.as_ref()?;
    let ingress =
        service.status.as_ref()?.load_balancer.as_ref().and_then(|it| it.ingress.as_ref());
    let balancer = ingress.and_then(|all| all.first());
    let host = balancer.and_then(|it| it.hostname.clone().or_else(|| it.ip.clone()));
    let host = host.or_else(|| spec.external_ips.as_ref()?.first().cloned())?;
    let ports: Vec<i32> = spec.ports.iter().flatten().map(|port| port.port).collect();
    let named = |name: &str| {
        let port = spec.ports.iter().flatten().find(|port| port.name.as_deref() == Some(name));
        port.map(|port| port.port)
    };
    let http = named("http2").or_else(|| named("http")).filter(|_| !ports.is_empty());
    Some(match (http, ports.contains(&80), ports.contains(&443)) {
        (Some(80), _, _) | (None, true, _) => format!("http://{host}"),
        (Some(port), _, _) => format!("http://{host}:{port}"),
        (None, false, true) => format!("https://{host}"),
        (None, false, false) => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sdep(spec: &serde_json::Value) -> SeldonObject {
        let object = json!({
            "metadata": {"name": "fraud", "namespace": "ml"}, "spec": spec,
            "status": {"address": {"url": "http://fraud-main.ml.svc.cluster.local:8000/api/v1.0/predictions"}},
        });
        serde_json::from_value(object).unwrap()
    }

    #[test]
    fn urls_are_joined_from_whatever_base() {
        let seldon = json!({});
        let v2 = json!({"protocol": "v2", "predictors": [{"graph": {"name": "iris"}}]});
        let old = json!({"protocol": "kfserving"});
        let tensorflow =
            json!({"protocol": "tensorflow", "predictors": [{"graph": {"name": "m"}}]});
        let cases = [
            (&seldon, "http://h", "http://h/seldon/ml/fraud/api/v1.0/predictions", "h:80"),
            (&seldon, "http://h/", "http://h/seldon/ml/fraud/api/v1.0/predictions", "h:80"),
            (&seldon, "h:8080", "http://h:8080/seldon/ml/fraud/api/v1.0/predictions", "h:8080"),
            (
                &seldon,
                "https://h/a/b//",
                "https://h/a/b/seldon/ml/fraud/api/v1.0/predictions",
                "h:443",
            ),
            (&v2, "http://h", "http://h/seldon/ml/fraud/v2/models/iris/infer", "h:80"),
            (&old, "http://h", "http://h/seldon/ml/fraud/v2/models/model/infer", "h:80"),
            (&tensorflow, "http://h", "http://h/seldon/ml/fraud/v1/models/m:predict", "h:80"),
        ];
        for (spec, base, external, grpc) in cases {
            let urls = Urls::new(&sdep(spec), Some(base));
            assert_eq!(urls.external.as_deref(), Some(external));
            assert_eq!(urls.grpc.unwrap().address, grpc, "{base}");
        }
    }

    #[test]
    fn hosts_of_istio_are_told_where_the_url_does_not_have_them() {
        let spec = json!({"annotations": {"seldon.io/istio-host": "fraud.example.com, other"}});
        let urls = Urls::new(&sdep(&spec), Some("http://1.2.3.4"));
        assert_eq!(urls.host.as_deref(), Some("fraud.example.com"));
        assert_eq!(Urls::new(&sdep(&spec), Some("http://fraud.example.com")).host, None);
    }

    #[test]
    fn without_an_ingress_there_is_the_address_within_the_cluster() {
        let urls = Urls::new(&sdep(&json!({})), None);
        assert_eq!((urls.external.as_deref(), urls.grpc.as_ref()), (None, None));
        assert!(urls.best().unwrap().starts_with("http://fraud-main.ml.svc"));
    }

    #[test]
    fn a_gateway_is_known_by_its_balancer_and_port() {
        let service = |ports: serde_json::Value, ingress: serde_json::Value| {
            let service =
                json!({"spec": {"ports": ports}, "status": {"loadBalancer": {"ingress": ingress}}});
            base_of(&serde_json::from_value(service).unwrap())
        };
        let http = json!([{"name": "status-port", "port": 15021}, {"name": "http2", "port": 80}]);
        let cases = [
            (http.clone(), json!([{"ip": "1.2.3.4"}]), Some("http://1.2.3.4")),
            (http.clone(), json!([{"hostname": "lb.aws"}]), Some("http://lb.aws")),
            (
                json!([{"name": "http", "port": 8080}]),
                json!([{"ip": "1.2.3.4"}]),
                Some("http://1.2.3.4:8080"),
            ),
            (
                json!([{"name": "https", "port": 443}]),
                json!([{"ip": "1.2.3.4"}]),
                Some("https://1.2.3.4"),
            ),
            (http, json!([]), None),
            (json!([]), json!([{"ip": "1.2.3.4"}]), None),
        ];
        for (ports, ingress, expected) in cases {
            assert_eq!(service(ports, ingress).as_deref(), expected);
        }
    }
}
