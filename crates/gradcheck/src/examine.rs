//! Everything that must hold for a graph and its gradient, one property after the other.

use std::fmt;

use graphrun_graph::{At, Builder, Kink};
use graphrun_tensor::Dtype;

use crate::convention::declared;
use crate::engine::{Engine, sizes_of};
use crate::graph::{CheckError, Pair, Problem, check_pair, run_all};
use crate::metamorphic::{metamorphic, near};
use crate::options::Options;
use crate::report::{Report, Verdict};
use crate::second::second_order;

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
    pub(crate) fn new(property: &'static str, detail: impl fmt::Display) -> Finding {
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
    /// The slope at kinks that is declared for a graph of one operation on inputs of its own. Larger graphs mix the slopes
    /// of several operations and are held between them only.
    pub kink: Option<Kink>,
    pub(crate) rewrite: Option<&'a Rewrite<'a>>,
}

impl<'a> Examination<'a> {
    /// All properties of graphs run by `subject`, against numeric derivatives taken with `reference`.
    pub fn new(subject: &'a dyn Engine, reference: &'a dyn Engine) -> Examination<'a> {
        let (second_order, metamorphic, single) = (true, true, true);
        Examination { subject, reference, second_order, metamorphic, single, kink: None, rewrite: None }
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
    let (expected, magnitude) = run_all(&pair, how.reference).map_err(runs)?;
    let options = Options { elements: 8, seed, ..Options::default() };
    let sizes = sizes_of(&pair.backward, &pair.values).map_err(|e| Finding::new("runs", e))?;
    let prepared = how.subject.prepare(&pair.backward, &sizes, Dtype::F64);
    let mut program = prepared.map_err(|e| Finding::new("runs", e))?;
    let gradients = program.run(&pair.values).map_err(|e| Finding::new("runs", e))?;
    near("engines agree", &pair, how, magnitude, &gradients, &expected)?;
    let engines = [how.reference, how.subject];
    let report = check_pair(&pair, &gradients, engines, &options, true).map_err(runs)?;
    failed("first derivative", &report)?;
    if let Some(kink) = how.kink {
        declared(kink, problem, &pair, &gradients, how.reference)?;
    }
    if how.metamorphic {
        metamorphic(&pair, how, program.as_mut(), magnitude, &gradients, seed)?;
    }
    if how.single && report.entries.iter().all(|e| e.kinks == 0 && e.verdict < Verdict::Inconclusive) {
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

pub(crate) fn failed(property: &'static str, report: &Report) -> Result<(), Finding> {
    match report.entries.iter().find(|e| e.verdict == Verdict::Fail) {
        None => Ok(()),
        Some(entry) => {
            // Errors are in units of what a pass allows at six digits.
            let off = (entry.analytic - entry.numeric).abs() / entry.numeric.abs().max(1e-12) * 1e10;
            Err(Finding { excess: if off.is_nan() { f64::INFINITY } else { off }, ..Finding::new(property, entry) })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::tests::{PLAIN, Scaled, scaled};
    use crate::report::Entry;

    #[test]
    fn a_finding_tells_what_and_how_far() {
        let entry = |analytic, numeric| Entry { verdict: Verdict::Fail, analytic, numeric, ..Entry::vacuous("w") };
        let found = |entry: &Entry| {
            let passed = Entry { verdict: Verdict::Pass, ..Entry::vacuous("v") };
            failed("first derivative", &Report::new(vec![passed, entry.clone()])).unwrap_err()
        };
        // In units of 1e-10 of the numeric derivative.
        let near = |found: Finding, excess: f64| (found.excess - excess).abs() < 1e-6 * excess;
        assert!(near(found(&entry(2.5, 2.0)), 0.25e10) && near(found(&entry(-1.0, -4.0)), 0.75e10));
        assert!(near(found(&entry(1e-12, 0.0)), 1e10));
        assert_eq!(found(&entry(f64::NAN, 1.0)).excess, f64::INFINITY);
        let text = found(&entry(2.5, 2.0)).to_string();
        assert!(text.starts_with("first derivative: ") && text.contains("w"), "{text}");
        assert_eq!(failed("first derivative", &Report::new(vec![Entry::vacuous("w")])), Ok(()));
    }

    #[test]
    fn single_precision_is_held_where_all_else_is_proved() {
        let examined = |formula: &str, x: &[f64], single: bool| {
            let problem = Problem::of_formula(formula, &[("x", x)]);
            let coarse = Scaled { single: true, ..scaled(1.001) };
            examine(&problem, &Examination { single, ..Examination::new(&coarse, &PLAIN) }, 1)
        };
        let found = examined("exp(x)", &[0.5, 1.0], true).unwrap_err();
        assert_eq!(found.property, "f32 agrees with f64", "{found}");
        assert!(examined("exp(x)", &[0.5, 1.0], false).is_ok());
        // On a kink, or where the check is inconclusive, the branch that f32 takes is not known.
        assert!(examined("abs(x)", &[0.0, 1.0], true).is_ok());
        let inconclusive = examined("x + 1e14", &[0.5, 1.0], true).unwrap();
        assert_eq!((inconclusive.verdict, inconclusive.entries[0].kinks), (Verdict::Inconclusive, 0));
    }
}
