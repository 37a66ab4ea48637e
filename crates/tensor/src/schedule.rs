//! Which pieces of an arena each tile of each stage touches, checked once.

use std::collections::HashSet;
use std::ops::Range;

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
    pub(crate) tiles: Vec<Tile>,
    pub(crate) stages: Vec<Stage>,
    bytes: usize,
}

#[derive(Clone, Debug)]
pub(crate) struct Stage {
    pub(crate) tiles: Range<usize>,
    /// Whether one thread better runs a kernel in all tiles before the next: what all tiles read, as weights, is more than
    /// what kernels read of what those before them left.
    pub(crate) by_kernel: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Tile {
    pub(crate) stage: usize,
    pub(crate) tile: usize,
    pub(crate) kernels: Vec<Access>,
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
            let by_kernel = by_kernel(&tiles);
            let start = schedule.tiles.len();
            for (tile, kernels) in tiles.into_iter().enumerate() {
                for access in &kernels {
                    check_kernel(stage, access)?;
                    let ends = access.reads.iter().chain(&access.writes).map(|r| r.end);
                    schedule.bytes = ends.fold(schedule.bytes, usize::max);
                }
                schedule.tiles.push(Tile { stage, tile, kernels });
            }
            schedule.stages.push(Stage { tiles: start..schedule.tiles.len(), by_kernel });
        }
        Ok(schedule)
    }

    /// The memory it needs, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

/// As [`Stage::by_kernel`], by the bytes that the first tile reads.
fn by_kernel(tiles: &[Vec<Access>]) -> bool {
    let [first, second, ..] = tiles else { return false };
    let mut written = HashSet::new();
    let (mut shared, mut passed) = (0, 0);
    for (access, other) in first.iter().zip(second) {
        for (read, other) in access.reads.iter().zip(&other.reads) {
            if read == other {
                shared += read.len();
            } else if written.contains(read) {
                passed += read.len();
            }
        }
        written.extend(access.writes.iter().cloned());
    }
    tiles.iter().all(|tile| tile.len() == first.len()) && shared > passed
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

#[cfg(test)]
#[allow(clippy::single_range_in_vec_init)]
pub(crate) mod tests {
    use super::*;

    /// A kernel that reads and writes these bytes.
    pub(crate) fn access(reads: &[Range<usize>], writes: &[Range<usize>]) -> Access {
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
}
