//! What the values and gradients of a layer look like, and whether it is healthy.

use graphrun::Array;
use graphrun::expr::Expr;
use graphrun::graph::{Form, NodeId};
use serde_json::{Value, json};

use crate::inside::Inside;
use crate::json::number;

/// The bars of a histogram.
const BARS: usize = 24;
/// A unit is saturated where the slope of its activation is below this: beyond 0.99 for tanh.
const FLAT: f64 = 0.02;
/// Values that shrink below this part of the first layer's, and gradients of the last layer's, vanish; those that
/// grow by its inverse explode.
const VANISHING: f64 = 1e-2;

/// The verdicts, and what each says.
pub(crate) const VERDICTS: [(&str, &str); 5] = [
    ("healthy", "none of the following"),
    ("vanishing", "values under 1/100 of the first layer's, or gradients under 1/100 of the last's"),
    ("exploding", "values or gradients over 100 times those, or no longer numbers"),
    ("saturated", "more than half of the values stand where the activation is flat: slope under 0.02"),
    ("dead", "more than half of the units are 0 in every row"),
];

/// How often values fall into each of equal intervals from `low` to `high`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Histogram {
    pub(crate) low: f64,
    pub(crate) high: f64,
    pub(crate) counts: [usize; BARS],
}

impl Histogram {
    fn new(values: &[f64], [low, high]: [f64; 2]) -> Histogram {
        let mut counts = [0; BARS];
        for x in values.iter().filter(|x| x.is_finite()) {
            let place = if high > low { (x - low) / (high - low) } else { 0.5 };
            counts[((place * BARS as f64) as usize).min(BARS - 1)] += 1;
        }
        Histogram { low, high, counts }
    }

    /// One character for two bars.
    pub(crate) fn bars(&self) -> String {
        const HEIGHTS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
        let counts: Vec<usize> = self.counts.chunks(2).map(|pair| pair.iter().sum()).collect();
        let most = counts.iter().max().copied().unwrap_or(0).max(1);
        counts.iter().map(|&n| HEIGHTS[(n * 8).div_ceil(most)]).collect()
    }
}

/// Two digits of a number, as one reads them; one where the power of ten takes the room of the other.
pub(crate) fn short(x: f64) -> String {
    let digits = format!("{x:.1e}");
    match digits.parse::<f64>() {
        Ok(0.0) => "0".into(),
        Ok(x) if (1e-3..1e4).contains(&x.abs()) => x.to_string(),
        Ok(x) if !(1e-9..1e10).contains(&x.abs()) => format!("{x:.0e}"),
        _ => digits,
    }
}

/// An axis that holds all finite numbers, and whose ends have two digits.
fn range(values: &[f64]) -> [f64; 2] {
    let finite = values.iter().copied().filter(|x| x.is_finite());
    let [low, high] = finite.fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], x| [low.min(x), high.max(x)]);
    if low < high { [0.0 - outwards(-low), outwards(high)] } else { [low, high] }
}

/// The least number of two digits that is not below `x`.
fn outwards(x: f64) -> f64 {
    if x == 0.0 {
        return 0.0;
    }
    let digits = |x: f64| format!("{x:.1e}").parse().unwrap_or(x);
    let (near, last) = (digits(x), 10f64.powi(x.abs().log10().floor() as i32 - 1));
    let found = [near, digits(near + last)].into_iter().find(|end| *end >= x && end.is_finite());
    found.unwrap_or(x)
}

/// The numbers of an array in brief.
#[derive(Clone, Debug)]
pub(crate) struct Summary {
    pub(crate) mean: f64,
    pub(crate) std: f64,
    /// The root of the mean square.
    pub(crate) rms: f64,
    /// The share that is exactly 0.
    pub(crate) zero: f64,
    pub(crate) histogram: Histogram,
}

impl Summary {
    fn new(values: &[f64]) -> Summary {
        let n = values.len().max(1) as f64;
        let mean = values.iter().sum::<f64>() / n;
        let std = (values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
        let rms = (values.iter().map(|x| x * x).sum::<f64>() / n).sqrt();
        let zero = values.iter().filter(|x| **x == 0.0).count() as f64 / n;
        let histogram = Histogram::new(values, range(values));
        Summary { mean, std, rms, zero, histogram }
    }

    fn json(&self) -> Value {
        let Histogram { low, high, counts } = &self.histogram;
        json!({"mean": number(self.mean), "std": number(self.std), "rms": number(self.rms), "zero": self.zero,
            "histogram": {"low": number(*low), "high": number(*high), "counts": counts}})
    }
}

/// A named node between inputs and the node that is differentiated, or that node.
#[derive(Clone, Debug)]
pub(crate) struct Layer {
    pub(crate) name: String,
    pub(crate) op: String,
    /// Whether it is the node that is differentiated.
    top: bool,
    pub(crate) value: Summary,
    pub(crate) gradient: Summary,
    /// The share of units that are 0 in every row, where there are rows of units.
    pub(crate) dead: Option<f64>,
    /// The share of elements at which an activation is flat but not 0.
    pub(crate) saturated: Option<f64>,
    pub(crate) verdict: &'static str,
}

impl Layer {
    /// The shares of zeros, dead and saturated units, in percent where there are any to speak of.
    pub(crate) fn shares(&self) -> [String; 3] {
        let percent = |share: Option<f64>| share.map_or_else(|| "-".into(), |share| format!("{:.0}%", 100.0 * share));
        [Some(self.value.zero), self.dead, self.saturated].map(percent)
    }

    pub(crate) fn json(&self) -> Value {
        json!({"name": self.name, "op": self.op, "value": self.value.json(), "gradient": self.gradient.json(),
            "dead": self.dead, "saturated": self.saturated, "verdict": self.verdict})
    }
}

/// The layers of a model that has been run, each with a verdict: what is far from the other layers is not healthy.
pub(crate) fn layers(named: &[(String, String, NodeId)], inside: &Inside) -> Vec<Layer> {
    let mut layers: Vec<Layer> = Vec::new();
    for (name, op, id) in named.iter().filter(|(_, _, id)| inside.is_asked(*id)) {
        let (Some(value), Some(gradient)) = (inside.values.get(id), inside.grads.get(id)) else { continue };
        layers.push(Layer {
            name: name.clone(),
            op: op.clone(),
            top: *id == inside.of,
            value: Summary::new(&value.to_reals()),
            gradient: Summary::new(&gradient.to_reals()),
            dead: dead(value),
            saturated: saturated(inside, *id),
            verdict: "",
        });
    }
    let value = layers.first().map_or(0.0, |layer| layer.value.rms);
    let gradient = layers.iter().rev().find(|layer| !layer.top).map_or(0.0, |layer| layer.gradient.rms);
    for layer in &mut layers {
        // Loss and upstream are of another kind than layers, and are measured against nothing.
        let sizes = if layer.top { [1.0; 2] } else { [layer.value.rms / value, layer.gradient.rms / gradient] };
        layer.verdict = verdict(layer, sizes);
    }
    layers
}

/// `sizes` are those of value and gradient, as parts of what they are measured against.
fn verdict(layer: &Layer, sizes: [f64; 2]) -> &'static str {
    let most = |share: Option<f64>| share.is_some_and(|share| share > 0.5);
    let any = |test: fn(f64) -> bool| sizes.into_iter().any(test);
    match layer {
        _ if !layer.value.rms.is_finite() || !layer.gradient.rms.is_finite() => "exploding",
        _ if most(layer.saturated) => "saturated",
        _ if most(layer.dead) => "dead",
        _ if any(|size| size > 1.0 / VANISHING) => "exploding",
        _ if any(|size| size.is_nan() || size < VANISHING) => "vanishing",
        _ => "healthy",
    }
}

/// The share of units, along the second axis, that are 0 everywhere else.
fn dead(value: &Array) -> Option<f64> {
    let shape = value.shape();
    let [rows, units, rest @ ..] = shape.sizes() else { return None };
    if *rows < 2 || *units == 0 {
        return None;
    }
    let inner: usize = rest.iter().product();
    let mut alive = vec![false; *units];
    for (k, x) in value.to_reals().iter().enumerate() {
        alive[k / inner % units] |= *x != 0.0;
    }
    Some(alive.iter().filter(|alive| !**alive).count() as f64 / *units as f64)
}

fn saturated(inside: &Inside, id: NodeId) -> Option<f64> {
    let node = inside.graph.node(id);
    let (Form::Pointwise(expr), [input]) = (node.op.form(), &node.inputs[..]) else { return None };
    let slope: Expr = expr.derivative(0);
    if slope.as_constant().is_some() {
        return None;
    }
    let (x, y) = (inside.values.get(input)?.to_reals(), inside.values[&id].to_reals());
    let flat = x.iter().zip(&y).filter(|(x, y)| **y != 0.0 && slope.eval(&[**x]).abs() < FLAT).count();
    Some(flat as f64 / y.len().max(1) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use graphrun::tensor::Shape;

    #[test]
    fn a_histogram_counts_every_finite_number_once() {
        let check = |values: &[f64], low: f64, high: f64, total: usize| {
            let found = Histogram::new(values, range(values));
            assert_eq!((found.low, found.high, found.counts.iter().sum::<usize>()), (low, high, total));
        };
        check(&[0.0, 1.0, 0.5, 1.0], 0.0, 1.0, 4);
        check(&[2.0, 2.0, f64::NAN, f64::INFINITY], 2.0, 2.0, 2);
        check(&[-0.04213, 0.0, 0.0991], -0.043, 0.1, 3);
        check(&[1234.0, 0.0], 0.0, 1300.0, 2);
        check(&[-5e-324, f64::MAX], -5e-324, f64::MAX, 2);
        let found = Histogram::new(&[0.0, 24.0, 24.0], [0.0, 24.0]);
        assert_eq!(found.bars().trim_end_matches('█'), format!("▄{}", " ".repeat(10)));
    }

    #[test]
    fn a_unit_that_is_never_anything_but_0_is_dead() {
        let array = |sizes: &[usize], values: &[f64]| Array::real(Shape::of(sizes), values.to_vec()).unwrap();
        assert_eq!(dead(&array(&[2, 2], &[0.0, 1.0, 0.0, 0.0])), Some(0.5));
        assert_eq!(dead(&array(&[2, 2, 1], &[0.0, 1.0, 2.0, 0.0])), Some(0.0));
        assert_eq!(dead(&array(&[2], &[0.0, 0.0])), None);
    }
}
