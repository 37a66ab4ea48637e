//! One block of memory for a whole plan, and the schedule that lends disjoint pieces of it to many threads.
#![allow(unsafe_code)]

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::scratch::Scratch;
use crate::view::Element;

/// Buffers start at multiples of this many bytes.
pub const ALIGN: usize = 64;

/// The bytes that one kernel reads and writes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// What it reads.
    pub reads: Vec<Range<usize>>,
    /// What it writes; it may also read there.
    pub writes: Vec<Range<usize>>,
}

/// Stages that run one after another, each a set of tiles that may run at the same time, each a list of
/// kernels that run in order.
///
/// A schedule is checked when it is made: no tile touches what another tile of its stage writes, and no kernel
/// reads what it writes except through the written piece itself.
#[derive(Clone, Debug, Default)]
pub struct Schedule {
    tiles: Vec<Tile>,
    bytes: usize,
}

#[derive(Clone, Debug)]
struct Tile {
    stage: usize,
    tile: usize,
    /// How many tiles are done before this one may start.
    gate: usize,
    kernels: Vec<Access>,
}

/// Which kernel runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The stage in the schedule.
    pub stage: usize,
    /// The tile in the stage.
    pub tile: usize,
    /// The kernel in the tile.
    pub kernel: usize,
}

/// Two pieces of a schedule that must not overlap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict(String);

impl std::fmt::Display for Conflict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Conflict {}

impl Schedule {
    /// Checks and keeps `stages[stage][tile][kernel]`.
    ///
    /// # Errors
    /// The first overlap that could make a result depend on timing, or that Rust's borrowing forbids.
    pub fn new(stages: Vec<Vec<Vec<Access>>>) -> Result<Schedule, Conflict> {
        let mut schedule = Schedule::default();
        for (stage, tiles) in stages.into_iter().enumerate() {
            check_tiles(stage, &tiles)?;
            let gate = schedule.tiles.len();
            for (tile, kernels) in tiles.into_iter().enumerate() {
                for access in &kernels {
                    check_kernel(stage, access)?;
                    let ends = access.reads.iter().chain(&access.writes).map(|r| r.end);
                    schedule.bytes = ends.fold(schedule.bytes, usize::max);
                }
                schedule.tiles.push(Tile { stage, tile, gate, kernels });
            }
        }
        Ok(schedule)
    }

    /// The memory it needs, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

fn overlap(a: &Range<usize>, b: &Range<usize>) -> bool {
    a.start.max(b.start) < a.end.min(b.end)
}

fn check_kernel(stage: usize, access: &Access) -> Result<(), Conflict> {
    for (k, write) in access.writes.iter().enumerate() {
        let others = access.reads.iter().chain(&access.writes[..k]);
        if let Some(other) = others.into_iter().find(|other| overlap(write, other)) {
            return Err(Conflict(format!("a kernel of stage {stage} writes {write:?} and borrows {other:?}")));
        }
    }
    Ok(())
}

/// Sorts what all tiles touch and looks at neighbours: linear but for the sorting.
fn check_tiles(stage: usize, tiles: &[Vec<Access>]) -> Result<(), Conflict> {
    if tiles.len() < 2 {
        return Ok(());
    }
    let mut writes: Vec<(Range<usize>, usize)> = Vec::new();
    let mut reads: Vec<(Range<usize>, usize)> = Vec::new();
    for (tile, kernels) in tiles.iter().enumerate() {
        for access in kernels {
            writes.extend(access.writes.iter().filter(|r| !r.is_empty()).map(|r| (r.clone(), tile)));
            reads.extend(access.reads.iter().filter(|r| !r.is_empty()).map(|r| (r.clone(), tile)));
        }
    }
    writes.sort_by_key(|(r, tile)| (r.start, *tile));
    // What one tile writes, as disjoint stretches in order.
    let mut owned: Vec<(Range<usize>, usize)> = Vec::with_capacity(writes.len());
    for (range, tile) in writes {
        match owned.last_mut() {
            Some((last, owner)) if overlap(last, &range) => {
                if *owner != tile {
                    return Err(Conflict(format!("tiles {owner} and {tile} of stage {stage} both write {range:?}")));
                }
                last.end = last.end.max(range.end);
            }
            _ => owned.push((range, tile)),
        }
    }
    for (range, tile) in reads {
        let first = owned.partition_point(|(r, _)| r.end <= range.start);
        let met = owned[first..].iter().take_while(|(r, _)| r.start < range.end);
        if let Some((_, owner)) = met.into_iter().find(|(_, owner)| *owner != tile) {
            return Err(Conflict(format!("tile {tile} of stage {stage} reads {range:?}, which tile {owner} writes")));
        }
    }
    Ok(())
}

#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Line(#[allow(dead_code, reason = "only its memory is used")] [u64; 8]);

/// The memory of a plan.
#[derive(Debug, Default)]
pub struct Arena {
    lines: Vec<Line>,
    scratch: Vec<Vec<Line>>,
}

impl Arena {
    /// Zeroed memory of `bytes`, with `scratch` bytes for each of `members` threads.
    #[must_use]
    pub fn new(bytes: usize, scratch: usize, members: usize) -> Arena {
        let lines = vec![Line([0; 8]); bytes.div_ceil(ALIGN)];
        let scratch = vec![vec![Line([0; 8]); scratch.div_ceil(ALIGN)]; members.max(1)];
        Arena { lines, scratch }
    }

    /// The size in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.lines.len() * ALIGN
    }

    /// The elements in a range of bytes.
    ///
    /// # Panics
    /// When the range leaves the arena or does not fit the elements.
    #[must_use]
    pub fn get<T: Element>(&self, range: Range<usize>) -> &[T] {
        check::<T>(&range, self.bytes());
        // SAFETY: the range is inside the memory and aligned; any bits are a value of an `Element`.
        unsafe { elements(self.lines.as_ptr().cast_mut().cast(), &range) }
    }

    /// The elements in a range of bytes, to write.
    ///
    /// # Panics
    /// When the range leaves the arena or does not fit the elements.
    pub fn get_mut<T: Element>(&mut self, range: Range<usize>) -> &mut [T] {
        check::<T>(&range, self.bytes());
        // SAFETY: as in `get`, and the arena is borrowed exclusively.
        unsafe { elements_mut(self.lines.as_mut_ptr().cast(), &range) }
    }

    /// Fills everything with NaN bits, to show what is read before it is written.
    pub fn poison(&mut self) {
        self.lines.fill(Line([u64::MAX; 8]));
        self.scratch.iter_mut().for_each(|scratch| scratch.fill(Line([u64::MAX; 8])));
    }

    /// Runs a schedule. `spawn` calls its argument from as many threads as it likes, at least once; `work`
    /// is called once for every kernel of every tile, with what the kernel may touch.
    ///
    /// A thread that comes late or is held up keeps no other from going on: tiles are handed out one by one,
    /// and a stage starts when all tiles before it are done.
    ///
    /// # Panics
    /// When the schedule needs more memory than there is, or `work` panics.
    pub fn run(
        &mut self,
        schedule: &Schedule,
        spawn: impl FnOnce(&(dyn Fn() + Sync)),
        work: impl Fn(Place, &mut Lent<'_>, &mut Scratch<'_>) + Sync,
    ) {
        assert!(
            schedule.bytes <= self.bytes(),
            "a schedule of {} bytes in an arena of {}",
            schedule.bytes,
            self.bytes()
        );
        let base = Base(self.lines.as_mut_ptr().cast());
        let scratch = Base(self.scratch.as_mut_ptr().cast());
        let members = self.scratch.len();
        let (joined, next, done, failed) =
            (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0), AtomicBool::new(false));
        spawn(&|| {
            let member = joined.fetch_add(1, Ordering::Relaxed);
            if member >= members {
                return;
            }
            // The closure captures the wrapper, which threads may share, not the pointer in it.
            #[allow(clippy::redundant_locals)]
            let scratch = scratch;
            // SAFETY: every member has a number of its own, below the number of scratch memories.
            let scratch: &mut Vec<Line> = unsafe { &mut *scratch.0.cast::<Vec<Line>>().add(member) };
            let _guard = Guard(&failed);
            loop {
                let ticket = next.fetch_add(1, Ordering::Relaxed);
                let Some(tile) = schedule.tiles.get(ticket) else { return };
                if !wait(&done, tile.gate, &failed) {
                    return;
                }
                run_tile(tile, base, words(scratch), &work);
                done.fetch_add(1, Ordering::Release);
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
            schedule.bytes <= self.bytes(),
            "a schedule of {} bytes in an arena of {}",
            schedule.bytes,
            self.bytes()
        );
        let base = Base(self.lines.as_mut_ptr().cast());
        for tile in &schedule.tiles {
            run_tile(tile, base, words(&mut self.scratch[0]), &work);
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
    for (kernel, access) in tile.kernels.iter().enumerate() {
        let place = Place { stage: tile.stage, tile: tile.tile, kernel };
        work(place, &mut Lent { base: base.0, access, taken: 0 }, &mut Scratch::new(scratch));
    }
}

/// The memory of lines, word by word: it starts at a multiple of [`ALIGN`].
fn words(lines: &mut [Line]) -> &mut [u64] {
    // SAFETY: a line is eight words without gaps, and is borrowed exclusively.
    unsafe { std::slice::from_raw_parts_mut(lines.as_mut_ptr().cast(), lines.len() * 8) }
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

    fn access(reads: &[Range<usize>], writes: &[Range<usize>]) -> Access {
        Access { reads: reads.to_vec(), writes: writes.to_vec() }
    }

    #[test]
    fn overlaps_are_refused() {
        let check = |stages: Vec<Vec<Vec<Access>>>, good: bool| assert_eq!(Schedule::new(stages).is_ok(), good);
        check(vec![vec![vec![access(&[0..8], &[8..16])]]], true);
        check(vec![vec![vec![access(&[0..9], &[8..16])]]], false);
        check(vec![vec![vec![access(&[], &[0..8, 4..12])]]], false);
        check(vec![vec![vec![access(&[], &[0..8])], vec![access(&[], &[8..16])]]], true);
        check(vec![vec![vec![access(&[], &[0..8])], vec![access(&[], &[4..16])]]], false);
        check(vec![vec![vec![access(&[], &[0..8])], vec![access(&[0..4], &[8..16])]]], false);
        check(vec![vec![vec![access(&[], &[0..8])]], vec![vec![access(&[0..4], &[8..16])]]], true);
    }

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
                        for _ in 0..threads {
                            scope.spawn(member);
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
