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
    /// Elements of one tensor: an initializer, a declared shape, or what a node gives, as far as the
    /// file decides it (an extent that is not known is counted as 1).
    pub tensor_elements_max: u64,
    /// Bytes of one tensor that is declared, or that a node makes of a request, counted likewise:
    /// what a warm-up and each request take at least.
    pub tensor_bytes_max: u64,
    /// Bytes of all that nodes make of constants and shapes alone, together, besides
    /// 16 for each byte of the file's constants. Engines compute it when they load
    /// the model.
    pub made_bytes_max: u64,
    /// Axes of one tensor.
    pub rank_max: usize,
    /// How deep messages may be nested; a graph inside a node is three levels deeper than its node.
    pub depth_max: usize,
}

/// Bytes that nodes may make of each byte of constants: weights of 4 bits become FP32, which is 8
/// times as much, and are then transposed.
pub(crate) const MADE_BYTES_A_BYTE: u64 = 16;

impl Default for Limits {
    /// Twice protobuf's own largest message for the files, a million nodes, and tensors whose
    /// elements can be counted with 31 bits and whose bytes would fit a message: a larger one can be
    /// neither sent nor answered. Masks, grids and tables that models make of constants are
    /// megabytes each.
    fn default() -> Self {
        Self {
            file_bytes_max: 4 << 30,
            decoded_bytes_max: 4 << 30,
            nodes_max: 1_000_000,
            tensor_elements_max: (1 << 31) - 1,
            tensor_bytes_max: 2 << 30,
            made_bytes_max: 1 << 30,
            rank_max: 16,
            depth_max: 48,
        }
    }
}
