//! What a model takes and gives, as a signature of TensorFlow.

use prost::Message as _;
use prost_types::Any;
use radiant_core::{Error, Signature, TensorSpec};

use super::DEFAULT_SIGNATURE;
use crate::json::{push_i64, push_string};
use crate::pb::tensorflow::serving::model_spec::VersionChoice;
use crate::pb::tensorflow::serving::{
    GetModelMetadataRequest, GetModelMetadataResponse, ModelSpec, SignatureDefMap,
};
use crate::pb::tensorflow::tensor_shape_proto::Dim;
use crate::pb::tensorflow::{DataType, SignatureDef, TensorInfo, TensorShapeProto};
use crate::tf;

/// The only part of the metadata that can be asked for.
const FIELD: &str = "signature_def";
const FIELD_TYPE: &str = "type.googleapis.com/tensorflow.serving.SignatureDefMap";
const METHOD: &str = "tensorflow/serving/predict";

/// Checks that a request asks for the signature and for nothing else.
///
/// # Errors
/// It asks for nothing, or for something else.
pub fn check_metadata_request(request: &GetModelMetadataRequest) -> Result<(), Error> {
    let message = match request.metadata_field.as_slice() {
        [] => format!("`metadata_field`: expected `{FIELD}`, got none"),
        fields => match fields.iter().find(|field| *field != FIELD) {
            None => return Ok(()),
            Some(got) => format!("`metadata_field`: expected `{FIELD}`, got `{got}`"),
        },
    };
    Err(Error::invalid_input(message))
}

/// The metadata of a model over gRPC; one without a signature has neither inputs nor outputs.
pub fn metadata_message(
    model: &str,
    version: Option<i64>,
    signature: Option<&Signature>,
) -> GetModelMetadataResponse {
    let infos = |specs: &[TensorSpec]| {
        specs.iter().map(|spec| (spec.name.to_string(), info(spec))).collect()
    };
    let definition = SignatureDef {
        inputs: signature.map(|signature| infos(&signature.inputs)).unwrap_or_default(),
        outputs: signature.map(|signature| infos(&signature.outputs)).unwrap_or_default(),
        method_name: METHOD.to_owned(),
    };
    let signature_def = [(DEFAULT_SIGNATURE.to_owned(), definition)].into();
    let value = SignatureDefMap { signature_def }.encode_to_vec();
    let any = Any { type_url: FIELD_TYPE.to_owned(), value };
    let model_spec = ModelSpec {
        name: model.to_owned(),
        signature_name: String::new(),
        version_choice: version.map(VersionChoice::Version),
    };
    GetModelMetadataResponse {
        model_spec: Some(model_spec),
        metadata: [(FIELD.to_owned(), any)].into(),
    }
}

fn info(spec: &TensorSpec) -> TensorInfo {
    let dim = spec.dims.iter().map(|&dim| Dim { size: size(dim), name: String::new() }).collect();
    let number = i32::try_from(tf::DataType::of(spec.dtype).number);
    TensorInfo {
        name: spec.name.to_string(),
        dtype: number.unwrap_or(DataType::DtInvalid.into()),
        tensor_shape: Some(TensorShapeProto { dim, unknown_rank: false }),
    }
}

/// -1 where any extent fits.
fn size(dim: Option<usize>) -> i64 {
    dim.and_then(|dim| i64::try_from(dim).ok()).unwrap_or(-1)
}

/// Appends the metadata of a model in JSON; one without a signature has neither inputs nor outputs.
pub fn metadata_json(
    out: &mut Vec<u8>,
    model: &str,
    version: Option<i64>,
    signature: Option<&Signature>,
) {
    out.extend_from_slice(br#"{"model_spec":{"name":"#);
    push_string(out, model);
    out.extend_from_slice(br#","signature_name":"","version":""#);
    if let Some(version) = version {
        push_i64(out, version);
    }
    out.extend_from_slice(br#""},"metadata":{"signature_def":{"signature_def":{""#);
    out.extend_from_slice(DEFAULT_SIGNATURE.as_bytes());
    out.extend_from_slice(br#"":{"inputs":"#);
    push_infos(out, signature.map(|signature| signature.inputs.as_slice()).unwrap_or_default());
    out.extend_from_slice(br#","outputs":"#);
    push_infos(out, signature.map(|signature| signature.outputs.as_slice()).unwrap_or_default());
    out.extend_from_slice(br#","method_name":"#);
    push_string(out, METHOD);
    out.extend_from_slice(b"}}}}}");
}

fn push_infos(out: &mut Vec<u8>, specs: &[TensorSpec]) {
    out.push(b'{');
    for (index, spec) in specs.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        push_string(out, &spec.name);
        out.extend_from_slice(br#":{"dtype":"#);
        push_string(out, tf::DataType::of(spec.dtype).name);
        out.extend_from_slice(br#","tensor_shape":{"dim":["#);
        for (axis, &dim) in spec.dims.iter().enumerate() {
            out.extend_from_slice(if axis > 0 { br#",{"size":""# } else { br#"{"size":""# });
            push_i64(out, size(dim));
            out.extend_from_slice(br#"","name":""}"#);
        }
        out.extend_from_slice(br#"],"unknown_rank":false},"name":"#);
        push_string(out, &spec.name);
        out.push(b'}');
    }
    out.push(b'}');
}
