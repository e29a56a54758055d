//! `ModelStreamInfer`: question after question on one call, which stays open.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use h2::client::ResponseFuture;
use h2::{RecvStream, SendStream};

use super::wire::V2_STREAM;
use crate::support::grpc::{Answer, Call, fill, frame};

/// A call that is open.
#[derive(Debug)]
pub(crate) struct Conversation {
    sending: SendStream<Bytes>,
    receiving: Receiving,
    rest: BytesMut,
    ready: VecDeque<Vec<u8>>,
}

#[derive(Debug)]
enum Receiving {
    Head(ResponseFuture),
    Body(RecvStream),
}

/// The call, which ends with the status of the first failure.
pub(super) fn call() -> Call {
    Call::new(V2_STREAM).metadata("triton_grpc_error", "true")
}

impl Conversation {
    pub(super) fn new(response: ResponseFuture, sending: SendStream<Bytes>) -> Self {
        Self {
            sending,
            receiving: Receiving::Head(response),
            rest: BytesMut::new(),
            ready: VecDeque::new(),
        }
    }

    /// Asks, and waits for one answer: a message, with the code of success, or the status that ended the
    /// call. `true` says that the call is over.
    pub(super) async fn ask(&mut self, message: &[u8]) -> Result<(Answer, bool), h2::Error> {
        // A call that the server has ended takes nothing more, and says why when it is read.
        drop(self.sending.send_data(frame(false, message), false));
        self.next().await
    }

    /// Whether a part of an answer has come.
    pub(super) fn is_within_answer(&self) -> bool {
        !self.rest.is_empty()
    }

    /// Says that nothing more will be asked, and reads what comes all the same.
    pub(super) async fn finish(mut self) -> Result<Option<Answer>, h2::Error> {
        drop(self.sending.send_data(Bytes::new(), true));
        let (answer, is_over) = self.next().await?;
        Ok((!is_over).then_some(answer))
    }

    async fn next(&mut self) -> Result<(Answer, bool), h2::Error> {
        let mut answer = Answer::new();
        let body = match &mut self.receiving {
            Receiving::Body(body) => body,
            Receiving::Head(response) => {
                let (parts, body) = response.await?.into_parts();
                answer.status(&parts.headers);
                answer.initial = parts.headers;
                self.receiving = Receiving::Body(body);
                let Receiving::Body(body) = &mut self.receiving else { unreachable!() };
                body
            }
        };
        loop {
            if let Some(message) = self.ready.pop_front() {
                answer.code = Some(0);
                answer.messages.push(message);
                return Ok((answer, false));
            }
            if !fill(body, &mut self.rest, &mut self.ready, &mut answer).await? {
                return Ok((answer, true));
            }
        }
    }
}
