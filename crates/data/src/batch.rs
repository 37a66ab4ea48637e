//! The order of the rows in an epoch, cut into batches.

use crate::random::{Purpose, Stream};

/// Positions `0..rows` in the order of an epoch, cut into batches; the last may be smaller. The order is a
/// function of the seed and the epoch alone, so that a run resumes exactly.
#[derive(Clone, Debug)]
pub struct Batches {
    order: Vec<usize>,
    size: usize,
}

impl Batches {
    /// Batches of `size` (at least 1) out of so many rows, in ascending order.
    pub fn new(rows: usize, size: usize) -> Self {
        Self { order: (0..rows).collect(), size: size.max(1) }
    }

    /// Puts the rows into the order of this epoch. A batch that holds every row stays in ascending
    /// order, since sums do not depend on it. Allocates nothing.
    pub fn shuffle(&mut self, seed: u64, epoch: u64) {
        if self.size >= self.order.len() {
            return;
        }
        for (i, row) in self.order.iter_mut().enumerate() {
            *row = i;
        }
        Stream::new(seed, Purpose::Epoch(epoch)).shuffle(&mut self.order);
    }

    /// Number of batches.
    pub fn len(&self) -> usize {
        self.order.len().div_ceil(self.size)
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// The `i`-th batch, from 0, as positions.
    ///
    /// # Panics
    /// When there is no such batch.
    pub fn batch(&self, i: usize) -> &[usize] {
        &self.order[i * self.size..self.order.len().min((i + 1) * self.size)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_row_once_and_the_same_order_again(
            rows in 0usize..50, size in 0usize..60, seed: u64, epoch: u64,
        ) {
            let mut batches = Batches::new(rows, size);
            batches.shuffle(seed, epoch.wrapping_add(1));
            batches.shuffle(seed, epoch);
            let mut fresh = Batches::new(rows, size);
            fresh.shuffle(seed, epoch);
            let all = |b: &Batches| -> Vec<usize> {
                (0..b.len()).flat_map(|i| b.batch(i).to_vec()).collect()
            };
            prop_assert_eq!(all(&batches), all(&fresh));
            let mut sorted = all(&batches);
            sorted.sort_unstable();
            prop_assert_eq!(sorted, (0..rows).collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_last_batch_is_kept_and_epochs_differ() {
        let mut batches = Batches::new(10, 4);
        let lengths: Vec<usize> = (0..batches.len()).map(|i| batches.batch(i).len()).collect();
        assert_eq!(lengths, [4, 4, 2]);
        batches.shuffle(0, 0);
        let first = batches.batch(0).to_vec();
        batches.shuffle(0, 1);
        assert_ne!(batches.batch(0), first);
    }
}
