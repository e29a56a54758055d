//! Clients that are idle or too slow, and the end of the server.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

use super::*;
use crate::edge::fixture;
use crate::observe::Registry;
use crate::place::Places;

/// The looks that no limit has passed at, and one more at which all have.
const LOOKS: u32 = 4;

async fn is_waiting(reading: impl Future<Output = io::Result<usize>>) -> bool {
    tokio::select! {
        biased;
        _ = reading => false,
        () = tokio::task::yield_now() => true,
    }
}

struct Watched {
    registry: Registry,
    connections: Rc<Connections>,
    client: DuplexStream,
    connection: Connection<DuplexStream>,
}

impl Watched {
    fn new() -> Self {
        let registry = Registry::new();
        let connections = Rc::new(Connections::new(&fixture::edge(&registry)));
        let (client, server) = duplex(128);
        let connection = connections.add(server, Places::new(1).take());
        Self { registry, connections, client, connection }
    }

    fn look(&self, n_looks: u32) -> Option<Refused> {
        for _ in 0..n_looks {
            self.connections.look();
        }
        self.connection.watch.ending.get()
    }

    async fn client_sends(&mut self) {
        self.client.write_all(b"x").await.unwrap();
        assert_eq!(self.connection.read(&mut [0; 8]).await.unwrap(), 1);
    }

    fn assert_counted(&self, reason: &str) {
        let labels = format!("{{reason=\"{reason}\",transport=\"rest\"}} 1.0");
        assert!(self.registry.render().contains(&labels), "{reason}");
    }
}

#[tokio::test]
async fn a_head_that_trickles_is_given_up_with_a_word() {
    let mut watched = Watched::new();
    for _ in 0..LOOKS {
        watched.client_sends().await;
        assert_eq!(watched.look(1), None);
    }
    assert_eq!(watched.look(1), Some(Refused::Head));
    assert_eq!(watched.connection.read(&mut [0; 8]).await.unwrap(), 0);
    drop(watched.connection);
    let mut told = Vec::new();
    watched.client.read_to_end(&mut told).await.unwrap();
    assert_eq!(told, HEAD_TOO_SLOW);
}

#[tokio::test]
async fn a_later_head_has_the_same_limit_and_a_request_has_none() {
    let mut watched = Watched::new();
    let in_flight = InFlight::enter(&watched.connection.known());
    for _ in 0..4 * LOOKS {
        watched.client_sends().await;
        assert_eq!(watched.look(1), None, "its body comes");
    }
    drop(in_flight);
    watched.client_sends().await;
    assert_eq!(watched.look(LOOKS), None);
    assert_eq!(watched.look(1), Some(Refused::Head));
    watched.assert_counted("head");
}

#[tokio::test]
async fn an_idle_connection_ends_when_the_limit_has_passed() {
    let mut watched = Watched::new();
    drop(InFlight::enter(&watched.connection.known()));
    assert_eq!(watched.look(LOOKS), None);
    let mut nothing = [0; 8];
    let reading = watched.connection.read(&mut nothing);
    let looking = async { watched.connections.look() };
    assert_eq!(tokio::join!(reading, looking).0.unwrap(), 0);
    watched.assert_counted("idle");
}

#[tokio::test]
async fn who_is_between_requests_when_the_server_ends_is_answered_what_has_come() {
    let mut watched = Watched::new();
    watched.client.write_all(b"he").await.unwrap();
    watched.connections.close(Closing::Idle);
    let Watched { client, connection, .. } = &mut watched;
    let (mut read, known) = ([0; 8], connection.known());
    assert_eq!(connection.read(&mut read).await.unwrap(), 2, "it had come before");
    assert!(is_waiting(connection.read(&mut read)).await, "the rest of the head");
    client.write_all(b"ad").await.unwrap();
    assert_eq!(connection.read(&mut read).await.unwrap(), 2);
    let in_flight = InFlight::enter(&known);
    assert!(is_waiting(connection.read(&mut read)).await, "the body");
    in_flight.tell_last();
    drop(in_flight);
    assert_eq!(connection.read(&mut read).await.unwrap(), 0, "it is answered");
    assert!(InFlight::enter(&known).is_behind_last());
}

#[tokio::test]
async fn idle_connections_end_a_moment_after_the_server_does() {
    let (mut watched, linger) = (Watched::new(), Duration::from_millis(10));
    let (end, closing) = watch::channel(false);
    let serving = async {
        watched.connections.end_after(closing, linger);
        let begun = tokio::time::Instant::now();
        end.send_replace(true);
        assert_eq!(watched.connection.read(&mut [0; 8]).await.unwrap(), 0);
        assert!(begun.elapsed() >= linger);
    };
    tokio::task::LocalSet::new().run_until(serving).await;
}

#[tokio::test]
async fn a_reply_that_is_not_read_breaks_off() {
    let mut watched = Watched::new();
    let _in_flight = InFlight::enter(&watched.connection.known());
    let reply = [0; 1000];
    let writing = watched.connection.write_all(&reply);
    let looking = async {
        for _ in 0..=LOOKS {
            watched.connections.look();
            tokio::task::yield_now().await;
        }
    };
    let error = tokio::join!(writing, looking).0.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    watched.assert_counted("reply");
}

#[tokio::test]
async fn what_is_read_buys_time_for_the_rest() {
    let mut watched = Watched::new();
    let _in_flight = InFlight::enter(&watched.connection.known());
    watched.connection.note_write(1 << 20, usize::MAX);
    // Looks are a second apart, and a second is 64 KiB.
    assert_eq!(watched.look(LOOKS), None, "what came at once buys nothing in advance");
    watched.connection.note_write(1 << 16, usize::MAX);
    assert_ne!(watched.look(1), Some(Refused::Reply));
    assert_eq!(watched.look(1), Some(Refused::Reply));
    watched.connection.note_write(10, 10);
    assert!(watched.connection.watch.unread.get().is_none(), "it has been read");
    drop(watched.client);
    drop(watched.connection.shutdown().await);
}

#[test]
fn connections_that_are_gone_are_neither_watched_nor_counted() {
    let registry = Registry::new();
    let connections = Rc::new(Connections::new(&fixture::edge(&registry)));
    let places = Places::new(1);
    let connection = connections.add((), places.take());
    assert_eq!(places.taken(), 1);
    drop(connection);
    assert_eq!(places.taken(), 0);
    connections.look();
    assert!(connections.watched.borrow().is_empty());
}
