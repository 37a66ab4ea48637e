//! Gradient descent without gradients: a product whose only reader takes a multiple of it from a parameter is added to the
//! parameter where it lies.

use graphrun_expr::{Binary, Expr, ExprKind, Func, Input, Output, Spec, Value as Step};

use crate::kernel::{Accumulate, Bind, Kernel, ValueId, Work};
use crate::lower::Lowered;
use crate::update::{Links, reaches};

/// Joins every update `p + c g` in place, where `g` is a product that nothing else reads, with the product.
///
/// `before` says which kernels must run before each one, and is kept up to date; values in `asked` are wanted themselves.
pub(crate) fn accumulate(lowered: &mut Lowered, links: &Links, before: &mut Vec<Vec<usize>>, asked: &[ValueId]) {
    let mut joined = vec![None; lowered.kernels.len()];
    for update in 0..lowered.kernels.len() {
        let Some(found) = lowered.specs.get(&update).and_then(|spec| scaled(&lowered.kernels[update], spec)) else {
            continue;
        };
        let gradient = lowered.kernels[update].inputs[found.gradient].value;
        let Some(product) = links.writer(gradient) else { continue };
        let (to, by) = (lowered.kernels[update].outputs[0], found.by.map(|k| lowered.kernels[update].inputs[k]));
        let sole = links.readers(gradient).len() == 1 && !asked.contains(&gradient);
        let reads = lowered.kernels[product].inputs.iter().any(|i| i.value == to.value);
        let waits = before[update].iter().any(|&earlier| earlier != product && reaches(before, earlier, product));
        let kernel = &mut lowered.kernels[product];
        let Work::MatMul(work) = &mut kernel.work else { continue };
        if !sole || reads || waits || work.accumulate.is_some() {
            continue;
        }
        work.accumulate = Some(Accumulate { factor: found.factor, by: by.map(|_| kernel.inputs.len()) });
        kernel.inputs.extend(by);
        kernel.outputs[0].value = to.value;
        let nodes = std::mem::take(&mut lowered.kernels[update].nodes);
        lowered.kernels[product].nodes.extend(nodes);
        // Whoever waits for the update waits for the product.
        let earlier = std::mem::replace(&mut before[update], vec![product]);
        before[product].extend(earlier.into_iter().filter(|&k| k != product));
        joined[update] = Some(product);
    }
    drop_joined(lowered, before, &joined);
}

/// What an update adds to its parameter: `factor` times a scalar, if there is one, times the gradient.
struct Scaled {
    /// The gradient's place among the kernel's inputs.
    gradient: usize,
    factor: f64,
    /// The scalar's.
    by: Option<usize>,
}

/// Reads a kernel as `p + factor by g`, if it is that and nothing else.
fn scaled(kernel: &Kernel, spec: &Spec) -> Option<Scaled> {
    let Work::Program { binds, .. } = &kernel.work else { return None };
    let ([_], &[Output::Store(result)]) = (&*kernel.outputs, &*spec.outputs) else { return None };
    let whole = expression(spec, result)?;
    let (mut parameter, mut gradient, mut scalar) = (None, None, None);
    for (variable, (bind, input)) in binds.iter().zip(&spec.inputs).enumerate() {
        let role = match (bind, input) {
            (Bind::Output(_), _) => &mut parameter,
            (Bind::Input(..), Input::Full) => &mut gradient,
            (Bind::Input(..), Input::Scalar) => &mut scalar,
            _ => return None,
        };
        if role.replace(variable).is_some() {
            return None;
        }
    }
    let (parameter, gradient) = (parameter?, gradient?);
    let factors = linear(&whole, &[parameter, gradient])?;
    let [Some(of_parameter), Some(of_gradient)] = &*factors else { return None };
    let factor = match scalar {
        Some(scalar) => linear(of_gradient, &[scalar])?[0].as_ref()?.as_constant()?,
        None => of_gradient.as_constant()?,
    };
    let place = |variable: usize| match binds[variable] {
        Bind::Input(k, _) => Some(k),
        _ => None,
    };
    let by = scalar.and_then(place);
    (of_parameter.as_constant() == Some(1.0)).then_some(Scaled { gradient: place(gradient)?, factor, by })
}

/// Value `result` of a spec that is element-wise all through, over the spec's inputs.
fn expression(spec: &Spec, result: usize) -> Option<Expr> {
    let mut values: Vec<Expr> = Vec::with_capacity(spec.values.len());
    for step in &spec.values {
        values.push(match step {
            Step::Input(k) => Expr::var(*k),
            Step::Pointwise(expr, args) => {
                expr.substitute(&args.iter().map(|&arg| values[arg].clone()).collect::<Vec<_>>())
            }
            _ => return None,
        });
    }
    values.get(result).cloned()
}

/// The factor of each of some variables, if it stands there, in an expression that is a sum of multiples of them and has
/// no other terms.
fn linear(expr: &Expr, variables: &[usize]) -> Option<Vec<Option<Expr>>> {
    let free = |e: &Expr| variables.iter().all(|&v| !e.uses(v));
    let times = |x: &Expr, f: Binary, by: &Expr| {
        let scaled = |factor: Expr| Expr::binary(f, factor, by.clone()).simplify();
        Some(linear(x, variables)?.into_iter().map(|factor| factor.map(scaled)).collect())
    };
    match expr.kind() {
        ExprKind::Var(found) if !free(expr) => {
            Some(variables.iter().map(|v| (v == found).then(|| Expr::constant(1.0))).collect())
        }
        ExprKind::Unary(Func::Neg, x) => times(x, Binary::Mul, &Expr::constant(-1.0)),
        ExprKind::Binary(f @ (Binary::Add | Binary::Sub), a, b) => {
            let join = |(a, b): (Option<Expr>, Option<Expr>)| match (a, b) {
                (a, None) => a,
                (a, Some(b)) => Some(Expr::binary(*f, a.unwrap_or_else(|| Expr::constant(0.0)), b).simplify()),
            };
            Some(linear(a, variables)?.into_iter().zip(linear(b, variables)?).map(join).collect())
        }
        ExprKind::Binary(Binary::Mul, a, b) if free(a) => times(b, Binary::Mul, a),
        ExprKind::Binary(f @ (Binary::Mul | Binary::Div), a, b) if free(b) => times(a, *f, b),
        _ => None,
    }
}

/// Takes the joined updates out of the list; whoever waited for one waits for its product.
fn drop_joined(lowered: &mut Lowered, before: &mut Vec<Vec<usize>>, joined: &[Option<usize>]) {
    let stays: Vec<usize> = (0..joined.len()).filter(|&k| joined[k].is_none()).collect();
    let place = |k: usize| stays.partition_point(|&s| s < joined[k].unwrap_or(k));
    let mut kernels: Vec<Option<Kernel>> = std::mem::take(&mut lowered.kernels).into_iter().map(Some).collect();
    lowered.kernels = stays.iter().filter_map(|&k| kernels[k].take()).collect();
    *before = stays.iter().map(|&k| before[k].iter().map(|&earlier| place(earlier)).collect()).collect();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn multiples_are_told_from_other_sums() {
        let [p, g, r] = [0, 1, 2].map(Expr::var);
        let step = |e: Expr| Expr::binary(Binary::Sub, p.clone(), e);
        let mul = |a: &Expr, b: &Expr| Expr::binary(Binary::Mul, a.clone(), b.clone());
        let factors = linear(&step(mul(&r, &g)), &[0, 1]).unwrap();
        assert_eq!(factors[0].as_ref().and_then(Expr::as_constant), Some(1.0));
        let of_rate = linear(factors[1].as_ref().unwrap(), &[2]).unwrap();
        assert_eq!(of_rate[0].as_ref().and_then(Expr::as_constant), Some(-1.0));
        assert_eq!(linear(&r, &[2]).unwrap()[0].as_ref().and_then(Expr::as_constant), Some(1.0));
        assert!(linear(&step(mul(&g, &g)), &[0, 1]).is_none());
        assert!(linear(&step(mul(&p, &g)), &[0, 1]).is_none());
        assert!(linear(&step(r.clone()), &[0, 1]).is_none());
    }
}
