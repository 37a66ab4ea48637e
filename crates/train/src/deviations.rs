//! Metrics of numbers: deviations of one from another, and perplexity.

use crate::metric::{Figure, Meter, Series};

/// Sums over pairs (a, b), with the mean and spread of b kept as Welford (1962) does.
pub(crate) struct Deviations {
    n: f64,
    absolute: f64,
    squares: f64,
    mean: f64,
    spread: f64,
    read: fn(&Deviations) -> f64,
}

impl Deviations {
    pub(crate) fn new(read: fn(&Deviations) -> f64) -> Deviations {
        Deviations { n: 0.0, absolute: 0.0, squares: 0.0, mean: 0.0, spread: 0.0, read }
    }

    pub(crate) fn mae(&self) -> f64 {
        self.absolute / self.n
    }

    pub(crate) fn mse(&self) -> f64 {
        self.squares / self.n
    }

    pub(crate) fn r2(&self) -> f64 {
        1.0 - self.squares / self.spread
    }
}

impl Meter for Deviations {
    fn reset(&mut self) {
        *self = Deviations::new(self.read);
    }

    fn add(&mut self, _: usize, series: &[Series<'_>]) {
        for i in 0..series[0].len().min(series[1].len()) {
            let (a, b) = (series[0].get(i), series[1].get(i));
            self.n += 1.0;
            self.absolute += (a - b).abs();
            self.squares += (a - b) * (a - b);
            let from = b - self.mean;
            self.mean += from / self.n;
            self.spread += from * (b - self.mean);
        }
    }

    fn figure(&self) -> Figure {
        Figure::Number((self.read)(self))
    }
}

/// `exp(mean(log(sum(exp(scores))) - score of the label))`.
pub(crate) struct Perplexity {
    width: usize,
    sum: f64,
    rows: f64,
}

impl Perplexity {
    pub(crate) fn new(widths: &[usize]) -> Perplexity {
        Perplexity { width: widths[0], sum: 0.0, rows: 0.0 }
    }
}

impl Meter for Perplexity {
    fn reset(&mut self) {
        (self.sum, self.rows) = (0.0, 0.0);
    }

    fn add(&mut self, rows: usize, series: &[Series<'_>]) {
        for row in 0..rows {
            let score = |k| series[0].get(row * self.width + k);
            let top = (0..self.width).map(score).fold(f64::NEG_INFINITY, f64::max);
            let sum: f64 = (0..self.width).map(|k| (score(k) - top).exp()).sum();
            let label = series[1].get(row) as usize;
            let own = if label < self.width { score(label) } else { f64::NEG_INFINITY };
            self.sum += top + sum.ln() - own;
        }
        self.rows += rows as f64;
    }

    fn figure(&self) -> Figure {
        Figure::Number((self.sum / self.rows).exp())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deviations_of_four_pairs() {
        let (a, b) = ([1.0, 2.0, 3.0, 5.0], [1.0, 2.0, 4.0, 3.0]);
        for (read, expect) in
            [(Deviations::mae as fn(&Deviations) -> f64, 0.75), (Deviations::mse, 1.25), (Deviations::r2, 0.0)]
        {
            let mut meter = Deviations::new(read);
            meter.add(2, &[Series::F64(&a[..2]), Series::F64(&b[..2])]);
            meter.add(2, &[Series::F64(&a[2..]), Series::F64(&b[2..])]);
            let Figure::Number(got) = meter.figure() else { panic!("a table") };
            // Rounding of the running mean.
            assert!((got - expect).abs() < 1e-15, "{got} against {expect}");
        }
    }

    #[test]
    fn perplexity_of_even_scores_is_their_number() {
        let mut meter = Perplexity::new(&[4, 1]);
        meter.add(2, &[Series::F64(&[1e4; 8]), Series::I64(&[0, 3])]);
        let Figure::Number(got) = meter.figure() else { panic!("a table") };
        // Rounding of 1e4 + ln 4 - 1e4.
        assert!((got - 4.0).abs() < 1e-10, "{got}");
    }
}
