//! NPY, NumPy's format of one array: a magic string, a version, the length of a header, and the header,
//! which is a Python dictionary of `descr`, `fortran_order` and `shape`
//! (<https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>).
//!
//! The header is read here and not by a library, because those at hand allocate what the header claims
//! and overflow on its sizes.

use std::path::Path;

use crate::error::{DataError, Result};
use crate::file::read_file;
use crate::numbers::{Number, decode};
use crate::table::{Array, Values};

/// Reads one array from an NPY file of at most `max_bytes`, numbers and booleans only; gives its sizes, and its
/// numbers row by row.
pub fn read_npy(path: &Path, max_bytes: u64) -> Result<(Vec<usize>, Vec<f64>)> {
    let bytes = read_file(path, max_bytes)?;
    let header = Header::parse(&bytes).map_err(|e| e.at(path))?;
    // An array without axes is one number, and is decoded as one row.
    let flat = vec![header.shape.iter().try_fold(1usize, |n, &s| n.checked_mul(s)).unwrap_or(usize::MAX)];
    let array = decode(flat, header.number, header.big, header.body).map_err(|e| e.at(path))?;
    let number = |at: usize| array.values().real(at);
    let numbers = match header.by_columns {
        true => by_columns(&header.shape).map(number).collect(),
        false => (0..array.rows()).map(number).collect(),
    };
    Ok((header.shape, numbers))
}

/// The bytes of an NPY file that holds the row-major `values` in 64-bit precision under this shape.
#[must_use]
pub fn npy_bytes(shape: &[usize], values: &[f64]) -> Vec<u8> {
    let sizes: String = shape.iter().map(|size| format!("{size},")).collect();
    let mut header = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': ({sizes}), }}");
    // The numbers begin at a multiple of 64, behind ten bytes, the header and the newline that ends it.
    let pad = (10 + header.len() + 1).next_multiple_of(64) - (10 + header.len() + 1);
    header.extend(std::iter::repeat_n(' ', pad));
    header.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    bytes
}

/// Reads the bytes of an NPY file.
pub(crate) fn parse_npy(bytes: &[u8]) -> Result<Array> {
    let header = Header::parse(bytes)?;
    let array = decode(header.shape, header.number, header.big, header.body)?;
    if !header.by_columns {
        return Ok(array);
    }
    let order = by_columns(array.shape());
    let values = match array.values() {
        Values::Byte(v) => Values::Byte(order.map(|at| v[at]).collect()),
        Values::Int(v) => Values::Int(order.map(|at| v[at]).collect()),
        Values::Real(v) => Values::Real(order.map(|at| v[at]).collect()),
    };
    Array::new(array.shape().to_vec(), values)
}

/// The places of an array's numbers, which are stored column by column, in the order of rows.
fn by_columns(shape: &[usize]) -> impl Iterator<Item = usize> {
    let strides = shape.iter().scan(1, |next, &size| Some(std::mem::replace(next, *next * size)));
    let axes: Vec<(usize, usize)> = shape.iter().copied().zip(strides).collect();
    (0..shape.iter().product()).map(move |k| {
        let place =
            axes.iter().rev().fold((k, 0), |(rest, at), (size, stride)| (rest / size, at + rest % size * stride));
        place.1
    })
}

struct Header<'a> {
    shape: Vec<usize>,
    by_columns: bool,
    number: Number,
    big: bool,
    body: &'a [u8],
}

/// What to do about a file that cannot be read.
const SAVE: &str = "write it with numpy.save";

impl<'a> Header<'a> {
    fn parse(bytes: &'a [u8]) -> Result<Self> {
        let cut = || DataError::new("ends within its header", "the file is cut short: write it again");
        let rest = bytes
            .strip_prefix(b"\x93NUMPY")
            .ok_or_else(|| DataError::new("is not an NPY file: it begins with other bytes", SAVE))?;
        let (length, rest) = match rest {
            [1, _, a, b, rest @ ..] => (usize::from(u16::from_le_bytes([*a, *b])), rest),
            [2 | 3, _, a, b, c, d, rest @ ..] => (u32::from_le_bytes([*a, *b, *c, *d]) as usize, rest),
            [version, ..] if !(1..=3).contains(version) => {
                return Err(DataError::new(format!("NPY version {version} is not known"), SAVE));
            }
            _ => return Err(cut()),
        };
        let (text, body) = rest.split_at_checked(length).ok_or_else(cut)?;
        let text =
            std::str::from_utf8(text).map_err(|_| DataError::new("the header of this NPY file is not text", SAVE))?;
        let field = |name| {
            value_of(text, name)
                .ok_or_else(|| DataError::new(format!("the header of this NPY file has no `{name}`"), SAVE))
        };
        let by_columns = field("fortran_order")?.starts_with("True");
        let (number, big) = number_of(field("descr")?)?;
        Ok(Self { shape: shape_of(field("shape")?)?, by_columns, number, big, body })
    }
}

/// What follows `'name':` in the header.
fn value_of<'a>(header: &'a str, name: &str) -> Option<&'a str> {
    let rest = ["'", "\""]
        .iter()
        .find_map(|quote| header.split_once(&format!("{quote}{name}{quote}")).map(|(_, rest)| rest))?;
    Some(rest.trim_start().strip_prefix(':')?.trim_start())
}

fn number_of(descr: &str) -> Result<(Number, bool)> {
    let quote = descr.chars().next().filter(|c| matches!(c, '\'' | '"'));
    let code = quote.and_then(|q| descr[1..].split(q).next()).unwrap_or("a record");
    let big = code.starts_with('>');
    let number = match code.trim_start_matches(['<', '>', '|', '=']) {
        "u1" | "b1" => Number::U8,
        "i1" => Number::I8,
        "u2" => Number::U16,
        "i2" => Number::I16,
        "u4" => Number::U32,
        "i4" => Number::I32,
        "u8" => Number::U64,
        "i8" => Number::I64,
        "f2" => Number::F16,
        "f4" => Number::F32,
        "f8" => Number::F64,
        _ => {
            let code: String = code.chars().take(20).collect();
            let message = format!("holds `{code}`, which is not a kind of number known here");
            return Err(DataError::new(message, "write it as float16, float32, float64, an integer or bool"));
        }
    };
    Ok((number, big))
}

fn shape_of(text: &str) -> Result<Vec<usize>> {
    let wrong = || DataError::new("the shape in the header of this NPY file is not a list of sizes", SAVE);
    let inner = text.strip_prefix('(').and_then(|t| t.split_once(')')).ok_or_else(wrong)?.0;
    let sizes = inner.split(',').map(str::trim).filter(|s| !s.is_empty());
    sizes.map(|s| s.trim_end_matches('L').parse().map_err(|_| wrong())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    pub(crate) fn npy(header: &str, body: &[u8]) -> Vec<u8> {
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend(body);
        bytes
    }

    #[test]
    fn reads_and_refuses() {
        let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1), }\n";
        let body = [1.5f32.to_le_bytes(), (-2f32).to_le_bytes()].concat();
        let array = parse_npy(&npy(header, &body)).unwrap();
        assert_eq!((array.shape(), array.values()), (&[2, 1][..], &Values::Real(vec![1.5, -2.0])));
        let cases = [
            (header.replace("<f4", "<c8"), "`c8`"),
            (header.replace("<f4", "|O"), "`O`"),
            (header.replace("'<f4'", "[('a', '<f4')]"), "a record"),
            (header.replace("(2, 1)", "(18446744073709551615, 2)"), "8 bytes follow"),
            (header.replace("(2, 1)", "(-2, 1)"), "list of sizes"),
            (header.replace("(2, 1)", "()"), "8 bytes follow"),
            (header.replace("shape", "form"), "no `shape`"),
        ];
        for (header, expect) in cases {
            let error = parse_npy(&npy(&header, &body)).unwrap_err();
            assert!(error.message.contains(expect.trim_matches('`')), "{error}");
        }
    }

    #[test]
    fn columns_come_into_the_order_of_rows() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.npy");
        // The numbers 0 to 11 of shape [2, 3, 2], as numpy.asfortranarray stores them.
        let stored = [0u8, 6, 2, 8, 4, 10, 1, 7, 3, 9, 5, 11];
        let wide = |one: &dyn Fn(u8) -> Vec<u8>| stored.iter().flat_map(|&x| one(x)).collect::<Vec<u8>>();
        let bodies = [
            ("|u1", wide(&|x| vec![x])),
            ("<i8", wide(&|x| i64::from(x).to_le_bytes().to_vec())),
            (">f4", wide(&|x| f32::from(x).to_be_bytes().to_vec())),
        ];
        for (descr, body) in bodies {
            let header = format!("{{'descr': '{descr}', 'fortran_order': True, 'shape': (2, 3, 2), }}\n");
            std::fs::write(&path, npy(&header, &body)).unwrap();
            let expect: Vec<f64> = (0..12).map(f64::from).collect();
            assert_eq!(read_npy(&path, 1000).unwrap(), (vec![2, 3, 2], expect.clone()), "{descr}");
            let array = parse_npy(&npy(&header, &body)).unwrap();
            let numbers: Vec<f64> = (0..12).map(|i| array.values().real(i)).collect();
            assert_eq!((array.shape(), numbers), (&[2, 3, 2][..], expect), "{descr}");
        }
    }

    #[test]
    fn a_single_number_is_an_array_without_axes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.npy");
        let header = "{'descr': '<f8', 'fortran_order': False, 'shape': ()}";
        std::fs::write(&path, npy(header, &4.5f64.to_le_bytes())).unwrap();
        assert_eq!(read_npy(&path, 1000).unwrap(), (vec![], vec![4.5]));
    }

    #[test]
    fn what_is_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.npy");
        for (shape, values) in [(vec![], vec![0.1]), (vec![3], vec![1.0, -2.5, f64::INFINITY]), (vec![2, 0, 4], vec![])]
        {
            let bytes = npy_bytes(&shape, &values);
            assert_eq!((bytes.len() - 8 * values.len()) % 64, 0);
            std::fs::write(&path, bytes).unwrap();
            assert_eq!(read_npy(&path, 1000).unwrap(), (shape, values));
        }
    }

    proptest! {
        #[test]
        fn any_header_is_read_or_refused(header in "\\PC{0,80}", body: Vec<u8>) {
            let _ = parse_npy(&npy(&header, &body));
            let shaped = format!("{{'descr': '<u1', 'fortran_order': False, 'shape': {header}}}");
            if let Ok(array) = parse_npy(&npy(&shaped, &body)) {
                prop_assert_eq!(array.values().len(), body.len());
            }
        }
    }
}
