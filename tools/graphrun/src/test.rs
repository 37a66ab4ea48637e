//! `graphrun test`: the tests in the files.

use std::path::PathBuf;

use graphrun::exec::Session;
use graphrun::load::{Literal, TestCase};
use graphrun::tensor::{Dtype, Shape, unravel_index};
use graphrun::{Array, Model};
use serde_json::json;

use crate::args::Common;
use crate::failure::{Failure, Found, records, say, tell};
use crate::gradients;
use crate::model::{eprint, files, node, open};
use crate::values::{self, too_large};

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// Model files, and folders of them
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

pub(crate) fn run(args: &Args, common: &Common) -> Result<Found, Failure> {
    if common.seed.is_some() {
        eprint("--seed changes nothing here: what a test expects of random weights is for the seed of its file");
    }
    let common = &Common { seed: None, ..common.clone() };
    let (mut passed, mut failed, mut cases) = (0, 0, Vec::new());
    let (mut wrong, mut bare) = (Vec::new(), 0);
    for path in files(&args.files)? {
        let model = match open(&path, &[], common) {
            Ok(model) => model,
            Err(Failure::Files(found)) => {
                wrong.extend(found);
                continue;
            }
            Err(other) => return Err(other),
        };
        bare += usize::from(model.tests.is_empty());
        for (number, case) in model.tests.iter().enumerate() {
            let misses = run_case(&model, case, common).unwrap_or_else(|failure| vec![failure.to_string()]);
            let name = format!("{}:{}:{}", path.display(), case.place.line, case.place.column);
            match misses.is_empty() {
                true => passed += 1,
                false => failed += 1,
            }
            if !common.json {
                say(format!("{} {name}", if misses.is_empty() { "pass" } else { "FAIL" }))?;
                misses.iter().try_for_each(|miss| say(format!("     {miss}")))?;
            }
            cases.push(json!({"file": path, "case": number + 1, "line": case.place.line,
                "verdict": if misses.is_empty() { "pass" } else { "fail" }, "misses": misses}));
        }
    }
    match common.json {
        true => say(json!({"passed": passed, "failed": failed, "cases": cases, "errors": records(&wrong)}))?,
        false => {
            let count = |n: usize, what: &str| if n > 0 { format!("; {n} {what}") } else { String::new() };
            let (bare, unread) = (count(bare, "without tests"), count(wrong.len(), "not read"));
            say(format!("{passed} passed, {failed} failed{bare}{unread}"))?;
        }
    }
    Ok(match tell(&wrong) {
        true => Found::Wrong,
        false if failed > 0 => Found::Finding,
        false => Found::Nothing,
    })
}

/// Runs a case in double precision; gives what it misses.
fn run_case(model: &Model, case: &TestCase, common: &Common) -> Result<Vec<String>, Failure> {
    let mut graph = model.graph(case.phase).clone();
    let mut outputs = Vec::new();
    for (name, _) in &case.value {
        outputs.push((name.clone(), node(&graph, name)?));
    }
    let wrt: Vec<String> = case.grad.iter().map(|(name, _)| name.clone()).collect();
    let (loss, declared) = (graph.loss.take(), std::mem::replace(&mut graph.outputs, outputs));
    graph.updates.clear();
    graph.sizes.extend(case.sizes.clone());
    let options = common.options(model, Dtype::F64)?;
    let mut fed = Vec::new();
    let mut session = match wrt.is_empty() {
        true => Session::new(graph, options)?,
        false => {
            let first = loss.or_else(|| declared.first().map(|(_, id)| *id));
            let of = match &case.of {
                Some(name) => Some(node(&graph, name)?),
                None => first,
            };
            let of = of.ok_or_else(|| {
                let message = "a test expects gradients, and there is nothing to differentiate";
                Failure::new(message, "name it in the test by `of`, or name a `loss`")
            })?;
            let name = name_of(&graph, of);
            let upstream = case.upstream.as_ref().map(values::array).transpose()?;
            let found = gradients::find(graph, Some(&name), &wrt, upstream)?;
            fed.extend(found.feeds);
            Session::with_gradients(found.graph, found.of, &found.wrt, found.upstream, options)?
        }
    };
    for (name, literal) in case.given.iter().chain(&case.params) {
        fed.push((name.clone(), shaped(&session, name, literal)?));
    }
    values::run(&mut session, &fed)?;
    let mut misses = Vec::new();
    for (name, want) in &case.value {
        compare(&mut misses, name, session.output(name), want, case.tolerance);
    }
    for (name, want) in &case.grad {
        compare(&mut misses, &format!("grad of {name}"), session.gradient(name), want, case.tolerance);
    }
    Ok(misses)
}

fn name_of(graph: &graphrun::Graph, id: graphrun::graph::NodeId) -> String {
    graph.names().iter().find(|(_, n)| **n == id).map_or_else(String::new, |(name, _)| name.to_string())
}

/// A literal as the input or parameter `name` takes it: an empty list has the rank of its declaration.
fn shaped(session: &Session, name: &str, literal: &Literal) -> Result<Array, Failure> {
    let id = node(session.graph(), name)?;
    let rank = session.graph().ty(id).rank();
    let mut sizes = literal.shape.clone();
    if literal.data.is_empty() && sizes.len() < rank {
        let declared = &session.graph().ty(id).shape[sizes.len()..];
        sizes.extend(declared.iter().map(|size| size.eval(&session.graph().sizes).unwrap_or(0)));
    }
    let shape = Shape::new(&sizes).map_err(too_large)?;
    Array::real(shape, literal.data.clone()).map_err(too_large)
}

fn compare(misses: &mut Vec<String>, name: &str, got: Option<Array>, want: &Literal, tolerance: f64) {
    let Some(got) = got else {
        misses.push(format!("{name} was not computed"));
        return;
    };
    let values = got.to_reals();
    if want.data.len() != values.len() || (!want.data.is_empty() && got.shape().sizes() != want.shape) {
        misses.push(format!("{name} is {} and {:?} is expected", got.shape(), want.shape));
        return;
    }
    let near = |g: f64, w: f64| w.is_finite() && (g - w).abs() <= tolerance * w.abs().max(1.0);
    let met = |g: f64, w: f64| g == w || (g.is_nan() && w.is_nan()) || near(g, w);
    let wrong = values.iter().zip(&want.data).enumerate().find(|(_, (g, w))| !met(**g, **w));
    if let Some((k, (g, w))) = wrong {
        let at = unravel_index(k, got.shape().sizes());
        let place = if at.is_empty() { String::new() } else { format!("{at:?}") };
        misses.push(format!("{name}{place} is {g} and {w} is expected, off by {:e}", (g - w).abs()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_infinity_meets_infinity() {
        let check = |got: f64, want: f64, met: bool| {
            let mut misses = Vec::new();
            let want = Literal { shape: Vec::new(), data: vec![want] };
            compare(&mut misses, "y", Some(Array::scalar(got)), &want, 1e-9);
            assert_eq!(misses.is_empty(), met, "{got} for {want:?}");
        };
        check(f64::INFINITY, f64::INFINITY, true);
        check(2.0, f64::INFINITY, false);
        check(f64::NEG_INFINITY, f64::INFINITY, false);
        check(f64::INFINITY, 2.0, false);
    }

    #[test]
    fn the_tolerance_is_relative_above_one() {
        let check = |got: f64, want: f64, misses: usize| {
            let mut found = Vec::new();
            let want = Literal { shape: vec![], data: vec![want] };
            compare(&mut found, "z", Some(Array::scalar(got)), &want, 1e-3);
            assert_eq!(found.len(), misses, "{got}");
        };
        check(1000.5, 1000.0, 0);
        check(1002.0, 1000.0, 1);
        check(0.0005, 0.0, 0);
        check(f64::NAN, 0.0, 1);
    }
}
