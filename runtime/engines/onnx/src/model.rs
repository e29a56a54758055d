//! A model that has passed every check.

use std::collections::BTreeMap;

use prost::Message;
use prost::bytes::Bytes;
use prost::encoding::message;

use crate::node::canonical_domain;
use crate::pb::{GraphProto, ModelProto, OperatorSetIdProto, StringStringEntryProto};
use crate::zip_map::ZipMap;
use crate::{Limits, OnnxError, check, functions, scan, sparse};

/// An ONNX model as plain data, checked once when it was read.
///
/// Functions of the file are put in place of the nodes that call them, and sparse constants are
/// dense ones.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// The version of the file format.
    pub ir_version: i64,
    /// The operator sets: version by domain, standard ONNX being the empty domain.
    pub opsets: BTreeMap<String, i64>,
    /// Name and version of the program that wrote the file.
    pub producer: String,
    /// What the author added.
    pub metadata_props: BTreeMap<String, String>,
    /// The graph.
    pub graph: GraphProto,
    /// What [`strip_zip_maps`](crate::strip_zip_maps) took out of the graph, by index of the output.
    pub(crate) zip_maps: BTreeMap<usize, ZipMap>,
}

/// Reads and checks a model whose constants are all in `bytes`.
///
/// Cost: copies `bytes` once.
///
/// # Errors
/// [`OnnxError`], which says what is wrong where.
pub fn read(bytes: &[u8], limits: &Limits) -> Result<Model, OnnxError> {
    let length = bytes.len() as u64;
    OnnxError::check_limit("model file", "bytes", limits.file_bytes_max, length)?;
    let proto = decode(Bytes::copy_from_slice(bytes), limits)?;
    Model::build(proto, limits)
}

/// The messages in `bytes`, checked in size and depth only.
pub(crate) fn decode(bytes: Bytes, limits: &Limits) -> Result<ModelProto, OnnxError> {
    scan::scan(&bytes, limits)?;
    ModelProto::decode(bytes).map_err(|error| OnnxError::Malformed { problem: error.to_string() })
}

impl Model {
    /// Checks the messages of a file whose external data has been read.
    pub(crate) fn build(mut proto: ModelProto, limits: &Limits) -> Result<Self, OnnxError> {
        functions::inline(&mut proto, limits)?;
        let Some(mut graph) = proto.graph else {
            return Err(OnnxError::Malformed { problem: "there is no graph".to_owned() });
        };
        sparse::densify(&mut graph, limits)?;
        let entries = proto.metadata_props.into_iter().map(|entry| (entry.key, entry.value));
        let producer = format!("{} {}", proto.producer_name, proto.producer_version);
        let model = Self {
            ir_version: proto.ir_version,
            opsets: opsets(&proto.opset_import, proto.ir_version)?,
            producer: producer.trim().to_owned(),
            metadata_props: entries.collect(),
            graph,
            zip_maps: BTreeMap::new(),
        };
        check::check(&model, limits)?;
        Ok(model)
    }

    /// The model as the bytes of a file, with all constants inside.
    ///
    /// Cost: copies all constants.
    pub fn to_proto_bytes(&self) -> Vec<u8> {
        let opset_import = self
            .opsets
            .iter()
            .map(|(domain, &version)| OperatorSetIdProto { domain: domain.clone(), version });
        let entries = self.metadata_props.iter();
        let entry = |(key, value): (&String, &String)| StringStringEntryProto {
            key: key.clone(),
            value: value.clone(),
        };
        let head = ModelProto {
            ir_version: self.ir_version,
            opset_import: opset_import.collect(),
            producer_name: self.producer.clone(),
            metadata_props: entries.map(entry).collect(),
            ..ModelProto::default()
        };
        let mut bytes = head.encode_to_vec();
        message::encode(GRAPH_TAG, &self.graph, &mut bytes);
        bytes
    }

    /// The version of an operator set, standard ONNX being the empty domain.
    pub fn opset(&self, domain: &str) -> Option<i64> {
        self.opsets.get(canonical_domain(domain)).copied()
    }
}

/// The number of the field `graph` in `ModelProto`.
const GRAPH_TAG: u32 = 7;

/// Operator sets by domain. Files older than the list of operator sets mean version 1 of ONNX.
fn opsets(
    imports: &[OperatorSetIdProto],
    ir_version: i64,
) -> Result<BTreeMap<String, i64>, OnnxError> {
    let mut opsets = BTreeMap::new();
    if ir_version < 3 && imports.is_empty() {
        opsets.insert(String::new(), 1);
    }
    for import in imports {
        let domain = canonical_domain(&import.domain);
        let place = format_args!("operator set `{}`", import.domain);
        if import.version < 1 {
            return Err(OnnxError::invalid(place, "a version from 1", import.version));
        }
        let earlier = opsets.insert(domain.to_owned(), import.version);
        if let Some(earlier) = earlier.filter(|&earlier| earlier != import.version) {
            return Err(OnnxError::invalid(
                place,
                format_args!("version {earlier} as before"),
                import.version,
            ));
        }
    }
    Ok(opsets)
}
