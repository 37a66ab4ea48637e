//! The mutation gate: proof that the harness sees wrong gradients and leaves right ones alone.

mod engines;
mod rewrites;
mod toy;
mod toys;

use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use graphrun_graph::Registry;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::engine::Engine;
use crate::examine::Examination;
use crate::graph::Pair;
use crate::hunt::{self, Failure, Hunt, Tally, search, serve};
use crate::interpret::Interpreter;
use crate::parallel::in_parallel;
use crate::recipe::{Recipe, ingredients};
use crate::report::Verdict;

/// How far the gate is.
#[derive(Clone, Copy, Debug)]
pub enum Progress<'a> {
    /// This mutant, one of so many, is done.
    Mutant(&'a MutantReport, usize),
    /// A clean case is taken up.
    Case,
}

/// Whoever wants to know how far the gate is; told from any of its threads.
pub type Told = dyn Fn(Progress<'_>) + Send + Sync;

/// How hard the gate tries.
#[derive(Clone)]
pub struct GateOptions {
    /// With how many seeds each mutant is to be caught.
    pub seeds: usize,
    /// The first of these seeds.
    pub first: u64,
    /// Within how many cases a seed must catch it.
    pub tries: usize,
    /// The clean cases, which must raise no alarm, and the threads that work on everything.
    pub clean: Hunt,
    /// Told of each mutant as soon as it is done, and of each clean case.
    pub progress: Arc<Told>,
}

impl Default for GateOptions {
    fn default() -> GateOptions {
        let clean = Hunt { cases: 100_000, ..Hunt::default() };
        GateOptions { seeds: 20, first: 0, tries: 500, clean, progress: Arc::new(|_| ()) }
    }
}

impl fmt::Debug for GateOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let GateOptions { seeds, first, tries, clean, progress: _ } = self;
        write!(f, "GateOptions {{ seeds: {seeds}, first: {first}, tries: {tries}, clean: {clean:?} }}")
    }
}

/// How one mutant fared.
#[derive(Clone, Debug, PartialEq)]
pub struct MutantReport {
    /// The bug.
    pub name: &'static str,
    /// With how many seeds it was caught.
    pub caught: usize,
    /// The seeds tried.
    pub seeds: usize,
    /// The greatest number of cases that a seed needed.
    pub cases: usize,
}

/// The outcome of the gate.
#[derive(Debug)]
pub struct GateReport {
    /// Every mutant; none without a seed to plant them with.
    pub mutants: Vec<MutantReport>,
    /// The clean cases, or the first false alarm.
    pub clean: Result<Tally, Box<Failure>>,
    /// What too few of the clean cases had, where there were enough of them to tell.
    pub missing: Vec<String>,
    /// How long it took.
    pub time: Duration,
}

impl fmt::Display for MutantReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let MutantReport { name, caught, seeds, cases } = self;
        write!(f, "{name:<36} caught {caught:>2} of {seeds:>2}, within {cases} cases")
    }
}

impl GateReport {
    /// The verdict on what was examined: fail when a mutant escaped a seed, a clean case raised an alarm, or their variety
    /// was not what it should be, else that of the clean cases, if there are any.
    pub fn verdict(&self) -> Verdict {
        let caught = self.mutants.iter().all(|m| m.caught == m.seeds);
        match &self.clean {
            Ok(tally) if caught && self.missing.is_empty() => match tally.cases {
                0 if !self.mutants.is_empty() => Verdict::Pass,
                _ => tally.verdict(),
            },
            _ => Verdict::Fail,
        }
    }

    /// The parts of the gate that had no seed or no case, of which the verdict says nothing.
    pub fn unexamined(&self) -> Vec<&'static str> {
        let mutants = self.mutants.is_empty().then_some("planted bugs");
        let clean = self.clean.as_ref().is_ok_and(|tally| tally.cases == 0).then_some("clean cases");
        mutants.into_iter().chain(clean).collect()
    }

    /// What was not examined, and what the clean cases came to, in words.
    pub fn summary(&self) -> String {
        let mut lines: Vec<String> = self.unexamined().iter().map(|part| format!("{part}: not examined")).collect();
        lines.extend(self.cleared());
        lines.join("\n")
    }

    /// What the clean cases came to, unless there were none.
    fn cleared(&self) -> Option<String> {
        let text = match &self.clean {
            Ok(Tally { cases: 0, .. }) => return None,
            Ok(Tally { cases, passed, kinks, inconclusive, vacuous, coverage }) => {
                let mut text = format!(
                    "{cases} clean {} without an alarm: {passed} passed, {kinks} on kinks, {inconclusive} \
                     inconclusive, {vacuous} vacuous",
                    if *cases == 1 { "case" } else { "cases" }
                );
                if *cases >= TELLING {
                    let (ops, features) = (coverage.ops.len(), coverage.features.len());
                    text += &match &self.missing[..] {
                        [] => format!("\n{ops} operations and all {features} features of graphs met often enough"),
                        missing => format!("\nmet too seldom: {}", missing.join(", ")),
                    };
                }
                text
            }
            Err(failure) => format!("false alarm: {failure}"),
        };
        Some(text)
    }

    /// Whether the verdict is a pass, and nothing was left unexamined.
    pub fn passed(&self) -> bool {
        self.verdict() == Verdict::Pass && self.unexamined().is_empty()
    }
}

impl fmt::Display for GateReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for mutant in &self.mutants {
            writeln!(f, "{mutant}")?;
        }
        f.write_str(&self.summary())
    }
}

/// From how many cases on their variety is asserted: a share of `LEAST` of fewer is a matter of luck.
const TELLING: usize = 1000;
/// The share of cases that must have each feature.
const LEAST: f64 = 0.03;

/// Findings that say that a mutant could not be built or run, not that its gradient is wrong.
const UNBUILT: [&str; 4] = ["runs", "differentiable", "panics", "sample"];

/// A bug and how it is planted.
#[derive(Clone, Copy)]
enum Bug {
    /// In the gradient graph.
    Plant(rewrites::Plant),
    /// In a registered operation: its name and definition.
    Op(&'static str, fn() -> graphrun_graph::OpDef),
    /// In the executor.
    Stale,
    /// In the executor's memory plan.
    EarlyReuse,
}

fn bugs() -> Vec<(&'static str, Bug)> {
    let planted = rewrites::PLANTS.iter().map(|(name, plant)| (*name, Bug::Plant(*plant)));
    let ops = toys::WRONG.iter().map(|(name, op, def)| (*name, Bug::Op(op, *def)));
    let rest = [
        ("right first order, wrong second", Bug::Plant(rewrites::wrong_second_order)),
        ("a buffer reused too early", Bug::EarlyReuse),
        ("the gradient of the step before", Bug::Stale),
    ];
    planted.chain(ops).chain(rest).collect()
}

/// Runs the gate over the operations that `registry` makes and a few of its own, with gradients run by `subject`.
///
/// Bugs are planted by rewriting gradient graphs, by registering wrong operations and by wrapping the engine; nothing
/// in production code knows of it.
pub fn self_test(registry: &dyn Fn() -> Registry, subject: &dyn Engine, options: &GateOptions) -> GateReport {
    let start = Instant::now();
    let all = || toys::right().into_iter().fold(registry(), Registry::with);
    let complete = all();
    let ops = ingredients(&complete);
    let bugs = if options.seeds == 0 { vec![] } else { bugs() };
    let mut mutants: Vec<MutantReport> =
        bugs.iter().map(|(name, _)| MutantReport { name, caught: 0, seeds: options.seeds, cases: 0 }).collect();
    for (report, (_, bug)) in mutants.iter_mut().zip(&bugs) {
        let wrong = match bug {
            Bug::Op(_, def) => Some(all().with(def())),
            _ => None,
        };
        let registry = wrong.as_ref().unwrap_or(&complete);
        let planted = |seed: usize, needed: &mut Vec<usize>| {
            let seed = options.first.wrapping_add(seed as u64);
            needed.extend(caught(registry, &ops, *bug, subject, seed, options.tries));
            ControlFlow::Continue(())
        };
        let needed = in_parallel(options.clean.threads, options.seeds, &planted).concat();
        report.caught = needed.len();
        report.cases = needed.into_iter().max().unwrap_or(0);
        (options.progress)(Progress::Mutant(report, bugs.len()));
    }
    let reference = Interpreter::default();
    let how = Examination::new(subject, &reference);
    let recipe = |seed: u64| {
        (options.progress)(Progress::Case);
        Recipe::random(&ops, seed)
    };
    let clean = search(&complete, &recipe, &how, &options.clean);
    let telling = clean.as_ref().ok().filter(|tally| tally.cases >= TELLING);
    let missing = telling.map_or(vec![], |tally| tally.coverage.missing(LEAST, &ops));
    GateReport { mutants, clean, missing, time: start.elapsed() }
}

/// After how many cases a bug is caught, if it is.
fn caught(registry: &Registry, ops: &[&str], bug: Bug, subject: &dyn Engine, seed: u64, tries: usize) -> Option<usize> {
    let reference = Interpreter::default();
    let (stale, reuse) = (engines::Stale(subject), engines::EarlyReuse(subject));
    let subject: &dyn Engine = match bug {
        Bug::Stale => &stale,
        Bug::EarlyReuse => &reuse,
        _ => subject,
    };
    (0..tries).find_map(|k| {
        let case = (seed << 32) + k as u64;
        let recipe = match bug {
            Bug::Op(name, _) => Recipe { focus: Some(0), ..Recipe::single(name, case) },
            _ => Recipe::random(ops, case),
        };
        let (problem, kink) = serve(registry, &recipe, None).ok()??;
        let plant = |pair: Pair| match bug {
            Bug::Plant(plant) => plant(pair, &mut ChaCha8Rng::seed_from_u64(case)),
            _ => pair,
        };
        let how = Examination { kink, rewrite: Some(&plant), ..Examination::new(subject, &reference) };
        let found = hunt::caught(&problem, &how, case).err()?;
        // A bug that only keeps the gradient from being built or run has not been seen to be wrong.
        (!UNBUILT.contains(&found.property)).then_some(k + 1)
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// The gate with so many seeds and cases.
    fn gate(seeds: usize, cases: usize) -> GateReport {
        let options = GateOptions { seeds, clean: Hunt { cases, ..Hunt::default() }, ..GateOptions::default() };
        self_test(&Registry::new, &Interpreter::default(), &options)
    }

    #[test]
    fn what_was_not_tried_is_named_and_nothing_tried_is_no_pass() {
        for (seeds, cases, verdict, unexamined) in [
            (0, 0, Verdict::Vacuous, &["planted bugs", "clean cases"][..]),
            (0, 8, Verdict::Pass, &["planted bugs"]),
            (1, 0, Verdict::Pass, &["clean cases"]),
            (1, 8, Verdict::Pass, &[]),
        ] {
            let report = gate(seeds, cases);
            assert_eq!((report.verdict(), &report.unexamined()[..]), (verdict, unexamined), "{report}");
            assert_eq!(report.passed(), seeds > 0 && cases > 0, "{report}");
            let text = report.to_string();
            assert_eq!(text.matches("not examined").count(), unexamined.len(), "{text}");
            assert_eq!((text.contains("caught"), text.contains("without an alarm")), (seeds > 0, cases > 0), "{text}");
        }
    }

    #[test]
    fn clean_cases_that_prove_nothing_are_no_pass() {
        let with = |tally: Tally| {
            GateReport { mutants: vec![], clean: Ok(tally), missing: vec![], time: Duration::default() }.verdict()
        };
        let tally = Tally { cases: 4, ..Tally::default() };
        assert_eq!(with(Tally { vacuous: 4, ..tally.clone() }), Verdict::Vacuous);
        assert_eq!(with(Tally { vacuous: 3, passed: 1, ..tally.clone() }), Verdict::Inconclusive);
        assert_eq!(with(Tally { inconclusive: 4, ..tally.clone() }), Verdict::Inconclusive);
        assert_eq!(with(Tally { inconclusive: 2, kinks: 1, passed: 1, ..tally }), Verdict::Pass);
    }

    #[test]
    fn progress_is_told_of_every_mutant_and_case() {
        let told = Arc::new(Mutex::new((0, 0)));
        let count = told.clone();
        let progress = Arc::new(move |progress: Progress<'_>| {
            let mut told = count.lock().unwrap();
            match progress {
                Progress::Mutant(_, of) => *told = (told.0 + 1, of),
                Progress::Case => told.0 += 1,
            }
        });
        let clean = Hunt { cases: 8, ..Hunt::default() };
        let options = GateOptions { seeds: 1, clean, progress, ..GateOptions::default() };
        let report = self_test(&Registry::new, &Interpreter::default(), &options);
        assert_eq!(*told.lock().unwrap(), (report.mutants.len() + 8, report.mutants.len()));
    }

    #[test]
    fn other_seeds_plant_in_other_cases() {
        let needed = |first| {
            let clean = Hunt { cases: 0, ..Hunt::default() };
            let report = self_test(
                &Registry::new,
                &Interpreter::default(),
                &GateOptions { seeds: 1, first, clean, ..GateOptions::default() },
            );
            assert_eq!(report.verdict(), Verdict::Pass, "{report}");
            report.mutants.iter().map(|m| m.cases).collect::<Vec<_>>()
        };
        assert_eq!(needed(0), needed(0));
        assert_ne!(needed(0), needed(1));
        assert_ne!(needed(0), needed(u64::MAX));
    }

    #[test]
    fn every_mutant_is_caught_and_nothing_else() {
        let report = gate(2, 300);
        assert!(report.passed(), "{report}");
        let tally = report.clean.expect("no alarm was raised");
        tally.proved().expect("most clean cases are proved");
    }
}
