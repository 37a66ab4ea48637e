//! Passes over graphs: each gives a graph that computes the same with less.

use std::collections::HashMap;

use graphrun_expr::{Binary, Expr, ExprKind};
use graphrun_graph::{Builder, Form, Graph, Leaf, NodeId, Parameter, Reduce, Sizes, TypeError, moderate, verify};

use crate::PlanError;

/// A rewriting of graphs by name.
#[derive(Clone, Copy, Debug)]
pub struct Pass {
    /// What it is called on the command line.
    pub name: &'static str,
    /// What it does, in one line.
    pub summary: &'static str,
    rewrite: fn(&mut Rewrite<'_>, NodeId) -> Result<NodeId, TypeError>,
}

/// All passes, in the order in which they run.
pub const PASSES: &[Pass] = &[
    Pass { name: "dead", summary: "drops what no output, loss or update needs", rewrite: |r, id| r.same(id) },
    Pass {
        name: "stable",
        summary: "takes logarithms of exponents, not of exponentials",
        rewrite: |r, id| r.stable(id),
    },
    Pass { name: "constants", summary: "folds constants into expressions", rewrite: |r, id| r.constants(id) },
    Pass { name: "scale", summary: "moves the factor of a sum into what it adds up", rewrite: |r, id| r.scale(id) },
    Pass { name: "factors", summary: "takes what a softmax divides by out of sums", rewrite: |r, id| r.factors(id) },
    Pass { name: "sums", summary: "sums rows before it sums over them", rewrite: |r, id| r.sums(id) },
    Pass {
        name: "algebra",
        summary: "drops sums, reshapes and broadcasts that do nothing",
        rewrite: |r, id| r.algebra(id),
    },
];

impl Pass {
    /// The rewritten graph, verified.
    ///
    /// # Errors
    /// When the rewriting is wrong: a defect of the pass.
    pub fn run(&self, graph: &Graph) -> Result<Graph, PlanError> {
        let rewritten = rewrite(graph, self.rewrite).map_err(|e| self.defect(&e))?;
        verify(&rewritten).map_err(|e| self.defect(&e))?;
        Ok(rewritten)
    }

    fn defect(&self, error: &TypeError) -> PlanError {
        PlanError::new(format!("pass `{}`: {error}", self.name))
    }
}

/// The graph after all passes.
///
/// # Errors
/// When a pass is wrong.
pub fn simplify(graph: &Graph) -> Result<Graph, PlanError> {
    PASSES.iter().try_fold(graph.clone(), |graph, pass| pass.run(&graph))
}

/// A graph that is being built anew from another.
struct Rewrite<'g> {
    from: &'g Graph,
    b: Builder,
    new: HashMap<NodeId, NodeId>,
    /// How often each node of the old graph is read, by nodes and from outside.
    uses: Vec<usize>,
}

fn rewrite(graph: &Graph, rule: fn(&mut Rewrite<'_>, NodeId) -> Result<NodeId, TypeError>) -> Result<Graph, TypeError> {
    let needed = graph.reachable();
    let mut r = Rewrite { from: graph, b: Builder::new(), new: HashMap::new(), uses: uses(graph, &needed) };
    let parameters: HashMap<NodeId, &Parameter> = graph.parameters().iter().map(|p| (p.node, p)).collect();
    for (id, node) in graph.ids() {
        let new = match node.op.form() {
            Form::Leaf(Leaf::Input(name)) => r.b.input(&name, node.ty.clone())?,
            // A parameter that the graph only mentions is whoever runs the plan's to fill.
            Form::Leaf(Leaf::Parameter(name)) => match parameters.get(&id) {
                Some(p) => r.b.parameter(&name, node.ty.shape.clone(), p.init.clone(), p.trainable)?,
                None => r.same(id)?,
            },
            _ if !needed[id.index()] => continue,
            _ => rule(&mut r, id)?,
        };
        r.new.insert(id, new);
    }
    for (name, id) in graph.names() {
        if let Some(&new) = r.new.get(id)
            && r.b.graph().find(name).is_none()
        {
            r.b.name(name.clone(), new)?;
        }
    }
    let map = |id: &NodeId| r.new[id];
    let outputs = graph.outputs.iter().map(|(name, id)| (name.clone(), map(id))).collect();
    let updates = graph.updates.iter().map(|(p, v)| (map(p), map(v))).collect();
    let (loss, sizes): (Option<NodeId>, Sizes) = (graph.loss.as_ref().map(map), graph.sizes.clone());
    let mut built = r.b.finish();
    (built.outputs, built.updates, built.loss, built.sizes) = (outputs, updates, loss, sizes);
    Ok(built)
}

fn uses(graph: &Graph, needed: &[bool]) -> Vec<usize> {
    let mut uses = vec![0; needed.len()];
    let inside = graph.ids().filter(|(id, _)| needed[id.index()]).flat_map(|(_, node)| node.inputs.iter().copied());
    let outside = graph.outputs.iter().map(|(_, id)| *id).chain(graph.loss);
    let updates = graph.updates.iter().flat_map(|(p, v)| [*p, *v]);
    inside.chain(outside).chain(updates).for_each(|id| uses[id.index()] += 1);
    uses
}

impl Rewrite<'_> {
    /// What stands now for the inputs of a node of the old graph.
    fn inputs(&self, id: NodeId) -> Vec<NodeId> {
        self.from.node(id).inputs.iter().map(|i| self.new[i]).collect()
    }

    fn same(&mut self, id: NodeId) -> Result<NodeId, TypeError> {
        let inputs = self.inputs(id);
        let op = self.from.node(id).op.clone();
        self.b.set_scope(None);
        self.b.node_arc(op, &inputs)
    }

    /// Logarithms and quotients of exponentials get the form that stays finite.
    fn stable(&mut self, id: NodeId) -> Result<NodeId, TypeError> {
        let inputs = self.inputs(id);
        self.b.set_scope(None);
        graphrun_graph::stable(&mut self.b, &self.from.node(id).op, &inputs, &|_| false)
    }

    /// A scalar expression whose operands are constants becomes shorter, or a constant itself.
    fn constants(&mut self, id: NodeId) -> Result<NodeId, TypeError> {
        let inputs = self.inputs(id);
        let Form::Pointwise(expr) = self.from.node(id).op.form() else { return self.same(id) };
        let value = |id: &NodeId| match self.b.graph().node(*id).op.form() {
            Form::Leaf(Leaf::Constant(value)) => Some(Expr::constant(value)),
            _ => None,
        };
        let known: Vec<Option<Expr>> = inputs.iter().map(value).collect();
        if known.iter().all(Option::is_none) {
            return self.same(id);
        }
        let operands: Vec<Expr> = known.into_iter().enumerate().map(|(k, c)| c.unwrap_or(Expr::var(k))).collect();
        let simple = self.b.pointwise(&expr.substitute(&operands).simplify(), &inputs)?;
        self.b.broadcast(simple, &self.from.ty(id).shape)
    }

    /// `c sum(x)` is `sum(c x)` where nothing else needs the sum: the factor costs nothing in the kernel that makes `x`.
    /// An infinite factor stays outside: a mean over nothing is 0/0, but a sum of no quotients would be 0.
    fn scale(&mut self, id: NodeId) -> Result<NodeId, TypeError> {
        let node = self.from.node(id);
        let (Form::Pointwise(expr), [sum]) = (node.op.form(), &node.inputs[..]) else { return self.same(id) };
        let ExprKind::Binary(op, a, b) = expr.kind() else { return self.same(id) };
        let is_sum = |e: &Expr| matches!(e.kind(), ExprKind::Var(_));
        let factor = match op {
            Binary::Mul if is_sum(a) => b.as_constant(),
            Binary::Mul if is_sum(b) => a.as_constant(),
            Binary::Div if is_sum(a) => b.as_constant().map(f64::recip),
            _ => None,
        };
        let scales = factor.is_some_and(f64::is_finite);
        let Form::Reduce { with: Reduce::Sum, axes, keep } = self.from.node(*sum).op.form() else {
            return self.same(id);
        };
        if !scales || self.uses[sum.index()] != 1 || self.from.ty(*sum).shape != node.ty.shape {
            return self.same(id);
        }
        let x = self.new[&self.from.node(*sum).inputs[0]];
        let scaled = self.b.pointwise(&expr, &[x])?;
        self.b.sum(scaled, &axes, keep)
    }

    /// `sum(f x)` is `f sum(x)` where `f` does not vary along the axes of the sum, and nothing else needs the product: one
    /// factor for each sum instead of each term. Only what is neither huge nor tiny is taken out, such as the sum that a
    /// softmax divides by: beside another factor the sum may leave the numbers where the terms do not. Constants stay, as
    /// `scale` has them.
    fn factors(&mut self, id: NodeId) -> Result<NodeId, TypeError> {
        let Form::Reduce { with: Reduce::Sum, axes, .. } = self.from.node(id).op.form() else { return self.same(id) };
        let product = self.from.node(id).inputs[0];
        let Form::Pointwise(expr) = self.from.node(product).op.form() else { return self.same(id) };
        if self.uses[product.index()] != 1 {
            return self.same(id);
        }
        let (inputs, shape) = (self.inputs(product), self.from.ty(product).shape.clone());
        let mut stays = |factor: &Expr| {
            let along = |k: usize| {
                let own = &self.b.ty(inputs[k]).shape;
                let missing = shape.len() - own.len();
                axes.iter().any(|&axis| axis >= missing && own[axis - missing].known() != Some(1))
            };
            factor.as_constant().is_some()
                || (0..factor.variables()).any(|k| factor.uses(k) && along(k))
                || !moderate(&mut self.b, factor, &inputs)
        };
        let (over, under) = expr.factors();
        let ((terms, outside), (divisors, under)): ((Vec<_>, Vec<_>), (Vec<_>, Vec<_>)) =
            (over.into_iter().partition(&mut stays), under.into_iter().partition(stays));
        if outside.is_empty() && under.is_empty() {
            return self.same(id);
        }
        let quotient = |over: Vec<Expr>, under: Vec<Expr>| {
            let over = over.into_iter().fold(Expr::constant(1.0), |a, b| a * b);
            under.into_iter().fold(over, |a, b| a / b).simplify()
        };
        let terms = self.b.pointwise(&quotient(terms, divisors), &inputs)?;
        if self.b.ty(terms).shape != shape {
            return self.same(id);
        }
        let total = self.b.sum(terms, &axes, true)?;
        let factor = self.b.pointwise(&quotient(outside, under), &inputs)?;
        let scaled = self.b.mul(&[factor, total])?;
        self.b.reshape(scaled, &self.from.ty(id).shape)
    }

    /// A sum over leading and trailing axes, with others between, is a sum of the sums of rows: each of the two goes
    /// into the kernel that makes what it adds up.
    fn sums(&mut self, id: NodeId) -> Result<NodeId, TypeError> {
        let Form::Reduce { with: Reduce::Sum, axes, .. } = self.from.node(id).op.form() else { return self.same(id) };
        let x = self.inputs(id)[0];
        let rank = self.b.ty(x).rank();
        let leading = axes.iter().enumerate().take_while(|&(k, &axis)| axis == k).count();
        let trailing = axes.iter().rev().enumerate().take_while(|&(k, &axis)| axis + 1 + k == rank).count();
        if leading == 0 || trailing == 0 || leading + trailing != axes.len() {
            return self.same(id);
        }
        let rows = self.b.sum(x, &axes[leading..], false)?;
        let all = self.b.sum(rows, &axes[..leading], false)?;
        self.b.reshape(all, &self.from.ty(id).shape)
    }

    /// Sums over axes of size 1, reshapes and broadcasts to the same shape, and chains of them, go; what is
    /// computed of one broadcast value alone is computed before it is broadcast.
    fn algebra(&mut self, id: NodeId) -> Result<NodeId, TypeError> {
        let inputs = self.inputs(id);
        let shape = self.from.ty(id).shape.clone();
        match self.from.node(id).op.form() {
            Form::Reshape | Form::Broadcast if self.b.ty(inputs[0]).shape == shape => Ok(inputs[0]),
            Form::Reshape => {
                let mut x = inputs[0];
                while matches!(self.b.graph().node(x).op.form(), Form::Reshape) {
                    x = self.b.graph().node(x).inputs[0];
                }
                self.b.reshape(x, &shape)
            }
            Form::Pointwise(expr) if inputs.len() == 1 => {
                let input = self.b.graph().node(inputs[0]);
                let source = matches!(input.op.form(), Form::Broadcast).then(|| input.inputs[0]);
                let Some(source) = source else { return self.same(id) };
                let small = self.b.pointwise(&expr, &[source])?;
                self.b.broadcast(small, &shape)
            }
            Form::Reduce { axes, .. } => {
                let x = self.b.ty(inputs[0]);
                let single = axes.iter().all(|&a| x.shape[a].known() == Some(1));
                if single { self.b.reshape(inputs[0], &shape) } else { self.same(id) }
            }
            _ => self.same(id),
        }
    }
}
