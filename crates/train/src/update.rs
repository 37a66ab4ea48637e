//! From the graph of a loss to the graph of a training step: gradients, their shaping, the optimiser.

use std::sync::Arc;

use graphrun_expr::Expr;
use graphrun_graph::{Builder, GradError, Graph, NodeId, Parameter, Type, grad};

use crate::optimizer::Zeros;
use crate::spec::{Shaping, TrainSpec};

/// The inputs of a step's graph beside those of the model: the rate, then the optimiser's factors.
pub(crate) const RATE: &str = "train.rate";

/// The name of the `k`-th factor's input.
pub(crate) fn factor_name(k: usize) -> String {
    format!("train.factor_{k}")
}

/// What a step of training is, as graphs.
#[derive(Clone, Debug)]
pub struct StepGraphs {
    /// Forward, backward and update in one.
    pub step: Graph,
    /// Forward and backward, adding to the gradients kept so far, for batches that make no step of their own.
    pub gather: Option<Graph>,
}

/// Builds the graphs of a step for a model in its training phase. Their outputs are the loss and the nodes
/// that metrics look at; parameters, the optimiser's states and running statistics are updated.
///
/// # Errors
/// When the loss cannot be differentiated, or no parameter is left to train.
pub fn step_graphs(graph: &Graph, spec: &TrainSpec) -> Result<StepGraphs, GradError> {
    let loss = graph.loss.ok_or_else(|| GradError::new("the model has no loss"))?;
    let trained: Vec<Parameter> = graph
        .parameters()
        .iter()
        .filter(|p| spec.settings_of(&p.name).trainable.unwrap_or(p.trainable))
        .cloned()
        .collect();
    if trained.is_empty() {
        return Err(GradError::new("the model has no parameter to train"));
    }
    let mut b = Builder::from_graph(graph.clone());
    let wrt: Vec<NodeId> = trained.iter().map(|p| p.node).collect();
    let gradients = grad(&mut b, loss, &wrt, None)?;
    let mut gradients = penalise(&mut b, &trained, gradients, &spec.shaping)?;
    b.graph_mut().outputs = outputs(graph, loss, spec);

    let mut gather = None;
    if spec.shaping.accumulate > 1 {
        let (sums, graph) = accumulate(&mut b, &trained, &mut gradients, spec.shaping.accumulate)?;
        gather = Some(graph);
        let zero = b.constant(0.0)?;
        for sum in sums {
            let shape = b.ty(sum).shape.clone();
            let zeros = b.broadcast(zero, &shape)?;
            b.graph_mut().updates.push((sum, zeros));
        }
    }
    let gradients = clip(&mut b, gradients, &spec.shaping)?;
    let mut scalars = vec![b.input(RATE, Type::real(Vec::new()))?];
    for k in 0..spec.optimizer.factors() {
        scalars.push(b.input(&factor_name(k), Type::real(Vec::new()))?);
    }
    for (parameter, gradient) in trained.iter().zip(gradients) {
        let own = spec.settings_of(&parameter.name);
        let mut options = spec.optimizer.options().clone();
        if let Some(decay) = own.decay {
            options.set("decay", decay);
        }
        let mut scalars = scalars.clone();
        if let Some(rate) = own.rate {
            let factor = Expr::constant(rate) * Expr::var(0);
            scalars[0] = b.pointwise(&factor, &scalars[..1])?;
        }
        let updates = spec.optimizer.emit(&mut b, parameter, gradient, &scalars, &options)?;
        b.graph_mut().updates.extend(updates);
    }
    Ok(StepGraphs { step: b.finish(), gather })
}

/// The loss, then every node that a metric looks at, each once.
pub(crate) fn outputs(graph: &Graph, loss: NodeId, spec: &TrainSpec) -> Vec<(String, NodeId)> {
    let mut outputs = vec![("loss".to_string(), loss)];
    for name in spec.metrics.iter().flat_map(|m| &m.nodes) {
        if let Some(id) = graph.find(name)
            && outputs[1..].iter().all(|(n, _)| n != name)
        {
            outputs.push((name.clone(), id));
        }
    }
    outputs
}

/// Adds the gradients of the penalties.
fn penalise(
    b: &mut Builder,
    trained: &[Parameter],
    gradients: Vec<NodeId>,
    shaping: &Shaping,
) -> Result<Vec<NodeId>, GradError> {
    let (g, w) = (Expr::var(0), Expr::var(1));
    let mut total = g;
    if shaping.l1 > 0.0 {
        let sign = Expr::unary(graphrun_expr::Func::Sign, w.clone());
        total = total + Expr::constant(shaping.l1) * sign;
    }
    if shaping.l2 > 0.0 {
        total = total + Expr::constant(2.0 * shaping.l2) * w;
    }
    let pairs = gradients.into_iter().zip(trained);
    pairs.map(|(g, parameter)| Ok(b.pointwise(&total, &[g, parameter.node])?)).collect()
}

/// Declares a sum for every gradient; the gradients become means over `count` batches. Gives the sums
/// and the graph that only adds to them.
fn accumulate(
    b: &mut Builder,
    trained: &[Parameter],
    gradients: &mut [NodeId],
    count: u64,
) -> Result<(Vec<NodeId>, Graph), GradError> {
    let mut sums = Vec::new();
    let mut totals = Vec::new();
    for (parameter, gradient) in trained.iter().zip(gradients.iter_mut()) {
        let shape = b.ty(parameter.node).shape.clone();
        let sum = b.parameter(&format!("{}/accumulated", parameter.name), shape, Arc::new(Zeros), false)?;
        let total = b.add(&[sum, *gradient])?;
        let mean = Expr::var(0) * Expr::constant(1.0 / count as f64);
        *gradient = b.pointwise(&mean, &[total])?;
        sums.push(sum);
        totals.push(total);
    }
    let mut gather = b.graph().clone();
    gather.updates.extend(sums.iter().copied().zip(totals));
    Ok((sums, gather))
}

/// Bounds the elements of the gradients, then their common norm.
fn clip(b: &mut Builder, mut gradients: Vec<NodeId>, shaping: &Shaping) -> Result<Vec<NodeId>, GradError> {
    use graphrun_expr::{Binary, Func};
    if let Some(bound) = shaping.clip_value {
        let low = Expr::binary(Binary::Max, Expr::var(0), Expr::constant(-bound));
        let bounded = Expr::binary(Binary::Min, low, Expr::constant(bound));
        for g in &mut gradients {
            *g = b.pointwise(&bounded, &[*g])?;
        }
    }
    if let Some(bound) = shaping.clip_norm {
        let mut squares = Vec::new();
        for &g in &gradients {
            let square = b.pointwise(&Expr::unary(Func::Square, Expr::var(0)), &[g])?;
            let axes: Vec<usize> = (0..b.ty(g).rank()).collect();
            squares.push(b.sum(square, &axes, false)?);
        }
        let total = b.add(&squares)?;
        let norm = Expr::unary(Func::Sqrt, Expr::var(0));
        let above = Expr::binary(Binary::Greater, norm.clone(), Expr::constant(bound));
        let share = Expr::select(above, Expr::constant(bound) / norm, Expr::constant(1.0));
        let share = b.pointwise(&share, &[total])?;
        for g in &mut gradients {
            *g = b.mul(&[*g, share])?;
        }
    }
    Ok(gradients)
}
