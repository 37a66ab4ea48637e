//! Which gradients are asked for: `--of`, `--wrt`, `--upstream`.

use graphrun::graph::{Builder, Initialiser, Key, NodeId, Size, Sizes};
use graphrun::load::TestCase;
use graphrun::tensor::Shape;
use graphrun::{Array, Graph};

use crate::failure::Failure;
use crate::model::node;
use crate::point::bound;
use crate::values;

#[derive(clap::Args, Clone, Debug, Default)]
pub(crate) struct Wanted {
    /// The node to differentiate [default: the loss, else the first output]
    #[arg(long, value_name = "NODE")]
    pub(crate) of: Option<String>,
    /// With respect to what [default: every real input and trainable parameter]
    #[arg(long, value_name = "NAME,...", value_delimiter = ',', value_parser = name)]
    pub(crate) wrt: Vec<String>,
    /// The gradient with respect to the node itself, where that is no scalar
    #[arg(long, value_name = "VALUE")]
    pub(crate) upstream: Option<String>,
}

/// Reads a name, blanks around it aside.
fn name(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("a name is missing; write them as --wrt a,b".to_owned()),
        name => Ok(name.to_owned()),
    }
}

/// A gradient to take.
#[derive(Clone, Debug)]
pub(crate) struct Gradient {
    pub(crate) graph: Graph,
    pub(crate) of: NodeId,
    pub(crate) wrt: Vec<(String, NodeId)>,
    pub(crate) upstream: Option<NodeId>,
    /// What to feed beside the model's inputs: an upstream array whose sizes only the run knows.
    pub(crate) feeds: Vec<(String, Array)>,
}

impl Wanted {
    /// What a test differentiates, where nothing else is asked for; its upstream where the node is the same and of
    /// the same shape under `sizes`.
    pub(crate) fn or(mut self, case: &TestCase, graph: &Graph, sizes: &Sizes) -> Result<Wanted, Failure> {
        let theirs = target(graph, case.of.as_deref())?;
        let ours = self.of.as_deref().map_or(Ok(theirs), |name| node(graph, name))?;
        self.of = self.of.or_else(|| case.of.clone());
        if let (None, Some(upstream)) = (&self.upstream, &case.upstream) {
            let shape = graph.ty(theirs).concrete(sizes).ok();
            let fits = upstream.shape.is_empty() || shape.is_some_and(|shape| shape.sizes() == upstream.shape);
            if ours == theirs && fits {
                self.upstream = Some(values::array(upstream)?.to_string());
            }
        }
        Ok(self)
    }

    /// Finds the nodes; an upstream array becomes a parameter of the graph, or an input where its sizes are symbols.
    pub(crate) fn find(&self, graph: Graph) -> Result<Gradient, Failure> {
        let upstream = self.upstream.as_ref().map(|text| values::parse("--upstream", text)).transpose()?;
        find(graph, self.of.as_deref(), &self.wrt, upstream)
    }
}

/// The error for a gradient from above that has another shape than its node.
fn misshapen(upstream: &Array, name: &str, declared: &dyn std::fmt::Display) -> Failure {
    Failure::new(
        format!("--upstream is {}, and {name} is {declared}", upstream.shape()),
        "the gradient from above has the shape of the node that is differentiated, or is one number",
    )
}

impl Gradient {
    /// Adds to what is `fed` what the gradient needs beside it.
    pub(crate) fn feed(&self, fed: &mut Vec<(String, Array)>) -> Result<(), Failure> {
        let shape = self.graph.ty(self.of).concrete(&bound(&self.graph, fed));
        for (name, array) in &self.feeds {
            match &shape {
                Ok(shape) if *shape != array.shape() => {
                    return Err(misshapen(array, &self.graph.describe(self.of), shape));
                }
                _ => fed.push((name.clone(), array.clone())),
            }
        }
        Ok(())
    }

    /// Whether there is a gradient without one from above.
    pub(crate) fn is_scalar(&self) -> bool {
        self.upstream.is_some() || self.graph.ty(self.of).len().known() == Some(1)
    }

    /// Refuses a node that is no scalar where no gradient from above is given.
    pub(crate) fn checked(self) -> Result<Gradient, Failure> {
        match self.is_scalar() {
            true => Ok(self),
            false => {
                let (name, ty) = (self.graph.describe(self.of), self.graph.ty(self.of));
                Err(Failure::new(
                    format!("{name} is {ty}, no scalar"),
                    "give the gradient from above with --upstream VALUE, an array of its shape or one number",
                ))
            }
        }
    }
}

/// The node of this name, else what is differentiated when none is named.
fn target(graph: &Graph, of: Option<&str>) -> Result<NodeId, Failure> {
    match of {
        Some(name) => node(graph, name),
        None => graph.loss.or_else(|| graph.outputs.first().map(|(_, id)| *id)).ok_or_else(|| {
            Failure::new("the model has neither a loss nor an output to differentiate", "name a node with --of")
        }),
    }
}

/// The names with their nodes, each once.
fn leaves(graph: &Graph, names: &[String]) -> Result<Vec<(String, NodeId)>, Failure> {
    let mut found: Vec<(String, NodeId)> = Vec::new();
    for name in names {
        let id = node(graph, name)?;
        if !found.iter().any(|(other, _)| other == name) {
            found.push((name.clone(), id));
        }
    }
    Ok(found)
}

/// Finds the nodes of a gradient by name.
pub(crate) fn find(
    graph: Graph,
    of: Option<&str>,
    wrt: &[String],
    upstream: Option<Array>,
) -> Result<Gradient, Failure> {
    let of = target(&graph, of)?;
    let wrt = match wrt {
        [] => {
            let leaves = graph.differentiable_leaves();
            let name = |id: NodeId| graph.names().iter().find(|(_, n)| **n == id).map(|(name, _)| name.to_string());
            leaves.into_iter().filter_map(|id| Some((name(id)?, id))).collect()
        }
        names => leaves(&graph, names)?,
    };
    let mut b = Builder::from_graph(graph);
    let mut feeds = Vec::new();
    let upstream = match upstream {
        None => None,
        Some(array) if array.shape().rank() == 0 => Some(b.constant(values::reals(&array)[0])?),
        Some(array) => {
            let shape: Vec<Size> = array.shape().sizes().iter().map(|&n| n.into()).collect();
            let declared = b.ty(of).clone();
            let differs = |(given, wanted): (&Size, &Size)| wanted.known().is_some() && given != wanted;
            if declared.rank() != shape.len() || shape.iter().zip(&declared.shape).any(differs) {
                return Err(misshapen(&array, &b.graph().describe(of), &declared));
            }
            let names = (1..).map(|k| if k == 1 { "upstream".to_owned() } else { format!("upstream_{k}") });
            let free = names.into_iter().find(|name| b.graph().find(name).is_none()).unwrap_or_default();
            if declared.shape == shape {
                let given = Given(array.shape(), values::reals(&array));
                Some(b.parameter(&free, shape, std::sync::Arc::new(given), false)?)
            } else {
                feeds.push((free.clone(), array));
                Some(b.input(&free, declared)?)
            }
        }
    };
    Ok(Gradient { graph: b.finish(), of, wrt, upstream, feeds })
}

/// A parameter that begins as an array given.
#[derive(Debug)]
struct Given(Shape, Vec<f64>);

impl Initialiser for Given {
    fn text(&self) -> String {
        let list = Array::real(self.0, self.1.clone()).map_or_else(|_| String::new(), |array| array.to_string());
        format!("Values({list})")
    }

    fn fill(&self, _: Key<'_>, shape: Shape, out: &mut [f64]) -> Result<(), String> {
        match shape == self.0 {
            true => {
                out.copy_from_slice(&self.1);
                Ok(())
            }
            false => Err(format!("{} values for shape {shape}", self.1.len())),
        }
    }
}

impl From<graphrun::graph::TypeError> for Failure {
    fn from(error: graphrun::graph::TypeError) -> Failure {
        let help = error.help.unwrap_or_else(|| "`graphrun ops NAME` shows what an operation takes".to_owned());
        Failure::new(error.message, help)
    }
}
