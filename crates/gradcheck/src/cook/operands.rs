//! What a step's operation takes: nodes made before, fitted and squeezed into its range, or leaves with values of their own.

use graphrun_exec::Array;
use graphrun_expr::{Expr, Func};
use graphrun_graph::{NodeId, SampleInput, Size, Type};
use graphrun_tensor::Shape;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::Kitchen;
use crate::array::{index, real};
use crate::graph::CheckError;

impl Kitchen<'_> {
    /// One input of an operation, by its sample and the step's choice.
    pub(super) fn input(
        &mut self,
        name: &str,
        spec: &SampleInput,
        choice: u8,
        common: Option<&[usize]>,
        previous: Option<(NodeId, &SampleInput)>,
        rng: &mut ChaCha8Rng,
    ) -> Result<NodeId, CheckError> {
        let (shape, low, high) = match spec {
            SampleInput::Index { shape, below } => return self.index(name, shape, *below, rng),
            SampleInput::Real { shape, low, high } => (shape, *low, *high),
        };
        let mut shape = shape.clone();
        if let Some(common) = common {
            shape = common.to_vec();
            if previous.is_some() {
                // Later operands may lack leading axes or repeat along one.
                match choice >> 6 {
                    1 if !shape.is_empty() => drop(shape.remove(0)),
                    2 => shape.iter_mut().take(1).for_each(|s| *s = 1),
                    _ => {}
                }
            }
        }
        // The same node twice, where its values lie in the range of both places.
        if let Some((id, SampleInput::Real { low: l, high: h, .. })) = previous
            && choice % 8 == 3
            && (*l, *h) == (low, high)
            && self.shape(id) == shape
        {
            self.alone = false;
            return Ok(id);
        }
        match self.chosen(choice) {
            None => self.leaf(name, &shape, low, high, rng),
            Some(id) => {
                self.alone = false;
                let fitted = self.fit(name, id, &shape, rng)?;
                // Into the range where the operation is defined, smoothly.
                let sigmoid = Expr::unary(Func::Sigmoid, Expr::var(0));
                let squashed = Expr::constant(low) + Expr::constant(high - low) * sigmoid;
                Ok(self.b.pointwise(&squashed, &[fitted])?)
            }
        }
    }

    /// A node of another shape made to fit: repeated, reshaped, or its mean times a new input.
    fn fit(&mut self, name: &str, id: NodeId, shape: &[usize], rng: &mut ChaCha8Rng) -> Result<NodeId, CheckError> {
        let from = self.shape(id);
        let wanted: Vec<Size> = shape.iter().map(|&n| Size::from(n)).collect();
        let lead = shape.len().checked_sub(from.len());
        let repeats = lead.is_some_and(|lead| from.iter().zip(&shape[lead..]).all(|(a, b)| a == b || *a == 1));
        if repeats {
            return Ok(self.b.broadcast(id, &wanted)?);
        }
        let count: usize = from.iter().product();
        if count == shape.iter().product() {
            return Ok(self.b.reshape(id, &wanted)?);
        }
        let axes: Vec<usize> = (0..from.len()).collect();
        let total = self.b.sum(id, &axes, false)?;
        let share = self.b.constant(1.0 / count.max(1) as f64)?;
        let weight = self.leaf(name, shape, -2.0, 2.0, rng)?;
        Ok(self.b.mul(&[weight, total, share])?)
    }

    fn index(&mut self, name: &str, shape: &[usize], below: usize, rng: &mut ChaCha8Rng) -> Result<NodeId, CheckError> {
        let ty = Type::index(shape.iter().map(|&n| Size::from(n)).collect(), Size::from(below));
        let id = self.b.input(name, ty)?;
        let data = (0..shape.iter().product()).map(|_| rng.random_range(0..below.max(1)) as i64).collect();
        self.values.insert(name.to_owned(), index(Shape::of(shape), data));
        Ok(id)
    }

    pub(super) fn leaf(
        &mut self,
        name: &str,
        shape: &[usize],
        low: f64,
        high: f64,
        rng: &mut ChaCha8Rng,
    ) -> Result<NodeId, CheckError> {
        let id = self.b.input(name, Type::real(shape.iter().map(|&n| Size::from(n)).collect()))?;
        let value = self.draw(shape, low, high, rng);
        self.values.insert(name.to_owned(), value);
        self.leaves.push(name.to_owned());
        self.pool.push(id);
        Ok(id)
    }

    /// Multiples of 1/8 in a range, or of a finer step when it is narrow.
    pub(super) fn draw(&self, shape: &[usize], low: f64, high: f64, rng: &mut ChaCha8Rng) -> Array {
        let mut grain = 8.0;
        while (high - low) * grain < 8.0 && grain < 1e6 {
            grain *= 2.0;
        }
        let (first, last) = ((low * grain).ceil() as i64, (high * grain).floor() as i64);
        let middle = 0.clamp(first, last.max(first));
        let pick = |_| {
            let ticks = match self.ties {
                true => (middle + 4 * rng.random_range(-1..=1)).clamp(first, last.max(first)),
                false => rng.random_range(first..=last.max(first)),
            };
            ticks as f64 / grain
        };
        real(Shape::of(shape), (0..shape.iter().product()).map(pick).collect())
    }
}
