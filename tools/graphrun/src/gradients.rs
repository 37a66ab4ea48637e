//! Which gradients are asked for: `--of`, `--wrt`, `--upstream`.

use graphrun::graph::{Builder, Initialiser, Key, NodeId, Size};
use graphrun::load::TestCase;
use graphrun::tensor::Shape;
use graphrun::{Array, Graph};

use crate::failure::Failure;
use crate::model::node;
use crate::values;

#[derive(clap::Args, Clone, Debug, Default)]
pub(crate) struct Wanted {
    /// The node to differentiate [default: the loss, else the first output]
    #[arg(long, value_name = "NODE")]
    pub(crate) of: Option<String>,
    /// With respect to what [default: every real input and trainable parameter]
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    pub(crate) wrt: Vec<String>,
    /// The gradient with respect to the node itself, where that is no scalar
    #[arg(long, value_name = "VALUE")]
    pub(crate) upstream: Option<String>,
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
    /// What a test differentiates, where nothing else is asked for.
    pub(crate) fn or(mut self, case: &TestCase) -> Result<Wanted, Failure> {
        if self.of.is_none() && self.upstream.is_none() {
            self.of.clone_from(&case.of);
            let upstream = case.upstream.as_ref().map(values::array).transpose()?;
            self.upstream = upstream.map(|array| array.to_string());
        }
        Ok(self)
    }

    /// Finds the nodes; an upstream array becomes a parameter of the graph, or an input where its sizes are symbols.
    pub(crate) fn find(&self, graph: Graph) -> Result<Gradient, Failure> {
        let upstream = self.upstream.as_ref().map(|text| values::parse("--upstream", text)).transpose()?;
        find(graph, self.of.as_deref(), &self.wrt, upstream)
    }
}

/// Finds the nodes of a gradient by name.
pub(crate) fn find(
    graph: Graph,
    of: Option<&str>,
    wrt: &[String],
    upstream: Option<Array>,
) -> Result<Gradient, Failure> {
    let of = match of {
        Some(name) => node(&graph, name)?,
        None => graph.loss.or_else(|| graph.outputs.first().map(|(_, id)| *id)).ok_or_else(|| {
            Failure::new("the model has neither a loss nor an output to differentiate").help("name a node with --of")
        })?,
    };
    let wrt = match wrt {
        [] => {
            let leaves = graph.differentiable_leaves();
            let name = |id: NodeId| graph.names().iter().find(|(_, n)| **n == id).map(|(name, _)| name.to_string());
            leaves.into_iter().filter_map(|id| Some((name(id)?, id))).collect()
        }
        names => {
            names.iter().map(|name| Ok((name.clone(), node(&graph, name)?))).collect::<Result<Vec<_>, Failure>>()?
        }
    };
    let mut b = Builder::from_graph(graph);
    let mut feeds = Vec::new();
    let upstream = match upstream {
        None => None,
        Some(array) if array.shape().rank() == 0 => Some(b.constant(values::reals(&array)[0])?),
        Some(array) => {
            let shape: Vec<Size> = array.shape().sizes().iter().map(|&n| n.into()).collect();
            let declared = b.ty(of).clone();
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
        Failure::Message(error.message, error.help)
    }
}
