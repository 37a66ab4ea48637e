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
    /// Where each value lives.
    pub(super) slots: Vec<Slot>,
    /// The slots of the constants, with their values.
    pub(super) constants: Vec<(usize, f64)>,
    /// The slots of full inputs, which lie in the caller's memory where a tile fills whole vectors.
    pub(super) fed: Vec<Bound>,
    /// The slots of full values that may be computed in their output, on the same condition and when no input shares
    /// its memory.
    pub(super) direct: Vec<Bound>,
    /// The slots of full values that are written to outputs at the end of a tile, unless they were computed there.
    pub(super) stored: Vec<Bound>,
    /// The same, of outputs that are written past the caches.
    pub(super) streamed: Vec<Bound>,
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

/// Where a value lives in the scratch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Slot {
    pub(super) home: Home,
    /// Its number among those of the same home.
    pub(super) number: usize,
}

/// The parts of the scratch that hold values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Home {
    Scalar,
    Column,
    Register,
}

/// A slot that belongs to an input or an output.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bound {
    pub(super) slot: usize,
    /// The number of the input or output.
    pub(super) port: usize,
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
            constants: Vec::new(),
            fed: Vec::new(),
            direct: Vec::new(),
            stored: Vec::new(),
            streamed: Vec::new(),
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
        // Full inputs are bound before a tile's first instruction, so their registers are taken first.
        let fed = |id: &usize| matches!(nodes[*id].op, Op::Input(_)) && nodes[*id].extent == Extent::Full;
        let (first, rest): (Vec<usize>, Vec<usize>) = (0..nodes.len()).partition(fed);
        for id in first.into_iter().chain(rest) {
            let node = &nodes[id];
            let sink = program.sink(spec, node, &values);
            if sink.is_none() && uses[id] == 0 {
                continue;
            }
            let mut args = [Arg::default(); 3];
            for (to, &arg) in args.iter_mut().zip(&node.args) {
                let step = if nodes[arg].extent == Extent::Scalar { 0 } else { LANES };
                *to = Arg { slot: values[arg], step };
            }
            let mut slot = |id: usize| {
                values[id] = program.slots.len();
                let slot = match node.extent {
                    Extent::Scalar => Slot { home: Home::Scalar, number: next(&mut program.scalars) },
                    Extent::Col => Slot { home: Home::Column, number: next(&mut program.columns) },
                    Extent::Row | Extent::Full => Slot { home: Home::Register, number: registers.take(id) },
                };
                program.slots.push(slot);
                values[id]
            };
            if sink.is_none() && node.op != Op::Beside {
                slot(id);
            }
            if let Op::SigmoidSlope(beside) = node.op {
                args[1] = Arg { slot: slot(beside), step: LANES };
            }
            registers.release(id, node);
            let op = sink.unwrap_or(node.op);
            let instruction = Instruction { op, extent: node.extent, to: values[id], args };
            match (op, node.extent) {
                (Op::Constant(value), _) => program.constants.push((values[id], value)),
                (Op::Input(input), Extent::Full) => program.fed.push(Bound { slot: values[id], port: input }),
                (Op::Store(_), Extent::Full) | (Op::Beside, _) => {}
                (_, Extent::Scalar | Extent::Col) => program.once.push(instruction),
                (_, Extent::Row | Extent::Full) => program.tile.push(instruction),
            }
        }
        program.registers = registers.count;
        program.share = share(registers.count);
        program
    }

    /// The instruction that writes an output, which is noted; `None` when `node` writes none.
    fn sink(&mut self, spec: &Spec, node: &Node, values: &[usize]) -> Option<Op> {
        let (output, written, op) = match node.op {
            Op::Store(output) => (output, Written::Store(node.extent), node.op),
            Op::ColSum(output) => (output, Written::ColSum(self.sums), Op::ColSum(next(&mut self.sums))),
            Op::TotalSum(output) => (output, Written::TotalSum(self.sums), Op::TotalSum(next(&mut self.sums))),
            _ => return None,
        };
        self.outputs[output] = written;
        if written == Written::Store(Extent::Full) {
            let bound = Bound { slot: values[node.args[0]], port: output };
            if matches!(spec.outputs[output], Output::Stream(_)) {
                self.streamed.push(bound);
                return Some(op);
            }
            let taken = |other: &Bound| other.slot == bound.slot;
            if !self.fed.iter().chain(&self.direct).any(taken) {
                self.direct.push(bound);
            }
            self.stored.push(bound);
        }
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
    /// The register of each operation's value, while it has one.
    held: Vec<Option<usize>>,
    /// The number of the last operation that reads each one; a full value that is stored is read after all.
    last: Vec<usize>,
}

impl Registers {
    fn new(nodes: &[Node]) -> Registers {
        let mut last = vec![0; nodes.len()];
        for (id, node) in nodes.iter().enumerate() {
            let kept = matches!(node.op, Op::Store(_)) && node.extent == Extent::Full;
            for &arg in &node.args {
                last[arg] = last[arg].max(if kept { nodes.len() } else { id });
            }
        }
        Registers { count: 0, free: Vec::new(), held: vec![None; nodes.len()], last }
    }

    /// A register for the value of operation `id`. It is none of its operands', so that no kernel reads what it writes.
    fn take(&mut self, id: usize) -> usize {
        let register = self.free.pop().unwrap_or_else(|| next(&mut self.count));
        self.held[id] = Some(register);
        register
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
