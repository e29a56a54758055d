//! Which document of a later file is laid over which of earlier ones.
//!
//! One with the `name` of an earlier document is laid over that; one without a name over the document in
//! its place, or over all where it is the only one of its file. One with another name is a deployment of
//! its own, if it says so by its `apiVersion`.

use super::keypath::KeyPath;
use super::node::Node;
use super::problem::{Problem, listed, meant, quoted, shown};
use super::source::Source;

type Document<'a> = (Node, &'a Source);

/// Lays the documents of later sources over those of earlier ones.
///
/// # Errors
/// When it is not clear over which one.
pub(super) fn combine(
    sources: Vec<(&Source, Vec<Node>)>,
) -> Result<Vec<Document<'_>>, Vec<Problem>> {
    let mut all: Vec<Document<'_>> = Vec::new();
    let mut problems = Vec::new();
    for (at, (source, documents)) in sources.into_iter().enumerate() {
        if at == 0 {
            all.extend(documents.into_iter().map(|document| (document, source)));
            continue;
        }
        let n_before = all.len();
        let n_documents = documents.len();
        for (index, document) in documents.into_iter().enumerate() {
            let placed = over(document, Place { index, n_documents, n_before }, source, &mut all);
            problems.extend(placed.err().map(|problem| *problem));
        }
    }
    if problems.is_empty() { Ok(all) } else { Err(problems) }
}

/// Where a document stands in its file, and how many there are before it.
#[derive(Clone, Copy)]
struct Place {
    index: usize,
    n_documents: usize,
    n_before: usize,
}

fn over<'a>(
    document: Node,
    place: Place,
    source: &'a Source,
    all: &mut Vec<Document<'a>>,
) -> Result<(), Box<Problem>> {
    if document.entries().is_none() {
        let got = shown(&document.value());
        let problem = Problem::error(KeyPath::default(), "a mapping", got);
        return Err(Box::new(problem.located(&document)));
    }
    let name = document.text("name");
    let of_name = |(node, _): &Document<'_>| name.is_some() && node.text("name") == name;
    if let Some(below) = all.iter_mut().find(|one| of_name(one)) {
        lay(document, below);
    } else if let Some(name) = name {
        let is_whole = document.entries().is_some_and(|entries| entries.contains_key("apiVersion"));
        if !is_whole {
            return Err(Box::new(unknown(name, &document, all)));
        }
        all.push((document, source));
    } else if place.n_documents == 1 {
        for below in all.iter_mut().take(place.n_before) {
            lay(document.clone(), below);
        }
    } else if let Some(below) = all.iter_mut().take(place.n_before).nth(place.index) {
        lay(document, below);
    } else {
        let expected = format!("at most {} documents without a name, as before", place.n_before);
        let mut problem =
            Problem::error(KeyPath::default(), expected, place.n_documents.to_string());
        problem.origin = document.entries().and_then(|all| all.values().next()?.origin.clone());
        return Err(Box::new(problem));
    }
    Ok(())
}

fn lay(document: Node, (below, _): &mut Document<'_>) {
    let base = std::mem::replace(below, Node::scalar(serde_json::Value::Null));
    *below = document.over(base);
}

fn unknown(name: &str, document: &Node, all: &[Document<'_>]) -> Problem {
    let known: Vec<&str> = all.iter().filter_map(|(node, _)| node.text("name")).collect();
    let expected = format!("the name of an earlier document, {}", listed(known.iter().copied()));
    let mut problem = Problem::error(KeyPath::of("name"), expected, quoted(name)).located(document);
    problem.hint = Some(match meant(name, known) {
        Some(name) => format!("did you mean `{name}`?"),
        None => "leave it out to lay this over what there is; a document with `apiVersion` is one \
                 of its own"
            .to_owned(),
    });
    problem
}
