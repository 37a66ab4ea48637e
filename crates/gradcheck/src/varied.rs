//! The scalar of a graph as a function of its inputs and parameters. What is constant by definition, such as what stands
//! behind `stop_gradient`, is held fixed while the function varies.

use std::borrow::Cow;

use graphrun_exec::Array;
use graphrun_graph::{Builder, Graph, NodeId};
use graphrun_tensor::Dtype;

use crate::array::{Values, reals, set};
use crate::copy::{copy, same};
use crate::derivative::derivative;
use crate::engine::{Engine, Program, sizes_of};
use crate::graph::{CheckError, Pair, gradients};
use crate::ladder::Estimate;
use crate::range::Range;

/// A program of one scalar that has run at a point, from which one input or parameter at a time is moved.
pub(crate) struct Varied {
    pub(crate) program: Box<dyn Program>,
    pub(crate) values: Values,
    /// What is moved now, and its value at the point.
    moved: Option<(String, Array)>,
}

impl Pair {
    /// The scalar around the values of the pair. Detached nodes stay as they are there: the function that has the gradient
    /// which the reverse walk is defined to give.
    ///
    /// # Errors
    /// A value that is missing or does not fit, or a graph that cannot run.
    pub(crate) fn varied(&self, engine: &dyn Engine) -> Result<Varied, CheckError> {
        let (graph, values) = self.fixed(engine)?;
        let sizes = sizes_of(&graph, &values)?;
        let mut program = engine.prepare(&graph, &sizes, Dtype::F64)?;
        program.run(&values)?;
        Ok(Varied { program, values, moved: None })
    }

    /// The same scalar and its gradients, with detached nodes as inputs that have the values which they have at the point.
    ///
    /// # Errors
    /// As [`varied`](Pair::varied).
    pub(crate) fn held(&self, engine: &dyn Engine) -> Result<Pair, CheckError> {
        let (Cow::Owned(forward), values) = self.fixed(engine)? else { return Ok(self.clone()) };
        let backward = gradients(Builder::from_graph(forward.clone()), forward.outputs[0].1, &self.wrt)?;
        Ok(Pair { shared: forward.nodes().len(), forward, backward, values, ..self.clone() })
    }

    /// The graph of the scalar with its detached nodes as inputs, where it has such, and values for all inputs.
    fn fixed(&self, engine: &dyn Engine) -> Result<(Cow<'_, Graph>, Values), CheckError> {
        let mut values = self.values.clone();
        let Some(Held { graph, nodes }) = held(&self.forward)? else {
            return Ok((Cow::Borrowed(&self.forward), values));
        };
        let mut seen = self.forward.clone();
        seen.outputs.clone_from(&nodes);
        let sizes = sizes_of(&seen, &values)?;
        let fixed = engine.prepare(&seen, &sizes, Dtype::F64)?.run(&values)?;
        values.extend(nodes.into_iter().map(|(name, _)| name).zip(fixed));
        Ok((Cow::Owned(graph), values))
    }
}

impl Varied {
    /// The scalar where `name` has these elements and all others are at the point; NaN where it cannot be had.
    pub(crate) fn at(&mut self, name: &str, elements: &[f64]) -> f64 {
        if self.moved.as_ref().is_none_or(|(moved, _)| moved != name) {
            if let Some((other, value)) = self.moved.take() {
                self.values.insert(other.clone(), value);
                drop(self.program.rerun(&self.values, &other));
            }
            self.moved = self.values.get(name).map(|value| (name.to_owned(), value.clone()));
        }
        set(&mut self.values, name, elements);
        scalar(self.program.rerun(&self.values, name))
    }

    /// The derivative at one element of `name`.
    pub(crate) fn slope(&mut self, name: &str, element: usize) -> Estimate {
        let point = self.moved.as_ref().filter(|(moved, _)| moved == name).map(|(_, value)| value);
        let mut elements = reals(point.unwrap_or(&self.values[name])).to_vec();
        let at = elements[element];
        let along = |t: f64| {
            elements[element] = at + t;
            (self.at(name, &elements), elements[element] - at)
        };
        derivative(along, Range::around(at))
    }
}

/// The first output of a run, a scalar; NaN where it cannot be had.
pub(crate) fn scalar(run: Result<Vec<Array>, String>) -> f64 {
    run.ok().and_then(|out| reals(&out[0]).first().copied()).unwrap_or(f64::NAN)
}

/// A graph whose detached nodes are inputs.
struct Held {
    graph: Graph,
    /// The new inputs, each with the node of the graph before that it stands for.
    nodes: Vec<(String, NodeId)>,
}

/// Makes inputs of a graph's detached nodes; none where it has no such nodes.
fn held(graph: &Graph) -> Result<Option<Held>, CheckError> {
    let reached = graph.reachable();
    let found = graph.ids().filter(|(id, node)| reached[id.index()] && node.op.detached() && node.ty.is_real());
    let nodes: Vec<(String, NodeId)> = found.map(|(id, _)| (format!("{}__held", id.index()), id)).collect();
    if nodes.is_empty() {
        return Ok(None);
    }
    let mut b = Builder::from_graph(graph.clone());
    copy(&mut b, graph, &mut |b, id, node, inputs| match nodes.iter().find(|(_, held)| *held == id) {
        Some((name, _)) => b.input(name, node.ty.clone()),
        None => same(b, node, inputs),
    })?;
    Ok(Some(Held { graph: b.finish(), nodes }))
}

#[cfg(test)]
mod tests {
    use graphrun_graph::{Phase, Type};

    use super::*;
    use crate::graph::Problem;
    use crate::interpret::Interpreter;

    #[test]
    fn what_was_moved_before_is_at_the_point_again() {
        let mut b = Builder::new();
        let [x, y] = ["x", "y"].map(|name| b.input(name, Type::real(vec![])).unwrap());
        let product = b.mul(&[x, x, y]).unwrap();
        let values = [("x", 3.0), ("y", 5.0)].map(|(name, value)| (name.to_owned(), Array::scalar(value)));
        let pair = Problem::new(&b.finish(), product, &values.into()).pair().unwrap();
        let mut varied = pair.varied(&Interpreter::default()).unwrap();
        assert_eq!([varied.at("x", &[7.0]), varied.at("y", &[11.0]), varied.at("x", &[2.0])], [245.0, 99.0, 20.0]);
        for (name, slope) in [("x", 30.0), ("y", 9.0), ("y", 9.0), ("x", 30.0)] {
            let found = varied.slope(name, 0).value;
            assert!((found - slope).abs() < 1e-9, "{name}: {found}");
        }
        assert_eq!(varied.at("y", &[5.0]), 45.0);
    }

    /// x times its detached square, at 3.
    fn detached() -> Pair {
        let text = "Model(graphrun: 1, inputs: { x: [] }, outputs: [y],
            nodes: { square: Square(x), held: StopGradient(square), y: Mul(x, held) })";
        let model =
            graphrun_load::load_str("test.ron".as_ref(), text, &graphrun_nodes::standard(), &Default::default());
        let model = model.unwrap();
        let graph = model.graph(Phase::Test);
        let values = [("x".to_owned(), Array::scalar(3.0))];
        Problem::new(graph, graph.outputs[0].1, &values.into()).pair().unwrap()
    }

    #[test]
    fn what_is_detached_stays_as_it_is_at_the_point() {
        let pair = detached();
        let engine = Interpreter::default();
        let mut varied = pair.varied(&engine).unwrap();
        assert_eq!([varied.at("x", &[2.0]), varied.at("x", &[3.0])], [18.0, 27.0]);
        assert!((varied.slope("x", 0).value - 9.0).abs() < 1e-9);
        // Moved as a whole, what is held stays too, and is an input whose value both graphs are fed.
        let held = pair.held(&engine).unwrap();
        assert_eq!(held.shared, held.forward.nodes().len());
        let moved = |pair: &Pair| {
            let mut values = pair.values.clone();
            values.insert("x".to_owned(), Array::scalar(2.0));
            let run = |graph: &Graph| {
                let sizes = sizes_of(graph, &values).unwrap();
                scalar(engine.prepare(graph, &sizes, Dtype::F64).unwrap().run(&values))
            };
            [run(&pair.forward), run(&pair.backward)]
        };
        assert_eq!(moved(&pair), [8.0, 4.0]);
        assert_eq!(moved(&held), [18.0, 9.0]);
        // A pair without such nodes is the same one.
        let plain = Problem::of_formula("x * x", &[("x", &[3.0])]).pair().unwrap();
        assert_eq!(plain.held(&engine).unwrap().values, plain.values);
    }
}
