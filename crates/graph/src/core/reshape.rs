//! The same elements under another shape.

use graphrun_tensor::{ViewAny, ViewMutAny, with_real};

use super::reference::copy;
use crate::graph::{Builder, NodeId};
use crate::op::{At, Context, Form, GradError, Op};
use crate::size::{Size, shape_text};
use crate::ty::{Type, TypeError, check_rank, real};

/// `x` in the same row-major order under another shape of as many elements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reshape {
    /// The shape of the output.
    pub shape: Vec<Size>,
}

impl Op for Reshape {
    fn name(&self) -> &str {
        "Reshape"
    }

    fn options(&self) -> String {
        format!("shape: {}", shape_text(&self.shape))
    }

    fn ty(&self, inputs: &[Type]) -> Result<Type, TypeError> {
        let (x, out) = (real(inputs, 0)?, Type::real(self.shape.clone()));
        check_rank(out.rank())?;
        if x.len() != out.len() {
            return Err(TypeError {
                message: format!("{x} holds {} elements and {out} holds {}", x.len(), out.len()),
                clash: Some(Box::new((x.len(), out.len()))),
                inputs: vec![0],
                help: None,
            });
        }
        Ok(out)
    }

    fn vjp(&self, b: &mut Builder, at: At<'_>) -> Result<Vec<Option<NodeId>>, GradError> {
        let shape = b.ty(at.inputs[0]).shape.clone();
        Ok(vec![Some(b.reshape(at.grad, &shape)?)])
    }

    fn form(&self) -> Form {
        Form::Reshape
    }

    fn run(&self, inputs: &[ViewAny<'_>], out: ViewMutAny<'_>, _: &mut Context<'_>) {
        with_real!(out, |out: T| copy(inputs[0].real::<T>(), out.data));
    }
}
