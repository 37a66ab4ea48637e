//! Caller-owned working memory of any element type.
#![allow(unsafe_code)]

use crate::view::Element;

/// Memory lent to a kernel, handed out piece by piece.
#[derive(Debug)]
pub struct Scratch<'a> {
    memory: &'a mut [u64],
}

impl<'a> Scratch<'a> {
    /// Working memory over `memory`; what it holds is not zero.
    #[must_use]
    pub fn new(memory: &'a mut [u64]) -> Scratch<'a> {
        Scratch { memory }
    }

    /// The number of `u64` words that hold `bytes` bytes.
    #[must_use]
    pub fn words(bytes: usize) -> usize {
        bytes.div_ceil(8)
    }

    /// The next `len` elements; their values are arbitrary.
    ///
    /// # Panics
    /// When the declared scratch was too small.
    pub fn take<T: Element>(&mut self, len: usize) -> &'a mut [T] {
        let words = Scratch::words(len * size_of::<T>());
        let memory = std::mem::take(&mut self.memory);
        let (taken, rest) = memory.split_at_mut(words);
        self.memory = rest;
        // SAFETY: `Element` is f32, f64 or i64: any bits are a value, the size divides 8 and the alignment
        // is at most that of u64. `taken` covers `len` elements and is borrowed for `'a` exclusively.
        unsafe { std::slice::from_raw_parts_mut(taken.as_mut_ptr().cast::<T>(), len) }
    }

    /// All elements that are left; their values are arbitrary.
    pub fn rest<T: Element>(&mut self) -> &'a mut [T] {
        self.take(self.memory.len() * (8 / size_of::<T>()))
    }

    /// The rest of the memory, to be lent again.
    pub fn again(&mut self) -> Scratch<'_> {
        Scratch { memory: self.memory }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_do_not_overlap() {
        let mut memory = vec![0; Scratch::words(3 * 4) + Scratch::words(2 * 8)];
        let mut scratch = Scratch::new(&mut memory);
        let a = scratch.take::<f32>(3);
        let b = scratch.take::<f64>(2);
        a.fill(1.0);
        b.fill(2.0);
        assert_eq!((&*a, &*b), (&[1.0f32; 3][..], &[2.0f64; 2][..]));
    }
}
