//! `grpc.reflection.v1` and `v1alpha`: what the services and their messages are.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Frame;
use radiant_protocol::pb::DESCRIPTORS;
use tonic::body::Body;
use tonic_reflection::pb::{v1, v1alpha};
use tonic_reflection::server::Builder;
use tower_service::Service;

use super::serve::Draining;
use super::service::Incoming;

type Answering = Pin<Box<dyn Future<Output = Response<Body>> + Send>>;
type Answer = dyn Fn(Request<Body>) -> Answering + Send + Sync;

/// Both versions of the service.
#[derive(Clone)]
pub(super) struct Reflection {
    v1: Arc<Answer>,
    v1alpha: Arc<Answer>,
    draining: Draining,
}

impl Reflection {
    /// Reads the descriptors.
    ///
    /// # Errors
    /// They cannot be read.
    pub(super) fn new(draining: Draining) -> io::Result<Self> {
        let builder = || {
            Builder::configure()
                .include_reflection_service(false)
                .register_encoded_file_descriptor_set(DESCRIPTORS)
                .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
                .register_encoded_file_descriptor_set(v1::FILE_DESCRIPTOR_SET)
                .register_encoded_file_descriptor_set(v1alpha::FILE_DESCRIPTOR_SET)
        };
        let v1 = erased(builder().build_v1().map_err(io::Error::other)?);
        let v1alpha = erased(builder().build_v1alpha().map_err(io::Error::other)?);
        Ok(Self { v1, v1alpha, draining })
    }

    /// Answers a call to version 1.
    pub(super) async fn answer<B: Incoming>(&self, request: Request<B>) -> Response<Body> {
        (self.v1)(self.until_draining(request)).await
    }

    /// Answers a call to version 1alpha.
    pub(super) async fn answer_alpha<B: Incoming>(&self, request: Request<B>) -> Response<Body> {
        (self.v1alpha)(self.until_draining(request)).await
    }

    /// The request, whose stream ends when the server does: the service reads it to its end.
    fn until_draining<B: Incoming>(&self, request: Request<B>) -> Request<Body> {
        let mut draining = self.draining.clone();
        let draining = Box::pin(async move { draining.begun().await });
        request.map(|body| Body::new(UntilDraining { body, draining, has_ended: false }))
    }
}

/// A service as a function, because the types of these cannot be named.
fn erased<S>(service: S) -> Arc<Answer>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
    S: Clone + Send + Sync + 'static,
    S::Future: Send,
{
    Arc::new(move |request| {
        let mut service = service.clone();
        Box::pin(async move { service.call(request).await.unwrap_or_else(|never| match never {}) })
    })
}

/// A body that ends early when the server does.
struct UntilDraining<B> {
    body: B,
    draining: Pin<Box<dyn Future<Output = ()> + Send>>,
    has_ended: bool,
}

impl<B: Incoming> http_body::Body for UntilDraining<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        self.has_ended = self.has_ended || self.draining.as_mut().poll(context).is_ready();
        if self.has_ended {
            return Poll::Ready(None);
        }
        Pin::new(&mut self.body).poll_frame(context)
    }
}
