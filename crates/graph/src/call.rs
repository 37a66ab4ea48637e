//! One call of an operation while it becomes nodes.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::graph::{Builder, NodeId};
use crate::init::Initialiser;
use crate::op::Op;
use crate::registry::{OpDef, Registry};
use crate::size::Size;
use crate::ty::{Type, TypeError};

/// The options of a call, of the type that its operation reads.
#[derive(Clone)]
pub struct Options(Arc<dyn Any + Send + Sync>);

impl Options {
    /// Wraps an operation's options struct.
    pub fn new<O: Send + Sync + 'static>(options: O) -> Options {
        Options(Arc::new(options))
    }

    pub(crate) fn any(&self) -> &(dyn Any + Send + Sync) {
        self.0.as_ref()
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Options(..)")
    }
}

/// Whether a graph is built to be trained or to be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Phase {
    /// Dropout drops, batch statistics are taken from the batch.
    Train,
    /// Nothing is random, statistics are the running ones.
    #[default]
    Test,
}

/// One call of an operation: its name, inputs and parameters, and the builder to emit into.
#[derive(Debug)]
pub struct Call<'a> {
    /// Where to emit.
    pub b: &'a mut Builder,
    /// The full name of the node: `h`, `f.linear_1`.
    pub name: String,
    /// The inputs by port; a port left out has none.
    pub inputs: Vec<Vec<NodeId>>,
    /// Declared parameters that stand in for owned ones, by their last name.
    pub shared: BTreeMap<String, NodeId>,
    /// Initialisers given, by option.
    pub inits: BTreeMap<String, Arc<dyn Initialiser>>,
    /// The operations and initialisers in use.
    pub registry: &'a Registry,
    phase: Phase,
}

impl<'a> Call<'a> {
    /// A call in the test phase of `inputs`, one a port, without shared parameters or initialisers.
    pub fn new(b: &'a mut Builder, registry: &'a Registry, name: &str, inputs: &[NodeId]) -> Call<'a> {
        Call {
            b,
            name: name.into(),
            inputs: inputs.iter().map(|&id| vec![id]).collect(),
            shared: BTreeMap::new(),
            inits: BTreeMap::new(),
            registry,
            phase: Phase::Test,
        }
    }

    /// The same call in a graph that is built for `phase`.
    #[must_use]
    pub fn in_phase(mut self, phase: Phase) -> Call<'a> {
        self.phase = phase;
        self
    }

    /// What the graph is built for. A graph in which no call asks is the same in every phase.
    pub fn phase(&mut self) -> Phase {
        self.b.ask_phase();
        self.phase
    }

    /// Distributes a flat list of inputs over the ports of `op`: one each, the rest to a variadic port.
    ///
    /// # Errors
    /// Too few or too many inputs.
    pub fn distribute(op: &OpDef, inputs: &[NodeId]) -> Result<Vec<Vec<NodeId>>, TypeError> {
        let required = op.ports.iter().filter(|p| !p.optional).count();
        let variadic = op.ports.iter().any(|p| p.variadic);
        if inputs.len() < required || (!variadic && inputs.len() > op.ports.len()) {
            let names: Vec<&str> = op.ports.iter().map(|p| p.name).collect();
            let wants = if variadic { format!("at least {required}") } else { required.to_string() };
            let (name, names, given) = (op.name, names.join(", "), inputs.len());
            let s = if wants == "1" { "" } else { "s" };
            return Err(TypeError::new(format!("{name} takes {wants} input{s} ({names}), and {given} are given")));
        }
        let mut rest = inputs;
        Ok(op
            .ports
            .iter()
            .map(|port| {
                let (taken, left) = rest.split_at(if port.variadic { rest.len() } else { rest.len().min(1) });
                rest = left;
                taken.to_vec()
            })
            .collect())
    }

    /// The input of port `k`.
    ///
    /// # Errors
    /// When it was left out.
    pub fn input(&self, k: usize) -> Result<NodeId, TypeError> {
        let given = self.inputs.get(k).and_then(|port| port.first()).copied();
        given.ok_or_else(|| TypeError::new(format!("`{}` lacks an input", self.name)))
    }

    /// All inputs in the order of the ports.
    #[must_use]
    pub fn all_inputs(&self) -> Vec<NodeId> {
        self.inputs.concat()
    }

    /// The type of the input of port `k`.
    ///
    /// # Errors
    /// When it was left out.
    pub fn ty(&self, k: usize) -> Result<Type, TypeError> {
        Ok(self.b.ty(self.input(k)?).clone())
    }

    /// Applies a primitive operation to all inputs.
    ///
    /// # Errors
    /// When their types do not fit.
    pub fn emit(&mut self, op: impl Op) -> Result<NodeId, TypeError> {
        let inputs = self.all_inputs();
        self.b.node(op, &inputs)
    }

    /// The parameter `last` of this node: the shared one if the call names one, else one of its own, called
    /// `NAME.last`, that begins as the call's initialiser option says or else as `default`.
    ///
    /// # Errors
    /// A shared parameter of another shape, or a name that is taken.
    pub fn param(&mut self, last: &str, shape: Vec<Size>, init: Arc<dyn Initialiser>) -> Result<NodeId, TypeError> {
        self.declare(last, shape, init, true)
    }

    /// State of this node that training does not change by gradient: running statistics.
    ///
    /// # Errors
    /// A name that is taken.
    pub fn state(&mut self, last: &str, shape: Vec<Size>, init: Arc<dyn Initialiser>) -> Result<NodeId, TypeError> {
        self.declare(last, shape, init, false)
    }

    fn declare(
        &mut self,
        last: &str,
        shape: Vec<Size>,
        init: Arc<dyn Initialiser>,
        trainable: bool,
    ) -> Result<NodeId, TypeError> {
        let name = format!("{}.{last}", self.name);
        let Some(&shared) = self.shared.get(last) else {
            return self.b.parameter(&name, shape, init, trainable);
        };
        let (given, wanted) = (self.b.ty(shared).clone(), Type::real(shape));
        if given == wanted {
            return Ok(shared);
        }
        let clash =
            given.shape.iter().zip(&wanted.shape).find(|(a, b)| a != b).map(|(a, b)| Box::new((a.clone(), b.clone())));
        let other = self.b.graph().describe(shared);
        Err(TypeError {
            message: format!("{last} would be {wanted}, and {other} is {given}"),
            clash: clash.filter(|_| given.rank() == wanted.rank()),
            inputs: Vec::new(),
            help: None,
        })
    }

    /// The initialiser given for `option`, else `default`.
    pub fn init(&self, option: &str, default: impl FnOnce() -> Arc<dyn Initialiser>) -> Arc<dyn Initialiser> {
        self.inits.get(option).cloned().unwrap_or_else(default)
    }
}
