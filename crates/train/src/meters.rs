//! The loss and the metrics over some batches.

use crate::lane::Lane;
use crate::metric::{MAX_PORTS, Meter, Series};
use crate::record::Scores;
use crate::spec::MetricSpec;

/// Sums over batches, read as [`Scores`].
pub(crate) struct Meters {
    loss: f64,
    rows: f64,
    list: Vec<Metered>,
}

struct Metered {
    name: String,
    meter: Box<dyn Meter>,
    /// Which of a lane's series each port looks at.
    series: Vec<usize>,
}

impl Meters {
    /// Meters for the metrics of an experiment, whose lanes have series called `names` of these widths, over
    /// about so many rows.
    pub(crate) fn new(metrics: &[MetricSpec], names: &[String], widths: &[usize], rows: usize) -> Meters {
        let place = |node: &String| names.iter().position(|n| n == node).unwrap_or(0);
        let metered = |metric: &MetricSpec| {
            let series: Vec<usize> = metric.nodes.iter().map(place).collect();
            let widths: Vec<usize> = series.iter().map(|&k| widths[k]).collect();
            let meter = (metric.def.make)(&metric.options, &widths, rows);
            Metered { name: metric.name.clone(), meter, series }
        };
        Meters { loss: 0.0, rows: 0.0, list: metrics.iter().map(metered).collect() }
    }

    pub(crate) fn reset(&mut self) {
        (self.loss, self.rows) = (0.0, 0.0);
        self.list.iter_mut().for_each(|m| m.meter.reset());
    }

    /// Takes in the batch that `lane` has just run; gives its loss.
    pub(crate) fn add(&mut self, lane: &Lane) -> f64 {
        let loss = lane.loss();
        self.loss += loss * lane.rows() as f64;
        self.rows += lane.rows() as f64;
        for metered in &mut self.list {
            let mut series = [Series::I64(&[]); MAX_PORTS];
            for (slot, &k) in series.iter_mut().zip(&metered.series) {
                *slot = lane.series(k);
            }
            metered.meter.add(lane.rows(), &series[..metered.series.len()]);
        }
        loss
    }

    pub(crate) fn scores(&self) -> Scores {
        let metrics = self.list.iter().map(|m| (m.name.clone(), m.meter.figure()));
        Scores { loss: self.loss / self.rows, metrics: metrics.collect() }
    }
}
