//! Memory that starts with a cache line and, where there is much of it, lies in large pages.
#![allow(unsafe_code)]

use memmap2::MmapMut;

/// Buffers start at multiples of this many bytes.
pub const ALIGN: usize = 64;

/// The size and alignment of a large page, of which a processor finds many without looking them up.
const LARGE_PAGE: usize = 2 << 20;

/// Zeroed memory, a multiple of [`ALIGN`] bytes that starts at one.
#[derive(Debug, Default)]
pub(crate) struct Block {
    /// Nothing when the block is empty.
    map: Option<MmapMut>,
    start: usize,
    bytes: usize,
}

impl Block {
    /// Memory of at least `bytes`.
    ///
    /// # Panics
    /// When the system has no such memory.
    pub(crate) fn new(bytes: usize) -> Block {
        if bytes == 0 {
            return Block::default();
        }
        let bytes = bytes.next_multiple_of(ALIGN);
        let slack = if bytes >= LARGE_PAGE { LARGE_PAGE } else { 0 };
        let map = MmapMut::map_anon(bytes + slack).unwrap_or_else(|e| panic!("{bytes} bytes of memory: {e}"));
        #[cfg(target_os = "linux")]
        if slack > 0 {
            // A system without large pages says so, and goes on with small ones.
            let _ = map.advise(memmap2::Advice::HugePage);
        }
        let start = if slack > 0 { map.as_ptr().align_offset(LARGE_PAGE) } else { 0 };
        Block { map: Some(map), start, bytes }
    }

    /// The size in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn as_ptr(&self) -> *const u8 {
        match &self.map {
            Some(map) => map[self.start..].as_ptr(),
            None => std::ptr::without_provenance(ALIGN),
        }
    }

    pub(crate) fn as_mut_ptr(&mut self) -> *mut u8 {
        match &mut self.map {
            Some(map) => map[self.start..].as_mut_ptr(),
            None => std::ptr::without_provenance_mut(ALIGN),
        }
    }

    /// The memory, word by word.
    pub(crate) fn words(&mut self) -> &mut [u64] {
        // SAFETY: the block owns `bytes` bytes from its start, a multiple of `ALIGN`, and is borrowed exclusively.
        unsafe { std::slice::from_raw_parts_mut(self.as_mut_ptr().cast(), self.bytes / 8) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_zero_aligned_and_as_long_as_asked() {
        for bytes in [0, 1, 64, 100, LARGE_PAGE - 1, LARGE_PAGE, 3 * LARGE_PAGE + 5] {
            let mut block = Block::new(bytes);
            assert!(block.bytes() >= bytes && block.bytes() < bytes + ALIGN);
            assert!((block.as_ptr() as usize).is_multiple_of(if bytes >= LARGE_PAGE { LARGE_PAGE } else { ALIGN }));
            assert!(block.words().iter().all(|&word| word == 0));
            block.words().fill(u64::MAX);
            assert_eq!(block.words().len() * 8, block.bytes());
        }
    }
}
