//! `docs/onnx.md`: the operators, as the rows of `expected.tsv` tell of them.

use std::collections::{BTreeMap, BTreeSet};

use crate::engines::Tried;
use crate::outcome::Status;
use crate::reason::cut;
use crate::summary::{Cell, Row};

/// What the page opens with.
const HEAD: &str = "\
# ONNX operators

What the backend tests of the `onnx` package (1.23.2) say of the engines: the node tests, and the
graphs that PyTorch once wrote for the same purpose. An answer counts when element type, shape and
values are the expected ones: strings, whole numbers and truth values exactly, floating-point numbers
within 1e-3 of the value and 1e-5 besides, or what the case itself allows; FP16 and BF16 within two
units in the last place, Fourier transforms within 1e-6 of their largest value. A case that is not
answered is refused when the model is loaded, and the refusal names what of the graph is refused.

Columns: `auto` is the engine that the server chooses where ONNX Runtime is not installed, `auto, ort`
where it is; `native`, `tract`, `rten` and `ort` are the engines by name (`--engine`). A cell counts the
cases that are answered right: `all`, some of them, or `-` for none; `?` was not tried. Axes, shapes,
scales and the like are inputs of the graph in many cases and constants in exported models: where a
case is refused as it is, it is tried again with all inputs but the first as constants, and `n const`
says how many are answered only so. `opset` holds the versions of the operator set that the answered
cases are written in.

`off` is how far FP32 results of `auto` are from the expected ones, at most over the cases: units in
the last place, or where these say little a part of the tensor's largest value. The expected values are
those of the package: computed with NumPy, or written down with four digits. `open` are cases that
leave their values to chance; type and shape are right. `failed` are wrong answers, panics, and errors
of a model that was loaded; there must be none. Notes are `auto`'s reasons to refuse, with the number of
cases.

This page is written by `radiant-onnx-nodes --update`, and CI compares it with what the engines do.
";

/// What stands above the table of operators.
const OPERATORS: &str = "
## Operators

";

/// What stands above the table of graphs.
const GRAPHS: &str = "
## Graphs of several operators

`(function)` are the tests in which an operator is written out as the function that defines it.

";

/// Columns that both tables have after the first ones.
const ENGINES: [(&str, Tried); 6] = [
    ("auto", Tried::Auto),
    ("native", Tried::Native),
    ("tract", Tried::Tract),
    ("rten", Tried::Rten),
    ("ort", Tried::Ort),
    ("auto, ort", Tried::AutoOrt),
];

/// The page.
pub(crate) fn write(rows: &[Row]) -> String {
    let mut page = format!("{HEAD}{}", totals(rows));
    let mut operators: BTreeMap<(&str, &str), Vec<&Row>> = BTreeMap::new();
    let mut graphs: BTreeMap<(&str, &str), Vec<&Row>> = BTreeMap::new();
    for row in rows {
        let group = row.case.split('/').next().unwrap_or_default();
        if row.operator.is_empty() {
            let is_function = group == "node" && row.case.contains("_expanded");
            let group = if is_function { "node (function)" } else { group };
            graphs.entry((&row.domain, group)).or_default().push(row);
        } else {
            operators.entry((&row.domain, &row.operator)).or_default().push(row);
        }
    }
    page.push_str(OPERATORS);
    page.push_str(&table("operator", &operators));
    page.push_str(GRAPHS);
    page.push_str(&table("cases", &graphs));
    page
}

/// The numbers over all cases.
fn totals(rows: &[Row]) -> String {
    let mut text = "\n## Totals\n\n| operators | cases | right | of these const | open | refused \
                    | failed | native | tract | rten | ort | auto, ort |\n\
                    |---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n"
        .to_owned();
    let domains: BTreeSet<&str> = rows.iter().map(|row| row.domain.as_str()).collect();
    for domain in domains {
        let rows: Vec<&Row> = rows.iter().filter(|row| row.domain == domain).collect();
        text.push_str(&total(&format!("`{domain}`"), &rows));
    }
    text.push_str(&total("all", &rows.iter().collect::<Vec<_>>()));
    text
}

fn total(name: &str, rows: &[&Row]) -> String {
    let count = |is: &dyn Fn(Cell) -> bool| {
        rows.iter().filter_map(|row| row.auto).filter(|cell| is(*cell)).count()
    };
    let is_const = |cell: Cell| cell.is_same(Cell::CONST);
    let mut fields = vec![
        name.to_owned(),
        rows.len().to_string(),
        count(&|cell| cell.0 == Status::Pass).to_string(),
        count(&is_const).to_string(),
        count(&|cell| cell.0 == Status::Unspecified).to_string(),
        count(&|cell| cell.0.is_refusal()).to_string(),
        count(&|cell| !cell.0.is_answer() && !cell.0.is_refusal()).to_string(),
    ];
    fields.extend(ENGINES.iter().skip(1).map(|(_, tried)| {
        let cells: Vec<Cell> = rows.iter().filter_map(|row| row.cell(*tried)).collect();
        let n_right = cells.iter().filter(|cell| cell.0 == Status::Pass).count();
        if cells.is_empty() { "?".to_owned() } else { n_right.to_string() }
    }));
    format!("| {} |\n", fields.join(" | "))
}

/// A table with a line for each group of rows.
fn table(what: &str, groups: &BTreeMap<(&str, &str), Vec<&Row>>) -> String {
    let engines: Vec<&str> = ENGINES.iter().map(|(name, _)| *name).collect();
    let mut lines = vec![
        format!("| {what} | opset | cases | {} | off | notes |", engines.join(" | ")),
        format!("|---|---|--:|{}---|---|", "---|".repeat(ENGINES.len())),
    ];
    for ((domain, name), rows) in groups {
        let name = match *domain {
            "ai.onnx" => format!("`{name}`"),
            domain => format!("`{domain}` `{name}`"),
        };
        let mut fields = vec![name, opsets(rows), rows.len().to_string()];
        fields.extend(ENGINES.iter().map(|(_, tried)| right(rows, *tried)));
        fields.push(off(rows));
        fields.push(notes(rows));
        lines.push(format!("| {} |", fields.join(" | ")));
    }
    lines.join("\n") + "\n"
}

/// The versions that the answered cases are written in: `6-13`, or nothing.
fn opsets(rows: &[&Row]) -> String {
    let answered = rows.iter().filter(|row| row.auto.is_some_and(|cell| cell.0.is_answer()));
    let opsets: BTreeSet<u32> = answered.map(|row| row.opset).collect();
    match (opsets.first(), opsets.last()) {
        (Some(first), Some(last)) if first == last => first.to_string(),
        (Some(first), Some(last)) => format!("{first}-{last}"),
        _ => String::new(),
    }
}

/// How many are answered right: `all`, `3 of 5`, with the number of those that need constants.
fn right(rows: &[&Row], tried: Tried) -> String {
    let cells: Vec<Cell> = rows.iter().filter_map(|row| row.cell(tried)).collect();
    if cells.is_empty() {
        return "?".to_owned();
    }
    let count = |is: &dyn Fn(&Cell) -> bool| cells.iter().filter(|cell| is(cell)).count();
    let n_right = count(&|cell| cell.0 == Status::Pass);
    let n_const = count(&|cell| cell.is_same(Cell::CONST));
    let n_open = count(&|cell| cell.0 == Status::Unspecified);
    let mut words = vec![match n_right {
        0 => "-".to_owned(),
        n if n == cells.len() => "all".to_owned(),
        n => n.to_string(),
    }];
    words.extend((n_const > 0).then(|| format!("{n_const} const")));
    words.extend((n_open > 0).then(|| format!("{n_open} open")));
    words.join(", ")
}

/// How far the worst case is off.
fn off(rows: &[&Row]) -> String {
    match rows.iter().filter_map(|row| row.exactness).max() {
        None => String::new(),
        Some(exactness) if exactness.is_exact() => exactness.name().to_owned(),
        Some(exactness) => format!("<= {}", exactness.name()),
    }
}

/// How many reasons of one group are told.
const NOTES_MAX: usize = 2;

/// The longest that a note is, in characters.
const NOTE_CHARACTERS_MAX: usize = 110;

/// The commonest reasons to refuse, the commonest first.
fn notes(rows: &[&Row]) -> String {
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    let mut elem_types: BTreeSet<&str> = BTreeSet::new();
    let mut n_elem_types = 0;
    for row in rows.iter().filter(|row| !row.reason.is_empty()) {
        if let Some(elem_type) = elem_type(&row.reason) {
            elem_types.insert(elem_type);
            n_elem_types += 1;
        } else {
            *reasons.entry(cell(&row.reason)).or_default() += 1;
        }
    }
    if n_elem_types > 0 {
        let listed: Vec<&str> = elem_types.into_iter().collect();
        reasons.insert(format!("element types {}", listed.join(", ")), n_elem_types);
    }
    let n_reasons = reasons.len();
    let mut reasons: Vec<(String, usize)> = reasons.into_iter().collect();
    reasons.sort_by_key(|(reason, n)| (std::cmp::Reverse(*n), reason.clone()));
    let told = reasons.into_iter().take(NOTES_MAX).map(|(reason, n)| format!("{n}: {reason}"));
    let mut notes: Vec<String> = told.collect();
    if n_reasons > NOTES_MAX {
        notes.push(format!("{} more reasons", n_reasons - NOTES_MAX));
    }
    notes.join("; ")
}

/// The element type that a reason speaks of, if it is that the server has no such type.
fn elem_type(reason: &str) -> Option<&str> {
    let (_, after) = reason.split_once(": element type ")?;
    after.strip_suffix(" is not supported")
}

/// A reason as a part of a table's cell.
fn cell(reason: &str) -> String {
    let mut text = cut(&reason.replace('|', "\\|"), NOTE_CHARACTERS_MAX);
    // A cut between backticks would turn the rest of the line into code.
    if text.matches('`').count() % 2 == 1 {
        text.push('`');
    }
    text
}
