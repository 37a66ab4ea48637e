//! From operations to instructions: which run once, which run for every tile, and where each value lives.

use super::geometry::share;
use super::lower::{Extent, Node, Op, lower, uses};
use super::spec::{Input, Output, Spec};

/// A compiled [`Spec`], ready to run on f32 or f64.
#[derive(Debug, Clone)]
pub struct Program {
    pub(super) inputs: Vec<Input>,
    pub(super) outputs: Vec<Written>,
    /// Run once, on one element.
    pub(super) scalar: Vec<Instruction>,
    /// Run once, on the columns.
    pub(super) column: Vec<Instruction>,
    /// Run for every tile.
    pub(super) tile: Vec<Instruction>,
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
    pub(super) to: Slot,
    pub(super) args: [Slot; 3],
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
            scalar: Vec::new(),
            column: Vec::new(),
            tile: Vec::new(),
            scalars: 0,
            columns: 0,
            registers: 0,
            share: 0,
            sums: 0,
            layout: layout(spec, &nodes, &uses),
        };
        let mut registers = Registers::new(&nodes);
        let mut slots: Vec<Slot> = Vec::with_capacity(nodes.len());
        for (id, node) in nodes.iter().enumerate() {
            let sink = program.sink(node);
            if sink.is_none() && uses[id] == 0 {
                slots.push(Slot::Scalar(0));
                continue;
            }
            let mut args = [Slot::Scalar(0); 3];
            for (slot, &arg) in args.iter_mut().zip(&node.args) {
                *slot = slots[arg];
            }
            let to = if sink.is_some() {
                args[0]
            } else {
                match node.extent {
                    Extent::Scalar => Slot::Scalar(next(&mut program.scalars)),
                    Extent::Col => Slot::Column(next(&mut program.columns)),
                    Extent::Row | Extent::Full => registers.place(id, node, &nodes),
                }
            };
            slots.push(to);
            registers.release(id, node, &slots);
            let instruction = Instruction { op: sink.unwrap_or(node.op), extent: node.extent, to, args };
            match node.extent {
                Extent::Scalar => program.scalar.push(instruction),
                Extent::Col => program.column.push(instruction),
                Extent::Row | Extent::Full => program.tile.push(instruction),
            }
        }
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
        Registers { count: 0, free: Vec::new(), last, output }
    }

    /// The place of the value of `node`. It is none of its operands' places, so that no kernel reads what it writes.
    fn place(&mut self, id: usize, node: &Node, nodes: &[Node]) -> Slot {
        let register = self.free.pop().unwrap_or_else(|| next(&mut self.count));
        match (node.op, nodes[id].extent, self.output[id]) {
            (Op::Input(input), Extent::Full, _) => Slot::Input { input, register },
            (_, _, Some(output)) => Slot::Output { output, register },
            _ => Slot::Register(register),
        }
    }

    /// Takes back the registers of the operands that `node` is the last to read.
    fn release(&mut self, id: usize, node: &Node, slots: &[Slot]) {
        let mut args = node.args.clone();
        args.sort_unstable();
        args.dedup();
        for arg in args {
            if self.last[arg] == id {
                match slots[arg] {
                    Slot::Register(register) | Slot::Input { register, .. } | Slot::Output { register, .. } => {
                        self.free.push(register);
                    }
                    Slot::Scalar(_) | Slot::Column(_) => {}
                }
            }
        }
    }
}
