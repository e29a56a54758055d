//! Connections are watched for clients that are idle, that send a head slowly, or that do not read
//! their replies.
//!
//! The codec has timers for the first two, which it allocates, sets and clears for every request.
//! Here a connection notes the tick of what happens, and one task per worker looks at all of them a
//! few times within the shortest limit. It also sees what the codec's timers do not: a later head
//! that trickles, and a reply that is not read.

use std::cell::{Cell, RefCell};
use std::io;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::watch;

use crate::edge::{Edge, Looks, Refused};
use crate::observe::Transport;
use crate::place::Place;

/// What a client is told whose head takes too long.
const HEAD_TOO_SLOW: &[u8] =
    b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/// The connections of one worker.
#[derive(Debug)]
pub(super) struct Connections {
    edge: Arc<Edge>,
    looks: Looks,
    tick: Cell<u32>,
    watched: RefCell<Vec<Weak<Watch>>>,
    closing: Cell<Closing>,
}

/// Which connections end because the server does, beside those whose client was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Default)]
enum Closing {
    /// None.
    #[default]
    Not,
    /// Those between requests.
    Idle,
    /// Those where a head has begun to come, too.
    Begun,
}

/// What is known of a connection.
#[derive(Debug, Default)]
pub(super) struct Watch {
    last_progress: Cell<u32>,
    /// Requests whose heads have come and whose replies have not been made.
    n_in_flight: Cell<u32>,
    head_since: Cell<Option<u32>>,
    /// Whether something has come after the last request.
    is_in_head: Cell<bool>,
    /// Whether the client has been told that no more is answered.
    is_told: Cell<bool>,
    unread: Cell<Option<Unread>>,
    ending: Cell<Option<Refused>>,
    waker: RefCell<Option<Waker>>,
}

impl Watch {
    /// Lets the connection see how it stands.
    fn wake(&self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

/// A reply that the client has not taken. What it takes buys time, and none in advance: the system's
/// buffers take megabytes at once.
#[derive(Debug, Clone, Copy)]
struct Unread {
    since: u32,
    /// What it has taken since then.
    n_taken: usize,
}

impl Unread {
    /// The client has taken `n_bytes` more.
    fn take(self, n_bytes: usize, now: u32, looks: &Looks) -> Self {
        let n_taken = self.n_taken.saturating_add(n_bytes);
        let is_ahead = looks.bought(n_taken) >= now.wrapping_sub(self.since);
        if is_ahead { Self { since: now, n_taken: 0 } } else { Self { n_taken, ..self } }
    }
}

/// A request between its head and its reply.
#[derive(Debug)]
pub(super) struct InFlight(Rc<Watch>);

impl InFlight {
    /// A request whose head has come.
    pub(super) fn enter(watch: &Rc<Watch>) -> Self {
        watch.head_since.set(None);
        watch.is_in_head.set(false);
        watch.n_in_flight.set(watch.n_in_flight.get() + 1);
        Self(Rc::clone(watch))
    }

    /// Its reply tells the client that it is the last.
    pub(super) fn tell_last(&self) {
        self.0.is_told.set(true);
    }

    /// Whether it came behind a request whose reply was the last: its client takes it for one that
    /// never ran (RFC 9112, 9.6).
    pub(super) fn is_behind_last(&self) -> bool {
        self.0.is_told.get()
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.n_in_flight.set(self.0.n_in_flight.get() - 1);
    }
}

impl Connections {
    /// Starts to watch on this worker's runtime, for as long as the result is kept.
    pub(super) fn watch(edge: &Arc<Edge>) -> Rc<Self> {
        let connections = Rc::new(Self::new(edge));
        let weak = Rc::downgrade(&connections);
        tokio::task::spawn_local(async move {
            let Some(mut interval) = weak.upgrade().map(|connections| connections.looks.interval())
            else {
                return;
            };
            loop {
                interval.tick().await;
                let Some(connections) = weak.upgrade() else { return };
                connections.look();
            }
        });
        connections
    }

    fn new(edge: &Arc<Edge>) -> Self {
        Self {
            edge: Arc::clone(edge),
            looks: Looks::new(edge.timeouts),
            tick: Cell::default(),
            watched: RefCell::default(),
            closing: Cell::default(),
        }
    }

    /// Once the server is `closing`, waits for `linger` and ends connections that are between
    /// requests; a head that has begun has as long again. Until then what is on its way is read and
    /// answered, and told to be the last.
    pub(super) fn end_after(self: &Rc<Self>, mut closing: watch::Receiver<bool>, linger: Duration) {
        let connections = Rc::downgrade(self);
        tokio::task::spawn_local(async move {
            // Without a sender there is no server any more.
            drop(closing.wait_for(|closing| *closing).await);
            for closing in [Closing::Idle, Closing::Begun] {
                tokio::time::sleep(linger).await;
                if let Some(connections) = connections.upgrade() {
                    connections.close(closing);
                }
            }
        });
    }

    fn close(&self, closing: Closing) {
        self.closing.set(closing);
        for watch in self.watched.borrow().iter().filter_map(Weak::upgrade) {
            watch.wake();
        }
    }

    /// Watches one more connection, whose first head begins now.
    pub(super) fn add<T>(self: &Rc<Self>, io: T, place: Place) -> Connection<T> {
        let watch = Rc::new(Watch::default());
        watch.last_progress.set(self.tick.get());
        watch.head_since.set(Some(self.tick.get()));
        self.watched.borrow_mut().push(Rc::downgrade(&watch));
        Connection { io, watch, connections: Rc::clone(self), _place: place }
    }

    fn look(&self) {
        let now = self.tick.get().wrapping_add(1);
        self.tick.set(now);
        self.watched.borrow_mut().retain(|watch| {
            let Some(watch) = watch.upgrade() else { return false };
            if let Some(reason) = self.overdue(&watch, now) {
                watch.ending.set(Some(reason));
                self.edge.refuse(Transport::Rest, reason);
                watch.wake();
            }
            true
        });
    }

    /// What a connection ends for now, and did not before.
    fn overdue(&self, watch: &Watch, now: u32) -> Option<Refused> {
        let since = |tick: u32| now.wrapping_sub(tick);
        let is_unread = watch
            .unread
            .get()
            .is_some_and(|unread| self.looks.is_slow_reply(since(unread.since), unread.n_taken));
        match watch.ending.get() {
            Some(Refused::Reply) => None,
            _ if is_unread => Some(Refused::Reply),
            Some(_) => None,
            None if watch.head_since.get().is_some_and(|at| self.looks.is_slow_head(since(at))) => {
                Some(Refused::Head)
            }
            None if self.looks.is_idle(since(watch.last_progress.get())) => Some(Refused::Idle),
            None => None,
        }
    }
}

/// A connection that reads as ended when its client has been idle or too slow, and between requests
/// when the server ends. A reply that is still being computed is sent all the same; one that is not
/// read breaks off.
#[derive(Debug)]
pub(super) struct Connection<T> {
    io: T,
    watch: Rc<Watch>,
    connections: Rc<Connections>,
    _place: Place,
}

impl<T> Connection<T> {
    /// What is known of it, for who answers its requests.
    pub(super) fn known(&self) -> Rc<Watch> {
        Rc::clone(&self.watch)
    }

    fn note_progress(&self) {
        self.watch.last_progress.set(self.connections.tick.get());
    }

    fn note_read(&self) {
        self.note_progress();
        if self.watch.n_in_flight.get() == 0 {
            self.watch.is_in_head.set(true);
            if self.watch.head_since.get().is_none() {
                self.watch.head_since.set(Some(self.connections.tick.get()));
            }
        }
    }

    /// Whether it ends because the server does: all that has come is answered, or never becomes a
    /// request.
    fn is_over(&self) -> bool {
        let Watch { n_in_flight, is_in_head, .. } = &*self.watch;
        let needed = if is_in_head.get() { Closing::Begun } else { Closing::Idle };
        n_in_flight.get() == 0 && self.connections.closing.get() >= needed
    }

    fn note_write(&self, n_bytes: usize, n_offered: usize) {
        self.note_progress();
        let now = self.connections.tick.get();
        let unread = (n_bytes < n_offered)
            .then(|| self.unread().take(n_bytes, now, &self.connections.looks));
        self.watch.unread.set(unread);
    }

    fn unread(&self) -> Unread {
        let begun = Unread { since: self.connections.tick.get(), n_taken: 0 };
        self.watch.unread.get().unwrap_or(begun)
    }

    fn remember(&self, cx: &Context<'_>) {
        let mut waker = self.watch.waker.borrow_mut();
        if !waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            *waker = Some(cx.waker().clone());
        }
    }

    /// What waiting for a client that should read comes to.
    fn wait<R>(&self, cx: &Context<'_>) -> Poll<io::Result<R>> {
        if self.watch.ending.get() == Some(Refused::Reply) {
            let text = "the client did not read its reply in time (--reply-read-timeout)";
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, text)));
        }
        self.watch.unread.set(Some(self.unread()));
        self.remember(cx);
        Poll::Pending
    }

    fn written(
        &self,
        cx: &Context<'_>,
        polled: Poll<io::Result<usize>>,
        n_offered: usize,
    ) -> Poll<io::Result<usize>> {
        match polled {
            Poll::Ready(Ok(n_bytes)) => self.note_write(n_bytes, n_offered),
            Poll::Ready(Err(_)) => {}
            Poll::Pending => return self.wait(cx),
        }
        polled
    }
}

impl<T: AsyncWrite + Unpin> Connection<T> {
    /// Says why the connection ends, where the client can hear it.
    fn tell(&mut self, cx: &mut Context<'_>) {
        let is_between = self.watch.n_in_flight.get() == 0 && self.watch.unread.get().is_none();
        if self.watch.ending.get() == Some(Refused::Head)
            && is_between
            && self.watch.head_since.take().is_some()
        {
            // If the socket takes nothing at once, the end says it, too.
            drop(Pin::new(&mut self.io).poll_write(cx, HEAD_TOO_SLOW));
        }
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncRead for Connection<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.watch.ending.get().is_some() {
            self.tell(cx);
            return Poll::Ready(Ok(()));
        }
        let polled = Pin::new(&mut self.io).poll_read(cx, buffer);
        if polled.is_ready() {
            self.note_read();
        } else if self.is_over() {
            return Poll::Ready(Ok(()));
        } else {
            self.remember(cx);
        }
        polled
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Connection<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.io).poll_write(cx, bytes);
        self.written(cx, polled, bytes.len())
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.io).poll_flush(cx) {
            Poll::Pending => self.wait(cx),
            flushed @ Poll::Ready(_) => flushed,
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.io).poll_shutdown(cx) {
            Poll::Pending => self.wait(cx),
            closed @ Poll::Ready(_) => closed,
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let n_offered = slices.iter().map(|slice| slice.len()).sum();
        let polled = Pin::new(&mut self.io).poll_write_vectored(cx, slices);
        self.written(cx, polled, n_offered)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}

#[cfg(test)]
#[path = "watch_tests.rs"]
mod tests;
