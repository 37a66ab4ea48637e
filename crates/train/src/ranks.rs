//! Metrics of order: where the right class stands among the scores.

use crate::metric::{Figure, Meter, Series};

/// The share of rows whose class is among the `k` best; of equal scores the first is the better.
pub(crate) struct TopK {
    k: usize,
    width: usize,
    right: u64,
    rows: u64,
}

impl TopK {
    pub(crate) fn new(k: f64, widths: &[usize]) -> TopK {
        TopK { k: k.max(0.0) as usize, width: widths[0], right: 0, rows: 0 }
    }
}

impl Meter for TopK {
    fn reset(&mut self) {
        (self.right, self.rows) = (0, 0);
    }

    fn add(&mut self, rows: usize, series: &[Series<'_>]) {
        for row in 0..rows {
            let score = |k| series[0].get(row * self.width + k);
            let label = series[1].get(row) as usize;
            if label < self.width {
                let own = score(label);
                let better = |k| score(k) > own || (score(k) == own && k < label);
                let rank = (0..self.width).filter(|&k| better(k)).count();
                self.right += u64::from(rank < self.k && !own.is_nan());
            }
        }
        self.rows += rows as u64;
    }

    fn figure(&self) -> Figure {
        Figure::Number(self.right as f64 / self.rows as f64)
    }
}

/// The chance that a row of a class scores higher for it than one that is not, equals counting half
/// (Mann and Whitney 1947). Of two classes it is that of class 1, by how far its score is above the other's: the same for
/// probabilities and for the scores that they are made of.
pub(crate) struct Auc {
    width: usize,
    scores: Vec<f64>,
    labels: Vec<usize>,
}

impl Auc {
    pub(crate) fn new(widths: &[usize], rows: usize) -> Auc {
        let scores = Vec::with_capacity(rows.saturating_mul(widths[0]));
        Auc { width: widths[0], scores, labels: Vec::with_capacity(rows) }
    }

    /// The area for the score that `score` makes of each row's, with `class` as what is looked for.
    fn area(&self, class: usize, score: impl Fn(&[f64]) -> f64) -> Option<f64> {
        let rows = self.scores.chunks(self.width).zip(&self.labels);
        let mut pairs: Vec<(f64, bool)> = rows.map(|(row, label)| (score(row), *label == class)).collect();
        pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (mut ranks, mut hits, mut at) = (0.0, 0.0, 0);
        for equals in pairs.chunk_by(|a, b| a.0 == b.0) {
            let rank = at as f64 + (equals.len() as f64 + 1.0) / 2.0;
            let here = equals.iter().filter(|(_, hit)| *hit).count() as f64;
            ranks += rank * here;
            hits += here;
            at += equals.len();
        }
        let misses = at as f64 - hits;
        (hits > 0.0 && misses > 0.0).then(|| (ranks - hits * (hits + 1.0) / 2.0) / (hits * misses))
    }
}

impl Meter for Auc {
    fn reset(&mut self) {
        self.scores.clear();
        self.labels.clear();
    }

    fn add(&mut self, rows: usize, series: &[Series<'_>]) {
        self.scores.extend((0..rows * self.width).map(|i| series[0].get(i)));
        let width = series[1].len() / rows.max(1);
        self.labels.extend((0..rows).map(|row| series[1].class(row, width, 0.5)));
    }

    fn figure(&self) -> Figure {
        let areas: Vec<f64> = match self.width {
            1 => self.area(1, |row| row[0]).into_iter().collect(),
            2 => self.area(1, |row| row[1] - row[0]).into_iter().collect(),
            _ => (0..self.width).filter_map(|class| self.area(class, |row| row[class])).collect(),
        };
        Figure::Number(areas.iter().sum::<f64>() / areas.len() as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(meter: &dyn Meter) -> f64 {
        match meter.figure() {
            Figure::Number(x) => x,
            Figure::Table(_) => panic!("a table"),
        }
    }

    #[test]
    fn the_best_k() {
        let scores = Series::F64(&[3.0, 2.0, 1.0, 0.0, 0.0, 0.0]);
        for (k, expect) in [(1.0, 0.0), (2.0, 1.0)] {
            let mut meter = TopK::new(k, &[3, 1]);
            meter.add(2, &[scores, Series::I64(&[1, 1])]);
            assert_eq!(number(&meter), expect);
        }
    }

    #[test]
    fn areas() {
        let cases: [(&[f64], &[i64], f64); 4] = [
            (&[0.1, 0.4, 0.35, 0.8], &[0, 0, 1, 1], 0.75),
            (&[0.1, 0.2, 0.3, 0.4], &[0, 0, 1, 1], 1.0),
            (&[0.5, 0.5, 0.5, 0.5], &[0, 1, 0, 1], 0.5),
            (&[0.4, 0.3], &[0, 1], 0.0),
        ];
        for (scores, labels, expect) in cases {
            let mut meter = Auc::new(&[1, 1], labels.len());
            meter.add(labels.len(), &[Series::F64(scores), Series::I64(labels)]);
            assert_eq!(number(&meter), expect, "{scores:?}");
        }
    }

    #[test]
    fn two_scores_are_one_question() {
        let labels = [0, 0, 1, 1];
        let chances: [f64; 4] = [0.1, 0.4, 0.35, 0.8];
        let columns: Vec<f64> = chances.iter().flat_map(|p| [1.0 - p, *p]).collect();
        // Every row of logits may be moved by a number of its own.
        let logits: Vec<f64> = chances
            .iter()
            .enumerate()
            .flat_map(|(k, p)| [5.0 * k as f64, 5.0 * k as f64 + (p / (1.0 - p)).ln()])
            .collect();
        for scores in [columns, logits] {
            let mut meter = Auc::new(&[2, 1], 4);
            meter.add(4, &[Series::F64(&scores), Series::I64(&labels)]);
            assert_eq!(number(&meter), 0.75);
        }
    }
}
