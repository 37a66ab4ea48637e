//! Expressions evaluated plainly at many points.

use crate::{Binary, Expr, ExprKind, Func};

/// How many points a step is taken for at once.
const COLUMN: usize = 64;

/// An expression as a flat list of steps from its leaves up, equal parts once: made once and run for every point, with the
/// bits that [`Expr::eval`] gives.
#[derive(Clone, Debug)]
pub struct Tape {
    /// Operands are earlier steps.
    steps: Vec<Step>,
    /// `COLUMN` values of every step.
    values: Vec<f64>,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Var(usize),
    Constant(f64),
    Unary(Func, usize),
    Binary(Binary, usize, usize),
    Select(usize, usize, usize),
}

impl Tape {
    /// Lays an expression out.
    ///
    /// ```
    /// use graphrun_expr::{Expr, Tape};
    ///
    /// let (x, mut squares) = ([1.0, 2.0, 3.0], [0.0; 3]);
    /// Tape::new(&(Expr::var(0) * Expr::var(0))).run(3, |_, point| x[point], |point, y| squares[point] = y);
    /// assert_eq!(squares, [1.0, 4.0, 9.0]);
    /// ```
    pub fn new(expr: &Expr) -> Tape {
        let mut steps = vec![];
        expr.fold(|part, operands: &[usize]| {
            steps.push(match (part.kind(), operands) {
                (ExprKind::Var(k), _) => Step::Var(*k),
                (ExprKind::Constant(value), _) => Step::Constant(*value),
                (ExprKind::Unary(f, _), &[a]) => Step::Unary(*f, a),
                (ExprKind::Binary(f, ..), &[a, b]) => Step::Binary(*f, a, b),
                (ExprKind::Select(..), &[c, a, b]) => Step::Select(c, a, b),
                _ => unreachable!("a step for each child"),
            });
            steps.len() - 1
        });
        Tape { values: vec![0.0; steps.len() * COLUMN], steps }
    }

    /// Evaluates it at `count` points, in order: `read` gives a variable at a point, and `write` is given the value there.
    pub fn run(&mut self, count: usize, read: impl Fn(usize, usize) -> f64, mut write: impl FnMut(usize, f64)) {
        for first in (0..count).step_by(COLUMN) {
            let points = COLUMN.min(count - first);
            for (at, step) in self.steps.iter().enumerate() {
                let (earlier, rest) = self.values.split_at_mut(at * COLUMN);
                let of = |step: usize| &earlier[step * COLUMN..][..points];
                let to = &mut rest[..points];
                match *step {
                    Step::Var(k) => to.iter_mut().enumerate().for_each(|(point, y)| *y = read(k, first + point)),
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
            let last = &self.values[(self.steps.len() - 1) * COLUMN..][..points];
            last.iter().enumerate().for_each(|(point, y)| write(first + point, *y));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_shared_and_the_bits_are_those_of_one_point() {
        let expr = Expr::parse("if(a < b, exp(a*b), a*b + exp(a*b)) - 0.1", &["a", "b"], &()).unwrap();
        let mut tape = Tape::new(&expr);
        assert_eq!(tape.steps.len(), 9, "{tape:?}");
        for count in [0, 1, COLUMN, 2 * COLUMN + 5] {
            let at = |variable: usize, point: usize| [point as f64 / 7.0 - 3.0, f64::from(point as u8 % 5)][variable];
            let mut met = vec![];
            tape.run(count, at, |point, y| met.push((point, y.to_bits())));
            let one = |point: usize| (point, expr.eval(&[at(0, point), at(1, point)]).to_bits());
            assert_eq!(met, (0..count).map(one).collect::<Vec<_>>());
        }
    }
}
