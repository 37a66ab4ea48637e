//! Metrics of classes: all follow from how often each class was taken for each.

use crate::metric::{Figure, Meter, Series};
use crate::settings::Settings;

/// Counts of (true class, class taken); a class that is out of range counts as a row without a class.
pub(crate) struct Counts {
    classes: usize,
    widths: [usize; 2],
    threshold: f64,
    cells: Vec<u64>,
    rows: u64,
    read: fn(&Counts) -> Figure,
}

impl Counts {
    /// A meter that is read by `read`; single scores tell two classes apart.
    pub(crate) fn boxed(options: &Settings, widths: &[usize], read: fn(&Counts) -> Figure) -> Box<dyn Meter> {
        let classes = widths[0].max(widths[1]).max(2);
        Box::new(Counts {
            classes,
            widths: [widths[0], widths[1]],
            threshold: options.get("threshold"),
            cells: vec![0; classes * classes],
            rows: 0,
            read,
        })
    }

    fn cell(&self, truth: usize, taken: usize) -> f64 {
        self.cells[truth * self.classes + taken] as f64
    }

    pub(crate) fn accuracy(&self) -> Figure {
        let right: f64 = (0..self.classes).map(|k| self.cell(k, k)).sum();
        Figure::Number(right / self.rows as f64)
    }

    pub(crate) fn table(&self) -> Figure {
        let row = |truth| (0..self.classes).map(|taken| self.cell(truth, taken)).collect();
        Figure::Table((0..self.classes).map(row).collect())
    }

    pub(crate) fn precision(&self) -> Figure {
        self.mean(|c, k| (c.cell(k, k), c.taken(k)))
    }

    pub(crate) fn recall(&self) -> Figure {
        self.mean(|c, k| (c.cell(k, k), c.truth(k)))
    }

    pub(crate) fn f1(&self) -> Figure {
        self.mean(|c, k| (2.0 * c.cell(k, k), c.taken(k) + c.truth(k)))
    }

    fn taken(&self, k: usize) -> f64 {
        (0..self.classes).map(|truth| self.cell(truth, k)).sum()
    }

    fn truth(&self, k: usize) -> f64 {
        (0..self.classes).map(|taken| self.cell(k, taken)).sum()
    }

    /// The mean of a ratio over the classes that occur, in truth or as taken; 0/0 is 0. Of two classes
    /// told apart by a single score it is the ratio of class 1 alone.
    fn mean(&self, ratio: fn(&Counts, usize) -> (f64, f64)) -> Figure {
        let first = usize::from(self.widths[0] == 1);
        let occurring = (first..self.classes).filter(|&k| self.taken(k) + self.truth(k) > 0.0);
        let (mut sum, mut n) = (0.0, 0.0);
        for k in occurring {
            let (part, whole) = ratio(self, k);
            sum += if whole > 0.0 { part / whole } else { 0.0 };
            n += 1.0;
        }
        Figure::Number(sum / n)
    }
}

impl Meter for Counts {
    fn reset(&mut self) {
        self.cells.fill(0);
        self.rows = 0;
    }

    fn add(&mut self, rows: usize, series: &[Series<'_>]) {
        for row in 0..rows {
            let taken = series[0].class(row, self.widths[0], self.threshold);
            let truth = series[1].class(row, self.widths[1], 0.5);
            if taken < self.classes && truth < self.classes {
                self.cells[truth * self.classes + taken] += 1;
            }
        }
        self.rows += rows as u64;
    }

    fn figure(&self) -> Figure {
        (self.read)(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(read: fn(&Counts) -> Figure, width: usize, scores: &[f64], labels: &[i64], expect: f64) {
        let settings = Settings::defaults(crate::metrics::METRICS[0].options);
        let mut meter = Counts::boxed(&settings, &[width, 1], read);
        meter.add(labels.len(), &[Series::F64(scores), Series::I64(labels)]);
        let Figure::Number(got) = meter.figure() else { panic!("a table") };
        assert!((got - expect).abs() < 1e-15, "{got} against {expect}");
        meter.reset();
        assert_eq!(format!("{:?}", meter.figure()), "Number(NaN)");
    }

    #[test]
    fn figures_of_a_small_table() {
        // Taken: 1 1 0 1; true: 1 0 0 1.
        let (scores, labels) = ([0.9, 0.8, 0.1, 0.7], [1, 0, 0, 1]);
        check(Counts::accuracy, 1, &scores, &labels, 0.75);
        check(Counts::precision, 1, &scores, &labels, 2.0 / 3.0);
        check(Counts::recall, 1, &scores, &labels, 1.0);
        check(Counts::f1, 1, &scores, &labels, 0.8);
        // Three classes, taken 0 2 2 (the first of equals), true 0 1 2.
        let (scores, labels) = ([5.0, 5.0, 1.0, 0.0, 1.0, 2.0, 0.0, 0.0, 1.0], [0, 1, 2]);
        check(Counts::accuracy, 3, &scores, &labels, 2.0 / 3.0);
        check(Counts::precision, 3, &scores, &labels, 0.5);
        check(Counts::recall, 3, &scores, &labels, 2.0 / 3.0);
    }

    #[test]
    fn the_table_has_truth_down_and_taken_across() {
        let settings = Settings::defaults(&[]);
        let mut meter = Counts::boxed(&settings, &[2, 1], Counts::table);
        meter.add(1, &[Series::F32(&[0.0, 1.0]), Series::I64(&[0])]);
        assert_eq!(meter.figure(), Figure::Table(vec![vec![0.0, 1.0], vec![0.0, 0.0]]));
    }
}
