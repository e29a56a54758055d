//! What a CatBoost file holds.

/// A model over numeric features.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// The number of columns that splits can ask for.
    pub n_features: usize,
    /// The features, which splits name by their place.
    pub features: Vec<Feature>,
    /// The trees, in the order in which they are added.
    pub trees: Vec<Tree>,
    /// What the sums are multiplied with.
    pub scale: f64,
    /// What is added then; one for each output, of which there is at least one.
    pub bias: Vec<f64>,
    /// The loss it was trained for, such as `Logloss`.
    pub loss: Option<String>,
    /// The classes; none for what is no classifier.
    pub labels: Vec<Label>,
}

/// A numeric feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Feature {
    /// Its column.
    pub column: u32,
    /// What a value is that is no number.
    pub nan_value: NanValue,
}

/// What a value is that is no number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NanValue {
    /// Less than all borders.
    Small,
    /// Greater than all borders.
    Great,
}

/// The name of a class.
#[derive(Debug, Clone, PartialEq)]
pub enum Label {
    /// A whole number.
    Integer(i64),
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
}

/// A tree.
#[derive(Debug, Clone, PartialEq)]
pub enum Tree {
    /// One split for each level.
    Oblivious {
        /// The splits: whether a value is great gives the bit of the leaf's index with the split's
        /// place.
        splits: Vec<Split>,
        /// `[2 ^ splits, n_outputs]`, row-major.
        values: Vec<f64>,
    },
    /// A split for each node.
    Deep {
        /// The nodes; the first is the root, and each can be reached in one way.
        nodes: Vec<Node>,
        /// `[n_leaves, n_outputs]`, row-major.
        values: Vec<f64>,
    },
}

/// Asks whether a value is greater than a border.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Split {
    /// A place in [`Model::features`].
    pub feature: u32,
    /// The border, which is not NaN.
    pub border: f32,
}

/// A node of a tree.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Node {
    /// It sends rows two ways.
    Split {
        /// What is asked.
        split: Split,
        /// Where smaller values go.
        left: u32,
        /// Where greater values go.
        right: u32,
    },
    /// The end of a way: where its values start in the tree's values.
    Leaf(u32),
}
