//! The ports of the process.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use tokio::net::{TcpSocket, TcpStream};

/// Connections that may have come and wait to be taken; the system has a bound of its own, which is
/// usually as much. Beyond it a client is not told, and tries again after a second: a burst of new
/// connections, as when many clients start, must not get there.
const BACKLOG: u32 = 4096;

/// Opens a port. To be called within a runtime.
///
/// # Errors
/// What the system says.
pub(crate) fn open(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A port whose last server has just ended is free.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)?.into_std()
}

/// Waits until connections to a port of this process are refused, once it is being closed. Who is
/// told to go before that comes back to a port that takes nobody any more, and loses a request.
pub(crate) async fn refused(address: SocketAddr) {
    // Another process may open the same port meanwhile.
    const TRIES: usize = 100;
    for _ in 0..TRIES {
        tokio::time::sleep(Duration::from_millis(1)).await;
        if TcpStream::connect(address).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;

    use super::*;

    #[tokio::test]
    async fn a_burst_of_connections_waits_to_be_taken() {
        let listener = open(([127, 0, 0, 1], 0).into()).unwrap();
        let address = listener.local_addr().unwrap();
        // Beyond the backlog a connection is not made as long as nobody takes any.
        let connect = |_| TcpStream::connect_timeout(&address, Duration::from_secs(10)).unwrap();
        let connections: Vec<TcpStream> = (0..300).map(connect).collect();
        assert_eq!(connections.len(), 300);
    }

    #[tokio::test]
    async fn a_port_that_closes_is_waited_for() {
        let listener = open(([127, 0, 0, 1], 0).into()).unwrap();
        let address = listener.local_addr().unwrap();
        let closing = async {
            tokio::task::yield_now().await;
            drop(listener);
        };
        tokio::join!(refused(address), closing);
        assert!(TcpStream::connect_timeout(&address, Duration::from_secs(10)).is_err());
    }

    #[tokio::test]
    async fn a_port_that_is_taken_is_refused() {
        for host in ["127.0.0.1:0", "[::1]:0"] {
            // A machine may have no IPv6.
            let Ok(listener) = open(host.parse().unwrap()) else { continue };
            let again = open(listener.local_addr().unwrap()).unwrap_err();
            assert_eq!(again.kind(), io::ErrorKind::AddrInUse);
        }
    }
}
