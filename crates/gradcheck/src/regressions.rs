//! Failures on disk: the recipe that replays one, and the model file that shows it.

use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::{fs, io};

use graphrun_exec::Array;
use graphrun_graph::{Builder, Graph};

use crate::array::{real, reals};
use crate::graph::Problem;
use crate::hunt::Failure;
use crate::interpret::Interpreter;
use crate::recipe::Recipe;

/// Prints a graph as a model file with this text as its `tests`, or says why it cannot. The loader's printer is one,
/// which this crate does not know.
pub type Print = dyn Fn(&Graph, &str) -> Result<String, String> + Send + Sync;

/// Digits that a printed numeric gradient has; the test of a printed model allows a hundred times the last.
const PRINTED: f64 = 1e10;

/// The folder below that of regressions where new ones wait until somebody keeps them.
const NEW: &str = "new";

/// The recipes of a folder by file name, those that are kept before new ones; none where there is no such folder.
///
/// # Errors
/// The first recipe that cannot be read, in words.
pub(crate) fn recipes(folder: &Path) -> Result<Vec<Recipe>, String> {
    Ok([read(folder)?, read(&folder.join(NEW))?].concat())
}

fn read(folder: &Path) -> Result<Vec<Recipe>, String> {
    if !folder.exists() {
        return Ok(vec![]);
    }
    let wrong = |path: &Path, e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
    let listing = fs::read_dir(folder).and_then(|list| list.collect::<io::Result<Vec<_>>>());
    let mut files: Vec<PathBuf> = listing.map_err(|e| wrong(folder, &e))?.iter().map(fs::DirEntry::path).collect();
    files.retain(|file| file.extension().is_some_and(|e| e == "recipe"));
    files.sort();
    let read = |file: &PathBuf| {
        let text = fs::read_to_string(file).map_err(|e| wrong(file, &e))?;
        Recipe::parse(&text).map_err(|e| wrong(file, &e))
    };
    files.iter().map(read).collect()
}

/// Writes a failure's recipe and its model into `new` below the folder of regressions, and gives the path of the former.
///
/// Git is told to pass over what is new, since a failure may be that of an experiment: to keep one is to move its two files
/// up. Both kinds are replayed.
///
/// # Errors
/// A folder that cannot be written.
pub fn save(folder: &Path, failure: &Failure) -> io::Result<PathBuf> {
    let folder = folder.join(NEW);
    fs::create_dir_all(&folder)?;
    fs::write(folder.join(".gitignore"), "*\n")?;
    let mut hasher = DefaultHasher::new();
    failure.recipe.hash(&mut hasher);
    let op = failure.recipe.steps.last().map_or("empty", |s| s.op.as_str());
    let path = folder.join(format!("{}-{:08x}.recipe", op.to_lowercase(), hasher.finish() as u32));
    fs::write(&path, failure.recipe.text())?;
    fs::write(path.with_extension(if failure.loads { "ron" } else { "txt" }), &failure.model)?;
    Ok(path)
}

/// A failing problem as a model file, whose test expects the numeric gradients and so fails until the bug is gone.
///
/// The second value says whether the text loads: without a printer, or where that fails, it is the graph's own listing
/// with that test below.
pub fn model(problem: &Problem, print: Option<&Print>) -> (String, bool) {
    let mut b = Builder::from_graph(problem.graph.clone());
    for (k, (of, _)) in problem.of.iter().enumerate() {
        let name = if k == 0 { "y".to_owned() } else { format!("y{k}") };
        // A node that has a name already keeps it.
        if b.graph().names().values().all(|id| id != of) && b.name(name.as_str(), *of).is_ok() {
            b.output(&name, *of);
        }
    }
    let mut graph = b.finish();
    if graph.outputs.is_empty() {
        let names = graph.names().clone();
        graph.outputs = problem
            .of
            .iter()
            .filter_map(|(of, _)| names.iter().find(|(_, id)| *id == of).map(|(n, _)| (n.to_string(), *of)))
            .collect();
    }
    let tests = tests(problem, &graph);
    match print.map(|print| print(&graph, &tests)) {
        Some(Ok(text)) => (text, true),
        Some(Err(words)) => (format!("{words}\n{graph}tests: {tests}\n"), false),
        None => (format!("{graph}tests: {tests}\n"), false),
    }
}

/// The `tests` of the model: one entry a differentiated node, with its numeric gradients.
fn tests(problem: &Problem, graph: &Graph) -> String {
    let list = |pairs: Vec<(&str, String)>| {
        let quoted = |name: &str| if name.contains('.') { format!("{name:?}") } else { name.to_owned() };
        let pairs: Vec<String> = pairs.into_iter().map(|(name, value)| format!("{}: {value}", quoted(name))).collect();
        format!("{{ {} }}", pairs.join(", "))
    };
    let fed = |parameter: bool| {
        let fits = |(name, value): (&'_ String, &Array)| {
            (problem.graph.parameter(name).is_some() == parameter).then(|| (name.clone(), value.to_string()))
        };
        problem.values.iter().filter_map(fits).collect::<Vec<_>>()
    };
    let mut out = String::from("[");
    for (name, of) in &graph.outputs {
        let Some((_, upstream)) = problem.of.iter().find(|(id, _)| id == of) else { continue };
        let alone = Problem { of: vec![(*of, upstream.clone())], ..problem.clone() };
        let (given, params) = (fed(false), fed(true));
        let text = |pairs: &[(String, String)]| list(pairs.iter().map(|(n, v)| (n.as_str(), v.clone())).collect());
        let numeric = numeric(&alone);
        let largest = numeric.iter().flat_map(|(_, g)| reals(g)).fold(1.0, |m: f64, g| m.max(g.abs()));
        let tolerance = 100.0 / PRINTED * largest;
        let grad = list(numeric.iter().map(|(n, g)| (n.as_str(), g.to_string())).collect());
        let separator = if out.len() > 1 { ", " } else { "" };
        let _ = write!(out, "{separator}(given: {}, ", text(&given));
        if !params.is_empty() {
            let _ = write!(out, "params: {}, ", text(&params));
        }
        let _ = write!(out, "of: {name}, upstream: {}, grad: {grad}, tolerance: {tolerance:e})", upstream);
    }
    out + "]"
}

/// The numeric gradient with respect to every input and parameter; elements without one are NaN.
fn numeric(problem: &Problem) -> Vec<(String, Array)> {
    let Ok(pair) = problem.pair() else { return vec![] };
    // Without a run there is no slope either: a value that does not fit is NaN throughout.
    let mut varied = pair.varied(&Interpreter::default()).ok();
    let gradient = |name: &String| {
        let array = &pair.values[name];
        let mut slope = |k| varied.as_mut().map_or(f64::NAN, |varied| varied.slope(name, k).value);
        // Ten digits are more than the test's tolerance asks for, and read better than seventeen.
        let slopes = (0..reals(array).len()).map(|k| (slope(k) * PRINTED).round() / PRINTED).collect();
        (name.clone(), real(array.shape(), slopes))
    };
    pair.wrt.iter().map(gradient).collect()
}

#[cfg(test)]
mod tests {
    use graphrun_graph::Type;

    use super::*;

    #[test]
    fn each_differentiated_node_has_a_test_of_its_own() {
        let mut b = Builder::new();
        let x = b.input("x", Type::real(vec![])).unwrap();
        let (square, cube) = (b.mul(&[x, x]).unwrap(), b.mul(&[x, x, x]).unwrap());
        let graph = b.finish();
        let of = vec![(square, Array::scalar(1.0)), (cube, Array::scalar(0.5))];
        let values = [("x".to_owned(), Array::scalar(2.0))].into();
        let (text, loads) = model(&Problem { graph, of, wrt: vec!["x".to_owned()], values }, None);
        assert!(!loads);
        let wanted = "tests: [(given: { x: 2 }, of: y, upstream: 1, grad: { x: 4 }, tolerance: 4e-8), \
                      (given: { x: 2 }, of: y1, upstream: 0.5, grad: { x: 6 }, tolerance: 6.000000000000001e-8)]";
        assert!(text.contains(wanted), "{text}");
    }
}
