//! From a failing case to one that a person can read.

use graphrun_exec::Array;
use graphrun_graph::{Kink, Registry};

use crate::array::{map, reals, set_element};
use crate::examine::{Examination, Finding};
use crate::graph::Problem;
use crate::hunt::{caught, serve, turn};
use crate::recipe::{CHOICES, Recipe, STEP};

/// While shrinking, the error stays at least this many times what is allowed, so that the result is beyond doubt.
const BEYOND_DOUBT: f64 = 100.0;

/// The smallest recipe, and then the simplest values, that fail with the same property.
pub(crate) fn shrink(
    registry: &Registry,
    recipe: Recipe,
    finding: Finding,
    how: &Examination<'_>,
) -> (Recipe, Problem, Finding) {
    let enough = finding.excess.min(BEYOND_DOUBT);
    let same = |found: &Finding| found.property == finding.property && found.excess >= enough;
    let fails = |recipe: &Recipe| match serve(registry, recipe, None) {
        Err(found) => same(&found).then_some((None, found)),
        Ok(None) => None,
        Ok(Some((problem, kink))) => {
            let found = caught(&problem, &turn(how, kink, recipe.seed), recipe.seed).err().filter(same)?;
            Some((Some((problem, kink)), found))
        }
    };
    let (recipe, mut problem, mut finding) = smallest(recipe, finding.clone(), &fails);
    if let Some((found, kink)) = &mut problem {
        let how = turn(how, *kink, recipe.seed);
        let fails = |problem: &Problem| caught(problem, &how, recipe.seed).err().filter(&same);
        finding = simplest(found, finding, &fails);
    }
    (recipe, problem.map_or_else(nothing, |(problem, _)| problem), finding)
}

/// The problem of a case whose graph could not even be built.
pub(crate) fn nothing() -> Problem {
    Problem { graph: Default::default(), of: vec![], wrt: vec![], values: Default::default() }
}

/// A failing problem with the slope declared for it, and what fails.
type Found = (Option<(Problem, Option<Kink>)>, Finding);

fn smallest(
    recipe: Recipe,
    finding: Finding,
    fails: &dyn Fn(&Recipe) -> Option<Found>,
) -> (Recipe, Option<(Problem, Option<Kink>)>, Finding) {
    let mut best = recipe;
    let mut found = fails(&best).unwrap_or((None, finding));
    loop {
        let better = candidates(&best).into_iter().find_map(|c| fails(&c).map(|found| (c, found)));
        match better {
            None => return (best, found.0, found.1),
            Some((recipe, next)) => (best, found) = (recipe, next),
        }
    }
}

/// Recipes that are simpler than this one, the boldest first.
fn candidates(recipe: &Recipe) -> Vec<Recipe> {
    let mut out = vec![];
    let count = recipe.steps.len();
    if recipe.focus.is_none() {
        out.extend((0..count).map(|k| Recipe { focus: Some(k), ..recipe.clone() }));
    }
    for k in 0..count {
        let mut steps = recipe.steps.clone();
        steps.remove(k);
        let focus = match recipe.focus {
            Some(focus) if focus == k => continue,
            Some(focus) => Some(focus - usize::from(focus > k)),
            None => None,
        };
        out.push(Recipe { steps, focus, ..recipe.clone() });
    }
    for k in 0..count {
        let bytes = recipe.steps[k].bytes;
        let mut push = |changed: [u8; STEP]| {
            if changed != bytes
                && changed.iter().map(|b| u64::from(*b)).sum::<u64>() < bytes.iter().map(|b| u64::from(*b)).sum()
            {
                let mut simpler = recipe.clone();
                simpler.steps[k].bytes = changed;
                out.push(simpler);
            }
        };
        let zeroed = |from: usize, to: usize| {
            let mut changed = bytes;
            changed[from..to].fill(0);
            changed
        };
        push(zeroed(0, CHOICES));
        push(zeroed(CHOICES, STEP));
        for at in 0..STEP {
            push(zeroed(at, STEP));
            push(zeroed(at, at + 1));
            for value in [1, 2, 3, bytes[at] / 2] {
                let mut changed = bytes;
                changed[at] = value;
                push(changed);
            }
        }
    }
    out
}

/// Sets numbers to 0, 1 or whole ones and gradients from above to a single 1, as long as the case fails.
fn simplest(problem: &mut Problem, finding: Finding, fails: &dyn Fn(&Problem) -> Option<Finding>) -> Finding {
    let mut finding = finding;
    let mut accept = |problem: &mut Problem, changed: Problem| match fails(&changed) {
        Some(found) => {
            (*problem, finding) = (changed, found);
            true
        }
        None => false,
    };
    for k in 0..problem.of.len() {
        let size = reals(&problem.of[k].1).len();
        for hot in 0..size {
            let mut changed = problem.clone();
            changed.of[k].1 = one_hot(&problem.of[k].1, hot);
            if accept(problem, changed) {
                break;
            }
        }
    }
    let names: Vec<String> = problem.values.keys().cloned().collect();
    for name in names {
        for at in 0..reals(&problem.values[&name]).len() {
            let value = reals(&problem.values[&name])[at];
            for simple in [0.0, 1.0, value.round(), (value * 2.0).round() / 2.0] {
                if simple == value || simple.to_string().len() > value.to_string().len() {
                    continue;
                }
                let mut changed = problem.clone();
                set_element(&mut changed.values, &name, at, simple);
                if accept(problem, changed) {
                    break;
                }
            }
        }
    }
    finding
}

fn one_hot(like: &Array, hot: usize) -> Array {
    let mut at = 0;
    map(like, |_| {
        at += 1;
        f64::from(u8::from(at - 1 == hot))
    })
}
