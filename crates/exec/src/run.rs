//! How one kernel runs on one chunk of rows.

use std::ops::Range;

use graphrun_expr::{Float, Operand as Bound, Source};
use graphrun_graph::{Context, Op, Reduce};
use graphrun_plan::{Accumulate, Bind, Extent, Kernel, Operand, Part, Product, Work};
use graphrun_tensor::{
    Accum, Element, Lent, Mat, MatMut, Num, Real, Reduction, Scratch, Shape, View, ViewAny, ViewMut,
};

/// An element type that plans run in.
pub(crate) trait Scalar: Num + Float {}
impl Scalar for f32 {}
impl Scalar for f64 {}

/// What a run tells operations that draw numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Draw {
    /// The seed of the run.
    pub seed: u64,
    /// The number of the step in the run.
    pub step: u64,
}

/// Runs `kernel` for `rows` of its `kernel.rows`.
pub(crate) fn run<T: Scalar>(
    kernel: &Kernel,
    index: &[bool],
    rows: Range<usize>,
    lent: &mut Lent<'_>,
    scratch: &mut Scratch<'_>,
    draw: Draw,
) {
    match &kernel.work {
        Work::Program { program, rows: total, inner, binds, .. } => {
            let (start, count) = part(&rows, kernel.rows, *total);
            let memory = scratch.rest::<T>();
            with_outputs(kernel.outputs.len(), lent, |lent, out: &mut [&mut [T]]| {
                let input = |k: usize| match binds[k] {
                    Bind::Output(o) => Bound::Output(o),
                    Bind::RowIndex(i) => Bound::Source(Source::RowIndex(lent.read::<i64>(i))),
                    Bind::Input(i, lies) => {
                        Bound::Source(source(&kernel.inputs[i], lent.read::<T>(i), lies, start, count))
                    }
                };
                program.run_with(count, *inner, input, out, memory);
            });
        }
        Work::MatMul(product) => matmul::<T>(kernel, product, rows, lent, scratch),
        Work::Reduce(with, over) => {
            let x = View::new(lent.read::<T>(0), kernel.inputs[0].shape);
            let over = &over[..kernel.inputs[0].shape.rank()];
            graphrun_tensor::reduce(reduction(*with), x, over, lent.write::<T>(0));
        }
        Work::Copy => {
            let shape = kernel.outputs[0].shape;
            let from = View::new(lent.read::<T>(0), kernel.inputs[0].shape).broadcast(shape);
            graphrun_tensor::copy(from, ViewMut::new(lent.write::<T>(0), shape));
        }
        Work::Fill(value) => lent.write::<T>(0).fill(<T as Real>::from_f64(*value)),
        Work::Op(op) => {
            let context = Context { rows, scratch: scratch.again(), seed: draw.seed, step: draw.step };
            operation::<T>(kernel, op.as_ref(), index, lent, context);
        }
    }
}

/// Where `rows` of `of` rows begin among `total`, and how many of those they are.
fn part(rows: &Range<usize>, of: usize, total: usize) -> (usize, usize) {
    if rows.len() == of {
        return (0, total);
    }
    let unit = total / of.max(1);
    (rows.start * unit, rows.len() * unit)
}

/// Calls `f` with all outputs, which allocates nothing for up to 64.
fn with_outputs<T: Element>(count: usize, lent: &mut Lent<'_>, f: impl FnOnce(&Lent<'_>, &mut [&mut [T]])) {
    fn take<T: Element, const N: usize>(count: usize, lent: &mut Lent<'_>, f: impl FnOnce(&Lent<'_>, &mut [&mut [T]])) {
        let mut outputs: [&mut [T]; N] = std::array::from_fn(|k| if k < count { lent.write::<T>(k) } else { &mut [] });
        f(lent, &mut outputs[..count]);
    }
    match count {
        0..=2 => take::<T, 2>(count, lent, f),
        3..=8 => take::<T, 8>(count, lent, f),
        _ => take::<T, 64>(count, lent, f),
    }
}

/// How an operand lies over `count` rows from `start` on.
fn source<'a, T: Copy>(operand: &Operand, data: &'a [T], lies: Extent, start: usize, count: usize) -> Source<'a, T> {
    match lies {
        Extent::Full => Source::Full(data),
        Extent::Col => Source::Col(data),
        Extent::Scalar => Source::Scalar(data[0]),
        // The rows of the chunk alone are lent.
        Extent::Row { .. } if operand.part == Part::Rows => {
            Source::Row { data, start: 0, div: 1, modulo: count.max(1) }
        }
        Extent::Row { div, modulo } => Source::Row { data, start, div: div.max(1), modulo: modulo.max(1) },
    }
}

fn matrix<T: Copy>(data: &[T], rows: usize, cols: usize, transpose: bool) -> Mat<'_, T> {
    match transpose {
        true => Mat::row_major(data, cols, rows).t(),
        false => Mat::row_major(data, rows, cols),
    }
}

/// The rows `rows` of `kernel.rows` of a stack of products.
fn matmul<T: Scalar>(
    kernel: &Kernel,
    product: &Product,
    rows: Range<usize>,
    lent: &mut Lent<'_>,
    scratch: &mut Scratch<'_>,
) {
    let &Product { cols, depth, .. } = product;
    let out = lent.write::<T>(0);
    let (accum, alpha) = match product.accumulate {
        Some(Accumulate { factor, by }) => {
            let by = by.map_or(<T as Real>::ONE, |k| lent.read::<T>(k)[0]);
            (Accum::Add, <T as Real>::from_f64(factor) * by)
        }
        None => (Accum::Replace, <T as Real>::ONE),
    };
    let (a, b) = (lent.read::<T>(0), lent.read::<T>(1));
    let (a_shape, b_shape, out_shape) = (&kernel.inputs[0].shape, &kernel.inputs[1].shape, &kernel.outputs[0].shape);
    let single = b_shape.rank() == 2 && !product.transpose_a || out_shape.rank() == 2;
    if single {
        // One product, of which these are some rows: those of `a` are lent, or lie across it.
        let (start, count) = part(&rows, kernel.rows, product.rows);
        let a = match product.transpose_a {
            true => matrix(a, product.rows, depth, true).block([start, 0], [count, depth]),
            false => Mat::row_major(a, count, depth),
        };
        let out = MatMut::row_major(out, count, cols);
        let b = matrix(b, depth, cols, product.transpose_b);
        let scratch = scratch.rest::<T>();
        graphrun_tensor::matmul(out, accum, alpha, a, b, scratch);
        return;
    }
    // A stack: leading axes broadcast, and a chunk is a range of the first one.
    let size = product.rows * cols;
    let lead = &out_shape.sizes()[..out_shape.rank() - 2];
    let per_first: usize = lead[1..].iter().product();
    let memory = scratch.rest::<T>();
    for (k, out) in out.chunks_exact_mut(size.max(1)).enumerate() {
        let at = rows.start * per_first + k;
        let place = |shape: &Shape, part: Part| {
            let skipped = if part == Part::Rows { rows.start } else { 0 };
            stacked(shape, lead, at, skipped) * (shape.len() / stack(shape).max(1))
        };
        let a = matrix(&a[place(a_shape, kernel.inputs[0].part)..], product.rows, depth, product.transpose_a);
        let b = matrix(&b[place(b_shape, kernel.inputs[1].part)..], depth, cols, product.transpose_b);
        graphrun_tensor::matmul(MatMut::row_major(out, product.rows, cols), accum, alpha, a, b, memory);
    }
}

/// The number of matrices in a stack of this shape.
fn stack(shape: &Shape) -> usize {
    shape.sizes()[..shape.rank() - 2].iter().product()
}

/// Which matrix of a stack of `shape`, of whose first axis `skipped` places are not lent, takes part in matrix
/// `at` of a stack whose leading sizes are `lead`.
fn stacked(shape: &Shape, lead: &[usize], mut at: usize, skipped: usize) -> usize {
    let own = &shape.sizes()[..shape.rank() - 2];
    let (mut place, mut stride) = (0, 1);
    for (k, &size) in lead.iter().enumerate().rev() {
        let index = at % size;
        at /= size;
        let Some(axis) = (k + own.len()).checked_sub(lead.len()) else { continue };
        if own[axis] != 1 {
            place += (index - if axis == 0 { skipped } else { 0 }) * stride;
        }
        stride *= own[axis];
    }
    place
}

fn reduction(with: Reduce) -> Reduction {
    match with {
        Reduce::Sum => Reduction::Sum,
        Reduce::Prod => Reduction::Prod,
        Reduce::Max => Reduction::Max,
        Reduce::Min => Reduction::Min,
    }
}

/// Runs an operation's own kernel on the rows that are lent.
fn operation<T: Scalar>(kernel: &Kernel, op: &dyn Op, index: &[bool], lent: &mut Lent<'_>, mut context: Context<'_>) {
    let count = context.rows.len();
    let shape = |operand: &Operand| match operand.part {
        Part::Rows => {
            let mut sizes = operand.shape;
            sizes.set(0, count);
            sizes
        }
        _ => operand.shape,
    };
    let view = |k: usize| {
        let operand = &kernel.inputs[k];
        match index[operand.value.index()] {
            true => i64::any(View::new(lent.read(k), shape(operand))),
            false => T::any(View::new(lent.read(k), shape(operand))),
        }
    };
    let output = &kernel.outputs[0];
    let sizes = shape(output);
    let run = |inputs: &[ViewAny<'_>], lent: &mut Lent<'_>, context: &mut Context<'_>| match index[output.value.index()]
    {
        true => op.run(inputs, i64::any_mut(ViewMut::new(lent.write(0), sizes)), context),
        false => op.run(inputs, T::any_mut(ViewMut::new(lent.write(0), sizes)), context),
    };
    // Views are borrowed from the arena, not from `lent`.
    match kernel.inputs.len() {
        0 => run(&[], lent, &mut context),
        n if n <= INLINE => {
            let views: [ViewAny<'_>; INLINE] = std::array::from_fn(|k| view(k.min(n - 1)));
            run(&views[..n], lent, &mut context);
        }
        n => {
            let views: Vec<ViewAny<'_>> = (0..n).map(view).collect();
            run(&views, lent, &mut context);
        }
    }
}

/// Inputs of an operation up to which a run allocates nothing.
const INLINE: usize = 8;
