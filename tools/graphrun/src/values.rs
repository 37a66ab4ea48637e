//! What is fed: `--set NAME=VALUE`, `--feed NAME=FILE.npy`, or numbers drawn from the seed.

use std::path::{Path, PathBuf};

use graphrun::exec::{Data, Session};
use graphrun::graph::{Key, Kind, NodeId, Sizes};
use graphrun::load::Literal;
use graphrun::load::diagnostics::nearest;
use graphrun::tensor::Shape;
use graphrun::{Array, Graph, data};

use crate::failure::Failure;

#[derive(clap::Args, Clone, Debug, Default)]
pub(crate) struct Feeds {
    /// Feed an input, or set a parameter: a number or a nested list
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) set: Vec<String>,
    /// Feed an input, or set a parameter, from a NumPy file
    #[arg(long, value_name = "NAME=FILE.npy")]
    pub(crate) feed: Vec<String>,
}

/// The largest NumPy file that is read, in bytes.
const NPY_BYTES: u64 = 1 << 30;

/// An array written out.
pub(crate) fn array(literal: &Literal) -> Result<Array, Failure> {
    let shape = Shape::new(&literal.shape).map_err(too_large)?;
    Array::real(shape, literal.data.clone()).map_err(too_large)
}

/// The failure of an array that there cannot be.
pub(crate) fn too_large(error: impl std::fmt::Display) -> Failure {
    Failure::new(error.to_string(), "give an array of fewer axes and elements")
}

/// An array from text such as `[[1, 2], [3, 4]]`.
pub(crate) fn parse(name: &str, text: &str) -> Result<Array, Failure> {
    array(&Literal::parse(name, text)?)
}

/// The name and the value of `NAME=VALUE`.
fn split<'a>(flag: &str, text: &'a str) -> Result<(&'a str, &'a str), Failure> {
    let wrong = |message: String| Err(Failure::new(message, format!("write it as {flag} NAME=VALUE")));
    match text.split_once('=') {
        None => wrong(format!("`{flag} {text}` has no value")),
        Some((_, value)) if value.trim().is_empty() => wrong(format!("the value of `{flag} {text}` is empty")),
        Some((name, _)) if name.trim().is_empty() => wrong(format!("`{flag} {text}` names nothing")),
        Some((name, value)) => Ok((name.trim(), value)),
    }
}

impl Feeds {
    /// The arrays by name.
    pub(crate) fn read(&self) -> Result<Vec<(String, Array)>, Failure> {
        let mut arrays: Vec<(String, Array)> = Vec::new();
        let mut flags: Vec<String> = Vec::new();
        let mut add = |flag: &str, text: &str, name: &str, array: Array| {
            let flag = format!("{flag} {text}");
            if let Some(first) = arrays.iter().position(|(n, _)| n == name) {
                let message = format!("`{name}` is given twice: by `{}` and by `{flag}`", flags[first]);
                return Err(Failure::new(message, "keep one of the two"));
            }
            arrays.push((name.to_string(), array));
            flags.push(flag);
            Ok(())
        };
        for text in &self.set {
            let (name, value) = split("--set", text)?;
            add("--set", text, name, parse(&format!("--set {name}"), value)?)?;
        }
        for text in &self.feed {
            let (name, file) = split("--feed", text)?;
            add("--feed", text, name, npy(Path::new(file))?)?;
        }
        Ok(arrays)
    }

    /// The files that are fed.
    pub(crate) fn files(&self) -> impl Iterator<Item = PathBuf> {
        self.feed.iter().filter_map(|text| Some(PathBuf::from(text.split_once('=')?.1)))
    }
}

fn npy(path: &Path) -> Result<Array, Failure> {
    if !path.exists() {
        return Err(Failure::new(
            format!("{} is not there", path.display()),
            "name a NumPy file that numpy.save wrote; its path is relative to the working directory",
        ));
    }
    let (sizes, values) = data::read_npy(path, NPY_BYTES)?;
    let wrong = |e: String| too_large(format!("{}: {e}", path.display()));
    let shape = Shape::new(&sizes).map_err(|e| wrong(e.to_string()))?;
    Array::real(shape, values).map_err(wrong)
}

/// The failure of a shape with a size that has no number.
pub(crate) fn unsettled(error: String) -> Failure {
    Failure::new(error, "give it with --set, or its size under `sizes` in the file")
}

/// An input's value drawn from the seed and its name: from -1 to 1, or below its bound. More than `max_bytes` are refused.
pub(crate) fn draw(
    graph: &Graph,
    name: &str,
    id: NodeId,
    sizes: &Sizes,
    seed: u64,
    max_bytes: usize,
) -> Result<Array, Failure> {
    let ty = graph.ty(id);
    let describe = |e: String| unsettled(format!("input `{name}`: {e}"));
    let shape = ty.concrete(sizes).map_err(describe)?;
    let bytes = shape.len().saturating_mul(size_of::<f64>());
    if bytes > max_bytes {
        let message =
            format!("input `{name}` would be {shape}, {} MiB, and {} MiB may be used", bytes >> 20, max_bytes >> 20);
        return Err(Failure::new(message, "lower its sizes under `sizes`, or allow more with --max-memory"));
    }
    let mut state = u64::from_le_bytes(Key { seed, name }.bytes()[..8].try_into().unwrap_or_default());
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / (1u64 << 31) as f64
    };
    match &ty.kind {
        Kind::Real => Array::real(shape, (0..shape.len()).map(|_| 2.0 * next() - 1.0).collect()),
        Kind::Index { below } => {
            let below = below.eval(sizes).map_err(describe)? as f64;
            Array::index(shape, (0..shape.len()).map(|_| (next() * below) as i64).collect())
        }
    }
    .map_err(too_large)
}

/// Feeds inputs and sets parameters, whichever the names are, and runs.
pub(crate) fn run(session: &mut Session, arrays: &[(String, Array)]) -> Result<(), Failure> {
    let mut feeds = Vec::new();
    for (name, array) in arrays {
        known(session.graph(), name)?;
        match session.graph().parameter(name).is_some() {
            true => session.set_parameter(name, array)?,
            false => feeds.push((name.as_str(), array)),
        }
    }
    Ok(session.run(&feeds)?)
}

/// Refuses a name that is neither an input nor a parameter.
pub(crate) fn known(graph: &Graph, name: &str) -> Result<(), Failure> {
    let inputs: Vec<&str> = graph.inputs().iter().map(|(name, _)| &**name).collect();
    let parameters: Vec<&str> = graph.parameters().iter().map(|p| &*p.name).collect();
    if inputs.contains(&name) || parameters.contains(&name) {
        return Ok(());
    }
    let near = nearest(name, inputs.iter().chain(&parameters).copied());
    let near = near.map_or_else(String::new, |near| format!("the nearest is `{near}`; "));
    let list = |names: &[&str]| if names.is_empty() { "none".to_string() } else { names.join(", ") };
    Err(Failure::new(
        format!("the model has no input and no parameter `{name}`"),
        format!("{near}inputs: {}; parameters: {}", list(&inputs), list(&parameters)),
    ))
}

/// Whether a literal's number is an integer that an index could be.
pub(crate) fn reals(array: &Array) -> Vec<f64> {
    match array.data() {
        Data::Real(values) => values.clone(),
        Data::Index(_) => array.to_reals(),
    }
}
