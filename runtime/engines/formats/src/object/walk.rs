//! Ways through the graph: from a value to those it holds, and from the root to any value.

use std::collections::VecDeque;
use std::fmt::Write as _;

use super::store::Store;
use super::value::{ArrayValue, Value, ValueId};

/// How one value is reached from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// It is the same thing to a reader: the attributes of an object, the items of an array.
    Within,
    Attribute(ValueId),
    Item(usize),
    Key(ValueId),
    Argument(usize),
    State,
}

impl Step {
    /// Writes the step as Python would spell it.
    pub(crate) fn write(self, store: &Store, path: &mut String) {
        // Writing to a string does not fail.
        let _ok = match self {
            Self::Within => Ok(()),
            Self::Attribute(key) => {
                if !path.is_empty() {
                    path.push('.');
                }
                write_text(path, store.text(key).unwrap_or(b"?"), 100);
                Ok(())
            }
            Self::Item(at) => write!(path, "[{at}]"),
            Self::Key(key) => match (store.text(key), store.int_of(key)) {
                (Some(text), _) => {
                    path.push_str("['");
                    write_text(path, text, 100);
                    path.write_str("']")
                }
                (None, Some(number)) => write!(path, "[{number}]"),
                (None, None) => path.write_str("[..]"),
            },
            Self::Argument(at) => write!(path, "({at})"),
            Self::State => path.write_str(".__state__"),
        };
    }
}

/// Writes text without what could confuse a reader of a log, and no more than `chars_max` of it.
pub(crate) fn write_text(out: &mut String, text: &[u8], chars_max: usize) {
    // One character takes at most four bytes.
    let head = text.get(..chars_max.saturating_mul(4).min(text.len())).unwrap_or(text);
    for letter in String::from_utf8_lossy(head).chars().take(chars_max) {
        out.push(if letter.is_control() { '\u{fffd}' } else { letter });
    }
    if text.len() > chars_max {
        out.push_str("..");
    }
}

/// Calls `visit` with everything that a value holds, until it gives false.
pub(crate) fn for_each_child(
    store: &Store,
    id: ValueId,
    is_state: bool,
    visit: &mut dyn FnMut(ValueId, Step),
) {
    match store.get(id) {
        Value::List(items) | Value::Set(items) => each(items, Step::Item, visit),
        Value::Tuple(items) if is_state => {
            items.iter().for_each(|item| visit(*item, Step::Within));
        }
        Value::Tuple(items) => each(items, Step::Item, visit),
        Value::Dict(pairs) if is_state => pairs_of(pairs, Step::Attribute, visit),
        Value::Dict(pairs) => pairs_of(pairs, Step::Key, visit),
        Value::Array(array) => array_items(array, visit),
        Value::Object(object) => {
            if let Some(state) = object.state {
                visit(state, Step::Within);
            }
            each(&object.items, Step::Item, visit);
            pairs_of(&object.pairs, Step::Key, visit);
            visit(object.callee, Step::Within);
            each(store.sequence(object.args).unwrap_or(&[]), Step::Argument, visit);
            if let Some(kwargs) = object.kwargs {
                visit(kwargs, Step::Within);
            }
            if let Some(array) = &object.array {
                array_items(array, visit);
            }
        }
        _ => {}
    }
}

fn each(items: &[ValueId], step: fn(usize) -> Step, visit: &mut dyn FnMut(ValueId, Step)) {
    items.iter().enumerate().for_each(|(at, item)| visit(*item, step(at)));
}

fn pairs_of(
    pairs: &[(ValueId, ValueId)],
    step: fn(ValueId) -> Step,
    visit: &mut dyn FnMut(ValueId, Step),
) {
    for (key, value) in pairs {
        visit(*value, step(*key));
        visit(*key, step(*key));
    }
}

fn array_items(array: &ArrayValue, visit: &mut dyn FnMut(ValueId, Step)) {
    match array {
        ArrayValue::Plain { .. } => {}
        ArrayValue::Objects { items, .. } => each(items, Step::Item, visit),
        ArrayValue::Nested(inner) => visit(*inner, Step::Within),
    }
}

/// How every value of a graph is reached from its root.
///
/// Values that are held more than once have several ways; this knows a shortest one. Making it takes
/// time and memory for the whole graph, so it is made once, for the first error.
#[derive(Debug)]
pub(crate) struct Paths {
    root: ValueId,
    /// The value before each one on its way from the root, and how it was reached.
    before: Vec<Option<(ValueId, Step)>>,
}

/// The longest path that is written in full.
const STEPS_MAX: usize = 32;

impl Paths {
    pub(crate) fn new(store: &Store, root: ValueId) -> Self {
        let mut paths = Self { root, before: vec![None; store.len()] };
        let mut queue = VecDeque::from([root]);
        while let Some(id) = queue.pop_front() {
            let state = paths.is_state(store, id);
            for_each_child(store, id, state, &mut |child, step| {
                if let Some(slot @ None) = paths.before.get_mut(child.index())
                    && child != root
                {
                    *slot = Some((id, step));
                    queue.push_back(child);
                }
            });
        }
        paths
    }

    fn holder(&self, id: ValueId) -> Option<(ValueId, Step)> {
        self.before.get(id.index()).copied().flatten()
    }

    /// Whether a value was reached as the state of an object, or as a part of such a state.
    fn is_state(&self, store: &Store, id: ValueId) -> bool {
        let Some((first, Step::Within)) = self.holder(id) else { return false };
        if store.object(first).is_some() {
            return true;
        }
        self.holder(first)
            .is_some_and(|(second, step)| step == Step::Within && store.object(second).is_some())
    }

    /// The path to a value; `None` if the root does not hold it.
    ///
    /// Of a long path only the end is written.
    pub(crate) fn path(&self, store: &Store, target: ValueId) -> Option<String> {
        let mut steps = Vec::new();
        let mut at = target;
        let mut path = String::new();
        while at != self.root {
            let (holder, step) = self.holder(at)?;
            if steps.len() == STEPS_MAX {
                path.push_str("..");
                break;
            }
            if step != Step::Within {
                steps.push(step);
            }
            at = holder;
        }
        for step in steps.iter().rev() {
            step.write(store, &mut path);
        }
        Some(path)
    }
}
