//! The product of matrices, or of stacks of them.
//!
//! # Formula
//! `y[.., i, j] = sum_k a[.., i, k] b[.., k, j]`, either side read transposed when the option says so.
//!
//! # Gradient
//! `da = dy b^T`, `db = a^T dy`: products again, with the flags instead of moved data.
//!
//! # Options
//! `transpose_a`, `transpose_b`.
//!
//! # Shape
//! `[.., m, k]` and `[.., k, n]` give `[.., m, n]`; the leading axes broadcast. A vector on the left is a row, on the
//! right a column, and its axis leaves the result.
//!
//! # Example
//! `y: MatMul(x, w)`, `s: MatMul(a: x, b: w, transpose_b: true)`

use graphrun_graph::{
    At, Builder, Bytes, Context, Form, GradError, NodeId, Op, OpDef, Sample, SampleInput, Size, Type, TypeError, ty,
};
use graphrun_tensor::{
    Accum, Dtype, MAX_RANK, Mat, MatMut, Num, Shape, View, ViewAny, ViewMut, ViewMutAny, matmul, matmul_scratch, with_real,
};
use serde::Deserialize;

use crate::positions::Positions;

/// The product over the last two axes, either operand perhaps read transposed.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct MatMul {
    pub(crate) transpose_a: bool,
    pub(crate) transpose_b: bool,
}

impl MatMul {
    /// The product's rows, columns and depth for operands of these shapes.
    fn sizes(self, a: &[usize], b: &[usize]) -> [usize; 3] {
        let [rows, depth] = last_two(a, self.transpose_a);
        let [_, cols] = last_two(b, self.transpose_b);
        [rows, cols, depth]
    }
}

/// The last two sizes, exchanged when `transposed`.
fn last_two<S: Clone>(shape: &[S], transposed: bool) -> [S; 2] {
    let n = shape.len();
    let (first, second) = if transposed { (n - 1, n - 2) } else { (n - 2, n - 1) };
    [shape[first].clone(), shape[second].clone()]
}

impl MatMul {
    /// The transpose that makes the inner sizes of two matrices one, as it is written.
    fn turned(&self, a: &Type, b: &Type) -> Option<String> {
        let depth = |turn: bool| last_two(&a.shape, self.transpose_a != turn)[1].clone();
        let deep = |turn: bool| last_two(&b.shape, self.transpose_b != turn)[0].clone();
        let way = |name: &str, set: bool| Some(format!("write `{name}: {}`, which fits", !set));
        match () {
            () if depth(false) == deep(true) => way("transpose_b", self.transpose_b),
            () if depth(true) == deep(false) => way("transpose_a", self.transpose_a),
            () => None,
        }
    }
}

impl Op for MatMul {
    fn name(&self) -> &str {
        "MatMul"
    }

    fn options(&self) -> String {
        let flag = |name: &str, set: bool| set.then(|| format!("{name}: true"));
        let flags = [flag("transpose_a", self.transpose_a), flag("transpose_b", self.transpose_b)];
        flags.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    fn ty(&self, inputs: &[Type]) -> Result<Type, TypeError> {
        let (a, b) = (ty::real(inputs, 0)?, ty::real(inputs, 1)?);
        for (k, x) in [a, b].into_iter().enumerate() {
            if x.rank() < 2 {
                return Err(TypeError::new(format!("a product of matrices, and this is {x}")).at(&[k]));
            }
        }
        let [rows, depth] = last_two(&a.shape, self.transpose_a);
        let [deep, cols] = last_two(&b.shape, self.transpose_b);
        let meet = ty::same_size(&depth, &deep, &format!("the inner sizes of {a} and {b} differ"), &[0, 1]);
        meet.map_err(|error| match self.turned(a, b) {
            Some(help) => error.help(help),
            None => error,
        })?;
        let stack = |x: &Type| Type::real(x.shape[..x.rank() - 2].to_vec());
        let mut shape = ty::broadcast(&[&stack(a), &stack(b)])?;
        shape.extend([rows, cols]);
        Ok(Type::real(shape))
    }

    fn vjp(&self, b: &mut Builder, at: At<'_>) -> Result<Vec<Option<NodeId>>, GradError> {
        let MatMul { transpose_a, transpose_b } = *self;
        let (left, right, grad) = (at.inputs[0], at.inputs[1], at.grad);
        let product = |b: &mut Builder, x, transpose_a, y, transpose_b| {
            b.node(MatMul { transpose_a, transpose_b }, &[x, y]).map(Some)
        };
        let to_left = match transpose_a {
            false => product(b, grad, false, right, !transpose_b)?,
            true => product(b, right, transpose_b, grad, true)?,
        };
        let to_right = match transpose_b {
            false => product(b, left, !transpose_a, grad, false)?,
            true => product(b, grad, true, left, transpose_a)?,
        };
        Ok(vec![to_left, to_right])
    }

    fn form(&self) -> Form {
        Form::MatMul { transpose_a: self.transpose_a, transpose_b: self.transpose_b }
    }

    fn scratch(&self, inputs: &[Shape], _: Shape, dtype: Dtype) -> usize {
        let [rows, cols, depth] = self.sizes(inputs[0].sizes(), inputs[1].sizes());
        dtype.bytes()
            * match dtype {
                Dtype::F32 => matmul_scratch::<f32>(rows, cols, depth),
                Dtype::F64 => matmul_scratch::<f64>(rows, cols, depth),
            }
    }

    fn madds(&self, inputs: &[Shape], out: Shape) -> usize {
        let [_, _, depth] = self.sizes(inputs[0].sizes(), inputs[1].sizes());
        out.len() * depth
    }

    fn run(&self, inputs: &[ViewAny<'_>], out: ViewMutAny<'_>, at: &mut Context<'_>) {
        with_real!(out, |out: T| self.multiply(inputs[0].real::<T>(), inputs[1].real::<T>(), out, at));
    }
}

impl MatMul {
    fn multiply<T: Num>(self, a: View<'_, T>, b: View<'_, T>, out: ViewMut<'_, T>, at: &mut Context<'_>) {
        let [rows, cols, depth] = self.sizes(a.shape().sizes(), b.shape().sizes());
        if out.data.is_empty() {
            return;
        }
        let stack = Shape::of(&out.shape.sizes()[..out.shape.rank() - 2]);
        let (a, b) = (stacked(a, stack), stacked(b, stack));
        let scratch = at.scratch.take::<T>(matmul_scratch::<T>(rows, cols, depth));
        let strides = [a.strides(), b.strides()].map(|s| &s[..stack.rank()]);
        for ([in_a, in_b], y) in Positions::new(stack, strides, |_| true).zip(out.data.chunks_exact_mut(rows * cols)) {
            let y = MatMut::row_major(y, rows, cols);
            let (a, b) = (matrix(a, in_a, self.transpose_a), matrix(b, in_b, self.transpose_b));
            matmul(y, Accum::Replace, T::ONE, a, b, scratch);
        }
    }
}

/// The matrices of `x` repeated to the leading axes `stack`.
fn stacked<T: Num>(x: View<'_, T>, stack: Shape) -> View<'_, T> {
    let mut sizes = [0; MAX_RANK];
    let rank = stack.rank() + 2;
    sizes[..stack.rank()].copy_from_slice(stack.sizes());
    sizes[stack.rank()..rank].copy_from_slice(&x.shape().sizes()[x.shape().rank() - 2..]);
    x.broadcast(Shape::of(&sizes[..rank]))
}

/// The matrix that stands `moved` elements after the first one of the stack `x`.
fn matrix<T: Num>(x: View<'_, T>, moved: isize, transposed: bool) -> Mat<'_, T> {
    let ((data, start), sizes) = (x.parts(), x.shape());
    let (size, strides) = (last_two(sizes.sizes(), false), last_two(x.strides(), false));
    let m = Mat::new(data, (start as isize + moved) as usize, size, strides);
    if transposed { m.t() } else { m }
}

/// The product of `x` and `y` with the fewest and largest matrix products: a vector becomes a matrix of one row, and
/// leading axes that only `x` has become rows.
pub(crate) fn product(
    b: &mut Builder,
    x: NodeId,
    y: NodeId,
    options: MatMul,
) -> Result<NodeId, TypeError> {
    let MatMul { mut transpose_a, mut transpose_b } = options;
    let (left, right) = (b.ty(x).shape.clone(), b.ty(y).shape.clone());
    let (mut x, mut y) = (x, y);
    let row = |size: &Size| [Size::from(1), size.clone()];
    if let [size] = left.as_slice() {
        (x, transpose_a) = (b.reshape(x, &row(size))?, false);
    }
    if let [size] = right.as_slice() {
        (y, transpose_b) = (b.reshape(y, &row(size))?, true);
    }
    if left.len() > 2 && right.len() <= 2 && !transpose_a {
        let (rows, depth) = left.split_at(left.len() - 1);
        let rows = rows.iter().fold(Size::from(1), |n, size| &n * size);
        x = b.reshape(x, &[rows, depth[0].clone()])?;
    }
    let out = b.node(MatMul { transpose_a, transpose_b }, &[x, y])?;
    if left.len() == 2 && right.len() >= 2 {
        return Ok(out);
    }
    let made = b.ty(out).shape.clone();
    let cols = made.last().cloned().filter(|_| right.len() > 1);
    let lead = match left.len() {
        1 => made[..made.len() - 2].to_vec(),
        _ if right.len() <= 2 && !transpose_a => left[..left.len() - 1].to_vec(),
        _ => made[..made.len() - 1].to_vec(),
    };
    b.reshape(out, &lead.into_iter().chain(cols).collect::<Vec<_>>())
}

fn sample(bytes: &mut Bytes<'_>) -> Sample {
    let options = MatMul { transpose_a: bytes.flag(), transpose_b: bytes.flag() };
    let [rows, depth, cols] = [(); 3].map(|()| *bytes.pick(&[1, 2, 3, 4, 17]));
    let stack = bytes.shape(0, 2);
    let own = |bytes: &mut Bytes<'_>| -> Vec<usize> {
        let lacking = bytes.between(0, stack.len());
        stack[lacking..].iter().map(|&size| if bytes.flag() { 1 } else { size }).collect()
    };
    let of = |mut lead: Vec<usize>, rows, cols, transposed: bool| {
        lead.extend(if transposed { [cols, rows] } else { [rows, cols] });
        SampleInput::real(&lead)
    };
    let other = own(bytes);
    let a = of(stack.clone(), rows, depth, options.transpose_a);
    let b = of(other, depth, cols, options.transpose_b);
    Sample::new(options, vec![a, b])
}

pub(crate) fn def() -> OpDef {
    OpDef::new("MatMul", |call, options: &MatMul| product(call.b, call.input(0)?, call.input(1)?, *options))
        .ports(&["a", "b"])
        .summary("The product of matrices or of stacks of them")
        .shape(
            "`[.., m, k]` and `[.., k, n]` give `[.., m, n]`; the leading axes broadcast. A vector on the \
             left is a row, on the right a column, and its axis leaves the result",
        )
        .formula("y = a b", "da = dy b^T; db = a^T dy")
        .option("transpose_a", "bool", Some("false"), "whether the last two axes of a are exchanged")
        .option("transpose_b", "bool", Some("false"), "whether the last two axes of b are exchanged")
        .example(
            r#"Model(
    graphrun: 1,
    inputs: { a: [2, 3], b: [3, 2] },
    nodes: { y: MatMul(a, b), z: Sum(y) },
    outputs: [z],
    tests: [(
        given: { a: [[1, 2, 3], [4, 5, 6]], b: [[1, 0], [0, 1], [1, 1]] },
        value: { y: [[4, 5], [10, 11]], z: 30 },
        grad: { a: [[1, 1, 2], [1, 1, 2]], b: [[5, 5], [7, 7], [9, 9]] },
    )],
)"#,
        )
        .sample(sample)
}
