//! Ports of pods for whoever is outside: what `port-forward` needs, over a websocket.
//!
//! A port has two channels, one of data and one of errors, and both begin with its number
//! (`v4.channel.k8s.io`, as kubelets of Kubernetes 1.20 speak it).

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::Result;
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::OwnedReadHalf;
use tokio::sync::{mpsc, oneshot};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::Kubelet;
use crate::http::{self, Body, Reply, Request, Stream};

/// The protocol within the websocket.
const PROTOCOL: &str = "v4.channel.k8s.io";
/// How much is read from a pod at once.
const PIECE_BYTES: usize = 16 * 1024;

/// Answers `/portForward/NAMESPACE/POD?port=NUMBER[,NUMBER...]`.
pub(super) fn answer(kubelet: &Kubelet, request: &Request) -> Reply {
    let mut parts = request.path.trim_start_matches('/').split('/').skip(1);
    let (Some(namespace), Some(pod)) = (parts.next(), parts.next()) else {
        return Reply::refusal(404, "no pod is named");
    };
    let Some(address) = kubelet.address(namespace, pod) else {
        return Reply::refusal(404, &format!("pod {pod:?} does not run"));
    };
    let ports = request.parameter("port").unwrap_or_default().split(',');
    let Ok(ports) = ports.map(str::parse).collect::<Result<Vec<u16>, _>>() else {
        return Reply::refusal(400, "unable to parse the port");
    };
    let Some(key) = request.header("sec-websocket-key") else {
        return Reply::refusal(400, "this kubelet forwards ports over websockets only");
    };
    let (give, taken) = oneshot::channel();
    tokio::spawn(async move {
        if let Ok(stream) = taken.await {
            // Whoever hangs up has nobody else to tell.
            drop(forward(stream, address, &ports).await);
        }
    });
    let accept = derive_accept_key(key.as_bytes());
    let fields = [
        "Upgrade: websocket".to_owned(),
        "Connection: Upgrade".to_owned(),
        format!("Sec-WebSocket-Accept: {accept}"),
        format!("Sec-WebSocket-Protocol: {PROTOCOL}"),
    ];
    Reply { status: 101, content_type: "", body: Body::Upgraded(fields.into(), give) }
}

/// Carries what goes between the websocket and a pod until one of them has ended.
async fn forward(stream: Stream, pod: Ipv4Addr, ports: &[u16]) -> Result<()> {
    let socket = WebSocketStream::from_raw_socket(stream, Role::Server, None).await;
    let (mut out, mut incoming) = socket.split();
    let (tell, mut told) = mpsc::channel(16);
    let mut writers = Vec::new();
    for (idx, port) in ports.iter().enumerate() {
        let data = u8::try_from(2 * idx)?;
        for channel in [data, data + 1] {
            out.send(frame(channel, &port.to_le_bytes())).await?;
        }
        writers.push(match http::dial(SocketAddr::from((pod, *port))).await {
            Ok(opened) => {
                let (from, to) = opened.into_split();
                tokio::spawn(read(data, from, tell.clone()));
                Some(to)
            }
            Err(error) => {
                out.send(frame(data + 1, error.to_string().as_bytes())).await?;
                None
            }
        });
    }
    drop(tell);
    loop {
        tokio::select! {
            piece = told.recv() => match piece {
                Some(piece) => out.send(piece).await?,
                None => break,
            },
            message = incoming.next() => match message.transpose()? {
                Some(Message::Binary(bytes)) => {
                    let Some((channel, bytes)) = bytes.split_first() else { continue };
                    let writer = writers.get_mut(usize::from(channel / 2));
                    if let Some(Some(writer)) = writer {
                        writer.write_all(bytes).await?;
                    }
                }
                Some(Message::Close(_)) | None => break,
                Some(_) => {}
            },
        }
    }
    Ok(out.close().await?)
}

/// Reads what a pod says to the end.
async fn read(channel: u8, mut from: OwnedReadHalf, tell: mpsc::Sender<Message>) {
    let mut piece = vec![0; PIECE_BYTES];
    while let Ok(length @ 1..) = from.read(&mut piece).await {
        let bytes = piece.get(..length).unwrap_or_default();
        if tell.send(frame(channel, bytes)).await.is_err() {
            return;
        }
    }
}

fn frame(channel: u8, bytes: &[u8]) -> Message {
    Message::binary([&[channel], bytes].concat())
}
