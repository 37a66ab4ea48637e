//! One scalar expression for every element.

use graphrun_expr::{Expr, Tape};
use graphrun_tensor::{Num, ViewAny, ViewMut, ViewMutAny, with_real};

use super::reference::copy;
use crate::graph::{Builder, NodeId};
use crate::op::{At, Context, Form, GradError, Op};
use crate::ty::{Type, TypeError, broadcast, real};

/// `out[i] = expr(x0[i], x1[i], ...)` over inputs broadcast to one shape.
///
/// Value, gradient, kernel and fusion all follow from the expression.
#[derive(Clone, Debug)]
pub struct Pointwise {
    name: String,
    options: String,
    expr: Expr,
}

impl Pointwise {
    /// The registered operation `name` with these canonical options.
    #[must_use]
    pub fn named(name: &str, options: String, expr: Expr) -> Pointwise {
        Pointwise { name: name.into(), options, expr }
    }

    /// An operation that is known by its expression alone: a `Formula`.
    #[must_use]
    pub fn formula(expr: Expr) -> Pointwise {
        let names = variable_names(expr.variables());
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        Pointwise { name: "Formula".into(), options: format!("{:?}", expr.text(&names)), expr }
    }

    /// The expression; variable `k` is input `k`.
    #[must_use]
    pub fn expr(&self) -> &Expr {
        &self.expr
    }
}

/// What a formula's variables are called in print: `a`, `b`, ... `z`, `x26`, ...
#[must_use]
pub fn variable_names(count: usize) -> Vec<String> {
    let letter = |k: usize| if k < 26 { char::from(b'a' + k as u8).to_string() } else { format!("x{k}") };
    (0..count).map(letter).collect()
}

impl Op for Pointwise {
    fn name(&self) -> &str {
        &self.name
    }

    fn options(&self) -> String {
        self.options.clone()
    }

    fn ty(&self, inputs: &[Type]) -> Result<Type, TypeError> {
        for k in 0..inputs.len() {
            real(inputs, k)?;
        }
        broadcast(&inputs.iter().collect::<Vec<_>>()).map(Type::real)
    }

    /// `grad * d expr / d x_k`, in terms of the output where the derivative repeats the expression.
    fn vjp(&self, b: &mut Builder, at: At<'_>) -> Result<Vec<Option<NodeId>>, GradError> {
        let n = at.inputs.len();
        let (output, grad) = (Expr::var(n), Expr::var(n + 1));
        let mut operands = at.inputs.to_vec();
        operands.extend([at.output, at.grad]);
        (0..n)
            .map(|k| {
                let derivative = self.expr.derivative(k);
                if derivative.as_constant() == Some(0.0) {
                    return Ok(None);
                }
                let derivative = derivative.replace(&self.expr, &output);
                Ok(Some(b.pointwise(&(grad.clone() * derivative).simplify(), &operands)?))
            })
            .collect()
    }

    fn form(&self) -> Form {
        Form::Pointwise(self.expr.clone())
    }

    /// The plain reference, in double precision.
    fn run(&self, inputs: &[ViewAny<'_>], out: ViewMutAny<'_>, _: &mut Context<'_>) {
        with_real!(out, |out: T| evaluate::<T>(&self.expr, inputs, out));
    }
}

fn evaluate<T: Num>(expr: &Expr, inputs: &[ViewAny<'_>], out: ViewMut<'_, T>) {
    let operands: Vec<Vec<T>> = inputs
        .iter()
        .map(|v| {
            let mut repeated = vec![T::default(); out.data.len()];
            copy(v.real::<T>().broadcast(out.shape), &mut repeated);
            repeated
        })
        .collect();
    let read = |operand: usize, k: usize| operands.get(operand).map_or(f64::NAN, |x| x[k].to_f64());
    Tape::new(expr).run(out.data.len(), read, |k, y| out.data[k] = T::from_f64(y));
}
