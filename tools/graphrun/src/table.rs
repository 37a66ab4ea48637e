//! Tables for people: no lines, words to the left and numbers to the right.

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table, presets};

/// The columns of whatever is no terminal.
const COLUMNS: u16 = 80;
/// The fewest columns in which words are wrapped beside others.
const NARROW: usize = 24;

/// How many columns the terminal has.
pub(crate) fn columns() -> usize {
    Table::new().width().unwrap_or(COLUMNS).into()
}

/// A table of these columns, of which the first `words` hold words and the others numbers.
pub(crate) fn table<T: Into<String>>(header: impl IntoIterator<Item = T>, words: usize) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(header.into_iter().map(Into::into).collect::<Vec<String>>());
    table.column_iter_mut().skip(words).for_each(|column| column.set_cell_alignment(CellAlignment::Right));
    table
}

/// Rows of words that end with the terminal, `indent` columns in: the last column is wrapped beside what is before it,
/// which is not, or below it where little room is left.
pub(crate) fn wrapped<const N: usize>(indent: u16, rows: impl IntoIterator<Item = [String; N]>) -> String {
    let rows: Vec<[String; N]> = rows.into_iter().collect();
    let width = columns();
    let widest = |place: usize| rows.iter().map(|row| row[place].chars().count()).max().unwrap_or(0);
    let before: usize = (0..N - 1).map(|place| widest(place) + 2).sum();
    if N == 1 || usize::from(indent) + before + NARROW <= width {
        return beside(indent, width, rows);
    }
    let below = |row: [String; N]| {
        let [head, last] = [row[..N - 1].join("  "), row[N - 1].clone()];
        [beside(indent, width, vec![[head]]), beside(indent + 2, width, vec![[last]])].join("\n")
    };
    rows.into_iter().map(below).collect::<Vec<_>>().join("\n")
}

/// Rows whose last column is wrapped at `width`, and what is before it is not.
fn beside<const N: usize>(indent: u16, width: usize, rows: Vec<[String; N]>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(u16::try_from(width).unwrap_or(COLUMNS)).add_rows(rows);
    for (place, column) in table.column_iter_mut().enumerate() {
        column.set_padding((if place == 0 { indent } else { 2 }, 0));
        if place + 1 < N {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    table.trim_fmt()
}
