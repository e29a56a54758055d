//! Whether the rows of a batch can be run in other company than they came in.
//!
//! Padding a batch, or cutting it into parts, is right only if each row of every output is computed
//! from the same row of the inputs alone, in the same way for every row, whatever the number of
//! rows. A mean over the batch, a softmax along it or a value made of its size would answer
//! silently wrong numbers. So the batch axis is followed through the graph, from the inputs to the
//! outputs, and every operator on its way must be one that is known here to keep rows apart.
//!
//! The answer errs to the safe side: an operator that is not listed leaves it unproven.
//!
//! Three kinds of values are told apart. *Free* ones have nothing to do with the batch. *Rows* have
//! slices along one axis that belong to one row each: one a row, or several, as in `[batch * 4, 8]`
//! or `[7 * batch, 8]`. A *count* knows how many rows there are, as shapes do, and may do nothing
//! but shape values. With the batch fixed in the file there are no counts: the number of rows is a
//! constant like any other.

mod axes;
mod shaped;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};

use crate::Model;
use crate::infer::dim::{Dim, Num};
use crate::infer::op::{Info, Op};
use crate::infer::{Inferred, infer};
use crate::pb::{GraphProto, NodeProto};

/// Whether each row of every output depends on the same row of the inputs alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Independence {
    /// It does, for any number of rows.
    AnyRows,
    /// It does, but the file fixes the number of rows.
    FixedRows(usize),
    /// It may depend on other rows, or on how many there are, as far as is known.
    Unproven {
        /// What stands in the way.
        reason: String,
    },
}

impl Independence {
    /// Whether rows are surely independent.
    pub fn is_proven(&self) -> bool {
        !matches!(self, Self::Unproven { .. })
    }

    fn unproven(reason: impl Into<String>) -> Self {
        Self::Unproven { reason: reason.into() }
    }
}

impl Model {
    /// Whether rows, along the first axis of inputs and outputs, are computed independently.
    ///
    /// The batch is the first axis of the inputs where its extent is unknown; inputs whose first
    /// extent is known are then the same for all rows. Where no first extent is unknown, it is the
    /// first axis of all inputs, if their extents agree.
    ///
    /// Cost: linear in the number of nodes.
    pub fn row_independence(&self) -> Independence {
        let inferred = infer(self);
        let inputs: Vec<&str> = self.open_inputs().map(|input| input.name.as_str()).collect();
        let first = |name: &str| inferred.values.get(name)?.dims.as_deref()?.first().copied();
        let firsts: Vec<Option<Dim>> = inputs.iter().map(|name| first(name)).collect();
        let batch = if firsts.contains(&Some(Dim::BATCH)) {
            Dim::BATCH
        } else {
            match firsts.split_first() {
                Some((&Some(batch), others)) if others.iter().all(|dim| *dim == Some(batch)) => {
                    batch
                }
                _ => return Independence::unproven("the inputs have no first axis in common"),
            }
        };
        let mut tracker = Tracker::new(self, inferred, batch);
        match tracker.follow(&inputs) {
            Err(reason) => Independence::Unproven { reason },
            Ok(()) => batch.known().map_or(Independence::AnyRows, Independence::FixedRows),
        }
    }
}

/// What a value has to do with the batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Track {
    Free,
    Rows(Rows),
    Count,
}

/// Where the rows of a value are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Rows {
    /// The axis along which they lie.
    axis: usize,
    /// How often the whole batch comes one after the other along the axis. In each of these turns,
    /// a row has as many neighbouring slices as any other.
    turns: Dim,
}

impl Rows {
    /// One slice a row along an axis, or several neighbouring ones.
    fn at(axis: usize) -> Self {
        Self { axis, turns: Dim::Known(1) }
    }
}

struct Tracker<'m> {
    model: &'m Model,
    inferred: Inferred<'m>,
    /// The extent of the batch.
    batch: Dim,
    tracks: HashMap<&'m str, Track>,
    /// Symbols that are sure not to grow with the batch.
    clean: HashSet<u32>,
}

/// One node on the way.
struct Step<'a, 'm> {
    op: Op<'a, 'm>,
    tracks: Vec<Track>,
    batch: Dim,
    /// What is known of the node's first output.
    output: Option<&'a Info<'m>>,
}

/// Where rows are in a node's outputs.
enum Found {
    /// Along this axis in all of them.
    Axis(usize),
    /// Along these axes, one for each.
    Axes(Vec<usize>),
    /// Here in the first one.
    Rows(Rows),
}

impl<'m> Tracker<'m> {
    fn new(model: &'m Model, inferred: Inferred<'m>, batch: Dim) -> Self {
        Self { model, inferred, batch, tracks: HashMap::new(), clean: HashSet::new() }
    }

    /// Follows the batch through the graph, or says where it cannot.
    fn follow(&mut self, inputs: &[&'m str]) -> Result<(), String> {
        for name in inputs {
            let known = self.inferred.values.get(name).and_then(|info| info.dims.as_deref());
            let dims = known.ok_or_else(|| format!("input `{name}` has no known shape"))?;
            let is_batched = dims.first() == Some(&self.batch);
            let track = if is_batched { Track::Rows(Rows::at(0)) } else { Track::Free };
            if !self.define(name, track, false) {
                return Err(format!("input `{name}` has the batch at another axis too"));
            }
        }
        let graph: &'m GraphProto = &self.model.graph;
        for node in &graph.node {
            self.node(node).ok_or_else(|| format!("{} may mix rows", node.place()))?;
        }
        for output in &graph.output {
            let info = self.inferred.values.get(output.name.as_str());
            let first = info.and_then(|info| info.dims.as_ref()?.first().copied());
            let is_rows = self.tracks.get(output.name.as_str()) == Some(&Track::Rows(Rows::at(0)));
            if !is_rows || first != Some(self.batch) {
                return Err(format!("output `{}` may have other rows", output.name));
            }
        }
        Ok(())
    }

    /// Follows the batch through one node; `None` where rows may meet.
    fn node(&mut self, node: &'m NodeProto) -> Option<()> {
        let track = |name: &String| self.tracks.get(name.as_str()).copied().unwrap_or(Track::Free);
        let is_standard = node.canonical_domain() == "";
        // Of the second input of CastLike, the type alone counts.
        let n_inputs = if is_standard && node.op_type == "CastLike" { 1 } else { usize::MAX };
        let tracks: Vec<Track> = node.input.iter().take(n_inputs).map(track).collect();
        let is_free = |track: &Track| *track == Track::Free;
        if node.graphs().next().is_some() && !captures(node).all(|name| is_free(&track(name))) {
            return None;
        }
        if tracks.iter().all(is_free) {
            return if node.is_random() { None } else { self.define_all(node, Track::Free) };
        }
        let mut rows = tracks.iter().filter_map(|track| match track {
            Track::Rows(rows) => Some(*rows),
            Track::Free | Track::Count => None,
        });
        let turns = rows.next().map(|rows| rows.turns);
        if rows.any(|rows| Some(rows.turns) != turns) {
            return None;
        }
        let is_shape = is_standard && matches!(node.op_type.as_str(), "Shape" | "Size");
        let has_count = tracks.contains(&Track::Count);
        match if is_shape { None } else { self.found(node, tracks) } {
            Some(found) => self.define_rows(node, &found, turns, has_count),
            None if is_shape || turns.is_none() => {
                let track = if self.is_constant(node) { Track::Free } else { Track::Count };
                self.define_all(node, track)
            }
            None => None,
        }
    }

    fn define_rows(
        &mut self,
        node: &'m NodeProto,
        found: &Found,
        turns: Option<Dim>,
        has_count: bool,
    ) -> Option<()> {
        let turns = turns.unwrap_or(Dim::Known(1));
        for (slot, name) in node.output.iter().enumerate().filter(|(_, name)| !name.is_empty()) {
            let rows = match found {
                Found::Axis(axis) => Rows { axis: *axis, turns },
                Found::Axes(axes) => Rows { axis: *axes.get(slot)?, turns },
                Found::Rows(rows) => *rows,
            };
            if !self.define(name, Track::Rows(rows), has_count) {
                return None;
            }
        }
        Some(())
    }

    fn found(&mut self, node: &'m NodeProto, tracks: Vec<Track>) -> Option<Found> {
        let Inferred { values, symbols, .. } = &mut self.inferred;
        let inputs = node.input.iter().map(|name| values.get(name.as_str())).collect();
        let opset = self.model.opset(&node.domain).unwrap_or(0);
        let op = Op { node, inputs, opset, symbols };
        let output = node.output.first().and_then(|name| values.get(name.as_str()));
        axes::of(&mut Step { op, tracks, batch: self.batch, output })
    }

    /// Whether a node whose inputs know the number of rows gives the same whatever it is.
    fn is_constant(&self, node: &NodeProto) -> bool {
        let Some(name) = node.output.first() else { return false };
        let ints = self.inferred.values.get(name.as_str()).and_then(|info| info.ints.as_ref());
        ints.is_some_and(|ints| {
            ints.iter().all(|int| match *int {
                Num::Known(_) => true,
                Num::Symbol(symbol) => self.is_clean(Dim::Symbol(symbol)),
                Num::Unknown => false,
            })
        })
    }

    fn define_all(&mut self, node: &'m NodeProto, track: Track) -> Option<()> {
        let mut names = node.output.iter().filter(|name| !name.is_empty());
        names.all(|name| self.define(name, track, false)).then_some(())
    }

    /// Notes what a value has to do with the batch. False if its shape does not bear that out;
    /// `is_shaped` tells that a count had a part in the shape.
    fn define(&mut self, name: &'m str, track: Track, is_shaped: bool) -> bool {
        self.tracks.insert(name, track);
        if track == Track::Count {
            return true;
        }
        let dims = self.inferred.values.get(name).and_then(|info| info.dims.clone());
        let rows = match (track, &dims) {
            (Track::Rows(rows), Some(dims)) if rows.axis < dims.len() => Some(rows),
            (Track::Rows(_), _) => return false,
            (Track::Free | Track::Count, _) => None,
        };
        for (axis, dim) in dims.into_iter().flatten().enumerate() {
            let own = match rows {
                // In each turn, a row has whole slices.
                Some(rows) if rows.axis == axis => {
                    let symbols = &mut self.inferred.symbols;
                    let in_turn = symbols.divided(dim, rows.turns);
                    match in_turn.and_then(|in_turn| symbols.divided(in_turn, self.batch)) {
                        Some(slices) => slices,
                        None => return false,
                    }
                }
                _ => dim,
            };
            if self.inferred.symbols.mentions_batch(own) || (is_shaped && !self.is_clean(own)) {
                return false;
            }
            self.clean.extend(self.inferred.symbols.factors(own).1);
        }
        true
    }

    /// Whether an extent is sure not to grow with the batch.
    fn is_clean(&self, dim: Dim) -> bool {
        let symbols = &self.inferred.symbols;
        let is_known = |symbol: &u32| self.clean.contains(symbol);
        symbols.factors(dim).1.iter().all(|&factor| {
            is_known(&factor) || {
                let (_, terms) = symbols.terms(factor);
                terms.iter().all(|&term| symbols.factors(Dim::Symbol(term)).1.iter().all(is_known))
            }
        })
    }
}

/// The names that a node's nested graphs read, and some that are their own.
fn captures(node: &NodeProto) -> impl Iterator<Item = &String> {
    node.graphs().flat_map(|graph| {
        let inner = graph.all_nodes().into_iter();
        let outputs = inner.clone().flat_map(NodeProto::graphs).chain([graph]);
        let outputs: Vec<_> =
            outputs.flat_map(|graph| &graph.output).map(|value| &value.name).collect();
        inner.flat_map(|node| &node.input).chain(outputs)
    })
}
