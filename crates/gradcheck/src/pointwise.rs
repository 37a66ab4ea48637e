//! A pointwise node: its expression, and where each element of the result finds its operands.

use graphrun_expr::{Expr, Tape};
use graphrun_tensor::Shape;

/// Made once and run for every element.
pub(crate) struct Pointwise {
    tape: Tape,
    /// For each operand and element of the result, the element read; none where it is the same.
    places: Vec<Option<Vec<usize>>>,
}

impl Pointwise {
    pub(crate) fn new(expr: &Expr, inputs: &[Shape], out: Shape) -> Pointwise {
        let places = inputs.iter().map(|shape| (*shape != out).then(|| repeated(*shape, out))).collect();
        Pointwise { tape: Tape::new(expr), places }
    }

    /// Computes all elements of `out`; `read` gives an element of an operand.
    pub(crate) fn run(&mut self, out: &mut [f64], read: impl Fn(usize, usize) -> f64) {
        let places = &self.places;
        let read = |operand: usize, k: usize| read(operand, places[operand].as_ref().map_or(k, |places| places[k]));
        self.tape.run(out.len(), read, |k, y| out[k] = y);
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
    fn operands_are_repeated() {
        let expr = Expr::var(0) * Expr::var(1);
        let (a, b) = ([1.0, 2.0], [0.5, 0.25, 0.125]);
        let mut out = [0.0; 6];
        let mut product = Pointwise::new(&expr, &[Shape::of(&[2, 1]), Shape::of(&[3])], Shape::of(&[2, 3]));
        product.run(&mut out, |operand, place| if operand == 0 { a[place] } else { b[place] });
        assert_eq!(out, [0.5, 0.25, 0.125, 1.0, 0.5, 0.25]);
    }
}
