//! Real files, written by Python 2 and by several scikit-learn, numpy and joblib.

use crate::Node;
use crate::numpy::{Array, Kind};
use crate::test_files::{file, names, read};

fn get<'g>(root: Node<'g>, key: &str) -> Node<'g> {
    root.get(key).unwrap().unwrap_or_else(|| panic!("`{key}`"))
}

fn array<'g>(root: Node<'g>, key: &str) -> Array<'g> {
    get(root, key).array().unwrap_or_else(|error| panic!("`{key}`: {error}"))
}

fn check_plain(root: Node<'_>) {
    assert!(get(root, "none").is_none());
    assert!(get(root, "true").bool().unwrap() && !get(root, "false").bool().unwrap());
    for (key, value) in [("int", 7), ("negative", -129), ("wide", 1 << 40), ("minus", i64::MIN)] {
        assert_eq!(get(root, key).int().unwrap(), value, "{key}");
    }
    assert!(get(root, "big").int().is_err());
    for (key, value) in [("float", 0.1), ("huge", 1e300), ("inf", f64::NEG_INFINITY)] {
        assert_eq!(get(root, key).float().unwrap().to_bits(), value.to_bits(), "{key}");
    }
    assert!(get(root, "nan").float().unwrap().is_nan());
    assert_eq!(get(root, "text").text().unwrap(), "a\\b\n'\u{e9}\u{20ac}\u{1f600}");
    assert_eq!(get(root, "empty").text().unwrap(), "");
    assert_eq!(get(root, "bytes").bytes().unwrap().as_ref(), b"\x00\xff\n\\");
    assert_eq!(get(root, "array").bytes().unwrap().as_ref(), b"abc");
}

fn check_containers(root: Node<'_>) {
    let [one, two, three] = get(root, "list").tuple().unwrap();
    assert_eq!((one.int().unwrap(), two.text().unwrap().as_ref()), (1, "two"));
    assert_eq!(three.item(0).unwrap().path(), "['list'][2][0]");
    assert_eq!(get(root, "tuple").items().unwrap().len(), 3);
    for (key, value) in [("set", 4), ("frozen", 5)] {
        assert_eq!(get(root, key).item(0).unwrap().int().unwrap(), value, "{key}");
    }
    let pairs: Vec<(String, String)> = get(root, "dict")
        .entries()
        .unwrap()
        .map(|(key, value)| (key.describe(), value.describe()))
        .collect();
    assert_eq!(pairs.len(), 2);
    let two = pairs.iter().find(|(key, _)| key == "`2`").unwrap();
    assert_eq!(two.1, "text `v`");
    assert_eq!(get(get(root, "ordered"), "a").int().unwrap(), 2);
    assert_eq!(get(get(root, "default"), "a").int().unwrap(), 7);
    let slice = get(root, "slice");
    assert!(slice.class().unwrap().name == "slice");
    assert_eq!(slice.args().unwrap().nth(1).unwrap().int().unwrap(), 3);
    let shared = get(root, "shared");
    let name = shared.item(0).unwrap().item(1).unwrap().int().unwrap();
    assert_eq!((name, shared.item(1).unwrap().items().unwrap().len()), (2, 2));
    let cyclic = get(root, "cyclic");
    let _inside = cyclic.enter().unwrap();
    let error = cyclic.item(0).unwrap().enter().unwrap_err().to_string();
    assert!(error.contains("cyclic"), "{error}");
}

fn check_arrays(root: Node<'_>) {
    let grid = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0];
    for key in ["c", "f", "big_f8"] {
        let array = array(root, key);
        assert_eq!((array.shape(), array.to_f64().unwrap().as_slice()), (&[2, 3][..], &grid[..]));
    }
    let k = array(root, "k");
    assert_eq!(
        (k.shape(), &k.to_f64().unwrap()[..5]),
        (&[3, 2, 4][..], &[0.0, 1.0, 2.0, 3.0, 12.0][..])
    );
    assert_eq!(array(root, "strided").to_f64().unwrap(), [0.0, 2.0, 3.0, 5.0]);
    assert_eq!(array(root, "f4").to_f32().unwrap(), [0.1, 2.0]);
    assert_eq!(array(root, "f4").to_f64().unwrap(), [f64::from(0.1_f32), 2.0]);
    for (key, values) in [
        ("big_i4", &[1, -2][..]),
        ("i1", &[-1]),
        ("i2", &[-2]),
        ("u1", &[255]),
        ("u2", &[65535]),
        ("u4", &[4_294_967_295]),
        ("bool", &[1, 0]),
    ] {
        assert_eq!(array(root, key).to_i64().unwrap(), values, "{key}");
    }
    assert_eq!(array(root, "u8").to_f64().unwrap(), [2.0_f64.powi(64)]);
    let error = array(root, "u8").to_i64().unwrap_err().to_string();
    assert_eq!(
        error,
        "`['u8']`: expected whole numbers below 2^63, got an array of u8 with shape [1]"
    );
    for key in ["f2", "date"] {
        assert!(array(root, key).to_f64().is_err(), "{key}");
    }
    assert_eq!(array(root, "bool").to_bool().unwrap(), [true, false]);
    assert_eq!(array(root, "u").to_text().unwrap(), ["a", "\u{e9}\u{20ac}x", ""]);
    assert_eq!(array(root, "big_u").to_text().unwrap(), ["\u{20ac}"]);
    assert_eq!(array(root, "s").to_text().unwrap(), ["ab", "c"]);
    assert_eq!(array(root, "words").to_text().unwrap(), ["x", "yy"]);
    let nothing = array(root, "nothing");
    assert_eq!((nothing.shape(), nothing.to_f64().unwrap().len()), (&[0, 3][..], 0));
    let scalar = array(root, "scalar");
    assert_eq!((scalar.shape(), scalar.to_f64().unwrap()), (&[][..], vec![2.5]));
}

fn check_records_and_objects(root: Node<'_>) {
    let record = array(root, "record");
    assert_eq!(
        (record.dtype().kind, record.dtype().size, record.shape()),
        (Kind::Record, 24, &[2][..])
    );
    assert_eq!(record.field("left").unwrap().to_i64().unwrap(), [-1, 7]);
    assert_eq!(record.field("value").unwrap().to_f64().unwrap(), [0.5, f64::INFINITY]);
    assert_eq!(record.field("flag").unwrap().to_u8().unwrap(), [0, 1]);
    let error = record.field("value").unwrap().to_i64().unwrap_err().to_string();
    assert!(error.starts_with("`['record']['value']`: expected whole numbers"), "{error}");
    assert!(record.field("right").is_err() && record.to_f64().is_err());

    let objects = array(root, "objects");
    assert_eq!(objects.shape(), [2, 2]);
    let nodes = objects.to_nodes().unwrap();
    assert_eq!(nodes[0].text().unwrap(), "x");
    assert!(nodes[1].is_none());
    assert_eq!(nodes[2].float(), Ok(1.5));
    assert_eq!(nodes[3].array().unwrap().to_i64().unwrap(), [0, 1]);
    assert_eq!(nodes[3].path(), "['objects'][3]");
}

fn check_scalars(root: Node<'_>) {
    assert_eq!(get(root, "np_float").float(), Ok(0.25));
    assert_eq!(get(root, "np_float4").float(), Ok(0.25));
    assert_eq!(get(root, "np_int").int().unwrap(), -3);
    assert!(get(root, "np_int").index().is_err());
    assert!(get(root, "np_bool").bool().unwrap());
    assert_eq!(get(root, "np_text").text().unwrap(), "\u{e9}");
    assert_eq!(get(root, "np_float").floats().unwrap(), (vec![0.25], vec![]));
    assert_eq!(get(root, "c").floats().unwrap().1, [2, 3]);
    let function = get(root, "function");
    let name = function.global().or_else(|| function.class()).unwrap();
    assert_eq!(name.package(), "numpy");
}

#[test]
fn values_are_the_same_from_every_protocol_library_and_compression() {
    let files = names(".values.").into_iter().filter(|name| !name.starts_with("python2"));
    let mut count = 0;
    for name in files {
        let graph = read(file(&name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(graph.trailing_bytes(), 0, "{name}");
        println!("{name}");
        check_plain(graph.root());
        check_containers(graph.root());
        check_arrays(graph.root());
        check_records_and_objects(graph.root());
        check_scalars(graph.root());
        count += 1;
    }
    assert_eq!(count, 23);
}

#[test]
fn estimators_give_their_attributes_and_say_where_they_are() {
    for name in names(".model.").iter().filter(|name| !name.ends_with("skops")) {
        let graph = read(file(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let root = graph.root();
        assert!(root.is_a("sklearn", "Pipeline"), "{name}");
        let [label, step] = root.attr("steps").unwrap().item(1).unwrap().tuple().unwrap();
        assert_eq!((label.text().unwrap().as_ref(), step.path().as_str()), ("fit", "steps[1][1]"));
        let coefficients = step.attr("coef_").unwrap();
        assert_eq!(coefficients.path(), "steps[1][1].coef_");
        assert_eq!(coefficients.array().unwrap().shape(), [1, 3]);
        assert_eq!(
            step.attr("classes_").unwrap().array().unwrap().to_text().unwrap(),
            ["no", "yes"]
        );
        let error = step.attr("coeff_").unwrap_err().to_string();
        assert!(
            error.starts_with("`steps[1][1]`: expected an object with attribute `coeff_`, got")
        );
        let error = coefficients.text().unwrap_err().to_string();
        assert_eq!(
            error,
            "`steps[1][1].coef_`: expected a text, got an array of f8 with shape [1, 3]"
        );
        assert!(graph.globals().any(|(name, _)| name.name == "LogisticRegression"));
    }
}

#[test]
fn python_2_writes_bytes_for_texts_and_objects_of_old_and_new_classes() {
    for name in names("python2.values.") {
        let graph = read(file(&name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let root = graph.root();
        assert_eq!(get(root, "text").text().unwrap(), "a\\b\n'\u{e9}\0");
        assert_eq!(get(root, "text").bytes().unwrap().as_ref(), b"a\\b\n'\xe9\0");
        assert_eq!(get(root, "quote").text().unwrap(), "it's \"so\"");
        assert_eq!(get(root, "unicode").text().unwrap(), "a\\b\n\u{e9}\u{20ac}");
        assert_eq!(get(root, "long").int().unwrap(), 7);
        assert_eq!(get(root, "float").float(), Ok(0.1));
        assert!(get(root, "true").bool().unwrap());
        let list = get(root, "list");
        assert_eq!(list.item(2).unwrap().item(0).unwrap().int().unwrap(), 4);
        assert!(get(root, "old").is_a("sklearn", "Old") && get(root, "new").is_a("sklearn", "New"));
        assert_eq!(get(root, "old").attr("a").unwrap().int().unwrap(), 1);
        assert_eq!(get(root, "new").attr("b").unwrap().text().unwrap(), "x");
    }
}
