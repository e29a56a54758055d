//! The same inputs give the same outputs, bit for bit, by whatever protocol they are asked.
//!
//! One table: models by protocols. The raw tensors of V2 over gRPC are what the others are compared
//! with. What a protocol has no words for stands in [`NOT_CARRIED`].

mod array;
mod protocols;

use serde_json::{Value, json};

use self::array::Array;
use self::protocols::{Case, PROTOCOLS, raw_size};
use crate::support::http::Request;
use crate::support::model_file;
use crate::support::process::Start;

/// What a protocol cannot carry: the protocol, the datatype of the input, and why.
const NOT_CARRIED: [(&str, &str, &str); 9] = [
    ("V2 gRPC typed", "FP16", "there is no field for it"),
    ("V2 gRPC typed", "BF16", "there is no field for it"),
    ("V1 gRPC ndarray", "INT64", "its numbers are doubles"),
    ("V1 gRPC ndarray", "UINT64", "its numbers are doubles"),
    ("V1 gRPC tensor", "INT64", "its numbers are doubles"),
    ("V1 gRPC tensor", "UINT64", "its numbers are doubles"),
    ("V1 gRPC tensor", "BYTES", "it holds numbers"),
    ("V1 gRPC tensor", "BOOL", "its numbers are no truth values"),
    ("V1 REST ndarray", "UINT64", "numpy makes doubles of a list with some above 2^63"),
];

/// Bundled models, with the output that Seldon v1 answers.
const MODELS: [(&str, usize); 5] =
    [("iris", 1), ("digits-mlp", 0), ("digits-cnn", 0), ("two-inputs", 0), ("iris-names", 1)];

/// Rows of each input.
const ROWS: usize = 3;
/// The extent of an axis that is not fixed.
const COLUMNS: usize = 4;

#[test]
fn every_protocol_gives_the_same_numbers() {
    let datatypes = SAMPLES.iter().map(|(datatype, _)| {
        let model = format!("builtin:identity-{}", datatype.to_ascii_lowercase());
        (format!("identity {datatype}"), case(&model, 0, extremes))
    });
    let models = MODELS.iter().map(|(name, v1_output)| {
        let path = model_file(name, "model.onnx");
        let path = path.to_str().expect("test paths are UTF-8");
        ((*name).to_owned(), case(path, *v1_output, plain))
    });
    let (mut table, mut failures) = (Vec::new(), Vec::new());
    for (name, case) in datatypes.chain(models) {
        let cells = PROTOCOLS.map(|(protocol, ask)| {
            cell(&case, protocol, ask).unwrap_or_else(|why| {
                failures.push(format!("- {name}, {protocol}: {why}"));
                "FAILS"
            })
        });
        table.push(format!("{name:<16} {}", cells.map(|cell| format!("{cell:<6}")).concat()));
    }
    println!("the same numbers by {}:", PROTOCOLS.map(|(protocol, _)| protocol).join(", "));
    println!("{}", table.join("\n"));
    assert!(failures.is_empty(), "{} cells differ:\n{}", failures.len(), failures.join("\n"));
}

/// What stands in the table where a protocol gives the numbers, or cannot be asked.
fn cell(
    case: &Case,
    protocol: &str,
    ask: fn(&Case) -> Result<Vec<Array>, String>,
) -> Result<&'static str, String> {
    let datatype = &*case.inputs[0].datatype;
    let is_v1 = protocol.starts_with("V1");
    if NOT_CARRIED.iter().any(|row| (row.0, row.1) == (protocol, datatype))
        || is_v1 && case.inputs.len() > 1
    {
        return Ok("-");
    }
    let (_, raw) = PROTOCOLS[0];
    let reference = raw(case).map_err(|why| format!("the reference fails: {why}"))?;
    let wanted = if is_v1 { &reference[case.v1_output..=case.v1_output] } else { &reference[..] };
    let got = ask(case)?;
    if got == wanted {
        Ok("same")
    } else {
        Err(format!("expected {wanted:?}\n    got      {got:?}"))
    }
}

/// A server of one model, with inputs of its signature.
fn case(model: &str, v1_output: usize, values: fn(&str, usize) -> Vec<Value>) -> Case {
    let server = Start::serve(model).args(["--name", "m"]).start();
    let metadata: Value =
        serde_json::from_slice(&server.send(&Request::get("/v2/models/m")).body).expect("JSON");
    let specs = |side: &str| -> Vec<(String, String, Vec<Option<usize>>)> {
        let spec = |spec: &Value| {
            let text = |name: &str| spec[name].as_str().expect("text").to_owned();
            let dims = spec["shape"].as_array().expect("a shape").iter();
            let dims = dims.map(|dim| usize::try_from(dim.as_i64().expect("an extent")).ok());
            (text("name"), text("datatype"), dims.collect())
        };
        metadata[side].as_array().expect("specs").iter().map(spec).collect()
    };
    let input = |(name, datatype, dims): (String, String, Vec<Option<usize>>)| {
        let extent = |(axis, dim): (usize, &Option<usize>)| {
            dim.unwrap_or(if axis == 0 { ROWS } else { COLUMNS })
        };
        let shape: Vec<usize> = dims.iter().enumerate().map(extent).collect();
        let n_elements = shape.iter().product();
        let array = Array::of(&name, &datatype, &shape, &values(&datatype, n_elements).into());
        let n_bytes = raw_size(&datatype, n_elements);
        assert!(n_bytes.is_none_or(|n_bytes| array.bytes.len() == n_bytes), "{name}");
        array
    };
    let outputs = specs("outputs").into_iter().map(|(name, datatype, _)| (name, datatype));
    Case {
        inputs: specs("inputs").into_iter().map(input).collect(),
        outputs: outputs.collect(),
        v1_output,
        server,
    }
}

/// The ends of each datatype, and what rounds.
const SAMPLES: [(&str, &str); 14] = [
    ("BOOL", "[true, false, false]"),
    ("UINT8", "[0, 1, 255, 128, 127]"),
    ("UINT16", "[0, 1, 65535, 256, 255]"),
    ("UINT32", "[0, 1, 4294967295, 16777217, 65536]"),
    ("UINT64", "[0, 1, 18446744073709551615, 9007199254740993, 4294967296]"),
    ("INT8", "[0, -1, 127, -128, 1]"),
    ("INT16", "[0, -1, 32767, -32768, 256]"),
    ("INT32", "[0, -1, 2147483647, -2147483648, 16777217]"),
    ("INT64", "[0, -1, 9223372036854775807, -9223372036854775808, 9007199254740993]"),
    ("FP16", "[0.5, -1.5, 65504.0, 0.00006103515625, 0.0999755859375, -0.0, 5.960464477539063e-8]"),
    ("BF16", "[0.5, -1.5, 3.3895313892515355e38, 0.10009765625, -0.0, 1.1754943508222875e-38]"),
    (
        "FP32",
        "[0.1, -0.0, 3.4028234663852886e38, 1.401298464324817e-45, 16777216.0, 0.3333333432674408, 1e-7]",
    ),
    (
        "FP64",
        "[0.1, -0.0, 1.7976931348623157e308, 5e-324, 9007199254740993.0, 0.3333333333333333, 1e22]",
    ),
    ("BYTES", r#"["", "h\u00e9llo", "\u65e5\u672c", "a,\"b\"", "line\nbreak", "1.5"]"#),
];

/// The samples of a datatype, over and over.
fn extremes(datatype: &str, n_elements: usize) -> Vec<Value> {
    let (_, samples) = SAMPLES.iter().find(|row| row.0 == datatype).expect("a datatype");
    let samples: Vec<Value> = serde_json::from_str(samples).expect("JSON");
    samples.into_iter().cycle().take(n_elements).collect()
}

/// Small numbers that no model overflows on.
fn plain(datatype: &str, n_elements: usize) -> Vec<Value> {
    let number = |index: usize| match datatype {
        "BYTES" => json!(["a", "b"][index % 2]),
        "BOOL" => json!(index.is_multiple_of(2)),
        "FP16" | "BF16" | "FP32" | "FP64" => json!((index * 37 % 81) as f64 * 0.1),
        _ => json!(index * 37 % 11),
    };
    (0..n_elements).map(number).collect()
}
