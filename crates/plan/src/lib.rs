#![doc = include_str!("../README.md")]

mod accumulate;
mod concrete;
mod extent;
mod fuse;
mod kernel;
mod lower;
mod place;
mod simplify;
mod stage;
mod update;

use std::fmt;
use std::sync::Arc;

use graphrun_graph::{Form, Graph, Leaf, Sizes};
use graphrun_tensor::Dtype;

pub use extent::Extent;
pub use kernel::{Accumulate, Bind, Kernel, Operand, Part, Product, Stage, Value, ValueId, Work};
pub use simplify::{PASSES, Pass, simplify};

use concrete::Concrete;

/// How to plan.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The precision of all reals.
    pub dtype: Dtype,
    /// The most memory that a plan may take, in bytes.
    pub max_bytes: usize,
}

impl Default for Options {
    fn default() -> Options {
        Options { dtype: Dtype::F32, max_bytes: usize::MAX }
    }
}

/// Why a graph cannot be planned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanError(String);

impl PlanError {
    pub(crate) fn new(message: impl Into<String>) -> PlanError {
        PlanError(message.into())
    }
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for PlanError {}

/// A value of the plan that has a name outside.
#[derive(Clone, Debug)]
pub struct Named {
    /// The name.
    pub name: Arc<str>,
    /// Where it lies.
    pub value: ValueId,
    /// Its sizes, which may differ from those that the plan stores it under.
    pub shape: graphrun_tensor::Shape,
}

/// A flat list of kernels over one arena: a graph made ready to run for one set of sizes.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The precision of all reals.
    pub dtype: Dtype,
    /// The arrays.
    pub values: Vec<Value>,
    /// The kernels; stages say in which order they run.
    pub kernels: Vec<Kernel>,
    /// The stages, in order.
    pub stages: Vec<Stage>,
    /// What is fed before a run.
    pub inputs: Vec<Named>,
    /// What is kept between runs.
    pub parameters: Vec<Named>,
    /// What can be read after a run; the loss is called `loss` where no output is.
    pub outputs: Vec<Named>,
    /// The loss.
    pub loss: Option<Named>,
    /// The bytes of the arena.
    pub bytes: usize,
    /// The greatest number of bytes alive at once: what no placement can go below.
    pub live_bytes: usize,
}

/// Plans a graph for concrete sizes: the outputs, the loss and the updates, and nothing else, are computed.
///
/// # Errors
/// A size without a value, an array that is too large, or more memory than [`Options::max_bytes`].
pub fn plan(graph: &Graph, sizes: &Sizes, options: &Options) -> Result<Plan, PlanError> {
    let graph = simplify(graph)?;
    let concrete = Concrete::new(&graph, sizes)?;
    let groups = fuse::fuse(&concrete);
    let mut lowered = lower::lower(&concrete, &groups);
    let before = update::update(&concrete, &mut lowered)?;
    let stages = stage::stages(&mut lowered, &before, options.dtype.bytes())?;
    let lower::Lowered { mut values, kernels, of, .. } = lowered;

    let named = |name: &str, id| Named { name: name.into(), value: of[&concrete.root(id)], shape: concrete.shape(id) };
    let outputs: Vec<Named> = graph.outputs.iter().map(|(name, id)| named(name, *id)).collect();
    let loss = graph.loss.map(|id| named("loss", id));
    let leaf = |wanted: fn(&Leaf) -> Option<&String>| -> Vec<Named> {
        let names = graph.ids().filter_map(|(id, _)| match concrete.form(id) {
            Form::Leaf(leaf) => Some(named(wanted(leaf)?, id)),
            _ => None,
        });
        names.collect()
    };
    let inputs = leaf(|leaf| if let Leaf::Input(name) = leaf { Some(name) } else { None });
    let parameters = leaf(|leaf| if let Leaf::Parameter(name) = leaf { Some(name) } else { None });

    let total = values.iter().try_fold(0usize, |n, v| n.checked_add(v.len.checked_mul(8)?));
    if total.is_none_or(|n| n > isize::MAX as usize / 2) {
        return Err(PlanError::new("the values of this graph are larger than memory can be"));
    }
    let kept: Vec<ValueId> =
        inputs.iter().chain(&parameters).chain(&outputs).chain(&loss).map(|named| named.value).collect();
    let (bytes, live_bytes) = place::place(&mut values, &kernels, &stages, &kept, options.dtype);
    if bytes > options.max_bytes {
        return Err(PlanError::new(format!(
            "this takes {:.1} MiB of memory, and at most {:.1} MiB may be used",
            bytes as f64 / 1048576.0,
            options.max_bytes as f64 / 1048576.0
        )));
    }
    Ok(Plan { dtype: options.dtype, values, kernels, stages, inputs, parameters, outputs, loss, bytes, live_bytes })
}
