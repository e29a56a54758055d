//! Which Deployment, ReplicaSet and pods belong to which part of a SeldonDeployment.
//!
//! Changing the name of a predictor or container makes a new Deployment, and the operator deletes the
//! old one when the new one is ready: both are there for a while, and only one of them counts.

use k8s_openapi::api::apps::v1::{Deployment, DeploymentCondition, ReplicaSet};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::observed::Observed;
use super::sdep::{Component, Predictor, REVISION, Replicas, Sdep};

/// The annotation by which a Deployment and its newest ReplicaSet agree.
const TEMPLATE_NUMBER: &str = "deployment.kubernetes.io/revision";
/// The label by which the operator marks what belongs to a predictor.
const APP: &str = "seldon-app";

/// The predictors of a spec, with what there is of each.
#[derive(Debug)]
pub(super) struct Family<'a> {
    pub(super) groups: Vec<Group<'a>>,
}

/// A predictor, with its Deployments.
#[derive(Debug)]
pub(super) struct Group<'a> {
    pub(super) predictor: Predictor<'a>,
    pub(super) members: Vec<Member<'a>>,
    /// How many of its templates have no Deployment.
    pub(super) n_missing: usize,
}

/// A Deployment that counts, with the pods of its present template.
#[derive(Debug)]
pub(super) struct Member<'a> {
    pub(super) deployment: &'a Deployment,
    /// How many pods the spec says; nothing for a Deployment of the operator's own.
    pub(super) wanted: Option<Replicas>,
    /// Whether it has the template that the spec has.
    pub(super) is_current: bool,
    pub(super) replica_set: Option<&'a ReplicaSet>,
    pub(super) pods: Vec<&'a Pod>,
}

impl<'a> Family<'a> {
    pub(super) fn of(observed: &'a Observed) -> Self {
        let Some(sdep) = observed.sdep.as_ref().map(Sdep::new) else {
            return Self { groups: Vec::new() };
        };
        let predictors = sdep.predictors();
        let mut groups: Vec<_> = predictors.into_iter().map(Group::empty).collect();
        for deployment in &observed.deployments {
            let names: Vec<_> = groups.iter().map(|group| group.predictor.name).collect();
            let app = label(&deployment.metadata, APP);
            let by_label = |group: &Group<'_>| group.predictor.is_app(app);
            let by_name = || owner_by_name(&observed.name, &names, name(&deployment.metadata));
            if let Some(idx) = groups.iter().position(by_label).or_else(by_name) {
                groups[idx].offer(&observed.name, deployment);
            }
        }
        for member in groups.iter_mut().flat_map(|group| &mut group.members) {
            member.find_pods(observed);
        }
        for group in &mut groups {
            group.count_missing();
        }
        Self { groups }
    }

    pub(super) fn members(&self) -> impl Iterator<Item = (&Group<'a>, &Member<'a>)> {
        self.groups.iter().flat_map(|group| group.members.iter().map(move |it| (group, it)))
    }

    /// The predictor that a pod serves in, and whether it is of the present template.
    pub(super) fn place_of(&self, pod: &Pod) -> (Option<&'a str>, bool) {
        let uid = pod.metadata.uid.as_deref();
        let mut members = self.members();
        let present = members.find(|(_, member)| {
            member.is_current && member.pods.iter().any(|it| it.metadata.uid.as_deref() == uid)
        });
        if let Some((group, _)) = present {
            return (Some(group.predictor.name), true);
        }
        let app = label(&pod.metadata, APP);
        let group = self.groups.iter().find(|group| group.predictor.is_app(app));
        (group.map(|group| group.predictor.name), false)
    }
}

impl<'a> Group<'a> {
    fn empty(predictor: Predictor<'a>) -> Self {
        Self { predictor, members: Vec::new(), n_missing: 0 }
    }

    /// Takes a Deployment of this predictor, unless there is one that fits its template better.
    fn offer(&mut self, sdep: &str, deployment: &'a Deployment) {
        let idx = self.component_of(sdep, deployment);
        let component = idx.and_then(|idx| self.predictor.components.get(idx));
        let member = Member {
            deployment,
            wanted: component.map(|it| it.replicas),
            is_current: component.is_none_or(|it| has_template(deployment, it)),
            replica_set: None,
            pods: Vec::new(),
        };
        if idx.is_none() {
            return self.members.push(member);
        }
        let of_same =
            |it: &Member<'_>| it.wanted.is_some() && self.component_of(sdep, it.deployment) == idx;
        match self.members.iter().position(of_same) {
            None => self.members.push(member),
            Some(at) if member.fitness() > self.members[at].fitness() => self.members[at] = member,
            Some(_) => {}
        }
    }

    /// Which template a Deployment is of: by its name, or where that is a hash, by its containers.
    fn component_of(&self, sdep: &str, deployment: &Deployment) -> Option<usize> {
        let prefix = format!("{sdep}-{}-", self.predictor.name);
        if let Some(rest) = name(&deployment.metadata).strip_prefix(&prefix) {
            let idx = rest.split('-').next()?.parse().ok()?;
            return (idx < self.predictor.components.len()).then_some(idx);
        }
        let containers = containers(deployment);
        let has_all = |component: &Component<'_>| {
            let mut names = component.images.iter().map(|(name, _)| *name);
            names.all(|name| containers.iter().any(|(it, _)| *it == name))
        };
        self.predictor.components.iter().position(has_all)
    }

    fn count_missing(&mut self) {
        let n_found = self.members.iter().filter(|member| member.wanted.is_some()).count();
        self.n_missing = self.predictor.components.len().saturating_sub(n_found);
    }
}

impl<'a> Member<'a> {
    /// The one with the wanted template, and of those the newest.
    fn fitness(&self) -> impl Ord + use<> {
        let created = self.deployment.metadata.creation_timestamp.as_ref();
        (self.is_current, created.map(|time| time.0))
    }

    pub(super) fn name(&self) -> &'a str {
        name(&self.deployment.metadata)
    }

    /// How many pods the Deployment wants.
    pub(super) fn n_wanted(&self) -> i32 {
        self.deployment.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1)
    }

    /// Of its status: all pods, those of the present template, the ready and the available ones.
    pub(super) fn counts(&self) -> Counts {
        let status = self.deployment.status.clone().unwrap_or_default();
        Counts {
            all: status.replicas.unwrap_or(0),
            updated: status.updated_replicas.unwrap_or(0),
            ready: status.ready_replicas.unwrap_or(0),
            available: status.available_replicas.unwrap_or(0),
        }
    }

    /// Whether Kubernetes has seen the Deployment as it is now.
    pub(super) fn is_seen(&self) -> bool {
        let seen = self.deployment.status.as_ref().and_then(|status| status.observed_generation);
        seen.unwrap_or(0) >= self.deployment.metadata.generation.unwrap_or(0)
    }

    /// Whether the spec's number of pods has come to the Deployment.
    pub(super) fn is_scaled(&self) -> bool {
        match self.wanted {
            Some(Replicas::Fixed(n)) => self.n_wanted() == n,
            Some(Replicas::Scaled) | None => true,
        }
    }

    /// Whether all its pods are there, of the wanted template, available, and no others.
    pub(super) fn is_rolled_out(&self) -> bool {
        let wanted = self.n_wanted();
        let counts = self.counts();
        self.is_current
            && self.is_seen()
            && self.is_scaled()
            && [counts.all, counts.updated, counts.available].iter().all(|count| *count == wanted)
    }

    pub(super) fn condition(&self, kind: &str) -> Option<&'a DeploymentCondition> {
        let status = self.deployment.status.as_ref()?;
        status.conditions.iter().flatten().find(|condition| condition.type_ == kind)
    }

    fn find_pods(&mut self, observed: &'a Observed) {
        if !self.is_seen() {
            // The newest ReplicaSet may be of the former template.
            return;
        }
        let uid = self.deployment.metadata.uid.as_deref();
        let number = annotation(&self.deployment.metadata, TEMPLATE_NUMBER);
        let sets = observed.replica_sets.iter().filter(|set| is_owned_by(&set.metadata, uid));
        self.replica_set = sets.max_by_key(|set| {
            let is_same = annotation(&set.metadata, TEMPLATE_NUMBER) == number;
            let created = set.metadata.creation_timestamp.as_ref();
            (is_same && number.is_some(), created.map(|time| time.0))
        });
        let Some(set) = self.replica_set else { return };
        let uid = set.metadata.uid.as_deref();
        self.pods = observed.pods.iter().filter(|pod| is_owned_by(&pod.metadata, uid)).collect();
    }
}

/// Counts of a Deployment's pods.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counts {
    pub(super) all: i32,
    pub(super) updated: i32,
    pub(super) ready: i32,
    pub(super) available: i32,
}

/// Whether a Deployment has the template of a component: by our annotation, else by the images.
fn has_template(deployment: &Deployment, component: &Component<'_>) -> bool {
    if let Some(revision) = component.revision {
        return template_revision(deployment) == Some(revision);
    }
    let containers = containers(deployment);
    component.images.iter().all(|wanted| containers.contains(wanted))
}

/// The revision that a Deployment's pods are made of.
pub(super) fn template_revision(deployment: &Deployment) -> Option<&str> {
    let template = &deployment.spec.as_ref()?.template;
    annotation(template.metadata.as_ref()?, REVISION)
}

fn containers(deployment: &Deployment) -> Vec<(&str, &str)> {
    let spec = deployment.spec.as_ref().and_then(|spec| spec.template.spec.as_ref());
    let containers = spec.into_iter().flat_map(|spec| &spec.containers);
    containers.map(|it| (it.name.as_str(), it.image.as_deref().unwrap_or_default())).collect()
}

/// The predictor whose name a Deployment's name begins with, the longest of several.
fn owner_by_name(sdep: &str, predictors: &[&str], deployment: &str) -> Option<usize> {
    let rest = deployment.strip_prefix(sdep)?.strip_prefix('-')?;
    let mut found: Vec<_> = predictors
        .iter()
        .enumerate()
        .filter(|(_, name)| rest.strip_prefix(**name).is_some_and(|it| it.starts_with('-')))
        .collect();
    found.sort_by_key(|(_, name)| name.len());
    found.last().map(|(idx, _)| *idx)
}

fn is_owned_by(meta: &ObjectMeta, uid: Option<&str>) -> bool {
    let mut owners = meta.owner_references.iter().flatten();
    uid.is_some_and(|uid| owners.any(|owner| owner.uid == uid))
}

pub(super) fn name(meta: &ObjectMeta) -> &str {
    meta.name.as_deref().unwrap_or_default()
}

pub(super) fn annotation<'a>(meta: &'a ObjectMeta, key: &str) -> Option<&'a str> {
    meta.annotations.as_ref()?.get(key).map(String::as_str)
}

fn label<'a>(meta: &'a ObjectMeta, key: &str) -> &'a str {
    meta.labels.as_ref().and_then(|labels| labels.get(key)).map_or("", String::as_str)
}

#[cfg(test)]
mod tests {
    use super::super::fixture::Stage;
    use super::*;

    #[test]
    fn a_deployment_belongs_to_the_longest_predictor_name() {
        let predictors = ["main", "main-b"];
        assert_eq!(owner_by_name("x", &predictors, "x-main-0-model"), Some(0));
        assert_eq!(owner_by_name("x", &predictors, "x-main-b-0-model"), Some(1));
        assert_eq!(owner_by_name("x", &predictors, "y-main-0-model"), None);
    }

    #[test]
    fn of_two_deployments_of_one_template_the_wanted_one_counts() {
        let mut stage = Stage::ready();
        let mut renamed = stage.observed.deployments[0].clone();
        renamed.metadata.name = Some("fraud-main-0-classifier".to_owned());
        Stage::set_template_revision(&mut renamed, "6");
        stage.observed.deployments.insert(0, renamed);
        let family = Family::of(&stage.observed);
        let [(_, member)] = family.members().collect::<Vec<_>>()[..] else { panic!("one counts") };
        assert_eq!(member.name(), "fraud-main-0-model");
        assert!(member.is_current);
    }

    #[test]
    fn pods_of_the_former_template_are_none_of_the_present_one() {
        let mut stage = Stage::ready();
        stage.add_former_pod("old");
        let family = Family::of(&stage.observed);
        let (_, member) = family.members().next().expect("there is one");
        assert_eq!(member.pods.len(), 2);
        let old = stage.observed.pods.last().expect("there is one");
        assert_eq!(family.place_of(old), (Some("main"), false));
    }

    #[test]
    fn a_hashed_name_is_told_by_its_labels_and_containers() {
        let mut stage = Stage::ready();
        stage.observed.deployments[0].metadata.name = Some("seldon-0123456789abcdef".to_owned());
        let family = Family::of(&stage.observed);
        let (group, member) = family.members().next().expect("there is one");
        assert_eq!((group.predictor.name, group.n_missing), ("main", 0));
        assert_eq!(member.wanted, Some(Replicas::Fixed(2)));
    }
}
