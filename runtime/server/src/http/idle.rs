//! Connections that are idle for too long are closed.
//!
//! The codec has a timer for that, which it allocates, sets and clears for every request. Here a
//! connection notes the tick of its last progress, and one task per
//! worker looks at all of them a few times within the limit. It also sees what the codec's timer
//! does not: a client that stops in the middle of a later request's head.

use std::cell::{Cell, RefCell};
use std::io;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::place::Place;

/// How often within the limit connections are looked at: one is closed after the limit, and before
/// the limit and a quarter.
const LOOKS: u32 = 4;

/// The connections of one worker.
#[derive(Debug, Default)]
pub(super) struct Connections {
    tick: Cell<u32>,
    watched: RefCell<Vec<Weak<Watch>>>,
}

#[derive(Debug, Default)]
struct Watch {
    last_progress: Cell<u32>,
    is_expired: Cell<bool>,
    reader: RefCell<Option<Waker>>,
}

impl Connections {
    /// Starts to watch on this worker's runtime, for as long as the result is kept.
    pub(super) fn watch(limit: Duration) -> Rc<Self> {
        let connections = Rc::new(Self::default());
        let weak = Rc::downgrade(&connections);
        tokio::task::spawn_local(async move {
            let mut interval = tokio::time::interval(limit / LOOKS);
            interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                interval.tick().await;
                let Some(connections) = weak.upgrade() else { return };
                connections.look();
            }
        });
        connections
    }

    /// Watches one more connection.
    pub(super) fn add<T>(self: &Rc<Self>, io: T, place: Place) -> Connection<T> {
        let watch = Rc::new(Watch::default());
        watch.last_progress.set(self.tick.get());
        self.watched.borrow_mut().push(Rc::downgrade(&watch));
        Connection { io, watch, connections: Rc::clone(self), _place: place }
    }

    fn look(&self) {
        let now = self.tick.get().wrapping_add(1);
        self.tick.set(now);
        self.watched.borrow_mut().retain(|watch| {
            let Some(watch) = watch.upgrade() else { return false };
            if now.wrapping_sub(watch.last_progress.get()) > LOOKS {
                watch.is_expired.set(true);
                if let Some(reader) = watch.reader.take() {
                    reader.wake();
                }
                return false;
            }
            true
        });
    }
}

/// A connection that reads as ended when it has been idle for too long. A reply that is still being
/// computed is sent all the same.
#[derive(Debug)]
pub(super) struct Connection<T> {
    io: T,
    watch: Rc<Watch>,
    connections: Rc<Connections>,
    _place: Place,
}

impl<T> Connection<T> {
    fn note_progress(&self) {
        self.watch.last_progress.set(self.connections.tick.get());
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Connection<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.watch.is_expired.get() {
            return Poll::Ready(Ok(()));
        }
        let polled = Pin::new(&mut self.io).poll_read(cx, buffer);
        if polled.is_ready() {
            self.note_progress();
        } else {
            let mut reader = self.watch.reader.borrow_mut();
            if !reader.as_ref().is_some_and(|reader| reader.will_wake(cx.waker())) {
                *reader = Some(cx.waker().clone());
            }
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
        if polled.is_ready() {
            self.note_progress();
        }
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.io).poll_write_vectored(cx, slices);
        if polled.is_ready() {
            self.note_progress();
        }
        polled
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;
    use crate::place::Places;

    #[tokio::test]
    async fn an_idle_connection_ends_when_the_limit_has_passed() {
        let connections = Rc::new(Connections::default());
        let (_client, server) = duplex(64);
        let mut connection = connections.add(server, Places::new(1).take());
        for _ in 0..LOOKS {
            connections.look();
            assert!(!connection.watch.is_expired.get());
        }
        let mut nothing = [0; 8];
        let reading = connection.read(&mut nothing);
        let looking = async { connections.look() };
        assert_eq!(tokio::join!(reading, looking).0.unwrap(), 0);
    }

    #[tokio::test]
    async fn progress_keeps_a_connection_open() {
        let connections = Rc::new(Connections::default());
        let (mut client, server) = duplex(64);
        let mut connection = connections.add(server, Places::new(1).take());
        for _ in 0..4 * LOOKS {
            connections.look();
            client.write_all(b"x").await.unwrap();
            assert_eq!(connection.read(&mut [0; 8]).await.unwrap(), 1);
        }
    }

    #[test]
    fn connections_that_are_gone_are_neither_watched_nor_counted() {
        let connections = Rc::new(Connections::default());
        let places = Places::new(1);
        let connection = connections.add((), places.take());
        assert_eq!(places.taken(), 1);
        drop(connection);
        assert_eq!(places.taken(), 0);
        connections.look();
        assert!(connections.watched.borrow().is_empty());
    }
}
