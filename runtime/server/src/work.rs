//! The buffers of one request, reused from request to request.

use std::cell::RefCell;
use std::time::Duration;

use bytes::Bytes;
use radiant_core::Tensor;
use radiant_protocol::seldon::Request;
use radiant_protocol::{oip, tfs};
use tokio::time::Instant;

use crate::cache::Question;
use crate::notes::{Finished, Notes};
use crate::observe::Statistics;
use crate::schedule::Deadline;

/// Sets of buffers that one thread keeps; each request in flight beyond them makes its own.
const KEPT_MAX: usize = 8;

/// A reply larger than this is handed over as it is; a smaller one is copied out, so that its
/// buffer can be used again.
const COPIED_MAX: usize = 1 << 20;

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
    /// The decoded request of Seldon v1.
    pub(crate) request: Request,
    /// The decoded request of the Open Inference Protocol, apart from its tensors.
    pub(crate) oip: oip::Request,
    /// The decoded request of TensorFlow's protocol, apart from its tensors.
    pub(crate) tfs: tfs::Request,
    /// The engine's inputs, in the order of its signature.
    pub(crate) inputs: Vec<Tensor>,
    /// The outputs that the engine computes, by their indices in its signature.
    pub(crate) wanted: Vec<usize>,
    /// When the answer is due.
    pub(crate) deadline: Option<Deadline>,
    /// How soon it is run among those of the same model: 1 before all others.
    pub(crate) priority: u32,
    /// The engine's outputs, in the order they were asked for.
    pub(crate) outputs: Vec<Tensor>,
    /// The reply's `meta`, encoded.
    pub(crate) meta: Vec<u8>,
    /// The reply, encoded.
    pub(crate) reply: Vec<u8>,
    /// Only requests of equal numbers may share a run: what their parameters come to.
    pub(crate) company: u64,
    /// What the response cache is asked, where there is one.
    pub(crate) question: Question,
    /// Where the time of the run went.
    pub(crate) timing: Timing,
    stopwatch: Stopwatch,
}

/// Where the time of a request went between decoding and encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Timing {
    /// How long it waited for an engine thread; nothing where it ran on the thread that decoded it.
    pub(crate) queue: Duration,
    /// How long its run took; nothing where that was not measured.
    pub(crate) run: Duration,
    /// The rows of that run, which it may have shared with others.
    pub(crate) rows: usize,
    /// Whether it was run again by itself, after a run that it had shared failed.
    pub(crate) again: bool,
}

/// Requests whose parts are timed: one in this many of each set of buffers.
const TIMED_EVERY: u32 = 16;

/// Times the parts of some requests.
#[derive(Debug, Default)]
struct Stopwatch {
    n_requests: u32,
    last: Option<Instant>,
}

impl Work {
    /// Buffers from an earlier request of this thread, or new ones; there is nothing to tell of it yet.
    pub(crate) fn take() -> Box<Self> {
        let mut work = KEPT.with_borrow_mut(Vec::pop).unwrap_or_else(|| {
            Box::new(Self {
                request: Request::new(),
                oip: oip::Request::default(),
                tfs: tfs::Request::default(),
                inputs: Vec::new(),
                wanted: Vec::new(),
                deadline: None,
                priority: u32::MAX,
                outputs: Vec::new(),
                meta: Vec::new(),
                reply: Vec::new(),
                company: 0,
                question: Question::default(),
                timing: Timing::default(),
                stopwatch: Stopwatch::default(),
            })
        });
        (work.question.came_to, work.timing) = (None, Timing::default());
        work
    }

    /// Starts a request: now it is being decoded.
    pub(crate) fn begin(&mut self) {
        self.company = 0;
        let Stopwatch { n_requests, last } = &mut self.stopwatch;
        *last = n_requests.is_multiple_of(TIMED_EVERY).then(Instant::now);
        *n_requests = n_requests.wrapping_add(1);
    }

    /// The request is decoded.
    pub(crate) fn decoded(&self, statistics: &Statistics) {
        if let Some(last) = self.stopwatch.last {
            statistics.decoded(last.elapsed());
        }
    }

    /// The model has run: now the reply is being encoded.
    pub(crate) fn ran(&mut self) {
        if let Some(last) = &mut self.stopwatch.last {
            *last = Instant::now();
        }
    }

    /// The reply is encoded.
    pub(crate) fn encoded(&self, statistics: &Statistics) {
        if let Some(last) = self.stopwatch.last {
            statistics.encoded(last.elapsed());
        }
    }

    /// Takes the reply out and keeps the buffers: one allocation, of just the reply's size.
    pub(crate) fn finish(mut self: Box<Self>) -> Finished {
        let body = if self.reply.len() > COPIED_MAX {
            Bytes::from(std::mem::take(&mut self.reply))
        } else {
            Bytes::copy_from_slice(&self.reply)
        };
        let notes = Notes { timing: self.timing, cache: self.question.came_to };
        self.keep();
        Finished { body, notes }
    }

    /// Keeps the buffers for a later request of this thread.
    pub(crate) fn keep(self: Box<Self>) {
        let tensors = self.inputs.iter().chain(&self.outputs);
        let elements: usize = tensors.map(|tensor| tensor.data.len()).sum();
        let bytes = elements.saturating_mul(8).max(self.reply.capacity());
        let bytes = bytes.max(self.question.capacity());
        KEPT.with_borrow_mut(|kept| {
            if kept.len() < KEPT_MAX && bytes <= KEPT_BYTES_MAX {
                kept.push(self);
            }
        });
    }
}
