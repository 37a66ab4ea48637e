//! A learned vector for every integer.
//!
//! # Formula
//! `y[.., :] = weight[x[..], :]`
//!
//! # Gradient
//! `dweight[k, :]`: the sum of `dy[.., :]` over the places with `x[..] = k`.
//!
//! # Options
//! `size`, the number of vectors, the bound of the integers when omitted; `width`; `init`; `weight` may name a declared
//! parameter.
//!
//! # Shape
//! That of `x` with a last axis of `width`; the weight is `[size, width]`.
//!
//! # Example
//! `e: Embedding(x: words, size: 1000, width: 64)`

use std::sync::Arc;

use graphrun_graph::{Bytes, Call, NodeId, OpDef, Sample, SampleInput, Size, TypeError, ty};
use serde::Deserialize;

use super::gather::Gather;
use crate::init::normal::Normal;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Embedding {
    #[serde(default)]
    size: Option<usize>,
    width: usize,
}

impl Embedding {
    fn build(&self, call: &mut Call<'_>) -> Result<NodeId, TypeError> {
        let types = [call.ty(0)?];
        let (_, below) = ty::index(&types, 0)?;
        let size = self.size.map_or_else(|| below.clone(), Size::from);
        let init = call.init("init", || Arc::new(Normal::default()));
        let weight = call.param("weight", vec![size, Size::from(self.width)], init)?;
        let x = call.input(0)?;
        call.b.node(Gather { axis: 0 }, &[weight, x]).map_err(|e| e.at(&[0]))
    }
}

fn sample(bytes: &mut Bytes<'_>) -> Sample {
    let (shape, below) = (bytes.shape(0, 2), bytes.between(1, 4));
    let size = bytes.flag().then(|| below + bytes.between(0, 2));
    Sample::new(Embedding { size, width: bytes.between(1, 4) }, vec![SampleInput::index(&shape, below)])
}

pub(crate) fn def() -> OpDef {
    OpDef::new("Embedding", |call, options: &Embedding| options.build(call))
        .summary("A learned vector for every integer")
        .shape("That of `x` with a last axis of `width`; the weight is `[size, width]`")
        .formula("y[.., :] = weight[x[..], :]", "dweight[k, :] = sum of dy[.., :] where x[..] = k")
        .option("size", "integer", Some("None"), "the number of vectors; the bound of the integers when omitted")
        .option("width", "integer", None, "the length of a vector")
        .params(&["weight"])
        .init("init", "Normal", "how the vectors [size, width] begin")
        .example(
            r#"Model(
    graphrun: 1,
    inputs: { x: Index([3], 2) },
    nodes: { y: Embedding(x: x, width: 2), z: Sum(y) },
    outputs: [z],
    tests: [(
        given: { x: [1, 0, 1] },
        params: { "y.weight": [[1, 2], [3, 4]] },
        value: { y: [[3, 4], [1, 2], [3, 4]] },
        grad: { "y.weight": [[1, 1], [2, 2]] },
    )],
)"#,
        )
        .sample(sample)
}
