//! The plainest engine: every node's own kernel, or its expression, one after the other, each into memory of its own.

use graphrun_exec::{Array, Data};
use graphrun_graph::{Context, Form, Graph, Leaf, Sizes};
use graphrun_tensor::{Dtype, Scratch, Shape, View, ViewAny, ViewMut, ViewMutAny};

use crate::array::{Values, bind, index, real};
use crate::engine::{Engine, Program};
use crate::pointwise::Pointwise;

/// Runs the nodes in order without any plan. Every output is filled with NaN before its kernel runs, so that a
/// kernel that reads what it should write, or leaves elements out, shows.
#[derive(Clone, Copy, Debug, Default)]
pub struct Interpreter {
    /// The seed for operations that draw numbers.
    pub seed: u64,
}

impl Engine for Interpreter {
    fn prepare(&self, graph: &Graph, sizes: &Sizes, dtype: Dtype) -> Result<Box<dyn Program>, String> {
        let mut needed = vec![false; graph.nodes().len()];
        for (_, id) in &graph.outputs {
            needed[id.index()] = true;
        }
        for (id, node) in graph.ids().rev() {
            if needed[id.index()] {
                node.inputs.iter().for_each(|input| needed[input.index()] = true);
            }
        }
        let mut slots: Vec<Slot> = Vec::with_capacity(graph.nodes().len());
        let mut scratch = 0;
        for (id, node) in graph.ids() {
            if !needed[id.index()] {
                slots.push(Slot { shape: Shape::SCALAR, buffer: Buffer::F64(vec![]), work: Work::Nothing });
                continue;
            }
            let shape = node.ty.concrete(sizes).map_err(|e| format!("{}: {e}", graph.describe(id)))?;
            let inputs: Vec<Shape> = node.inputs.iter().map(|i| slots[i.index()].shape).collect();
            scratch = scratch.max(Scratch::words(node.op.scratch(&inputs, shape, dtype)));
            let mut buffer = Buffer::new(shape, dtype, node.ty.is_real());
            let work = match node.op.form() {
                Form::Leaf(Leaf::Count(factors)) => {
                    let factors = factors.iter().map(|f| f.eval(sizes)).collect::<Result<Vec<_>, _>>()?;
                    buffer.fill(factors.iter().product::<usize>() as f64);
                    Work::Nothing
                }
                Form::Leaf(Leaf::Input(name) | Leaf::Parameter(name)) => Work::Feed(name.to_string()),
                // As in a plan, the expression of a pointwise node is what it computes.
                Form::Pointwise(expr) if node.ty.is_real() => Work::Pointwise(Pointwise::new(&expr, &inputs, shape)),
                _ => Work::Kernel,
            };
            slots.push(Slot { shape, buffer, work });
        }
        let (graph, sizes, scratch) = (graph.clone(), sizes.clone(), vec![0; scratch]);
        Ok(Box::new(Interpreted { graph, sizes, slots, scratch, seed: self.seed, moves: (String::new(), vec![]) }))
    }
}

struct Interpreted {
    graph: Graph,
    sizes: Sizes,
    slots: Vec<Slot>,
    scratch: Vec<u64>,
    seed: u64,
    /// An input or parameter that was varied last, and the nodes that move with it.
    moves: (String, Vec<usize>),
}

struct Slot {
    shape: Shape,
    buffer: Buffer,
    work: Work,
}

/// How a node comes by its value.
enum Work {
    /// It is not needed, or has it from the start.
    Nothing,
    /// It is fed under this name.
    Feed(String),
    Pointwise(Pointwise),
    Kernel,
}

enum Buffer {
    F32(Vec<f32>),
    F64(Vec<f64>),
    I64(Vec<i64>),
}

impl Program for Interpreted {
    fn run(&mut self, values: &Values) -> Result<Vec<Array>, String> {
        for k in 0..self.slots.len() {
            self.step(k, values)?;
        }
        Ok(self.outputs())
    }

    fn rerun(&mut self, values: &Values, varied: &str) -> Result<Vec<Array>, String> {
        if self.moves.0 != varied {
            self.moves = (varied.to_owned(), self.downstream(varied));
        }
        for at in 0..self.moves.1.len() {
            self.step(self.moves.1[at], values)?;
        }
        Ok(self.outputs())
    }
}

impl Interpreted {
    /// The node fed under `name` and all needed that depend on it, in order.
    fn downstream(&self, name: &str) -> Vec<usize> {
        let mut moves = vec![false; self.slots.len()];
        for (k, (slot, node)) in self.slots.iter().zip(self.graph.nodes()).enumerate() {
            moves[k] = match &slot.work {
                Work::Nothing => false,
                Work::Feed(own) => own == name,
                Work::Pointwise(_) | Work::Kernel => node.inputs.iter().any(|input| moves[input.index()]),
            };
        }
        (0..moves.len()).filter(|k| moves[*k]).collect()
    }

    /// Gives node `k` its value.
    fn step(&mut self, k: usize, values: &Values) -> Result<(), String> {
        let node = &self.graph.nodes()[k];
        let (earlier, rest) = self.slots.split_at_mut(k);
        let slot = &mut rest[0];
        match &mut slot.work {
            Work::Nothing => {}
            Work::Feed(name) => {
                let array = values.get(name).ok_or_else(|| format!("`{name}` has no value"))?;
                bind(name, &node.ty, array, &mut self.sizes)?;
                slot.buffer.copy(array);
            }
            Work::Pointwise(expr) => {
                let read = |operand: usize, place: usize| earlier[node.inputs[operand].index()].buffer.at(place);
                slot.buffer.with(|out| expr.run(out, read));
            }
            Work::Kernel => {
                slot.buffer.fill(f64::NAN);
                let inputs: Vec<ViewAny<'_>> = node.inputs.iter().map(|i| earlier[i.index()].view()).collect();
                let rows = 0..slot.shape.sizes().first().copied().unwrap_or(1);
                let scratch = Scratch::new(&mut self.scratch);
                node.op.run(&inputs, slot.view_mut(), &mut Context { rows, scratch, seed: self.seed, step: 0 });
            }
        }
        Ok(())
    }

    fn outputs(&self) -> Vec<Array> {
        self.graph.outputs.iter().map(|(_, id)| self.slots[id.index()].array()).collect()
    }
}

impl Slot {
    fn view(&self) -> ViewAny<'_> {
        match &self.buffer {
            Buffer::F32(data) => ViewAny::F32(View::new(data, self.shape)),
            Buffer::F64(data) => ViewAny::F64(View::new(data, self.shape)),
            Buffer::I64(data) => ViewAny::I64(View::new(data, self.shape)),
        }
    }

    fn view_mut(&mut self) -> ViewMutAny<'_> {
        match &mut self.buffer {
            Buffer::F32(data) => ViewMutAny::F32(ViewMut::new(data, self.shape)),
            Buffer::F64(data) => ViewMutAny::F64(ViewMut::new(data, self.shape)),
            Buffer::I64(data) => ViewMutAny::I64(ViewMut::new(data, self.shape)),
        }
    }

    fn array(&self) -> Array {
        match &self.buffer {
            Buffer::F32(data) => real(self.shape, data.iter().map(|&v| f64::from(v)).collect()),
            Buffer::F64(data) => real(self.shape, data.clone()),
            Buffer::I64(data) => index(self.shape, data.clone()),
        }
    }
}

impl Buffer {
    fn new(shape: Shape, dtype: Dtype, real: bool) -> Buffer {
        match (real, dtype) {
            (false, _) => Buffer::I64(vec![0; shape.len()]),
            (true, Dtype::F32) => Buffer::F32(vec![0.0; shape.len()]),
            (true, Dtype::F64) => Buffer::F64(vec![0.0; shape.len()]),
        }
    }

    /// Fills reals with `value`, and integers with a number that is no index.
    fn fill(&mut self, value: f64) {
        match self {
            Buffer::F32(data) => data.fill(value as f32),
            Buffer::F64(data) => data.fill(value),
            Buffer::I64(data) => data.fill(-1),
        }
    }

    /// Lets `f` write reals in double precision.
    fn with(&mut self, f: impl FnOnce(&mut [f64])) {
        match self {
            Buffer::F64(data) => f(data),
            Buffer::F32(data) => {
                let mut wide = vec![f64::NAN; data.len()];
                f(&mut wide);
                data.iter_mut().zip(wide).for_each(|(to, from)| *to = from as f32);
            }
            Buffer::I64(_) => unreachable!("only real nodes are pointwise"),
        }
    }

    fn at(&self, place: usize) -> f64 {
        match self {
            Buffer::F32(data) => f64::from(data[place]),
            Buffer::F64(data) => data[place],
            Buffer::I64(data) => data[place] as f64,
        }
    }

    fn copy(&mut self, array: &Array) {
        match (self, array.data()) {
            (Buffer::F32(to), Data::Real(from)) => to.iter_mut().zip(from).for_each(|(t, f)| *t = *f as f32),
            (Buffer::F64(to), Data::Real(from)) => to.copy_from_slice(from),
            (Buffer::I64(to), Data::Index(from)) => to.copy_from_slice(from),
            _ => unreachable!("the array's kind was checked against the declaration"),
        }
    }
}
