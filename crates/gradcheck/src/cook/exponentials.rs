//! What has a stable form, written out by hand: logarithms and quotients of sums of exponentials, and functions that level
//! off what is steep. Some of the parts are held constant, as a stable form must not see through those.

use graphrun_expr::{Binary, Expr, Func};
use graphrun_graph::{Bytes, Call, NodeId};
use rand_chacha::ChaCha8Rng;

use super::{Kitchen, SHAPES};
use crate::graph::CheckError;
use crate::recipe::{CHOICES, Step};

/// The operation that holds a part constant, where it is registered.
const HOLDS: &str = "StopGradient";
/// Exponents are this at most, so that the plain form is as exact as the stable one.
const MOST: f64 = 3.0;
/// How many ways there are to write exponentials.
pub(super) const WAYS: u8 = 13;

impl Kitchen<'_> {
    /// One of the ways, over the last axis of an earlier node or of a new leaf.
    pub(super) fn exponentials(
        &mut self,
        index: usize,
        step: &Step,
        rng: &mut ChaCha8Rng,
    ) -> Result<NodeId, CheckError> {
        let exp = |x: Expr| Expr::unary(Func::Exp, x);
        let log = |x: Expr| Expr::unary(Func::Log, x);
        let (a, b, one) = (Expr::var(0), Expr::var(1), Expr::constant(1.0));
        let chosen = self.chosen(step.bytes[0]).filter(|id| !self.shape(*id).contains(&0));
        let x = match chosen {
            Some(id) => {
                let levelled = Expr::unary(Func::Tanh, a.clone());
                self.b.pointwise(&(Expr::constant(MOST) * levelled), &[id])?
            }
            None => {
                let shape = SHAPES[usize::from(step.bytes[2]) % SHAPES.len()];
                self.leaf(&format!("x{index}"), shape, -MOST, MOST, rng)?
            }
        };
        let shape = self.shape(x);
        let axes: Vec<usize> = (0..shape.len()).rev().take(1).collect();
        let mut parts = step.bytes[CHOICES..].iter();
        let mut made = |kitchen: &mut Kitchen<'_>, expr: Expr, inputs: &[NodeId]| {
            let part = kitchen.b.pointwise(&expr, inputs)?;
            kitchen.perhaps_held(part, *parts.next().unwrap_or(&0))
        };
        let power = made(self, exp(a.clone()), &[x])?;
        let total = self.b.sum(power, &axes, true)?;
        let total = self.perhaps_held(total, step.bytes[3])?;
        let last = match step.bytes[1] % WAYS {
            0 => self.b.pointwise(&(a / b), &[power, total])?,
            1 => {
                let share = made(self, a.clone() / b, &[power, total])?;
                self.b.pointwise(&log(a), &[share])?
            }
            2 => self.b.pointwise(&log(a), &[total])?,
            3 => {
                let inverse = made(self, Expr::unary(Func::Recip, a.clone()), &[total])?;
                self.b.pointwise(&(a * b), &[power, inverse])?
            }
            4 => {
                let weight = self.leaf(&format!("w{index}"), &shape, -2.0, 2.0, rng)?;
                let product = made(self, a.clone() * b.clone(), &[weight, power])?;
                self.b.pointwise(&(a / b), &[product, total])?
            }
            5 => {
                let other = self.leaf(&format!("w{index}"), &shape, -MOST, MOST, rng)?;
                let other = made(self, exp(a.clone()), &[other])?;
                let sum = made(self, a.clone() + b, &[power, other])?;
                self.b.pointwise(&log(a), &[sum])?
            }
            6 => {
                let above = made(self, one + a.clone(), &[power])?;
                self.b.pointwise(&log(a), &[above])?
            }
            way @ 7..=9 => {
                let inverse = made(self, exp(-a.clone()), &[x])?;
                let above = made(self, one + a.clone(), &[inverse])?;
                let sigmoid = made(self, Expr::unary(Func::Recip, a.clone()), &[above])?;
                match way {
                    7 => sigmoid,
                    8 => self.b.pointwise(&log(a), &[sigmoid])?,
                    _ => self.b.pointwise(&(a * b), &[x, sigmoid])?,
                }
            }
            10 => {
                let inverse = made(self, exp(-a.clone()), &[x])?;
                let over = made(self, a.clone() - b.clone(), &[power, inverse])?;
                let under = made(self, a.clone() + b.clone(), &[power, inverse])?;
                self.b.pointwise(&(a / b), &[over, under])?
            }
            11 => {
                let positive = Expr::binary(Binary::Greater, a.clone(), Expr::constant(0.0));
                self.b.pointwise(&Expr::select(positive, a, b - one), &[x, power])?
            }
            _ => self.b.pointwise(&Expr::unary(Func::Tanh, a), &[power])?,
        };
        Ok(last)
    }

    /// A node, or, one time in four, what holds it constant.
    fn perhaps_held(&mut self, id: NodeId, choice: u8) -> Result<NodeId, CheckError> {
        let Some(op) = self.registry.op(HOLDS).filter(|_| choice % 4 == 3) else { return Ok(id) };
        let Some(sample) = op.draw(&mut Bytes::new(&[])) else { return Ok(id) };
        self.held += 1;
        let mut call = Call::new(&mut self.b, self.registry, &format!("held{}", self.held), &[]);
        call.inputs = vec![vec![id]];
        Ok(op.build(&mut call, &sample.options)?)
    }
}

#[cfg(test)]
mod tests {
    use graphrun_graph::{Registry, stable};

    use super::*;
    use crate::cook::cook;
    use crate::recipe::{EXPONENTIALS, Recipe, STEP};

    #[test]
    fn every_way_has_a_stable_form() {
        for way in 0..WAYS {
            let mut bytes = [0; STEP];
            (bytes[1], bytes[2]) = (way, 2);
            let step = Step { op: EXPONENTIALS.to_owned(), bytes };
            let dish = cook(&Registry::new(), &Recipe { steps: vec![step], seed: 1, focus: None }).unwrap();
            let (of, graph) = (dish.steps[0].unwrap(), dish.problem.graph);
            let node = graph.node(of).clone();
            let mut b = graphrun_graph::Builder::from_graph(graph);
            let form = stable(&mut b, &node.op, &node.inputs, &|_| false).unwrap();
            assert_ne!(form, of, "way {way} has none");
        }
    }
}
