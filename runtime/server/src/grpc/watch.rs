//! What is known of a connection, so that it can be told when its client is idle or too slow.
//!
//! As over REST, what happens notes the tick, and somebody looks a few times within the shortest
//! limit: a timer for each call would cost more than a small model does. A connection stays on one
//! thread; that its counts are atomic only lets the compiler know that they could move.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll};

use bytes::Buf;
use http_body::Frame;

use super::reply::{Body, Framed};
use crate::edge::{Edge, Looks, Refused};

/// What is known of a connection.
#[derive(Debug, Default)]
pub(super) struct Watch {
    tick: AtomicU32,
    /// Calls that are not answered, or whose answers have not been handed to the codec.
    n_calls: AtomicUsize,
    last_call: AtomicU32,
    /// One more than the tick at which a head began that has not ended; 0 where none has.
    head_begun: AtomicU32,
    /// Replies that the client has not taken: those that are being waited for, and those that were
    /// made since.
    unread: [Unread; 2],
    /// Which of the two new ones are among.
    newer: AtomicUsize,
}

#[derive(Debug, Default)]
struct Unread {
    n_replies: AtomicUsize,
    n_bytes: AtomicUsize,
}

impl Watch {
    /// Notes whether a head has begun and not ended.
    pub(super) fn note_head(&self, is_within: bool) {
        if !is_within {
            self.head_begun.store(0, Relaxed);
        } else if self.head_begun.load(Relaxed) == 0 {
            self.head_begun.store(self.tick.load(Relaxed).saturating_add(1), Relaxed);
        }
    }
}

/// A call for as long as it is not answered.
#[derive(Debug)]
pub(super) struct Call(Arc<Watch>);

impl Call {
    /// A call whose head has come.
    pub(super) fn begin(watch: &Arc<Watch>) -> Self {
        watch.n_calls.fetch_add(1, Relaxed);
        Self(Arc::clone(watch))
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.0.n_calls.fetch_sub(1, Relaxed);
        self.0.last_call.store(self.0.tick.load(Relaxed), Relaxed);
    }
}

/// A reply for as long as the client has not taken it.
#[derive(Debug)]
struct Held {
    watch: Arc<Watch>,
    side: usize,
    n_bytes: usize,
}

impl Held {
    fn new(watch: &Arc<Watch>, n_bytes: usize) -> Self {
        let side = watch.newer.load(Relaxed) & 1;
        let held = Self { watch: Arc::clone(watch), side, n_bytes };
        if let Some(unread) = held.watch.unread.get(side) {
            unread.n_replies.fetch_add(1, Relaxed);
            unread.n_bytes.fetch_add(n_bytes, Relaxed);
        }
        held
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(unread) = self.watch.unread.get(self.side) {
            unread.n_replies.fetch_sub(1, Relaxed);
            unread.n_bytes.fetch_sub(self.n_bytes, Relaxed);
        }
    }
}

/// A reply's body that counts as a call until the codec has taken all of it, and whose messages
/// count as unread until the client has.
pub(super) struct Watched {
    body: Body,
    call: Call,
    /// Of the one message, which waits in the body while the client takes nothing.
    held: Option<Held>,
}

impl Watched {
    /// The body of the answer to this call.
    pub(super) fn new(body: Body, call: Call) -> Self {
        let held = match &body {
            Body::Message(message, _) => Some(Held::new(&call.0, message.remaining())),
            Body::Nothing | Body::Success(_) | Body::Messages(_) | Body::Foreign(_) => None,
        };
        Self { body, call, held }
    }
}

impl http_body::Body for Watched {
    type Data = Message;
    type Error = tonic::Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Message>, tonic::Status>>> {
        let Self { body, call, held } = self.get_mut();
        let polled = Pin::new(body).poll_frame(context);
        polled.map(|frame| {
            Some(frame?.map(|frame| {
                frame.map_data(|bytes| {
                    let held = held.take();
                    let held = held.unwrap_or_else(|| Held::new(&call.0, bytes.remaining()));
                    Message { bytes, _held: held }
                })
            }))
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }
}

/// A message on its way to the client.
pub(super) struct Message {
    bytes: Framed,
    _held: Held,
}

impl Buf for Message {
    fn remaining(&self) -> usize {
        self.bytes.remaining()
    }

    fn chunk(&self) -> &[u8] {
        self.bytes.chunk()
    }

    fn advance(&mut self, n_bytes: usize) {
        self.bytes.advance(n_bytes);
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [std::io::IoSlice<'a>]) -> usize {
        self.bytes.chunks_vectored(slices)
    }
}

/// What is to be done about a connection.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing.
    Stay,
    /// Its client is asked to go, and calls in flight are answered.
    Leave,
    /// It is closed.
    Close(Refused),
}

/// Looks at one connection.
#[derive(Debug)]
pub(super) struct Looker {
    looks: Looks,
    /// Since when the older replies are waited for, and how much they were then.
    older_since: u32,
    older_bytes: usize,
    /// Since when the client has been asked to go.
    leaving_since: Option<u32>,
}

impl Looker {
    /// Looks with the limits of the edge.
    pub(super) fn new(edge: &Edge) -> Self {
        Self {
            looks: Looks::new(edge.timeouts),
            older_since: 0,
            older_bytes: 0,
            leaving_since: None,
        }
    }

    /// The time between two looks.
    pub(super) fn interval(&self) -> tokio::time::Interval {
        self.looks.interval()
    }

    /// Looks once more.
    pub(super) fn look(&mut self, watch: &Watch) -> Verdict {
        let now = watch.tick.load(Relaxed).wrapping_add(1);
        watch.tick.store(now, Relaxed);
        let begun = watch.head_begun.load(Relaxed);
        if begun > 0 && self.looks.is_slow_head(now.wrapping_sub(begun - 1)) {
            return Verdict::Close(Refused::Head);
        }
        if self.is_unread(watch, now) {
            return Verdict::Close(Refused::Reply);
        }
        if watch.n_calls.load(Relaxed) > 0 || watch.unread.iter().any(Unread::is_there) {
            self.leaving_since = None;
            return Verdict::Stay;
        }
        match self.leaving_since {
            // Who has been asked and does not go is given no more time than a head.
            Some(since) if self.looks.is_slow_head(now.wrapping_sub(since)) => {
                Verdict::Close(Refused::Idle)
            }
            Some(_) => Verdict::Stay,
            None if self.looks.is_idle(now.wrapping_sub(watch.last_call.load(Relaxed))) => {
                self.leaving_since = Some(now);
                Verdict::Leave
            }
            None => Verdict::Stay,
        }
    }

    /// Whether replies have been unread for too long: those of a side are waited for together, and
    /// what they are together buys their time.
    fn is_unread(&mut self, watch: &Watch, now: u32) -> bool {
        let newer = watch.newer.load(Relaxed) & 1;
        let [first, second] = &watch.unread;
        let (older, newest) = if newer == 1 { (first, second) } else { (second, first) };
        if older.is_there() {
            return self.looks.is_slow_reply(now.wrapping_sub(self.older_since), self.older_bytes);
        }
        if newest.is_there() {
            watch.newer.store(1 - newer, Relaxed);
            (self.older_since, self.older_bytes) = (now, newest.n_bytes.load(Relaxed));
        }
        false
    }
}

impl Unread {
    fn is_there(&self) -> bool {
        self.n_replies.load(Relaxed) > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edge::fixture;
    use crate::observe::Registry;

    /// The looks that no limit has passed at, and one more at which all have.
    const LOOKS: u32 = 4;

    fn looker() -> Looker {
        Looker::new(&fixture::edge(&Registry::new()))
    }

    fn look(looker: &mut Looker, watch: &Watch, n_looks: u32) -> Verdict {
        let verdicts = (0..n_looks).map(|_| looker.look(watch));
        verdicts
            .reduce(|before, verdict| {
                assert_eq!(before, Verdict::Stay);
                verdict
            })
            .unwrap()
    }

    #[test]
    fn who_calls_nothing_is_asked_to_go_and_then_cut_off() {
        let (watch, mut looker) = (Arc::new(Watch::default()), looker());
        assert_eq!(look(&mut looker, &watch, LOOKS + 1), Verdict::Leave);
        assert_eq!(look(&mut looker, &watch, LOOKS), Verdict::Stay);
        assert_eq!(look(&mut looker, &watch, 1), Verdict::Close(Refused::Idle));
    }

    #[test]
    fn a_call_keeps_its_connection_for_as_long_as_it_takes() {
        let (watch, mut looker) = (Arc::new(Watch::default()), looker());
        let call = Call::begin(&watch);
        assert_eq!(look(&mut looker, &watch, 10 * LOOKS), Verdict::Stay);
        drop(call);
        assert_eq!(look(&mut looker, &watch, LOOKS), Verdict::Stay);
        assert_eq!(look(&mut looker, &watch, 1), Verdict::Leave);
    }

    #[test]
    fn a_head_that_does_not_end_closes_the_connection() {
        let (watch, mut looker) = (Arc::new(Watch::default()), looker());
        let _call = Call::begin(&watch);
        for is_within in [true, false, true] {
            watch.note_head(is_within);
            assert_eq!(look(&mut looker, &watch, LOOKS), Verdict::Stay);
            watch.note_head(is_within);
        }
        assert_eq!(look(&mut looker, &watch, 1), Verdict::Close(Refused::Head));
    }

    #[test]
    fn a_reply_that_is_not_read_closes_the_connection_though_others_are() {
        let (watch, mut looker) = (Arc::new(Watch::default()), looker());
        let _unread = Held::new(&watch, 10);
        for _ in 0..=LOOKS {
            drop(Held::new(&watch, 1 << 30));
            assert_eq!(look(&mut looker, &watch, 1), Verdict::Stay);
        }
        assert_eq!(look(&mut looker, &watch, 1), Verdict::Close(Refused::Reply));
    }

    #[test]
    fn what_is_unread_is_given_its_time_and_no_more() {
        for (n_bytes, n_looks) in [(10, LOOKS), (1 << 16, LOOKS + 1), (1 << 18, LOOKS + 4)] {
            let (watch, mut looker) = (Arc::new(Watch::default()), looker());
            let _unread = Held::new(&watch, n_bytes);
            // The first look begins to wait.
            assert_eq!(look(&mut looker, &watch, 1 + n_looks), Verdict::Stay, "{n_bytes}");
            drop(Held::new(&watch, 1 << 30));
            assert_eq!(look(&mut looker, &watch, 1), Verdict::Close(Refused::Reply));
        }
    }

    #[test]
    fn replies_that_are_read_in_time_may_follow_each_other_for_ever() {
        let (watch, mut looker) = (Arc::new(Watch::default()), looker());
        let mut held = Held::new(&watch, 10);
        for _ in 0..4 * LOOKS {
            let next = Held::new(&watch, 10);
            assert_eq!(look(&mut looker, &watch, 2), Verdict::Stay);
            drop(std::mem::replace(&mut held, next));
        }
    }
}
