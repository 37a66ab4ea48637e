//! Random numbers spread evenly from 0 up to 1: what Dropout, RRelu and GaussianNoise draw.
//!
//! # Formula
//! `y_i = r(seed, key, step, i)`, a multiple of 2^-24 in [0, 1)
//!
//! # Gradient
//! There is no input.
//!
//! # Options
//! `shape` (the shape), `key` (the name that, with the seed, the numbers depend on).
//!
//! # Shape
//! As the option says.
//!
//! # Example
//! `u: Uniform01(shape: [N, 4], key: "u")`

use graphrun_graph::{
    At, Builder, Context, Form, GradError, Key, NodeId, Op, OpDef, Sample, Size, Type, TypeError, shape_text, ty,
};
use graphrun_tensor::{Num, ViewAny, ViewMut, ViewMutAny, with_real};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Deserialize;

/// Every element depends on the seed, the key, the step and its position alone: on neither threads nor order.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Uniform01 {
    pub(crate) shape: Vec<Size>,
    pub(crate) key: String,
}

impl Op for Uniform01 {
    fn name(&self) -> &str {
        "Uniform01"
    }

    fn options(&self) -> String {
        format!("shape: {}, key: {:?}", shape_text(&self.shape), self.key)
    }

    fn ty(&self, _: &[Type]) -> Result<Type, TypeError> {
        ty::check_rank(self.shape.len())?;
        Ok(Type::real(self.shape.clone()))
    }

    fn vjp(&self, _: &mut Builder, _: At<'_>) -> Result<Vec<Option<NodeId>>, GradError> {
        Ok(Vec::new())
    }

    fn form(&self) -> Form {
        if self.shape.is_empty() { Form::Opaque } else { Form::Rows(Vec::new()) }
    }

    fn run(&self, _: &[ViewAny<'_>], out: ViewMutAny<'_>, at: &mut Context<'_>) {
        let key = Key { seed: at.seed, name: &self.key }.bytes();
        with_real!(out, |out: T| fill::<T>(out, key, at));
    }
}

/// Each element takes one 32-bit word of the stream of its step, at its position.
fn fill<T: Num>(out: ViewMut<'_, T>, key: [u8; 32], at: &Context<'_>) {
    let row: usize = out.shape.sizes().iter().skip(1).product();
    let mut rng = ChaCha8Rng::from_seed(key);
    rng.set_stream(at.step);
    rng.set_word_pos((at.rows.start * row) as u128);
    // 24 bits are exact in either precision, so that both draw the same numbers.
    out.data.iter_mut().for_each(|slot| *slot = T::from_f64(f64::from(rng.next_u32() >> 8) / f64::from(1 << 24)));
}

pub(crate) fn def() -> OpDef {
    OpDef::new("Uniform01", |call, o: &Uniform01| call.emit(o.clone()))
        .ports(&[])
        .summary("Random numbers from 0 up to 1, new ones every step")
        .shape("As the option says")
        .formula("y_i = r(seed, key, step, i), a multiple of 2^-24 in [0, 1)", "there is no input")
        .option("shape", "shape", None, "the shape")
        .option("key", "string", None, "the name that, with the seed, the numbers depend on")
        .example(
            r#"Model(
    graphrun: 1,
    inputs: { x: [2] },
    nodes: { u: Uniform01(shape: [2], key: "u"), inside: Less(u, 1), y: Mul(inside, x) },
    outputs: [y],
    tests: [(given: { x: [3, 4] }, value: { y: [3, 4] }, grad: { x: [1, 1] }, upstream: [1, 1])],
)"#,
        )
        .not_differentiable()
        .sample(|bytes| {
            let shape = bytes.shape(0, 3).into_iter().map(Size::from).collect();
            Sample::new(Uniform01 { shape, key: "u".into() }, Vec::new())
        })
}

#[cfg(test)]
mod tests {
    use graphrun_tensor::{Scratch, Shape};

    use super::*;

    fn rows(range: std::ops::Range<usize>) -> Vec<f64> {
        let mut data = vec![0.0; range.len() * 3];
        let shape = Shape::of(&[range.len(), 3]);
        let mut at = Context { rows: range, scratch: Scratch::new(&mut []), seed: 5, step: 7 };
        let op = Uniform01 { shape: vec![Size::from(8), Size::from(3)], key: "u".into() };
        op.run(&[], ViewMutAny::F64(ViewMut::new(&mut data, shape)), &mut at);
        data
    }

    #[test]
    fn rows_computed_alone_are_the_same() {
        let whole = rows(0..8);
        assert_eq!([rows(0..3), rows(3..8)].concat(), whole);
        assert!(whole.iter().all(|u| (0.0..1.0).contains(u)));
        assert!(whole.windows(2).all(|pair| pair[0] != pair[1]));
    }
}
