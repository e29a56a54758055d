//! Each rule, by a configuration that breaks it.

use radiant_contract::MapEnv;

use crate::config::{ConfigErrors, Loaded, Source, load};

/// A configuration that holds, with the mapping `more` laid over it.
fn loaded(more: &str) -> Result<Loaded, ConfigErrors> {
    let base = "apiVersion: radiant.dev/v1\nkind: Deployment\nname: fraud\n\
                model: {uri: s3://models/fraud}\ncredentials: {implicit: true}\n\
                server: {image: acme/radiant:1.4}\nenvironments:\n  more: ";
    let text = format!("{base}{more}\n");
    let source = Source { name: "radiant.yaml".to_owned(), folder: "".into(), text };
    load(&[source], Some("more"), &[], &MapEnv::default()).map(|mut all| all.remove(0))
}

/// What is said of it, warnings with a mark.
fn told(more: &str) -> Vec<String> {
    let problems = match loaded(more) {
        Ok(loaded) => loaded.warnings,
        Err(errors) => errors.0,
    };
    let told = problems.into_iter().map(|mut problem| {
        problem.origin = None;
        let mark = if problem.is_error() { "" } else { "warning: " };
        format!("{mark}{problem}")
    });
    told.collect()
}

#[test]
fn what_is_in_order_is_taken() {
    for more in [
        "{}",
        "{namespace: ml, labels: {team: risk, a.b/c: ''}}",
        "{model: {uri: 'minio:models/fraud', format: sklearn, method: predict}}",
        "{model: {uri: https://host/model.onnx}, credentials: null}",
        "{model: {uri: oci://registry/model:1}, credentials: null}",
        "{model: {uri: null}, credentials: null}",
        "{model: {uri: null, path: ./model}, credentials: null}",
        "{server: {mode: prepackaged, image: null}}",
        "{server: {parameters: {a: 1, b: 1.5, c: x, d: true}, env: {RADIANT_LOG: info}}}",
        "{server: {resources: {requests: {cpu: 500m, memory: 256Mi}, limits: {memory: 512Mi, \
         nvidia.com/gpu: 1}}}}",
        "{scale: {auto: {min: 1, max: 8, cpu: 70}}, server: {resources: {requests: {cpu: 1}}}}",
        "{scale: {replicas: 3, pdb: {minAvailable: 50%}}}",
        "{scale: {keda: {triggers: [{type: cron}]}}}",
        "{scale: {auto: {min: 1, max: 8, cpu: 70, queue: {prometheus: 'http://prometheus:9090'}}}, \
         server: {resources: {requests: {cpu: 1}}}}",
        "{rollout: {timeout: 1h30m, strategy: canary, canary: {steps: [5, 25, 50], hold: 5m, \
         abortWhen: {errorRate: 1%, p95Increase: 120%}}}}",
        "{route: {baseUrl: 'https://models.example.com/a', host: a.b, gateway: istio/gw}}",
        "{variants: [{name: b, traffic: 10, model: {uri: s3://models/b}}, {name: c, shadow: true, \
         model: {uri: s3://models/c}}]}",
        "{model: {uri: null}, graph: {name: in, type: transformer, children: [{name: model, model: \
         {uri: s3://m/a}}]}}",
        "{annotations: {a: b=c}}",
    ] {
        assert_eq!(told(more), Vec::<String>::new(), "{more}");
    }
}

/// Each breaks one rule: what is said of it has all of these words.
const BROKEN: [(&str, &str); 68] = [
    ("{name: Fraud}", "at most 40 lowercase letters"),
    ("{namespace: a.b}", "`namespace`: expected at most 63"),
    ("{labels: {a b: c}}", "`labels.a b`: expected a key"),
    ("{labels: {a: b c}}", "got `b c`"),
    ("{labels: {radiant.dev/name: x}}", "written for every deployment"),
    (
        "{labels: {app.kubernetes.io/name: x}}",
        r"`labels.app\.kubernetes\.io/name`: expected another",
    ),
    ("{annotations: {radiant.dev/revision: '1'}}", "written for every deployment"),
    (
        "{annotations: {a: b=c}, server: {engine: on}}",
        "`annotations.a`: expected a value without `=`",
    ),
    ("{pod: {annotations: {a: b=c}}, server: {engine: on}}", "a value without `=`"),
    ("{model: {path: a}}", "`model`: expected only one of `uri` or `path`, got `uri` and `path`"),
    (
        "{model: {uri: null}, credentials: null, server: {image: null}}",
        "`uri` or `path`, got neither",
    ),
    ("{model: {uri: models/a}}", "a place that pods reach"),
    ("{model: {uri: 'hf://a/b'}}", "a store that models are read from"),
    ("{model: {uri: 's3://'}}", "a bucket after the scheme"),
    ("{model: {uri: ':s3,access_key_id=hunter2:b/c'}}", "without settings"),
    ("{model: {uri: 'https://me:hunter2@host/m'}}", "without user, password and signature"),
    (
        "{model: {uri: 'https://host/m?sig=hunter2'}}",
        "warning: `model.uri`: expected an address without a query",
    ),
    ("{model: {uri: 'az://c/m?sig=hunter2'}}", "without user, password and signature"),
    ("{model: {format: savedmodel}}", "one of `auto`, `onnx`"),
    ("{model: {method: proba}}", "one of `predict_proba`"),
    ("{model: {digest: 'sha256:12'}}", "64 lowercase hexadecimal digits"),
    ("{credentials: null}", "got none, for `s3://models/fraud`"),
    ("{credentials: {fromEnv: true}}", "got `fromEnv` and `implicit`"),
    ("{credentials: {implicit: false, serviceAccount: A}}", "`credentials.serviceAccount`"),
    ("{server: {image: null}}", "`server.image`: expected the server's image, got none"),
    ("{server: {image: 'https://a/b'}}", "`server.image`: expected an image as"),
    ("{server: {image: 'A B'}}", "`server.image`: expected an image as"),
    ("{model: {uri: null}, server: {mode: initializer}}", "as mode `initializer` has it fetched"),
    ("{server: {implementation: ''}}", "`server.implementation`"),
    ("{server: {parameters: {a: [1]}}}", "a number of at most 64 bits"),
    ("{server: {parameters: {a: 18446744073709551615}}}", "a number of at most 64 bits"),
    (
        "{server: {parameters: {model_uri: x}}}",
        "`server.parameters.model_uri`: expected another name",
    ),
    ("{server: {parameters: {api_key: hunter2}}}", "warning: `server.parameters.api_key`"),
    ("{model: {method: predict}, server: {parameters: {method: predict}}}", "got both"),
    ("{server: {env: {AWS_SECRET_ACCESS_KEY: hunter2}}}", "expected nothing secret"),
    ("{server: {env: {1A: x}}}", "no digit first"),
    ("{server: {env: {PREDICTIVE_UNIT_ID: x}}}", "the operator sets this one"),
    ("{server: {drain: 2h}}", "of an hour at most"),
    ("{server: {resources: {requests: {cpu: many}}}}", "a quantity such as `500m` or `2`"),
    ("{server: {resources: {requests: {memories: 1Gi}}}}", "or a name such as `nvidia.com/gpu`"),
    (
        "{server: {resources: {requests: {cpu: 2}, limits: {cpu: 500m}}}}",
        "at most its limit, `500m`, got `2`",
    ),
    (
        "{server: {resources: {requests: {memory: 500m}}}}",
        "warning: `server.resources.requests.memory`",
    ),
    ("{server: {resources: {limits: {memory: 512}}}}", "warning: `server.resources.limits.memory`"),
    ("{server: {resources: {limits: {cpu: 1000}}}}", "warning: `server.resources.limits.cpu`"),
    ("{server: {engineResources: {limits: {nvidia.com/gpu: 500m}}}}", "a whole number"),
    ("{scale: {replicas: 1, auto: {min: 1, max: 2, metrics: [{}]}}}", "got `replicas` and `auto`"),
    ("{scale: {auto: {min: 3, max: 2, metrics: [{}]}}}", "at least `min`, which is 3"),
    ("{scale: {auto: {min: 0, max: 2, metrics: [{}]}}}", "at least 1"),
    ("{scale: {auto: {min: 1, max: 2}}}", "`cpu`, `memory`, `metrics` or `queue`"),
    (
        "{scale: {auto: {min: 1, max: 2, cpu: 70, queue: {prometheus: 'http://me:hunter2@host'}}}, \
         server: {resources: {limits: {cpu: 1}}}}",
        "`scale.auto.queue.prometheus`: expected an address",
    ),
    (
        "{scale: {auto: {min: 1, max: 2, cpu: 70, queue: {prometheus: 'http://p', waiting: 0}}}, \
         server: {resources: {limits: {cpu: 1}}}}",
        "`scale.auto.queue.waiting`: expected at least 1",
    ),
    (
        "{scale: {auto: {min: 1, max: 2, cpu: 70, metrics: [{}], queue: {prometheus: 'http://p'}}}, \
         server: {resources: {limits: {cpu: 1}}}}",
        "`scale.auto.queue`: expected no `metrics` beside it",
    ),
    (
        "{scale: {auto: {min: 1, max: 2, queue: {prometheus: 'http://p'}}}}",
        "warning: `scale.auto.queue`: expected `cpu` or `memory` beside it",
    ),
    ("{scale: {auto: {min: 1, max: 2, cpu: 70}}}", "expected `server.resources.requests.cpu`"),
    ("{scale: {keda: {}}}", "a list of KEDA's triggers"),
    ("{scale: {pdb: {}}}", "`minAvailable` or `maxUnavailable`, got neither"),
    ("{scale: {pdb: {minAvailable: half}}}", "a share such as `50%`"),
    ("{scale: {replicas: 2, pdb: {minAvailable: 2}}}", "warning: `scale.pdb`: expected room"),
    ("{rollout: {timeout: soon}}", "`rollout.timeout`"),
    ("{rollout: {strategy: canary}}", "the steps of strategy `canary`"),
    ("{rollout: {canary: {steps: [25, 5], hold: 5m}}}", "growing shares from 1 to 99"),
    ("{rollout: {canary: {steps: [5], hold: 0s}}}", "`rollout.canary.hold`"),
    (
        "{rollout: {canary: {steps: [5], hold: 1m, abortWhen: {errorRate: '2'}}}}",
        "a share such as `1%`",
    ),
    ("{route: {baseUrl: 'https://me:hunter2@host'}}", "`route.baseUrl`: expected `auto`, or"),
    ("{pod: {cacheSize: big}}", "a quantity of bytes"),
    ("{pod: {volumeMounts: [{name: a, mountPath: /a}]}}", "the name of one of `pod.volumes`"),
    ("{variants: [{name: main, traffic: 1, model: {uri: s3://m/b}}]}", "neither `main` nor"),
    ("{variants: [{name: b, traffic: 100, model: {uri: s3://m/b}}]}", "less than 100 percent"),
];

#[test]
fn each_rule_is_told_when_it_is_broken() {
    for (more, expected) in BROKEN {
        let told = told(more);
        let [only] = told.as_slice() else { panic!("{more}: {told:#?}") };
        assert!(only.contains(expected), "{more}: {only}");
        assert!(!only.contains("hunter2"), "{more}: {only}");
    }
}

#[test]
fn rules_of_graphs_and_variants_are_told() {
    for (more, expected) in [
        ("{graph: {name: a}}", "`model`: expected the models in `graph`"),
        (
            "{model: {uri: null}, server: {engine: off}, graph: {name: a, children: [{name: b}]}}",
            "`server.engine`: expected `auto` or `on`",
        ),
        ("{model: {uri: null}, graph: {name: a, type: router}}", "`graph.children`: expected the"),
        ("{model: {uri: null}, graph: {name: a, children: [{name: a}]}}", "another name for each"),
        (
            "{model: {uri: null}, graph: {name: a, implementation: SKLEARN_SERVER}}",
            "`graph.model`: expected a `uri`",
        ),
        (
            "{model: {uri: null}, graph: {name: a, implementation: RANDOM_ABTEST, children: [{name: b}]}}",
            "two nodes, which an A/B test chooses from, got 1",
        ),
        (
            "{variants: [{name: b, shadow: true, model: {uri: s3://m/b}}, {name: c, shadow: true, \
             model: {uri: s3://m/c}}]}",
            "one shadow at most",
        ),
        (
            "{variants: [{name: b, traffic: 60, model: {uri: s3://m/b}}], rollout: {strategy: \
             canary, canary: {steps: [50], hold: 1m}}}",
            "steps that leave 60 percent",
        ),
        ("{variants: [{name: b, model: {uri: s3://m/b}}]}", "a share from 1 to 99"),
        (
            "{variants: [{name: b, traffic: 5, model: {}}]}",
            "or a `server.image` that has the model",
        ),
    ] {
        let told = told(more);
        let [only] = told.as_slice() else { panic!("{more}: {told:#?}") };
        assert!(only.contains(expected), "{more}: {only}");
    }
}

#[test]
fn deep_graphs_are_refused_and_do_not_overflow() {
    let mut graph = "{name: n0}".to_owned();
    for n in 1..12 {
        graph = format!("{{name: n{n}, children: [{graph}]}}");
    }
    let told = told(&format!("{{model: {{uri: null}}, graph: {graph}}}"));
    assert!(told.len() == 1 && told[0].contains("at most 10 nodes below each other"), "{told:?}");
}
