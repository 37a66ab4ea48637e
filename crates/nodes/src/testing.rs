//! Running operations in tests: every node of a small graph, one after the other, in double precision.

#![allow(dead_code, reason = "helpers for tests that operations add as they need them")]

use graphrun_graph::{
    Builder, Call, Context, Graph, Key, Leaf, NodeId, OpDef, Options, Phase, SampleInput, Size, Sizes,
};
use graphrun_graph::{Form, Kind, Type, grad};
use graphrun_tensor::{Dtype, Scratch, Shape, View, ViewAny, ViewMut, ViewMutAny};

use crate::standard;

/// An array of either kind.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Array {
    Real(Vec<f64>),
    Index(Vec<i64>),
}

impl Array {
    pub(crate) fn real(&self) -> &[f64] {
        match self {
            Array::Real(data) => data,
            Array::Index(_) => panic!("an integer array"),
        }
    }
}

/// An input: what it looks like and what it holds.
pub(crate) fn given(sizes: &[usize], data: &[f64]) -> (SampleInput, Array) {
    (SampleInput::real(sizes), Array::Real(data.to_vec()))
}

/// Labels below `below`.
pub(crate) fn labels(sizes: &[usize], below: usize, data: &[i64]) -> (SampleInput, Array) {
    (SampleInput::index(sizes, below), Array::Index(data.to_vec()))
}

/// One operation applied to inputs `x0`, `x1`, ..., with the gradient of `sum(y * upstream)`.
pub(crate) struct Applied {
    pub(crate) graph: Graph,
    pub(crate) inputs: Vec<NodeId>,
    pub(crate) y: NodeId,
    upstream: NodeId,
    grads: Vec<(NodeId, NodeId)>,
    fed: Vec<(NodeId, Array)>,
}

impl Applied {
    /// Builds the operation, its parameters drawn with seed 0.
    pub(crate) fn new(def: &OpDef, options: &Options, inputs: &[Vec<(SampleInput, Array)>], phase: Phase) -> Applied {
        let registry = standard();
        let mut b = Builder::new();
        let (mut ports, mut fed) = (Vec::new(), Vec::new());
        for port in inputs {
            let mut ids = Vec::new();
            for (input, data) in port {
                let id = b.input(&format!("x{}", fed.len()), type_of(input)).unwrap();
                fed.push((id, data.clone()));
                ids.push(id);
            }
            ports.push(ids);
        }
        let mut call = Call::new(&mut b, &registry, "y", &[]).in_phase(phase);
        call.inputs = ports;
        let y = def.build(&mut call, options).unwrap_or_else(|e| panic!("{}: {e}", def.name));
        let shape = b.ty(y).clone();
        let upstream = b.input("upstream", shape).unwrap();
        let wrt = b.graph().differentiable_leaves().into_iter().filter(|&id| id != upstream).collect::<Vec<_>>();
        let gradients = match def.differentiable && b.ty(y).is_real() {
            true => grad(&mut b, y, &wrt, Some(upstream)).unwrap_or_else(|e| panic!("{}: {e}", def.name)),
            false => Vec::new(),
        };
        for parameter in b.graph().parameters().to_vec() {
            let shape = b.ty(parameter.node).concrete(&Sizes::new()).unwrap();
            let mut data = vec![0.0; shape.len()];
            parameter.init.fill(Key { seed: 0, name: &parameter.name }, shape, &mut data).unwrap();
            fed.push((parameter.node, Array::Real(data)));
        }
        let inputs = fed.iter().map(|(id, _)| *id).collect();
        Applied { graph: b.finish(), inputs, y, upstream, grads: wrt.into_iter().zip(gradients).collect(), fed }
    }

    /// The operation `name` on `inputs`, one a port, in test phase.
    pub(crate) fn of<O: Send + Sync + 'static>(name: &str, options: O, inputs: &[(SampleInput, Array)]) -> Applied {
        let ports: Vec<_> = inputs.iter().map(|input| vec![input.clone()]).collect();
        Applied::new(standard().op(name).unwrap(), &Options::new(options), &ports, Phase::Test)
    }

    /// What is fed to an input or parameter.
    pub(crate) fn fed(&self, id: NodeId) -> &Array {
        &self.fed.iter().find(|(fed, _)| *fed == id).unwrap().1
    }

    /// Feeds something else.
    pub(crate) fn feed(&mut self, id: NodeId, data: Array) {
        self.fed.iter_mut().find(|(fed, _)| *fed == id).unwrap().1 = data;
    }

    /// The value of the operation at step 0.
    pub(crate) fn value(&self) -> Vec<f64> {
        self.run(&[], 0)[self.y.index()].real().to_vec()
    }

    /// The gradients with respect to every real input and parameter.
    pub(crate) fn gradients(&self, upstream: &[f64]) -> Vec<(NodeId, Vec<f64>)> {
        let values = self.run(upstream, 0);
        self.grads.iter().map(|(leaf, grad)| (*leaf, values[grad.index()].real().to_vec())).collect()
    }

    /// The values of all nodes at a step; an empty `upstream` is all ones.
    pub(crate) fn run(&self, upstream: &[f64], step: u64) -> Vec<Array> {
        let mut values: Vec<Array> = Vec::new();
        for (id, node) in self.graph.ids() {
            let shape = node.ty.concrete(&Sizes::new()).unwrap();
            let value = match node.op.form() {
                Form::Leaf(Leaf::Input(_) | Leaf::Parameter(_)) if id == self.upstream => match upstream {
                    [] => Array::Real(vec![1.0; shape.len()]),
                    given => Array::Real(given.to_vec()),
                },
                Form::Leaf(Leaf::Input(_) | Leaf::Parameter(_)) => self.fed(id).clone(),
                _ => self.compute(id, shape, &values, step),
            };
            values.push(value);
        }
        values
    }

    fn compute(&self, id: NodeId, shape: Shape, values: &[Array], step: u64) -> Array {
        let node = self.graph.node(id);
        let shapes: Vec<Shape> =
            node.inputs.iter().map(|&i| self.graph.ty(i).concrete(&Sizes::new()).unwrap()).collect();
        let views: Vec<ViewAny<'_>> = node
            .inputs
            .iter()
            .zip(&shapes)
            .map(|(i, &shape)| match &values[i.index()] {
                Array::Real(data) => ViewAny::F64(View::new(data, shape)),
                Array::Index(data) => ViewAny::I64(View::new(data, shape)),
            })
            .collect();
        let bytes = node.op.scratch(&shapes, shape, Dtype::F64);
        let mut memory = vec![u64::MAX; Scratch::words(bytes)];
        let rows = 0..shape.sizes().first().copied().unwrap_or(1);
        let mut at = Context { rows, scratch: Scratch::new(&mut memory), seed: 0, step };
        match node.ty.kind {
            Kind::Real => {
                let mut out = vec![f64::NAN; shape.len()];
                node.op.run(&views, ViewMutAny::F64(ViewMut::new(&mut out, shape)), &mut at);
                Array::Real(out)
            }
            Kind::Index { .. } => {
                let mut out = vec![-1; shape.len()];
                node.op.run(&views, ViewMutAny::I64(ViewMut::new(&mut out, shape)), &mut at);
                Array::Index(out)
            }
        }
    }
}

pub(crate) fn type_of(input: &SampleInput) -> Type {
    let sizes = |shape: &[usize]| shape.iter().map(|&n| Size::from(n)).collect();
    match input {
        SampleInput::Real { shape, .. } => Type::real(sizes(shape)),
        SampleInput::Index { shape, below } => Type::index(sizes(shape), Size::from(*below)),
    }
}
