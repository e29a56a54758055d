//! The buffers of one request, reused from request to request.

use std::cell::RefCell;

use radiant_core::Tensor;
use radiant_protocol::seldon::Request;

/// Sets of buffers that one thread keeps; each request in flight beyond them makes its own.
const KEPT_MAX: usize = 8;

/// A buffer that has grown beyond this many bytes is given back to the allocator, so that one
/// large request does not hold its memory for ever.
const KEPT_BYTES_MAX: usize = 1 << 20;

// Boxed, because a request's buffers move between threads and futures, and a box is one word.
type Kept = Vec<Box<Work>>;

thread_local! {
    static KEPT: RefCell<Kept> = const { RefCell::new(Vec::new()) };
}

/// Everything that a request needs on its way and its reply does not keep.
#[derive(Debug)]
pub(crate) struct Work {
    /// The decoded request.
    pub(crate) request: Request,
    /// The engine's inputs, in the order of its signature.
    pub(crate) inputs: Vec<Tensor>,
    /// The engine's outputs, in the order they were asked for.
    pub(crate) outputs: Vec<Tensor>,
    /// The reply's `meta`, encoded.
    pub(crate) meta: Vec<u8>,
    /// The reply, encoded.
    pub(crate) reply: Vec<u8>,
}

impl Work {
    /// Buffers from an earlier request of this thread, or new ones.
    pub(crate) fn take() -> Box<Self> {
        KEPT.with_borrow_mut(Vec::pop).unwrap_or_else(|| {
            Box::new(Self {
                request: Request::new(),
                inputs: Vec::new(),
                outputs: Vec::new(),
                meta: Vec::new(),
                reply: Vec::new(),
            })
        })
    }

    /// Keeps the buffers for a later request of this thread.
    pub(crate) fn keep(self: Box<Self>) {
        let tensors = self.inputs.iter().chain(&self.outputs);
        let elements: usize = tensors.map(|tensor| tensor.data.len()).sum();
        let bytes = elements.saturating_mul(8).max(self.reply.capacity());
        KEPT.with_borrow_mut(|kept| {
            if kept.len() < KEPT_MAX && bytes <= KEPT_BYTES_MAX {
                kept.push(self);
            }
        });
    }
}
