//! Work on several threads.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Calls `work` with every index below `count`, until one breaks. Each index goes to whichever of the threads is free, in
/// order, so that all before one that breaks are worked on too. Gives what each thread gathered.
pub(crate) fn in_parallel<T: Default + Send>(
    threads: usize,
    count: usize,
    work: &(dyn Fn(usize, &mut T) -> ControlFlow<()> + Sync),
) -> Vec<T> {
    let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let worker = || {
        let mut gathered = T::default();
        while !stop.load(Ordering::Relaxed) {
            let k = next.fetch_add(1, Ordering::Relaxed);
            if k >= count {
                break;
            }
            if work(k, &mut gathered).is_break() {
                stop.store(true, Ordering::Relaxed);
            }
        }
        gathered
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads.clamp(1, count.max(1))).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().map(|w| w.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_index_is_worked_on_once_up_to_one_that_breaks() {
        for (threads, count, last) in [(1, 0, 0), (3, 100, 100), (8, 3, 3), (2, 1000, 10), (0, 5, 5)] {
            let work = |k, met: &mut Vec<usize>| {
                met.push(k);
                if k == last { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            };
            let mut met = in_parallel(threads, count, &work).concat();
            met.sort_unstable();
            assert_eq!(met, (0..met.len()).collect::<Vec<_>>());
            assert!((last.min(count)..=count).contains(&met.len()), "{} of {count}", met.len());
        }
    }
}
