//! Tables for people: no lines, words to the left and numbers to the right.

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table, presets};

/// The columns of whatever is no terminal.
const COLUMNS: u16 = 80;

/// A table of these columns, of which the first `words` hold words and the others numbers.
pub(crate) fn table<T: Into<String>>(header: impl IntoIterator<Item = T>, words: usize) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(header.into_iter().map(Into::into).collect::<Vec<String>>());
    table.column_iter_mut().skip(words).for_each(|column| column.set_cell_alignment(CellAlignment::Right));
    table
}

/// Rows of words that end with the terminal, `indent` columns in: the last column is wrapped, what is before it is not.
pub(crate) fn wrapped<const N: usize>(indent: u16, rows: impl IntoIterator<Item = [String; N]>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    let width = table.width().unwrap_or(COLUMNS);
    table.set_width(width).add_rows(rows);
    for (place, column) in table.column_iter_mut().enumerate() {
        column.set_padding((if place == 0 { indent } else { 2 }, 0));
        if place + 1 < N {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    table.trim_fmt()
}
