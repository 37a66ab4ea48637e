//! Planning the batches of a part, and measuring with them.

use graphrun_data::{Batches, Part};
use graphrun_exec::Draw;
use graphrun_graph::{Graph, Phase};
use graphrun_load::Model;
use graphrun_plan::Options;

use crate::engine::Engine;
use crate::error::TrainError;
use crate::lane::Lane;
use crate::meters::Meters;
use crate::record::Scores;
use crate::spec::TrainSpec;
use crate::trainer::RunOptions;
use crate::update::outputs;

/// The rows of a batch of evaluation, at least, where there are so many.
const EVALUATION_ROWS: usize = 256;

/// Lanes to measure a part with.
pub(crate) struct Evaluation {
    batches: Batches,
    /// For whole batches, and for the last if it is smaller.
    lanes: [usize; 2],
}

/// The graph that measures: the model in its test phase, with the loss and what metrics look at.
pub(crate) fn measured(model: &Model, spec: &TrainSpec) -> Result<Graph, TrainError> {
    let mut graph = model.graph(Phase::Test).clone();
    let loss = graph
        .loss
        .ok_or_else(|| TrainError::new("the model has no loss", "name it beside the outputs: `loss: NODE`"))?;
    graph.outputs = outputs(&graph, loss, spec);
    Ok(graph)
}

/// The numbers in a row of each of the outputs of a lane.
pub(crate) fn widths(lane: &Lane, outputs: usize) -> Vec<usize> {
    (0..outputs).map(|k| lane.shape(k).sizes().iter().skip(1).product()).collect()
}

/// Adds lanes to an engine.
pub(crate) struct Planner<'a> {
    pub(crate) engine: &'a mut Engine,
    pub(crate) options: &'a RunOptions,
    pub(crate) scalars: &'a [String],
}

impl Planner<'_> {
    /// A lane for whole batches, and one for the last if it is smaller.
    pub(crate) fn pair(&mut self, graph: &Graph, part: &Part, batches: &Batches) -> Result<[usize; 2], TrainError> {
        let (first, last) = (batches.batch(0).len(), batches.batch(batches.len() - 1).len());
        let whole = self.lane(graph, part, first)?;
        let rest = if last == first { whole } else { self.lane(graph, part, last)? };
        Ok([whole, rest])
    }

    fn lane(&mut self, graph: &Graph, part: &Part, rows: usize) -> Result<usize, TrainError> {
        let options = Options { dtype: self.options.dtype, max_bytes: self.options.max_bytes };
        let lane = Lane::new(graph, part, rows, self.scalars, &options, &self.options.threads)?;
        Ok(self.engine.add(lane))
    }

    /// Lanes to measure `part` with.
    pub(crate) fn evaluation(
        &mut self,
        graph: &Graph,
        part: &Part,
        spec: &TrainSpec,
    ) -> Result<Evaluation, TrainError> {
        let size = spec.batch.map_or(part.rows(), |n| n.max(EVALUATION_ROWS)).min(part.rows());
        let batches = Batches::new(part.rows(), size);
        let lanes = self.pair(graph, part, &batches)?;
        Ok(Evaluation { batches, lanes })
    }
}

impl Evaluation {
    /// Runs every batch of `part`, in order.
    pub(crate) fn measure(&self, engine: &mut Engine, part: &Part, meters: &mut Meters, seed: u64) -> Scores {
        meters.reset();
        for i in 0..self.batches.len() {
            let positions = self.batches.batch(i);
            let lane = self.lanes[usize::from(positions.len() < self.batches.batch(0).len())];
            let entered = engine.enter(lane);
            entered.feed(part, positions);
            entered.run(Draw { seed, step: 0 });
            meters.add(engine.lane(lane));
        }
        meters.scores()
    }

    /// The first of the lanes.
    pub(crate) fn first(&self) -> usize {
        self.lanes[0]
    }
}
