//! A planned graph for batches of one size, and where it is fed and read.

use std::sync::Arc;

use graphrun_data::Part;
use graphrun_exec::{Draw, Executor, Threads};
use graphrun_graph::{Graph, Sizes};
use graphrun_plan::{Named, Options, ValueId, plan};
use graphrun_tensor::{Dtype, Shape};

use crate::error::TrainError;
use crate::metric::Series;

/// An executor for batches of so many rows.
#[derive(Debug)]
pub(crate) struct Lane {
    executor: Executor,
    dtype: Dtype,
    rows: usize,
    /// The feed of a part, and the value that it fills.
    feeds: Vec<(usize, ValueId)>,
    /// Fed numbers, in the order of their names.
    scalars: Vec<Option<ValueId>>,
    outputs: Vec<Named>,
}

impl Lane {
    /// Plans `graph` for batches of `rows` rows of `part`. `scalars` name the inputs that are single numbers.
    ///
    /// # Errors
    /// When a batch of so many rows does not fit an input's declaration, or the plan takes more memory than it may.
    pub(crate) fn new(
        graph: &Graph,
        part: &Part,
        rows: usize,
        scalars: &[String],
        options: &Options,
        threads: &Threads,
    ) -> Result<Lane, TrainError> {
        let sizes = batch_sizes(graph, part, rows)?;
        let plan = Arc::new(
            plan(graph, &sizes, options)
                .map_err(|e| TrainError::new(e.to_string(), "lower `batch`, or allow more memory"))?,
        );
        let input = |name: &str| plan.inputs.iter().find(|i| *i.name == *name).map(|i| i.value);
        let feeds = part.feeds().iter().enumerate().filter_map(|(k, feed)| Some((k, input(feed.name())?))).collect();
        let scalars = scalars.iter().map(|name| input(name)).collect();
        let outputs = plan.outputs.clone();
        let executor = Executor::new(plan, threads.clone());
        Ok(Lane { executor, dtype: options.dtype, rows, feeds, scalars, outputs })
    }

    /// Rows of a batch.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// The kept arrays.
    pub(crate) fn parameters(&self) -> &[Named] {
        &self.executor.plan().parameters
    }

    pub(crate) fn executor(&self) -> &Executor {
        &self.executor
    }

    pub(crate) fn executor_mut(&mut self) -> &mut Executor {
        &mut self.executor
    }

    /// Copies the rows at `positions` into the inputs.
    pub(crate) fn feed(&mut self, part: &Part, positions: &[usize]) {
        for &(feed, value) in &self.feeds {
            let index = self.executor.plan().values[value.index()].index;
            match (index, self.dtype) {
                (true, _) => part.gather(feed, positions, self.executor.write::<i64>(value)),
                (_, Dtype::F32) => part.gather(feed, positions, self.executor.write::<f32>(value)),
                (_, Dtype::F64) => part.gather(feed, positions, self.executor.write::<f64>(value)),
            }
        }
    }

    /// Sets the `k`-th of the fed numbers.
    pub(crate) fn set_scalar(&mut self, k: usize, x: f64) {
        if let Some(value) = self.scalars[k] {
            self.executor.set_reals(value, &[x]);
        }
    }

    /// Runs once.
    pub(crate) fn run(&mut self, draw: Draw) {
        self.executor.run(draw);
    }

    /// The first output, which is the loss.
    pub(crate) fn loss(&self) -> f64 {
        let series = self.series_of(&self.outputs[0]);
        series.get(0)
    }

    /// The values of the `k`-th output.
    pub(crate) fn series(&self, k: usize) -> Series<'_> {
        self.series_of(&self.outputs[k])
    }

    /// The shape of the `k`-th output.
    pub(crate) fn shape(&self, k: usize) -> Shape {
        self.outputs[k].shape
    }

    fn series_of(&self, output: &Named) -> Series<'_> {
        let index = self.executor.plan().values[output.value.index()].index;
        match (index, self.dtype) {
            (true, _) => Series::I64(self.executor.read(output.value)),
            (_, Dtype::F32) => Series::F32(self.executor.read(output.value)),
            (_, Dtype::F64) => Series::F64(self.executor.read(output.value)),
        }
    }
}

/// What the symbols of the inputs are for a batch of `rows` rows of `part`.
fn batch_sizes(graph: &Graph, part: &Part, rows: usize) -> Result<Sizes, TrainError> {
    let mut sizes = Sizes::new();
    for feed in part.feeds() {
        let Some(id) = graph.find(feed.name()) else { continue };
        let ty = graph.ty(id);
        let given: Vec<usize> = std::iter::once(rows).chain(feed.row().iter().copied()).collect();
        for (size, &given) in ty.shape.iter().zip(&given) {
            let other = match size.as_symbol() {
                Some(symbol) => sizes.insert(symbol.into(), given),
                None => size.known(),
            };
            if let Some(other) = other.filter(|other| *other != given) {
                let name = feed.name();
                let meant = if size.as_symbol().is_some() { format!(", with {size} = {other}") } else { String::new() };
                let message = format!("input `{name}` is {ty}{meant}, but a batch has {given} in place of {size}");
                return Err(TrainError::new(
                    message,
                    "declare the rows by a symbol, as in `[N, 3]`, or choose `batch` and `test` to fit",
                ));
            }
        }
    }
    for (symbol, value) in &graph.sizes {
        sizes.entry(symbol.clone()).or_insert(*value);
    }
    Ok(sizes)
}
