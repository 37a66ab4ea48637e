//! Repetition to a larger shape.

use graphrun_tensor::{ViewAny, ViewMutAny, with_real};

use super::reference::copy;
use crate::graph::{Builder, NodeId};
use crate::op::{At, Context, Form, GradError, Op};
use crate::size::{Size, shape_text};
use crate::ty::{Type, TypeError, broadcast, real};

/// `x` repeated to `shape` as NumPy broadcasts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broadcast {
    /// The shape of the output.
    pub shape: Vec<Size>,
}

impl Op for Broadcast {
    fn name(&self) -> &str {
        "Broadcast"
    }

    fn options(&self) -> String {
        format!("shape: {}", shape_text(&self.shape))
    }

    fn ty(&self, inputs: &[Type]) -> Result<Type, TypeError> {
        let (x, out) = (real(inputs, 0)?, Type::real(self.shape.clone()));
        if broadcast(&[x, &out]).map_err(|e| e.at(&[0]))? != self.shape {
            return Err(TypeError::new(format!("{x} does not broadcast to {out}")).at(&[0]));
        }
        Ok(out)
    }

    /// The gradient as it is: the reverse walk sums what was repeated.
    fn vjp(&self, _: &mut Builder, at: At<'_>) -> Result<Vec<Option<NodeId>>, GradError> {
        Ok(vec![Some(at.grad)])
    }

    fn form(&self) -> Form {
        Form::Broadcast
    }

    fn run(&self, inputs: &[ViewAny<'_>], out: ViewMutAny<'_>, _: &mut Context<'_>) {
        with_real!(out, |out: T| copy(inputs[0].real::<T>().broadcast(out.shape), out.data));
    }
}
