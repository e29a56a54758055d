//! Configurations and what they become, as files to read: `UPDATE_GOLDEN=1` writes them anew.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use radiant_contract::{EnvSource, ProcessEnv};
use radiant_deploy::config::Deployment;
use radiant_deploy::manifest::package::yaml;
use radiant_deploy::manifest::{Capabilities, Facts, Release, render};

use crate::read::{file, problems};

const END: &str = ".expected.yaml";

/// What is known of every case: a cluster of today, and a first revision.
fn facts() -> Facts {
    Facts {
        namespace: Some("models".to_owned()),
        revision: Some(1),
        images: [("registry.example.com/radiant:1.4", "registry.example.com/radiant@sha256:14")]
            .map(|(image, pinned)| (image.to_owned(), pinned.to_owned()))
            .into(),
        digests: [("s3://models/iris".to_owned(), "sha256:5e1d".to_owned())].into(),
        capabilities: Some(Capabilities {
            progress_deadline: true,
            metrics_v2: true,
            seccomp_profile: true,
        }),
        ..Facts::default()
    }
}

fn read(name: &str) -> Deployment {
    let text = fs::read_to_string(path(&format!("{name}.yaml"))).unwrap();
    serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn path(name: &str) -> PathBuf {
    file("deployer/tests/render/cases").join(name)
}

fn check(name: &str, config: &Deployment, facts: &Facts) {
    let object = serde_json::to_value(render(config, facts).unwrap().deployment).unwrap();
    assert_eq!(problems(&object), Vec::<String>::new(), "{name}");
    let got = yaml(&object);
    let path = path(&format!("{name}{END}"));
    if ProcessEnv.get("UPDATE_GOLDEN").is_some() {
        fs::write(&path, &got).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert!(got == expected, "{name}: `UPDATE_GOLDEN=1 cargo test` writes it anew:\n{got}");
}

#[test]
fn each_configuration_becomes_what_stands_beside_it() {
    let names = fs::read_dir(path("")).unwrap().map(|entry| entry.unwrap().file_name());
    let names: BTreeSet<String> = names
        .filter_map(|name| Some(name.to_str()?.strip_suffix(".yaml")?.to_owned()))
        .filter(|name| !name.ends_with(".expected"))
        .collect();
    assert!(names.len() >= 14, "{names:?}");
    for name in names {
        check(&name, &read(&name), &facts());
    }
}

#[test]
fn a_canary_and_a_shadow_are_beside_what_was_there() {
    let old = render(&read("custom"), &facts()).unwrap();
    let live = Box::new(old.deployment.spec.predictors[0].clone());
    let mut new = read("custom");
    new.model.uri = Some("s3://models/iris/2".to_owned());
    let second = |release| Facts { revision: Some(2), release, ..facts() };
    check("custom-canary", &new, &second(Release::Canary { live: live.clone(), traffic: 10 }));
    check("custom-shadow", &new, &second(Release::Shadow { live, mirrored: None }));
}

#[test]
fn a_canary_is_scaled_by_those_who_wait_for_it() {
    let config = read("queue");
    let live = Box::new(render(&config, &facts()).unwrap().deployment.spec.predictors[0].clone());
    let release = Release::Canary { live, traffic: 10 };
    let both = render(&config, &Facts { revision: Some(2), release, ..facts() }).unwrap();
    let query = |at: usize| {
        let keda = both.deployment.spec.predictors[at].component_specs[0].keda_spec.clone();
        let query = keda.unwrap()["triggers"][1]["metadata"]["query"].clone();
        query.as_str().unwrap().to_owned()
    };
    assert!(query(0).contains("\"iris-main-0-.+\""), "{}", query(0));
    assert!(query(1).contains("\"iris-canary-2-0-.+\""), "{}", query(1));
}

#[test]
fn the_page_on_scale_shows_what_is_rendered() {
    let case = fs::read_to_string(path("queue.yaml")).unwrap();
    let (_, scale) = case.split_once("\nscale:").unwrap();
    let whole = fs::read_to_string(path(&format!("queue{END}"))).unwrap();
    let (_, behind) = whole.split_once("    - kedaSpec:\n").unwrap();
    let keda = behind
        .lines()
        .map_while(|line| line.strip_prefix("      "))
        .take_while(|line| line.starts_with(' '));
    let keda: String = keda.flat_map(|line| [line, "\n"]).collect();
    let page = fs::read_to_string(file("docs/scale.md")).unwrap();
    for shown in [format!("scale:{scale}"), format!("kedaSpec:\n{keda}")] {
        assert!(page.contains(&format!("```yaml\n{shown}```")), "docs/scale.md lacks:\n{shown}");
    }
}
