//! An echo of Open Inference requests the way tonic's guide builds a server: tokio's runtime of
//! many threads, the router in front of its one service, messages decoded and encoded by prost, the
//! system's allocator. `radiant-bench-stock` prints the port that it listens on.

use std::convert::Infallible;
use std::io::Write as _;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use prost::Message;
use radiant_protocol::pb::inference::model_infer_response::InferOutputTensor;
use radiant_protocol::pb::inference::{ModelInferRequest, ModelInferResponse};
use tonic::body::Body;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::server::{Grpc, NamedService, UnaryService};
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

const METHOD: &str = "/inference.GRPCInferenceService/ModelInfer";

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let incoming = TcpIncoming::bind(([127, 0, 0, 1], 0).into())?.with_nodelay(Some(true));
    writeln!(std::io::stdout(), "{}", incoming.local_addr()?.port())?;
    let service = Service(Arc::new(Echo));
    tonic::transport::Server::builder().add_service(service).serve_with_incoming(incoming).await?;
    Ok(())
}

type BoxFuture<T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send>>;

/// What a generated service is: the methods behind an `Arc`, each call in a box.
#[derive(Debug, Clone)]
struct Service(Arc<Echo>);

impl NamedService for Service {
    const NAME: &'static str = "inference.GRPCInferenceService";
}

#[derive(Debug)]
struct Echo;

impl Echo {
    #[expect(clippy::unused_self, reason = "a service that does more needs itself")]
    fn model_infer(
        self: Arc<Self>,
        request: Request<ModelInferRequest>,
    ) -> BoxFuture<Response<ModelInferResponse>, Status> {
        Box::pin(async move { Ok(Response::new(answer(request.into_inner()))) })
    }
}

/// The inputs as outputs.
fn answer(request: ModelInferRequest) -> ModelInferResponse {
    let outputs = request.inputs.into_iter().map(|input| InferOutputTensor {
        name: input.name,
        datatype: input.datatype,
        shape: input.shape,
        parameters: input.parameters,
        contents: input.contents,
    });
    ModelInferResponse {
        model_name: request.model_name,
        model_version: request.model_version,
        id: request.id,
        parameters: request.parameters,
        outputs: outputs.collect(),
        raw_output_contents: request.raw_input_contents,
    }
}

impl tower_service::Service<http::Request<Body>> for Service {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Infallible>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        if request.uri().path() != METHOD {
            return Box::pin(async { Ok(Status::unimplemented("").into_http()) });
        }
        let method = Method(Arc::clone(&self.0));
        Box::pin(async move { Ok(Grpc::new(ProstCodec::new()).unary(method, request).await) })
    }
}

#[derive(Debug)]
struct Method(Arc<Echo>);

impl UnaryService<ModelInferRequest> for Method {
    type Response = ModelInferResponse;
    type Future = BoxFuture<Response<ModelInferResponse>, Status>;

    fn call(&mut self, request: Request<ModelInferRequest>) -> Self::Future {
        let echo = Arc::clone(&self.0);
        Box::pin(async move { echo.model_infer(request).await })
    }
}

/// Messages by prost: `D` comes, `E` goes.
#[derive(Debug)]
struct ProstCodec<D, E>(PhantomData<(D, E)>);

impl<D, E> ProstCodec<D, E> {
    const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<D, E> Codec for ProstCodec<D, E>
where
    D: Message + Default + Send + 'static,
    E: Message + 'static,
{
    type Encode = E;
    type Decode = D;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self::new()
    }

    fn decoder(&mut self) -> Self {
        Self::new()
    }
}

impl<D, E: Message> Encoder for ProstCodec<D, E> {
    type Item = E;
    type Error = Status;

    fn encode(&mut self, item: E, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        item.encode(to).map_err(|error| Status::internal(error.to_string()))
    }
}

impl<D: Message + Default, E> Decoder for ProstCodec<D, E> {
    type Item = D;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<D>, Status> {
        D::decode(from).map(Some).map_err(|error| Status::internal(error.to_string()))
    }
}
