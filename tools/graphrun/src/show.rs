//! `graphrun show`: the nodes of a model with their shapes, parameters and cost.

use std::path::PathBuf;

use comfy_table::Table;
use graphrun::graph::{Form, NodeId, Sizes};
use graphrun::plan::{Options, plan};
use graphrun::tensor::Dtype;
use graphrun::{Graph, Phase};
use serde_json::{Value, json};

use crate::args::Common;
use crate::failure::{Failure, Found, say};
use crate::model::open;

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// The model file
    file: PathBuf,
    /// The stages and kernels of the plan
    #[arg(long)]
    plan: bool,
}

/// One line of the table.
struct Row {
    name: String,
    op: String,
    shape: String,
    params: usize,
    madds: usize,
}

pub(crate) fn run(args: &Args, common: &Common) -> Result<Found, Failure> {
    let model = open(&args.file, &[], common)?;
    let graph = model.graph(Phase::Test);
    let sizes = sizes(graph);
    let options = Options { dtype: common.dtype(Dtype::F32), max_bytes: common.max_bytes() };
    let plan = plan(graph, &sizes, &options)?;
    let mut rows = Vec::new();
    for node in &model.nodes {
        let prefix = format!("{}.", node.name);
        let inside =
            |id: NodeId| graph.node(id).label.as_deref().is_some_and(|l| l == node.name || l.starts_with(&prefix));
        let members: Vec<NodeId> = graph.ids().map(|(id, _)| id).filter(|&id| inside(id)).collect();
        let owned = graph.parameters().iter().filter(|p| p.name.starts_with(&prefix) || *p.name == *node.name);
        rows.push(Row {
            name: node.name.clone(),
            op: node.op.clone(),
            shape: graph.ty(node.id).to_string(),
            params: owned.map(|p| elements(graph, p.node, &sizes)).sum(),
            madds: members.iter().map(|&id| madds(graph, id, &sizes)).sum(),
        });
    }
    let params: usize = graph.parameters().iter().map(|p| elements(graph, p.node, &sizes)).sum();
    let total: usize = graph.ids().map(|(id, _)| madds(graph, id, &sizes)).sum();
    if common.json {
        let nodes: Vec<Value> = rows
            .iter()
            .map(|r| json!({"name": r.name, "op": r.op, "shape": r.shape, "params": r.params, "madds": r.madds}))
            .collect();
        say(json!({"nodes": nodes, "params": params, "madds": total, "bytes": plan.bytes}))?;
        return Ok(Found::Nothing);
    }
    let mut table = Table::new();
    table.set_header(["node", "op", "shape", "parameters", "multiply-adds"]);
    for row in rows {
        table.add_row([row.name, row.op, row.shape, row.params.to_string(), row.madds.to_string()]);
    }
    say(table)?;
    let assumed: Vec<String> = sizes.iter().map(|(name, n)| format!("{name} = {n}")).collect();
    let at = if assumed.is_empty() { String::new() } else { format!(" at {}", assumed.join(", ")) };
    say(format!(
        "{params} parameters, {total} multiply-adds, {} bytes planned, {} live at once{at}",
        plan.bytes, plan.live_bytes
    ))?;
    if args.plan {
        for (number, stage) in plan.stages.iter().enumerate() {
            say(format!("stage {number}: {} rows in {} chunks", stage.rows, stage.tiles()))?;
            for &k in &stage.kernels {
                let names: Vec<String> = plan.kernels[k].nodes.iter().map(|id| id.index().to_string()).collect();
                say(format!("  kernel {k}: nodes {} ({} flops)", names.join(" "), plan.kernels[k].flops))?;
            }
        }
    }
    Ok(Found::Nothing)
}

/// The file's default sizes, and 1 for symbols without one.
pub(crate) fn sizes(graph: &Graph) -> Sizes {
    let mut sizes = graph.sizes.clone();
    for (_, id) in graph.inputs() {
        for size in &graph.ty(*id).shape {
            size.symbols(&mut |symbol| {
                sizes.entry(symbol.into()).or_insert(1);
            });
        }
    }
    sizes
}

fn elements(graph: &Graph, id: NodeId, sizes: &Sizes) -> usize {
    graph.ty(id).concrete(sizes).map_or(0, |shape| shape.len())
}

/// The multiply-adds of a product of matrices; other operations count none.
fn madds(graph: &Graph, id: NodeId, sizes: &Sizes) -> usize {
    let node = graph.node(id);
    let Form::MatMul { transpose_a, .. } = node.op.form() else { return 0 };
    let depth = graph.ty(node.inputs[0]).concrete(sizes).map_or(0, |shape| shape.from_end(usize::from(transpose_a)));
    elements(graph, id, sizes) * depth
}
