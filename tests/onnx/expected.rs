//! `expected.tsv`: how every case must end.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::args::Args;
use crate::engines::Tried;
use crate::exactness::Exactness;
use crate::summary::{COLUMNS, Cell, Row};

/// What the file opens with.
const HEAD: &str = "\
# How each backend test of the onnx package ends. Written by `radiant-onnx-nodes --update`.
# pass; const: passes when all inputs but the first are constants of the graph; any: answers, and the
# case leaves the values open; -: refused at load, for the reason at the end; ?: not tried.
# `engine` is the one that `auto` chooses; `off` how far its FP32 outputs are from the expected ones.
# case\tset\toperator\topset\tauto\tengine\tnative\ttract\trten\tort\tauto-ort\toff\treason
";

/// The rows of the file, in order of the cases' names.
#[derive(Debug, Default)]
pub(crate) struct Expected {
    /// The rows.
    pub(crate) rows: Vec<Row>,
}

impl Expected {
    /// The rows of a file; none where there is no file.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        if !path.exists() {
            return Ok(Self::default());
        }
        let text = fs::read_to_string(path).context("reading expected.tsv")?;
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let row = |line| parse(line).with_context(|| format!("expected.tsv: `{line}`"));
        Ok(Self { rows: lines.map(row).collect::<Result<_>>()? })
    }

    /// Writes the file.
    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        let lines: String = self.rows.iter().map(line).collect();
        fs::write(path, format!("{HEAD}{lines}")).context("writing expected.tsv")
    }

    /// The rows of a run. What the run did not try is taken over.
    pub(crate) fn with(self, rows: Vec<Row>, args: &Args) -> Self {
        let mut earlier = self.by_case();
        let taken_over = |mut row: Row| {
            if let Some(before) = earlier.remove(&row.case) {
                for (at, tried) in COLUMNS.iter().enumerate() {
                    if !args.engines.contains(tried) {
                        row.cells[at] = before.cells[at];
                    }
                }
            }
            row
        };
        let mut rows: Vec<Row> = rows.into_iter().map(taken_over).collect();
        rows.sort_by(|a, b| a.case.cmp(&b.case));
        Self { rows }
    }

    fn by_case(self) -> BTreeMap<String, Row> {
        self.rows.into_iter().map(|row| (row.case.clone(), row)).collect()
    }

    /// Where a run ended otherwise, a line each.
    pub(crate) fn differences(&self, rows: &[Row], args: &Args) -> Vec<String> {
        let expected: BTreeMap<&str, &Row> =
            self.rows.iter().map(|row| (row.case.as_str(), row)).collect();
        let mut lines = Vec::new();
        for row in rows {
            match expected.get(row.case.as_str()) {
                Some(before) => lines.extend(difference(before, row, args)),
                None => lines.push(format!("NEW      {}", row.case)),
            }
        }
        if args.only.is_empty() {
            let run: BTreeMap<&str, &Row> =
                rows.iter().map(|row| (row.case.as_str(), row)).collect();
            let gone = self.rows.iter().filter(|row| !run.contains_key(row.case.as_str()));
            lines.extend(gone.map(|row| format!("GONE     {}", row.case)));
        }
        lines
    }
}

/// How a row differs from the expected one.
fn difference(before: &Row, now: &Row, args: &Args) -> Vec<String> {
    let mut lines = Vec::new();
    let case = &now.case;
    for &tried in &args.engines {
        let (was, is) = (before.cell(tried), now.cell(tried));
        let (Some(was), Some(is)) = (was, is) else {
            lines.push(format!("NEW      {case} on {}", tried.name()));
            continue;
        };
        if !was.is_same(is) {
            let verdict = if is < was { "BETTER  " } else { "WORSE   " };
            let why = if tried == Tried::Auto { now.reason.as_str() } else { "" };
            lines.push(format!("{verdict} {case} on {}: {was}, now {is} {why}", tried.name()));
        }
    }
    if !args.engines.contains(&Tried::Auto) {
        return lines;
    }
    if before.auto == now.auto && (&before.engine, &before.reason) != (&now.engine, &now.reason) {
        let (was, is) = (&before.reason, &now.reason);
        let (by, now_by) = (&before.engine, &now.engine);
        lines.push(format!("CHANGED  {case}: `{by}` {was}\n      now {case}: `{now_by}` {is}"));
    }
    if let (Some(was), Some(is)) = (before.exactness, now.exactness)
        && is.is_worse_than(was)
    {
        lines.push(format!("WORSE    {case}: off by {}, now by {}", was.name(), is.name()));
    }
    lines
}

fn line(row: &Row) -> String {
    let cell = |cell: &Option<Cell>| cell.map_or_else(|| "?".to_owned(), |cell| cell.to_string());
    let mut fields = vec![
        row.case.clone(),
        row.domain.clone(),
        row.operator.clone(),
        row.opset.to_string(),
        cell(&row.auto),
        row.engine.clone(),
    ];
    fields.extend(row.cells.iter().map(cell));
    fields.push(row.exactness.map_or("", Exactness::name).to_owned());
    fields.push(row.reason.clone());
    format!("{}\n", fields.join("\t").trim_end())
}

fn parse(line: &str) -> Result<Row> {
    let mut fields = line.split('\t');
    let mut field = || fields.next().unwrap_or_default().to_owned();
    let cell = |text: &str| {
        let cell = Cell::named(text);
        anyhow::ensure!(cell.is_some() || text == "?", "`{text}` is no end of a case");
        Ok(cell)
    };
    let (case, domain, operator) = (field(), field(), field());
    let opset = field().parse().context("the version of a set of operators")?;
    let (auto, engine) = (cell(&field())?, field());
    let mut cells = [None; COLUMNS.len()];
    for place in &mut cells {
        *place = cell(&field())?;
    }
    let exactness = Exactness::named(&field());
    Ok(Row { case, domain, operator, opset, auto, engine, cells, exactness, reason: field() })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = "node/test_x\tai.onnx\tX\t13\tconst\ttract\t-\tconst\t?\tpass\tany\t1 ulp\n";
    const REFUSED: &str = "node/test_y\tai.onnx\t\t1\t-\t\t-\t-\t-\t?\t?\t\tno `Y`\n";

    fn args() -> Args {
        let words = ["--cases", "x", "--engines", "auto,tract"].map(str::to_owned);
        Args::parse(words.into_iter()).expect("they are right").expect("no help is asked for")
    }

    fn row(text: &str) -> Row {
        parse(text.trim_end_matches('\n')).expect("a row")
    }

    #[test]
    fn a_row_comes_back_from_its_line() {
        for text in [LINE, REFUSED] {
            assert_eq!(line(&row(text)), text);
        }
        assert!(parse("node/test_x\tai.onnx\tX\t13\tfine").is_err());
    }

    #[test]
    fn a_row_that_ends_otherwise_is_told() {
        let expected = Expected { rows: vec![row(LINE), row(REFUSED)] };
        let rows = [row(LINE), row(REFUSED)];
        assert!(expected.differences(&rows, &args()).is_empty());
        let worse = row(&LINE.replacen("const", "-", 1));
        let told = expected.differences(&[worse, row(REFUSED)], &args());
        assert_eq!(told, ["WORSE    node/test_x on auto: const, now - "]);
        let less_exact = row(&LINE.replacen("1 ulp", "64 ulp", 1));
        let told = expected.differences(&[less_exact, row(REFUSED)], &args());
        assert_eq!(told, ["WORSE    node/test_x: off by 1 ulp, now by 64 ulp"]);
        let told = expected.differences(&[row(LINE)], &args());
        assert_eq!(told, ["GONE     node/test_y"]);
        // What was not tried cannot differ.
        let other = row(&LINE.replacen("pass", "wrong", 1));
        assert!(expected.differences(&[other, row(REFUSED)], &args()).is_empty());
    }

    #[test]
    fn what_was_not_tried_is_taken_over() {
        let expected = Expected { rows: vec![row(LINE)] };
        let untried = row(&LINE.replacen("pass\tany", "?\t?", 1));
        assert_eq!(expected.with(vec![untried], &args()).rows, [row(LINE)]);
    }
}
