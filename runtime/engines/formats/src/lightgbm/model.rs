//! What a LightGBM file holds.

/// A model.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// The version of the format, such as `v4`.
    pub version: String,
    /// The number of columns.
    pub n_features: usize,
    /// Trees of one iteration, which is the number of sums. At least one.
    pub n_outputs: usize,
    /// What is made of the sums; `None` for an objective of the user's own.
    pub objective: Option<Objective>,
    /// Whether sums are divided by the number of iterations before anything is made of them.
    pub is_average: bool,
    /// A name for each feature; spaces in it have become underscores.
    pub feature_names: Vec<String>,
    /// Categories of the columns of the training data frame that have some, in the order of their
    /// codes.
    pub pandas_categories: Vec<Vec<Category>>,
    /// The trees, in the order in which they are added: those of an iteration are for one output
    /// after the other.
    pub trees: Vec<Tree>,
}

/// What is made of sums.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objective {
    /// Its name, such as `binary`.
    pub name: String,
    /// Its parameters: `sigmoid` and `1` for `sigmoid:1`; a flag such as `sqrt` has no value.
    pub parameters: Vec<(String, String)>,
}

impl Objective {
    /// The value of a parameter.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// A category of a data frame's column.
#[derive(Debug, Clone, PartialEq)]
pub enum Category {
    /// A text.
    Text(String),
    /// A number.
    Number(f64),
    /// A truth value.
    Bool(bool),
}

/// A tree.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tree {
    /// The inner nodes, of which the first is the root; a tree without any is a leaf.
    pub splits: Vec<Split>,
    /// One for each leaf; there is one leaf more than there are splits.
    pub leaf_values: Vec<f64>,
    /// Bit sets of categories: bit `i` of word `w` is category `32 w + i`.
    pub category_words: Vec<u32>,
    /// What leaves of a linear tree add up; one for each leaf, or none at all.
    pub linear_leaves: Vec<LinearLeaf>,
}

/// A node that sends rows left or right.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Split {
    /// Below the model's number of features.
    pub feature: u32,
    /// Where to go if the test holds.
    pub left: Child,
    /// Where to go if it does not.
    pub right: Child,
    /// What is asked.
    pub test: Test,
}

/// Where a way goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Child {
    /// At a split.
    Split(u32),
    /// In a leaf.
    Leaf(u32),
}

/// What a split asks of a value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Test {
    /// Whether it is at most a number, which is not NaN.
    LessOrEqual {
        /// The number.
        threshold: f64,
        /// Which values are missing.
        missing: Missing,
        /// Where missing values go.
        is_default_left: bool,
    },
    /// Whether its integer part is in a bit set, which has so many words.
    AnyOf {
        /// The first word in [`Tree::category_words`].
        first: u32,
        /// The number of words.
        n: u32,
    },
}

/// Which values are missing at a split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// None: what is no number is zero.
    None,
    /// Zero, what is nearly zero, and what is no number.
    Zero,
    /// What is no number.
    Nan,
}

/// A leaf with a linear function.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LinearLeaf {
    /// What the sum starts from.
    pub constant: f64,
    /// Features, each below the model's number of features, and what they are multiplied with.
    pub terms: Vec<(u32, f64)>,
}
