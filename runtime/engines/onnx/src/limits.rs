//! How large a model may be.

/// What a reader accepts before it gives up.
///
/// The file's own claims are compared with these before anything is allocated for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the model file, and of all its external data together.
    pub file_bytes_max: u64,
    /// Bytes that the decoded messages may take besides the file's own bytes, of which raw tensor
    /// data stays a part.
    pub decoded_bytes_max: u64,
    /// Nodes, those of nested graphs and functions included.
    pub nodes_max: usize,
    /// Elements of one tensor: an initializer, a declared shape, or what a constant makes a node
    /// produce.
    pub tensor_elements_max: u64,
    /// Axes of one tensor.
    pub rank_max: usize,
    /// How deep messages may be nested; a graph inside a node is three levels deeper than its node.
    pub depth_max: usize,
}

impl Default for Limits {
    /// Twice protobuf's own largest message for the files, a million nodes, and tensors whose
    /// elements can be counted with 31 bits.
    fn default() -> Self {
        Self {
            file_bytes_max: 4 << 30,
            decoded_bytes_max: 4 << 30,
            nodes_max: 1_000_000,
            tensor_elements_max: (1 << 31) - 1,
            rank_max: 16,
            depth_max: 48,
        }
    }
}
