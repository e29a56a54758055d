//! gRPC without blocking: calls of several clients at once on one connection.

use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;

use bytes::Bytes;
use h2::client::SendRequest;
use h2::{Reason, RecvStream};

use crate::support::grpc::{Answer, Call, WINDOW, fill, frame};

use super::connection::Place;
use super::conversation::{self, Conversation};
use super::tally::Lost;

/// A client that shares its connection with its siblings; a new one is opened with the next call.
#[derive(Debug)]
pub(crate) struct Client {
    place: Place,
    connection: Rc<RefCell<Option<SendRequest<Bytes>>>>,
    conversation: Option<Conversation>,
}

impl Client {
    /// A client that has no connection yet.
    pub(crate) fn new(place: Place) -> Self {
        Self { place, connection: Rc::default(), conversation: None }
    }

    /// Another client of the same connection.
    pub(crate) fn sibling(&self) -> Self {
        let connection = Rc::clone(&self.connection);
        Self { connection, ..Self::new(self.place.clone()) }
    }

    /// Calls a method with one message.
    ///
    /// # Errors
    /// When the call ends without a status.
    pub(crate) async fn ask(&self, path: &str, message: &[u8]) -> Result<Answer, Lost> {
        let (mut stream, response) = self.open(&Call::new(path)).await?;
        if let Err(error) = stream.send_data(frame(false, message), true) {
            return Err(self.lost(&error));
        }
        let (parts, body) = match response.await {
            Ok(response) => response.into_parts(),
            Err(error) => return Err(self.lost(&error)),
        };
        if parts.status != 200 {
            return Err(Lost::Broken(format!("HTTP status {}", parts.status)));
        }
        let mut answer = Answer::new();
        answer.status(&parts.headers);
        answer.initial = parts.headers;
        let read = read(body, &mut answer).await;
        read.map_err(|error| Lost::Broken(format!("an answer breaks off: {error}")))?;
        Ok(answer)
    }

    /// Asks on the call that it keeps open, or opens.
    ///
    /// # Errors
    /// When the call ends without a status.
    pub(crate) async fn converse(&mut self, message: &[u8]) -> Result<Answer, Lost> {
        let mut conversation = if let Some(open) = self.conversation.take() {
            open
        } else {
            let (sending, response) = self.open(&conversation::call()).await?;
            Conversation::new(response, sending)
        };
        let asked = conversation.ask(message).await;
        let (answer, is_over) = asked.map_err(|error| match self.lost(&error) {
            Lost::Unanswered(why) if conversation.is_within_answer() => {
                Lost::Broken(format!("an answer breaks off: {why}"))
            }
            lost => lost,
        })?;
        if !is_over {
            self.conversation = Some(conversation);
        }
        Ok(answer)
    }

    /// Ends the call that it keeps open, on which nothing more may come.
    ///
    /// # Errors
    /// When something does.
    pub(crate) async fn finish(&mut self) -> Result<(), Lost> {
        let Some(conversation) = self.conversation.take() else { return Ok(()) };
        // It may have been ended by the server, which is no second answer.
        match conversation.finish().await {
            Ok(Some(answer)) => Err(Lost::Broken(format!("it was answered twice: {answer:?}"))),
            Ok(None) | Err(_) => Ok(()),
        }
    }

    /// Opens a call, sends some bytes of its message, and takes it back.
    ///
    /// # Errors
    /// When there is no server.
    pub(crate) async fn vanish(&self, path: &str, bytes: Bytes) -> Result<(), Lost> {
        let (mut stream, _response) = self.open(&Call::new(path)).await?;
        // What is not sent when it is taken back is none of the server's.
        drop(stream.send_data(bytes, false));
        tokio::task::yield_now().await;
        stream.send_reset(Reason::CANCEL);
        Ok(())
    }

    async fn open(
        &self,
        call: &Call,
    ) -> Result<(h2::SendStream<Bytes>, h2::client::ResponseFuture), Lost> {
        loop {
            let mut connection = self.connection().await?;
            let ready = poll_fn(|context| connection.poll_ready(context)).await;
            let sent = ready.and_then(|()| connection.send_request(call.head(), false));
            match sent.map_err(|error| (self.lost(&error), error)) {
                Ok((response, stream)) => return Ok((stream, response)),
                // A connection that takes no calls any more was asked nothing: another is.
                Err((_, error)) if error.is_go_away() || error.is_io() => {}
                Err((lost, _)) => return Err(lost),
            }
        }
    }

    async fn connection(&self) -> Result<SendRequest<Bytes>, Lost> {
        if let Some(connection) = &*self.connection.borrow() {
            return Ok(connection.clone());
        }
        let stream = self.place.connect("h2").await?;
        let mut builder = h2::client::Builder::new();
        builder.initial_window_size(WINDOW).initial_connection_window_size(WINDOW);
        // What still comes on calls that were taken back is no reason to leave.
        builder.max_local_error_reset_streams(None);
        let opened = builder.handshake(stream).await;
        let (sender, driver) = opened.map_err(|error| Lost::Gone(error.to_string()))?;
        // What ends it ends its calls, too, and they tell.
        drop(tokio::task::spawn_local(driver));
        // Another call may have opened one meanwhile; both serve.
        *self.connection.borrow_mut() = Some(sender.clone());
        Ok(sender)
    }

    /// What an error before any part of an answer means.
    fn lost(&self, error: &h2::Error) -> Lost {
        if error.is_go_away() || error.is_io() {
            self.connection.replace(None);
        }
        let is_refusal = error.is_reset() && error.reason() == Some(Reason::REFUSED_STREAM);
        if error.is_go_away() || error.is_io() || is_refusal {
            Lost::Unanswered(error.to_string())
        } else {
            Lost::Broken(error.to_string())
        }
    }
}

async fn read(mut body: RecvStream, answer: &mut Answer) -> Result<(), h2::Error> {
    let (mut rest, mut ready) = Default::default();
    while fill(&mut body, &mut rest, &mut ready, answer).await? {}
    answer.messages = ready.into();
    Ok(())
}
