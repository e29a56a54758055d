//! Models in files: the model itself, and constants that lie in files beside it.
//!
//! A model may only name files in its own folder: relative paths without `..` that, with all links
//! followed, stay inside. Everything is read into memory at once; a file is never mapped, so that
//! nobody can pull the bytes away later.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Component, Path, PathBuf};

use prost::bytes::Bytes;

use crate::model::decode;
use crate::pb::{AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto};
use crate::tensor::{EXTERNAL, n_elements};
use crate::{Limits, Model, OnnxError, elem};

/// Reads and checks the model in the file at `path`, with its external data.
///
/// Blocks for as long as the disk takes.
///
/// # Errors
/// [`OnnxError`], which says what is wrong where.
pub fn load(path: &Path, limits: &Limits) -> Result<Model, OnnxError> {
    let io_error = |source| OnnxError::Io { path: path.to_owned(), source };
    let (file, length) = open(path).map_err(io_error)?;
    OnnxError::check_limit(
        format_args!("`{}`", path.display()),
        "bytes",
        limits.file_bytes_max,
        length,
    )?;
    let bytes = read_exactly(file, length).map_err(io_error)?;
    let mut proto = decode(bytes.into(), limits)?;
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let mut folder = Folder {
        path: parent.unwrap_or(Path::new(".")),
        limit: limits.file_bytes_max,
        bytes: length,
    };
    each_tensor(&mut proto, &mut |tensor| folder.fill(tensor))?;
    Model::build(proto, limits)
}

/// Opens a regular file for reading, and tells its length.
fn open(path: &Path) -> io::Result<(File, u64)> {
    // Opening a pipe would block: look first.
    if !path.metadata()?.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    Ok((file, length))
}

/// Reads `length` bytes from where the file stands.
fn read_exactly(file: File, length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let capacity = usize::try_from(length).map_err(io::Error::other)?;
    bytes.try_reserve_exact(capacity).map_err(io::Error::other)?;
    let n_read = file.take(length).read_to_end(&mut bytes)?;
    if n_read == capacity {
        return Ok(bytes);
    }
    Err(io::Error::other(format!("expected {length} bytes, got {n_read}")))
}

/// The folder that external data lies in.
struct Folder<'a> {
    path: &'a Path,
    limit: u64,
    /// Bytes read so far, the model's own included.
    bytes: u64,
}

impl Folder<'_> {
    /// Reads a constant's external data, if it has any, into the constant.
    fn fill(&mut self, tensor: &mut TensorProto) -> Result<(), OnnxError> {
        if tensor.data_location != EXTERNAL {
            return Ok(());
        }
        let place = format!("constant `{}`", tensor.name);
        let part = Part::of(tensor, &place)?;
        let path = self.resolve(part.location, &place)?;
        let io_error = |source| OnnxError::Io { path: path.clone(), source };
        let (mut file, file_length) = open(&path).map_err(io_error)?;
        let length = part.length.unwrap_or_else(|| file_length.saturating_sub(part.offset));
        self.bytes = self.bytes.saturating_add(length);
        OnnxError::check_limit(&place, "bytes with all files", self.limit, self.bytes)?;
        if part.offset.saturating_add(length) > file_length {
            let expected =
                format_args!("{length} bytes at {} of `{}`", part.offset, path.display());
            return Err(OnnxError::invalid(place, expected, format_args!("{file_length} in all")));
        }
        file.seek(SeekFrom::Start(part.offset)).map_err(io_error)?;
        tensor.raw_data = Bytes::from(read_exactly(file, length).map_err(io_error)?);
        tensor.data_location = 0;
        tensor.external_data.clear();
        Ok(())
    }

    /// The file that `location` names, with all links followed, if it is inside the folder.
    fn resolve(&self, location: &str, place: &str) -> Result<PathBuf, OnnxError> {
        let expected = "a path inside the model's folder";
        let outside = || OnnxError::invalid(place, expected, format_args!("`{location}`"));
        let parts = Path::new(location).components();
        if location.is_empty() || !parts.into_iter().all(is_downward) {
            return Err(outside());
        }
        let absolute = |path: &Path| {
            path.canonicalize().map_err(|source| OnnxError::Io { path: path.to_owned(), source })
        };
        let folder = absolute(self.path)?;
        let path = absolute(&folder.join(location))?;
        if path.starts_with(&folder) { Ok(path) } else { Err(outside()) }
    }
}

fn is_downward(component: Component<'_>) -> bool {
    matches!(component, Component::Normal(_) | Component::CurDir)
}

/// Where in which file a constant's bytes are.
struct Part<'a> {
    location: &'a str,
    offset: u64,
    length: Option<u64>,
}

impl<'a> Part<'a> {
    fn of(tensor: &'a TensorProto, place: &str) -> Result<Self, OnnxError> {
        let value = |key: &str| {
            let entry = tensor.external_data.iter().find(|entry| entry.key == key);
            entry.map(|entry| entry.value.as_str())
        };
        let number = |key: &str| {
            let parse = |text: &str| {
                text.parse::<u64>().map_err(|_error| {
                    let place = format_args!("{place}: external data's `{key}`");
                    OnnxError::invalid(place, "a number of bytes", format_args!("`{text}`"))
                })
            };
            value(key).map(parse).transpose()
        };
        Ok(Self {
            location: value("location").unwrap_or_default(),
            offset: number("offset")?.unwrap_or(0),
            // Without a length, the shape tells it: a file may hold several constants.
            length: number("length")?.or_else(|| byte_length(tensor)),
        })
    }
}

/// The bytes that a constant needs by its shape and type.
fn byte_length(tensor: &TensorProto) -> Option<u64> {
    let bits = elem::elem_bits(tensor.data_type)?.checked_mul(n_elements(&tensor.dims)?)?;
    Some(bits.div_ceil(8))
}

type Visit<'a> = dyn FnMut(&mut TensorProto) -> Result<(), OnnxError> + 'a;

/// Visits every constant of a model, also those in nested graphs, whose depth is bounded already.
fn each_tensor(proto: &mut ModelProto, visit: &mut Visit<'_>) -> Result<(), OnnxError> {
    proto.functions.iter_mut().try_for_each(|function| in_nodes(&mut function.node, visit))?;
    proto.graph.as_mut().map_or(Ok(()), |graph| in_graph(graph, visit))
}

fn in_graph(graph: &mut GraphProto, visit: &mut Visit<'_>) -> Result<(), OnnxError> {
    graph.initializer.iter_mut().try_for_each(&mut *visit)?;
    in_nodes(&mut graph.node, visit)
}

fn in_nodes(nodes: &mut [NodeProto], visit: &mut Visit<'_>) -> Result<(), OnnxError> {
    nodes.iter_mut().try_for_each(|node| in_attributes(&mut node.attribute, visit))
}

fn in_attributes(
    attributes: &mut [AttributeProto],
    visit: &mut Visit<'_>,
) -> Result<(), OnnxError> {
    for attribute in attributes {
        attribute.t.iter_mut().chain(&mut attribute.tensors).try_for_each(&mut *visit)?;
        for graph in attribute.g.iter_mut().chain(&mut attribute.graphs) {
            in_graph(graph, visit)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use prost::Message;
    use tempfile::TempDir;

    use super::*;
    use crate::pb::{OperatorSetIdProto, StringStringEntryProto};

    /// A folder with a model whose constant lies in the file `location`.
    fn folder(location: &str, offset: &str, length: &str) -> TempDir {
        let entry = |key: &str, value: &str| StringStringEntryProto {
            key: key.into(),
            value: value.into(),
        };
        let constant = TensorProto {
            name: "c".into(),
            dims: vec![2],
            data_type: 1,
            data_location: EXTERNAL,
            external_data: vec![
                entry("location", location),
                entry("offset", offset),
                entry("length", length),
            ],
            ..TensorProto::default()
        };
        let graph = GraphProto { initializer: vec![constant], ..GraphProto::default() };
        let opset_import = vec![OperatorSetIdProto { domain: String::new(), version: 17 }];
        let model =
            ModelProto { ir_version: 8, opset_import, graph: Some(graph), ..ModelProto::default() };
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("model.onnx"), model.encode_to_vec()).unwrap();
        fs::write(folder.path().join("weights"), [0, 0, 0, 0, 0, 0, 0x80, 0x3f, 0, 0, 0, 0x40])
            .unwrap();
        folder
    }

    fn load_from(folder: &TempDir) -> Result<Model, OnnxError> {
        load(&folder.path().join("model.onnx"), &Limits::default())
    }

    #[test]
    fn external_data_is_read_into_the_constant() {
        let model = load_from(&folder("weights", "4", "8")).unwrap();
        let constant = crate::tensor(&model.graph.initializer[0]).unwrap();
        assert_eq!(constant.as_slice::<f32>(), Some(&[1.0, 2.0][..]));
        // What was read needs its folder no more.
        assert!(crate::read(&model.to_proto_bytes(), &Limits::default()).is_ok());
    }

    #[test]
    fn external_data_stays_inside_the_folder() {
        for location in ["../weights", "/etc/passwd", "", "a/../../weights"] {
            let error = load_from(&folder(location, "0", "8")).unwrap_err().to_string();
            assert_eq!(
                error,
                format!(
                    "constant `c`: expected a path inside the model's folder, got `{location}`"
                )
            );
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_out_of_the_folder_is_not_followed() {
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("secret"), [0; 8]).unwrap();
        let inside = folder("link", "0", "8");
        std::os::unix::fs::symlink(outside.path().join("secret"), inside.path().join("link"))
            .unwrap();
        let error = load_from(&inside).unwrap_err().to_string();
        assert_eq!(error, "constant `c`: expected a path inside the model's folder, got `link`");
    }

    #[test]
    fn external_data_has_the_length_that_it_claims() {
        let error = load_from(&folder("weights", "8", "8")).unwrap_err().to_string();
        assert!(error.starts_with("constant `c`: expected 8 bytes at 8 of `"), "{error}");
        assert!(error.ends_with("got 12 in all"), "{error}");
        let error = load_from(&folder("weights", "4", "4")).unwrap_err().to_string();
        assert_eq!(error, "constant `c`: expected 8 bytes for FLOAT [2], got 4");
        let error = load_from(&folder("weights", "x", "4")).unwrap_err().to_string();
        assert_eq!(
            error,
            "constant `c`: external data's `offset`: expected a number of bytes, got `x`"
        );
        let error =
            load_from(&folder("weights", "0", "18446744073709551615")).unwrap_err().to_string();
        assert!(error.contains("bytes with all files"), "{error}");
    }

    #[test]
    fn only_regular_files_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let error = load(folder.path(), &Limits::default()).unwrap_err().to_string();
        assert!(error.ends_with("not a regular file"), "{error}");
    }

    #[test]
    fn without_a_folder_external_data_is_refused() {
        let folder = folder("weights", "0", "8");
        let bytes = fs::read(folder.path().join("model.onnx")).unwrap();
        let error = crate::read(&bytes, &Limits::default()).unwrap_err().to_string();
        assert_eq!(
            error,
            "constant `c`: external data without the model's folder is not supported"
        );
    }
}
