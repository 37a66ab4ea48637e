//! The last axes as one.
//!
//! # Formula
//! `y` holds the elements of `x` in the same row-major order.
//!
//! # Gradient
//! `dx`: `dy` under the shape of `x`.
//!
//! # Options
//! `from`, the first of the axes that become one.
//!
//! # Shape
//! The sizes before `from`, then the product of the others.
//!
//! # Example
//! `rows: Flatten(images)`

use graphrun_graph::{OpDef, Sample, SampleInput, Size, TypeError};
use serde::Deserialize;

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Flatten {
    from: i64,
}

impl Default for Flatten {
    fn default() -> Flatten {
        Flatten { from: 1 }
    }
}

pub(crate) fn def() -> OpDef {
    OpDef::new("Flatten", |call, options: &Flatten| {
        let (x, ty) = (call.input(0)?, call.ty(0)?);
        let from = if options.from < 0 { options.from + ty.rank() as i64 } else { options.from };
        let Some(from) = usize::try_from(from).ok().filter(|&from| from <= ty.rank()) else {
            return Err(TypeError::new(format!("from is {}, and {ty} has {} axes", options.from, ty.rank())).at(&[0]));
        };
        let (kept, merged) = ty.shape.split_at(from);
        let last = merged.iter().fold(Size::from(1), |n, size| &n * size);
        let shape: Vec<Size> = kept.iter().cloned().chain([last]).collect();
        call.b.reshape(x, &shape)
    })
    .summary("The last axes as one")
    .shape("The sizes before `from`, then the product of the others")
    .formula("y = x, row-major", "dx = dy, row-major")
    .option("from", "axis", Some("1"), "the first of the axes that become one")
    .example(
        r#"Model(
    graphrun: 1,
    inputs: { x: [N, 2, 2], w: [4] },
    nodes: { y: Flatten(x), z: Mul(y, w), total: Sum(z) },
    outputs: [total],
    tests: [(
        given: { x: [[[1, 2], [3, 4]]], w: [1, 10, 100, 1000] },
        value: { y: [[1, 2, 3, 4]], total: 4321 },
        grad: { x: [[[1, 10], [100, 1000]]] },
    )],
)"#,
    )
    .sample(|bytes| {
        let shape = bytes.shape(1, 4);
        let from = bytes.between(0, shape.len()) as i64;
        Sample::new(Flatten { from }, vec![SampleInput::real(&shape)])
    })
}
