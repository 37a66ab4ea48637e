//! What a plan is made of: kernels over values in one arena.

use std::sync::Arc;

use graphrun_expr::Program;
use graphrun_graph::{NodeId, Op};
use graphrun_tensor::Shape;

use crate::extent::Extent;

/// The place of a value in [`Plan::values`](crate::Plan::values).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ValueId(pub(crate) u32);

impl ValueId {
    /// The position among the values.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// An array in the arena.
#[derive(Clone, Debug)]
pub struct Value {
    /// Its sizes.
    pub shape: Shape,
    /// The number of elements that it takes.
    pub len: usize,
    /// Whether it holds integers.
    pub index: bool,
    /// The first byte in the arena.
    pub offset: usize,
    /// The stages from the one that writes it to the last one that reads it; all of them for what outlives a run.
    pub live: (usize, usize),
}

/// How a kernel that runs for a range of rows reads or writes an operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// All of it, whatever the rows.
    Whole,
    /// The same rows of it.
    Rows,
    /// A partial result of the operand's shape: the one of the tile's number, of as many as there are tiles.
    Tile,
}

/// A value that a kernel reads or writes.
#[derive(Clone, Copy, Debug)]
pub struct Operand {
    /// Which one.
    pub value: ValueId,
    /// Its shape as the kernel sees it.
    pub shape: Shape,
    /// How much of it.
    pub part: Part,
}

/// One operand of a tile program.
#[derive(Clone, Copy, Debug)]
pub enum Bind {
    /// Operand `k` of the kernel's inputs, lying so.
    Input(usize, Extent),
    /// Operand `k`, one integer a row.
    RowIndex(usize),
    /// What output `k` held before: an update in place.
    Output(usize),
}

/// A product of matrices over the last two axes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Product {
    /// The rows of one matrix of the output.
    pub rows: usize,
    /// The columns of the output.
    pub cols: usize,
    /// The length of the sums.
    pub depth: usize,
    /// Whether the first operand is read transposed.
    pub transpose_a: bool,
    /// Whether the second operand is read transposed.
    pub transpose_b: bool,
    /// What is added to the output, which otherwise is the product itself.
    pub accumulate: Option<Accumulate>,
}

/// A multiple of a product that is added to what the output holds: `factor`, times the scalar operand `by` if there is one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Accumulate {
    /// The constant factor.
    pub factor: f64,
    /// The operand, of one element, that the product is multiplied by too.
    pub by: Option<usize>,
}

/// What a kernel does.
#[derive(Clone, Debug)]
pub enum Work {
    /// A tile program over `rows x inner`.
    Program {
        /// The compiled program.
        program: Arc<Program>,
        /// The rows of its iteration space.
        rows: usize,
        /// The columns.
        inner: usize,
        /// Its inputs.
        binds: Vec<Bind>,
        /// For each output, whether it is a sum over rows, of which every tile makes a part.
        sums: Vec<bool>,
    },
    /// A product of matrices.
    MatMul(Product),
    /// A reduction over any axes.
    Reduce(graphrun_graph::Reduce, [bool; graphrun_tensor::MAX_RANK]),
    /// A copy, broadcasting.
    Copy,
    /// One number, everywhere.
    Fill(f64),
    /// An operation's own kernel.
    Op(Arc<dyn Op>),
}

/// One step of a plan.
#[derive(Clone, Debug)]
pub struct Kernel {
    /// What it does.
    pub work: Work,
    /// The nodes it computes.
    pub nodes: Vec<NodeId>,
    /// What it reads.
    pub inputs: Vec<Operand>,
    /// What it writes.
    pub outputs: Vec<Operand>,
    /// The number of rows by which it can be cut; 1 when it runs whole.
    pub rows: usize,
    /// Floating-point operations, estimated.
    pub flops: f64,
}

impl Kernel {
    /// The bytes read and written, for elements of `size` bytes.
    #[must_use]
    pub fn bytes(&self, size: usize) -> usize {
        self.inputs.iter().chain(&self.outputs).map(|o| o.shape.len() * size).sum()
    }
}

/// Kernels that run one after another on each chunk of rows; chunks run at the same time.
#[derive(Clone, Debug)]
pub struct Stage {
    /// The kernels, by place in [`Plan::kernels`](crate::Plan::kernels).
    pub kernels: Vec<usize>,
    /// The number of rows.
    pub rows: usize,
    /// The rows of a chunk; the last one may have fewer.
    pub chunk: usize,
}

impl Stage {
    /// The number of chunks.
    #[must_use]
    pub fn tiles(&self) -> usize {
        self.rows.div_ceil(self.chunk).max(1)
    }

    /// Whether one chunk holds all rows; kernels of any number of rows then stand together.
    #[must_use]
    pub fn whole(&self) -> bool {
        self.chunk >= self.rows
    }

    /// The rows of chunk `tile`.
    #[must_use]
    pub fn range(&self, tile: usize) -> std::ops::Range<usize> {
        tile * self.chunk..((tile + 1) * self.chunk).min(self.rows)
    }
}
