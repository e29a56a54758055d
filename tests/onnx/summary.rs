//! What is kept of a case: a row of `expected.tsv`.

use std::fmt;

use crate::args::Args;
use crate::case::Case;
use crate::driver::Results;
use crate::engines::Tried;
use crate::exactness::Exactness;
use crate::outcome::{Mode, Status};
use crate::reason::short;

/// The engines of the columns, `auto` apart.
pub(crate) const COLUMNS: [Tried; 5] =
    [Tried::Native, Tried::Tract, Tried::Rten, Tried::Ort, Tried::AutoOrt];

/// A case, and how it ends.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    /// The case's name.
    pub(crate) case: String,
    /// The set of operators that it is about.
    pub(crate) domain: String,
    /// The only operator of the graph; empty where there are several.
    pub(crate) operator: String,
    /// The version of the set of operators.
    pub(crate) opset: u32,
    /// How it ends on the engine that the server chooses; `None` where that was not tried.
    pub(crate) auto: Option<Cell>,
    /// The engine that the server chooses, where it answers.
    pub(crate) engine: String,
    /// How it ends on each of [`COLUMNS`]; `None` where that was not tried.
    pub(crate) cells: [Option<Cell>; COLUMNS.len()],
    /// How far `auto` is off.
    pub(crate) exactness: Option<Exactness>,
    /// Why `auto` refuses, or what is wrong with its answer.
    pub(crate) reason: String,
}

impl Row {
    /// The row of a case that was run.
    pub(crate) fn of(case: &Case, results: &Results, args: &Args) -> Self {
        let cell = |tried: Tried| {
            let is_tried = args.engines.contains(&tried);
            let end = results.end(&case.name, tried).filter(|_| is_tried);
            end.map(|(mode, outcome)| Cell(outcome.status, mode))
        };
        let auto = results.end(&case.name, Tried::Auto).map(|(_, outcome)| outcome);
        Self {
            case: case.name.clone(),
            domain: case.domain.clone(),
            operator: case.operator.clone(),
            opset: case.opset,
            auto: cell(Tried::Auto),
            engine: auto.map(|outcome| outcome.engine.clone()).unwrap_or_default(),
            cells: COLUMNS.map(cell),
            exactness: auto.and_then(|outcome| outcome.exactness),
            reason: auto.map(|outcome| short(&outcome.reason)).unwrap_or_default(),
        }
    }

    /// How it ends on an engine.
    pub(crate) fn cell(&self, tried: Tried) -> Option<Cell> {
        let at = COLUMNS.iter().position(|column| *column == tried);
        at.map_or(self.auto, |at| self.cells[at])
    }
}

/// How a case ends on an engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Cell(pub(crate) Status, pub(crate) Mode);

impl Cell {
    /// A right answer with constants.
    pub(crate) const CONST: Self = Self(Status::Pass, Mode::Const);

    /// The cell that a text says.
    pub(crate) fn named(text: &str) -> Option<Self> {
        Some(match text {
            "const" => Self::CONST,
            "any" => Self(Status::Unspecified, Mode::Plain),
            "any-const" => Self(Status::Unspecified, Mode::Const),
            "-" => Self(Status::Refused, Mode::Plain),
            other => Self(Status::named(other)?, Mode::Plain),
        })
    }

    /// Whether two cells say the same in a file, which does not tell how a refusal was reached.
    pub(crate) fn is_same(self, other: Self) -> bool {
        self.to_string() == other.to_string()
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (self.0, self.1) {
            (Status::Pass, Mode::Const) => "const",
            (Status::Unspecified, Mode::Plain) => "any",
            (Status::Unspecified, Mode::Const) => "any-const",
            (Status::Refused, _) => "-",
            (status, _) => status.name(),
        })
    }
}
