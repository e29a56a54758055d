//! Tables as `kubectl` prints them: no borders, three spaces between columns.

use comfy_table::{ColumnConstraint, Width, presets};

/// A column's header, and whether only `-o wide` shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Column {
    header: &'static str,
    is_wide: bool,
}

impl Column {
    /// A column that is always shown.
    pub(crate) const fn always(header: &'static str) -> Self {
        Self { header, is_wide: false }
    }

    /// A column that only `-o wide` shows.
    pub(crate) const fn wide(header: &'static str) -> Self {
        Self { header, is_wide: true }
    }
}

/// Rows under headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<String>>,
    /// The widths of a table that was printed before, to which this one's rows are added.
    widths: Vec<u16>,
    has_header: bool,
}

impl Table {
    /// A table without rows.
    pub(crate) fn new(columns: &[Column]) -> Self {
        let columns = columns.to_vec();
        Self { columns, rows: Vec::new(), widths: Vec::new(), has_header: true }
    }

    /// A table whose columns are all shown always.
    pub(crate) fn of(headers: &[&'static str]) -> Self {
        Self::new(&headers.iter().map(|header| Column::always(header)).collect::<Vec<_>>())
    }

    /// Adds a row; a cell that is missing or empty becomes `<none>`.
    pub(crate) fn row<T: Into<String>>(&mut self, cells: impl IntoIterator<Item = T>) {
        let mut row: Vec<String> = cells.into_iter().map(|cell| clean(&cell.into())).collect();
        row.resize(self.columns.len(), String::new());
        for cell in &mut row {
            if cell.is_empty() {
                "<none>".clone_into(cell);
            }
        }
        self.rows.push(row);
    }

    /// Adds the rows of another table of the same columns.
    pub(crate) fn append(&mut self, other: &Self) {
        self.rows.extend(other.rows.iter().cloned());
    }

    /// Whether there are no rows.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// A table for rows that follow this one's when it has been printed: without headers, and as wide.
    pub(crate) fn continued(&self) -> Self {
        let widths = (0..self.columns.len()).map(|column| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            let cells = cells.map(|cell| cell.chars().count());
            let header = self.columns.get(column).map_or(0, |column| column.header.len());
            let width = cells.chain([header]).max().unwrap_or(0);
            let before = self.widths.get(column).copied().unwrap_or(0);
            before.max(u16::try_from(width).unwrap_or(u16::MAX))
        });
        let widths = widths.collect();
        Self { columns: self.columns.clone(), rows: Vec::new(), widths, has_header: false }
    }

    /// The table as lines.
    pub(crate) fn text(&self, is_wide: bool) -> String {
        if self.rows.is_empty() {
            return String::new();
        }
        let shown: Vec<(usize, &Column)> =
            self.columns.iter().enumerate().filter(|(_, it)| is_wide || !it.is_wide).collect();
        let mut table = comfy_table::Table::new();
        table.load_style(presets::NOTHING);
        if self.has_header {
            table.set_header(shown.iter().map(|(_, column)| column.header));
        }
        for row in &self.rows {
            table.add_row(shown.iter().filter_map(|(idx, _)| row.get(*idx)));
        }
        for (place, (idx, _)) in shown.iter().enumerate() {
            if let Some(column) = table.column_mut(place) {
                column.set_padding((0, 3));
                if let Some(width) = self.widths.get(*idx) {
                    // Its padding is counted with it.
                    let width = Width::Fixed(width.saturating_add(3));
                    column.set_constraint(ColumnConstraint::LowerBoundary(width));
                }
            }
        }
        format!("{}\n", table.trim_fmt())
    }
}

/// Text of others on one line, without what would move a terminal's cursor or change its colours.
pub(crate) fn clean(text: &str) -> String {
    let text = text.trim();
    if !text.contains(char::is_control) {
        return text.to_owned();
    }
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table =
            Table::new(&[Column::always("NAME"), Column::wide("IMAGE"), Column::always("AGE")]);
        table.row(["iris-model", "radiant:1", "3d"]);
        table.row(["b\u{1b}[2J\nx", "", ""]);
        table
    }

    #[test]
    fn a_table_looks_like_those_of_kubectl() {
        let expected = "NAME         AGE\niris-model   3d\nb [2J x      <none>\n";
        assert_eq!(table().text(false), expected);
        let wide = table().text(true);
        assert!(wide.starts_with("NAME         IMAGE       AGE\n"), "{wide}");
        assert_eq!(Table::of(&["A"]).text(true), "");
    }

    #[test]
    fn rows_that_follow_keep_the_columns() {
        let mut next = table().continued();
        next.row(["c", "i", "1s"]);
        assert_eq!(next.text(false), "c            1s\n");
    }
}
