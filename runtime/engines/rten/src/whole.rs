//! Whole numbers made up for trial runs.
//!
//! What fits depends on what the graph does with them: 0 is an index of any table and a divisor of
//! nothing. So an input gets what the first operator that takes it asks for, and if the graph does
//! not run on that, others are tried.

use radiant_onnx::pb::{GraphProto, NodeProto};

/// How whole numbers are made up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whole {
    /// 0 each: indices, positions, ids.
    Zeros,
    /// 1 each: divisors, counts, steps.
    Ones,
    /// 0, 1, 2 and so on: axes.
    Counting,
    /// -1, then 1 each: the shape of anything that has elements.
    Column,
}

impl Whole {
    /// What an input of this name is used for in the graph; zeros where nothing is known.
    pub(crate) fn of(name: &str, graph: &GraphProto) -> Self {
        let mut users = graph.node.iter().flat_map(|node| {
            let inputs = node.input.iter().enumerate();
            inputs.filter(|(_, input)| *input == name).map(move |(at, _)| (node, at))
        });
        let found = users.find_map(|(node, at)| Self::asked_by(node, at));
        found.unwrap_or(Self::Zeros)
    }

    /// What an operator needs at this input to run, if that is not anything.
    fn asked_by(node: &NodeProto, input: usize) -> Option<Self> {
        Some(match (&*node.op_type, input) {
            ("Div" | "Mod" | "TopK", 1) | ("Range", 1 | 2) | ("Slice", 2 | 4) => Self::Ones,
            ("Slice", 3) | ("Squeeze" | "Unsqueeze", 1) => Self::Counting,
            (operator, 1) if operator.starts_with("Reduce") => Self::Counting,
            ("Reshape", 1) => Self::Column,
            _ => return None,
        })
    }

    /// The number at this place.
    pub(crate) fn at(self, place: usize) -> i8 {
        match self {
            Self::Zeros => 0,
            Self::Ones => 1,
            // More axes than that are none.
            Self::Counting => i8::try_from(place).unwrap_or(i8::MAX),
            Self::Column => {
                if place == 0 {
                    -1
                } else {
                    1
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_what_the_operators_ask_for() {
        let node = |op_type: &str, input: &[&str]| NodeProto {
            op_type: op_type.to_owned(),
            input: input.iter().map(|&name| name.to_owned()).collect(),
            ..NodeProto::default()
        };
        let graph = GraphProto {
            node: vec![
                node("Cast", &["by"]),
                node("Div", &["x", "by"]),
                node("Reshape", &["x", "shape"]),
                node("Unsqueeze", &["x", "axes"]),
                node("Gather", &["x", "ids"]),
            ],
            ..GraphProto::default()
        };
        let made_up = |name: &str| {
            let whole = Whole::of(name, &graph);
            [whole.at(0), whole.at(1), whole.at(2)]
        };
        assert_eq!(made_up("by"), [1, 1, 1]);
        assert_eq!(made_up("shape"), [-1, 1, 1]);
        assert_eq!(made_up("axes"), [0, 1, 2]);
        assert_eq!(made_up("ids"), [0, 0, 0]);
        assert_eq!(made_up("other"), [0, 0, 0]);
    }
}
