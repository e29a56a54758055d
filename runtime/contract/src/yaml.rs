//! How texts of YAML are read that somebody else wrote: within bounds.

/// What a text may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// How deep it is nested.
    pub(crate) depth: usize,
    /// Its scalars, lists and mappings.
    pub(crate) nodes: usize,
    /// Its bytes, and those that its aliases stand for.
    pub(crate) bytes: usize,
}

/// The reader's options. `y` and `no` are names, as in YAML 1.2.
pub(crate) fn options(Bounds { depth, nodes, bytes }: Bounds) -> serde_saphyr::Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: depth,
            flow_nesting_limit: depth,
            max_nodes: nodes,
            max_events: 4 * nodes,
            max_documents: 1,
            max_total_scalar_bytes: bytes,
            max_recorded_anchor_events: nodes,
            max_recorded_anchor_bytes: bytes,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: nodes,
            max_replay_stack_depth: depth,
        },
        strict_booleans: true,
        with_snippet: false,
    }
}
