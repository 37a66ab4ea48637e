//! Kinks inside a graph that its value does not show.
//!
//! A reverse walk picks one slope at each kink. Where several meet in one point, as in leaky(-leaky(x)) at 0, the slopes
//! picked need not make one that the whole function has, and no rule of differentiation is at fault. Such a point says
//! nothing, provided that the gradient lies between those that the rules give with every kink taken to one side or the
//! other, and that the rules are right beside it.
//!
//! That range is sampled, and where many kinks meet the sample need not reach its ends: a sum of many independent choices
//! is seldom all of one kind. Nor is a faint kink always told from a bend. Graphs drawn at random may not be judged by luck,
//! so for them the points beside decide alone, and the slopes that operations declare are held where one stands alone.

use std::cell::OnceCell;
use std::ops::Range as Span;

use graphrun_graph::{Builder, Form, Graph, Leaf, Node, NodeId, Sizes, TypeError};
use graphrun_tensor::{Dtype, Shape};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::array::{either_sign, map, real, reals};
use crate::copy::{copy, same};
use crate::engine::{Engine, sizes_of};
use crate::graph::{CheckError, Pair, gradients, leaf};
use crate::options::Options;
use crate::probe::{Aid, Insight, Probe, Target};
use crate::report::Verdict;
use crate::rounding::{noise, shaken};

/// How far each value is moved at most to leave its kink: far above rounding, far below what bends a gradient.
pub(crate) const NUDGE: f64 = 1e-7;
/// Over how many decimal orders the nudges of nodes are spread.
const SIZES: f64 = 3.0;
/// How many points beside a kink are tried.
const POINTS: usize = 4;
/// How far an element that stands out is moved, in nudges; the others are moved by less than two.
const FURTHER: f64 = 6.0;
/// How often every node is moved. A quarter of the runs moves all down, a quarter all up, a quarter each by chance, and one
/// by less and less from its first element to its last or the other way round: whichever of equals a rule chooses, the
/// same choice everywhere at once is among them.
const RUNS: usize = 32;
/// How much nudges may bend a gradient without any kink: that many of them, in units of the largest one. A faint kink is told
/// from a bend by what the rules give beside the point.
const BENDS: f64 = 10.0;

/// For each element of each gradient, the least and the greatest that the rules give around the point.
type Hull = Vec<Vec<(f64, f64)>>;

/// Takes the gradient of the graph with something small added to every node, and gives the range that it covers.
///
/// One element may stand out, named by the position of its tensor and its index: it is moved further than all others,
/// so that it is seen as the greatest and as the least of many that tie, which chance alone seldom makes it.
fn hull(
    pair: &Pair,
    engine: &dyn Engine,
    seed: u64,
    nudge: f64,
    outstanding: Option<(usize, usize)>,
) -> Result<Hull, CheckError> {
    let sizes = sizes_of(&pair.forward, &pair.values)?;
    let every = |node: &Node| !matches!(node.op.form(), Form::Leaf(Leaf::Constant(_) | Leaf::Count(_)));
    let Moved { graph, fed, .. } = moved(pair, &every, &|b, x, by| b.add(&[x, by]))?;
    let own = match outstanding {
        Some((position, index)) => Some((name_of(leaf(&pair.forward, &pair.wrt[position])?), index)),
        None => None,
    };
    let added = shapes(&graph, fed, &sizes)?;
    let mut program = engine.prepare(&graph, &sizes, Dtype::F64)?;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut values = pair.values.clone();
    let empty = |name: &String| vec![(f64::INFINITY, f64::NEG_INFINITY); reals(&pair.values[name]).len()];
    let mut hull: Hull = pair.wrt.iter().map(empty).collect();
    // Of a gradient's gradient the point itself belongs to the range: where the square of a sign is taken, as in
    // cosh(|x|), every side has one value and the kink between them another, though the gradient is smooth.
    let still = pair.second.then_some(RUNS);
    for run in (0..RUNS).chain(still) {
        for (name, shape) in &added {
            let outstanding = own.as_ref().filter(|(own, _)| own == name).map(|(_, index)| *index);
            values.insert(name.clone(), real(*shape, nudges(run, nudge, shape.len(), outstanding, &mut rng)));
        }
        for (ranges, gradient) in hull.iter_mut().zip(program.run(&values)?) {
            for ((low, high), g) in ranges.iter_mut().zip(reals(&gradient)) {
                (*low, *high) = (low.min(*g), high.max(*g));
            }
        }
    }
    Ok(hull)
}

/// By how much a run moves each of the `count` elements of a node.
fn nudges(run: usize, nudge: f64, count: usize, outstanding: Option<usize>, rng: &mut ChaCha8Rng) -> Vec<f64> {
    // Sizes differ from node to node, so that what comes from above does not always drown a node's own nudge.
    let size = if run == RUNS { 0.0 } else { nudge * 10f64.powf(rng.random_range(-SIZES..0.0)) };
    let falls: bool = rng.random();
    let mut draw = |k: usize| match run % 4 {
        0 => -rng.random_range(0.5..1.5),
        1 => rng.random_range(0.5..1.5),
        2 => 0.5 + (if falls { count - k } else { k + 1 }) as f64 / count as f64,
        _ => either_sign(rng.random_range(0.5..1.5), rng),
    };
    let mut by: Vec<f64> = (0..count).map(|k| size * draw(k)).collect();
    if let Some(index) = outstanding {
        by[index] = rng.random_range(-FURTHER..FURTHER) * size;
    }
    by
}

/// The gradients of a pair's forward graph whose nodes are moved by new inputs.
pub(crate) struct Moved {
    /// The gradients, as in the pair's own backward graph.
    pub(crate) graph: Graph,
    /// The scalar.
    pub(crate) value: NodeId,
    /// How many nodes come before those of the gradient.
    pub(crate) shared: usize,
    /// The new inputs.
    pub(crate) fed: Vec<(String, NodeId)>,
}

/// How wide the range of an element may be without any kink.
fn bend(ranges: &[(f64, f64)], nudge: f64) -> f64 {
    BENDS * nudge * ranges.iter().fold(0.0, |m: f64, (l, h)| m.max(l.abs()).max(h.abs()))
}

/// Whether the gradient at an element, named by the position of its tensor and its index, jumps within `nudge` of what the
/// nodes are: values that tie but for a rounding send the gradient elsewhere, and computed otherwise it is another one.
pub(crate) fn torn(pair: &Pair, engine: &dyn Engine, place: (usize, usize), nudge: f64) -> bool {
    let Ok(hull) = hull(pair, engine, 0, nudge, Some(place)) else { return false };
    let ranges = &hull[place.0];
    jumps(ranges[place.1], bend(ranges, nudge))
}

/// Whether a range is wider than it may be without any kink.
fn jumps((low, high): (f64, f64), bend: f64) -> bool {
    high - low > bend
}

/// The input that moves a node.
fn name_of(node: NodeId) -> String {
    format!("{}__moved", node.index())
}

/// Copies the forward graph so that users of the nodes in `which` see what `by` makes of the node and a new input of its
/// type, and takes the gradient. A node's own rule sees it as it is, so that a greatest element is still found.
pub(crate) fn moved(
    pair: &Pair,
    which: &dyn Fn(&Node) -> bool,
    by: &dyn Fn(&mut Builder, NodeId, NodeId) -> Result<NodeId, TypeError>,
) -> Result<Moved, CheckError> {
    let reached = pair.forward.reachable();
    let mut b = Builder::from_graph(pair.forward.clone());
    let mut fed = vec![];
    // What does not depend on anything varied has exact values, such as places to be compared.
    let leaves = pair.wrt.iter().map(|name| leaf(&pair.forward, name)).collect::<Result<Vec<_>, _>>()?;
    let mut varies: Vec<bool> = vec![];
    copy(&mut b, &pair.forward, &mut |b, id, node, inputs| {
        varies.push(leaves.contains(&id) || node.inputs.iter().any(|i| varies[i.index()]));
        let plain = same(b, node, inputs)?;
        if !(node.ty.is_real() && reached[id.index()] && varies[id.index()] && which(node)) {
            return Ok(plain);
        }
        let name = name_of(id);
        let input = b.input(&name, node.ty.clone())?;
        fed.push((name, input));
        by(b, plain, input)
    })?;
    let value = b.graph().outputs[0].1;
    let shared = b.graph().nodes().len();
    let graph = gradients(b, value, &pair.wrt)?;
    Ok(Moved { graph, value, shared, fed })
}

/// The shapes of inputs by name.
pub(crate) fn shapes(
    graph: &Graph,
    inputs: Vec<(String, NodeId)>,
    sizes: &Sizes,
) -> Result<Vec<(String, Shape)>, CheckError> {
    let shape = |(name, id)| Ok((name, graph.ty(id).concrete(sizes)?));
    inputs.into_iter().map(shape).collect()
}

/// What can be learnt of a pair beyond its values, for all that are varied; made when it is first asked for.
#[derive(Default)]
pub(crate) struct Learnt {
    hull: OnceCell<Hull>,
    shaken: OnceCell<Vec<Vec<Vec<f64>>>>,
    noise: OnceCell<f64>,
}

/// The inside of a graph, as far as it touches one input or parameter.
pub(crate) struct Inside<'a> {
    pub(crate) pair: &'a Pair,
    /// Which of those varied.
    pub(crate) position: usize,
    /// The gradient under test.
    pub(crate) gradient: &'a [f64],
    pub(crate) forward: &'a dyn Engine,
    pub(crate) backward: &'a dyn Engine,
    pub(crate) options: &'a Options<'a>,
    /// Whether a gradient may lie outside of the range.
    pub(crate) lenient: bool,
    pub(crate) learnt: &'a Learnt,
}

impl Insight for Inside<'_> {
    fn explain(&self, index: usize, off: f64) -> bool {
        (self.lenient || self.ranges_hold(index)) && self.right_beside(index..index + 1, &[1.0], off)
    }

    fn right_beside(&self, span: Span<usize>, weights: &[f64], off: f64) -> bool {
        let mut rng = ChaCha8Rng::seed_from_u64(self.options.seed);
        for _ in 0..POINTS {
            // An engine that cannot run beside the point explains nothing.
            let Ok(probe) = self.beside(span.clone(), weights, &mut rng) else { return false };
            let agrees = probe.off() <= probe.tolerance && probe.tolerance < off;
            match probe.verdict {
                Verdict::Fail => return false,
                // What is too small for the digits asked for is seen all the same, if it were off by so much.
                Verdict::Pass | Verdict::Inconclusive if agrees => return true,
                _ => {}
            }
        }
        false
    }

    fn jumps(&self) -> Vec<usize> {
        let (hull, bend) = self.ranges();
        (0..hull.len()).filter(|k| jumps(hull[*k], bend)).collect()
    }

    fn shaken(&self) -> &[Vec<f64>] {
        let make = || shaken(self.pair, self.forward, self.options.seed).unwrap_or_default();
        self.learnt.shaken.get_or_init(make).get(self.position).map_or(&[], |runs| runs)
    }

    fn noise(&self) -> f64 {
        let make = || noise(self.pair, self.forward, self.options.seed, self.lenient).unwrap_or(0.0);
        *self.learnt.noise.get_or_init(make)
    }
}

impl Inside<'_> {
    /// The range of each element, and how wide it is without any kink.
    fn ranges(&self) -> (&[(f64, f64)], f64) {
        let make = || hull(self.pair, self.forward, self.options.seed, NUDGE, None).unwrap_or_default();
        let all = self.learnt.hull.get_or_init(make);
        let own = all.get(self.position).map_or(&[][..], |h| h);
        (own, bend(own, NUDGE))
    }

    /// Whether the gradient at an element jumps, and lies between those that the rules give around the point.
    fn ranges_hold(&self, index: usize) -> bool {
        let (ranges, bend) = self.ranges();
        let Some(&(mut low, mut high)) = ranges.get(index) else { return false };
        let holds = |low: f64, high: f64| {
            jumps((low, high), bend) && (low - bend..=high + bend).contains(&self.gradient[index])
        };
        if !holds(low, high) {
            let place = (self.position, index);
            let closer = hull(self.pair, self.forward, self.options.seed, NUDGE, Some(place)).unwrap_or_default();
            let Some((lower, higher)) = closer.get(self.position).map(|ranges| ranges[index]) else { return false };
            (low, high) = (low.min(lower), high.max(higher));
        }
        holds(low, high)
    }

    /// The probe along a direction at values that are all a little off, where nothing ties and nothing stands on a kink but
    /// by chance.
    fn beside(&self, span: Span<usize>, weights: &[f64], rng: &mut ChaCha8Rng) -> Result<Probe, CheckError> {
        let &Inside { position, forward, backward, options, .. } = self;
        // Whole steps of a thousandth part every tie and leave every kink.
        let mut beside = |v: f64| v + v.abs().max(1.0) * either_sign(rng.random_range(1e-3..2e-3), rng);
        // What is detached is a value like any other: computed anew, it may stand on the same kink wherever the point is.
        let held = self.pair.held(forward)?;
        let values = held.values.iter().map(|(name, array)| (name.clone(), map(array, &mut beside)));
        let pair = &Pair { values: values.collect(), ..held };
        let sizes = sizes_of(&pair.backward, &pair.values)?;
        let gradients = backward.prepare(&pair.backward, &sizes, Dtype::F64)?.run(&pair.values)?;
        let gradient = reals(&gradients[position]);
        let mut varied = pair.varied(forward)?;
        let name = &pair.wrt[position];
        let x = reals(&pair.values[name]);
        let mut f = |point: &[f64]| varied.at(name, point);
        let inside = Inside { pair, gradient, learnt: &Learnt::default(), ..*self };
        let scale = gradient.iter().fold(0.0, |m: f64, g| m.max(g.abs()));
        let aid = Aid { insight: Some(&inside), lenient: self.lenient };
        Ok(Target { f: &mut f, x, gradient, options, aid }.direction(span, weights, scale))
    }
}

#[cfg(test)]
mod tests;
