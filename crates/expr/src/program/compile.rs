//! From operations to instructions: which run once, which run for every tile, and where each value lives.

use super::geometry::share;
use super::kernels::LANES;
use super::lower::{Extent, Node, Op, lower, uses};
use super::spec::{Input, Output, Spec};

/// A compiled [`Spec`], ready to run on f32 or f64.
#[derive(Debug, Clone)]
pub struct Program {
    pub(super) inputs: Vec<Input>,
    pub(super) outputs: Vec<Written>,
    /// Run once: what concerns scalars and columns alone.
    pub(super) once: Vec<Instruction>,
    /// Run for every tile.
    pub(super) tile: Vec<Instruction>,
    /// Where the value of each operation lives.
    pub(super) slots: Vec<Slot>,
    /// The slots that lie elsewhere for every tile, with their numbers.
    pub(super) moving: Vec<(usize, Slot)>,
    pub(super) scalars: usize,
    pub(super) columns: usize,
    pub(super) registers: usize,
    /// The bytes of a tile that each register may take.
    pub(super) share: usize,
    /// How many outputs are sums over tiles.
    pub(super) sums: usize,
    pub(super) layout: Layout,
}

/// What an output is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Written {
    Store(Extent),
    /// The number is that of the accumulator.
    ColSum(usize),
    /// The number is that of the accumulator.
    TotalSum(usize),
}

/// How the iteration space may be cut into tiles.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Layout {
    /// Rows mean nothing: one run of elements, cut anywhere.
    Flat,
    /// A long row may be cut.
    Rows,
    /// A tile holds whole rows.
    WholeRows,
}

/// Where an operand or a result lives.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Slot {
    Scalar(usize),
    Column(usize),
    Register(usize),
    /// A full input: the caller's memory, or the register where a tile does not fill whole vectors.
    Input { input: usize, register: usize },
    /// A value that is also an output: the caller's memory, or the register where a tile does not fill whole vectors
    /// or the output may be the memory of an input.
    Output { output: usize, register: usize },
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Instruction {
    pub(super) op: Op,
    pub(super) extent: Extent,
    /// The number of the slot that it writes.
    pub(super) to: usize,
    pub(super) args: [Arg; 3],
}

/// An operand.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Arg {
    /// The number of its slot.
    pub(super) slot: usize,
    /// Elements from one vector to the next: none for a scalar, which is one vector of equal elements.
    pub(super) step: usize,
}

impl Program {
    /// Compiles `spec`.
    ///
    /// # Panics
    ///
    /// When a value refers to itself, a later value or a missing input, an expression has more variables than
    /// operands, or an index operand is not a `RowIndex` input.
    pub fn compile(spec: &Spec) -> Program {
        let nodes = lower(spec);
        let uses = uses(&nodes);
        let mut program = Program {
            inputs: spec.inputs.clone(),
            outputs: vec![Written::Store(Extent::Full); spec.outputs.len()],
            once: Vec::new(),
            tile: Vec::new(),
            slots: Vec::new(),
            moving: Vec::new(),
            scalars: 0,
            columns: 0,
            registers: 0,
            share: 0,
            sums: 0,
            layout: layout(spec, &nodes, &uses),
        };
        let mut registers = Registers::new(&nodes);
        // The slot number of each operation's value.
        let mut values: Vec<usize> = vec![0; nodes.len()];
        for (id, node) in nodes.iter().enumerate() {
            let sink = program.sink(node);
            if sink.is_none() && uses[id] == 0 {
                continue;
            }
            let mut args = [Arg::default(); 3];
            for (to, &arg) in args.iter_mut().zip(&node.args) {
                let step = if nodes[arg].extent == Extent::Scalar { 0 } else { LANES };
                *to = Arg { slot: values[arg], step };
            }
            if sink.is_none() {
                values[id] = program.slots.len();
                let slot = match node.extent {
                    Extent::Scalar => Slot::Scalar(next(&mut program.scalars)),
                    Extent::Col => Slot::Column(next(&mut program.columns)),
                    Extent::Row | Extent::Full => registers.place(id, node),
                };
                program.slots.push(slot);
            }
            registers.release(id, node);
            let op = sink.unwrap_or(node.op);
            let instruction = Instruction { op, extent: node.extent, to: values[id], args };
            match node.extent {
                Extent::Scalar | Extent::Col => program.once.push(instruction),
                Extent::Row | Extent::Full => program.tile.push(instruction),
            }
        }
        program.moving = moving(&program.slots);
        program.registers = registers.count;
        program.share = share(registers.count);
        program
    }

    /// The instruction that writes an output, which is noted; `None` when `node` writes none.
    fn sink(&mut self, node: &Node) -> Option<Op> {
        let (output, written, op) = match node.op {
            Op::Store(output) => (output, Written::Store(node.extent), node.op),
            Op::ColSum(output) => (output, Written::ColSum(self.sums), Op::ColSum(next(&mut self.sums))),
            Op::TotalSum(output) => (output, Written::TotalSum(self.sums), Op::TotalSum(next(&mut self.sums))),
            _ => return None,
        };
        self.outputs[output] = written;
        Some(op)
    }
}

fn next(count: &mut usize) -> usize {
    *count += 1;
    *count - 1
}

fn moving(slots: &[Slot]) -> Vec<(usize, Slot)> {
    let moves = |slot: &Slot| matches!(slot, Slot::Column(_) | Slot::Input { .. } | Slot::Output { .. });
    slots.iter().copied().enumerate().filter(|(_, slot)| moves(slot)).collect()
}

fn layout(spec: &Spec, nodes: &[Node], uses: &[usize]) -> Layout {
    if nodes.iter().any(|node| matches!(node.op, Op::Reduce(_) | Op::Pick(_))) {
        return Layout::WholeRows;
    }
    let by_row = |(node, &uses): (&Node, &usize)| {
        let live = uses > 0 || matches!(node.op, Op::Store(_));
        live && (matches!(node.extent, Extent::Row | Extent::Col) || matches!(node.op, Op::OneHot(_)))
    };
    let by_column = spec.outputs.iter().any(|output| matches!(output, Output::ColSum(_)));
    if by_column || nodes.iter().zip(uses).any(by_row) { Layout::Rows } else { Layout::Flat }
}

/// Gives registers to values and takes them back after the last use.
struct Registers {
    count: usize,
    free: Vec<usize>,
    /// The register of each operation's value, while it has one.
    held: Vec<Option<usize>>,
    /// The number of the last operation that reads each one.
    last: Vec<usize>,
    /// The output that each one may be computed into.
    output: Vec<Option<usize>>,
}

impl Registers {
    fn new(nodes: &[Node]) -> Registers {
        let (mut last, mut output) = (vec![0; nodes.len()], vec![None; nodes.len()]);
        for (id, node) in nodes.iter().enumerate() {
            for &arg in &node.args {
                last[arg] = id;
            }
            if let (Op::Store(number), Extent::Full) = (node.op, node.extent) {
                output[node.args[0]].get_or_insert(number);
            }
        }
        Registers { count: 0, free: Vec::new(), held: vec![None; nodes.len()], last, output }
    }

    /// The place of the value of `node`. It is none of its operands' places, so that no kernel reads what it writes.
    fn place(&mut self, id: usize, node: &Node) -> Slot {
        let register = self.free.pop().unwrap_or_else(|| next(&mut self.count));
        self.held[id] = Some(register);
        match (node.op, node.extent, self.output[id]) {
            (Op::Input(input), Extent::Full, _) => Slot::Input { input, register },
            (_, _, Some(output)) => Slot::Output { output, register },
            _ => Slot::Register(register),
        }
    }

    /// Takes back the registers of the operands that `node` is the last to read.
    fn release(&mut self, id: usize, node: &Node) {
        for &arg in &node.args {
            if self.last[arg] == id {
                self.free.extend(self.held[arg].take());
            }
        }
    }
}
