//! Scaled dot-product attention of one or several heads (Vaswani and others, 2017).
//!
//! # Formula
//! `y = softmax(q k^T / sqrt(d)) v` for each head, `d` the width of a head; with `causal` a query sees no later key.
//!
//! # Gradient
//! `dv = p^T dy`, `ds = p (dy v^T - sum(p dy v^T))`, `dq = ds k / sqrt(d)`, `dk = ds^T q / sqrt(d)`, `p` the softmax.
//!
//! # Options
//! `heads`, `causal`.
//!
//! # Shape
//! `q [.., T, D]`, `k [.., S, D]`, `v [.., S, E]` give `[.., T, E]`; `heads` divides `D` and `E`; `causal` wants `T = S`.
//!
//! # Example
//! `y: Attention(q: q, k: k, v: v, heads: 4, causal: true)`

use graphrun_graph::{Builder, Bytes, Call, NodeId, OpDef, Sample, SampleInput, Size, Type, TypeError, ty};
use serde::Deserialize;

use crate::algebra::mat_mul::{MatMul, product};
use crate::algebra::transpose::transpose;
use crate::axes::cum_sum::ordinals;
use crate::pointwise::expression;

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Attention {
    heads: usize,
    causal: bool,
}

impl Default for Attention {
    fn default() -> Attention {
        Attention { heads: 1, causal: false }
    }
}

impl Attention {
    fn build(&self, call: &mut Call<'_>) -> Result<NodeId, TypeError> {
        let [q, k, v] = [call.ty(0)?, call.ty(1)?, call.ty(2)?];
        self.check(&q, &k, &v)?;
        let heads = [call.input(0)?, call.input(1)?, call.input(2)?].map(|x| self.split(call.b, x));
        let [queries, keys, values] = heads;
        let scores = product(call.b, queries?, keys?, MatMul { transpose_a: false, transpose_b: true })?;
        let width = call.b.count(vec![q.shape[q.rank() - 1].divide(&Size::from(self.heads))])?;
        let mut scores = call.b.pointwise(&expression("s * rsqrt(d)", &["s", "d"]), &[scores, width])?;
        if self.causal {
            let count = ordinals(call.b, &q.shape[q.rank() - 2])?;
            let column = call.b.reshape(count, &[q.shape[q.rank() - 2].clone(), Size::from(1)])?;
            let unseen = expression("if(j > i, -1 / 0, s)", &["i", "j", "s"]);
            scores = call.b.pointwise(&unseen, &[column, count, scores])?;
        }
        let last = [call.b.ty(scores).rank() - 1];
        let most = call.b.shift(scores, &last)?;
        let powers = call.b.pointwise(&expression("exp(s - m)", &["s", "m"]), &[scores, most])?;
        let total = call.b.sum(powers, &last, true)?;
        let shares = call.b.div(powers, total)?;
        let mixed = product(call.b, shares, values?, MatMul::default())?;
        self.join(call.b, mixed)
    }

    fn check(&self, q: &Type, k: &Type, v: &Type) -> Result<(), TypeError> {
        for (port, x) in [q, k, v].into_iter().enumerate() {
            if x.rank() < 2 || x.rank() != q.rank() {
                let message = format!("queries, keys and values [.., length, width] are wanted, and these are {q}, {k}, {v}");
                return Err(TypeError::new(message).at(&[port]));
            }
        }
        let n = q.rank();
        for axis in 0..n - 2 {
            ty::same_size(&q.shape[axis], &k.shape[axis], &format!("axis {axis} of queries {q} and keys {k} differ"), &[0, 1])?;
            ty::same_size(&k.shape[axis], &v.shape[axis], &format!("axis {axis} of keys {k} and values {v} differ"), &[1, 2])?;
        }
        ty::same_size(&q.shape[n - 1], &k.shape[n - 1], &format!("the widths of queries {q} and keys {k} differ"), &[0, 1])?;
        ty::same_size(&k.shape[n - 2], &v.shape[n - 2], &format!("the numbers of keys {k} and values {v} differ"), &[1, 2])?;
        if self.causal {
            let what = format!("causal attention wants as many queries {q} as keys {k}");
            ty::same_size(&q.shape[n - 2], &k.shape[n - 2], &what, &[0, 1])?;
        }
        let heads = Size::from(self.heads);
        for (port, x) in [(0, q), (2, v)] {
            let width = &x.shape[n - 1];
            if self.heads == 0 || &width.divide(&heads) * &heads != *width {
                return Err(TypeError::new(format!("{} heads do not divide the width of {x}", self.heads)).at(&[port]));
            }
        }
        Ok(())
    }

    /// `[.., T, heads * d]` as `[.., heads, T, d]`.
    fn split(&self, b: &mut Builder, x: NodeId) -> Result<NodeId, TypeError> {
        if self.heads == 1 {
            return Ok(x);
        }
        let mut shape = b.ty(x).shape.clone();
        let (heads, last) = (Size::from(self.heads), shape.len() - 1);
        shape[last] = shape[last].divide(&heads);
        shape.insert(last, heads);
        let apart = b.reshape(x, &shape)?;
        swap(b, apart, last - 1, last)
    }

    /// The inverse of [`split`](Attention::split).
    fn join(&self, b: &mut Builder, x: NodeId) -> Result<NodeId, TypeError> {
        if self.heads == 1 {
            return Ok(x);
        }
        let rank = b.ty(x).rank();
        let back = swap(b, x, rank - 3, rank - 2)?;
        let mut shape = b.ty(back).shape.clone();
        if let Some(width) = shape.pop() {
            shape[rank - 2] = &shape[rank - 2] * &width;
        }
        b.reshape(back, &shape)
    }
}

fn swap(b: &mut Builder, x: NodeId, first: usize, second: usize) -> Result<NodeId, TypeError> {
    let mut axes: Vec<usize> = (0..b.ty(x).rank()).collect();
    axes.swap(first, second);
    transpose(b, x, &axes)
}

fn sample(bytes: &mut Bytes<'_>) -> Sample {
    let (heads, causal) = (bytes.between(1, 2), bytes.flag());
    let lead = bytes.shape(0, 1);
    let (queries, keys) = (bytes.between(1, 4), bytes.between(1, 4));
    let queries = if causal { keys } else { queries };
    let (d, e) = (heads * bytes.between(1, 3), heads * bytes.between(1, 3));
    let of = |length, width| SampleInput::real(&[lead.as_slice(), &[length, width]].concat());
    Sample::new(Attention { heads, causal }, vec![of(queries, d), of(keys, d), of(keys, e)])
}

pub(crate) fn def() -> OpDef {
    OpDef::new("Attention", |call, options: &Attention| options.build(call))
        .ports(&["q", "k", "v"])
        .summary("Scaled dot-product attention of one or several heads")
        .shape(
            "`q [.., T, D]`, `k [.., S, D]`, `v [.., S, E]` give `[.., T, E]`; `heads` divides `D` and \
             `E`; `causal` wants `T = S`",
        )
        .formula(
            "y = softmax(q k^T / sqrt(d)) v",
            "dv = p^T dy; ds = p (dy v^T - sum(p dy v^T)); dq = ds k / sqrt(d); dk = ds^T q / sqrt(d)",
        )
        .option("heads", "integer", Some("1"), "the number of heads that the width is split into")
        .option("causal", "bool", Some("false"), "whether a query sees only the keys up to its own place")
        .example(
            r#"Model(
    graphrun: 1,
    doc: "equal scores share the values evenly; causally, the first query sees the first value alone",
    inputs: { q: [2, 1], k: [2, 1], v: [2, 1] },
    nodes: { y: Attention(q, k, v), past: Attention(q: q, k: k, v: v, causal: true), z: Sum(y) },
    outputs: [z],
    tests: [(
        given: { q: [[0], [0]], k: [[1], [2]], v: [[2], [6]] },
        value: { y: [[4], [4]], past: [[2], [4]] },
        grad: { q: [[1], [1]], k: [[0], [0]], v: [[1], [1]] },
    )],
)"#,
        )
        .sample(sample)
}
