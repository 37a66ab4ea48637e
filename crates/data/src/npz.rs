//! NPZ: a zip archive of NPY files, stored or deflated, as `numpy.savez` and `savez_compressed` write.

use flate2::read::DeflateDecoder;

use crate::error::{DataError, Result};
use crate::file::{read_limited, too_large};
use crate::npy::parse_npy;
use crate::table::{Array, Table};

const STORED: u16 = 0;
const DEFLATED: u16 = 8;

/// What to do about an archive that cannot be read.
const SAVE: &str = "write it again with numpy.savez or numpy.savez_compressed";

/// Reads every array of an archive; an array is named by its entry without `.npy`. `max_bytes` bounds
/// all entries together once unpacked. An entry that cannot be read keeps its error.
pub(crate) fn parse_npz(bytes: &[u8], max_bytes: u64) -> Result<Table> {
    let mut left = max_bytes;
    let mut columns: Vec<(String, Result<Array>)> = Vec::new();
    for entry in entries(bytes)? {
        let unpacked = entry.unpack(bytes, left)?;
        left -= unpacked.len() as u64;
        let array =
            parse_npy(&unpacked).map_err(|e| DataError { message: format!("`{}` {}", entry.name, e.message), ..e });
        let name = entry.name.strip_suffix(".npy").unwrap_or(&entry.name).to_string();
        columns.push((name, array));
    }
    let rows = columns.iter().find_map(|(_, a)| a.as_ref().ok()).map_or(0, Array::rows);
    Table::new(rows, columns)
}

/// One entry of the central directory.
struct Entry {
    name: String,
    method: u16,
    packed: usize,
    header: usize,
}

impl Entry {
    fn unpack(&self, bytes: &[u8], max_bytes: u64) -> Result<Vec<u8>> {
        let damaged = || DataError::new(format!("the entry `{}` of this archive is damaged", self.name), SAVE);
        let local = bytes.get(self.header..).filter(|b| b.starts_with(b"PK\x03\x04")).ok_or_else(damaged)?;
        let skip = 30
            + usize::from(u16_at(local, 26).ok_or_else(damaged)?)
            + usize::from(u16_at(local, 28).ok_or_else(damaged)?);
        let body = local.get(skip..).and_then(|b| b.get(..self.packed)).ok_or_else(damaged)?;
        let unpacked = match self.method {
            STORED => read_limited(body, max_bytes),
            DEFLATED => read_limited(DeflateDecoder::new(body), max_bytes),
            method => {
                let name = &self.name;
                let message = format!("the entry `{name}` is packed by method {method}, which is not known here");
                return Err(DataError::new(message, SAVE));
            }
        };
        unpacked.map_err(|_| damaged())?.ok_or_else(|| too_large(max_bytes))
    }
}

/// The central directory, found from the record at the end of the file.
fn entries(bytes: &[u8]) -> Result<Vec<Entry>> {
    const END: usize = 22;
    const LONGEST_COMMENT: usize = 65_535;
    let damaged = || DataError::new("is not an NPZ file, or its directory is damaged", SAVE);
    let first = bytes.len().saturating_sub(END + LONGEST_COMMENT);
    let end = (first..=bytes.len().saturating_sub(END))
        .rev()
        .find(|&i| bytes[i..].starts_with(b"PK\x05\x06"))
        .ok_or_else(damaged)?;
    let count = u16_at(bytes, end + 10).ok_or_else(damaged)?;
    let mut at = u32_at(bytes, end + 16).ok_or_else(damaged)?;
    let mut entries = Vec::new();
    for _ in 0..count {
        let record = bytes.get(at..).filter(|b| b.starts_with(b"PK\x01\x02")).ok_or_else(damaged)?;
        let [name, extra, comment] = [28, 30, 32].map(|offset| u16_at(record, offset).map(usize::from));
        let name_length = name.ok_or_else(damaged)?;
        let text = record.get(46..46 + name_length).ok_or_else(damaged)?;
        let entry = Entry {
            name: String::from_utf8_lossy(text).into_owned(),
            method: u16_at(record, 10).ok_or_else(damaged)?,
            packed: u32_at(record, 20).ok_or_else(damaged)?,
            header: u32_at(record, 42).ok_or_else(damaged)?,
        };
        if entry.packed == u32::MAX as usize || entry.header == u32::MAX as usize {
            let help = "write the array to a file of its own with numpy.save";
            return Err(DataError::new(format!("the entry `{}` needs 64-bit zip", entry.name), help));
        }
        entries.push(entry);
        at += 46 + name_length + extra.ok_or_else(damaged)? + comment.ok_or_else(damaged)?;
    }
    Ok(entries)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<usize> {
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Values;
    use proptest::prelude::*;
    use std::io::Write;

    fn array(size: u8) -> Vec<u8> {
        let header = format!("{{'descr': '|u1', 'fortran_order': False, 'shape': ({size},)}}");
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend((0..size).collect::<Vec<u8>>());
        bytes
    }

    /// A zip archive, with the extra field of 20 bytes that NumPy writes in local headers.
    fn archive(files: &[(&str, u16, Vec<u8>)]) -> Vec<u8> {
        let (mut out, mut directory) = (Vec::new(), Vec::new());
        for (name, method, content) in files {
            let mut packed = content.clone();
            if *method == DEFLATED {
                let mut w = flate2::write::DeflateEncoder::new(Vec::new(), Default::default());
                w.write_all(content).unwrap();
                packed = w.finish().unwrap();
            }
            let start = out.len() as u32;
            out.extend(b"PK\x03\x04");
            out.extend([0; 22]);
            out.extend((name.len() as u16).to_le_bytes());
            out.extend(20u16.to_le_bytes());
            out.extend(name.as_bytes());
            out.extend([0; 20]);
            out.extend(&packed);
            directory.extend(b"PK\x01\x02\0\0\0\0\0\0");
            directory.extend(method.to_le_bytes());
            directory.extend([0; 8]);
            directory.extend((packed.len() as u32).to_le_bytes());
            directory.extend((content.len() as u32).to_le_bytes());
            directory.extend((name.len() as u16).to_le_bytes());
            directory.extend([0; 12]);
            directory.extend(start.to_le_bytes());
            directory.extend(name.as_bytes());
        }
        let start = out.len() as u32;
        out.extend(&directory);
        out.extend(b"PK\x05\x06\0\0\0\0\0\0");
        out.extend((files.len() as u16).to_le_bytes());
        out.extend((directory.len() as u32).to_le_bytes());
        out.extend(start.to_le_bytes());
        out.extend([0; 2]);
        out
    }

    #[test]
    fn stored_and_deflated() {
        let zip = archive(&[("x.npy", STORED, array(3)), ("y.npy", DEFLATED, array(3))]);
        let table = parse_npz(&zip, 1000).unwrap();
        for name in ["x", "y"] {
            assert_eq!(table.column(name).unwrap().values(), &Values::Byte(vec![0, 1, 2]));
        }
        assert!(parse_npz(&zip, 100).unwrap_err().message.contains("larger"));
        let odd = archive(&[("x.npy", 14, array(3))]);
        assert!(parse_npz(&odd, 1000).unwrap_err().message.contains("method 14"));
        assert!(parse_npz(b"PK", 1000).is_err());
    }

    proptest! {
        #[test]
        fn damage_is_read_or_refused(at in 0usize..400, byte: u8, cut in 0usize..400) {
            let mut zip = archive(&[("x.npy", STORED, array(3)), ("y.npy", DEFLATED, array(3))]);
            let n = zip.len();
            zip[at % n] = byte;
            let _ = parse_npz(&zip, 1000);
            let _ = parse_npz(&zip[..cut % n], 1000);
        }
    }
}
