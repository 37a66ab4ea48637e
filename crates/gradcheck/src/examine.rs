//! Everything that must hold for a graph and its gradient, one property after the other.

use std::fmt;

use graphrun_exec::Array;
use graphrun_graph::{At, Builder, NodeId};
use graphrun_tensor::Dtype;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::array::{Values, map, reals};
use crate::convention::Convention;
use crate::engine::{Engine, Program, sizes_of};
use crate::graph::{CheckError, Pair, Problem, check_pair, magnitude};
use crate::options::Options;
use crate::report::{Report, Verdict};

/// What another order of sums may change, in units of the largest number met.
const ORDER: f64 = 1e3 * f64::EPSILON;

/// A property that does not hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Which one.
    pub property: &'static str,
    /// What was seen.
    pub detail: String,
    /// How far off, in units of what is allowed; infinite where nothing is allowed.
    pub excess: f64,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.property, self.detail)
    }
}

impl Finding {
    fn new(property: &'static str, detail: impl fmt::Display) -> Finding {
        Finding { property, detail: detail.to_string(), excess: f64::INFINITY }
    }
}

/// A rewrite of the two graphs of a problem before they are checked: how the gate plants its bugs.
pub(crate) type Rewrite<'a> = dyn Fn(Pair) -> Pair + Sync + 'a;

/// What is examined and how.
#[derive(Clone, Copy)]
pub struct Examination<'a> {
    /// The engine whose results are doubted.
    pub subject: &'a dyn Engine,
    /// The engine that numeric derivatives are taken with, and that the subject's values are held against.
    pub reference: &'a dyn Engine,
    /// Whether second derivatives are examined as well.
    pub second_order: bool,
    /// Whether the gradient is run again under what must not change it.
    pub metamorphic: bool,
    /// Whether single precision is held against double.
    pub single: bool,
    /// What operations declare of their slopes at kinks.
    pub conventions: &'a [(&'static str, Convention)],
    pub(crate) rewrite: Option<&'a Rewrite<'a>>,
}

impl<'a> Examination<'a> {
    /// All properties of graphs run by `subject`, against numeric derivatives taken with `reference`.
    pub fn new(subject: &'a dyn Engine, reference: &'a dyn Engine) -> Examination<'a> {
        let conventions = crate::convention::STANDARD;
        let (second_order, metamorphic, single) = (true, true, true);
        Examination { subject, reference, second_order, metamorphic, single, conventions, rewrite: None }
    }
}

/// Examines a problem: ports, first derivatives, values against the reference engine, the metamorphic properties,
/// single precision, declared slopes at kinks, and second derivatives.
///
/// # Errors
/// The first property that does not hold.
pub fn examine(problem: &Problem, how: &Examination<'_>, seed: u64) -> Result<Report, Finding> {
    ports(problem)?;
    let broken = |e: CheckError| Finding::new("differentiable", e.message);
    let mut pair = problem.pair().map_err(broken)?;
    if let Some(rewrite) = how.rewrite {
        pair = rewrite(pair);
    }
    let runs = |e: CheckError| Finding::new("runs", e);
    let magnitude = magnitude(&pair, how.reference).map_err(runs)?;
    let options = Options { elements: 8, seed, ..Options::default() };
    let sizes = sizes_of(&pair.backward, &pair.values).map_err(|e| Finding::new("runs", e))?;
    let prepare = |engine: &dyn Engine| engine.prepare(&pair.backward, &sizes, Dtype::F64);
    let mut program = prepare(how.subject).map_err(|e| Finding::new("runs", e))?;
    let run = |program: &mut dyn Program| program.run(&pair.values).map_err(|e| Finding::new("runs", e));
    let gradients = run(program.as_mut())?;
    let expected = run(prepare(how.reference).map_err(|e| Finding::new("runs", e))?.as_mut())?;
    near("engines agree", &pair, magnitude, &gradients, &expected)?;
    let engines = [how.reference, how.subject];
    let report = check_pair(&pair, &gradients, engines, &options, true).map_err(runs)?;
    failed("first derivative", &report)?;
    crate::convention::declared(problem, &pair, &gradients, how)?;
    if how.metamorphic {
        metamorphic(&pair, program.as_mut(), magnitude, &gradients, seed)?;
    }
    if how.single && report.entries.iter().all(|e| e.kinks == 0 && e.verdict == Verdict::Pass) {
        crate::precision::precision(&pair, how, program.as_mut(), magnitude, seed)?;
    }
    if how.second_order {
        second_order(&pair, how, &options)?;
    }
    Ok(report)
}

/// Every operation gives a gradient or none for each of its ports, and none for an integer port.
fn ports(problem: &Problem) -> Result<(), Finding> {
    let mut b = Builder::from_graph(problem.graph.clone());
    for (id, node) in problem.graph.ids() {
        if node.inputs.iter().all(|i| problem.graph.ty(*i).is_real()) || !node.ty.is_real() {
            continue;
        }
        let Ok(gradients) = node.op.vjp(&mut b, At { inputs: &node.inputs, output: id, grad: id }) else { continue };
        for (&input, gradient) in node.inputs.iter().zip(gradients) {
            if gradient.is_some() && !problem.graph.ty(input).is_real() {
                let (op, port) = (problem.graph.describe(id), problem.graph.describe(input));
                return Err(Finding::new(
                    "integer port",
                    format!("{op} gives a gradient for {port}, which holds integers"),
                ));
            }
        }
    }
    Ok(())
}

fn failed(property: &'static str, report: &Report) -> Result<(), Finding> {
    match report.entries.iter().find(|e| e.verdict == Verdict::Fail) {
        None => Ok(()),
        Some(entry) => {
            // Errors are in units of what a pass allows at six digits.
            let off = (entry.analytic - entry.numeric).abs() / entry.numeric.abs().max(1e-12) * 1e10;
            Err(Finding { excess: if off.is_nan() { f64::INFINITY } else { off }, ..Finding::new(property, entry) })
        }
    }
}

/// Runs the gradient graph again and again: what must not change does not, and what must be linear is.
fn metamorphic(
    pair: &Pair,
    program: &mut dyn Program,
    magnitude: f64,
    first: &[Array],
    seed: u64,
) -> Result<(), Finding> {
    let mut run = |values: &Values| program.run(values).map_err(|e| Finding::new("runs", e));
    let again = run(&pair.values)?;
    same_bits("two backward passes are identical", pair, first, &again)?;

    let poisoned: Values = pair.values.iter().map(|(k, v)| (k.clone(), map(v, |_| f64::NAN))).collect();
    run(&poisoned)?;
    let after = run(&pair.values)?;
    same_bits("NaN in memory leaves no trace", pair, first, &after)?;

    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let other: Values = moved(&pair.values, &mut rng);
    run(&other)?;
    let back = run(&pair.values)?;
    same_bits("A, B, A gives A", pair, first, &back)?;

    linear(pair, program, magnitude, first, &mut rng)
}

/// Every real moved by up to an eighth.
fn moved(values: &Values, rng: &mut ChaCha8Rng) -> Values {
    values.iter().map(|(k, v)| (k.clone(), map(v, |v| v * (1.0 + rng.random_range(-0.125..0.125))))).collect()
}

/// The gradient is linear in what comes from above: doubled, zero, and the sum of two parts.
fn linear(
    pair: &Pair,
    program: &mut dyn Program,
    magnitude: f64,
    first: &[Array],
    rng: &mut ChaCha8Rng,
) -> Result<(), Finding> {
    let above = |name: &String| pair.cotangents.contains(name);
    let mut with = |f: &mut dyn FnMut(f64) -> f64| {
        let fed = pair.values.iter().map(|(k, v)| (k.clone(), if above(k) { map(v, &mut *f) } else { v.clone() }));
        program.run(&fed.collect()).map_err(|e| Finding::new("runs", e))
    };
    let zero = with(&mut |_| 0.0)?;
    if let Some(k) = zero.iter().position(|g| reals(g).iter().any(|v| *v != 0.0)) {
        return Err(Finding::new("zero from above gives zero", format!("`{}` gets {}", pair.wrt[k], zero[k])));
    }
    let parts: Vec<f64> = (0..64).map(|_| rng.random_range(-1.0..1.0)).collect();
    let mut at = 0;
    let mut part = |_| {
        at += 1;
        parts[at % parts.len()]
    };
    let some = with(&mut part)?;
    let mut at = 0;
    let mut rest = |v| {
        at += 1;
        v - parts[at % parts.len()]
    };
    let others = with(&mut rest)?;
    let sum: Vec<Array> = some
        .iter()
        .zip(&others)
        .map(|(a, b)| {
            let mut other = reals(b).iter();
            map(a, |v| v + other.next().copied().unwrap_or(f64::NAN))
        })
        .collect();
    near("linear in the gradient from above", pair, magnitude, &sum, first)
}

fn same_bits(property: &'static str, pair: &Pair, one: &[Array], other: &[Array]) -> Result<(), Finding> {
    for ((name, a), b) in pair.wrt.iter().zip(one).zip(other) {
        if reals(a).iter().zip(reals(b)).any(|(a, b)| a.to_bits() != b.to_bits()) {
            let detail = format!("the gradient of `{name}` is {} and then {}", a, b);
            return Err(Finding::new(property, detail));
        }
    }
    Ok(())
}

/// Sums in another order differ by roundings of the largest numbers that go into them: a thousand of those are allowed.
fn near(property: &'static str, pair: &Pair, magnitude: f64, one: &[Array], other: &[Array]) -> Result<(), Finding> {
    let allowed = ORDER * magnitude;
    for ((name, a), b) in pair.wrt.iter().zip(one).zip(other) {
        for (k, (a, b)) in reals(a).iter().zip(reals(b)).enumerate() {
            let off = (a - b).abs();
            if off > allowed || a.is_nan() != b.is_nan() {
                let detail = format!("the gradient of `{name}` at [{k}] is {a:e} and {b:e}");
                return Err(Finding { excess: off / allowed, ..Finding::new(property, detail) });
            }
        }
    }
    Ok(())
}

/// Second derivatives: the gradient's own gradient along a random direction against differences of gradients, and the
/// symmetry of the Hessian. An operation whose gradient declares that it has none itself is passed over.
fn second_order(pair: &Pair, how: &Examination<'_>, options: &Options<'_>) -> Result<(), Finding> {
    let wrong = |e: CheckError| Finding::new("second derivative", e.message);
    let mut rng = ChaCha8Rng::seed_from_u64(options.seed);
    let mut slopes = vec![];
    let mut values = pair.values.clone();
    let mut directions = vec![];
    let mut b = Builder::from_graph(pair.backward.clone());
    for round in ["u", "v"] {
        let slope = directional(&mut b, pair, round, &mut values, &mut directions, &mut rng).map_err(wrong)?;
        slopes.extend(slope);
    }
    let [along_u, along_v] = slopes[..] else { return Ok(()) };
    let graph = b.finish();
    let problem = |of: NodeId| Problem {
        graph: graph.clone(),
        of: vec![(of, Array::scalar(1.0))],
        wrt: pair.wrt.clone(),
        values: values.clone(),
    };
    let Ok(mut second) = problem(along_u).pair() else { return Ok(()) };
    second.second = true;
    let magnitude = magnitude(&second, how.reference).map_err(wrong)?;
    let sizes = sizes_of(&second.backward, &second.values).map_err(|e| wrong(e.into()))?;
    let run = || how.subject.prepare(&second.backward, &sizes, Dtype::F64)?.run(&second.values);
    let products = run().map_err(|e| wrong(e.into()))?;
    // That both engines have the same first derivatives has been seen, so either will do for their differences.
    let report = check_pair(&second, &products, [how.reference, how.subject], options, true).map_err(wrong)?;
    failed("second derivative", &report)?;
    if report.entries.iter().any(|e| e.kinks > 0) {
        return Ok(());
    }
    let Ok(other) = problem(along_v).pair() else { return Ok(()) };
    symmetric(&second, &products, &other, how, magnitude, &directions).map_err(wrong)?
}

/// Emits the sum over all gradients of gradient times a random direction, fed as inputs named after `round`.
fn directional(
    b: &mut Builder,
    pair: &Pair,
    round: &str,
    values: &mut Values,
    directions: &mut Vec<Vec<Array>>,
    rng: &mut ChaCha8Rng,
) -> Result<Option<NodeId>, CheckError> {
    let mut terms = vec![];
    let mut drawn = vec![];
    for (k, name) in pair.wrt.iter().enumerate() {
        let gradient = b.graph().outputs[k].1;
        let ty = b.ty(gradient).clone();
        let input = b.input(&format!("{round}{k}_"), ty.clone())?;
        let direction = map(&pair.values[name], |_| f64::from(rng.random_range(-12..=12)) / 8.0);
        values.insert(format!("{round}{k}_"), direction.clone());
        drawn.push(direction);
        let product = b.mul(&[gradient, input])?;
        terms.push(b.sum(product, &(0..ty.rank()).collect::<Vec<_>>(), false)?);
    }
    directions.push(drawn);
    Ok(if terms.is_empty() { None } else { Some(b.add(&terms)?) })
}

/// v H u = u H v, up to rounding of the largest product.
fn symmetric(
    along_u: &Pair,
    products: &[Array],
    along_v: &Pair,
    how: &Examination<'_>,
    magnitude: f64,
    directions: &[Vec<Array>],
) -> Result<Result<(), Finding>, CheckError> {
    let sizes = sizes_of(&along_u.forward, &along_u.values)?;
    let others = how.subject.prepare(&along_v.backward, &sizes, Dtype::F64)?.run(&along_v.values)?;
    let mut both = vec![];
    for (rows, direction) in [(products, &directions[1]), (&others[..], &directions[0])] {
        let products = rows.iter().zip(direction).flat_map(|(h, d)| reals(h).iter().zip(reals(d)).map(|(h, d)| h * d));
        both.push(products.sum::<f64>());
    }
    let off = (both[0] - both[1]).abs();
    let allowed = ORDER * magnitude;
    if off > allowed {
        let detail = format!("v H u is {:e} and u H v is {:e}", both[0], both[1]);
        return Ok(Err(Finding { excess: off / allowed, ..Finding::new("the Hessian is symmetric", detail) }));
    }
    Ok(Ok(()))
}
