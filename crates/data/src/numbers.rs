//! Binary numbers as array files write them: a kind, a byte order, and a run of bytes.

use crate::error::{DataError, Result};
use crate::table::{Array, Values};

/// The kinds of numbers that array files hold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Number {
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    U64,
    I64,
    F16,
    F32,
    F64,
}

impl Number {
    /// Bytes of one number.
    pub(crate) fn bytes(self) -> usize {
        match self {
            Self::U8 | Self::I8 => 1,
            Self::U16 | Self::I16 | Self::F16 => 2,
            Self::U32 | Self::I32 | Self::F32 => 4,
            Self::U64 | Self::I64 | Self::F64 => 8,
        }
    }
}

/// An array of `shape` whose numbers fill `body` exactly. The size is checked against the bytes that
/// are there before anything is allocated, so that a hostile header costs nothing.
pub(crate) fn decode(shape: Vec<usize>, number: Number, big: bool, body: &[u8]) -> Result<Array> {
    macro_rules! read {
        ($wide:ident, $type:ty, $size:literal) => {
            Values::$wide(
                body.chunks_exact($size)
                    .map(|c| {
                        let mut b = [0u8; $size];
                        b.copy_from_slice(c);
                        (if big { <$type>::from_be_bytes(b) } else { <$type>::from_le_bytes(b) }) as _
                    })
                    .collect(),
            )
        };
    }
    let claimed = shape.iter().try_fold(number.bytes(), |n, &s| n.checked_mul(s));
    if claimed != Some(body.len()) {
        let claimed = claimed.map_or("more than can be counted".into(), |n| n.to_string());
        let message = format!(
            "the header says {shape:?} numbers of {} bytes ({claimed} bytes), but {} bytes follow it",
            number.bytes(),
            body.len()
        );
        return Err(DataError::new(message, "the file is cut short or damaged: write it again"));
    }
    let values = match number {
        Number::U8 => Values::Byte(body.to_vec()),
        Number::I8 => read!(Int, i8, 1),
        Number::U16 => read!(Int, u16, 2),
        Number::I16 => read!(Int, i16, 2),
        Number::U32 => read!(Int, u32, 4),
        Number::I32 => read!(Int, i32, 4),
        Number::U64 => read!(Int, u64, 8),
        Number::I64 => read!(Int, i64, 8),
        Number::F16 => {
            let bits = body.as_chunks().0.iter();
            let bits = bits.map(|&b| if big { u16::from_be_bytes(b) } else { u16::from_le_bytes(b) });
            Values::Real(bits.map(half).collect())
        }
        Number::F32 => read!(Real, f32, 4),
        Number::F64 => read!(Real, f64, 8),
    };
    if let (Number::U64, Values::Int(v)) = (number, &values)
        && v.iter().any(|x| *x < 0)
    {
        return Err(DataError::new("holds a whole number above 2^63 - 1", "write it as float64 or int64"));
    }
    Array::new(shape, values)
}

/// The number that the bits of half a single-precision number mean: a sign, five bits of exponent and ten of fraction.
fn half(bits: u16) -> f64 {
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f64::from(bits & 0x3ff));
    let size = match exponent {
        0 => fraction * 2f64.powi(-24),
        0x1f if fraction == 0.0 => f64::INFINITY,
        0x1f => f64::NAN,
        _ => (1.0 + fraction / 1024.0) * 2f64.powi(exponent - 15),
    };
    if bits >> 15 == 1 { -size } else { size }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_the_numbers_that_their_bits_mean() {
        let check = |bits: u16, expect: f64| {
            let read = decode(vec![1], Number::F16, false, &bits.to_le_bytes()).unwrap();
            assert_eq!(read.values(), &Values::Real(vec![expect]), "{bits:#x}");
        };
        check(0x3c00, 1.0);
        check(0xc100, -2.5);
        check(0x0001, 2f64.powi(-24));
        check(0x7bff, 65504.0);
        check(0xfc00, f64::NEG_INFINITY);
        assert!(half(0x7e00).is_nan());
    }

    #[test]
    fn both_byte_orders() {
        let little = decode(vec![2], Number::I16, false, &[1, 0, 255, 255]).unwrap();
        assert_eq!(little.values(), &Values::Int(vec![1, -1]));
        let big = decode(vec![1], Number::F64, true, &2.5f64.to_be_bytes()).unwrap();
        assert_eq!(big.values(), &Values::Real(vec![2.5]));
    }

    #[test]
    fn claims_are_checked_before_memory_is_taken() {
        for shape in [vec![usize::MAX, 8], vec![1 << 60], vec![3]] {
            assert!(decode(shape, Number::F64, false, &[0; 16]).is_err());
        }
        assert!(decode(vec![1], Number::U64, false, &[255; 8]).is_err());
    }
}
