#![doc = include_str!("../README.md")]

use graphrun_graph::{
    At, Builder, Bytes, Context, GradError, NodeId, Op, OpDef, Registry, Sample, SampleInput, Type, TypeError,
};
use graphrun_tensor::{Real, ViewAny, ViewMutAny, with_real};
use serde::{Deserialize, Serialize};

/// The options as a model file gives them: `Turn(x: x, angle: 0.5)`.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Options {
    angle: f64,
}

/// Turns points of the plane, the last axis of `[..., 2]`, by an angle in radians.
#[derive(Clone, Copy, Debug)]
struct Turn {
    angle: f64,
}

impl Op for Turn {
    fn name(&self) -> &str {
        "Turn"
    }

    /// With the name, what tells one operation from another: equal nodes are computed once.
    fn options(&self) -> String {
        format!("angle: {:?}", self.angle)
    }

    fn ty(&self, inputs: &[Type]) -> Result<Type, TypeError> {
        match inputs[0].shape.last().map(|size| size.known()) {
            Some(Some(2)) => Ok(inputs[0].clone()),
            _ => Err(TypeError::new(format!("points of the plane are wanted, [..., 2], and this is {}", inputs[0]))),
        }
    }

    /// The transpose of a turn is the turn back: `dx = Turn(dy, -angle)`.
    fn vjp(&self, b: &mut Builder, at: At<'_>) -> Result<Vec<Option<NodeId>>, GradError> {
        Ok(vec![Some(b.node(Turn { angle: -self.angle }, &[at.grad])?)])
    }

    fn run(&self, inputs: &[ViewAny<'_>], out: ViewMutAny<'_>, _: &mut Context<'_>) {
        with_real!(out, |out: T| turn(inputs[0].real::<T>().as_slice(), out.data, self.angle));
    }
}

/// The kernel, in either precision. An operation whose form is opaque is given whole arrays in row-major order.
fn turn<T: Real>(x: Option<&[T]>, y: &mut [T], angle: f64) {
    let (sin, cos) = angle.sin_cos();
    for (x, y) in x.unwrap_or_default().chunks_exact(2).zip(y.chunks_exact_mut(2)) {
        let (a, b) = (x[0].to_f64(), x[1].to_f64());
        (y[0], y[1]) = (T::from_f64(a * cos - b * sin), T::from_f64(a * sin + b * cos));
    }
}

/// How files name it, and how the harness draws cases of it: any number of points, any angle.
#[must_use]
pub fn def() -> OpDef {
    let sample = |bytes: &mut Bytes<'_>| {
        let mut shape = bytes.shape(0, 2);
        shape.push(2);
        let angle = bytes.between(0, 12) as f64 / 4.0;
        Sample::new(Options { angle }, vec![SampleInput::real(&shape)])
    };
    OpDef::new("Turn", |call, o: &Options| call.emit(Turn { angle: o.angle }))
        .summary("Points of the plane turned by an angle")
        .formula("y = (x0 cos a - x1 sin a, x0 sin a + x1 cos a)", "dx = dy turned by -a")
        .option("angle", "real", None, "the angle in radians")
        .sample(sample)
}

/// All standard operations and this one.
#[must_use]
pub fn registry() -> Registry {
    graphrun_nodes::standard().with(def())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use graphrun_gradcheck::{Examination, Hunt, Interpreter, check_op};
    use graphrun_load::print_tested;

    use super::*;

    graphrun_gradcheck::test_op!(turn_is_differentiated_right, registry(), "Turn");

    /// The same with the mistake that is easily made: the gradient turned on instead of back.
    #[derive(Clone, Copy, Debug)]
    struct Wrong(Turn);

    impl Op for Wrong {
        fn name(&self) -> &str {
            "Turn"
        }

        fn options(&self) -> String {
            self.0.options()
        }

        fn ty(&self, inputs: &[Type]) -> Result<Type, TypeError> {
            self.0.ty(inputs)
        }

        fn vjp(&self, b: &mut Builder, at: At<'_>) -> Result<Vec<Option<NodeId>>, GradError> {
            Ok(vec![Some(b.node(*self, &[at.grad])?)])
        }

        fn run(&self, inputs: &[ViewAny<'_>], out: ViewMutAny<'_>, at: &mut Context<'_>) {
            self.0.run(inputs, out, at);
        }
    }

    #[test]
    fn the_wrong_gradient_comes_out_as_a_model_of_one_node() {
        let mut wrong = def();
        let right = OpDef::new("Turn", |call, o: &Options| call.emit(Wrong(Turn { angle: o.angle })));
        wrong = right.sample(move |bytes| wrong.draw(bytes).expect("Turn has samples"));
        let registry = Registry::new().with(wrong);
        let engine = Interpreter::default();
        let print = Arc::new(|graph: &_, tests: &str| print_tested(graph, &crate::registry(), tests));
        let hunt = Hunt { print: Some(print), ..Hunt::default() };
        let failure = check_op(&registry, "Turn", &Examination::new(&engine, &engine), &hunt).unwrap_err();
        assert!(failure.loads && failure.model.matches("Turn(").count() == 1, "{failure}");
    }
}
