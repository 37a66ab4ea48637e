//! What an operation is: a shape rule, a gradient rule, a form that passes understand, and a kernel.

use std::any::Any;
use std::fmt::Debug;
use std::ops::Range;

use graphrun_expr::Expr;
use graphrun_tensor::{Dtype, Scratch, Shape, ViewAny, ViewMutAny};

use crate::graph::{Builder, NodeId};
use crate::size::Size;
use crate::ty::{Type, TypeError};

/// A differentiable operation of any number of inputs and one output.
///
/// An operation is immutable and knows nothing of the graph it stands in. Its identity is its [`name`](Op::name)
/// with its [`options`](Op::options): two nodes of equal identity and inputs are one node.
pub trait Op: Debug + Send + Sync + Any {
    /// The name in the registry, under which a printed graph loads again.
    fn name(&self) -> &str;

    /// The options as the fields of a RON struct, in canonical form: `axes: [1], keep: true`.
    ///
    /// **With the name they are all that tells one operation from another.** Two nodes that agree in name, options and
    /// inputs are made one, whatever else their operations hold: a field that changes the value, the gradient or the type
    /// and is not written here gives wrong results. An operation without options keeps this default.
    fn options(&self) -> String {
        String::new()
    }

    /// The type of the output.
    ///
    /// # Errors
    /// Inputs that the operation does not apply to.
    fn ty(&self, inputs: &[Type]) -> Result<Type, TypeError>;

    /// Emits the gradient with respect to each input, given the gradient with respect to the output.
    ///
    /// There is an entry for every input; the reverse walk refuses a list of another length. A gradient may have the
    /// shape that the input was broadcast to; the caller sums it down. `None` is a structural zero.
    ///
    /// # Errors
    /// [`GradError`] when the operation has no gradient.
    fn vjp(&self, b: &mut Builder, at: At<'_>) -> Result<Vec<Option<NodeId>>, GradError>;

    /// Whether the output counts as a constant by definition, although it depends on the inputs: no gradient flows back
    /// from it, and a numeric derivative is taken with it held fixed.
    fn detached(&self) -> bool {
        false
    }

    /// All that fusing, tiling and splitting know of the operation.
    fn form(&self) -> Form {
        Form::Opaque
    }

    /// Whether every element of the output is one of the first input's, at a place that does not depend on values: a
    /// function of each element may then as well be taken before.
    fn moves(&self) -> bool {
        matches!(self.form(), Form::Pick | Form::Reshape | Form::Broadcast)
    }

    /// The scratch memory that [`run`](Op::run) takes for these concrete shapes, in bytes.
    fn scratch(&self, inputs: &[Shape], out: Shape, dtype: Dtype) -> usize {
        let _ = (inputs, out, dtype);
        0
    }

    /// The multiply-adds of a run on these concrete shapes, of operations that are sums of products; others count none.
    fn madds(&self, inputs: &[Shape], out: Shape) -> usize {
        let _ = (inputs, out);
        0
    }

    /// Computes the rows `at.rows` of the output along its first axis, or with [`Form::RowSum`] the sum over those
    /// rows of the inputs; all of them unless the form is [`Form::Rows`] or that. `out`, and the inputs that the form marks, hold those rows only. Reals are all `f32` or
    /// all `f64`. Cannot fail.
    fn run(&self, inputs: &[ViewAny<'_>], out: ViewMutAny<'_>, at: &mut Context<'_>);
}

/// The parts of a node that its gradient rule sees.
#[derive(Clone, Copy, Debug)]
pub struct At<'a> {
    /// The inputs, in order.
    pub inputs: &'a [NodeId],
    /// The node itself: its value.
    pub output: NodeId,
    /// The gradient with respect to the output, of the output's shape.
    pub grad: NodeId,
}

/// An operation that cannot be differentiated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GradError {
    /// Why, in words.
    pub message: String,
}

impl GradError {
    /// An error that says `message`.
    #[must_use]
    pub fn new(message: impl Into<String>) -> GradError {
        GradError { message: message.into() }
    }
}

impl std::fmt::Display for GradError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for GradError {}

/// An emitted node whose types do not fit is an error of the gradient rule.
impl From<TypeError> for GradError {
    fn from(error: TypeError) -> GradError {
        GradError::new(error.message)
    }
}

/// What a kernel is told when it runs.
#[derive(Debug)]
pub struct Context<'a> {
    /// The rows of the output to compute.
    pub rows: Range<usize>,
    /// Memory to work in, at least what [`Op::scratch`] asked for.
    pub scratch: Scratch<'a>,
    /// The seed of the run, for operations that draw numbers.
    pub seed: u64,
    /// The number of the step in the run, for the same.
    pub step: u64,
}

/// How an operation computes, as far as passes need to know.
#[derive(Clone, Debug, PartialEq)]
pub enum Form {
    /// A value from outside the graph, or a constant.
    Leaf(Leaf),
    /// The same scalar expression for every element of the broadcast inputs.
    Pointwise(Expr),
    /// A reduction over some axes; those axes stay with size 1 when `keep`.
    Reduce {
        /// What is computed over the axes.
        with: Reduce,
        /// The axes, sorted.
        axes: Vec<usize>,
        /// Whether the axes stay with size 1.
        keep: bool,
    },
    /// The input repeated to the output's shape as NumPy broadcasts.
    Broadcast,
    /// The same elements in the same row-major order under another shape.
    Reshape,
    /// A product of (stacks of) matrices over the last two axes, either side perhaps transposed.
    MatMul {
        /// Whether the first operand is read transposed.
        transpose_a: bool,
        /// Whether the second operand is read transposed.
        transpose_b: bool,
    },
    /// `out[..] = x[.., index[..]]`: one element of the last axis of the first input, by the second.
    Pick,
    /// `out[.., k] = 1 where index[..] == k else 0`.
    OneHot,
    /// Row `i` of the output along the first axis depends only on row `i` of the inputs marked true, and
    /// on the whole of the others; any range of rows can be computed alone.
    Rows(Vec<bool>),
    /// The output is a sum over the rows of the inputs marked true; any range of them can be summed alone.
    RowSum(Vec<bool>),
    /// Nothing is known; runs whole.
    Opaque,
}

/// A value that a graph does not compute.
#[derive(Clone, Debug, PartialEq)]
pub enum Leaf {
    /// Fed at every run.
    Input(String),
    /// Kept between runs.
    Parameter(String),
    /// One number.
    Constant(f64),
    /// The product of these sizes, as a real number.
    Count(Vec<Size>),
}

/// What a reduction computes over its axes. Empty axes give the neutral element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reduce {
    /// The sum; 0 when empty.
    Sum,
    /// The product; 1 when empty.
    Prod,
    /// The largest; minus infinity when empty; NaN if any is.
    Max,
    /// The smallest; infinity when empty; NaN if any is.
    Min,
}
