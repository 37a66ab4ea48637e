//! The order of kernels, and which of them run together on chunks of rows.

use std::collections::HashSet;
use std::sync::Arc;

use graphrun_expr::{Input, Output, Program, Spec, Value as Step};
use graphrun_graph::Form;
use graphrun_tensor::Shape;

use crate::PlanError;
use crate::extent::Extent;
use crate::kernel::{Bind, Kernel, Operand, Part, Stage, ValueId, Work};
use crate::lower::Lowered;

/// The time that a chunk is worth, in nanoseconds: far above what handing it to a thread costs.
const CHUNK_NS: f64 = 10_000.0;
/// The most chunks of a stage.
const MAX_CHUNKS: usize = 64;
/// Chunks of products have a multiple of this many rows, which fill the tiles of the matrix kernels either way round.
const PRODUCT_UNIT: usize = 32;
/// Chunks of [`LINES`] rows or more have a multiple of this many, so that chunks of vectors begin with a cache line.
const LINE: usize = 16;
const LINES: usize = 256;
/// The bytes of the largest array's part in a chunk of operations' own kernels: with smaller parts, which the second cache
/// would hold, the element-wise kernels between them were measured to take up to twice as long.
const CHUNK_BYTES: usize = 2 << 20;
/// The rows of a chunk with products, where there are as many.
const PRODUCT_ROWS: usize = 512;

/// Orders the kernels into stages, each kernel after those in `before`.
///
/// # Errors
/// When kernels wait for each other, which is a defect of fusion.
pub(crate) fn stages(lowered: &mut Lowered, before: &[Vec<usize>], bytes: usize) -> Result<Vec<Stage>, PlanError> {
    let kernels = &lowered.kernels;
    let total: f64 = kernels.iter().map(|k| cost(k, bytes)).sum();
    let mut left: Vec<usize> = before.iter().map(|b| b.iter().collect::<HashSet<_>>().len()).collect();
    let mut after: Vec<Vec<usize>> = vec![Vec::new(); kernels.len()];
    for (k, earlier) in before.iter().enumerate() {
        for &e in earlier.iter().collect::<HashSet<_>>() {
            after[e].push(k);
        }
    }
    let mut ready: std::collections::BTreeSet<usize> = (0..kernels.len()).filter(|&k| left[k] == 0).collect();
    let mut stages: Vec<Stage> = Vec::new();
    let mut open = Open::default();
    let whole = total < 2.0 * CHUNK_NS;
    let mut last = None;
    while let Some(&first) = ready.first() {
        // What reads the last kernel's result finds it in the cache.
        let near = last.map_or(&[][..], |last: usize| &after[last]).iter().copied().filter(|k| ready.contains(k));
        let next = near.chain(ready.iter().copied().take(LOOK_AHEAD)).find(|&k| whole || open.takes(&kernels[k]));
        let next = match next.filter(|_| !stages.is_empty()) {
            Some(k) => k,
            None => {
                let rows = if whole { 1 } else { kernels[first].rows };
                stages.push(Stage { kernels: Vec::new(), rows, chunk: rows.max(1) });
                open = Open { rows, ..Open::default() };
                first
            }
        };
        ready.remove(&next);
        last = Some(next);
        open.add(&kernels[next]);
        if let Some(stage) = stages.last_mut() {
            stage.kernels.push(next);
        }
        for &k in &after[next] {
            left[k] -= 1;
            if left[k] == 0 {
                ready.insert(k);
            }
        }
    }
    if let Some(stuck) = left.iter().position(|&waits| waits > 0) {
        return Err(PlanError::new(format!("kernel {stuck} waits for itself: a defect of fusion")));
    }
    for stage in &mut stages {
        stage.chunk = chunk(stage, kernels, bytes);
    }
    Ok(combine(lowered, merge(stages)))
}

/// How many ready kernels are looked at for one that fits the open stage.
const LOOK_AHEAD: usize = 64;

/// The stage that is being filled.
#[derive(Default)]
struct Open {
    rows: usize,
    /// Whether there are products of matrices, and other operations' own kernels.
    products: bool,
    operations: bool,
    written_rows: HashSet<ValueId>,
    written_whole: HashSet<ValueId>,
    read_whole: HashSet<ValueId>,
}

impl Open {
    /// Whether chunks of `kernel` touch only what the same chunks of the stage's kernels touch.
    fn takes(&self, kernel: &Kernel) -> bool {
        let reads = |i: &Operand| match i.part {
            Part::Rows => !self.written_whole.contains(&i.value),
            _ => !self.written_whole.contains(&i.value) && !self.written_rows.contains(&i.value),
        };
        // Products want many rows at a time, and so other chunks than the kernels of operations.
        let mixed = match kernel.work {
            Work::MatMul(_) => self.operations,
            Work::Op(_) => self.products,
            _ => false,
        };
        kernel.rows == self.rows
            && (self.rows == 1
                || !mixed
                    && kernel.inputs.iter().all(reads)
                    && kernel.outputs.iter().all(|o| !self.read_whole.contains(&o.value)))
    }

    fn add(&mut self, kernel: &Kernel) {
        self.products |= matches!(kernel.work, Work::MatMul(_));
        self.operations |= matches!(kernel.work, Work::Op(_));
        for input in kernel.inputs.iter().filter(|i| i.part != Part::Rows) {
            self.read_whole.insert(input.value);
        }
        for output in &kernel.outputs {
            match output.part {
                Part::Rows => self.written_rows.insert(output.value),
                _ => self.written_whole.insert(output.value),
            };
        }
    }
}

/// The time that a kernel takes, in nanoseconds, roughly.
fn cost(kernel: &Kernel, bytes: usize) -> f64 {
    let per_flop = match kernel.work {
        Work::MatMul(_) => 0.0125,
        _ => 0.1,
    };
    50.0 + kernel.flops * per_flop + kernel.bytes(bytes) as f64 * 0.05
}

/// The rows of a chunk: a function of sizes alone.
fn chunk(stage: &Stage, kernels: &[Kernel], bytes: usize) -> usize {
    let stage_kernels = || stage.kernels.iter().map(|&k| &kernels[k]);
    let total: f64 = stage_kernels().map(|k| cost(k, bytes)).sum();
    let product = stage_kernels().any(|k| matches!(k.work, Work::MatMul(_)));
    let worth = ((total / CHUNK_NS) as usize).clamp(1, MAX_CHUNKS);
    if worth == 1 {
        return stage.rows.max(1);
    }
    let operations = stage_kernels().any(|k| matches!(k.work, Work::Op(_)));
    let rows_of =
        |k: &Kernel| k.inputs.iter().chain(&k.outputs).filter(|o| o.part == Part::Rows).map(|o| o.shape.len()).max();
    let most = match stage_kernels().filter_map(rows_of).max() {
        // A product of few rows reads its second operand too often: two chunks are enough where no more are large.
        _ if product => (stage.rows / PRODUCT_ROWS).max(2),
        Some(largest) if operations => (largest * bytes / CHUNK_BYTES).max(2),
        _ => stage.rows,
    };
    let chunks = worth.min(most).next_multiple_of(2);
    let rows = stage.rows.div_ceil(chunks).max(1);
    match rows {
        _ if product && stage.rows >= PRODUCT_UNIT => rows.next_multiple_of(PRODUCT_UNIT),
        0..LINES => rows,
        _ => rows.next_multiple_of(LINE),
    }
}

/// Joins neighbouring stages of one chunk each.
fn merge(stages: Vec<Stage>) -> Vec<Stage> {
    let mut merged: Vec<Stage> = Vec::with_capacity(stages.len());
    for stage in stages {
        match merged.last_mut() {
            Some(last) if last.tiles() == 1 && stage.tiles() == 1 => {
                last.kernels.extend(stage.kernels);
                (last.rows, last.chunk) = (1, 1);
            }
            _ => merged.push(stage),
        }
    }
    merged
}

/// The outputs that are sums over rows.
fn row_sums(work: &Work) -> Vec<usize> {
    match work {
        Work::Program { sums, .. } => (0..sums.len()).filter(|&o| sums[o]).collect(),
        Work::Op(op) if matches!(op.form(), Form::RowSum(_)) => vec![0],
        _ => Vec::new(),
    }
}

/// Gives every chunk its own place for sums over rows, and adds the places up in a stage of its own.
fn combine(lowered: &mut Lowered, stages: Vec<Stage>) -> Vec<Stage> {
    let sum = Spec { inputs: vec![Input::Full], values: vec![Step::Input(0)], outputs: vec![Output::ColSum(0)] };
    let program = Arc::new(Program::compile(&sum));
    let mut out: Vec<Stage> = Vec::with_capacity(stages.len());
    for stage in stages {
        let tiles = stage.tiles();
        let mut sums = Vec::new();
        for &k in stage.kernels.iter().filter(|_| tiles > 1) {
            for o in row_sums(&lowered.kernels[k].work) {
                let whole = lowered.kernels[k].outputs[o];
                let inner = whole.shape.len();
                let shape = Shape::of(&[tiles, inner]);
                let value = lowered.new_value(shape, false);
                lowered.kernels[k].outputs[o] = Operand { value, part: Part::Tile, ..whole };
                let binds = vec![Bind::Input(0, Extent::Full)];
                let program = program.clone();
                lowered.kernels.push(Kernel {
                    work: Work::Program { program, rows: tiles, inner, binds, sums: vec![true] },
                    nodes: lowered.kernels[k].nodes.clone(),
                    inputs: vec![Operand { value, shape, part: Part::Whole }],
                    outputs: vec![Operand { part: Part::Whole, ..whole }],
                    rows: 1,
                    flops: (tiles * inner) as f64,
                });
                sums.push(lowered.kernels.len() - 1);
            }
        }
        out.push(stage);
        if !sums.is_empty() {
            out.push(Stage { kernels: sums, rows: 1, chunk: 1 });
        }
    }
    merge(out)
}
