//! HTTP/1.1 without blocking: one request at a time on a connection that is kept.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::http::{self, Reply, Request};

use super::connection::{Duplex, Place};
use super::tally::Lost;

/// A client that has a connection, or opens one with the next request.
pub(crate) struct Client {
    place: Place,
    stream: Option<Box<dyn Duplex>>,
    pending: Vec<u8>,
}

impl Client {
    /// A client that has no connection yet.
    pub(crate) fn new(place: Place) -> Self {
        Self { place, stream: None, pending: Vec::new() }
    }

    /// Sends a request and reads its reply.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) async fn ask(&mut self, request: &Request) -> Result<Reply, Lost> {
        // A server may have refused what it has not read: what it said counts.
        let sent = self.stream().await?.write_all(&request.encode()).await;
        let reply = match self.read().await {
            Ok(reply) => reply,
            Err(error) if self.pending.is_empty() => {
                self.stream = None;
                let sent = sent.err().map(|error| format!("{error}, ")).unwrap_or_default();
                return Err(Lost::Unanswered(format!("{sent}{error}")));
            }
            Err(error) => return Err(Lost::Broken(format!("a reply breaks off: {error}"))),
        };
        if !self.pending.is_empty() {
            return Err(Lost::Broken("more came than the reply".to_owned()));
        }
        if reply.header("connection") == Some("close") {
            self.finish().await?;
        }
        Ok(reply)
    }

    /// Sends some bytes, never to be heard of again.
    ///
    /// # Errors
    /// When there is no server.
    pub(crate) async fn vanish(&mut self, bytes: &[u8], abruptly: bool) -> Result<(), Lost> {
        let stream = self.stream().await?;
        // It may be closed already, which is what follows.
        drop(stream.write_all(bytes).await);
        if abruptly {
            stream.reset_when_dropped();
        }
        self.stream = None;
        Ok(())
    }

    /// Ends the connection, on which nothing more may come.
    ///
    /// # Errors
    /// When something does.
    pub(crate) async fn finish(&mut self) -> Result<(), Lost> {
        let Some(mut stream) = self.stream.take() else { return Ok(()) };
        // Either may have been closed by the server, which is no second answer.
        drop(stream.shutdown().await);
        drop(stream.read_to_end(&mut self.pending).await);
        if self.pending.is_empty() {
            return Ok(());
        }
        Err(Lost::Broken(format!("it was answered twice: {}", self.pending.escape_ascii())))
    }

    async fn stream(&mut self) -> Result<&mut Box<dyn Duplex>, Lost> {
        if self.stream.is_none() {
            self.stream = Some(self.place.connect("http/1.1").await?);
        }
        self.stream.as_mut().ok_or_else(|| Lost::Gone("no connection".to_owned()))
    }

    async fn read(&mut self) -> std::io::Result<Reply> {
        const END: &[u8] = b"\r\n\r\n";
        let head = loop {
            if let Some(at) = self.pending.windows(END.len()).position(|window| window == END) {
                break self.pending.drain(..at + END.len()).collect::<Vec<u8>>();
            }
            self.fill().await?;
        };
        let mut reply = http::parse_head(&head)?;
        let length = reply.header("content-length").and_then(|length| length.parse().ok());
        let length: usize = length.ok_or_else(|| std::io::Error::other("no length"))?;
        while self.pending.len() < length {
            self.fill().await?;
        }
        reply.body = self.pending.drain(..length).collect();
        Ok(reply)
    }

    async fn fill(&mut self) -> std::io::Result<()> {
        let Some(stream) = &mut self.stream else {
            return Err(std::io::ErrorKind::NotConnected.into());
        };
        match stream.read_buf(&mut self.pending).await? {
            0 => Err(std::io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}
