//! A graph as a model file that loads as the same graph.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;

use graphrun_graph::core::variable_names;
use graphrun_graph::{Form, Graph, Leaf, Node, NodeId, Phase, Registry};

use crate::cases::{TOLERANCE, TestCase};
use crate::fmt::fmt_source;
use crate::literal::Literal;
use crate::syntax::{is_name, quote};

/// What a printed model says beside its graph.
#[derive(Clone, Debug, Default)]
pub struct PrintOptions {
    /// The `doc` field.
    pub doc: Option<String>,
    /// The `tests` section.
    pub tests: Vec<TestCase>,
}

/// The graph as a model file: what its outputs and loss need, each op by its canonical text.
///
/// Nodes keep their names; an output of another name than its node's becomes a node of that name. Numbers stand where they
/// are used. Updates of parameters are not part of a model file and are left out.
///
/// # Errors
/// An op that the registry does not have, in words.
pub fn print(graph: &Graph, registry: &Registry, options: &PrintOptions) -> Result<String, String> {
    let cases: Vec<String> = options.tests.iter().map(case).collect();
    let tests = if cases.is_empty() { String::new() } else { format!("[{}]", cases.join(", ")) };
    write(graph, registry, options.doc.as_deref(), &tests)
}

/// The graph as a model file with this text as its `tests`: how the gradient harness shows what fails.
///
/// # Errors
/// As [`print()`], and a text that is no section of tests.
pub fn print_tested(graph: &Graph, registry: &Registry, tests: &str) -> Result<String, String> {
    write(graph, registry, None, tests)
}

/// The canonical text, with `tests` as that section unless it is empty.
fn write(graph: &Graph, registry: &Registry, doc: Option<&str>, tests: &str) -> Result<String, String> {
    let text = Printer { graph, registry, names: names(graph) }.model(doc, tests)?;
    fmt_source("printed model", &text).map_err(|found| found.to_string())
}

struct Printer<'a> {
    graph: &'a Graph,
    registry: &'a Registry,
    /// What each node is called, numbers aside.
    names: HashMap<NodeId, String>,
}

/// A name for every node: its own, that of an output, or a new one. An output's name is no other node's.
fn names(graph: &Graph) -> HashMap<NodeId, String> {
    let mut names = HashMap::new();
    let outputs: HashMap<&str, NodeId> = graph.outputs.iter().map(|(name, id)| (name.as_str(), *id)).collect();
    let taken: HashSet<&str> = graph.names().keys().map(|name| &**name).chain(outputs.keys().copied()).collect();
    for (id, node) in graph.ids() {
        let own = |label: &&str| graph.find(label) == Some(id) && outputs.get(label).is_none_or(|of| *of == id);
        if let Some(label) = node.label.as_deref().filter(|label| is_fed(node) || own(label)) {
            names.insert(id, label.to_owned());
        }
    }
    for (name, id) in &graph.outputs {
        if constant(graph.node(*id)).is_none() && !names.contains_key(id) {
            names.insert(*id, name.clone());
        }
    }
    let mut next = 0;
    for (id, _) in graph.ids() {
        names.entry(id).or_insert_with(|| {
            while taken.contains(format!("n{next}").as_str()) {
                next += 1;
            }
            next += 1;
            format!("n{}", next - 1)
        });
    }
    names
}

/// Whether a node is what runs begin with, which keeps its name.
fn is_fed(node: &Node) -> bool {
    matches!(node.op.form(), Form::Leaf(Leaf::Input(_) | Leaf::Parameter(_)))
}

fn constant(node: &Node) -> Option<f64> {
    match node.op.form() {
        Form::Leaf(Leaf::Constant(value)) => Some(value),
        _ => None,
    }
}

/// A name as a key or in an input's place.
fn key(name: &str) -> String {
    if is_name(name) { name.to_owned() } else { quote(name) }
}

impl Printer<'_> {
    fn model(&self, doc: Option<&str>, tests: &str) -> Result<String, String> {
        let graph = self.graph;
        let needed = graph.reachable();
        let mut out = String::from("Model(graphrun: 1,\n");
        if let Some(doc) = doc {
            let _ = writeln!(out, "doc: {},", quote(doc));
        }
        let mut section = |name: &str, entries: Vec<(String, String)>| {
            if !entries.is_empty() {
                let entries: Vec<String> =
                    entries.iter().map(|(name, value)| format!("{}: {value}", key(name))).collect();
                let _ = writeln!(out, "{name}: {{ {} }},", entries.join(", "));
            }
        };
        section(
            "inputs",
            graph.inputs().iter().map(|(name, id)| (name.to_string(), graph.ty(*id).to_string())).collect(),
        );
        let params = graph.parameters().iter().filter(|param| needed[param.node.index()]).map(|param| {
            let fixed = if param.trainable { "" } else { ", trainable: false" };
            (param.name.to_string(), format!("(shape: {}, init: {}{fixed})", graph.ty(param.node), param.init.text()))
        });
        section("params", params.collect());
        section("sizes", graph.sizes.iter().map(|(name, size)| (name.to_string(), size.to_string())).collect());
        let mut nodes = Vec::new();
        for (id, node) in graph.ids().filter(|(id, _)| needed[id.index()]) {
            let fed = matches!(node.op.form(), Form::Leaf(Leaf::Input(_) | Leaf::Parameter(_) | Leaf::Constant(_)));
            if !fed {
                nodes.push((self.names[&id].clone(), self.call(node)?));
            }
        }
        let mut outputs = Vec::new();
        for (name, id) in &graph.outputs {
            let fed = graph.find(name).filter(|other| other != id && is_fed(graph.node(*other)));
            if fed.is_some() {
                return Err(format!("the output {name} would have the name of an input or parameter"));
            }
            if self.names[id] != *name || constant(graph.node(*id)).is_some() {
                nodes.push((name.clone(), self.alias(*id)));
            }
            outputs.push(key(name));
        }
        section("nodes", nodes);
        if !outputs.is_empty() {
            let _ = writeln!(out, "outputs: [{}],", outputs.join(", "));
        }
        if let Some(loss) = graph.loss {
            let _ = writeln!(out, "loss: {},", key(&self.names[&loss]));
        }
        if !tests.is_empty() {
            let _ = writeln!(out, "tests: {tests},");
        }
        out.push(')');
        Ok(out)
    }

    /// A second name for a node.
    fn alias(&self, id: NodeId) -> String {
        match constant(self.graph.node(id)) {
            Some(value) => format!("Formula(\"x\", {{ x: {} }})", number(value)),
            None => format!("Formula(\"x\", {{ x: {} }})", key(&self.names[&id])),
        }
    }

    /// What stands in an input's place.
    fn input(&self, id: NodeId) -> String {
        constant(self.graph.node(id)).map_or_else(|| key(&self.names[&id]), number)
    }

    /// A node as the call of its op.
    fn call(&self, node: &Node) -> Result<String, String> {
        let (name, options) = (node.op.name(), node.op.options());
        let inputs: Vec<String> = node.inputs.iter().map(|id| self.input(*id)).collect();
        if name == "Formula" {
            let variables = variable_names(inputs.len());
            let given: Vec<String> =
                variables.iter().zip(&inputs).map(|(name, input)| format!("{name}: {input}")).collect();
            return Ok(format!("Formula({options}, {{ {} }})", given.join(", ")));
        }
        let Some(def) = self.registry.op(name) else {
            return Err(format!("the op {name} is not in the registry, and no model file can name it"));
        };
        if options.is_empty() {
            return Ok(format!("{name}({})", inputs.join(", ")));
        }
        let mut parts = Vec::new();
        let mut rest = inputs.as_slice();
        for port in &def.ports {
            if port.variadic {
                parts.push(format!("{}: [{}]", port.name, rest.join(", ")));
                rest = &[];
            } else if let [first, others @ ..] = rest {
                parts.push(format!("{}: {first}", port.name));
                rest = others;
            }
        }
        parts.push(options);
        Ok(format!("{name}({})", parts.join(", ")))
    }
}

fn case(case: &TestCase) -> String {
    let mut parts = Vec::new();
    let mut map = |field: &str, list: &[(String, Literal)]| {
        if !list.is_empty() {
            let entries: Vec<String> = list.iter().map(|(name, value)| format!("{}: {value}", key(name))).collect();
            parts.push(format!("{field}: {{ {} }}", entries.join(", ")));
        }
    };
    map("given", &case.given);
    map("params", &case.params);
    map("value", &case.value);
    map("grad", &case.grad);
    parts.extend(case.of.as_ref().map(|of| format!("of: {}", key(of))));
    parts.extend(case.upstream.as_ref().map(|upstream| format!("upstream: {upstream}")));
    if case.phase == Phase::Train {
        parts.push("phase: Train".into());
    }
    if case.tolerance != TOLERANCE {
        parts.push(format!("tolerance: {}", number(case.tolerance)));
    }
    format!("({})", parts.join(", "))
}

/// A number as it reads back bit by bit.
fn number(value: f64) -> String {
    format!("{value:?}")
}

/// As a model file writes it.
impl std::fmt::Display for Literal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        fn rows(shape: &[usize], data: &[f64], f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            let Some((size, rest)) = shape.split_first() else {
                return f.write_str(&data.first().map_or_else(|| "0".to_owned(), |value| number(*value)));
            };
            f.write_str("[")?;
            let step: usize = rest.iter().product();
            for row in 0..*size {
                if row > 0 {
                    f.write_str(", ")?;
                }
                rows(rest, &data[row * step..(row + 1) * step], f)?;
            }
            f.write_str("]")
        }
        rows(&self.shape, &self.data, f)
    }
}
