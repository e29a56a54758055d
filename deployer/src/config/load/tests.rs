//! Configurations as a whole: overlays, values of flags and variables, and what is told of mistakes.

use proptest::prelude::*;
use radiant_contract::MapEnv;

use super::*;
use crate::config::Mode;

const WHOLE: &str = "\
apiVersion: radiant.dev/v1
kind: Deployment
name: fraud
model:
  uri: s3://models/fraud
credentials:
  implicit: true
server:
  image: acme/radiant:1.4
";

fn source(name: &str, text: &str) -> Source {
    let folder = Path::new(name).parent().unwrap().to_owned();
    Source { name: name.to_owned(), folder, text: text.to_owned() }
}

fn env() -> MapEnv {
    [("TAG", "1.5"), ("N", "7"), ("SA", "irsa"), ("TOKEN", "hunter2")].into_iter().collect()
}

fn load_one(text: &str, environment: Option<&str>, set: &[&str]) -> Result<Loaded, String> {
    let set: Vec<String> = set.iter().map(|&text| text.to_owned()).collect();
    let loaded = load(&[source("radiant.yaml", text)], environment, &set, &env());
    loaded.map(|mut all| all.remove(0)).map_err(|errors| errors.to_string())
}

#[test]
fn a_whole_document_becomes_a_deployment() {
    let loaded = load_one(WHOLE, None, &[]).unwrap();
    assert_eq!(loaded.deployment.name, "fraud");
    assert_eq!(loaded.deployment.server.mode, Mode::Custom);
    assert_eq!(loaded.deployment.rollout.timeout, "10m");
    assert_eq!((loaded.source.as_str(), loaded.warnings.len()), ("radiant.yaml", 0));
}

#[test]
fn all_mistakes_are_told_at_once_with_their_places() {
    let text = "\
apiVersion: radiant.dev/v1
kind: Deployment
name: Fraud
model:
  uri: s3://models/fraud
  formats: onnx
scale: {replicas: two}
server:
  image: acme/radiant:1.4
  env:
    AWS_SECRET_ACCESS_KEY: hunter2
";
    let expected = "\
the configuration has 5 mistakes
  radiant.yaml:3:1: `name`: expected at most 40 lowercase letters, digits and `-`, a letter first, a \
letter or digit last, got `Fraud`
  radiant.yaml:6:3: `model.formats`: expected one of the keys `digest`, `format`, `method`, `path` or \
`uri`, got another key
    hint: did you mean `format`?
  radiant.yaml:7:9: `scale.replicas`: expected a whole number, got `two`
";
    let errors = load_one(text, None, &[]).unwrap_err();
    assert!(errors.starts_with(expected), "{errors}");
    assert!(errors.contains("radiant.yaml:11:5: `server.env.AWS_SECRET_ACCESS_KEY`"), "{errors}");
    assert!(errors.contains("`credentials`: expected one of"), "{errors}");
    assert!(!errors.contains("hunter2"), "{errors}");
}

#[test]
fn an_environment_is_laid_over_and_values_of_flags_over_that() {
    let text = format!(
        "{WHOLE}scale: {{replicas: 1}}\nenvironments:\n  prod: {{namespace: ml, scale: {{replicas: 4}}}}\n"
    );
    let plain = load_one(&text, None, &[]).unwrap().deployment;
    assert_eq!((plain.namespace, plain.scale.replicas), (None, Some(1)));
    let prod = load_one(&text, Some("prod"), &[]).unwrap().deployment;
    assert_eq!((prod.namespace.as_deref(), prod.scale.replicas), (Some("ml"), Some(4)));
    assert!(prod.environments.is_empty());
    let set = load_one(&text, Some("prod"), &["scale.replicas=5"]).unwrap().deployment;
    assert_eq!(set.scale.replicas, Some(5));
    let error = load_one(&text, Some("prods"), &[]).unwrap_err();
    assert_eq!(
        error,
        "`environments`: expected one of the environments of `fraud`, `prod`, got `prods`"
    );
}

#[test]
fn overlays_that_nobody_asks_for_are_checked_too() {
    let text = format!(
        "{WHOLE}environments:\n  prod:\n    scale: {{replica: 4}}\n  test: {{scale: {{replicas: '${{env:X}}'}}}}\n"
    );
    let error = load_one(&text, None, &[]).unwrap_err();
    let expected =
        "radiant.yaml:12:13: `environments.prod.scale.replica`: expected one of the keys";
    assert!(error.starts_with(expected), "{error}");
}

#[test]
fn what_comes_from_outside_becomes_what_is_needed() {
    let set = ["labels.version=1.10", "server.env.N=3", "scale.replicas=${env:N}"];
    let deployment = load_one(WHOLE, None, &set).unwrap().deployment;
    assert_eq!(deployment.labels["version"], "1.10");
    assert_eq!(deployment.server.env["N"], "3");
    assert_eq!(deployment.scale.replicas, Some(7));
    let text = format!("{WHOLE}labels: {{version: '${{env:TAG}}'}}\n");
    assert_eq!(load_one(&text, None, &[]).unwrap().deployment.labels["version"], "1.5");
    let error = load_one(&format!("{WHOLE}labels: {{version: 1.10}}\n"), None, &[]).unwrap_err();
    assert!(error.contains("expected a text, got the number 1.1"), "{error}");
}

#[test]
fn credentials_may_name_variables_shortly() {
    let set = ["credentials.implicit=false", "credentials.serviceAccount=${SA}"];
    let deployment = load_one(WHOLE, None, &set).unwrap().deployment;
    assert_eq!(deployment.credentials.service_account.as_deref(), Some("irsa"));
}

#[test]
fn what_variables_hold_is_never_shown() {
    for set in [
        "name=${env:TOKEN}-A",
        "scale.replicas=${env:TOKEN}",
        "model.format=${env:TOKEN}",
        "server.env.PASSWORD=${env:TOKEN}",
        "route.baseUrl=${env:TOKEN}",
        "model.uri=${env:TOKEN}",
    ] {
        let error = load_one(WHOLE, None, &[set]).unwrap_err();
        assert!(!error.contains("hunter2"), "{set}: {error}");
    }
}

fn names(sources: &[(&str, &str)]) -> Result<Vec<String>, String> {
    let sources: Vec<Source> = sources.iter().map(|(name, text)| source(name, text)).collect();
    let loaded = load(&sources, None, &[], &env()).map_err(|errors| errors.to_string())?;
    let image = |one: &Loaded| one.deployment.server.image.clone().unwrap_or_default();
    Ok(loaded.iter().map(|one| format!("{} {}", one.deployment.name, image(one))).collect())
}

#[test]
fn documents_of_later_files_find_the_one_that_they_are_for() {
    let other = WHOLE.replace("fraud", "churn");
    let two = format!("{WHOLE}---\n{other}");
    let over = |text: &str| names(&[("a.yaml", &two), ("b.yaml", text)]);
    let both = |fraud: &str, churn: &str| {
        Ok(vec![format!("fraud acme/radiant:{fraud}"), format!("churn acme/radiant:{churn}")])
    };
    assert_eq!(over("# nothing\n"), both("1.4", "1.4"));
    assert_eq!(over("server: {image: 'acme/radiant:2'}"), both("2", "2"));
    assert_eq!(over("{name: churn, server: {image: 'acme/radiant:2'}}"), both("1.4", "2"));
    let each = "server: {image: 'acme/radiant:2'}\n---\nserver: {image: 'acme/radiant:3'}\n";
    assert_eq!(over(each), both("2", "3"));
    let error = over("{name: churns, scale: {replicas: 2}}").unwrap_err();
    assert!(error.starts_with("b.yaml:1:2: `name`: expected the name of an earlier"), "{error}");
    let third = WHOLE.replace("fraud", "third");
    assert_eq!(over(&third).map(|names| names.len()), Ok(3));
    assert!(
        over(&format!("{each}---\nscale: {{}}\n")).unwrap_err().contains("at most 2 documents")
    );
    assert!(over("- a").unwrap_err().contains("expected a mapping, got a list"));
}

#[test]
fn environments_are_not_without_number() {
    let overlays: Vec<String> = (0..65).map(|n| format!("e{n}: {{}}")).collect();
    let overlays = overlays.join(", ");
    let error = load_one(&format!("{WHOLE}environments: {{{overlays}}}\n"), None, &[]).unwrap_err();
    assert!(error.contains("`environments`: expected at most 64 environments, got 65"), "{error}");
}

#[test]
fn what_the_documentation_has_is_taken() {
    let text = "\
apiVersion: radiant.dev/v1
kind: Deployment
name: fraud
namespace: ml
model:
  uri: s3://models/fraud/2026-10-01/
  format: auto
  method: predict_proba
credentials:
  serviceAccount: fraud-irsa
server:
  mode: custom
  image: ghcr.io/acme/radiant:1.4
  protocol: seldon
  engine: auto
  parameters: {batch_max: 32}
  env: {RADIANT_LOG: info}
  resources: {requests: {cpu: 500m, memory: 256Mi}, limits: {memory: 512Mi}}
  engineResources: {requests: {cpu: 100m}}
scale: {replicas: 2}
rollout:
  strategy: rolling
  timeout: 10m
  onFailure: rollback
  canary: {steps: [5, 25, 50], hold: 5m, abortWhen: {errorRate: 1%, p95Increase: 20%}}
tests:
- {request: tests/one.json, expect: tests/one.out.json, tolerance: 1e-6}
route: {baseUrl: auto, host: null, gateway: null}
pod: {nodeSelector: {}, tolerations: [], affinity: {}, imagePullSecrets: [], \
securityContext: {runAsNonRoot: true, readOnlyRootFilesystem: true}}
labels: {team: risk}
graph: null
compat: {zenml: false}
environments:
  prod: {scale: {replicas: 4}, namespace: ml-prod}
";
    let deployment = load_one(text, Some("prod"), &[]).unwrap().deployment;
    assert_eq!(
        (deployment.namespace.as_deref(), deployment.scale.replicas),
        (Some("ml-prod"), Some(4))
    );
    assert_eq!(deployment.server.parameters["batch_max"], json!(32));
}

#[test]
fn two_documents_of_one_name_are_refused() {
    let error = names(&[("a.yaml", &format!("{WHOLE}---\n{WHOLE}"))]).unwrap_err();
    assert!(error.contains("another name or namespace for each document"), "{error}");
    let apart = format!("{WHOLE}---\n{WHOLE}namespace: other\n");
    assert_eq!(names(&[("a.yaml", &apart)]).map(|names| names.len()), Ok(2));
}

#[test]
fn nothing_and_broken_texts_are_refused() {
    assert!(names(&[("a.yaml", "# nothing\n")]).unwrap_err().contains("expected a document"));
    assert!(names(&[("a.yaml", "")]).unwrap_err().contains("expected a document"));
    let error = names(&[("a.yaml", "a: [")]).unwrap_err();
    assert!(error.starts_with("a.yaml:") && error.contains("expected YAML"), "{error}");
    assert!(names(&[("a.yaml", "a")]).unwrap_err().contains("expected a mapping, got `a`"));
}

#[test]
fn paths_begin_in_the_folder_of_their_file() {
    let text = format!("{WHOLE}tests:\n- {{request: one.json, expect: /abs/two.json}}\n");
    let sources = [
        source("base/radiant.yaml", &text),
        source("prod/p.yaml", "credentials: {implicit: null, fromFile: key.json}"),
    ];
    let set = ["model.path=m".to_owned(), "model.uri=null".to_owned()];
    let loaded = load(&sources, None, &set, &env()).unwrap().remove(0);
    let deployment = loaded.deployment;
    assert_eq!(deployment.tests[0].request, Path::new("base/one.json"));
    assert_eq!(deployment.tests[0].expect, Path::new("/abs/two.json"));
    assert_eq!(deployment.credentials.from_file.as_deref(), Some(Path::new("prod/key.json")));
    assert_eq!(deployment.model.path.as_deref(), Some(Path::new("m")));
    assert_eq!(loaded.folder, Path::new("base"));
}

proptest! {
    #[test]
    fn hostile_documents_are_loaded_or_refused(
        key in "[a-z.\\[\\]{}:&*]{0,12}",
        value in "[-a-z0-9:{}\\[\\]&*!#'\"$% \n]{0,40}",
    ) {
        drop(load_one(&format!("{WHOLE}{key}: {value}\n"), Some("a"), &[&format!("{key}={value}")]));
        drop(load_one(&value, None, &[]));
    }

    #[test]
    fn what_is_printed_is_read_as_the_same(
        replicas in 0..9_u32,
        label in "[a-z0-9]{1,8}",
        parameter in prop_oneof![
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            "[ -~]{0,12}".prop_map(Value::from),
        ],
    ) {
        let mut deployment = load_one(WHOLE, None, &[]).unwrap().deployment;
        deployment.scale.replicas = Some(replicas);
        deployment.labels.insert("label".to_owned(), label);
        let is_reference = variables::is_reference(&parameter);
        prop_assume!(!is_reference);
        deployment.server.parameters.insert("p".to_owned(), parameter);
        let text = serde_saphyr::to_string(&deployment).unwrap();
        prop_assert_eq!(load_one(&text, None, &[]).unwrap().deployment, deployment);
    }
}
