//! From texts to checked configurations: files over each other, then an environment's overlay, then
//! single values, then variables; then the schema, and all other rules.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use radiant_contract::EnvSource;
use serde_json::{Value, json};

use super::keypath::KeyPath;
use super::node::{Content, Mapping, Node, Origin};
use super::problem::{ConfigErrors, Problem, listed, meant, quoted};
use super::set::Assignment;
use super::source::Source;
use super::{Deployment, check, combine, schema, variables, yaml};

/// How many overlays a document may have: each is checked.
const OVERLAYS_MAX: usize = 64;

/// A configuration that holds, and what may not have been meant.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// What it says. Paths in it are as this process can open them; it has no `environments` any more.
    pub deployment: Deployment,
    /// The file that it began in, or `stdin`.
    pub source: String,
    /// That file's folder; empty for the one that the program runs in.
    pub folder: PathBuf,
    /// What may not have been meant.
    pub warnings: Vec<Problem>,
    /// Where each of its values was written.
    document: Node,
}

impl Loaded {
    /// Says of a problem where in the files it is.
    #[must_use]
    pub fn locate(&self, problem: Problem) -> Problem {
        problem.located(&self.document)
    }
}

/// Reads configurations: later sources over earlier ones, then the overlay called `environment` of each,
/// then the values of `set`, as `PATH=VALUE`.
///
/// # Errors
/// All that is wrong with them.
pub fn load(
    sources: &[Source],
    environment: Option<&str>,
    set: &[String],
    env: &dyn EnvSource,
) -> Result<Vec<Loaded>, ConfigErrors> {
    let mut problems = Vec::new();
    let assignments = set
        .iter()
        .filter_map(|text| Assignment::parse(text).map_err(|problem| problems.push(*problem)).ok());
    let assignments: Vec<Assignment> = assignments.collect();
    let documents = match read(sources) {
        Ok(documents) => documents,
        Err(found) => {
            problems.extend(found);
            return Err(ConfigErrors::new(problems));
        }
    };
    let mut loaded = Vec::new();
    for (document, source) in documents {
        let laid = Laid::new(document, environment, &assignments, env);
        match laid.and_then(|laid| laid.finish(source, sources)) {
            Ok(one) => loaded.push(one),
            Err(found) => problems.extend(found),
        }
    }
    problems.extend(twins(&loaded));
    if problems.iter().any(Problem::is_error) {
        Err(ConfigErrors::new(problems))
    } else {
        Ok(loaded)
    }
}

/// All documents, those of later sources over those of earlier ones, each with its first source.
fn read(sources: &[Source]) -> Result<Vec<(Node, &Source)>, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut read = Vec::new();
    for source in sources {
        let name: Arc<str> = Arc::from(source.name.as_str());
        match yaml::documents(&source.text, &name) {
            Ok(documents) => read.push((source, documents)),
            Err(error) => {
                let mut problem = Problem::error(KeyPath::default(), "YAML", error.message);
                problem.origin = Some(Origin { source: name, position: error.position });
                problems.push(problem);
            }
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let documents = combine::combine(read)?;
    if documents.is_empty() {
        let problem = Problem::error(KeyPath::default(), "a document", "nothing but comments");
        let hint = "`radiant-deploy init` writes one";
        return Err(vec![problem.hint(hint)]);
    }
    Ok(documents)
}

/// A document with all that is laid over it.
struct Laid {
    node: Node,
    value: Value,
    warnings: Vec<Problem>,
}

impl Laid {
    fn new(
        mut node: Node,
        environment: Option<&str>,
        assignments: &[Assignment],
        env: &dyn EnvSource,
    ) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let overlays = overlays(&mut node, &mut problems);
        let unasked = overlays.iter().filter(|(name, _)| Some(name.as_str()) != environment);
        problems.extend(unasked.flat_map(|(name, overlay)| of_overlay(&node, name, overlay)));
        if let Some(wanted) = environment {
            match overlays.get(wanted) {
                Some(overlay) => node = overlay.clone().over(node),
                None => problems.push(no_overlay(&node, &overlays, wanted)),
            }
        }
        for assignment in assignments {
            problems.extend(assignment.apply(&mut node).err().map(|problem| *problem));
        }
        problems.extend(variables::fill(&mut node, env));
        let value = conforming(&mut node, &mut problems);
        if problems.iter().any(Problem::is_error) {
            // Once more without what is wrong, for the other rules.
            problems.extend(others(&node, value));
            return Err(problems);
        }
        Ok(Self { node, value, warnings: problems })
    }

    fn finish(self, source: &Source, sources: &[Source]) -> Result<Loaded, Vec<Problem>> {
        let Self { node, value, mut warnings } = self;
        let mut deployment: Deployment = serde_json::from_value(value).map_err(|error| {
            let got = format!("what does not fit: {error}");
            vec![Problem::error(KeyPath::default(), "a deployment", got).located(&node)]
        })?;
        let found = check::check(&deployment).into_iter();
        warnings.extend(found.map(|problem| problem.located(&node)));
        if warnings.iter().any(Problem::is_error) {
            return Err(warnings);
        }
        settle(&mut deployment, &node, sources);
        let (source, folder) = (source.name.clone(), source.folder.clone());
        Ok(Loaded { deployment, source, folder, warnings, document: node })
    }
}

/// Takes the overlays out of a document.
fn overlays(document: &mut Node, problems: &mut Vec<Problem>) -> BTreeMap<String, Node> {
    const KEY: &str = "environments";
    let Some(node) = document.entries_mut().and_then(|entries| entries.remove(KEY)) else {
        return BTreeMap::new();
    };
    let path = KeyPath::of(KEY);
    if let Some(entries) = node.entries()
        && entries.len() > OVERLAYS_MAX
    {
        let expected = format!("at most {OVERLAYS_MAX} environments");
        let n_got = entries.len();
        problems.push(Problem::error(path, expected, n_got.to_string()));
        return BTreeMap::new();
    }
    let mut wrong = |path: KeyPath, node: &Node, got: &str| {
        let mut problem = Problem::error(path, "a mapping", got);
        problem.origin.clone_from(&node.origin);
        problems.push(problem);
    };
    let Content::Map(mapping) = node.content else {
        if !node.is_null() {
            wrong(path, &node, "something else");
        }
        return BTreeMap::new();
    };
    let mut overlays = BTreeMap::new();
    for (name, mut overlay) in mapping.entries {
        if overlay.is_null() {
            overlay.content = Content::Map(Mapping::default());
        }
        match overlay.entries() {
            Some(entries) if entries.contains_key(KEY) => {
                wrong(path.key(&name).key(KEY), &overlay, "another layer of environments");
            }
            Some(_) => {
                overlays.insert(name, overlay);
            }
            None => wrong(path.key(&name), &overlay, "something else"),
        }
    }
    overlays
}

/// What is wrong with the form of an overlay that is not asked for.
fn of_overlay(document: &Node, name: &str, overlay: &Node) -> Vec<Problem> {
    // Only with what it is laid over: there may be many overlays of a large document.
    let keys = overlay.entries().into_iter().flat_map(BTreeMap::keys);
    let below = keys.filter_map(|key| Some((key.clone(), document.entries()?.get(key)?.clone())));
    let below = Mapping { entries: below.collect(), replaces: false };
    let laid = overlay.clone().over(Node::new(Content::Map(below), None));
    let above = KeyPath::of("environments").key(name);
    let mut problems = Vec::new();
    for breach in schema::breaches(&laid.value()) {
        let path = &breach.problem.path;
        let of_overlay = overlay.find(path).or_else(|| {
            // A key that is missing was to be in a mapping of the overlay.
            let (owner, _) = path.split_last()?;
            overlay.find(&owner).filter(|_| document.find(&owner).is_none())
        });
        let is_open = laid.find(path).is_some_and(|node| variables::is_reference(&node.value()));
        if of_overlay.is_some() && !is_open {
            let mut problem = breach.problem.located(&laid);
            problem.path = problem.path.below(&above);
            problems.push(problem);
        }
    }
    problems
}

fn no_overlay(document: &Node, overlays: &BTreeMap<String, Node>, wanted: &str) -> Problem {
    let known: Vec<&str> = overlays.keys().map(String::as_str).collect();
    let of = document.text("name").map(|name| format!(" of {}", quoted(name))).unwrap_or_default();
    let expected = match known.as_slice() {
        [] => format!("an overlay{of} called {}", quoted(wanted)),
        known => format!("one of the environments{of}, {}", listed(known.iter().copied())),
    };
    let got = if known.is_empty() { "none".to_owned() } else { quoted(wanted) };
    let mut problem = Problem::error(KeyPath::of("environments"), expected, got).located(document);
    problem.hint = meant(wanted, known).map(|name| format!("did you mean `{name}`?"));
    problem
}

/// The value of a document, with its breaches of the schema told. What was given outside of files becomes
/// a text, or a number, where that is what there must be.
fn conforming(document: &mut Node, problems: &mut Vec<Problem>) -> Value {
    let mut value = document.value();
    let mut breaches = schema::breaches(&value);
    let mut is_changed = false;
    for breach in breaches.iter().filter(|breach| breach.is_type) {
        let Some(node) = document.find_mut(&breach.problem.path) else { continue };
        let Some(outside) = &node.outside else { continue };
        let is_text = matches!(&node.content, Content::Scalar(Value::String(_)));
        let as_text = Content::Scalar(Value::from(outside.text.as_str()));
        node.content = if is_text { yaml::value(&outside.text).content } else { as_text };
        is_changed = true;
    }
    if is_changed {
        value = document.value();
        breaches = schema::breaches(&value);
    }
    problems.extend(breaches.into_iter().map(|breach| breach.problem.located(document)));
    value
}

/// What other rules say of a document that breaks the schema: of all that is left when the breaches are cut
/// out of it.
fn others(document: &Node, mut value: Value) -> Vec<Problem> {
    let mut gone: Vec<KeyPath> = Vec::new();
    for breach in schema::breaches(&value) {
        gone.push(schema::cut(&mut value, &breach.cut));
        gone.push(breach.problem.path);
    }
    for (key, replacement) in
        [("apiVersion", "radiant.dev/v1"), ("kind", "Deployment"), ("name", "unnamed")]
    {
        if let Value::Object(members) = &mut value {
            members.entry(key).or_insert(json!(replacement));
        }
    }
    let Ok(deployment) = serde_json::from_value::<Deployment>(value) else { return Vec::new() };
    let found = check::check(&deployment).into_iter();
    let apart = found.filter(|problem| !gone.iter().any(|gone| gone.touches(&problem.path)));
    apart.map(|problem| problem.located(document)).collect()
}

/// Deployments that would be one object.
fn twins(loaded: &[Loaded]) -> Vec<Problem> {
    let mut known: BTreeMap<(&str, Option<&str>), &Loaded> = BTreeMap::new();
    let mut problems = Vec::new();
    for one in loaded {
        let Deployment { name, namespace, .. } = &one.deployment;
        if let Some(before) = known.insert((name, namespace.as_deref()), one) {
            let expected = "another name or namespace for each document";
            let got = format!("{} in `{}` and `{}`", quoted(name), before.source, one.source);
            problems.push(Problem::error(KeyPath::of("name"), expected, got));
        }
    }
    problems
}

/// Makes relative paths begin where the program runs, and not in the folder of the file that has them.
fn settle(deployment: &mut Deployment, document: &Node, sources: &[Source]) {
    let in_folder = |path: &mut PathBuf, at: &KeyPath| {
        let origin = document.find(at).and_then(|node| node.origin.as_ref());
        let source =
            origin.and_then(|origin| sources.iter().find(|source| source.name == *origin.source));
        // A flag's path is the shell's.
        let folder = source.map_or(Path::new(""), |source| source.folder.as_path());
        *path = folder.join(&*path);
    };
    if let Some(path) = &mut deployment.model.path {
        in_folder(path, &KeyPath::of("model.path"));
    }
    if let Some(path) = &mut deployment.credentials.from_file {
        in_folder(path, &KeyPath::of("credentials.fromFile"));
    }
    for (index, test) in deployment.tests.iter_mut().enumerate() {
        let at = KeyPath::of("tests").index(index);
        in_folder(&mut test.request, &at.key("request"));
        in_folder(&mut test.expect, &at.key("expect"));
    }
    for (index, variant) in deployment.variants.iter_mut().enumerate() {
        if let Some(path) = &mut variant.model.path {
            in_folder(path, &KeyPath::of("variants").index(index).key("model").key("path"));
        }
    }
    let mut nodes: Vec<_> =
        deployment.graph.iter_mut().map(|root| (root, KeyPath::of("graph"))).collect();
    while let Some((node, at)) = nodes.pop() {
        if let Some(path) = node.model.as_mut().and_then(|model| model.path.as_mut()) {
            in_folder(path, &at.key("model").key("path"));
        }
        let children = node.children.iter_mut().enumerate();
        nodes.extend(children.map(|(index, child)| (child, at.key("children").index(index))));
    }
}

#[cfg(test)]
mod tests;
