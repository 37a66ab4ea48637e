//! What recurrent layers share: options, parameters, and the unrolling over a known length.

use std::sync::Arc;

use graphrun_graph::{Builder, Bytes, Call, NodeId, OpDef, Sample, SampleInput, Size, TypeError};
use serde::Deserialize;

use crate::algebra::mat_mul::{MatMul, product};
use crate::init::{xavier::Xavier, zeros::Zeros};
use crate::shape::slice::{Span, slice};
use crate::shape::stack::stack;

/// The most steps that are unrolled: each is nodes of its own.
const MAX_STEPS: usize = 10_000;

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Recurrent {
    pub(super) units: usize,
    #[serde(default)]
    pub(super) last: bool,
}

/// The state after a step; whichever of them comes first is what the layer gives out.
pub(super) type State = Vec<NodeId>;

/// One step from the weighted inputs, the weighted previous output and the previous state, which are absent at first.
pub(super) type Step = fn(&mut Builder, NodeId, Option<NodeId>, Option<&State>, usize) -> Result<State, TypeError>;

/// A recurrent layer whose parameters have `gates` blocks of `units` rows.
pub(super) struct Layer {
    pub(super) gates: usize,
    /// Whether the weighted previous output has a bias of its own.
    pub(super) second_bias: bool,
    pub(super) step: Step,
}

impl Layer {
    /// Unrolls the layer over the next to last axis of the input.
    pub(super) fn build(&self, call: &mut Call<'_>, o: &Recurrent) -> Result<NodeId, TypeError> {
        let (x, ty) = (call.input(0)?, call.ty(0)?);
        let [lead @ .., length, width] = ty.shape.as_slice() else {
            return Err(TypeError::new(format!("a sequence [.., T, D] is wanted, and this is {ty}")).at(&[0]));
        };
        let time = lead.len();
        let steps = match length.known() {
            Some(steps @ 1..=MAX_STEPS) => steps,
            Some(steps) => {
                let message = format!("a sequence of {steps} steps, and 1 to {MAX_STEPS} can be unrolled");
                return Err(TypeError::new(message).at(&[0]));
            }
            None => {
                let message = format!("the length {length} of the sequence {ty} is not known");
                return Err(TypeError::new(message).at(&[0]).help("give the axis of time a number"));
            }
        };
        let (units, rows) = (Size::from(o.units), Size::from(self.gates * o.units));
        let init = call.init("init", || Arc::new(Xavier::default()));
        let weight = call.param("weight", vec![rows.clone(), width.clone()], init)?;
        let init = call.init("recurrent_init", || Arc::new(Xavier::default()));
        let recurrent = call.param("recurrent", vec![rows.clone(), units.clone()], init)?;
        let bias = call.param("bias", vec![rows.clone()], Arc::new(Zeros {}))?;
        let second = match self.second_bias {
            true => Some(call.param("recurrent_bias", vec![rows], Arc::new(Zeros {}))?),
            false => None,
        };
        let transposed = MatMul { transpose_a: false, transpose_b: true };
        let fed = product(call.b, x, weight, transposed)?;
        let fed = call.b.add(&[fed, bias])?;
        let mut state: Option<State> = None;
        let mut outputs = Vec::with_capacity(steps);
        for k in 0..steps {
            let now = slice(call.b, fed, Span::from_start(time, k as i64, Size::from(1)))?;
            let mut shape = call.b.ty(now).shape.clone();
            shape.remove(time);
            let now = call.b.reshape(now, &shape)?;
            // The state before the first step is zero, so that only its bias remains.
            let back = match (&state, second) {
                (None, second) => second,
                (Some(state), second) => {
                    let weighted = product(call.b, state[0], recurrent, transposed)?;
                    Some(match second {
                        Some(bias) => call.b.add(&[weighted, bias])?,
                        None => weighted,
                    })
                }
            };
            let next = (self.step)(call.b, now, back, state.as_ref(), o.units)?;
            outputs.push(next[0]);
            state = Some(next);
        }
        match outputs.last() {
            Some(&output) if o.last => Ok(output),
            _ => stack(call.b, &outputs, time),
        }
    }
}

/// The block of `units` columns number `gate` of the last axis.
pub(super) fn gate(b: &mut Builder, x: NodeId, gate: usize, units: usize) -> Result<NodeId, TypeError> {
    let last = b.ty(x).rank() - 1;
    slice(b, x, Span::from_start(last, (gate * units) as i64, Size::from(units)))
}

/// `x`, and `back` added where there is one.
pub(super) fn plus(b: &mut Builder, x: NodeId, back: Option<NodeId>) -> Result<NodeId, TypeError> {
    match back {
        Some(back) => b.add(&[x, back]),
        None => Ok(x),
    }
}

/// The definition of a recurrent layer with its options documented.
pub(super) fn def(name: &'static str, layer: fn() -> Layer, params: &[&'static str]) -> OpDef {
    OpDef::new(name, move |call, o: &Recurrent| layer().build(call, o))
        .option("units", "integer", None, "the width of the state")
        .option(
            "last",
            "bool",
            Some("false"),
            "whether only the output of the last step is given, without the axis of time",
        )
        .params(params)
        .init("init", "Xavier", "how the weight of the inputs begins")
        .init("recurrent_init", "Xavier", "how the weight of the previous output begins")
        .sample(sample)
}

fn sample(bytes: &mut Bytes<'_>) -> Sample {
    let shape = bytes.shape(2, 3);
    Sample::new(Recurrent { units: bytes.between(1, 3), last: bytes.flag() }, vec![SampleInput::real(&shape)])
}
