//! A pointwise node as a flat list of scalar steps, made once and run for every element.

use std::collections::HashMap;

use graphrun_expr::{Binary, Expr, ExprKind, Func};
use graphrun_tensor::Shape;

/// An expression from its leaves up, equal parts once; operands are earlier steps.
pub(crate) struct Tape {
    steps: Vec<Step>,
    /// For each operand and element of the result, the element read; none where it is the same.
    places: Vec<Option<Vec<usize>>>,
    /// `COLUMN` values of every step.
    values: Vec<f64>,
}

/// How many elements a step is taken for at once.
const COLUMN: usize = 64;

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
        Tape { values: vec![0.0; steps.len() * COLUMN.min(out.len())], steps, places }
    }

    /// Computes all elements of `out`; `read` gives an element of an operand.
    pub(crate) fn run(&mut self, out: &mut [f64], read: impl Fn(usize, usize) -> f64) {
        let column = COLUMN.min(out.len());
        for (part, out) in out.chunks_mut(COLUMN).enumerate() {
            for (at, step) in self.steps.iter().enumerate() {
                let (earlier, rest) = self.values.split_at_mut(at * column);
                let of = |step: usize| &earlier[step * column..][..out.len()];
                let to = &mut rest[..out.len()];
                match *step {
                    Step::Var(i) => {
                        let first = part * COLUMN;
                        match &self.places[i] {
                            None => to.iter_mut().enumerate().for_each(|(k, y)| *y = read(i, first + k)),
                            Some(places) => to.iter_mut().zip(&places[first..]).for_each(|(y, k)| *y = read(i, *k)),
                        }
                    }
                    Step::Constant(value) => to.fill(value),
                    Step::Unary(f, a) => to.iter_mut().zip(of(a)).for_each(|(y, a)| *y = f.eval(*a)),
                    Step::Binary(f, a, b) => {
                        to.iter_mut().zip(of(a)).zip(of(b)).for_each(|((y, a), b)| *y = f.eval(*a, *b));
                    }
                    Step::Select(c, a, b) => {
                        let sides = of(a).iter().zip(of(b));
                        let chosen = of(c).iter().zip(sides).map(|(c, (a, b))| if *c == 0.0 { b } else { a });
                        to.iter_mut().zip(chosen).for_each(|(y, v)| *y = *v);
                    }
                }
            }
            let last = (self.steps.len() - 1) * column;
            out.copy_from_slice(&self.values[last..][..out.len()]);
        }
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
        let mut out = [0.0; 6];
        tape.run(&mut out, |operand, place| if operand == 0 { a[place] } else { b[place] });
        for (k, got) in out.into_iter().enumerate() {
            let product = a[k / 3] * b[k % 3];
            assert_eq!(got, product + product.exp());
        }
        assert_eq!(tape.steps.len(), 5);
    }

    #[test]
    fn more_elements_than_a_column_are_taken_in_parts() {
        for size in [0, 1, COLUMN, 2 * COLUMN + 5] {
            let expr = Expr::var(0) * Expr::constant(2.0);
            let mut out = vec![0.0; size];
            Tape::new(&expr, &[Shape::of(&[size])], Shape::of(&[size])).run(&mut out, |_, place| place as f64);
            assert!(out.iter().enumerate().all(|(k, y)| *y == 2.0 * k as f64));
        }
    }
}
