//! The gate's operations, each right and with the bugs that its kind is prone to.

use graphrun_expr::{Binary, Expr};
use graphrun_graph::{At, Builder, Bytes, GradError, Kink, NodeId, OpDef, Sample, SampleInput, Size, Type, TypeError};

use super::toy::{Kernel, Shapes, Toy, Vjp, like_first, no_gradient};

type Gradients = Result<Vec<Option<NodeId>>, GradError>;

/// The options of those that have none.
const PLAIN: [usize; 4] = [0; 4];

/// All of them, right.
pub(super) fn right() -> Vec<OpDef> {
    vec![
        relu(relu_vjp),
        product(product_vjp),
        window(window_vjp),
        pool(pool_vjp),
        dropout(dropout_vjp),
        softmax(softmax_vjp),
        centre(centre_vjp),
        standardise(standardise_vjp),
        pick(pick_vjp),
    ]
}

/// The wrong ones: the bug's name, the operation's, and its definition.
pub(super) const WRONG: [(&str, &str, fn() -> OpDef); 10] = [
    ("path detached: softmax", "GateSoftmax", || softmax(|_, b, at| Ok(vec![Some(b.mul(&[at.grad, at.output])?)]))),
    ("path detached: mean", "GateCentre", || centre(|_, _, at| Ok(vec![Some(at.grad)]))),
    ("path detached: variance", "GateStandardise", || standardise(|_, b, at| Ok(vec![Some(through_mean(b, at)?)]))),
    ("transposed weight", "GateProduct", || product(|t, b, at| product_grads(t, b, at, [0, 0], false))),
    ("swapped operands", "GateProduct", || product(|t, b, at| product_grads(t, b, at, [0, 1], true))),
    ("pooling off by one", "GatePool", || pool(|t, b, at| pool_grads(t, b, at, 1))),
    ("stride and dilation swapped", "GateWindow", || window(|t, b, at| window_grads(t, b, at, true))),
    ("greater-or-equal at a tie", "GateRelu", || relu(|_, b, at| step(b, at, Binary::GreaterEqual))),
    ("dropout mask redrawn", "GateDropout", || dropout(|t, b, at| mask_grad(t, b, at, 1))),
    ("gradient for an integer port", "GatePick", || {
        pick(|t, b, at| Ok(pick_vjp(t, b, at)?.into_iter().map(|g| g.or(Some(at.grad))).collect()))
    }),
];

fn define(toy: Toy, ports: &'static [&'static str], sample: fn(&mut Bytes<'_>) -> Sample) -> OpDef {
    OpDef::new(toy.name, move |call, p: &[usize; 4]| call.emit(Toy { p: *p, ..toy })).ports(ports).sample(sample)
}

fn toy(name: &'static str, shapes: Shapes, kernel: Kernel, vjp: Vjp) -> Toy {
    Toy { name, p: [0; 4], shapes, kernel, vjp }
}

fn relu(vjp: Vjp) -> OpDef {
    let kernel: Kernel =
        |_, x, out| out.iter_mut().zip(&x[0].data).for_each(|(y, x)| *y = if *x > 0.0 { *x } else { 0.0 });
    define(toy("GateRelu", like_first, kernel, vjp), &["x"], |b| {
        Sample::new(PLAIN, vec![SampleInput::real(&b.shape(0, 2))])
    })
    .kink(Kink::Below)
}

fn relu_vjp(_: &Toy, b: &mut Builder, at: At<'_>) -> Gradients {
    step(b, at, Binary::Greater)
}

fn step(b: &mut Builder, at: At<'_>, comparison: Binary) -> Gradients {
    let positive = Expr::binary(comparison, Expr::var(0), Expr::constant(0.0));
    let gradient = Expr::select(positive, Expr::var(1), Expr::constant(0.0));
    Ok(vec![Some(b.pointwise(&gradient, &[at.inputs[0], at.grad])?)])
}

/// The product of two square matrices, either transposed when its option is 1.
fn product(vjp: Vjp) -> OpDef {
    define(product_toy(vjp), &["a", "b"], |b| {
        let n = b.between(1, 3);
        Sample::new(PLAIN, vec![SampleInput::real(&[n, n]), SampleInput::real(&[n, n])])
    })
}

fn product_toy(vjp: Vjp) -> Toy {
    let kernel: Kernel = |toy, x, out| {
        let n = x[0].shape.sizes()[0];
        let at =
            |which: usize, i: usize, j: usize| x[which].data[if toy.p[which] == 1 { j * n + i } else { i * n + j }];
        for (k, y) in out.iter_mut().enumerate() {
            *y = (0..n).map(|m| at(0, k / n, m) * at(1, m, k % n)).sum();
        }
    };
    toy("GateProduct", like_first, kernel, vjp)
}

fn product_vjp(toy: &Toy, b: &mut Builder, at: At<'_>) -> Gradients {
    product_grads(toy, b, at, [0, 1], false)
}

/// da = g b^T with the transposition given, db = a^T g, or g a^T when swapped.
fn product_grads(_: &Toy, b: &mut Builder, at: At<'_>, transposed: [usize; 2], swapped: bool) -> Gradients {
    let with = |p: [usize; 2]| Toy { p: [p[0], p[1], 0, 0], ..product_toy(no_gradient) };
    let (x, y) = (at.inputs[0], at.inputs[1]);
    let dx = b.node(with(transposed), &[at.grad, y])?;
    let dy = if swapped { b.node(with([0, 1]), &[at.grad, x])? } else { b.node(with([1, 0]), &[x, at.grad])? };
    Ok(vec![Some(dx), Some(dy)])
}

/// `y[i] = sum_k w[k] x[i * stride + k * dilation]`.
fn window(vjp: Vjp) -> OpDef {
    let shapes: Shapes = |toy, inputs| {
        let [kernel, stride, dilation, _] = toy.p;
        let n = inputs[0].shape[0].known().unwrap_or(0);
        let reach = (kernel - 1) * dilation + 1;
        match n >= reach && stride > 0 {
            true => Ok(vec![Size::from((n - reach) / stride + 1)]),
            false => Err(TypeError::new(format!("a window of {reach} does not fit {n} elements"))),
        }
    };
    let kernel: Kernel = |toy, x, out| {
        for (i, y) in out.iter_mut().enumerate() {
            *y = x[1].data.iter().enumerate().map(|(k, w)| w * x[0].data[i * toy.p[1] + k * toy.p[2]]).sum();
        }
    };
    define(toy("GateWindow", shapes, kernel, vjp), &["x", "w"], |b| {
        let (kernel, stride, dilation): (usize, usize, usize) = (b.between(1, 3), b.between(1, 3), b.between(1, 3));
        let n = (kernel - 1) * dilation + 1 + b.between(0, 4);
        Sample::new([kernel, stride, dilation, 0], vec![SampleInput::real(&[n]), SampleInput::real(&[kernel])])
    })
}

fn window_vjp(toy: &Toy, b: &mut Builder, at: At<'_>) -> Gradients {
    window_grads(toy, b, at, false)
}

fn window_grads(toy: &Toy, b: &mut Builder, at: At<'_>, swapped: bool) -> Gradients {
    let length = |b: &Builder, id: NodeId| b.ty(id).shape[0].known().unwrap_or(0);
    let shapes: Shapes = |toy, _| Ok(vec![Size::from(toy.p[3])]);
    let to_x: Kernel = |toy, x, out| {
        for (i, g) in x[0].data.iter().enumerate() {
            for (k, w) in x[1].data.iter().enumerate() {
                if let Some(slot) = out.get_mut(i * toy.p[1] + k * toy.p[2]) {
                    *slot += g * w;
                }
            }
        }
    };
    let to_w: Kernel = |toy, x, out| {
        for (k, slot) in out.iter_mut().enumerate() {
            *slot = x[0].data.iter().enumerate().map(|(i, g)| g * x[1].data[i * toy.p[1] + k * toy.p[2]]).sum();
        }
    };
    let [kernel, stride, dilation, _] = toy.p;
    let (stride_x, dilation_x) = if swapped { (dilation, stride) } else { (stride, dilation) };
    let (x, w) = (at.inputs[0], at.inputs[1]);
    let px = [kernel, stride_x, dilation_x, length(b, x)];
    let dx = b.node(Toy { name: "GateWindowX", p: px, shapes, kernel: to_x, vjp: no_gradient }, &[at.grad, w])?;
    let pw = [kernel, stride, dilation, length(b, w)];
    let dw = b.node(Toy { name: "GateWindowW", p: pw, shapes, kernel: to_w, vjp: no_gradient }, &[at.grad, x])?;
    Ok(vec![Some(dx), Some(dw)])
}

/// The larger of each two neighbours; the first wins a tie.
fn pool(vjp: Vjp) -> OpDef {
    let shapes: Shapes = |_, inputs| Ok(vec![Size::from(inputs[0].shape[0].known().unwrap_or(0) / 2)]);
    let kernel: Kernel =
        |_, x, out| out.iter_mut().enumerate().for_each(|(i, y)| *y = x[0].data[2 * i].max(x[0].data[2 * i + 1]));
    define(toy("GatePool", shapes, kernel, vjp), &["x"], |b| {
        Sample::new(PLAIN, vec![SampleInput::real(&[2 * b.between(1, 4)])])
    })
}

fn pool_vjp(toy: &Toy, b: &mut Builder, at: At<'_>) -> Gradients {
    pool_grads(toy, b, at, 0)
}

fn pool_grads(_: &Toy, b: &mut Builder, at: At<'_>, off: usize) -> Gradients {
    let kernel: Kernel = |toy, x, out| {
        for (i, g) in x[1].data.iter().enumerate() {
            let first = x[0].data[2 * i] >= x[0].data[2 * i + 1];
            out[(2 * i + usize::from(!first) + toy.p[3]) % x[0].data.len()] += g;
        }
    };
    let toy = Toy { name: "GatePoolX", p: [0, 0, 0, off], shapes: like_first, kernel, vjp: no_gradient };
    Ok(vec![Some(b.node(toy, &[at.inputs[0], at.grad])?)])
}

/// Half of the elements doubled and the others zero, by the salt.
fn dropout(vjp: Vjp) -> OpDef {
    define(dropout_toy(vjp), &["x"], |b| {
        Sample::new([0, 0, 0, b.between(0, 99)], vec![SampleInput::real(&[b.between(4, 9)])])
    })
}

fn dropout_toy(vjp: Vjp) -> Toy {
    let kernel: Kernel = |toy, x, out| {
        for (k, (y, x)) in out.iter_mut().zip(&x[0].data).enumerate() {
            let hash = ((toy.p[3] * 31 + k) as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 63;
            *y = 2.0 * x * hash as f64;
        }
    };
    toy("GateDropout", like_first, kernel, vjp)
}

fn dropout_vjp(toy: &Toy, b: &mut Builder, at: At<'_>) -> Gradients {
    mask_grad(toy, b, at, 0)
}

fn mask_grad(toy: &Toy, b: &mut Builder, at: At<'_>, off: usize) -> Gradients {
    let again = Toy { p: [0, 0, 0, toy.p[3] + off], ..dropout_toy(dropout_vjp) };
    Ok(vec![Some(b.node(again, &[at.grad])?)])
}

fn softmax(vjp: Vjp) -> OpDef {
    let kernel: Kernel = |_, x, out| {
        let total: f64 = x[0].data.iter().map(|v| v.exp()).sum();
        out.iter_mut().zip(&x[0].data).for_each(|(y, x)| *y = x.exp() / total);
    };
    define(toy("GateSoftmax", like_first, kernel, vjp), &["x"], |b| {
        Sample::new(PLAIN, vec![SampleInput::real(&[b.between(2, 5)])])
    })
}

fn softmax_vjp(_: &Toy, b: &mut Builder, at: At<'_>) -> Gradients {
    let weighted = b.mul(&[at.grad, at.output])?;
    let total = b.sum(weighted, &[0], true)?;
    let shared = b.mul(&[at.output, total])?;
    Ok(vec![Some(b.sub(weighted, shared)?)])
}

/// The distance from the mean.
fn centre(vjp: Vjp) -> OpDef {
    let kernel: Kernel = |_, x, out| {
        let mean = x[0].data.iter().sum::<f64>() / x[0].data.len() as f64;
        out.iter_mut().zip(&x[0].data).for_each(|(y, x)| *y = x - mean);
    };
    define(toy("GateCentre", like_first, kernel, vjp), &["x"], |b| {
        Sample::new(PLAIN, vec![SampleInput::real(&[b.between(2, 5)])])
    })
}

fn centre_vjp(_: &Toy, b: &mut Builder, at: At<'_>) -> Gradients {
    let mean = mean(b, at.grad)?;
    Ok(vec![Some(b.sub(at.grad, mean)?)])
}

/// What keeps the deviation of equal elements from being zero.
const EPSILON: f64 = 0.125;

/// The distance from the mean over the standard deviation.
fn standardise(vjp: Vjp) -> OpDef {
    let kernel: Kernel = |_, x, out| {
        let n = x[0].data.len() as f64;
        let mean = x[0].data.iter().sum::<f64>() / n;
        let variance = x[0].data.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
        let deviation = (variance + EPSILON).sqrt();
        out.iter_mut().zip(&x[0].data).for_each(|(y, x)| *y = (x - mean) / deviation);
    };
    define(toy("GateStandardise", like_first, kernel, vjp), &["x"], |b| {
        Sample::new(PLAIN, vec![SampleInput::real(&[b.between(2, 5)])])
    })
}

/// The gradient with a constant deviation: `(dy - mean dy) / s`, with s from the values.
fn through_mean(b: &mut Builder, at: At<'_>) -> Result<NodeId, GradError> {
    let scale = scale(b, at)?;
    let mean = mean(b, at.grad)?;
    let centred = b.sub(at.grad, mean)?;
    Ok(b.mul(&[centred, scale])?)
}

/// `dx = (dy - mean dy - y mean(dy y)) / s`.
fn standardise_vjp(_: &Toy, b: &mut Builder, at: At<'_>) -> Gradients {
    let scale = scale(b, at)?;
    let product = b.mul(&[at.grad, at.output])?;
    let (shared, straight) = (mean(b, product)?, through_mean(b, at)?);
    let through_variance = b.mul(&[at.output, shared, scale])?;
    Ok(vec![Some(b.sub(straight, through_variance)?)])
}

/// One over the standard deviation, from primitives that have gradients of their own.
fn scale(b: &mut Builder, at: At<'_>) -> Result<NodeId, GradError> {
    let x = at.inputs[0];
    let middle = mean(b, x)?;
    let centred = b.sub(x, middle)?;
    let square = b.mul(&[centred, centred])?;
    let variance = mean(b, square)?;
    let inverse = Expr::binary(Binary::Pow, Expr::var(0) + Expr::constant(EPSILON), Expr::constant(-0.5));
    Ok(b.pointwise(&inverse, &[variance])?)
}

fn mean(b: &mut Builder, x: NodeId) -> Result<NodeId, GradError> {
    let share = b.constant(1.0 / b.ty(x).shape[0].known().unwrap_or(1) as f64)?;
    let total = b.sum(x, &[0], true)?;
    Ok(b.mul(&[total, share])?)
}

/// `y[i] = x[index[i]]`.
fn pick(vjp: Vjp) -> OpDef {
    let shapes: Shapes = |_, inputs: &[Type]| Ok(inputs[1].shape.clone());
    let kernel: Kernel = |_, x, out| out.iter_mut().zip(&x[1].data).for_each(|(y, i)| *y = x[0].data[*i as usize]);
    define(toy("GatePick", shapes, kernel, vjp), &["x", "index"], |b| {
        let (n, m) = (b.between(1, 4), b.between(1, 4));
        Sample::new(PLAIN, vec![SampleInput::real(&[n]), SampleInput::index(&[m], n)])
    })
}

fn pick_vjp(_: &Toy, b: &mut Builder, at: At<'_>) -> Gradients {
    let kernel: Kernel = |_, x, out| x[1].data.iter().zip(&x[2].data).for_each(|(i, g)| out[*i as usize] += g);
    let toy = Toy { name: "GatePickX", p: [0; 4], shapes: like_first, kernel, vjp: no_gradient };
    Ok(vec![Some(b.node(toy, &[at.inputs[0], at.inputs[1], at.grad])?), None])
}
