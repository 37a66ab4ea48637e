//! The check of a graph: its own gradient graph against numeric derivatives of its value.

use std::cell::RefCell;
use std::fmt;

use graphrun_exec::Array;
use graphrun_graph::{Builder, GradError, Graph, NodeId, Type, TypeError, grad};
use graphrun_tensor::Dtype;

use crate::array::{Values, reals, set};
use crate::engine::{Engine, Program, sizes_of};
use crate::kink::{Inside, Learnt};
use crate::options::Options;
use crate::probe::Aid;
use crate::report::{Entry, Report};
use crate::tensor::check_tensor;
use crate::varied::{Varied, scalar};

/// What is checked: the gradient of nodes with respect to inputs and parameters, at some values.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The graph.
    pub graph: Graph,
    /// The nodes whose gradient is taken, each with the gradient from above: of that node's shape, or a scalar for all of it.
    pub of: Vec<(NodeId, Array)>,
    /// The names of the inputs and parameters that it is taken with respect to.
    pub wrt: Vec<String>,
    /// The values of all inputs and parameters.
    pub values: Values,
}

/// Why a check could not be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckError {
    /// What is wrong, in words.
    pub message: String,
}

impl CheckError {
    pub(crate) fn new(message: impl Into<String>) -> CheckError {
        CheckError { message: message.into() }
    }
}

impl fmt::Display for CheckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for CheckError {}

impl From<String> for CheckError {
    fn from(message: String) -> CheckError {
        CheckError { message }
    }
}

impl From<GradError> for CheckError {
    fn from(error: GradError) -> CheckError {
        CheckError { message: error.message }
    }
}

impl From<TypeError> for CheckError {
    fn from(error: TypeError) -> CheckError {
        CheckError { message: error.message }
    }
}

/// A problem taken apart: one graph for the scalar, one for its gradients, and values that feed both.
#[derive(Clone, Debug)]
pub(crate) struct Pair {
    /// Its one output is the scalar.
    pub(crate) forward: Graph,
    /// Its outputs are the gradients with respect to `wrt`, in order.
    pub(crate) backward: Graph,
    /// How many nodes the two have in common, before those of the gradient.
    pub(crate) shared: usize,
    pub(crate) wrt: Vec<String>,
    pub(crate) values: Values,
    /// Whether the scalar is itself made of gradients.
    pub(crate) second: bool,
    /// The inputs that feed the gradients from above.
    pub(crate) cotangents: Vec<String>,
}

impl Problem {
    /// The gradient of one scalar node with respect to every real input and trainable parameter.
    pub fn new(graph: &Graph, of: NodeId, values: &Values) -> Problem {
        let chosen = graph.differentiable_leaves();
        let wrt = leaves(graph).into_iter().filter(|(_, id)| chosen.contains(id)).map(|(name, _)| name).collect();
        Problem { graph: graph.clone(), of: vec![(of, Array::scalar(1.0))], wrt, values: values.clone() }
    }

    /// The sum of a formula over vectors of one length, for tests.
    #[cfg(test)]
    pub(crate) fn of_formula(formula: &str, inputs: &[(&str, &[f64])]) -> Problem {
        let names: Vec<&str> = inputs.iter().map(|(name, _)| *name).collect();
        let mut b = Builder::new();
        let input = |(name, x): &(&str, &[f64])| b.input(name, Type::real(vec![x.len().into()])).unwrap();
        let ids: Vec<NodeId> = inputs.iter().map(input).collect();
        let of = b.pointwise(&graphrun_expr::Expr::parse(formula, &names, &()).unwrap(), &ids).unwrap();
        let values = inputs.iter().map(|(name, x)| ((*name).to_owned(), crate::array::vector(x)));
        Problem::new(&b.finish(), of, &values.collect())
    }

    /// Emits the scalar, which is the sum of all `of` weighted by what comes from above, and its gradients.
    pub(crate) fn pair(&self) -> Result<Pair, CheckError> {
        let mut b = Builder::from_graph(self.graph.clone());
        let mut values = self.values.clone();
        let (mut terms, mut cotangents) = (vec![], vec![]);
        for (k, (of, upstream)) in self.of.iter().enumerate() {
            let mut name = format!("upstream{k}");
            while b.graph().find(&name).is_some() {
                name.push('_');
            }
            let ty = b.ty(*of).clone();
            if !ty.is_real() {
                let node = self.graph.describe(*of);
                return Err(CheckError::new(format!("{node} holds integers, and has no gradient")));
            }
            let shape = ty.shape;
            let seed = b.input(&name, Type::real(if upstream.shape().rank() == 0 { vec![] } else { shape.clone() }))?;
            let product = b.mul(&[*of, seed])?;
            terms.push(b.sum(product, &(0..shape.len()).collect::<Vec<_>>(), false)?);
            values.insert(name.clone(), upstream.clone());
            cotangents.push(name);
        }
        if terms.is_empty() {
            return Err(CheckError::new("no node is named whose gradient could be taken"));
        }
        let scalar = b.add(&terms)?;
        b.graph_mut().updates.clear();
        b.graph_mut().loss = None;
        b.graph_mut().outputs = vec![("value".to_owned(), scalar)];
        let forward = b.graph().clone();
        let backward = gradients(b, scalar, &self.wrt)?;
        let shared = forward.nodes().len();
        Ok(Pair { forward, backward, shared, wrt: self.wrt.clone(), values, second: false, cotangents })
    }
}

/// The graph whose outputs are the gradients of `of` with respect to the leaves named `wrt`, in order.
///
/// # Errors
/// A leaf that there is not, or an operation without a gradient.
pub(crate) fn gradients(mut b: Builder, of: NodeId, wrt: &[String]) -> Result<Graph, CheckError> {
    let ids = wrt.iter().map(|name| leaf(b.graph(), name)).collect::<Result<Vec<_>, _>>()?;
    let gradients = grad(&mut b, of, &ids, None)?;
    let mut graph = b.finish();
    graph.outputs = wrt.iter().map(|name| format!("grad.{name}")).zip(gradients).collect();
    Ok(graph)
}

/// Every input and parameter with its node, by name.
pub(crate) fn leaves(graph: &Graph) -> Vec<(String, NodeId)> {
    let inputs = graph.inputs().iter().map(|(name, id)| (name.to_string(), *id));
    inputs.chain(graph.parameters().iter().map(|p| (p.name.to_string(), p.node))).collect()
}

pub(crate) fn leaf(graph: &Graph, name: &str) -> Result<NodeId, CheckError> {
    let found = leaves(graph).into_iter().find(|(leaf, _)| leaf == name);
    let error = || CheckError::new(format!("`{name}` is no input or parameter, and only those can be varied"));
    let (_, id) = found.ok_or_else(error)?;
    match graph.ty(id).is_real() {
        true => Ok(id),
        false => Err(CheckError::new(format!("`{name}` holds integers, and has no gradient"))),
    }
}

/// Checks the gradient graph of a problem, one entry an input or parameter.
///
/// `engine` runs both the graph and its gradient, in double precision.
///
/// # Errors
/// A value that is missing or does not fit, a name that cannot be varied, or an operation without a gradient.
pub fn check_graph(problem: &Problem, engine: &dyn Engine, options: &Options<'_>) -> Result<Report, CheckError> {
    let pair = problem.pair()?;
    let sizes = sizes_of(&pair.backward, &pair.values)?;
    let gradients = engine.prepare(&pair.backward, &sizes, Dtype::F64)?.run(&pair.values)?;
    check_pair(&pair, &gradients, [engine, engine], options, false)
}

/// A problem as a plain function of all that is varied, laid out in one row: for [`curve`](crate::curve()) and other
/// tools that know nothing of graphs.
pub struct Flat {
    /// The values of everything varied, in the order of the problem.
    pub x: Vec<f64>,
    /// The gradient graph's result there.
    pub gradient: Vec<f64>,
    program: RefCell<Box<dyn Program>>,
    values: RefCell<Values>,
    wrt: Vec<String>,
}

impl Flat {
    /// Lays a problem out.
    ///
    /// # Errors
    /// As [`check_graph`].
    pub fn new(problem: &Problem, engine: &dyn Engine) -> Result<Flat, CheckError> {
        let pair = problem.pair()?;
        let sizes = sizes_of(&pair.backward, &pair.values)?;
        let Varied { program, values, .. } = pair.varied(engine)?;
        let gradients = engine.prepare(&pair.backward, &sizes, Dtype::F64)?.run(&pair.values)?;
        let x = pair.wrt.iter().flat_map(|name| reals(&pair.values[name])).copied().collect();
        let gradient = gradients.iter().flat_map(reals).copied().collect();
        Ok(Flat { x, gradient, program: RefCell::new(program), values: RefCell::new(values), wrt: pair.wrt })
    }

    /// The value at another point; NaN where it cannot be had.
    pub fn value(&self, x: &[f64]) -> f64 {
        let mut values = self.values.borrow_mut();
        let mut rest = x;
        for name in &self.wrt {
            let (own, others) = rest.split_at(reals(&values[name]).len().min(rest.len()));
            set(&mut values, name, own);
            rest = others;
        }
        scalar(self.program.borrow_mut().run(&values))
    }
}

/// Checks `gradients`, which the second engine computed, against the scalar that the first computes.
///
/// Where kinks inside the graph meet, the gradient need not be one of the whole function. At a kink of the function
/// such an entry is one at a kink; at a smooth point it fails, or is inconclusive when the check is `lenient`.
pub(crate) fn check_pair(
    pair: &Pair,
    gradients: &[Array],
    [forward, backward]: [&dyn Engine; 2],
    options: &Options<'_>,
    lenient: bool,
) -> Result<Report, CheckError> {
    let mut varied = pair.varied(forward)?;
    let learnt = Learnt::default();
    let mut entries: Vec<Entry> = Vec::with_capacity(pair.wrt.len());
    for (position, (name, gradient)) in pair.wrt.iter().zip(gradients).enumerate() {
        let x = reals(&pair.values[name]).to_vec();
        let mut f = |point: &[f64]| varied.at(name, point);
        let gradient = reals(gradient);
        let inside = Inside { pair, position, gradient, forward, backward, options, lenient, learnt: &learnt };
        let aid = Aid { insight: Some(&inside), lenient };
        entries.push(check_tensor(name, &mut f, &x, gradient, options, aid));
    }
    Ok(Report::new(entries))
}

/// The gradients, and the greatest finite number among all nodes of the gradient graph.
pub(crate) fn run_all(pair: &Pair, engine: &dyn Engine) -> Result<(Vec<Array>, f64), CheckError> {
    let mut all = with_every_node(&pair.backward);
    let sizes = sizes_of(&all, &pair.values)?;
    all.outputs.splice(0..0, pair.backward.outputs.iter().cloned());
    let mut gradients = engine.prepare(&all, &sizes, Dtype::F64)?.run(&pair.values)?;
    let others = gradients.split_off(pair.wrt.len());
    Ok((gradients, largest(&others)))
}

/// The greatest finite number among all nodes that a graph's outputs are made of.
pub(crate) fn greatest(graph: &Graph, values: &Values, engine: &dyn Engine) -> Result<f64, CheckError> {
    let sizes = sizes_of(graph, values)?;
    let values = engine.prepare(&with_every_node(graph), &sizes, Dtype::F64)?.run(values)?;
    Ok(largest(&values))
}

/// The graph with every real node that its outputs are made of as an output.
fn with_every_node(graph: &Graph) -> Graph {
    let reached = graph.reachable();
    let real = graph.ids().filter(|(id, node)| reached[id.index()] && node.ty.is_real());
    let mut all = graph.clone();
    all.outputs = real.map(|(id, _)| (id.index().to_string(), id)).collect();
    all
}

fn largest(arrays: &[Array]) -> f64 {
    arrays.iter().flat_map(reals).filter(|v| v.is_finite()).fold(0.0, |m: f64, v| m.max(v.abs()))
}
