//! Graphs, and the builder that makes equal nodes one node.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use crate::identity::Identity;
use crate::init::Initialiser;
use crate::op::{Form, Leaf, Op};
use crate::size::{Size, Sizes};
use crate::ty::{Type, TypeError};

/// The place of a node in its graph; inputs come before the nodes that use them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(u32);

impl NodeId {
    /// The position among [`Graph::nodes`].
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// One operation applied to earlier nodes.
#[derive(Clone, Debug)]
pub struct Node {
    /// The operation.
    pub op: Arc<dyn Op>,
    /// Its inputs, in the order of its ports.
    pub inputs: Vec<NodeId>,
    /// The type of its value.
    pub ty: Type,
    /// What it is called in the file; for a part of a larger operation, that one's name and its own (`h.product`).
    pub label: Option<Arc<str>>,
}

/// A parameter: a value that outlives a run, with how it begins.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// The full name: `h.weight`.
    pub name: Arc<str>,
    /// Its node.
    pub node: NodeId,
    /// Its initial value.
    pub init: Arc<dyn Initialiser>,
    /// Whether training changes it by its gradient.
    pub trainable: bool,
}

/// A directed graph without cycles, in an order in which it can be computed.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    nodes: Vec<Node>,
    inputs: Vec<(Arc<str>, NodeId)>,
    parameters: Vec<Parameter>,
    names: BTreeMap<Arc<str>, NodeId>,
    /// The named results, in order.
    pub outputs: Vec<(String, NodeId)>,
    /// The scalar that training lessens.
    pub loss: Option<NodeId>,
    /// New values of parameters, written after a run: running statistics, an optimiser's step.
    pub updates: Vec<(NodeId, NodeId)>,
    /// Values of size symbols where none follow from what is fed.
    pub sizes: Sizes,
}

impl Graph {
    /// All nodes, inputs before users.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The nodes with their ids.
    pub fn ids(&self) -> impl DoubleEndedIterator<Item = (NodeId, &Node)> + ExactSizeIterator {
        self.nodes.iter().enumerate().map(|(k, node)| (NodeId(k as u32), node))
    }

    /// One node.
    #[must_use]
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.index()]
    }

    /// The type of a node.
    #[must_use]
    pub fn ty(&self, id: NodeId) -> &Type {
        &self.nodes[id.index()].ty
    }

    /// The declared inputs, in order.
    #[must_use]
    pub fn inputs(&self) -> &[(Arc<str>, NodeId)] {
        &self.inputs
    }

    /// The parameters, in the order in which they were met.
    #[must_use]
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// The parameter of this name.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&Parameter> {
        self.parameters.iter().find(|p| &*p.name == name)
    }

    /// Every named node, by name: inputs, parameters and the nodes of the file.
    #[must_use]
    pub fn names(&self) -> &BTreeMap<Arc<str>, NodeId> {
        &self.names
    }

    /// The node of this name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<NodeId> {
        self.names.get(name).copied()
    }

    /// What to call a node in a message: its label, or its operation and number.
    #[must_use]
    pub fn describe(&self, id: NodeId) -> String {
        let node = self.node(id);
        match &node.label {
            Some(label) => format!("`{label}`"),
            None => format!("{} (node {})", node.op.name(), id.index()),
        }
    }

    /// Whether this parameter node is trainable.
    #[must_use]
    pub fn is_trainable(&self, id: NodeId) -> bool {
        self.parameters.iter().any(|p| p.node == id && p.trainable)
    }

    /// The nodes that gradients are taken with respect to by default: every real input, then every
    /// trainable parameter.
    #[must_use]
    pub fn differentiable_leaves(&self) -> Vec<NodeId> {
        let inputs = self.inputs.iter().map(|(_, id)| *id).filter(|&id| self.ty(id).is_real());
        let parameters = self.parameters.iter().filter(|p| p.trainable).map(|p| p.node);
        inputs.chain(parameters).collect()
    }

    /// Which nodes the outputs, the loss and the updates need.
    #[must_use]
    pub fn reachable(&self) -> Vec<bool> {
        let roots = self.outputs.iter().map(|(_, id)| *id).chain(self.loss);
        let roots = roots.chain(self.updates.iter().flat_map(|(p, v)| [*p, *v]));
        let mut reached = vec![false; self.nodes.len()];
        for root in roots {
            reached[root.index()] = true;
        }
        for (id, node) in self.ids().rev() {
            if reached[id.index()] {
                for input in &node.inputs {
                    reached[input.index()] = true;
                }
            }
        }
        reached
    }
}

/// Builds a graph node by node. Equal operations on equal inputs become one node.
#[derive(Clone, Debug, Default)]
pub struct Builder {
    graph: Graph,
    /// Every node under the hash of its operation and inputs, or the next one up that was free.
    interned: HashMap<u64, NodeId>,
    /// Every operation with inputs under its hash and the number of its inputs, so that nodes of one share it.
    ops: HashMap<(u64, usize), Arc<dyn Op>>,
    scope: Option<Arc<str>>,
    asked_phase: bool,
}

impl Builder {
    /// An empty graph.
    #[must_use]
    pub fn new() -> Builder {
        Builder::default()
    }

    /// Goes on from a graph.
    #[must_use]
    pub fn from_graph(graph: Graph) -> Builder {
        let mut interned = HashMap::with_capacity(graph.nodes.len());
        for (id, node) in graph.ids() {
            let mut key = Identity::new(node.op.as_ref()).with(&node.inputs);
            while interned.contains_key(&key) {
                key = key.wrapping_add(1);
            }
            interned.insert(key, id);
        }
        Builder { graph, interned, ..Builder::default() }
    }

    /// What has been built so far.
    #[must_use]
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The outputs, loss, updates and sizes, to be set.
    pub fn graph_mut(&mut self) -> &mut Graph {
        &mut self.graph
    }

    /// The finished graph.
    #[must_use]
    pub fn finish(self) -> Graph {
        self.graph
    }

    /// The type of a node.
    #[must_use]
    pub fn ty(&self, id: NodeId) -> &Type {
        self.graph.ty(id)
    }

    /// Applies an operation.
    ///
    /// # Errors
    /// When the inputs' types do not fit the operation.
    pub fn node(&mut self, op: impl Op, inputs: &[NodeId]) -> Result<NodeId, TypeError> {
        self.node_arc(Arc::new(op), inputs)
    }

    /// [`node`](Builder::node) for an operation that is already shared.
    ///
    /// # Errors
    /// When the inputs' types do not fit the operation.
    pub fn node_arc(&mut self, op: Arc<dyn Op>, inputs: &[NodeId]) -> Result<NodeId, TypeError> {
        let identity = Identity::new(op.as_ref());
        let mut key = identity.with(inputs);
        while let Some(&id) = self.interned.get(&key) {
            let node = self.graph.node(id);
            if node.inputs == inputs && identity.is_of(node.op.as_ref(), op.name()) {
                return Ok(id);
            }
            key = key.wrapping_add(1);
        }
        let types: Vec<Type> = inputs.iter().map(|&id| self.ty(id).clone()).collect();
        let mut ty = op.ty(&types)?;
        ty.shape.shrink_to_fit();
        let label = self.scope.as_ref().map(|scope| format!("{scope}.{}", snake(op.name())).into());
        let id = NodeId(u32::try_from(self.graph.nodes.len()).map_err(|_| TypeError::new("too many nodes"))?);
        let op = if inputs.is_empty() { op } else { self.shared(&identity, inputs.len(), op) };
        self.graph.nodes.push(Node { op, inputs: inputs.to_vec(), ty, label });
        self.interned.insert(key, id);
        Ok(id)
    }

    /// An earlier operation of as many inputs that equals this one, else this one. The sum of two and that of three
    /// differ by the number alone.
    fn shared(&mut self, identity: &Identity, inputs: usize, op: Arc<dyn Op>) -> Arc<dyn Op> {
        let known = self.ops.entry((identity.hash, inputs)).or_insert_with(|| op.clone());
        match identity.is_of(known.as_ref(), op.name()) && known.form() == op.form() {
            true => known.clone(),
            false => op,
        }
    }

    /// Names a node; a later name for the same node also finds it, the first one labels it.
    ///
    /// # Errors
    /// When another node has this name.
    pub fn name(&mut self, name: impl Into<Arc<str>>, id: NodeId) -> Result<(), TypeError> {
        let named: Arc<str> = name.into();
        match self.graph.names.get(&named) {
            Some(&other) if other != id => Err(TypeError::new(format!("two nodes are named `{named}`"))),
            _ => {
                if !self.is_named(id) && !matches!(self.graph.node(id).op.form(), Form::Leaf(Leaf::Constant(_))) {
                    self.graph.nodes[id.index()].label = Some(named.clone());
                }
                self.graph.names.insert(named, id);
                Ok(())
            }
        }
    }

    /// Whether a node has a name, rather than the label of a part of one that has.
    fn is_named(&self, id: NodeId) -> bool {
        self.graph.node(id).label.as_ref().is_some_and(|label| self.graph.names.contains_key(label))
    }

    /// A node of the same value that is to have a name of its own: the node itself unless it is named, else one of the same
    /// operation and inputs, so that a gradient by one of the two names is not one by both. Leaves stay what they are.
    pub fn distinct(&mut self, id: NodeId) -> NodeId {
        let node = self.graph.node(id);
        match u32::try_from(self.graph.nodes.len()) {
            Ok(new) if self.is_named(id) && !node.inputs.is_empty() => {
                let twin = Node { label: None, ..node.clone() };
                self.graph.nodes.push(twin);
                NodeId(new)
            }
            _ => id,
        }
    }

    /// Labels the nodes built from here on as parts of `scope`, until it is set again. Gives the one before.
    pub fn set_scope(&mut self, scope: Option<Arc<str>>) -> Option<Arc<str>> {
        std::mem::replace(&mut self.scope, scope)
    }

    /// Whether any call asked for the phase: without one, the graphs of all phases are the same.
    #[must_use]
    pub fn depends_on_phase(&self) -> bool {
        self.asked_phase
    }

    pub(crate) fn ask_phase(&mut self) {
        self.asked_phase = true;
    }

    /// Declares an input.
    ///
    /// # Errors
    /// When the name is taken.
    pub fn input(&mut self, name: &str, ty: Type) -> Result<NodeId, TypeError> {
        let name: Arc<str> = name.into();
        let id = self.leaf(&name, crate::core::Input { name: name.clone(), ty })?;
        self.graph.inputs.push((name, id));
        Ok(id)
    }

    /// Declares a real parameter.
    ///
    /// # Errors
    /// When the name is taken.
    pub fn parameter(
        &mut self,
        name: &str,
        shape: Vec<Size>,
        init: Arc<dyn Initialiser>,
        trainable: bool,
    ) -> Result<NodeId, TypeError> {
        let name: Arc<str> = name.into();
        let node = self.leaf(&name, crate::core::Param { name: name.clone(), shape })?;
        self.graph.parameters.push(Parameter { name, node, init, trainable });
        Ok(node)
    }

    fn leaf(&mut self, name: &Arc<str>, op: impl Op) -> Result<NodeId, TypeError> {
        if self.graph.names.contains_key(name) {
            return Err(TypeError::new(format!("two nodes are named `{name}`")));
        }
        let scope = self.set_scope(None);
        let id = self.node(op, &[])?;
        self.scope = scope;
        self.name(name.clone(), id)?;
        Ok(id)
    }

    /// Adds an output.
    pub fn output(&mut self, name: &str, id: NodeId) {
        self.graph.outputs.push((name.into(), id));
    }
}

/// `MatMul` -> `mat_mul`: how operations are called in formulas, files and member names.
#[must_use]
pub fn snake(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    for (k, c) in name.char_indices() {
        if c.is_uppercase() {
            if k > 0 {
                out.push('_');
            }
            out.extend(c.to_lowercase());
        } else {
            out.push(c);
        }
    }
    out
}

/// One line a node: `3 y = Add(1, 2): [N]`.
impl fmt::Display for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (id, node) in self.ids() {
            let inputs: Vec<String> = node.inputs.iter().map(|i| i.index().to_string()).collect();
            let label = node.label.as_deref().unwrap_or("_");
            let options = node.op.options();
            let gap = if options.is_empty() || inputs.is_empty() { "" } else { ", " };
            let inputs = inputs.join(", ");
            writeln!(f, "{} {label} = {}({inputs}{gap}{options}): {}", id.index(), node.op.name(), node.ty)?;
        }
        Ok(())
    }
}
