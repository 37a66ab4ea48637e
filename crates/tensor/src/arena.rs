//! One block of memory for a whole plan, of which a schedule lends disjoint pieces to many threads.
#![allow(unsafe_code)]

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use crate::block::Block;
use crate::schedule::{Access, Place, Schedule, Stage, Tile};
use crate::scratch::Scratch;
use crate::view::Element;

/// The memory of a plan.
#[derive(Debug, Default)]
pub struct Arena {
    memory: Block,
    scratch: Vec<Block>,
    /// For each tile of a schedule, the last run that somebody did it in.
    claims: Vec<AtomicU64>,
    runs: u64,
}

impl Arena {
    /// Zeroed memory of `bytes`, with `scratch` bytes for each of `members` threads.
    #[must_use]
    pub fn new(bytes: usize, scratch: usize, members: usize) -> Arena {
        let scratch = (0..members.max(1)).map(|_| Block::new(scratch)).collect();
        Arena { memory: Block::new(bytes), scratch, claims: Vec::new(), runs: 0 }
    }

    /// The size in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.memory.bytes()
    }

    /// The elements in a range of bytes.
    ///
    /// # Panics
    /// When the range leaves the arena or does not fit the elements.
    #[must_use]
    pub fn get<T: Element>(&self, range: Range<usize>) -> &[T] {
        check::<T>(&range, self.bytes());
        // SAFETY: the range is inside the memory and aligned; any bits are a value of an `Element`.
        unsafe { elements(self.memory.as_ptr().cast_mut(), &range) }
    }

    /// The elements in a range of bytes, to write.
    ///
    /// # Panics
    /// When the range leaves the arena or does not fit the elements.
    pub fn get_mut<T: Element>(&mut self, range: Range<usize>) -> &mut [T] {
        check::<T>(&range, self.bytes());
        // SAFETY: as in `get`, and the arena is borrowed exclusively.
        unsafe { elements_mut(self.memory.as_mut_ptr(), &range) }
    }

    /// Fills everything with NaN bits, to show what is read before it is written.
    pub fn poison(&mut self) {
        self.memory.words().fill(u64::MAX);
        self.scratch.iter_mut().for_each(|scratch| scratch.words().fill(u64::MAX));
    }

    /// Runs a schedule. `spawn` calls its argument from as many threads as it likes, at least once, with the number of the
    /// thread; `work` is called once for every kernel of every tile, with what the kernel may touch.
    ///
    /// A thread prefers the same tiles in every run, which finds what they read and write in its caches, and then does
    /// what is left. One that comes late or is held up keeps no other from going on; a stage starts when all tiles
    /// before it are done.
    ///
    /// # Panics
    /// When the schedule needs more memory than there is, or `work` panics.
    pub fn run(
        &mut self,
        schedule: &Schedule,
        spawn: impl FnOnce(&(dyn Fn(usize) + Sync)),
        work: impl Fn(Place, &mut Lent<'_>, &mut Scratch<'_>) + Sync,
    ) {
        assert!(
            schedule.bytes() <= self.bytes(),
            "a schedule of {} bytes in an arena of {}",
            schedule.bytes(),
            self.bytes()
        );
        self.runs += 1;
        self.claims.resize_with(schedule.tiles.len().max(self.claims.len()), AtomicU64::default);
        let (claims, run) = (&self.claims, self.runs);
        let base = Base(self.memory.as_mut_ptr());
        let scratch = Base(self.scratch.as_mut_ptr().cast());
        let members = self.scratch.len();
        let (joined, done, failed) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicBool::new(false));
        spawn(&|number| {
            let member = joined.fetch_add(1, Ordering::Relaxed);
            if member >= members {
                return;
            }
            // The closure captures the wrapper, which threads may share, not the pointer in it.
            #[allow(clippy::redundant_locals)]
            let scratch = scratch;
            // SAFETY: every member has a number of its own, below the number of scratch memories.
            let scratch: &mut Block = unsafe { &mut *scratch.0.cast::<Block>().add(member) };
            let _guard = Guard(&failed);
            for Stage { tiles: stage, .. } in &schedule.stages {
                if !wait(&done, stage.start, &failed) {
                    return;
                }
                let first = stage.start + stage.len() * (number % members) / members;
                for at in (first..stage.end).chain(stage.start..first) {
                    if claims[at].swap(run, Ordering::Relaxed) != run {
                        run_tile(&schedule.tiles[at], base, scratch.words(), &work);
                        done.fetch_add(1, Ordering::Release);
                    }
                }
            }
        });
        assert!(!failed.load(Ordering::Relaxed), "a kernel panicked");
        assert_eq!(done.load(Ordering::Acquire), schedule.tiles.len(), "every tile is done");
    }

    /// [`run`](Arena::run) on this thread alone.
    ///
    /// # Panics
    /// As [`run`](Arena::run).
    pub fn run_alone(&mut self, schedule: &Schedule, work: impl Fn(Place, &mut Lent<'_>, &mut Scratch<'_>)) {
        assert!(
            schedule.bytes() <= self.bytes(),
            "a schedule of {} bytes in an arena of {}",
            schedule.bytes(),
            self.bytes()
        );
        let base = Base(self.memory.as_mut_ptr());
        let scratch = self.scratch[0].words();
        for stage in &schedule.stages {
            let tiles = &schedule.tiles[stage.tiles.clone()];
            if stage.by_kernel {
                for kernel in 0..tiles[0].kernels.len() {
                    tiles.iter().for_each(|tile| run_kernel(tile, kernel, base, scratch, &work));
                }
            } else {
                tiles.iter().for_each(|tile| run_tile(tile, base, scratch, &work));
            }
        }
    }
}

#[derive(Clone, Copy)]
struct Base(*mut u8);
// SAFETY: the pointer is only followed within what a checked schedule lends, and to scratch memory by number.
unsafe impl Send for Base {}
// SAFETY: as above.
unsafe impl Sync for Base {}

fn run_tile(tile: &Tile, base: Base, scratch: &mut [u64], work: &impl Fn(Place, &mut Lent<'_>, &mut Scratch<'_>)) {
    (0..tile.kernels.len()).for_each(|kernel| run_kernel(tile, kernel, base, scratch, work));
}

#[inline(always)]
fn run_kernel(
    tile: &Tile,
    kernel: usize,
    base: Base,
    scratch: &mut [u64],
    work: &impl Fn(Place, &mut Lent<'_>, &mut Scratch<'_>),
) {
    let place = Place { stage: tile.stage, tile: tile.tile, kernel };
    let mut lent = Lent { base: base.0, access: &tile.kernels[kernel], taken: 0 };
    work(place, &mut lent, &mut Scratch::new(scratch));
}

/// Waits until `gate` tiles are done: in a loop at first, then giving the processor away.
fn wait(done: &AtomicUsize, gate: usize, failed: &AtomicBool) -> bool {
    let mut tries = 0u32;
    while done.load(Ordering::Acquire) < gate {
        if failed.load(Ordering::Relaxed) {
            return false;
        }
        tries += 1;
        if tries < 2000 { std::hint::spin_loop() } else { std::thread::yield_now() }
    }
    true
}

/// Tells the others when its thread panics.
struct Guard<'a>(&'a AtomicBool);

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.store(true, Ordering::Relaxed);
        }
    }
}

/// What one kernel may touch.
#[derive(Debug)]
pub struct Lent<'a> {
    base: *mut u8,
    access: &'a Access,
    taken: u64,
}

impl<'a> Lent<'a> {
    /// The elements of read `k`.
    ///
    /// # Panics
    /// When there is no such read, or it does not fit the elements.
    #[inline]
    #[must_use]
    pub fn read<T: Element>(&self, k: usize) -> &'a [T] {
        let range = &self.access.reads[k];
        check::<T>(range, usize::MAX);
        // SAFETY: the schedule fits the arena, and was checked to let nobody write here meanwhile.
        unsafe { elements(self.base, range) }
    }

    /// The elements of write `k`, once.
    ///
    /// # Panics
    /// When there is no such write, it does not fit the elements, or it was taken before.
    #[inline]
    pub fn write<T: Element>(&mut self, k: usize) -> &'a mut [T] {
        assert!(k < 64 && self.taken & 1 << k == 0, "write {k} is taken twice");
        self.taken |= 1 << k;
        let range = &self.access.writes[k];
        check::<T>(range, usize::MAX);
        // SAFETY: the schedule fits the arena, was checked to let nobody else touch this meanwhile, and the
        // piece is handed out once.
        unsafe { elements_mut(self.base, range) }
    }
}

#[inline]
fn check<T>(range: &Range<usize>, bytes: usize) {
    let whole = |n: usize| n.is_multiple_of(size_of::<T>());
    assert!(
        range.start <= range.end && range.end <= bytes && whole(range.start) && whole(range.len()),
        "bytes {range:?} of {bytes} as elements of {}",
        size_of::<T>()
    );
}

/// SAFETY: the caller vouches for the range, its alignment and that nobody writes there.
unsafe fn elements<'a, T>(base: *mut u8, range: &Range<usize>) -> &'a [T] {
    unsafe { std::slice::from_raw_parts(base.add(range.start).cast::<T>(), range.len() / size_of::<T>()) }
}

/// SAFETY: the caller vouches for the range, its alignment and that nobody else touches it.
unsafe fn elements_mut<'a, T>(base: *mut u8, range: &Range<usize>) -> &'a mut [T] {
    unsafe { std::slice::from_raw_parts_mut(base.add(range.start).cast::<T>(), range.len() / size_of::<T>()) }
}

#[cfg(test)]
#[allow(clippy::single_range_in_vec_init)]
mod tests {
    use super::*;
    use crate::schedule::tests::access;

    #[test]
    fn stages_wait_for_each_other_on_any_number_of_threads() {
        // Stage s adds 1 to what stage s - 1 left, over 16 tiles of one element.
        let cell = |s: usize, t: usize| (s * 16 + t) * 8..(s * 16 + t + 1) * 8;
        let stages = (1..20).map(|s| {
            (0..16).map(|t| vec![access(&[cell(s - 1, t), cell(s - 1, (t + 5) % 16)], &[cell(s, t)])]).collect()
        });
        let schedule = Schedule::new(stages.collect()).unwrap();
        for threads in [1, 2, 8] {
            let mut arena = Arena::new(schedule.bytes(), 0, threads);
            arena.run(
                &schedule,
                |member| {
                    std::thread::scope(|scope| {
                        for number in 0..threads {
                            scope.spawn(move || member(number));
                        }
                    });
                },
                |_, lent, _| {
                    lent.write::<i64>(0)[0] = lent.read::<i64>(0)[0].max(lent.read::<i64>(1)[0]) + 1;
                },
            );
            assert_eq!(arena.get::<i64>(cell(19, 0).start..cell(19, 15).end), [19; 16]);
        }
    }

    #[test]
    fn a_write_is_lent_once() {
        let schedule = Schedule::new(vec![vec![vec![access(&[], &[0..8])]]]).unwrap();
        let twice = std::panic::catch_unwind(|| {
            Arena::new(8, 0, 1).run_alone(&schedule, |_, lent, _| {
                lent.write::<f64>(0);
                lent.write::<f64>(0);
            });
        });
        assert!(twice.is_err());
    }
}
