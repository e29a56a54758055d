//! A row's answer has the same bits whatever rows are beside it, so that requests may share runs.

use serde_json::Value;

use super::ask::{Tensor, of_rest, v2_rest};
use super::serve;
use crate::support::golden::{Array, Golden};
use crate::support::model_file;

/// Rows that are asked for by themselves.
const ROWS_MAX: usize = 6;

/// The rows from `first` on, `n_rows` of them.
fn part(array: &Array, first: usize, n_rows: usize) -> Array {
    let width: usize = array.shape.iter().skip(1).product();
    let mut shape = array.shape.clone();
    shape[0] = n_rows;
    Array { shape, data: array.data[first * width..(first + n_rows) * width].to_vec() }
}

/// A model that takes plain numbers: its file, and what it answers them with.
fn takes_numbers(golden: &Golden) -> Option<Array> {
    let rows = golden.try_rows("plain")?;
    let is_table = rows.shape.len() == 2 && rows.shape[0] > ROWS_MAX;
    (is_table && rows.data.iter().all(Value::is_number)).then_some(rows)
}

#[test]
fn a_row_alone_has_the_bits_that_it_has_among_others() {
    let folder = model_file("formats", "sklearn/1.5.2");
    let files = std::fs::read_dir(&folder).expect("the corpus").map(|file| file.expect("a file"));
    let mut names: Vec<String> =
        files.filter_map(|file| file.file_name().into_string().ok()).collect();
    names.retain(|name| name.ends_with(".joblib"));
    names.retain(|name| folder.join(name).with_extension("json").exists());
    names.sort_unstable();
    let (mut n_asked, mut faults) = (0, Vec::new());
    for name in names {
        let golden = Golden::of(&format!("sklearn/1.5.2/{name}"));
        let Some(rows) = takes_numbers(&golden) else { continue };
        let server = serve(&golden);
        let ask = |rows| of_rest(&v2_rest(&server, &[Tensor::new("input", "FP64", rows)], &[]));
        let together = ask(rows.clone());
        for row in 0..ROWS_MAX {
            let alone = ask(part(&rows, row, 1));
            for (all, alone) in together.iter().zip(&alone) {
                let own = part(&all.array, row, 1);
                if own.data != alone.array.data {
                    faults.push(format!("{name}, row {row}: {own:?}, alone {:?}", alone.array));
                }
            }
        }
        n_asked += 1;
    }
    assert!(n_asked > 50, "only {n_asked} models were asked");
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}
