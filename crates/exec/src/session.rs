//! A graph with its parameters, run for whatever sizes it is fed.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use graphrun_graph::{Graph, Key, Kind, NodeId, Sizes, grad};
use graphrun_plan::{Named, plan};
use graphrun_tensor::{Dtype, Shape};

use crate::array::{Array, Data};
use crate::executor::{Executor, Threads};
use crate::run::Draw;

/// How a session runs.
#[derive(Clone, Debug)]
pub struct Options {
    /// The precision of all reals.
    pub dtype: Dtype,
    /// The threads to use.
    pub threads: Threads,
    /// The seed of initial values and of operations that draw.
    pub seed: u64,
    /// The most memory that a plan may take, in bytes.
    pub max_bytes: usize,
}

impl Default for Options {
    fn default() -> Options {
        Options { dtype: Dtype::F32, threads: Threads::default(), seed: 0, max_bytes: usize::MAX }
    }
}

/// Why a graph cannot be run with what it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecError {
    /// What is wrong, naming the thing.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

impl ExecError {
    fn new(message: impl Into<String>, help: impl Into<String>) -> ExecError {
        ExecError { message: message.into(), help: help.into() }
    }
}

/// What to do about a gradient that there is not.
const REAL: &str = "differentiate a real node with respect to reals, by operations that have gradients";

impl fmt::Display for ExecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ExecError {}

/// A graph, its parameters, and a plan for every set of sizes that it was run with.
#[derive(Debug)]
pub struct Session {
    graph: Graph,
    options: Options,
    executors: Vec<(Sizes, Executor)>,
    current: usize,
    parameters: HashMap<Arc<str>, (Shape, Vec<f64>)>,
    step: u64,
}

impl Session {
    /// A session with parameters as they begin: a function of the seed and their names.
    ///
    /// # Errors
    /// A parameter whose size is not known or whose initialiser does not apply.
    pub fn new(graph: Graph, options: Options) -> Result<Session, ExecError> {
        let mut parameters = HashMap::new();
        for parameter in graph.parameters() {
            let describe = |e: String| {
                let help = "give every size of it a smaller number, or allow more memory";
                ExecError::new(format!("parameter `{}`: {e}", parameter.name), help)
            };
            let shape = graph.ty(parameter.node).concrete(&graph.sizes).map_err(describe)?;
            if shape.len() > options.max_bytes / 8 {
                let mib = shape.len() as f64 * 8.0 / 1048576.0;
                return Err(describe(format!("{shape} takes {mib:.1} MiB, more than may be used")));
            }
            let mut values = vec![0.0; shape.len()];
            let key = Key { seed: options.seed, name: &parameter.name };
            parameter.init.fill(key, shape, &mut values).map_err(describe)?;
            parameters.insert(parameter.name.clone(), (shape, values));
        }
        Ok(Session { graph, options, executors: Vec::new(), current: usize::MAX, parameters, step: 0 })
    }

    /// The graph.
    #[must_use]
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The sizes that follow from the shapes of what is fed.
    ///
    /// # Errors
    /// An unknown or missing input, a shape that does not match its declaration, two values for one size, or
    /// an integer outside its bounds.
    pub fn bind(&self, feeds: &[(&str, &Array)]) -> Result<Sizes, ExecError> {
        let mut sizes = Sizes::new();
        for (name, array) in feeds {
            let Some((_, id)) = self.graph.inputs().iter().find(|(input, _)| **input == **name) else {
                let known: Vec<&str> = self.graph.inputs().iter().map(|(n, _)| &**n).collect();
                let help = match known.is_empty() {
                    true => "feed nothing: it has no inputs".to_owned(),
                    false => format!("feed one of {}", known.join(", ")),
                };
                return Err(ExecError::new(format!("the model has no input `{name}`"), help));
            };
            self.bind_one(&mut sizes, name, *id, array)?;
        }
        for (name, value) in &self.graph.sizes {
            sizes.entry(name.clone()).or_insert(*value);
        }
        for (name, array) in feeds {
            if let Some(id) = self.graph.find(name) {
                self.check_feed(&sizes, name, id, array)?;
            }
        }
        Ok(sizes)
    }

    fn bind_one(&self, sizes: &mut Sizes, name: &str, id: NodeId, array: &Array) -> Result<(), ExecError> {
        let ty = self.graph.ty(id);
        if ty.rank() != array.shape().rank() {
            let message = format!("input `{name}` is declared {ty} and is fed {}", array.shape());
            return Err(ExecError::new(message, format!("feed what is declared, {ty}")));
        }
        for (size, &given) in ty.shape.iter().zip(array.shape().sizes()) {
            if let Some(symbol) = size.as_symbol()
                && let Some(other) = sizes.insert(symbol.into(), given)
                && other != given
            {
                let message = format!("size `{symbol}` is {other}, and {given} in what `{name}` is fed");
                return Err(ExecError::new(message, format!("feed arrays that agree on `{symbol}`")));
            }
        }
        Ok(())
    }

    fn check_feed(&self, sizes: &Sizes, name: &str, id: NodeId, array: &Array) -> Result<(), ExecError> {
        let ty = self.graph.ty(id);
        let unknown =
            |e: String| ExecError::new(format!("input `{name}`: {e}"), "give the symbols numbers under `sizes`");
        let expected = ty.concrete(sizes).map_err(unknown)?;
        if expected != array.shape() {
            let message = format!("input `{name}` is declared {ty}, here {expected}, and is fed {}", array.shape());
            return Err(ExecError::new(message, format!("feed an array of shape {expected}")));
        }
        if let Kind::Index { below } = &ty.kind {
            let below = below.eval(sizes).map_err(unknown)?;
            let bad = |x: f64| x < 0.0 || x >= below as f64 || x.fract() != 0.0 || x.is_nan();
            if let Some(value) = array.to_reals().into_iter().find(|&x| bad(x)) {
                let most = below.saturating_sub(1);
                let message = format!("input `{name}` is fed {value}, and takes integers from 0 to {most}");
                return Err(ExecError::new(message, "feed integers in that range, or raise the bound in the file"));
            }
        }
        Ok(())
    }

    /// The executor for these sizes, planned at first use, holding the current parameters.
    ///
    /// # Errors
    /// A size without a value, or a plan that takes too much memory.
    pub fn executor(&mut self, sizes: &Sizes) -> Result<&mut Executor, ExecError> {
        let known = self.executors.iter().position(|(s, _)| s == sizes);
        let next = match known {
            Some(k) => k,
            None => {
                let options = graphrun_plan::Options { dtype: self.options.dtype, max_bytes: self.options.max_bytes };
                let plan = plan(&self.graph, sizes, &options)
                    .map_err(|e| ExecError::new(e.to_string(), "feed less, or allow more memory"))?;
                self.executors.push((sizes.clone(), Executor::new(Arc::new(plan), self.options.threads.clone())));
                self.executors.len() - 1
            }
        };
        if next != self.current {
            self.collect();
            let executor = &mut self.executors[next].1;
            for Named { name, value, .. } in executor.plan().clone().parameters.iter() {
                if let Some((_, values)) = self.parameters.get(name) {
                    executor.set_reals(*value, values);
                }
            }
            self.current = next;
        }
        Ok(&mut self.executors[next].1)
    }

    /// Takes the parameters back from the executor that has them.
    fn collect(&mut self) {
        let Some((_, executor)) = self.executors.get(self.current) else { return };
        for Named { name, value, .. } in &executor.plan().parameters {
            if let Some((_, values)) = self.parameters.get_mut(name) {
                *values = executor.reals(*value);
            }
        }
    }

    /// Feeds every input and runs once.
    ///
    /// # Errors
    /// A feed that does not match its declaration, an input that is not fed, or a plan that takes too much memory.
    pub fn run(&mut self, feeds: &[(&str, &Array)]) -> Result<(), ExecError> {
        let sizes = self.bind(feeds)?;
        for (name, id) in self.graph.inputs() {
            if self.graph.reachable()[id.index()] && !feeds.iter().any(|(fed, _)| **fed == **name) {
                return Err(ExecError::new(format!("input `{name}` is not fed"), format!("feed `{name}` too")));
            }
        }
        let draw = Draw { seed: self.options.seed, step: self.step };
        let executor = self.executor(&sizes)?;
        for (name, array) in feeds {
            let plan = executor.plan().clone();
            let Some(named) = plan.inputs.iter().find(|input| *input.name == **name) else { continue };
            match (array.data(), plan.values[named.value.index()].index) {
                (Data::Index(values), true) => executor.write::<i64>(named.value).copy_from_slice(values),
                (Data::Real(values), true) => {
                    executor.write::<i64>(named.value).iter_mut().zip(values).for_each(|(to, x)| *to = *x as i64);
                }
                (_, false) => executor.set_reals(named.value, &array.to_reals()),
            }
        }
        executor.run(draw);
        Ok(())
    }

    /// The number of the step, on which operations that draw numbers depend.
    pub fn set_step(&mut self, step: u64) {
        self.step = step;
    }

    /// An output of the last run, or `loss`.
    #[must_use]
    pub fn output(&self, name: &str) -> Option<Array> {
        let (_, executor) = self.executors.get(self.current)?;
        let plan = executor.plan();
        let loss = plan.loss.as_ref().filter(|loss| *loss.name == *name);
        let named = plan.outputs.iter().find(|output| *output.name == *name).or(loss)?;
        let values = executor.reals(named.value);
        match plan.values[named.value.index()].index {
            true => Array::index(named.shape, values.into_iter().map(|x| x as i64).collect()).ok(),
            false => Array::real(named.shape, values).ok(),
        }
    }

    /// A gradient of the last run, where the session was made [`with_gradients`](Session::with_gradients).
    #[must_use]
    pub fn gradient(&self, name: &str) -> Option<Array> {
        self.output(&gradient_name(name))
    }

    /// The value of a parameter.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<Array> {
        let (shape, values) = self.parameters.get(name)?;
        let current = self.executors.get(self.current).and_then(|(_, executor)| {
            let named = executor.plan().parameters.iter().find(|p| *p.name == *name)?;
            Some(executor.reals(named.value))
        });
        Array::real(*shape, current.unwrap_or_else(|| values.clone())).ok()
    }

    /// Sets a parameter.
    ///
    /// # Errors
    /// A parameter that the model does not have, or another shape than it has.
    pub fn set_parameter(&mut self, name: &str, value: &Array) -> Result<(), ExecError> {
        self.collect();
        let Some((shape, values)) = self.parameters.get_mut(name) else {
            let help = "name one that it has";
            return Err(ExecError::new(format!("the model has no parameter `{name}`"), help));
        };
        if *shape != value.shape() {
            let message = format!("parameter `{name}` is {shape} and is given {}", value.shape());
            return Err(ExecError::new(message, format!("give an array of shape {shape}")));
        }
        *values = value.to_reals();
        self.current = usize::MAX;
        Ok(())
    }
}

impl Session {
    /// A session on `graph` with, besides its outputs, the gradients of `of`, for [`gradient`](Session::gradient) to read.
    ///
    /// # Errors
    /// As [`grad`] and [`Session::new`].
    pub fn with_gradients(
        graph: Graph,
        of: NodeId,
        wrt: &[(String, NodeId)],
        upstream: Option<NodeId>,
        options: Options,
    ) -> Result<Session, ExecError> {
        let mut b = graphrun_graph::Builder::from_graph(graph);
        let ids: Vec<NodeId> = wrt.iter().map(|(_, id)| *id).collect();
        let gradients = grad(&mut b, of, &ids, upstream).map_err(|e| ExecError::new(e.to_string(), REAL))?;
        for ((name, _), id) in wrt.iter().zip(gradients) {
            b.output(&gradient_name(name), id);
        }
        Session::new(b.finish(), options)
    }
}

/// What a gradient is called among the outputs: no name of a node holds a blank.
fn gradient_name(name: &str) -> String {
    format!("gradient by {name}")
}
