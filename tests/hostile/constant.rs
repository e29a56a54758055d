//! Edits of constants: shapes, types, lengths, and data in other files.

use radiant_onnx::pb::{GraphProto, StringStringEntryProto, TensorProto};

use crate::random::Random;

/// Where a hostile file says that its data are. `inside.bin` and what the links lead to are made by
/// the worker.
const LOCATIONS: [&str; 12] = [
    "inside.bin",
    "../outside.bin",
    "inside/../../outside.bin",
    "/etc/passwd",
    "link.bin",
    "folder-link/outside.bin",
    "/dev/zero",
    "/dev/stdin",
    ".",
    "",
    "model.onnx",
    "nowhere.bin",
];

/// Changes one constant; says how.
pub(crate) fn edit(graph: &mut GraphProto, random: &mut Random) -> String {
    let in_nodes = graph.node.iter_mut().flat_map(|node| &mut node.attribute);
    let in_nodes = in_nodes.filter_map(|attribute| attribute.t.as_mut());
    let mut constants: Vec<&mut TensorProto> =
        graph.initializer.iter_mut().chain(in_nodes).collect();
    match random.of_mut(&mut constants) {
        Some(constant) => {
            let name = constant.name.clone();
            format!("constant `{name}`: {}", change(constant, random))
        }
        None => "no constant to change".to_owned(),
    }
}

/// Changes a constant; says how.
pub(crate) fn change(constant: &mut TensorProto, random: &mut Random) -> String {
    match random.below(12) {
        0 => {
            let extent = random.int();
            let at = random.below(constant.dims.len() + 1);
            constant.dims.insert(at, extent);
            format!("one more axis at {at}: {extent}")
        }
        1 | 2 => {
            let extent = random.int();
            let at = random.below(constant.dims.len());
            if let Some(dim) = constant.dims.get_mut(at) {
                *dim = extent;
            }
            format!("axis {at} is {extent}")
        }
        3 => {
            constant.dims.reverse();
            "axes in reverse".to_owned()
        }
        4 => {
            constant.data_type = code(random);
            format!("type {}", constant.data_type)
        }
        5 => length(constant, random),
        7 => external(constant, random),
        _ => values(constant, random),
    }
}

/// The code of an element type, mostly one that there is.
pub(crate) fn code(random: &mut Random) -> i32 {
    let any = i32::try_from(random.int()).unwrap_or(-1);
    let known = i32::try_from(random.below(27)).unwrap_or(0);
    if random.one_in(8) { any } else { known }
}

/// More or less data than the shape has room for.
fn length(constant: &mut TensorProto, random: &mut Random) -> String {
    let raw = constant.raw_data.clone();
    let n = random.below(raw.len() + 1);
    if random.one_in(2) {
        constant.raw_data = raw.slice(..n);
        constant.float_data.truncate(n);
        constant.int64_data.truncate(n);
        return format!("{n} bytes or numbers left");
    }
    constant.raw_data = [&raw[..], &raw[..n]].concat().into();
    constant.float_data.extend_from_within(..n.min(constant.float_data.len()));
    format!("{n} bytes more")
}

/// Other numbers.
fn values(constant: &mut TensorProto, random: &mut Random) -> String {
    let mut raw = constant.raw_data.to_vec();
    let is_int = constant.data_type == 7;
    let bytes = if is_int {
        random.int().to_le_bytes().to_vec()
    } else {
        random.float().to_le_bytes().to_vec()
    };
    let n = raw.len() / bytes.len();
    let at = random.below(n) * bytes.len();
    if let Some(place) = raw.get_mut(at..at + bytes.len()) {
        place.copy_from_slice(&bytes);
    }
    constant.raw_data = raw.into();
    let (int, float) = (random.int(), random.float());
    if let Some(value) = random.of_mut(&mut constant.int64_data) {
        *value = int;
    }
    if let Some(value) = random.of_mut(&mut constant.float_data) {
        *value = float;
    }
    format!("another value at {at}: {bytes:?}")
}

fn external(constant: &mut TensorProto, random: &mut Random) -> String {
    let entry = |key: &str, value: &str| StringStringEntryProto {
        key: key.to_owned(),
        value: value.to_owned(),
    };
    constant.data_location = 1;
    let location = random.of(&LOCATIONS).unwrap_or_default();
    constant.external_data = vec![entry("location", location)];
    if random.one_in(2) {
        constant.external_data.push(entry("offset", &random.int().to_string()));
    }
    if random.one_in(2) {
        constant.external_data.push(entry("length", &random.int().to_string()));
    }
    if random.one_in(2) {
        constant.raw_data.clear();
    }
    format!("data in `{location}`")
}
