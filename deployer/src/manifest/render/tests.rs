//! Rendering: single facts of it by example, and what holds for all configurations by property.
//! Whole manifests are compared in `deployer/tests/render`.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::manifest::{Capabilities, Problem, Schema, problems};

fn config(more: &Value) -> Deployment {
    let mut whole = json!({
        "apiVersion": "radiant.dev/v1", "kind": "Deployment", "name": "iris",
        "model": {"uri": "s3://models/iris"}, "server": {"image": "radiant:1"},
    });
    for (key, value) in more.as_object().unwrap() {
        whole[key] = value.clone();
    }
    serde_json::from_value(whole).unwrap()
}

fn rendered(more: &Value) -> Value {
    let objects = render(&config(more), &Facts::default()).unwrap();
    serde_json::to_value(objects.deployment).unwrap()
}

fn told(more: &Value) -> String {
    render(&config(more), &Facts::default()).unwrap_err().to_string()
}

fn checked(object: &SeldonDeployment) -> Vec<Problem> {
    problems(&serde_json::to_value(object).unwrap(), Schema::bundled(), None)
}

const CONTAINER: &str = "/spec/predictors/0/componentSpecs/0/spec/containers/0";

#[test]
fn the_grace_period_fits_the_hook_and_the_drain() {
    let object = rendered(&json!({"server": {"image": "i", "drain": "90s"}}));
    let pod = &object["spec"]["predictors"][0]["componentSpecs"][0]["spec"];
    assert_eq!(pod["terminationGracePeriodSeconds"], 5 + 90 + 2);
    let container = &pod["containers"][0];
    let command = &container["lifecycle"]["preStop"]["exec"]["command"];
    assert_eq!(command, &json!(["/bin/sh", "-c", "/bin/sleep 5"]));
    let env = container["env"].as_array().unwrap();
    assert!(env.contains(&json!({"name": "RADIANT_SHUTDOWN_TIMEOUT", "value": "90s"})), "{env:?}");
}

#[test]
fn what_users_say_of_variables_holds() {
    let env = json!({"RADIANT_BIND_EARLY": "false", "RADIANT_CACHE_DIR": "/big", "A": "b"});
    let object = rendered(&json!({"server": {"image": "i", "env": env}}));
    let container = object.pointer(CONTAINER).unwrap();
    let names: Vec<&str> = container["env"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["name"].as_str().unwrap())
        .collect();
    let expected = ["A", "RADIANT_BIND_EARLY", "RADIANT_CACHE_DIR", "RADIANT_SHUTDOWN_TIMEOUT"];
    assert_eq!(names, expected);
    assert_eq!(container["env"][1]["value"], "false");
    assert_eq!(container["volumeMounts"], Value::Null, "a cache elsewhere has a volume elsewhere");
}

#[test]
fn parameters_have_seldons_types() {
    let parameters = json!({"a": 1, "b": 1.5, "c": true, "d": "x"});
    let object = rendered(&json!({
        "model": {"uri": "s3://models/iris", "method": "predict"},
        "server": {"image": "i", "parameters": parameters},
    }));
    let expected = json!([
        {"name": "model_uri", "type": "STRING", "value": "s3://models/iris"},
        {"name": "method", "type": "STRING", "value": "predict"},
        {"name": "a", "type": "INT", "value": "1"},
        {"name": "b", "type": "FLOAT", "value": "1.5"},
        {"name": "c", "type": "BOOL", "value": "true"},
        {"name": "d", "type": "STRING", "value": "x"},
    ]);
    let graph = &object["spec"]["predictors"][0]["graph"];
    assert_eq!(graph["parameters"], expected);
    assert_eq!(graph["modelUri"], Value::Null, "operators from 1.17.1 on would fetch it once more");
}

#[test]
fn with_tls_probes_ask_the_port_that_has_none() {
    let env = json!({"RADIANT_TLS_CERT_FILE": "/tls/tls.crt"});
    let object = rendered(&json!({"server": {"image": "i", "env": env}}));
    let container = object.pointer(CONTAINER).unwrap();
    for probe in ["startupProbe", "readinessProbe", "livenessProbe"] {
        assert_eq!(container[probe]["httpGet"]["port"], "metrics");
    }
}

#[test]
fn a_security_context_is_laid_over_ours() {
    let security = json!({"runAsUser": 1000, "readOnlyRootFilesystem": false});
    let object = rendered(&json!({"pod": {"securityContext": security}}));
    let pod = &object["spec"]["predictors"][0]["componentSpecs"][0]["spec"];
    let expected = json!({"runAsNonRoot": true, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}});
    assert_eq!(pod["securityContext"], expected);
    assert_eq!(pod["containers"][0]["securityContext"]["readOnlyRootFilesystem"], false);
    assert_eq!(pod["containers"][0]["securityContext"]["allowPrivilegeEscalation"], false);
}

#[test]
fn annotations_go_where_they_are_read() {
    let annotations = json!({
        "team.example.com/owner": "risk", "seldon.io/rest-timeout": "1000",
        "seldon.io/istio-retries": "2", "seldon.io/svc-name": "iris",
    });
    let object = rendered(&json!({"annotations": annotations, "route": {"host": "a.example.com"}}));
    assert_eq!(object["metadata"]["annotations"]["team.example.com/owner"], "risk");
    assert_eq!(object["metadata"]["annotations"]["seldon.io/istio-retries"], "2");
    assert_eq!(object["metadata"]["annotations"]["seldon.io/istio-host"], "a.example.com");
    assert_eq!(object["spec"]["annotations"], json!({"seldon.io/rest-timeout": "1000"}));
    assert_eq!(object["spec"]["predictors"][0]["annotations"]["seldon.io/svc-name"], "iris");
}

#[test]
fn what_cannot_be_said_is_refused_by_its_place() {
    let prepackaged = json!({"mode": "prepackaged"});
    let two = json!({"name": "a", "children": [{"name": "b"}]});
    let cases = [
        (json!({"server": {}}), "`server.image`: expected the image of the server, got none"),
        (json!({"server": {"image": "i", "drain": "soon"}}), "`server.drain`: expected a duration"),
        (
            json!({"server": {"image": "i", "drain": "0s"}}),
            "`server.drain`: expected a duration above",
        ),
        (
            json!({"server": {"image": "i", "parameters": {"a": [1]}}}),
            "`server.parameters.a`: expected a string, a number or a boolean, got a list",
        ),
        (
            json!({"server": {"image": "i", "parameters": {"model_uri": "x"}}}),
            "`server.parameters.model_uri`",
        ),
        (
            json!({"server": {"image": "i", "resources": {"limits": {"cpu": true}}}}),
            "`server.resources.limits.cpu`: expected a quantity",
        ),
        (
            json!({"server": prepackaged, "model": {"path": "m"}}),
            "`model.uri`: expected the address of a model, got none",
        ),
        (
            json!({"server": {"image": "i", "mode": "initializer"}, "model": {}}),
            "`model.uri`: expected the address of a model to fetch",
        ),
        (
            json!({"server": {"image": "i", "engine": "off"}, "graph": two}),
            "`server.engine`: expected `auto` or `on`",
        ),
        (
            json!({"pod": {"tolerations": [{"lock": "a"}]}}),
            "`pod.tolerations[0].lock`: expected a field that Kubernetes has",
        ),
        (json!({"pod": {"affinity": {"nodeAffinity": 7}}}), "`pod.affinity`"),
        (
            json!({"scale": {"replicas": 4_294_967_295_u32}}),
            "`scale.replicas`: expected a number below",
        ),
        (
            json!({"scale": {"auto": {"min": 1, "max": 2, "metrics": [{"type": "Pods"}]}}}),
            "`scale.auto.metrics[0]`",
        ),
        (json!({"scale": {"pdb": {"minAvailable": 0.5}}}), "`scale.pdb.minAvailable`"),
        (
            json!({"name": "a".repeat(45), "scale": {"auto": {"min": 1, "max": 2, "queue": {"prometheus": "http://p"}}}}),
            "`scale.auto.queue`: expected pods with a name of at most 63 characters",
        ),
        (json!({"annotations": {"seldon.io/no-engine": "true"}}), "expected it as `server.engine`"),
        (
            json!({"variants": [{"name": "b", "model": {}, "server": {}}]}),
            "`variants[0].server.image`",
        ),
        (
            json!({"variants": [{"name": "b", "model": {}, "traffic": 60}, {"name": "c", "model": {}, "traffic": 60}]}),
            "got `120`",
        ),
    ];
    for (more, expected) in cases {
        let told = told(&more);
        assert!(told.contains(expected), "{expected}: {told}");
    }
}

#[test]
fn what_no_pod_can_be_is_refused() {
    let volume = |name: &str| json!([{"name": name, "emptyDir": {}}]);
    let mounts = |name: &str, path: &str| json!([{"name": name, "mountPath": path}]);
    let twice = json!({"name": "a", "image": "i", "children": [{"name": "a", "image": "i"}]});
    let cases = [
        (
            json!({"graph": twice}),
            "`graph.children[0].name`: expected a name that no other node has, got `a`",
        ),
        (json!({"pod": {"volumes": volume("radiant-cache")}}), "`pod.volumes`: expected names"),
        (
            json!({"pod": {"volumeMounts": mounts("ca", "/ca")}}),
            "`pod.volumeMounts[0].name`: expected a volume",
        ),
        (
            json!({"pod": {"volumes": volume("v"), "volumeMounts": mounts("v", "/cache")}}),
            "`pod.volumeMounts`: expected paths that nothing else is mounted at, got `/cache`",
        ),
    ];
    for (more, expected) in cases {
        let told = told(&more);
        assert!(told.contains(expected), "{expected}: {told}");
    }
}

#[test]
fn secrets_in_addresses_are_refused_and_not_shown() {
    for uri in ["https://me:hunter2@host/m.tar", "https://a.blob.core.windows.net/c/m?sig=hunter2"]
    {
        let told = told(&json!({"model": {"uri": uri}}));
        assert!(told.starts_with("`model.uri`") && !told.contains("hunter2"), "{told}");
    }
}

#[test]
fn older_kinds_get_no_fields_that_they_lack() {
    let scale = json!({"scale": {"auto": {"min": 1, "max": 3, "cpu": 70}}});
    let of = |capabilities| {
        let facts = Facts { capabilities, ..Facts::default() };
        serde_json::to_string(&render(&config(&scale), &facts).unwrap().deployment).unwrap()
    };
    let fields = ["progressDeadlineSeconds", "metricsv2", "seccompProfile"];
    let has = |text: &str| fields.map(|field| text.contains(field));
    let all = |is: bool| {
        Some(Capabilities { progress_deadline: is, metrics_v2: is, seccomp_profile: is })
    };
    assert_eq!(has(&of(None)), [false, true, true]);
    assert_eq!(has(&of(all(true))), [true; 3]);
    assert_eq!(has(&of(all(false))), [false; 3]);
}

#[test]
fn a_canary_stands_beside_the_main_predictor_as_it_is() {
    let old = render(&config(&json!({"server": {"image": "radiant:0"}})), &Facts::default());
    let live = Box::new(old.unwrap().deployment.spec.predictors.remove(0));
    let new = config(&json!({}));
    let facts = |release| Facts { revision: Some(7), release, ..Facts::default() };
    let canary = facts(Release::Canary { live: live.clone(), traffic: 10 });
    let objects = render(&new, &canary).unwrap();
    let [main, canary] = &objects.deployment.spec.predictors[..] else { panic!() };
    assert_eq!((main.traffic, canary.traffic), (Some(90), Some(10)));
    assert_eq!((main.name.as_str(), canary.name.as_str()), ("main", "canary-7"));
    assert_eq!(main.component_specs, live.component_specs);
    assert_eq!(checked(&objects.deployment), []);
    let whole = render(&new, &facts(Release::Whole)).unwrap();
    assert_eq!(objects.config_hash, whole.config_hash, "the same is wanted in the end");

    let shadow = Release::Shadow { live: live.clone(), mirrored: Some(20) };
    let objects = render(&new, &facts(shadow)).unwrap();
    let [main, shadow] = &objects.deployment.spec.predictors[..] else { panic!() };
    assert_eq!((main.traffic, main.shadow), (Some(100), None));
    assert_eq!(
        (shadow.name.as_str(), shadow.traffic, shadow.shadow),
        ("shadow-7", Some(20), Some(true))
    );
    assert_eq!(checked(&objects.deployment), []);

    for traffic in [0, 100] {
        assert!(render(&new, &facts(Release::Canary { live: live.clone(), traffic })).is_err());
    }
}

#[test]
fn the_hash_is_of_what_is_wanted() {
    let hash = |more: &Value, facts: &Facts| render(&config(more), facts).unwrap().config_hash;
    let plain = hash(&json!({}), &Facts::default());
    let later = Facts { revision: Some(9), namespace: Some("ml".to_owned()), ..Facts::default() };
    assert_eq!(hash(&json!({}), &later), plain);
    assert_ne!(hash(&json!({"scale": {"replicas": 2}}), &Facts::default()), plain);
    let mut other = Facts::default();
    other.digests.insert("s3://models/iris".to_owned(), "sha256:1".to_owned());
    assert_ne!(hash(&json!({}), &other), plain, "other bytes at the same address");
    let pinned = Facts {
        images: [("radiant:1".to_owned(), "radiant@sha256:2".to_owned())].into(),
        ..Facts::default()
    };
    assert_ne!(hash(&json!({}), &pinned), plain, "another image of the same tag");
}

#[test]
fn what_has_no_effect_is_told() {
    let warnings = |more: &Value| render(&config(more), &Facts::default()).unwrap().warnings;
    assert_eq!(warnings(&json!({})), Vec::<String>::new());
    let told = warnings(&json!({"credentials": {"fromEnv": true}}));
    assert!(told[0].contains("`radiant-iris-storage`"), "{told:?}");
    let told = warnings(&json!({"scale": {"auto": {"min": 1, "max": 2, "cpu": 50}}}));
    assert!(told[0].contains("`server.resources.requests.cpu` is none"), "{told:?}");
    let told = warnings(&json!({"compat": {"zenml": true}, "scale": {"pdb": {"minAvailable": 1}}}));
    assert!(told[0].contains("`scale.pdb`"), "{told:?}");
    let server = json!({"image": "i", "engineResources": {"limits": {"cpu": 1}}});
    assert!(warnings(&json!({"server": server}))[0].contains("engineResources"));
}

fn uris() -> impl Strategy<Value = Value> {
    prop::sample::select(vec![
        "s3://models/iris",
        "gs://b/x/",
        "az://c/p",
        "https://h/m.tar.gz",
        "oci://r:5000/m:1",
        "pvc://claim/path",
        "minio:b/p",
        "/models/iris",
        "builtin:echo",
    ])
    .prop_map(|uri| json!({"uri": uri, "method": "predict"}))
}

fn servers() -> impl Strategy<Value = Value> {
    (
        prop::sample::select(vec!["custom", "prepackaged", "initializer"]),
        prop::sample::select(vec!["seldon", "v2", "tensorflow"]),
        prop::sample::select(vec!["auto", "on", "off"]),
        prop::collection::btree_map("[a-z_]{1,8}", any::<i32>(), 0..3),
        any::<bool>(),
    )
        .prop_map(|(mode, protocol, engine, mut parameters, has_resources)| {
            parameters.remove("method");
            parameters.remove("model_uri");
            let mut server = json!({
                "mode": mode, "protocol": protocol, "engine": engine, "parameters": parameters,
                "image": "host:5000/radiant:1", "env": {"RADIANT_LOG_LEVEL": "info"},
            });
            if has_resources {
                server["resources"] = json!({"requests": {"cpu": 1, "memory": "64Mi"}});
                server["engineResources"] = json!({"limits": {"cpu": "100m"}});
            }
            server
        })
}

fn scales() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!({})),
        (0..100_u32).prop_map(|replicas| json!({"replicas": replicas})),
        (1..5_u32).prop_map(|min| json!({"auto": {"min": min, "max": 9, "cpu": 70, "memory": 80}})),
        Just(json!({"keda": {"triggers": [{"type": "cron", "metadata": {"start": "0"}}]}})),
        (1..9_u32).prop_map(|waiting| json!({"auto": {"min": 1, "max": 9, "cpu": 70,
            "queue": {"prometheus": "http://prometheus:9090", "waiting": waiting}}})),
        Just(json!({"replicas": 3, "pdb": {"maxUnavailable": "34%"}})),
    ]
}

fn pods() -> impl Strategy<Value = Value> {
    (any::<bool>(), any::<bool>(), "[a-z]{0,6}").prop_map(|(is_placed, has_volume, label)| {
        let mut pod = json!({"labels": {"team": label}});
        if is_placed {
            pod["nodeSelector"] = json!({"disk": "ssd"});
            pod["tolerations"] = json!([{"key": "gpu", "operator": "Exists"}]);
            pod["imagePullSecrets"] = json!(["registry"]);
        }
        if has_volume {
            pod["cacheSize"] = json!("10Gi");
            pod["volumes"] = json!([{"name": "tmp", "emptyDir": {}}]);
            pod["volumeMounts"] = json!([{"name": "tmp", "mountPath": "/tmp"}]);
        }
        pod
    })
}

fn graphs() -> impl Strategy<Value = Option<Value>> {
    let transformer = json!({
        "name": "scaler", "type": "transformer", "image": "scaler:1",
        "children": [{"name": "model", "model": {"uri": "s3://m/a"}}],
    });
    let split = json!({
        "name": "split", "implementation": "RANDOM_ABTEST", "parameters": {"ratioA": 0.5},
        "children": [{"name": "a", "model": {"uri": "s3://m/a"}}, {"name": "b", "model": {"uri": "gs://m/b"}}],
    });
    prop::sample::select(vec![None, None, Some(transformer), Some(split)])
}

fn variants() -> impl Strategy<Value = Value> {
    let variant = |name: &'static str, traffic: u8| {
        (uris(), prop::option::of(scales())).prop_map(move |(model, scale)| {
            json!({"name": name, "traffic": traffic, "model": model, "scale": scale})
        })
    };
    (variant("b", 20), variant("c", 30), uris(), 0..3_usize).prop_map(|(b, c, model, n)| {
        let shadow = json!({"name": "d", "shadow": true, "model": model});
        Value::Array([b, c, shadow].into_iter().take(n).collect())
    })
}

fn configs() -> impl Strategy<Value = Deployment> {
    (uris(), servers(), scales(), pods(), (graphs(), variants(), any::<bool>())).prop_map(
        |(model, mut server, scale, pod, (graph, variants, zenml))| {
            if graph.is_some() {
                server["engine"] = json!("auto");
            }
            // Pods of ZenML's long names are called by theirs where they are of one container.
            let zenml = zenml && (graph.is_none() || scale.pointer("/auto/queue").is_none());
            config(&json!({
                "model": model, "server": server, "scale": scale, "pod": pod, "graph": graph,
                "variants": variants, "compat": {"zenml": zenml},
                "credentials": {"existingSecret": "s3-creds"},
            }))
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_rendered_would_be_taken(config in configs(), revision in prop::option::of(1..99_u32)) {
        let facts = Facts { revision, ..Facts::default() };
        let objects = render(&config, &facts).unwrap();
        prop_assert_eq!(checked(&objects.deployment), []);
        prop_assert_eq!(&render(&config, &facts).unwrap(), &objects);
        // What is read back is what was written.
        let value = serde_json::to_value(&objects.deployment).unwrap();
        prop_assert_eq!(serde_json::from_value::<SeldonDeployment>(value).unwrap(), objects.deployment);
    }
}
