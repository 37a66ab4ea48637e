//! Arrays one after the other along an axis.
//!
//! # Formula
//! `y = [xs_0, xs_1, ...]` along `axis`.
//!
//! # Gradient
//! `dxs_k`: its part of `dy`.
//!
//! # Options
//! `axis`.
//!
//! # Shape
//! All sizes but that of `axis` are equal; that one is the sum.
//!
//! # Example
//! `both: Concat(xs: [a, b], axis: 1)`

use graphrun_graph::{
    At, Builder, Bytes, Context, GradError, NodeId, Op, OpDef, Sample, SampleInput, Size, Type, TypeError, ty,
};
use graphrun_tensor::{ViewAny, ViewMutAny, copy_into, with_real};
use serde::Deserialize;

use super::slice::{Span, slice};

/// The inputs one after the other along `axis`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Concat {
    pub(crate) axis: usize,
}

/// An axis, the first by default.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Along {
    pub(crate) axis: i64,
}

impl Op for Concat {
    fn name(&self) -> &str {
        "Concat"
    }

    fn options(&self) -> String {
        format!("axis: {}", self.axis)
    }

    fn ty(&self, inputs: &[Type]) -> Result<Type, TypeError> {
        let Some(first) = inputs.first() else { return Err(TypeError::new("Concat wants at least one input")) };
        ty::axis(self.axis as i64, first.rank()).map_err(|e| e.at(&[0]))?;
        let mut shape = first.shape.clone();
        shape[self.axis] = Size::from(0);
        for k in 0..inputs.len() {
            let x = ty::real(inputs, k)?;
            if x.rank() != first.rank() {
                return Err(TypeError::new(format!("{first} and {x} differ in the number of axes")).at(&[0, k]));
            }
            for (axis, (a, b)) in first.shape.iter().zip(&x.shape).enumerate().filter(|(axis, _)| *axis != self.axis) {
                ty::same_size(a, b, &format!("axis {axis} of {first} and of {x} differ"), &[0, k])?;
            }
            shape[self.axis] = &shape[self.axis] + &x.shape[self.axis];
        }
        Ok(Type::real(shape))
    }

    fn vjp(&self, b: &mut Builder, at: At<'_>) -> Result<Vec<Option<NodeId>>, GradError> {
        let axis = self.axis;
        let sizes: Vec<Size> = at.inputs.iter().map(|&x| b.ty(x).shape[axis].clone()).collect();
        let total = |sizes: &[Size]| sizes.iter().fold(Size::from(0), |n, size| &n + size);
        let mut gradients = Vec::with_capacity(sizes.len());
        for (k, size) in sizes.iter().enumerate() {
            let (before, after) = (total(&sizes[..k]), total(&sizes[k + 1..]));
            let part = match (before.known(), after.known()) {
                (Some(before), _) => slice(b, at.grad, Span::from_start(axis, before as i64, size.clone()))?,
                (_, Some(after)) => slice(b, at.grad, Span::to_end(axis, after, size.clone()))?,
                // With symbols on both sides, what is before goes first.
                _ => {
                    let rest = slice(b, at.grad, Span::to_end(axis, 0, size + &after))?;
                    slice(b, rest, Span::from_start(axis, 0, size.clone()))?
                }
            };
            gradients.push(Some(part));
        }
        Ok(gradients)
    }

    fn run(&self, inputs: &[ViewAny<'_>], out: ViewMutAny<'_>, _: &mut Context<'_>) {
        with_real!(out, |out: T| {
            let mut whole = out.strided();
            let mut start = 0;
            for x in inputs {
                let x = x.real::<T>();
                let size = x.shape().sizes()[self.axis];
                copy_into(x, whole.reborrow().sliced(self.axis, start, size, 1));
                start += size;
            }
        });
    }
}

/// `xs` one after the other along `axis`; a single one is itself.
pub(crate) fn concat(b: &mut Builder, xs: &[NodeId], axis: usize) -> Result<NodeId, TypeError> {
    match xs {
        [x] => Ok(*x),
        _ => b.node(Concat { axis }, xs),
    }
}

fn sample(bytes: &mut Bytes<'_>) -> Sample {
    let shape = bytes.shape(1, 3);
    let axis = bytes.between(0, shape.len() - 1);
    let inputs = (0..bytes.between(1, 3)).map(|_| {
        let mut shape = shape.clone();
        shape[axis] = bytes.between(1, 4);
        SampleInput::real(&shape)
    });
    Sample::variadic(Along { axis: axis as i64 }, inputs.collect())
}

pub(crate) fn def() -> OpDef {
    OpDef::new("Concat", |call, along: &Along| {
        let axis = ty::axis(along.axis, call.ty(0)?.rank())?;
        concat(call.b, &call.all_inputs(), axis)
    })
    .ports(&["xs.."])
    .summary("Arrays one after the other along an axis")
    .shape("All sizes but that of `axis` are equal; that one is the sum")
    .formula("y = [xs_0, xs_1, ...]", "dxs_k = its part of dy")
    .option("axis", "axis", Some("0"), "the axis along which they stand")
    .example(
        r#"Model(
    graphrun: 1,
    inputs: { a: [2, 1], b: [2, 2], w: [2, 3] },
    nodes: { y: Concat(xs: [a, b], axis: 1), z: Mul(y, w), total: Sum(z) },
    outputs: [total],
    tests: [(
        given: { a: [[1], [2]], b: [[3, 4], [5, 6]], w: [[1, 2, 3], [4, 5, 6]] },
        value: { y: [[1, 3, 4], [2, 5, 6]] },
        grad: { a: [[1], [4]], b: [[2, 3], [5, 6]] },
    )],
)"#,
    )
    .sample(sample)
}

#[cfg(test)]
mod tests {
    use graphrun_graph::{Graph, Sizes, grad};
    use graphrun_tensor::{Scratch, View};

    use super::*;

    /// The value of a chain of operations of one input each, from `start` on.
    fn along(graph: &Graph, id: NodeId, start: NodeId, given: &[f64], sizes: &Sizes) -> Vec<f64> {
        if id == start {
            return given.to_vec();
        }
        let node = graph.node(id);
        let input = along(graph, node.inputs[0], start, given, sizes);
        let [from, to] = [node.inputs[0], id].map(|id| graph.ty(id).concrete(sizes).unwrap());
        let mut out = vec![f64::NAN; to.len()];
        let mut at = Context { rows: 0..to.len(), scratch: Scratch::new(&mut []), seed: 0, step: 0 };
        let x = ViewAny::F64(View::new(&input, from));
        node.op.run(&[x], ViewMutAny::F64(graphrun_tensor::ViewMut::new(&mut out, to)), &mut at);
        out
    }

    /// Each part has its own stretch of the gradient, whether sizes before it, after it or both are symbols.
    #[test]
    fn parts_of_any_size_get_their_stretch() {
        let sizes = Sizes::from([("N".into(), 3), ("M".into(), 5)]);
        let [n, m] = ["N", "M"].map(Size::symbol);
        for parts in [[n.clone(), 2.into(), m.clone()], [n.clone(), 1.into(), 2.into()], [1.into(), 2.into(), m], [
            n,
            1.into(),
            1.into(),
        ]] {
            let mut b = Builder::new();
            let declare = |(k, size): (usize, Size)| b.input(&format!("x{k}"), Type::real(vec![size])).unwrap();
            let inputs: Vec<NodeId> = parts.into_iter().enumerate().map(declare).collect();
            let y = b.node(Concat { axis: 0 }, &inputs).unwrap();
            let upstream = b.input("upstream", b.ty(y).clone()).unwrap();
            let gradients = grad(&mut b, y, &inputs, Some(upstream)).unwrap();
            let given: Vec<f64> = (0..b.ty(y).concrete(&sizes).unwrap().len()).map(|k| k as f64).collect();
            let found = gradients.iter().flat_map(|&id| along(b.graph(), id, upstream, &given, &sizes));
            assert_eq!(found.collect::<Vec<_>>(), given);
        }
    }
}
