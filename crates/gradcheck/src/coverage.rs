//! What random graphs have been like, so that their variety can be asserted.

use std::collections::BTreeMap;

use graphrun_graph::{Form, Graph, Leaf, NodeId};

use crate::array::reals;
use crate::cook::Dish;
use crate::recipe::{EXPONENTIALS, FAN, Recipe};

/// How many cases had each feature and each operation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// How many cases there were.
    pub cases: usize,
    /// Cases by feature of the graph.
    pub features: BTreeMap<String, usize>,
    /// Cases by operation.
    pub ops: BTreeMap<String, usize>,
}

/// The features that random graphs are asked for.
pub const FEATURES: [&str; 25] = [
    "fan-out 1",
    "fan-out 2",
    "fan-out 3",
    "fan-out 4",
    "fan-out 5",
    "fan-out 6",
    "fan-out 7",
    "fan-out 8",
    "fan-out 9",
    "diamond",
    "leaf used twice",
    "x with x",
    "tall",
    "wide",
    "square",
    "size-1 broadcast",
    "rank-mismatched broadcast",
    "empty",
    "odd width",
    "dead branch",
    "several outputs",
    "exponentials with a stable form",
    "exponentials held in part",
    "ties",
    "stride, dilation and kernel differ",
];

impl Coverage {
    /// Counts one case.
    pub fn count(&mut self, recipe: &Recipe, dish: &Dish) {
        self.cases += 1;
        let graph = &dish.problem.graph;
        let mut met: Vec<String> = graph_features(graph);
        let tied = |d: &[f64]| d.iter().enumerate().any(|(k, v)| d[..k].contains(v));
        if dish.problem.values.values().any(|v| tied(reals(v))) {
            met.push("ties".to_owned());
        }
        if dish.dead > 0 {
            met.push("dead branch".to_owned());
        }
        if dish.problem.of.len() > 1 {
            met.push("several outputs".to_owned());
        }
        if recipe.steps.iter().any(|step| step.op == EXPONENTIALS) {
            met.push("exponentials with a stable form".to_owned());
        }
        if dish.held > 0 {
            met.push("exponentials held in part".to_owned());
        }
        met.sort_unstable();
        met.dedup();
        for feature in met {
            *self.features.entry(feature).or_default() += 1;
        }
        let mut ops: Vec<&str> = recipe.steps.iter().map(|s| s.op.as_str()).collect();
        ops.retain(|op| ![FAN, EXPONENTIALS].contains(op));
        ops.sort_unstable();
        ops.dedup();
        for op in ops {
            *self.ops.entry(op.to_owned()).or_default() += 1;
        }
    }

    /// Adds the cases of another count.
    pub fn merge(&mut self, other: &Coverage) {
        self.cases += other.cases;
        for (into, from) in [(&mut self.features, &other.features), (&mut self.ops, &other.ops)] {
            for (name, count) in from {
                *into.entry(name.clone()).or_default() += count;
            }
        }
    }

    /// The features that fewer than `share` of the cases had, and the `ops` that none had.
    pub fn missing(&self, share: f64, ops: &[&str]) -> Vec<String> {
        let least = share * self.cases as f64;
        let seen = |feature: &str| self.features.get(feature).copied().unwrap_or(0);
        let features = FEATURES.iter().filter(|f| (seen(f) as f64) < least);
        let features = features.map(|f| format!("{f}: {} of {} cases", seen(f), self.cases));
        let ops = ops.iter().filter(|op| !self.ops.contains_key(**op)).map(|op| format!("{op}: never drawn"));
        features.chain(ops).collect()
    }
}

fn graph_features(graph: &Graph) -> Vec<String> {
    let mut met = vec![];
    let mut uses = vec![0usize; graph.nodes().len()];
    let mut ancestors: Vec<u128> = vec![];
    for (id, node) in graph.ids() {
        node.inputs.iter().for_each(|i| uses[i.index()] += 1);
        // A leaf is everybody's ancestor by chance; a diamond opens at a computed node.
        let own = if node.inputs.is_empty() { 0 } else { 1u128 << (id.index() % 128) };
        let above = |i: &NodeId| ancestors[i.index()];
        let mut seen = 0;
        for input in &node.inputs {
            if above(input) & seen != 0 && !met.iter().any(|m| m == "diamond") {
                met.push("diamond".to_owned());
            }
            seen |= above(input);
        }
        ancestors.push(own | seen);
        if node.inputs.iter().enumerate().any(|(k, i)| node.inputs[..k].contains(i)) {
            met.push("x with x".to_owned());
        }
        met.extend(shape_features(graph, id));
        if differ(graph, id) {
            met.push("stride, dilation and kernel differ".to_owned());
        }
    }
    for (id, node) in graph.ids() {
        let leaf = matches!(node.op.form(), Form::Leaf(Leaf::Input(_) | Leaf::Parameter(_)));
        if leaf && uses[id.index()] > 1 {
            met.push("leaf used twice".to_owned());
        }
        if (1..=9).contains(&uses[id.index()]) {
            met.push(format!("fan-out {}", uses[id.index()]));
        }
    }
    met
}

fn shape_features(graph: &Graph, id: NodeId) -> Vec<String> {
    let sizes = |id: NodeId| -> Vec<usize> { graph.ty(id).shape.iter().map(|s| s.known().unwrap_or(0)).collect() };
    let shape = sizes(id);
    let mut met = vec![];
    if let [.., rows, columns] = shape[..] {
        met.push(if rows > columns {
            "tall"
        } else if rows < columns {
            "wide"
        } else {
            "square"
        });
    }
    if shape.contains(&0) {
        met.push("empty");
    }
    if shape.last().is_some_and(|n| *n > 1 && n % 4 != 0) {
        met.push("odd width");
    }
    let node = graph.node(id);
    if matches!(node.op.form(), Form::Pointwise(_)) {
        for input in node.inputs.iter().map(|i| sizes(*i)) {
            if input.len() < shape.len() {
                met.push("rank-mismatched broadcast");
            }
            if input.iter().rev().zip(shape.iter().rev()).any(|(a, b)| *a == 1 && *b != 1) {
                met.push("size-1 broadcast");
            }
        }
    }
    met.into_iter().map(str::to_owned).collect()
}

/// Whether a window has a kernel, a stride and a dilation of which no two are equal along its first axis. The kernel is an
/// option, or has the sizes of a weight `[units, channels, height, width]`.
fn differ(graph: &Graph, id: NodeId) -> bool {
    let node = graph.node(id);
    let options = node.op.options();
    let value = |name: &str| -> Option<usize> {
        let at = options.find(&format!("{name}: "))? + name.len() + 2;
        options[at..].trim_start_matches(['[', '(']).split([',', ')', ']']).next()?.trim().parse().ok()
    };
    let weight = || {
        let mut weights = node.inputs.iter().map(|input| graph.ty(*input)).filter(|ty| ty.rank() == 4);
        weights.next_back().and_then(|ty| ty.shape[2].known())
    };
    match (value("kernel").or_else(weight), value("stride"), value("dilation")) {
        (Some(kernel), Some(stride), Some(dilation)) => kernel != stride && stride != dilation && kernel != dilation,
        _ => false,
    }
}
