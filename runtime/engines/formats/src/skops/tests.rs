//! Real files of skops, and what a hostile sender might make of them.

use super::read;
use crate::test_files::{Dice, file, names, walk};
use crate::{Audit, Limits};

fn open(bytes: Vec<u8>) -> Result<crate::Graph, crate::FormatError> {
    read(bytes, &Limits::default(), &Audit::default())
}

#[test]
fn models_give_the_same_attributes_as_their_pickles() {
    for name in names("model.skops") {
        let graph = open(file(&name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let root = graph.root();
        assert!(root.is_a("sklearn", "Pipeline"), "{name}");
        let step = root.attr("steps").unwrap().item(1).unwrap().item(1).unwrap();
        assert!(step.is_a("sklearn", "LogisticRegression"));
        let coefficients = step.attr("coef_").unwrap();
        assert_eq!(coefficients.path(), "steps[1][1].coef_");
        let pickled = crate::test_files::read(file("sk1.9.1.model.pkl")).unwrap();
        let same = pickled.root().attr("steps").unwrap().item(1).unwrap().item(1).unwrap();
        let numbers = |node: crate::Node<'_>| node.attr("coef_").unwrap().floats().unwrap();
        assert_eq!(numbers(step), numbers(same));
        let labels = step.attr("classes_").unwrap().array().unwrap();
        assert_eq!(labels.to_text().unwrap(), ["no", "yes"]);
        assert_eq!(step.attr("max_iter").unwrap().int().unwrap(), 100);
        assert!(step.attr("warm_start").unwrap().bool().is_ok_and(|truth| !truth));
        assert!(step.attr("class_weight").unwrap().is_none());
        assert_eq!(step.attr("C").unwrap().float(), Ok(1.0));
    }
}

#[test]
fn all_kinds_of_nodes_are_read() {
    let graph = open(file("sk1.9.1.parts.skops")).unwrap();
    let root = graph.root();
    let part = |key: &str| root.get(key).unwrap().unwrap_or_else(|| panic!("`{key}`"));
    assert_eq!(part("objects").array().unwrap().shape(), [2, 2]);
    let nodes = part("objects").array().unwrap().to_nodes().unwrap();
    assert_eq!(nodes[0].text().unwrap(), "x");
    assert_eq!(nodes[3].array().unwrap().to_i64().unwrap(), [0, 1]);
    assert_eq!(part("slice").args().unwrap().nth(1).unwrap().int().unwrap(), 3);
    assert_eq!(part("bytes").bytes().unwrap().as_ref(), b"\x00\xff");
    assert!(part("function").global().is_some_and(|name| name.name == "log1p"));
    assert_eq!(part("f").array().unwrap().to_f64().unwrap(), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    assert_eq!(part("record").array().unwrap().field("value").unwrap().to_f64().unwrap(), [0.5]);
    assert_eq!(part("np_int").int().unwrap(), -3);
    assert!(part("nan").float().unwrap().is_nan());
    assert!(part("big").int().is_err());
    let [(key, value)] = part("dict").entries().unwrap().collect::<Vec<_>>()[..] else {
        panic!("one entry")
    };
    assert_eq!((key.int().unwrap(), value.text().unwrap().as_ref()), (2, "v\u{e9}"));
    assert_eq!(part("tuple").items().unwrap().len(), 2);
    let tree = part("tree").attr("tree_").unwrap();
    assert!(tree.is_a("sklearn", "Tree"));
    assert_eq!(tree.args().unwrap().next().unwrap().int().unwrap(), 1);
    let nodes = tree.attr("nodes").unwrap().array().unwrap();
    assert_eq!(nodes.field("left_child").unwrap().to_i64().unwrap(), [1, -1, -1]);
}

#[test]
fn changed_files_are_refused_or_read_but_never_panic() {
    for name in names(".skops") {
        let bytes = file(&name);
        for len in (0..bytes.len()).step_by(31) {
            assert!(open(bytes[..len].to_vec()).is_err(), "{name} up to {len}");
        }
        let mut dice = Dice::new(bytes.len() as u64);
        for _ in 0..200 {
            if let Ok(graph) = open(dice.mutate(&bytes)) {
                walk(&graph);
            }
        }
    }
}

/// An archive of one stored entry, whose sizes may lie.
fn archive(name: &str, data: &[u8], size: u32) -> Vec<u8> {
    let mut crc = flate2::Crc::new();
    crc.update(data);
    let name_len = u16::try_from(name.len()).unwrap().to_le_bytes();
    let mut fields = vec![20, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    fields.extend(crc.sum().to_le_bytes());
    fields.extend(size.to_le_bytes());
    fields.extend(size.to_le_bytes());
    fields.extend(name_len);
    let mut out = b"PK\x03\x04".to_vec();
    out.extend(&fields);
    out.extend([0, 0]);
    out.extend(name.bytes());
    out.extend(data);
    let start = u32::try_from(out.len()).unwrap();
    out.extend(b"PK\x01\x02\x14\x00");
    out.extend(&fields);
    out.extend([0; 16]);
    out.extend(name.bytes());
    out.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0\0\0\0\0");
    out.extend(start.to_le_bytes());
    out.extend([0, 0]);
    out
}

fn schema(text: &str) -> Vec<u8> {
    archive("schema.json", text.as_bytes(), u32::try_from(text.len()).unwrap())
}

#[test]
fn names_are_audited_as_in_pickles() {
    let node =
        r#"{"__class__":"system","__module__":"posix","__loader__":"FunctionNode","__id__":1}"#;
    let text = format!(
        r#"{{"__class__":"list","__module__":"builtins","__loader__":"ListNode","content":[{node}]}}"#
    );
    let error = open(schema(&text)).unwrap_err().to_string();
    assert!(
        error.starts_with("`[0]`: `posix.system` (byte 0) is not on the allow-list"),
        "{error}"
    );
    assert!(read(schema(&text), &Limits::default(), &Audit::off()).is_ok());
}

#[test]
fn descriptions_that_lie_are_refused() {
    let nested = |n: usize| {
        let open =
            r#"{"__class__":"list","__module__":"builtins","__loader__":"ListNode","content":["#;
        format!("{}{}", open.repeat(n), "]}".repeat(n))
    };
    assert!(open(schema(&nested(90))).is_ok());
    let array = |shape: &str| {
        format!(
            r#"{{"__loader__":"NdArrayNode","type":"json","content":[],"shape":{{"__loader__":"TupleNode",
            "content":[{{"__loader__":"JsonNode","content":"{shape}"}}]}}}}"#
        )
    };
    let graph = open(schema(&array("1000000000000"))).unwrap();
    assert!(graph.root().array().is_err() && graph.root().items().is_err());
    for text in [
        nested(200),
        array("-1"),
        r#"{"__loader__":"CachedNode","__id__":7}"#.to_owned(),
        r#"{"__loader__":"NdArrayNode","type":"numpy","file":"x.npy"}"#.to_owned(),
        r#"{"__loader__":"NdArrayNode","type":"numpy","file":"schema.json"}"#.to_owned(),
        r#"{"__loader__":"JsonNode","content":"{}"}"#.to_owned(),
        r#"{"__loader__":"ObjectNode"}"#.to_owned(),
        "[]".to_owned(),
    ] {
        assert!(open(schema(&text)).is_err(), "{text}");
    }
    let lying = archive("schema.json", b"{}", 1 << 20);
    assert!(open(lying).unwrap_err().to_string().contains("whole zip entry"));
}
