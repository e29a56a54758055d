//! Messages in bodies of every cut.

use std::convert::Infallible;

use futures_util::stream;
use http_body::Frame;
use http_body_util::StreamBody;

use super::*;
use crate::observe::Registry;
use crate::schedule::UNLIMITED;

const LIMIT: usize = 1000;

fn framed(messages: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for message in messages {
        bytes.push(0);
        bytes.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
        bytes.extend(message);
    }
    bytes
}

fn body(
    bytes: &[u8],
    piece_bytes: usize,
) -> impl Body<Data = Bytes, Error = Infallible> + Unpin + use<> {
    let frames: Vec<_> = bytes
        .chunks(piece_bytes)
        .map(|piece| Ok(Frame::data(Bytes::copy_from_slice(piece))))
        .collect();
    StreamBody::new(stream::iter(frames))
}

fn all(bytes: &[u8], piece_bytes: usize) -> Result<Vec<Vec<u8>>, Error> {
    block_on(async {
        let mut messages = Messages::new(body(bytes, piece_bytes), LIMIT, Duration::ZERO);
        let mut all = Vec::new();
        while let Some(message) = messages.next(&permits()).await? {
            all.push(message.taken.to_vec());
        }
        Ok(all)
    })
}

fn permits() -> Arc<Permits> {
    Permits::new(UNLIMITED, &Arc::new(Registry::new()))
}

fn only(bytes: &[u8]) -> Result<Message, Error> {
    block_on(Messages::only(body(bytes, 7), LIMIT, Duration::from_secs(1), &permits()))
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
}

#[test]
fn messages_are_found_however_the_body_is_cut() {
    let messages = [vec![], vec![1], vec![2; 60], vec![], vec![3; 100]];
    let bytes = framed(&messages);
    for piece_bytes in 1..=bytes.len() {
        assert_eq!(all(&bytes, piece_bytes).unwrap(), messages, "in pieces of {piece_bytes}");
    }
}

#[test]
fn any_bytes_are_messages_or_an_error() {
    let good = framed(&[vec![0, 1, 2], vec![9; 20]]);
    for place in 0..good.len() {
        for byte in [0, 1, 2, 20, 0x7f, 0xff] {
            let mut bytes = good.clone();
            bytes[place] = byte;
            if let Err(error) = all(&bytes, 3) {
                let expected = [ErrorKind::InvalidInput, ErrorKind::TooLarge];
                assert!(expected.contains(&error.kind()), "{byte} at {place}: {error}");
            }
        }
    }
}

#[test]
fn a_message_in_one_piece_is_not_copied() {
    let bytes = Bytes::from(framed(&[vec![1; 50]]));
    let whole = http_body_util::Full::new(bytes.clone());
    let message = block_on(Messages::only(whole, LIMIT, Duration::ZERO, &permits())).unwrap();
    assert_eq!(message.taken.as_ptr(), bytes[HEAD_BYTES..].as_ptr());
}

#[test]
fn a_call_has_one_message() {
    let one = framed(&[b"text".to_vec()]);
    assert_eq!(only(&one).unwrap().taken.bytes, "text");
    for (bytes, expected) in [
        (&[][..], "expected a message, got none"),
        (&[one.clone(), one.clone()].concat(), "expected one message, got more"),
        (&[one.clone(), vec![0]].concat(), "expected one message, got more"),
        (&one[..one.len() - 1], "it breaks off within a message"),
        (&one[..3], "it breaks off within a message"),
        (&[2, 0, 0, 0, 0], "expected 0 or 1 in front of it, got 2"),
    ] {
        let error = only(bytes).unwrap_err();
        assert_eq!(error.message(), format!("the call is not gRPC: {expected}"));
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    }
}

#[test]
fn a_message_beyond_the_limit_is_refused_by_its_head() {
    let error = only(&[0, 0xff, 0xff, 0xff, 0xff]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    assert!(error.message().starts_with("the message of 4294967295 bytes"), "{error}");
}

#[tokio::test]
async fn a_client_that_stalls_is_given_up() {
    let head = stream::iter([Ok::<_, Infallible>(Frame::data(Bytes::from_static(&[0, 0, 0])))]);
    let stalled = StreamBody::new(futures_util::StreamExt::chain(head, stream::pending()));
    let error =
        Messages::only(stalled, LIMIT, Duration::from_millis(2), &permits()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DeadlineExceeded);
    assert_eq!(error.message(), "the message did not arrive within 0.002 s");
    assert!(is_too_slow(&error));
}

#[tokio::test]
async fn a_stream_may_pause_between_messages_and_not_within_one() {
    let whole = framed(&[b"text".to_vec()]);
    let begun = [whole.clone(), whole[..3].to_vec()].concat();
    let frames = [Ok::<_, Infallible>(Frame::data(Bytes::from(begun)))];
    let body = futures_util::StreamExt::chain(stream::iter(frames), stream::pending());
    let permits = permits();
    let mut messages = Messages::new(StreamBody::new(body), LIMIT, Duration::from_millis(2));
    assert_eq!(messages.next(&permits).await.unwrap().unwrap().taken.bytes, "text");
    let error = messages.next(&permits).await.unwrap_err();
    assert!(is_too_slow(&error), "{error}");

    let silent = StreamBody::new(stream::pending::<Result<Frame<Bytes>, Infallible>>());
    let mut silent = Messages::new(silent, LIMIT, Duration::ZERO);
    assert!(futures_util::FutureExt::now_or_never(silent.next(&permits)).is_none(), "it may pause");
}
