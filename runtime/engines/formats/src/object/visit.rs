//! Descending into objects: no cycle is walked twice, and no shared object for ever.

use super::node::Node;
use crate::error::FormatError;

/// That a reader is inside an object; ends when it is dropped.
#[derive(Debug)]
#[must_use = "the object counts as left when this is dropped"]
pub struct Visit<'g> {
    node: Node<'g>,
}

impl<'g> Node<'g> {
    /// Enters an object to read what it is made of.
    ///
    /// Every reader that may come back to the same object through what it reads keeps the result
    /// for as long as it is inside.
    ///
    /// # Errors
    /// If a reader is inside the object already, or inside more objects than
    /// [`Limits::depth_max`](crate::Limits::depth_max), or readers have entered more objects than
    /// [`Limits::visits_max`](crate::Limits::visits_max) in all.
    pub fn enter(self) -> Result<Visit<'g>, FormatError> {
        let graph = self.graph();
        let limits = graph.limits();
        let visits = graph.visits.get().saturating_add(1);
        if visits > limits.visits_max {
            FormatError::check_limit(self.place(), "objects read", limits.visits_max, visits)?;
        }
        graph.visits.set(visits);
        let depth = graph.open.borrow().len().saturating_add(1);
        if depth > limits.depth_max {
            FormatError::check_limit(
                self.place(),
                "objects inside objects",
                limits.depth_max,
                depth,
            )?;
        }
        if !graph.open.borrow_mut().insert(self.id) {
            return Err(FormatError::damaged(
                self.place(),
                "an object that does not hold itself",
                "a cyclic object graph",
            ));
        }
        Ok(Visit { node: self })
    }
}

impl Drop for Visit<'_> {
    fn drop(&mut self) {
        self.node.graph().open.borrow_mut().remove(&self.node.id);
    }
}
