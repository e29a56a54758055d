//! How large a model file may be, and how much may be read out of it.

/// What a reader accepts before it gives up.
///
/// The file's own claims are compared with these, and with the bytes that are really there, before
/// anything is allocated for them. The defaults are far above any real model; they exist so that a
/// hostile file costs a refusal and no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a file as it lies on disk.
    pub file_bytes_max: u64,
    /// Bytes of a compressed file once it is unpacked.
    pub unpacked_bytes_max: u64,
    /// How many bytes one compressed byte may become.
    pub unpacked_ratio_max: u64,
    /// Entries of an archive.
    pub archive_entries_max: usize,
    /// Instructions of one pickle, those of nested pickles included.
    pub pickle_ops_max: u64,
    /// Values of one object graph; a value takes up to 128 bytes of memory besides the file.
    pub values_max: usize,
    /// Values that a pickle remembers for later use.
    pub memo_entries_max: usize,
    /// Pickles inside pickles: arrays of Python objects that joblib writes.
    pub nested_pickles_max: usize,
    /// Bytes of one string.
    pub string_bytes_max: u64,
    /// Axes of one array.
    pub rank_max: usize,
    /// Fields of one record type, those of nested records included.
    pub record_fields_max: usize,
    /// How deep a reader may descend through objects, lists, or JSON.
    pub depth_max: usize,
    /// How many objects readers may enter in all: an object that is reached on two ways counts
    /// twice.
    pub visits_max: u64,
    /// How many bytes of numbers readers may take out of arrays for each byte of the file, in all:
    /// an array that is reached on two ways counts twice. [`READ_BYTES_FREE`](Self::READ_BYTES_FREE)
    /// more are always allowed.
    pub read_ratio_max: u64,
    /// Values of one JSON or UBJSON document.
    pub json_values_max: usize,
    /// Trees of one model.
    pub trees_max: usize,
    /// Nodes of one tree.
    pub tree_nodes_max: usize,
    /// Features that a model may ask for.
    pub features_max: usize,
    /// Outputs of a model: classes or targets.
    pub outputs_max: usize,
}

impl Limits {
    /// Bytes of numbers that may be taken out of any file, however small it is.
    pub const READ_BYTES_FREE: u64 = 64 << 20;
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_bytes_max: 4 << 30,
            unpacked_bytes_max: 4 << 30,
            unpacked_ratio_max: 1000,
            archive_entries_max: 1_000_000,
            pickle_ops_max: 200_000_000,
            values_max: 50_000_000,
            memo_entries_max: 50_000_000,
            nested_pickles_max: 8,
            string_bytes_max: 64 << 20,
            rank_max: 32,
            record_fields_max: 4096,
            depth_max: 100,
            visits_max: 1_000_000,
            read_ratio_max: 32,
            json_values_max: 50_000_000,
            trees_max: 1_000_000,
            tree_nodes_max: 100_000_000,
            features_max: 100_000_000,
            outputs_max: 100_000,
        }
    }
}
