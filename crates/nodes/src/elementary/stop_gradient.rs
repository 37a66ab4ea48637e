//! A value that gradients do not flow back from.

use graphrun_expr::Expr;
use graphrun_graph::{At, Builder, Context, Form, GradError, NodeId, Op, OpDef, Type, TypeError};
use graphrun_tensor::{ViewAny, ViewMutAny};

use crate::pointwise::{NoOptions, expression, operands};

/// The input as it is, a constant to the reverse walk.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StopGradient;

impl Op for StopGradient {
    fn name(&self) -> &str {
        "StopGradient"
    }

    fn ty(&self, inputs: &[Type]) -> Result<Type, TypeError> {
        Ok(graphrun_graph::ty::real(inputs, 0)?.clone())
    }

    fn vjp(&self, _: &mut Builder, _: At<'_>) -> Result<Vec<Option<NodeId>>, GradError> {
        Ok(vec![None])
    }

    fn detached(&self) -> bool {
        true
    }

    fn form(&self) -> Form {
        Form::Pointwise(Expr::var(0))
    }

    fn run(&self, inputs: &[ViewAny<'_>], out: ViewMutAny<'_>, at: &mut Context<'_>) {
        graphrun_graph::core::Pointwise::named(self.name(), String::new(), expression("x", &["x"]))
            .run(inputs, out, at);
    }
}

pub(crate) fn def() -> OpDef {
    OpDef::new("StopGradient", |call, _: &NoOptions| call.emit(StopGradient))
        .summary("The input as it is, without a gradient; in a formula, stop_gradient(x)")
        .shape("That of the input")
        .formula("y = x", "dx = 0")
        .not_differentiable()
        .apart()
        .example(
            r#"Model(
    graphrun: 1,
    inputs: { x: [] },
    nodes: { held: StopGradient(x), y: Mul(held, x), z: Formula("x * stop_gradient(x^2)", { x: x }) },
    outputs: [y, z],
    tests: [
        (given: { x: 3 }, value: { y: 9, z: 27 }, grad: { x: 3 }),
        (given: { x: 3 }, of: z, grad: { x: 9 }),
    ],
)"#,
        )
        .sample(operands(vec![(-2.0, 2.0)]))
}

#[cfg(test)]
mod tests {
    use graphrun_expr::Func;
    use graphrun_graph::{Leaf, grad};

    use super::*;

    /// Not even a logarithm looks through it for the exponential behind.
    #[test]
    fn nothing_flows_back() {
        let mut b = Builder::new();
        let x = b.input("x", Type::real(vec![])).unwrap();
        let power = b.pointwise(&Expr::unary(Func::Exp, Expr::var(0)), &[x]).unwrap();
        let held = b.node(StopGradient, &[power]).unwrap();
        let log = b.pointwise(&Expr::unary(Func::Log, Expr::var(0)), &[held]).unwrap();
        for of in [held, log] {
            let gradient = grad(&mut b, of, &[x], None).unwrap()[0];
            assert_eq!(b.graph().node(gradient).op.form(), Form::Leaf(Leaf::Constant(0.0)));
        }
    }
}
