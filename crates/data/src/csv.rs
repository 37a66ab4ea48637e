//! Comma-separated text with a header row; tabs when the name ends in `.tsv` or `.tsv.gz`.
//!
//! A column whose first cell is a number is numeric, and every other cell of it must be a finite number.
//! Any other column is text, and becomes class numbers: the distinct texts sorted by name, from 0.

use std::collections::HashMap;
use std::path::Path;

use crate::error::{DataError, Result};
use crate::file::{read_file, read_start};
use crate::table::{Array, Table, Values};

/// Reads a file of text columns.
///
/// # Errors
/// When the file cannot be read, has no header or no rows, repeats a column name, or has a row of another
/// length. A bad cell is kept with its column, to be raised if the column is used.
pub(crate) fn read_csv(path: &Path, max_bytes: u64) -> Result<Table> {
    let table = parse(&read_file(path, max_bytes)?, delimiter(path), true).map_err(|e| e.at(path))?;
    Ok(table.at(path))
}

/// Reads the rows that end within the first `most` bytes, as [`read_csv`] does.
pub(crate) fn glance_csv(path: &Path, most: u64) -> Result<Table> {
    let (mut bytes, whole) = read_start(path, most)?;
    if !whole {
        bytes.truncate(bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1));
    }
    let table = parse(&bytes, delimiter(path), whole).map_err(|e| e.at(path))?.at(path);
    Ok(if whole { table } else { table.partial() })
}

fn delimiter(path: &Path) -> u8 {
    if path.to_string_lossy().trim_end_matches(".gz").ends_with(".tsv") { b'\t' } else { b',' }
}

/// Reads text; unless that is `whole`, a last row that is cut off is left out.
fn parse(bytes: &[u8], delimiter: u8, whole: bool) -> Result<Table> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    refuse_binary(bytes)?;
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(bytes);
    let place = |start: u64, field| place(bytes, start as usize, delimiter, field);
    let broken = |e: csv::Error| {
        DataError::new(format!("is not readable as a table: {e}"), "write rows of cells parted by commas")
    };

    let header = reader.byte_headers().map_err(broken)?.clone();
    if header.is_empty() {
        return Err(DataError::new("is empty", "the first line names the columns"));
    }
    let mut columns: Vec<Column> = header.iter().map(|_| Column::Unknown).collect();
    let mut rows = 0;
    let mut record = csv::ByteRecord::new();
    while reader.read_byte_record(&mut record).map_err(broken)? {
        let start = record.position().map_or(0, csv::Position::byte);
        let last = reader.position().byte() as usize >= bytes.len();
        if let Some(at) = last.then(|| open_quote(bytes, start as usize, delimiter)).flatten() {
            if !whole {
                break;
            }
            let (line, column) = line_and_column(bytes, at);
            let help = "end the cell with a quote; a quote within one is written twice";
            return Err(DataError::new("this quote is never closed", help).place(line, column));
        }
        if record.len() != header.len() {
            let (line, column) = place(start, record.len().min(header.len()));
            let message = format!("this row has {} cells, but the header has {}", record.len(), header.len());
            let help = "write a cell for every column; a cell with a comma in it stands in double quotes";
            return Err(DataError::new(message, help).place(line, column));
        }
        for (i, cell) in record.iter().enumerate() {
            columns[i].push(rows, cell.trim_ascii(), || place(start, i));
        }
        rows += 1;
    }
    if rows == 0 {
        return Err(DataError::new("has a header but no rows", "write a row behind it"));
    }
    let columns = header.iter().zip(columns).map(|(name, column)| {
        let name = String::from_utf8_lossy(name.trim_ascii()).into_owned();
        let array = column.finish(&name);
        (name, array)
    });
    Table::new(rows, columns.collect())
}

/// One column while it is read.
enum Column {
    Unknown,
    Number(Vec<f64>),
    Text { classes: Vec<i64>, seen: HashMap<Vec<u8>, i64> },
    Bad(DataError),
}

impl Column {
    fn push(&mut self, row: usize, cell: &[u8], place: impl Fn() -> (usize, usize)) {
        let number = || std::str::from_utf8(cell).ok().and_then(|s| s.parse::<f64>().ok());
        let bad = |message: String, help: &str| {
            let (line, column) = place();
            Self::Bad(DataError::new(message, help).place(line, column))
        };
        let shown = || String::from_utf8_lossy(&cell[..cell.len().min(40)]).into_owned();
        if let (Self::Unknown, 0) = (&*self, row) {
            *self = match number() {
                Some(_) => Self::Number(Vec::new()),
                None => Self::Text { classes: Vec::new(), seen: HashMap::new() },
            };
        }
        match self {
            Self::Unknown | Self::Bad(_) => {}
            _ if cell.is_empty() => {
                *self = bad("this cell is empty".into(), "fill it in, or leave the row out");
            }
            Self::Number(numbers) => match number() {
                Some(x) if x.is_finite() => numbers.push(x),
                Some(_) => {
                    *self = bad(format!("`{}` is not a finite number", shown()), "leave the row out");
                }
                None => {
                    *self = bad(
                        format!("`{}` is not a number", shown()),
                        "the first cell of this column is one, so all must be",
                    );
                }
            },
            Self::Text { classes, seen } => {
                let next = seen.len() as i64;
                classes.push(match seen.get(cell) {
                    Some(&class) => class,
                    None => *seen.entry(cell.to_vec()).or_insert(next),
                });
            }
        }
    }

    /// The column as an array; classes are renumbered in the order of their names.
    fn finish(self, name: &str) -> Result<Array> {
        match self {
            Self::Unknown => Array::new(vec![0], Values::Real(Vec::new())),
            Self::Number(numbers) => Array::new(vec![numbers.len()], Values::Real(numbers)),
            Self::Text { mut classes, seen } => {
                let mut named: Vec<(Vec<u8>, i64)> = seen.into_iter().collect();
                named.sort();
                let mut rank = vec![0; named.len()];
                for (new, (_, old)) in named.iter().enumerate() {
                    rank[*old as usize] = new as i64;
                }
                classes.iter_mut().for_each(|class| *class = rank[*class as usize]);
                let labels = named.iter().map(|(n, _)| String::from_utf8_lossy(n).into_owned());
                Ok(Array::classes(classes, labels.collect()))
            }
            Self::Bad(mut error) => {
                error.message.push_str(&format!(", in column `{name}`"));
                Err(error)
            }
        }
    }
}

/// Line and column, from 1, of a field of the record that begins at byte `start`.
fn place(bytes: &[u8], start: usize, delimiter: u8, field: usize) -> (usize, usize) {
    let mut at = start.min(bytes.len());
    while matches!(bytes.get(at), Some(b'\n' | b'\r')) {
        at += 1;
    }
    let (mut quoted, mut left) = (false, field);
    while left > 0 && at < bytes.len() {
        match bytes[at] {
            b'"' => quoted = !quoted,
            b'\n' if !quoted => break,
            b if b == delimiter && !quoted => left -= 1,
            _ => {}
        }
        at += 1;
    }
    line_and_column(bytes, at)
}

/// Line and column of a byte, from 1.
fn line_and_column(bytes: &[u8], at: usize) -> (usize, usize) {
    let line = bytes[..at].iter().filter(|b| **b == b'\n').count() + 1;
    let begin = bytes[..at].iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
    (line, at - begin + 1)
}

/// The byte of the quote that opens a cell of the record at `start` and has no other that closes it.
fn open_quote(bytes: &[u8], start: usize, delimiter: u8) -> Option<usize> {
    let (mut open, mut fresh, mut at) = (None, true, start);
    while at < bytes.len() {
        match bytes[at] {
            b'"' if open.is_some() && bytes.get(at + 1) == Some(&b'"') => at += 1,
            b'"' if open.is_some() => open = None,
            b'"' if fresh => open = Some(at),
            _ => {}
        }
        fresh = open.is_none() && (bytes[at] == delimiter || matches!(bytes[at], b'\n' | b'\r'));
        at += 1;
    }
    open
}

/// Refuses what holds bytes that no text has, and says what it seems to be.
fn refuse_binary(bytes: &[u8]) -> Result<()> {
    let foreign = |byte: &u8| matches!(byte, 0..=8 | 0x0e..=0x1f);
    let Some(at) = bytes.iter().position(foreign) else { return Ok(()) };
    let help = match bytes {
        [0x93, b'N', b'U', b'M', b'P', b'Y', ..] => "this is an NPY file: name it as in `Npy({ x: \"x.npy\" })`",
        [b'P', b'K', ..] => "this is a packed archive: if numpy wrote it, name it as in `Npz(\"data.npz\")`",
        [0, 0, 8..=14, 1..=4, ..] => "this is an IDX file: name it as in `Idx({ x: \"images.gz\" })`",
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "this is text in UTF-16: save it as UTF-8",
        _ => "name a file of text, or say by `Npy`, `Npz` or `Idx` what it is",
    };
    let (line, column) = line_and_column(bytes, at);
    let message = format!("the byte 0x{:02x} is no text, and this should be a table of text", bytes[at]);
    Err(DataError::new(message, help).place(line, column))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn message(text: &str, column: &str) -> String {
        match parse(text.as_bytes(), b',', true).and_then(|t| t.column(column)) {
            Ok(_) => "fine".into(),
            Err(e) => e.at(Path::new("f")).to_string().split(" (").next().unwrap().into(),
        }
    }

    #[test]
    fn numbers_and_texts() {
        let table = parse(b"\xef\xbb\xbfa, kind \n1,z\n 2.5,\"b\"\n-3e1,z\n", b',', true).unwrap();
        assert_eq!(table.names().collect::<Vec<_>>(), ["a", "kind"]);
        let a = table.column("a").unwrap();
        assert_eq!(a.values(), &Values::Real(vec![1.0, 2.5, -30.0]));
        let kind = table.column("kind").unwrap();
        assert_eq!(kind.values(), &Values::Int(vec![1, 0, 1]));
        assert_eq!(kind.labels().unwrap(), ["b", "z"]);
    }

    #[test]
    fn faults_have_places() {
        let cases = [
            ("", "a", "f: is empty"),
            ("a,b\n", "a", "f: has a header but no rows"),
            ("a,a\n1,2\n", "a", "f: column `a` appears twice"),
            ("a,b\n1,2\n3\n", "a", "f:3:2: this row has 1 cells, but the header has 2"),
            ("a,b\n1,2,9\n", "a", "f:2:5: this row has 3 cells, but the header has 2"),
            ("a,b\n1,2\n3,x\n", "b", "f:3:3: `x` is not a number, in column `b`"),
            ("a,b\n1,2\n3,x\n", "a", "fine"),
            ("a,b\n1,2\n\n3,nan\n", "b", "f:4:3: `nan` is not a finite number, in column `b`"),
            ("a,b\n1,2\n3,\n", "b", "f:3:3: this cell is empty, in column `b`"),
            ("a,b\n\"q\nq,\",2\n\"x\ny\",inf\n", "b", "f:5:4: `inf` is not a finite number, in column `b`"),
            ("a,b\r\n1,2\r\n3,x\r\n", "b", "f:3:3: `x` is not a number, in column `b`"),
            ("a\n1\n", "b", "there is no column `b`"),
            ("a,b\n1,x\n2,\"y\n3,z\n", "b", "f:3:3: this quote is never closed"),
            ("a,\"b\"\n1,\"x \"\"y\"\"\"\n2,5\" pipe\n", "b", "fine"),
            ("a,b\n1,\u{1}\n", "a", "f:2:3: the byte 0x01 is no text, and this should be a table of text"),
        ];
        for (text, column, expect) in cases {
            let got = message(text, column);
            assert!(got.trim_start_matches("f: ") == expect.trim_start_matches("f: "), "{got}");
        }
    }

    #[test]
    fn the_start_of_a_table_ends_before_a_row_that_is_cut() {
        let table = parse(b"a,b\n1,x\n2,\"y\n", b',', false).unwrap();
        assert_eq!(table.rows(), 1);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            if let Ok(table) = parse(&bytes, b',', true) {
                prop_assert!(table.rows() > 0);
            }
        }
    }
}
