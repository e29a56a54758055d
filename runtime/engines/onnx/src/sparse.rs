//! Sparse constants, as dense ones.
//!
//! `SparseTensorProto` lists the values that are not zero with their places: numbers of elements, or
//! an index for each axis, in ascending order. Engines know dense constants only.

use radiant_core::TensorData;

use crate::pb::{AttributeProto, AttributeType, GraphProto, SparseTensorProto, TensorProto};
use crate::tensor::{self, n_elements};
use crate::{Limits, OnnxError, dtype_of, elem_type_name};

/// Makes all sparse constants of a graph dense, those of nested graphs included.
///
/// # Errors
/// [`OnnxError`] where one is broken, is of a type that the server lacks, or is beyond `limits` when
/// dense.
pub(crate) fn densify(graph: &mut GraphProto, limits: &Limits) -> Result<(), OnnxError> {
    Densifier { limits, n_bytes: 0 }.graph(graph)
}

struct Densifier<'a> {
    limits: &'a Limits,
    /// Bytes of dense constants so far.
    n_bytes: u64,
}

impl Densifier<'_> {
    fn graph(&mut self, graph: &mut GraphProto) -> Result<(), OnnxError> {
        for sparse in std::mem::take(&mut graph.sparse_initializer) {
            graph.initializer.push(self.dense(&sparse)?);
        }
        for attribute in graph.node.iter_mut().flat_map(|node| &mut node.attribute) {
            self.attribute(attribute)?;
            for graph in attribute.g.iter_mut().chain(&mut attribute.graphs) {
                self.graph(graph)?;
            }
        }
        Ok(())
    }

    /// The value of a Constant node.
    fn attribute(&mut self, attribute: &mut AttributeProto) -> Result<(), OnnxError> {
        if attribute.name != "sparse_value" {
            return Ok(());
        }
        if let Some(sparse) = attribute.sparse_tensor.take() {
            attribute.t = Some(self.dense(&sparse)?);
            "value".clone_into(&mut attribute.name);
            attribute.r#type = AttributeType::Tensor as i32;
        }
        Ok(())
    }

    fn dense(&mut self, sparse: &SparseTensorProto) -> Result<TensorProto, OnnxError> {
        let nothing = TensorProto::default();
        let values = sparse.values.as_ref().unwrap_or(&nothing);
        let place = format!("constant `{}`", values.name);
        tensor::check(values, &place, self.limits)?;
        let elem = values.data_type;
        let size = dtype_of(elem).and_then(radiant_core::DType::size);
        let Some(size) = size else {
            let what = format_args!("a sparse constant of {}", elem_type_name(elem));
            return Err(OnnxError::unsupported(place, what));
        };
        let rank = sparse.dims.len() as u64;
        OnnxError::check_limit(&place, "axes", self.limits.rank_max as u64, rank)?;
        let Some(n) = n_elements(&sparse.dims) else {
            let got = format_args!("{:?}", sparse.dims);
            return Err(OnnxError::invalid(place, "extents that are not negative", got));
        };
        OnnxError::check_limit(&place, "elements", self.limits.tensor_elements_max, n)?;
        let n_bytes = n.saturating_mul(size as u64);
        self.n_bytes = self.n_bytes.saturating_add(n_bytes);
        let limit = self.limits.decoded_bytes_max;
        OnnxError::check_limit("dense constants", "bytes", limit, self.n_bytes)?;
        let places = self.places(sparse, n, &place)?;
        // Invariant: an address space holds what the limits allow.
        let n_bytes = usize::try_from(n_bytes).unwrap_or(usize::MAX);
        let mut raw = vec![0; n_bytes];
        scatter(&tensor::tensor(values)?.data, &places, &mut raw);
        let (name, dims) = (values.name.clone(), sparse.dims.clone());
        let raw_data = raw.into();
        Ok(TensorProto { name, dims, data_type: elem, raw_data, ..TensorProto::default() })
    }

    /// The number of each value's element, in ascending order.
    fn places(
        &self,
        sparse: &SparseTensorProto,
        n_elements: u64,
        place: &str,
    ) -> Result<Vec<usize>, OnnxError> {
        let nothing = TensorProto { data_type: 7, dims: vec![0], ..TensorProto::default() };
        let indices = sparse.indices.as_ref().unwrap_or(&nothing);
        let place = format!("{place}: indices");
        tensor::check(indices, &place, self.limits)?;
        let n_values = sparse.values.as_ref().map_or(0, |values| n_values(&values.dims));
        let rank = i64::try_from(sparse.dims.len()).unwrap_or(i64::MAX);
        let is_linear = indices.dims == [n_values];
        if !is_linear && indices.dims != [n_values, rank] {
            let expected = format_args!("[{n_values}] or [{n_values}, {rank}]");
            return Err(OnnxError::invalid(place, expected, format_args!("{:?}", indices.dims)));
        }
        let TensorData::I64(numbers) = tensor::tensor(indices)?.data else {
            return Err(OnnxError::invalid(place, "INT64", elem_type_name(indices.data_type)));
        };
        let width = if is_linear { 1 } else { sparse.dims.len().max(1) };
        let whole = [i64::try_from(n_elements).unwrap_or(i64::MAX)];
        let dims = if is_linear { &whole[..] } else { &sparse.dims };
        let mut places = Vec::with_capacity(numbers.len().checked_div(width).unwrap_or(0));
        for index in numbers.chunks(width) {
            let number = number_of(index, dims);
            let in_order = |number: &usize| places.last().is_none_or(|last| last < number);
            let Some(number) = number.filter(in_order) else {
                let expected = format_args!("ascending indices into {:?}", sparse.dims);
                return Err(OnnxError::invalid(place, expected, format_args!("{index:?}")));
            };
            places.push(number);
        }
        Ok(places)
    }
}

/// The number of values, of which there must be one axis.
fn n_values(dims: &[i64]) -> i64 {
    match dims {
        [n] => *n,
        _ => -1,
    }
}

/// The number of the element at an index, if there is one.
fn number_of(index: &[i64], dims: &[i64]) -> Option<usize> {
    index.iter().zip(dims).try_fold(0_usize, |number, (&at, &dim)| {
        let (at, dim) = (usize::try_from(at).ok()?, usize::try_from(dim).ok()?);
        number.checked_mul(dim)?.checked_add(at).filter(|_| at < dim)
    })
}

/// Writes each value at its place, as the schema keeps raw data: little-endian.
fn scatter(values: &TensorData, places: &[usize], raw: &mut [u8]) {
    match values {
        TensorData::Bool(values) => put(values, |v| [u8::from(v)], places, raw),
        TensorData::U8(values) => put(values, u8::to_le_bytes, places, raw),
        TensorData::U16(values) => put(values, u16::to_le_bytes, places, raw),
        TensorData::U32(values) => put(values, u32::to_le_bytes, places, raw),
        TensorData::U64(values) => put(values, u64::to_le_bytes, places, raw),
        TensorData::I8(values) => put(values, i8::to_le_bytes, places, raw),
        TensorData::I16(values) => put(values, i16::to_le_bytes, places, raw),
        TensorData::I32(values) => put(values, i32::to_le_bytes, places, raw),
        TensorData::I64(values) => put(values, i64::to_le_bytes, places, raw),
        TensorData::F16(values) => put(values, |v| v.to_bits().to_le_bytes(), places, raw),
        TensorData::BF16(values) => put(values, |v| v.to_bits().to_le_bytes(), places, raw),
        TensorData::F32(values) => put(values, f32::to_le_bytes, places, raw),
        TensorData::F64(values) => put(values, f64::to_le_bytes, places, raw),
        // Strings have no size of their own and were refused.
        TensorData::Bytes(_) => {}
    }
}

fn put<T: Copy, const N: usize>(
    values: &[T],
    to_bytes: fn(T) -> [u8; N],
    places: &[usize],
    raw: &mut [u8],
) {
    let (elements, _) = raw.as_chunks_mut::<N>();
    for (&value, &place) in values.iter().zip(places) {
        if let Some(element) = elements.get_mut(place) {
            *element = to_bytes(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::*;
    use crate::test_graph::{bytes_of, floats, graph, ints, model, node, refused, with};
    use crate::{read, tensor};

    fn sparse(indices: TensorProto, dims: &[i64]) -> SparseTensorProto {
        let values = TensorProto { float_data: vec![1.5, -2.0], ..floats("s", &[2]) };
        SparseTensorProto { values: Some(values), indices: Some(indices), dims: dims.to_vec() }
    }

    fn added(sparse: SparseTensorProto) -> GraphProto {
        let mut graph = graph(vec![node("Add", &["x", "s"], &["y"])], vec![]);
        graph.sparse_initializer.push(sparse);
        graph
    }

    fn matrix(indices: &[i64]) -> TensorProto {
        TensorProto { dims: vec![2, 2], ..ints("", indices) }
    }

    #[test]
    fn both_forms_of_indices_give_the_same_dense_constant() {
        for indices in [ints("", &[1, 6]), matrix(&[0, 1, 1, 2])] {
            let model = model(added(sparse(indices, &[2, 4])));
            let dense = tensor(&model.graph.initializer[0]).unwrap();
            assert_eq!(&*dense.name, "s");
            let expected = [0.0_f32, 1.5, 0.0, 0.0, 0.0, 0.0, -2.0, 0.0];
            assert_eq!((dense.shape.dims(), dense.as_slice()), (&[2, 4][..], Some(&expected[..])));
            assert!(model.graph.sparse_initializer.is_empty());
            assert_eq!(read(&model.to_proto_bytes(), &Limits::default()).unwrap(), model);
        }
    }

    #[test]
    fn a_constant_node_may_be_sparse() {
        let value = AttributeProto {
            name: "sparse_value".into(),
            r#type: AttributeType::SparseTensor as i32,
            sparse_tensor: Some(sparse(ints("", &[0, 3]), &[4])),
            ..AttributeProto::default()
        };
        let constant = with(node("Constant", &[], &["c"]), vec![value]);
        let graph = graph(vec![constant, node("Add", &["x", "c"], &["y"])], vec![]);
        let model = model(graph);
        let dense = model.graph.node[0].tensor("value").unwrap().unwrap();
        let dense = tensor(dense).unwrap();
        assert_eq!(dense.as_slice(), Some(&[1.5_f32, 0.0, 0.0, -2.0][..]));
    }

    #[test]
    fn indices_must_be_ascending_places_of_the_constant() {
        let expected = |got: &str| {
            format!("constant `s`: indices: expected ascending indices into [2, 4], got {got}")
        };
        refused(added(sparse(ints("", &[1, 8]), &[2, 4])), &expected("[8]"));
        refused(added(sparse(ints("", &[1, 1]), &[2, 4])), &expected("[1]"));
        refused(added(sparse(ints("", &[-1, 1]), &[2, 4])), &expected("[-1]"));
        refused(added(sparse(matrix(&[0, 1, 0, 4]), &[2, 4])), &expected("[0, 4]"));
        refused(
            added(sparse(ints("", &[1]), &[2, 4])),
            "constant `s`: indices: expected [2] or [2, 2], got [1]",
        );
        refused(
            added(sparse(floats("", &[2]), &[2, 4])),
            "constant `s`: indices: expected INT64, got FLOAT",
        );
    }

    #[test]
    fn a_small_file_cannot_ask_for_much_memory() {
        refused(
            added(sparse(ints("", &[1, 6]), &[1 << 20, 1 << 20])),
            "constant `s`: expected at most 2147483647 elements, got 1099511627776",
        );
        let mut many = added(sparse(ints("", &[1, 6]), &[1 << 20, 256]));
        many.sparse_initializer = vec![many.sparse_initializer[0].clone(); 5];
        let limits = Limits { decoded_bytes_max: 1 << 30, ..Limits::default() };
        let error = read(&bytes_of(many), &limits).unwrap_err().to_string();
        assert_eq!(error, "dense constants: expected at most 1073741824 bytes, got 2147483648");
        assert!(SparseTensorProto::default().encode_to_vec().is_empty());
        refused(
            added(SparseTensorProto::default()),
            "constant ``: expected an element type, got 0",
        );
    }
}
