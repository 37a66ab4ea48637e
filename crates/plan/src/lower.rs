//! From nodes and groups to kernels over values.

use std::collections::HashMap;
use std::sync::Arc;

use graphrun_expr::{Expr, Input, Output, Program, Spec, Value as Step};
use graphrun_graph::{Form, Kind, Leaf, NodeId, Reduce};
use graphrun_tensor::Shape;

use crate::concrete::Concrete;
use crate::extent::{Extent, extent};
use crate::fuse::{Class, Group, Groups, is_leaf};
use crate::kernel::{Bind, Kernel, Operand, Part, Product, Value, ValueId, Work};

/// The elements from which on an array that no kernel reads is written past the caches.
const STREAMED: usize = 1 << 19;

/// The kernels of a graph, not yet ordered into stages.
#[derive(Debug)]
pub(crate) struct Lowered {
    pub(crate) values: Vec<Value>,
    pub(crate) kernels: Vec<Kernel>,
    /// The value of every node that has memory.
    pub(crate) of: HashMap<NodeId, ValueId>,
    /// What the kernels that are tile programs were compiled from, by their place.
    pub(crate) specs: HashMap<usize, Spec>,
}

struct Lowering<'a, 'c, 'g> {
    concrete: &'c Concrete<'g>,
    groups: &'a Groups<'c, 'g>,
    out: Lowered,
    /// Nodes that some other kernel, an output or an update reads.
    stored: Vec<bool>,
    /// Those that some kernel or an update reads.
    read: Vec<bool>,
}

pub(crate) fn lower<'c>(concrete: &'c Concrete<'_>, groups: &Groups<'c, '_>) -> Lowered {
    let out = Lowered { values: Vec::new(), kernels: Vec::new(), of: HashMap::new(), specs: HashMap::new() };
    let (stored, read) = stored(concrete, groups);
    let mut lowering = Lowering { concrete, groups, out, stored, read };
    for (id, _) in concrete.graph.ids() {
        if is_leaf(concrete.form(id)) {
            lowering.value(id);
        }
    }
    for (id, _) in concrete.graph.ids().filter(|(id, _)| concrete.needed[id.index()]) {
        match groups.of[id.index()] {
            Some((g, _)) if groups.groups[g].members.last() == Some(&id) => lowering.group(&groups.groups[g]),
            Some(_) => {}
            None if lowering.stored[id.index()] => lowering.single(id),
            None => {}
        }
    }
    lowering.out
}

/// Which nodes need memory: what another kernel reads, and what the graph is asked for; and which of them are read.
fn stored(concrete: &Concrete<'_>, groups: &Groups<'_, '_>) -> (Vec<bool>, Vec<bool>) {
    let mut stored = vec![false; concrete.shapes.len()];
    let graph = concrete.graph;
    let mut read = stored.clone();
    for id in graph.outputs.iter().map(|(_, id)| *id).chain(graph.loss) {
        stored[concrete.root(id).index()] = true;
    }
    for (_, value) in &graph.updates {
        stored[concrete.root(*value).index()] = true;
        read[concrete.root(*value).index()] = true;
    }
    for (id, _) in graph.ids().rev().filter(|(id, _)| concrete.needed[id.index()]) {
        let group = groups.of[id.index()].map(|(g, _)| g);
        if group.is_none() && !stored[id.index()] {
            continue;
        }
        if matches!(concrete.form(id), Form::Reshape) && group.is_none() {
            continue;
        }
        for &input in concrete.inputs(id) {
            let operand = match group {
                Some(_) => groups.operand(id, input),
                None => concrete.root(input),
            };
            let inside = groups.of[operand.index()].map(|(g, _)| g);
            let inlined =
                group.is_some() && matches!(concrete.form(id), Form::Pointwise(_)) && concrete.uniform(input).is_some();
            if !inlined && (group.is_none() || inside != group) {
                stored[operand.index()] = true;
                read[operand.index()] = true;
            }
        }
    }
    (stored, read)
}

impl Lowering<'_, '_, '_> {
    /// The value in which a node's memory lies.
    fn value(&mut self, id: NodeId) -> ValueId {
        let root = self.concrete.root(id);
        if let Some(&value) = self.out.of.get(&root) {
            return value;
        }
        let index = matches!(self.concrete.graph.ty(root).kind, Kind::Index { .. });
        let value = self.out.new_value(self.concrete.shape(root), index);
        self.out.of.insert(root, value);
        value
    }

    fn operand(&mut self, id: NodeId, part: Part) -> Operand {
        Operand { value: self.value(id), shape: self.concrete.shape(id), part }
    }

    /// The kernel of a node that stands alone.
    fn single(&mut self, id: NodeId) {
        let concrete = self.concrete;
        let (mut inputs, shape) = (concrete.inputs(id).to_vec(), concrete.shape(id));
        let first = shape.sizes().first().copied().unwrap_or(1);
        let (mut parts, mut rows) = (vec![Part::Whole; inputs.len()], 1);
        let mut flops = shape.len() as f64;
        let work = match concrete.form(id) {
            Form::Leaf(Leaf::Constant(value)) => Work::Fill(*value),
            Form::Leaf(_) | Form::Reshape => return,
            Form::Broadcast => match concrete.uniform(id) {
                Some(value) => Work::Fill(value),
                None => Work::Copy,
            },
            Form::MatMul { transpose_a, transpose_b } => {
                let product;
                (product, parts, rows) = self.product(id, &mut inputs, *transpose_a, *transpose_b);
                flops *= 2.0 * product.depth as f64;
                Work::MatMul(product)
            }
            Form::Reduce { with, axes, .. } => {
                flops = concrete.shape(inputs[0]).len() as f64;
                let mut over = [false; graphrun_tensor::MAX_RANK];
                axes.iter().for_each(|&axis| over[axis] = true);
                Work::Reduce(*with, over)
            }
            form => {
                flops *= 10.0;
                let scalar = shape.rank() == 0 && matches!(form, Form::Rows(_));
                if let (Form::Rows(aligned) | Form::RowSum(aligned), false) = (form, scalar) {
                    parts = aligned.iter().map(|a| if *a { Part::Rows } else { Part::Whole }).collect();
                    let summed = inputs.iter().zip(aligned).find(|(_, aligned)| **aligned);
                    rows = match (form, summed) {
                        (Form::RowSum(_), Some((&input, _))) => concrete.shape(input).sizes()[0],
                        _ => first,
                    };
                }
                Work::Op(concrete.graph.node(id).op.clone())
            }
        };
        let inputs = match work {
            Work::Fill(_) => Vec::new(),
            _ => inputs.iter().zip(&parts).map(|(&input, part)| self.operand(input, *part)).collect(),
        };
        let sum = matches!(concrete.form(id), Form::RowSum(_));
        let part = if rows > 1 && !sum { Part::Rows } else { Part::Whole };
        let output = self.operand(id, part);
        self.out.kernels.push(Kernel { work, nodes: vec![id], inputs, outputs: vec![output], rows, flops });
    }

    /// A product, the parts of its operands, which are put into its order, and its rows.
    fn product(
        &self,
        id: NodeId,
        inputs: &mut [NodeId],
        transpose_a: bool,
        transpose_b: bool,
    ) -> (Product, Vec<Part>, usize) {
        let [a, b] = [0, 1].map(|k| self.concrete.shape(inputs[k]));
        let out = self.concrete.shape(id);
        let depth = a.from_end(usize::from(transpose_a));
        let product = |rows| Product { rows, cols: out.from_end(0), depth, transpose_a, transpose_b, accumulate: None };
        let first = out.sizes().first().copied().unwrap_or(1);
        if b.rank() == 2 && out.rank() == 2 && first == 1 && !transpose_a && transpose_b {
            // One row of outputs is cut by its columns, which are the rows of the second operand.
            inputs.reverse();
            let rows = out.from_end(0);
            return (Product { rows, cols: 1, ..product(1) }, vec![Part::Rows, Part::Whole], rows.max(1));
        }
        if b.rank() == 2 && !transpose_a {
            // All leading axes of the first operand are rows of one product.
            let rows = out.len() / out.from_end(0).max(1);
            return (product(rows), vec![Part::Rows, Part::Whole], first.max(1));
        }
        if out.rank() == 2 {
            return (product(out.from_end(1)), vec![Part::Whole; 2], first.max(1));
        }
        let part = |s: Shape| if s.rank() == out.rank() && s.sizes()[0] == first { Part::Rows } else { Part::Whole };
        (product(out.from_end(1)), vec![part(a), part(b)], first.max(1))
    }

    /// The tile program of a group.
    fn group(&mut self, group: &Group) {
        let mut spec = Spec::default();
        let mut build = Build { binds: Vec::new(), inputs: Vec::new(), steps: HashMap::new(), flops: 0.0 };
        let inner = group.inner.unwrap_or(1);
        let rows = group.total / inner.max(1);
        for &id in &group.members {
            let step = self.step(id, group, inner, rows, &mut build, &mut spec);
            spec.values.push(step);
            build.steps.insert(id, spec.values.len() - 1);
        }
        let (mut outputs, mut sums) = (Vec::new(), Vec::new());
        let split = self.split(group, inner, rows);
        let stored: Vec<NodeId> = group.members.iter().copied().filter(|id| self.stored[id.index()]).collect();
        for id in stored {
            let step = build.steps[&id];
            let class = self.groups.of[id.index()].map(|(_, class)| class);
            spec.outputs.push(match (class, self.concrete.form(id)) {
                (Some(Class::Sum), Form::Reduce { axes, .. }) => {
                    let whole = axes.len() == self.concrete.shape(self.concrete.inputs(id)[0]).rank();
                    if whole { Output::TotalSum(step) } else { Output::ColSum(step) }
                }
                _ if !self.read[id.index()] && self.concrete.shape(id).len() >= STREAMED => Output::Stream(step),
                _ => Output::Store(step),
            });
            let sum = class == Some(Class::Sum);
            sums.push(sum);
            let part = if split > 1 && !sum { Part::Rows } else { Part::Whole };
            outputs.push(self.operand(id, part));
        }
        if outputs.is_empty() {
            return;
        }
        if split <= 1 {
            build.inputs.iter_mut().for_each(|input| input.part = Part::Whole);
        }
        let program = Arc::new(Program::compile(&spec));
        self.out.specs.insert(self.out.kernels.len(), spec);
        self.out.kernels.push(Kernel {
            work: Work::Program { program, rows, inner, binds: build.binds, sums },
            nodes: group.members.clone(),
            inputs: build.inputs,
            outputs,
            rows: split,
            flops: build.flops,
        });
    }

    /// By how many rows a group can be cut: the first axis of its full members.
    fn split(&self, group: &Group, inner: usize, rows: usize) -> usize {
        let shapes = group.members.iter().map(|&id| match self.concrete.form(id) {
            Form::Reduce { .. } | Form::Pick => self.concrete.shape(self.concrete.inputs(id)[0]),
            _ => self.concrete.shape(id),
        });
        let mut full = shapes.filter(|s| s.len() == group.total && s.rank() > 0);
        let first = full.next().and_then(|s| s.sizes().iter().copied().find(|&n| n > 1)).unwrap_or(1);
        if inner > 0 && rows > 0 && rows.is_multiple_of(first) { first } else { 1 }
    }

    fn step(
        &mut self,
        id: NodeId,
        group: &Group,
        inner: usize,
        rows: usize,
        build: &mut Build,
        spec: &mut Spec,
    ) -> Step {
        let inputs = self.concrete.inputs(id);
        match self.concrete.form(id).clone() {
            Form::Pointwise(expr) => {
                build.flops += group.total as f64 * expr.size() as f64;
                let row = self.groups.of[id.index()].is_some_and(|(_, class)| class == Class::Row);
                let shape = self.concrete.shape(id);
                let (mut args, mut vars) = (Vec::new(), Vec::new());
                for &input in inputs {
                    if let Some(value) = self.concrete.uniform(input) {
                        vars.push(Expr::constant(value));
                        continue;
                    }
                    let from = self.concrete.shape(self.concrete.source(input));
                    let lies = match extent(from, shape, if row { 1 } else { inner }) {
                        Some(Extent::Full) if row => Extent::Row { div: 1, modulo: rows },
                        Some(found) => found,
                        // The row length came from a reshape of this shape: only full and single operands go there.
                        None if from.len() == 1 => Extent::Scalar,
                        None => Extent::Full,
                    };
                    let read = self.groups.operand(id, input);
                    let seen = self.concrete.source(input);
                    vars.push(Expr::var(args.len()));
                    args.push(self.argument(read, seen, lies, group, rows, build, spec));
                }
                Step::Pointwise(expr.substitute(&vars), args)
            }
            Form::Reduce { with, .. } => {
                build.flops += group.total as f64;
                let class = self.groups.of[id.index()].map(|(_, class)| class);
                let arg =
                    self.argument(self.concrete.root(inputs[0]), inputs[0], Extent::Full, group, rows, build, spec);
                match class {
                    // A sum over rows is an output of the program; its value here is what it adds up.
                    Some(Class::Sum) => Step::Pointwise(Expr::var(0), vec![arg]),
                    _ => Step::RowReduce(reduction(with), arg),
                }
            }
            Form::Pick => {
                build.flops += rows as f64;
                let x = self.argument(self.concrete.root(inputs[0]), inputs[0], Extent::Full, group, rows, build, spec);
                Step::Pick(x, self.row_index(inputs[1], build, spec))
            }
            Form::OneHot => {
                build.flops += group.total as f64;
                Step::OneHot(self.row_index(inputs[0], build, spec))
            }
            form => unreachable!("{form:?} is never in a group"),
        }
    }

    /// The step that holds an operand: a member's, or a newly read input's.
    #[allow(clippy::too_many_arguments)]
    fn argument(
        &mut self,
        read: NodeId,
        seen: NodeId,
        lies: Extent,
        group: &Group,
        rows: usize,
        build: &mut Build,
        spec: &mut Spec,
    ) -> usize {
        if let Some(&step) = build.steps.get(&read).filter(|_| group.members.contains(&read)) {
            return step;
        }
        let (input, part) = match lies {
            Extent::Full => (Input::Full, Part::Rows),
            Extent::Row { div: 1, modulo } if modulo == rows => (Input::Row, Part::Rows),
            Extent::Row { .. } => (Input::Row, Part::Whole),
            Extent::Col => (Input::Col, Part::Whole),
            Extent::Scalar => (Input::Scalar, Part::Whole),
        };
        let operand = self.operand(seen, part);
        build.read(operand, Some(lies), input, spec)
    }

    fn row_index(&mut self, index: NodeId, build: &mut Build, spec: &mut Spec) -> usize {
        let operand = self.operand(index, Part::Rows);
        build.read(operand, None, Input::RowIndex, spec)
    }
}

/// What the lowering of one group gathers.
struct Build {
    binds: Vec<Bind>,
    inputs: Vec<Operand>,
    steps: HashMap<NodeId, usize>,
    flops: f64,
}

impl Build {
    /// The step that reads an operand lying so, one for all who ask; integers have no extent.
    fn read(&mut self, operand: Operand, lies: Option<Extent>, input: Input, spec: &mut Spec) -> usize {
        let same = |bind: &Bind| match (bind, lies) {
            (Bind::Input(k, extent), Some(lies)) => *extent == lies && self.inputs[*k].value == operand.value,
            (Bind::RowIndex(k), None) => self.inputs[*k].value == operand.value,
            _ => false,
        };
        let number = self.binds.iter().position(same).unwrap_or_else(|| {
            let k = self.inputs.len();
            self.inputs.push(operand);
            self.binds.push(lies.map_or(Bind::RowIndex(k), |lies| Bind::Input(k, lies)));
            spec.inputs.push(input);
            self.binds.len() - 1
        });
        let known = spec.values.iter().position(|step| *step == Step::Input(number));
        known.unwrap_or_else(|| {
            spec.values.push(Step::Input(number));
            spec.values.len() - 1
        })
    }
}

impl Lowered {
    pub(crate) fn new_value(&mut self, shape: Shape, index: bool) -> ValueId {
        let id = ValueId(self.values.len() as u32);
        self.values.push(Value { shape, len: shape.len(), index, offset: 0, live: (0, 0) });
        id
    }
}

fn reduction(with: Reduce) -> graphrun_expr::Reduce {
    match with {
        Reduce::Sum => graphrun_expr::Reduce::Sum,
        Reduce::Prod => graphrun_expr::Reduce::Prod,
        Reduce::Max => graphrun_expr::Reduce::Max,
        Reduce::Min => graphrun_expr::Reduce::Min,
    }
}
