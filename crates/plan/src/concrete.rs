//! A graph with every size known.

use graphrun_graph::{Form, Graph, Leaf, NodeId, Sizes};
use graphrun_tensor::Shape;

use crate::PlanError;

/// A graph, the concrete shape and the form of each node, and which nodes are needed.
#[derive(Debug)]
pub(crate) struct Concrete<'g> {
    pub(crate) graph: &'g Graph,
    pub(crate) shapes: Vec<Shape>,
    pub(crate) forms: Vec<Form>,
    pub(crate) needed: Vec<bool>,
}

impl<'g> Concrete<'g> {
    pub(crate) fn new(graph: &'g Graph, sizes: &Sizes) -> Result<Concrete<'g>, PlanError> {
        let needed = graph.reachable();
        let mut shapes = Vec::with_capacity(needed.len());
        let mut forms = Vec::with_capacity(needed.len());
        for (id, node) in graph.ids() {
            let wanted = needed[id.index()] || matches!(node.op.form(), Form::Leaf(_));
            let shape = match node.ty.concrete(sizes) {
                Ok(shape) => shape,
                Err(_) if !wanted => Shape::SCALAR,
                Err(message) => return Err(PlanError::new(format!("{}: {message}", graph.describe(id)))),
            };
            shapes.push(shape);
            forms.push(match node.op.form() {
                Form::Leaf(Leaf::Count(counted)) if wanted => {
                    let mut product = 1.0;
                    for size in &counted {
                        product *= size.eval(sizes).map_err(PlanError::new)? as f64;
                    }
                    Form::Leaf(Leaf::Constant(product))
                }
                form => form,
            });
        }
        Ok(Concrete { graph, shapes, forms, needed })
    }

    pub(crate) fn shape(&self, id: NodeId) -> Shape {
        self.shapes[id.index()]
    }

    pub(crate) fn form(&self, id: NodeId) -> &Form {
        &self.forms[id.index()]
    }

    pub(crate) fn inputs(&self, id: NodeId) -> &'g [NodeId] {
        &self.graph.node(id).inputs
    }

    /// The node whose memory holds the value: reshapes are looked through.
    pub(crate) fn root(&self, mut id: NodeId) -> NodeId {
        while matches!(self.form(id), Form::Reshape) {
            id = self.inputs(id)[0];
        }
        id
    }

    /// The one number that a node is, whatever its shape.
    pub(crate) fn uniform(&self, mut id: NodeId) -> Option<f64> {
        loop {
            match self.form(id) {
                Form::Leaf(Leaf::Constant(value)) => return Some(*value),
                Form::Broadcast | Form::Reshape => id = self.inputs(id)[0],
                _ => return None,
            }
        }
    }

    /// The shape in which an element-wise consumer reads `id`: broadcasts are looked through, and one number is a
    /// scalar whatever its shape.
    pub(crate) fn seen(&self, id: NodeId) -> Shape {
        match self.uniform(id) {
            Some(_) => Shape::SCALAR,
            None => self.shape(self.source(id)),
        }
    }

    /// What an element-wise consumer reads in place of `id`: broadcasts are looked through.
    pub(crate) fn source(&self, mut id: NodeId) -> NodeId {
        while matches!(self.form(id), Form::Broadcast) {
            id = self.inputs(id)[0];
        }
        id
    }
}
