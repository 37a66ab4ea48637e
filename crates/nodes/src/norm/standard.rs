//! What normalisations share: standardising over axes, and a learned scale and shift.

use std::sync::Arc;

use graphrun_graph::{Builder, Call, NodeId, OpDef, Size, TypeError};

use crate::axes::mean::mean;
use crate::axes::var::var;
use crate::init::{ones::Ones, zeros::Zeros};
use crate::pointwise::expression;

/// `x` less its mean over `axes`, divided by the square root of its variance and `epsilon`.
pub(super) fn standardise(b: &mut Builder, x: NodeId, axes: &[usize], epsilon: f64) -> Result<NodeId, TypeError> {
    let (middle, variance) = (mean(b, x, axes, true)?, var(b, x, axes, true, 0)?);
    scaled(b, x, middle, variance, epsilon)
}

/// `(x - mean) / sqrt(variance + epsilon)`
pub(super) fn scaled(
    b: &mut Builder,
    x: NodeId,
    mean: NodeId,
    variance: NodeId,
    epsilon: f64,
) -> Result<NodeId, TypeError> {
    let epsilon = b.constant(epsilon)?;
    let names = ["x", "m", "v", "e"];
    b.pointwise(&expression("(x - m) * rsqrt(v + e)", &names), &[x, mean, variance, epsilon])
}

/// `y` times the parameter `weight` and plus the parameter `bias`, when `shifted`; both have the sizes of `y` along
/// `axes`.
pub(super) fn affine(call: &mut Call<'_>, y: NodeId, axes: &[usize], shifted: bool) -> Result<NodeId, TypeError> {
    let whole = call.b.ty(y).shape.clone();
    let own: Vec<Size> = axes.iter().map(|&axis| whole[axis].clone()).collect();
    let weight = call.param("weight", own.clone(), Arc::new(Ones {}))?;
    let weight = aligned(call.b, weight, &whole, axes)?;
    if !shifted {
        return call.b.mul(&[y, weight]);
    }
    let bias = call.param("bias", own, Arc::new(Zeros {}))?;
    let bias = aligned(call.b, bias, &whole, axes)?;
    call.b.pointwise(&expression("y * w + b", &["y", "w", "b"]), &[y, weight, bias])
}

/// `x`, whose axes are the `axes` of `whole`, with a size of 1 for each of the others.
pub(super) fn aligned(b: &mut Builder, x: NodeId, whole: &[Size], axes: &[usize]) -> Result<NodeId, TypeError> {
    let size = |(axis, size): (usize, &Size)| if axes.contains(&axis) { size.clone() } else { Size::from(1) };
    let shape: Vec<Size> = whole.iter().enumerate().map(size).collect();
    b.reshape(x, &shape)
}

/// Demands an epsilon that keeps the square root away from 0.
pub(super) fn check_epsilon(epsilon: f64) -> Result<(), TypeError> {
    match epsilon >= 0.0 && epsilon.is_finite() {
        true => Ok(()),
        false => Err(TypeError::new(format!("epsilon is {epsilon}, and wants to be 0 or a little more"))),
    }
}

/// The definition with `epsilon` documented.
pub(super) fn with_epsilon(def: OpDef, default: &'static str) -> OpDef {
    def.option("epsilon", "real", Some(default), "what is added to the variance, so that constants divide by no zero")
}
