//! Tables of valid and invalid metadata.

use super::*;

fn merge(variable: &str) -> Result<Metadata, Vec<String>> {
    let layer =
        Layer::parse("MODEL_METADATA", variable).map_err(|error| vec![error.to_string()])?;
    Metadata::merge(None, &[layer])
        .map_err(|problems| problems.iter().map(ToString::to_string).collect())
}

#[test]
fn defaults_come_from_the_image() {
    let json = |image| Metadata::merge(image, &[]).expect("defaults are valid").to_json();
    assert_eq!(
        json(Some("org/img:1.0")),
        r#"{"custom":{},"inputs":[],"name":"org/img","outputs":[],"platform":"","versions":["1.0"]}"#
    );
    assert_eq!(
        json(Some("reg:5000/img:1.0")),
        r#"{"custom":{},"inputs":[],"name":"reg:5000/img","outputs":[],"platform":"","versions":["1.0"]}"#
    );
    assert_eq!(
        json(None),
        r#"{"custom":{},"inputs":[],"name":"","outputs":[],"platform":"","versions":[""]}"#
    );
}

#[test]
fn a_model_file_beats_the_defaults_and_the_variable_beats_the_file() {
    let file = Layer::parse(
        "metadata.yaml",
        "name: iris\nversions: [iris/v1]\nplatform: sklearn\ninputs:\n- messagetype: tensor\n  \
         schema:\n    names: [a,b,c,d]\n    shape: [4]\noutputs:\n- messagetype: tensor\n  \
         schema:\n    shape: [1]\n",
    )
    .expect("the file is YAML");
    let json = |layers: &[Layer]| {
        Metadata::merge(Some("org/img:1.0"), layers).expect("the layers are valid").to_json()
    };
    assert_eq!(
        json(std::slice::from_ref(&file)),
        concat!(
            r#"{"custom":{},"inputs":[{"messagetype":"tensor","schema":{"names":["a","b","c","d"],"#,
            r#""shape":[4]}}],"name":"iris","outputs":[{"messagetype":"tensor","schema":"#,
            r#"{"shape":[1]}}],"platform":"sklearn","versions":["iris/v1"]}"#
        )
    );
    let variable = Layer::parse("MODEL_METADATA", r#"{"name": "other", "inputs": []}"#)
        .expect("the variable is JSON");
    assert_eq!(
        json(&[file, variable]),
        concat!(
            r#"{"custom":{},"inputs":[],"name":"other","outputs":[{"messagetype":"tensor","#,
            r#""schema":{"shape":[1]}}],"platform":"sklearn","versions":["iris/v1"]}"#
        )
    );
}

#[test]
fn valid_metadata_passes() {
    let cases = [
        "",
        "# only a comment",
        "{}",
        "name: m\nversions: [v1, v2]\nplatform: p\ncustom: {k: v}",
        "versions: []",
        "inputs: [{messagetype: tensor}]",
        "inputs: [{messagetype: ndarray, schema: {names: [a, b], shape: [2]}}]",
        "inputs: [{messagetype: tftensor, schema: {}}]",
        "inputs: [{messagetype: tensor, schema: {shape: [2.0]}}]",
        "inputs: [{messagetype: jsonData}]",
        "inputs: [{messagetype: jsonData, schema: {type: object, properties: {a: 1}}}]",
        "inputs: [{messagetype: strData}, {messagetype: binData}]",
        "outputs: [{messagetype: my-own, schema: {any: [thing]}}]",
        "outputs: [{name: y, datatype: FP32, shape: [-1, 3]}]",
        "outputs: [{name: y, datatype: BYTES}, {}]",
    ];
    for text in cases {
        assert!(merge(text).is_ok(), "{text}: {:?}", merge(text));
    }
}

#[test]
fn invalid_metadata_says_where_expected_and_got() {
    let cases = [
        ("- a", "expected a mapping, got a list"),
        ("just text", "expected a mapping, got a string"),
        (
            "extra: 1",
            "`extra`: expected a key out of name, versions, platform, inputs, outputs, custom, got another one",
        ),
        ("name: 1", "`name`: expected a string, got `1`"),
        ("name: ~", "`name`: expected a string, got nothing"),
        ("versions: v1", "`versions`: expected a list, got `v1`"),
        ("versions: [1.0]", "`versions[0]`: expected a string, got `1.0`"),
        ("platform: [a]", "`platform`: expected a string, got a list"),
        ("custom: [a]", "`custom`: expected a mapping, got a list"),
        ("custom: {a: 1}", "`custom.a`: expected a string, got `1`"),
        ("inputs: {a: 1}", "`inputs`: expected a list, got a mapping"),
        ("inputs: [x]", "`inputs[0]`: expected a mapping, got `x`"),
        ("inputs: [{messagetype: 1}]", "`inputs[0].messagetype`: expected a string, got `1`"),
        (
            "inputs: [{messagetype: tensor, x: 1}]",
            "`inputs[0].x`: expected a key out of messagetype, schema, got another one",
        ),
        (
            "inputs: [{messagetype: tensor, schema: 1}]",
            "`inputs[0].schema`: expected a mapping, got `1`",
        ),
        (
            "inputs: [{messagetype: tensor, schema: {names: [1]}}]",
            "`inputs[0].schema.names[0]`: expected a string, got `1`",
        ),
        (
            "outputs: [{messagetype: ndarray, schema: {shape: [1, x]}}]",
            "`outputs[0].schema.shape[1]`: expected an integer, got `x`",
        ),
        (
            "outputs: [{messagetype: ndarray, schema: {shape: [1.5]}}]",
            "`outputs[0].schema.shape[0]`: expected an integer, got `1.5`",
        ),
        (
            "outputs: [{messagetype: ndarray, schema: {dtype: x}}]",
            "`outputs[0].schema.dtype`: expected a key out of names, shape, got another one",
        ),
        (
            "outputs: [{messagetype: strData, schema: {}}]",
            "`outputs[0].schema`: expected only messagetype, got another one",
        ),
        (
            "outputs: [{messagetype: jsonData, schema: [1]}]",
            "`outputs[0].schema`: expected a mapping, got a list",
        ),
        (
            "outputs: [{datatype: FLOAT}]",
            "`outputs[0].datatype`: expected BOOL, UINT8..64, INT8..64, FP16, FP32, FP64 or BYTES, got `FLOAT`",
        ),
        (
            "outputs: [{name: y, size: 1}]",
            "`outputs[0].size`: expected a key out of messagetype, schema or out of name, datatype, shape, got another one",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(merge(text), Err(vec![format!("MODEL_METADATA: {expected}")]), "{text}");
    }
}

#[test]
fn all_problems_are_told_at_once_and_each_names_its_layer() {
    let file = Layer::parse("metadata.yaml", "name: 1\nplatform: 2").expect("YAML");
    let variable = Layer::parse("MODEL_METADATA", "platform: 3\nversions: 4").expect("YAML");
    let problems: Vec<String> = Metadata::merge(None, &[file, variable])
        .expect_err("three values are wrong")
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        problems,
        [
            "metadata.yaml: `name`: expected a string, got `1`",
            "MODEL_METADATA: `platform`: expected a string, got `3`",
            "MODEL_METADATA: `versions`: expected a list, got `4`",
        ]
    );
}

#[test]
fn bombs_and_broken_texts_are_errors() {
    let laughs: Vec<String> = (1..12)
        .map(|n| format!("a{n}: &a{n} [{}]", vec![format!("*a{}", n - 1); 10].join(",")))
        .collect();
    let bomb = format!("a0: &a0 [x]\n{}", laughs.join("\n"));
    let cases = [
        bomb,
        format!("name: {}{}", "[".repeat(1000), "]".repeat(1000)),
        "a: [1,2".to_owned(),
        "a: &x [*x]".to_owned(),
        "name: a\n---\nname: b".to_owned(),
        "name: .nan".to_owned(),
        "name: a\nname: b".to_owned(),
        "\u{0}".to_owned(),
    ];
    for text in cases {
        let error = merge(&text).expect_err("the text is no metadata");
        assert!(error[0].starts_with("MODEL_METADATA: "), "{text}: {error:?}");
    }
    let long = format!("name: {}", "x".repeat(TEXT_BYTES_MAX));
    assert_eq!(
        merge(&long),
        Err(vec![
            "MODEL_METADATA: expected at most 1048576 bytes of metadata, got 1048582".to_owned()
        ])
    );
}

#[test]
fn text_is_escaped_to_ascii() {
    let metadata = merge("{\"custom\": {\"ü\": \"\\u0001\\n\\\"\\\\😀\\u007f\"}}").expect("valid");
    assert!(
        metadata
            .to_json()
            .starts_with(r#"{"custom":{"\u00fc":"\u0001\n\"\\\ud83d\ude00\u007f"},"inputs""#),
        "{}",
        metadata.to_json()
    );
}

#[test]
fn column_names_come_from_the_first_output() {
    let names = |text| merge(text).expect("valid").output_names();
    assert_eq!(
        names("outputs: [{messagetype: tensor, schema: {names: [a, b]}}]"),
        Some(vec!["a".to_owned(), "b".to_owned()])
    );
    assert_eq!(names("outputs: [{messagetype: tensor}]"), None);
    assert_eq!(names("{}"), None);
    let metadata = merge("name: n\nversions: [a, b]").expect("valid");
    assert_eq!((metadata.name(), metadata.versions().count()), ("n", 2));
}
