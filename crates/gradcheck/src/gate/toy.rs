//! Operations made of plain functions, so that the gate can give their gradients bugs.

use graphrun_graph::{At, Builder, Context, GradError, NodeId, Op, Size, Type, TypeError};
use graphrun_tensor::{Element, Real, Shape, View, ViewAny, ViewMutAny, with_real};

/// Computes the output from row-major inputs, all in double precision; integers come as reals.
pub(super) type Kernel = fn(&Toy, &[Operand], &mut [f64]);
/// Gives the shape of the output.
pub(super) type Shapes = fn(&Toy, &[Type]) -> Result<Vec<Size>, TypeError>;
/// Emits the gradients.
pub(super) type Vjp = fn(&Toy, &mut Builder, At<'_>) -> Result<Vec<Option<NodeId>>, GradError>;

/// An input of a kernel.
pub(super) struct Operand {
    pub(super) shape: Shape,
    pub(super) data: Vec<f64>,
}

/// An operation made of functions, with four numbers as its options.
#[derive(Clone, Copy, Debug)]
pub(super) struct Toy {
    pub(super) name: &'static str,
    pub(super) p: [usize; 4],
    pub(super) shapes: Shapes,
    pub(super) kernel: Kernel,
    pub(super) vjp: Vjp,
}

impl Op for Toy {
    fn name(&self) -> &str {
        self.name
    }

    fn options(&self) -> String {
        let [kernel, stride, dilation, more] = self.p;
        format!("kernel: {kernel}, stride: {stride}, dilation: {dilation}, more: {more}")
    }

    fn ty(&self, inputs: &[Type]) -> Result<Type, TypeError> {
        Ok(Type::real((self.shapes)(self, inputs)?))
    }

    fn vjp(&self, b: &mut Builder, at: At<'_>) -> Result<Vec<Option<NodeId>>, GradError> {
        (self.vjp)(self, b, at)
    }

    fn run(&self, inputs: &[ViewAny<'_>], out: ViewMutAny<'_>, _: &mut Context<'_>) {
        let operands: Vec<Operand> = inputs.iter().map(|v| Operand { shape: v.shape(), data: reals(*v) }).collect();
        with_real!(out, |out: T| {
            let mut result = vec![0.0; out.data.len()];
            (self.kernel)(self, &operands, &mut result);
            out.data.iter_mut().zip(result).for_each(|(to, from)| *to = T::from_f64(from));
        });
    }
}

/// For operations that only gradients use: what would be differentiated once more is left out.
pub(super) fn no_gradient(toy: &Toy, _: &mut Builder, _: At<'_>) -> Result<Vec<Option<NodeId>>, GradError> {
    Err(GradError::new(format!("{} is a gradient, and the gate does not differentiate it again", toy.name)))
}

/// The shape of the first input.
pub(super) fn like_first(_: &Toy, inputs: &[Type]) -> Result<Vec<Size>, TypeError> {
    Ok(inputs[0].shape.clone())
}

fn reals(view: ViewAny<'_>) -> Vec<f64> {
    match view {
        ViewAny::F32(v) => gather(v, Real::to_f64),
        ViewAny::F64(v) => gather(v, Real::to_f64),
        ViewAny::I64(v) => gather(v, |x| x as f64),
    }
}

fn gather<T: Element>(view: View<'_, T>, widen: fn(T) -> f64) -> Vec<f64> {
    let (data, start) = view.parts();
    let (shape, strides) = (view.shape(), view.strides());
    let element = |flat: usize| {
        let (mut rest, mut at) = (flat, start as isize);
        for axis in (0..shape.rank()).rev() {
            at += (rest % shape.sizes()[axis]) as isize * strides[axis];
            rest /= shape.sizes()[axis];
        }
        widen(data[at as usize])
    };
    (0..shape.len()).map(element).collect()
}
