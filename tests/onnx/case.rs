//! Cases as `cases.py` wrote them: their index, and the files of one.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};

/// A line of the index.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    /// The folder's name below the folder of cases, such as `node/test_abs`.
    pub(crate) name: String,
    /// How far a number may be off, as a part of the expected one.
    pub(crate) rtol: f64,
    /// How far a number may be off besides.
    pub(crate) atol: f64,
    /// The set of operators that it is about, such as `ai.onnx`.
    pub(crate) domain: String,
    /// The only operator of the graph; empty where there are several.
    pub(crate) operator: String,
    /// The version of the set of operators.
    pub(crate) opset: u32,
    /// Whether no two right answers need be the same.
    pub(crate) is_random: bool,
}

/// The files of a case.
#[derive(Debug)]
pub(crate) struct Files {
    /// `model.onnx`.
    pub(crate) model: Vec<u8>,
    /// `test_data_set_*`.
    pub(crate) data_sets: Vec<DataSet>,
}

/// Inputs, and the outputs that belong to them, as messages of ONNX.
#[derive(Debug)]
pub(crate) struct DataSet {
    /// `input_*.pb`.
    pub(crate) inputs: Vec<Vec<u8>>,
    /// `output_*.pb`.
    pub(crate) outputs: Vec<Vec<u8>>,
}

/// All cases of a folder, by name.
pub(crate) fn index(folder: &Path) -> Result<Vec<Case>> {
    let path = folder.join("cases.tsv");
    let place = || format!("reading `{}`, which cases.py writes", path.display());
    let text = fs::read_to_string(&path).with_context(place)?;
    text.lines().map(|line| case(line).with_context(|| format!("{}: `{line}`", place()))).collect()
}

fn case(line: &str) -> Result<Case> {
    let fields: Vec<&str> = line.split('\t').collect();
    let &[name, rtol, atol, domain, operator, opset, random] = &fields[..] else {
        anyhow::bail!("expected 7 fields, got {}", fields.len());
    };
    Ok(Case {
        name: name.to_owned(),
        rtol: rtol.parse()?,
        atol: atol.parse()?,
        domain: domain.to_owned(),
        operator: operator.to_owned(),
        opset: opset.parse()?,
        is_random: !random.is_empty(),
    })
}

/// The files of a case.
pub(crate) fn files(folder: &Path, case: &Case) -> Result<Files> {
    let folder = folder.join(&case.name);
    let model = read(&folder.join("model.onnx"))?;
    let mut data_sets = Vec::new();
    loop {
        let place = folder.join(format!("test_data_set_{}", data_sets.len()));
        if !place.is_dir() {
            break;
        }
        let (inputs, outputs) = (numbered(&place, "input")?, numbered(&place, "output")?);
        data_sets.push(DataSet { inputs, outputs });
    }
    ensure!(!data_sets.is_empty(), "`{}` has no data", folder.display());
    Ok(Files { model, data_sets })
}

fn numbered(folder: &Path, what: &str) -> Result<Vec<Vec<u8>>> {
    let mut files = Vec::new();
    loop {
        let path = folder.join(format!("{what}_{}.pb", files.len()));
        if !path.is_file() {
            return Ok(files);
        }
        files.push(read(&path)?);
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("reading `{}`", path.display()))
}
