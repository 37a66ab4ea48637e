//! The builder's vocabulary of core operations.

use graphrun_expr::{Expr, ExprKind};

use crate::core::{Broadcast, Constant, Count, Pointwise, Reshape, Shift, Sum};
use crate::graph::{Builder, NodeId};
use crate::size::Size;
use crate::ty::TypeError;

impl Builder {
    /// One number.
    ///
    /// # Errors
    /// When the graph is full.
    pub fn constant(&mut self, value: f64) -> Result<NodeId, TypeError> {
        self.node(Constant(value), &[])
    }

    /// The product of sizes as a real number.
    ///
    /// # Errors
    /// When the graph is full.
    pub fn count(&mut self, sizes: Vec<Size>) -> Result<NodeId, TypeError> {
        let product = sizes.iter().fold(Size::from(1), |n, s| &n * s);
        match product.known() {
            Some(n) => self.constant(n as f64),
            None => self.node(Count { sizes: vec![product] }, &[]),
        }
    }

    /// A scalar expression over inputs; variable `k` is input `k`.
    ///
    /// Inputs that the expression does not use are left out and equal inputs become one. An expression that
    /// is one input alone is that input; one that is a single elementary operation goes by its name.
    ///
    /// # Errors
    /// Inputs that do not broadcast, or that are not real.
    pub fn pointwise(&mut self, expr: &Expr, inputs: &[NodeId]) -> Result<NodeId, TypeError> {
        let mut operands: Vec<NodeId> = Vec::new();
        let renamed: Vec<Expr> = inputs
            .iter()
            .enumerate()
            .map(|(k, id)| {
                if !expr.uses(k) {
                    return Expr::var(k);
                }
                let at = operands.iter().position(|o| o == id).unwrap_or_else(|| {
                    operands.push(*id);
                    operands.len() - 1
                });
                Expr::var(at)
            })
            .collect();
        let expr = expr.substitute(&renamed).simplify();
        if let Some(value) = expr.as_constant() {
            return self.constant(value);
        }
        if let ExprKind::Var(k) = expr.kind() {
            return Ok(operands[*k]);
        }
        let op = match elementary_name(&expr) {
            Some(name) => Pointwise::named(name, String::new(), expr),
            None => Pointwise::formula(expr),
        };
        self.node(op, &operands)
    }

    /// The sum of all `xs`, broadcast to one shape.
    ///
    /// # Errors
    /// Inputs that do not broadcast, or that are not real.
    pub fn add(&mut self, xs: &[NodeId]) -> Result<NodeId, TypeError> {
        self.variadic("Add", xs, |a, b| a + b)
    }

    /// The product of all `xs`, broadcast to one shape.
    ///
    /// # Errors
    /// Inputs that do not broadcast, or that are not real.
    pub fn mul(&mut self, xs: &[NodeId]) -> Result<NodeId, TypeError> {
        self.variadic("Mul", xs, |a, b| a * b)
    }

    fn variadic(&mut self, name: &str, xs: &[NodeId], join: fn(Expr, Expr) -> Expr) -> Result<NodeId, TypeError> {
        match xs {
            [] => Err(TypeError::new(format!("{name} wants at least one input"))),
            [x] => Ok(*x),
            _ => {
                let expr = (1..xs.len()).map(Expr::var).fold(Expr::var(0), join);
                self.node(Pointwise::named(name, String::new(), expr), xs)
            }
        }
    }

    /// `a - b`.
    ///
    /// # Errors
    /// Inputs that do not broadcast, or that are not real.
    pub fn sub(&mut self, a: NodeId, b: NodeId) -> Result<NodeId, TypeError> {
        self.pointwise(&(Expr::var(0) - Expr::var(1)), &[a, b])
    }

    /// `a / b`.
    ///
    /// # Errors
    /// Inputs that do not broadcast, or that are not real.
    pub fn div(&mut self, a: NodeId, b: NodeId) -> Result<NodeId, TypeError> {
        self.pointwise(&(Expr::var(0) / Expr::var(1)), &[a, b])
    }

    /// `-x`.
    ///
    /// # Errors
    /// An input that is not real.
    pub fn neg(&mut self, x: NodeId) -> Result<NodeId, TypeError> {
        self.pointwise(&-Expr::var(0), &[x])
    }

    /// The sum over `axes`, which stay with size 1 when `keep`.
    ///
    /// # Errors
    /// An axis that does not exist, or an input that is not real.
    pub fn sum(&mut self, x: NodeId, axes: &[usize], keep: bool) -> Result<NodeId, TypeError> {
        match axes {
            [] => Ok(x),
            _ => self.node(Sum { axes: axes.to_vec(), keep }, &[x]),
        }
    }

    /// What exponentials of `x` are taken less of, so that their sum over `axes` stays finite: the largest of `x` over
    /// them, which stay with size 1, as a constant to the reverse walk; 0 where it is infinite, since infinity less
    /// infinity is no number.
    ///
    /// # Errors
    /// An axis that does not exist, or an input that is not real.
    pub fn shift(&mut self, x: NodeId, axes: &[usize]) -> Result<NodeId, TypeError> {
        use graphrun_expr::{Binary, Func};
        let largest = self.node(Shift { axes: axes.to_vec() }, &[x])?;
        let size = Expr::unary(Func::Abs, Expr::var(0));
        let infinite = Expr::binary(Binary::Equal, size, Expr::unary(Func::Recip, Expr::constant(0.0)));
        self.pointwise(&Expr::select(infinite, Expr::constant(0.0), Expr::var(0)), &[largest])
    }

    /// The sum over `axes` of exponentials of `x`, each times its `weight` where there is one, as `total * e^shift`: two
    /// nodes, the shift first.
    ///
    /// # Errors
    /// As [`shift`](Builder::shift).
    pub fn sum_exp(
        &mut self,
        x: NodeId,
        weight: Option<NodeId>,
        axes: &[usize],
        keep: bool,
    ) -> Result<(NodeId, NodeId), TypeError> {
        use graphrun_expr::Func;
        let shift = self.shift(x, axes)?;
        let powers = Expr::unary(Func::Exp, Expr::var(0) - Expr::var(1));
        let powers = match weight {
            None => self.pointwise(&powers, &[x, shift])?,
            Some(weight) => self.pointwise(&(Expr::var(2) * powers), &[x, shift, weight])?,
        };
        let total = self.sum(powers, axes, true)?;
        if keep {
            return Ok((shift, total));
        }
        let kept = self.ty(x).shape.iter().enumerate().filter(|(k, _)| !axes.contains(k));
        let shape: Vec<Size> = kept.map(|(_, size)| size.clone()).collect();
        Ok((self.reshape(shift, &shape)?, self.reshape(total, &shape)?))
    }

    /// The logarithm of the sum of exponentials of `x` over `axes`, which stay with size 1 when `keep`.
    ///
    /// # Errors
    /// As [`shift`](Builder::shift).
    pub fn log_sum_exp(&mut self, x: NodeId, axes: &[usize], keep: bool) -> Result<NodeId, TypeError> {
        use graphrun_expr::Func;
        let (shift, total) = self.sum_exp(x, None, axes, keep)?;
        self.pointwise(&(Expr::var(0) + Expr::unary(Func::Log, Expr::var(1))), &[shift, total])
    }

    /// `x` repeated to `shape`.
    ///
    /// # Errors
    /// When it does not broadcast to it.
    pub fn broadcast(&mut self, x: NodeId, shape: &[Size]) -> Result<NodeId, TypeError> {
        match self.ty(x).shape == shape {
            true => Ok(x),
            false => self.node(Broadcast { shape: shape.to_vec() }, &[x]),
        }
    }

    /// `x` under another shape.
    ///
    /// # Errors
    /// When the number of elements differs.
    pub fn reshape(&mut self, x: NodeId, shape: &[Size]) -> Result<NodeId, TypeError> {
        match self.ty(x).shape == shape {
            true => Ok(x),
            false => self.node(Reshape { shape: shape.to_vec() }, &[x]),
        }
    }

    /// `x`, a reduction of something of `shape` over `axes`, with those axes put back with size 1.
    ///
    /// # Errors
    /// When `x` has another shape than such a reduction.
    pub fn keep_axes(&mut self, x: NodeId, shape: &[Size], axes: &[usize]) -> Result<NodeId, TypeError> {
        let kept: Vec<Size> =
            shape.iter().enumerate().map(|(k, s)| if axes.contains(&k) { Size::from(1) } else { s.clone() }).collect();
        self.reshape(x, &kept)
    }

    /// `x`, of a shape that `shape` broadcasts to, summed down to `shape`: the gradient of broadcasting.
    ///
    /// # Errors
    /// When `shape` does not broadcast to that of `x`.
    pub fn unbroadcast(&mut self, x: NodeId, shape: &[Size]) -> Result<NodeId, TypeError> {
        let from = self.ty(x).shape.clone();
        let lead = from.len().saturating_sub(shape.len());
        let leading: Vec<usize> = (0..lead).collect();
        let x = self.sum(x, &leading, false)?;
        let one = Size::from(1);
        let repeated: Vec<usize> =
            (0..shape.len()).filter(|&k| shape[k] == one && from.get(lead + k) != Some(&one)).collect();
        let x = self.sum(x, &repeated, true)?;
        // A gradient that is constant over the output may be smaller than the input.
        self.broadcast(x, shape)
    }
}

/// The registered name of an expression that is one elementary operation on distinct variables in order.
fn elementary_name(expr: &Expr) -> Option<&'static str> {
    use graphrun_expr::{Binary, Func};
    let is = |e: &Expr, k| matches!(e.kind(), ExprKind::Var(v) if *v == k);
    match expr.kind() {
        ExprKind::Unary(f, x) if is(x, 0) => Some(match f {
            Func::Neg => "Neg",
            Func::Abs => "Abs",
            Func::Sign => "Sign",
            Func::Floor => "Floor",
            Func::Ceil => "Ceil",
            Func::Round => "Round",
            Func::Sqrt => "Sqrt",
            Func::Rsqrt => "Rsqrt",
            Func::Recip => "Inv",
            Func::Square => "Square",
            Func::Cube => "Cube",
            Func::Exp => "Exp",
            Func::Expm1 => "Expm1",
            Func::Log => "Log",
            Func::Log1p => "Log1p",
            Func::Sin => "Sin",
            Func::Cos => "Cos",
            Func::Tan => "Tan",
            Func::Sinh => "Sinh",
            Func::Cosh => "Cosh",
            Func::Tanh => "Tanh",
            Func::Erf => "Erf",
            Func::NormalCdf => "NormalCdf",
            Func::Sigmoid => "Sigmoid",
            Func::Softplus => "Softplus",
        }),
        ExprKind::Binary(f, a, b) if is(a, 0) && is(b, 1) => match f {
            Binary::Add => Some("Add"),
            Binary::Sub => Some("Sub"),
            Binary::Mul => Some("Mul"),
            Binary::Div => Some("Div"),
            Binary::Pow => Some("Pow"),
            Binary::Max => Some("Maximum"),
            Binary::Min => Some("Minimum"),
            Binary::Less => Some("Less"),
            Binary::Greater => Some("Greater"),
            Binary::Equal => Some("Equal"),
            Binary::LessEqual | Binary::GreaterEqual => None,
        },
        _ => None,
    }
}
