//! IDX, the format of the MNIST files: two zero bytes, a kind, the number of axes, the sizes as
//! big-endian 32-bit numbers, then the numbers.

use crate::error::{DataError, Result};
use crate::numbers::{Number, decode};
use crate::table::Array;

/// Reads the (unpacked) bytes of an IDX file.
pub(crate) fn parse_idx(bytes: &[u8]) -> Result<Array> {
    let wrong = || {
        DataError::new(
            "is not an IDX file: it begins with other bytes",
            "name a file of the MNIST kind, packed by gzip or not",
        )
    };
    let [0, 0, kind, axes, rest @ ..] = bytes else {
        return Err(wrong());
    };
    let number = match kind {
        0x08 => Number::U8,
        0x09 => Number::I8,
        0x0b => Number::I16,
        0x0c => Number::I32,
        0x0d => Number::F32,
        0x0e => Number::F64,
        _ => return Err(wrong()),
    };
    let (sizes, body) = rest
        .split_at_checked(usize::from(*axes) * 4)
        .ok_or_else(|| DataError::new("ends within its header", "the file is cut short: fetch it again"))?;
    let shape = sizes.chunks_exact(4).map(|c| u32::from_be_bytes([c[0], c[1], c[2], c[3]]) as usize).collect();
    decode(shape, number, true, body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Values;
    use proptest::prelude::*;

    #[test]
    fn reads_images_and_refuses_hostile_headers() {
        let image = [0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 2, 9, 8, 7, 6];
        let array = parse_idx(&image).unwrap();
        assert_eq!((array.shape(), array.values()), (&[1, 2, 2][..], &Values::Byte(vec![9, 8, 7, 6])));
        assert!(parse_idx(&image[..19]).unwrap_err().message.contains("3 bytes follow"));
        assert!(parse_idx(&image[..9]).unwrap_err().message.contains("within its header"));
        assert!(parse_idx(&[1, 0, 8, 1]).is_err() && parse_idx(&[0, 0, 7, 1]).is_err());
        let huge = [0, 0, 14, 2, 255, 255, 255, 255, 255, 255, 255, 255];
        assert!(parse_idx(&huge).unwrap_err().message.contains("0 bytes follow"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(kind in 7u8..16, axes in 0u8..4, tail: Vec<u8>) {
            let bytes = [vec![0, 0, kind, axes], tail].concat();
            if let Ok(array) = parse_idx(&bytes) {
                prop_assert_eq!(array.shape().len(), usize::from(axes));
            }
        }
    }
}
