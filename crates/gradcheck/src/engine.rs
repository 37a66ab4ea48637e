//! What runs a graph: the harness checks gradients through any engine.

use std::sync::Arc;

use graphrun_exec::{Array, Draw, Threads};
use graphrun_graph::{Graph, Sizes};
use graphrun_plan::plan;
use graphrun_tensor::Dtype;

use crate::array::{Values, bind, index, real, reals};

/// Something that runs graphs: the [`Interpreter`](crate::Interpreter), the planned [`Executor`], or a wrapper of either.
pub trait Engine: Sync {
    /// Makes `graph` ready to be run at these sizes and in this precision.
    ///
    /// # Errors
    /// Sizes that do not fit the graph, in words.
    fn prepare(&self, graph: &Graph, sizes: &Sizes, dtype: Dtype) -> Result<Box<dyn Program>, String>;
}

/// A graph ready to be run, again and again.
pub trait Program {
    /// The outputs of the graph, in order, for these values of its inputs and parameters.
    ///
    /// # Errors
    /// A value that is missing or does not fit its declaration, in words.
    fn run(&mut self, values: &Values) -> Result<Vec<Array>, String>;

    /// As [`run`](Program::run), where since the run before only the input or parameter `varied` has another value:
    /// what does not depend on it need not be computed again. Numeric derivatives are taken with it.
    ///
    /// # Errors
    /// As `run`.
    fn rerun(&mut self, values: &Values, varied: &str) -> Result<Vec<Array>, String> {
        let _ = varied;
        self.run(values)
    }
}

/// The sizes of all symbols of a graph, from the values fed to it.
///
/// # Errors
/// A value that does not fit its declaration, in words.
pub fn sizes_of(graph: &Graph, values: &Values) -> Result<Sizes, String> {
    let mut sizes = Sizes::new();
    let inputs = graph.inputs().iter().map(|(name, id)| (name, *id));
    for (name, id) in inputs.chain(graph.parameters().iter().map(|p| (&p.name, p.node))) {
        if let Some(array) = values.get(&**name) {
            bind(name, graph.ty(id), array, &mut sizes)?;
        }
    }
    for (symbol, size) in &graph.sizes {
        sizes.entry(symbol.clone()).or_insert(*size);
    }
    Ok(sizes)
}

/// The planned, fused executor. All its memory is NaN before each run, so that reading what a run does not write shows.
#[derive(Clone, Debug)]
pub struct Executor {
    /// The threads it runs on.
    pub threads: Threads,
    /// The seed for operations that draw numbers.
    pub seed: u64,
    /// The most memory that a plan may take, in bytes; without a limit unless it is set.
    pub max_bytes: usize,
}

impl Default for Executor {
    fn default() -> Executor {
        Executor { threads: Threads::default(), seed: 0, max_bytes: usize::MAX }
    }
}

struct Planned {
    executor: graphrun_exec::Executor,
    draw: Draw,
    /// Whether a run has been seen to leave what it was fed as it was.
    gentle: bool,
}

impl Engine for Executor {
    fn prepare(&self, graph: &Graph, sizes: &Sizes, dtype: Dtype) -> Result<Box<dyn Program>, String> {
        let options = graphrun_plan::Options { dtype, max_bytes: self.max_bytes };
        let plan = plan(graph, sizes, &options).map_err(|e| e.to_string())?;
        let executor = graphrun_exec::Executor::new(Arc::new(plan), self.threads.clone());
        Ok(Box::new(Planned { executor, draw: Draw { seed: self.seed, step: 0 }, gentle: false }))
    }
}

impl Program for Planned {
    fn run(&mut self, values: &Values) -> Result<Vec<Array>, String> {
        self.executor.poison();
        let plan = self.executor.plan().clone();
        for named in plan.inputs.iter().chain(&plan.parameters) {
            self.feed(named, values)?;
        }
        let before = (!self.gentle).then(|| self.fed());
        self.executor.run(self.draw);
        if before.is_some_and(|before| before != self.fed()) {
            return Err("the run changes what it was fed".to_owned());
        }
        self.gentle = true;
        Ok(self.outputs())
    }

    fn rerun(&mut self, values: &Values, varied: &str) -> Result<Vec<Array>, String> {
        let plan = self.executor.plan().clone();
        for named in plan.inputs.iter().chain(&plan.parameters).filter(|named| &*named.name == varied) {
            self.feed(named, values)?;
        }
        self.executor.run(self.draw);
        Ok(self.outputs())
    }
}

impl Planned {
    fn feed(&mut self, named: &graphrun_plan::Named, values: &Values) -> Result<(), String> {
        let array = values.get(&*named.name).ok_or_else(|| format!("`{}` has no value", named.name))?;
        if array.shape() != named.shape {
            return Err(format!("`{}` is {}, and the value fed is {}", named.name, named.shape, array.shape()));
        }
        match array.data() {
            graphrun_exec::Data::Real(_) => self.executor.set_reals(named.value, reals(array)),
            graphrun_exec::Data::Index(data) => self.executor.write::<i64>(named.value).copy_from_slice(data),
        }
        Ok(())
    }

    /// The bits of all real inputs and parameters as they are now.
    fn fed(&self) -> Vec<Vec<u64>> {
        let plan = self.executor.plan();
        let real = plan.inputs.iter().chain(&plan.parameters).filter(|n| !plan.values[n.value.index()].index);
        real.map(|n| self.executor.reals(n.value).iter().map(|v| v.to_bits()).collect()).collect()
    }

    fn outputs(&self) -> Vec<Array> {
        let plan = self.executor.plan();
        let read = |named: &graphrun_plan::Named| match plan.values[named.value.index()].index {
            true => index(named.shape, self.executor.read::<i64>(named.value).to_vec()),
            false => real(named.shape, self.executor.reals(named.value)),
        };
        plan.outputs.iter().map(read).collect()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::array::map;
    use crate::interpret::Interpreter;

    pub(crate) const PLAIN: Interpreter = Interpreter { seed: 0 };

    /// An engine that notes what its programs are fed, and is wrong: it gives results times a factor.
    #[derive(Clone)]
    pub(crate) struct Scaled {
        pub(crate) fed: Arc<Mutex<Vec<Values>>>,
        pub(crate) factor: f64,
        /// How many runs are wrong before the rest is right.
        pub(crate) runs: usize,
        /// Whether single precision alone is wrong.
        pub(crate) single: bool,
    }

    struct ScaledProgram {
        inner: Box<dyn Program>,
        by: Scaled,
    }

    pub(crate) fn scaled(factor: f64) -> Scaled {
        Scaled { fed: Arc::default(), factor, runs: usize::MAX, single: false }
    }

    impl Engine for Scaled {
        fn prepare(&self, graph: &Graph, sizes: &Sizes, dtype: Dtype) -> Result<Box<dyn Program>, String> {
            let program = PLAIN.prepare(graph, sizes, dtype)?;
            Ok(match self.single && dtype != Dtype::F32 {
                true => program,
                false => Box::new(ScaledProgram { inner: program, by: self.clone() }),
            })
        }
    }

    impl Program for ScaledProgram {
        fn run(&mut self, values: &Values) -> Result<Vec<Array>, String> {
            let mut fed = self.by.fed.lock().unwrap();
            fed.push(values.clone());
            let factor = if fed.len() <= self.by.runs { self.by.factor } else { 1.0 };
            Ok(self.inner.run(values)?.iter().map(|array| map(array, |v| factor * v)).collect())
        }
    }
}
