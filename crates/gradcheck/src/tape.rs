//! A pointwise node as a flat list of scalar steps, made once and run for every element.

use std::collections::HashMap;

use graphrun_expr::{Binary, Expr, ExprKind, Func};
use graphrun_tensor::Shape;

/// An expression from its leaves up, equal parts once; operands are earlier steps.
pub(crate) struct Tape {
    steps: Vec<Step>,
    /// For each operand and element of the result, the element read; none where it is the same.
    places: Vec<Option<Vec<usize>>>,
    values: Vec<f64>,
}

#[derive(Clone, Copy)]
enum Step {
    Var(usize),
    Constant(f64),
    Unary(Func, usize),
    Binary(Binary, usize, usize),
    Select(usize, usize, usize),
}

impl Tape {
    pub(crate) fn new(expr: &Expr, inputs: &[Shape], out: Shape) -> Tape {
        let mut steps = vec![];
        let mut done: HashMap<&Expr, usize> = HashMap::new();
        let mut open = vec![(expr, false)];
        while let Some((part, ready)) = open.pop() {
            if done.contains_key(part) {
                continue;
            }
            if !ready {
                open.push((part, true));
                open.extend(part.kind().children().map(|child| (child, false)));
                continue;
            }
            steps.push(match part.kind() {
                ExprKind::Var(k) => Step::Var(*k),
                ExprKind::Constant(value) => Step::Constant(*value),
                ExprKind::Unary(f, a) => Step::Unary(*f, done[a]),
                ExprKind::Binary(f, a, b) => Step::Binary(*f, done[a], done[b]),
                ExprKind::Select(c, a, b) => Step::Select(done[c], done[a], done[b]),
            });
            done.insert(part, steps.len() - 1);
        }
        let places = inputs.iter().map(|shape| (*shape != out).then(|| repeated(*shape, out))).collect();
        Tape { values: vec![0.0; steps.len()], steps, places }
    }

    /// The value of element `k`; `read` gives an element of an operand.
    pub(crate) fn at(&mut self, k: usize, read: impl Fn(usize, usize) -> f64) -> f64 {
        for (at, step) in self.steps.iter().enumerate() {
            let values = &self.values;
            self.values[at] = match *step {
                Step::Var(i) => read(i, self.places[i].as_ref().map_or(k, |places| places[k])),
                Step::Constant(value) => value,
                Step::Unary(f, a) => f.eval(values[a]),
                Step::Binary(f, a, b) => f.eval(values[a], values[b]),
                Step::Select(c, a, b) => values[if values[c] != 0.0 { a } else { b }],
            };
        }
        self.values.last().copied().unwrap_or(f64::NAN)
    }
}

/// For each element of `out` the element of a smaller array that broadcasting puts there.
fn repeated(from: Shape, out: Shape) -> Vec<usize> {
    let missing = out.rank() - from.rank();
    let place = |k: usize| {
        let (mut rest, mut place, mut stride) = (k, 0, 1);
        for axis in (0..out.rank()).rev() {
            let at = rest % out.sizes()[axis];
            rest /= out.sizes()[axis];
            if axis >= missing {
                let size = from.sizes()[axis - missing];
                place += stride * if size == 1 { 0 } else { at };
                stride *= size;
            }
        }
        place
    };
    (0..out.len()).map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operands_are_repeated_and_parts_shared() {
        let expr = Expr::var(0) * Expr::var(1) + Expr::unary(Func::Exp, Expr::var(0) * Expr::var(1));
        let (a, b) = ([1.0, 2.0], [0.5, 0.25, 0.125]);
        let mut tape = Tape::new(&expr, &[Shape::of(&[2, 1]), Shape::of(&[3])], Shape::of(&[2, 3]));
        for k in 0..6 {
            let product = a[k / 3] * b[k % 3];
            let got = tape.at(k, |operand, place| if operand == 0 { a[place] } else { b[place] });
            assert_eq!(got, product + product.exp());
        }
        assert_eq!(tape.steps.len(), 5);
    }
}
