//! Tables for people: no lines, words to the left and numbers to the right.

use comfy_table::{CellAlignment, Table, presets};

/// A table of these columns, of which the first `words` hold words and the others numbers.
pub(crate) fn table<T: Into<String>>(header: impl IntoIterator<Item = T>, words: usize) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(header.into_iter().map(Into::into).collect::<Vec<String>>());
    table.column_iter_mut().skip(words).for_each(|column| column.set_cell_alignment(CellAlignment::Right));
    table
}
