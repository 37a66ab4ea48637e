//! `graphrun show`: the nodes of a model with their shapes, parameters and cost.

use std::path::PathBuf;

use graphrun::graph::{NodeId, Sizes};
use graphrun::load::{LoadOptions, ModelNode, PrintOptions, draft, print};
use graphrun::plan::{Options, PASSES, Plan, Stage, plan, simplify};
use graphrun::tensor::{Dtype, Shape};
use graphrun::{Graph, Phase, nodes};
use serde_json::{Value, json};

use crate::args::Common;
use crate::failure::{Failure, Found, say};
use crate::kernels;
use crate::model::{open, unprinted};
use crate::step::{Mode, step};
use crate::table::table;

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// The model file
    file: PathBuf,
    /// The stages and kernels of the plan
    #[arg(long, group = "planned")]
    plan: bool,
    /// What the plan, or the graph behind passes, computes
    #[arg(long, value_enum, default_value_t = Mode::Forward, requires = "planned")]
    mode: Mode,
    /// The graph after the passes up to this one, as a model file
    #[arg(long, value_name = "PASS", group = "planned", value_parser = PASSES.iter().map(|pass| pass.name).collect::<Vec<_>>())]
    after: Option<String>,
}

/// One line of the table.
struct Row {
    name: String,
    op: String,
    shape: String,
    params: usize,
    madds: usize,
    bytes: usize,
}

pub(crate) fn run(args: &Args, common: &Common) -> Result<Found, Failure> {
    let model = match open(&args.file, &[], common) {
        Err(Failure::Files(found)) if !common.json => {
            broken(args, common)?;
            return Err(Failure::Files(found));
        }
        model => model?,
    };
    if let Some(pass) = &args.after {
        return after(step(&model, args.mode)?, pass, common);
    }
    let graph = model.graph(Phase::Test);
    let sizes = sizes(graph);
    let options = Options { dtype: common.dtype(Dtype::F32), max_bytes: common.max_bytes() };
    let planned = if args.plan { step(&model, args.mode)? } else { graph.clone() };
    let plan = plan(&planned, &sizes, &options)?;
    let rows = rows(graph, &model.nodes, &sizes, options.dtype);
    let params: usize = graph.parameters().iter().map(|p| elements(graph, p.node, &sizes)).sum();
    let total: usize = graph.ids().map(|(id, _)| madds(graph, id, &sizes)).sum();
    if common.json {
        let nodes: Vec<Value> = rows
            .iter()
            .map(|r| {
                json!({"name": r.name, "op": r.op, "shape": r.shape, "params": r.params, "madds": r.madds,
                "bytes": r.bytes})
            })
            .collect();
        let mut found = json!({"nodes": nodes, "params": params, "madds": total, "bytes": plan.bytes});
        if args.plan {
            found["stages"] = stages(&simplify(&planned)?, &plan);
        }
        say(found)?;
        return Ok(Found::Nothing);
    }
    say_rows(rows)?;
    let assumed: Vec<String> = sizes.iter().map(|(name, n)| format!("{name} = {n}")).collect();
    let at = if assumed.is_empty() { String::new() } else { format!(" at {}", assumed.join(", ")) };
    say(format!(
        "{params} parameters, {total} multiply-adds, {} bytes planned, {} live at once{at}",
        plan.bytes, plan.live_bytes
    ))?;
    if args.plan {
        say_stages(&stages(&simplify(&planned)?, &plan))?;
    }
    Ok(Found::Nothing)
}

/// The rows of a file with errors, up to the first node that could not be built.
fn broken(args: &Args, common: &Common) -> Result<(), Failure> {
    let draft = draft(&args.file, &nodes::standard(), &LoadOptions::default());
    match &draft.model {
        Err(partial) if !partial.nodes.is_empty() => {
            let sizes = sizes(&partial.graph);
            say_rows(rows(&partial.graph, &partial.nodes, &sizes, common.dtype(Dtype::F32)))
        }
        _ => Ok(()),
    }
}

/// A row for each of these nodes.
fn rows(graph: &Graph, nodes: &[ModelNode], sizes: &Sizes, dtype: Dtype) -> Vec<Row> {
    let row = |node: &ModelNode| {
        let prefix = format!("{}.", node.name);
        let inside =
            |id: NodeId| graph.node(id).label.as_deref().is_some_and(|l| l == node.name || l.starts_with(&prefix));
        let members: Vec<NodeId> = graph.ids().map(|(id, _)| id).filter(|&id| inside(id)).collect();
        let owned = graph.parameters().iter().filter(|p| p.name.starts_with(&prefix) || *p.name == *node.name);
        Row {
            name: node.name.clone(),
            op: node.op.clone(),
            shape: graph.ty(node.id).to_string(),
            params: owned.map(|p| elements(graph, p.node, sizes)).sum(),
            madds: members.iter().map(|&id| madds(graph, id, sizes)).sum(),
            bytes: elements(graph, node.id, sizes) * dtype.bytes(),
        }
    };
    nodes.iter().map(row).collect()
}

fn say_rows(rows: Vec<Row>) -> Result<(), Failure> {
    let mut table = table(["node", "op", "shape", "parameters", "multiply-adds", "live bytes"], 3);
    for row in rows {
        let counts = [row.params, row.madds, row.bytes].map(|count| count.to_string());
        table.add_row([row.name, row.op, row.shape].into_iter().chain(counts));
    }
    say(table)
}

/// The graph behind the passes up to `last`, as the planner sees it.
fn after(mut graph: Graph, last: &str, common: &Common) -> Result<Found, Failure> {
    for pass in PASSES {
        graph = pass.run(&graph)?;
        if pass.name == last {
            break;
        }
    }
    let text = print(&graph, &nodes::standard(), &PrintOptions::default()).map_err(unprinted)?;
    match common.json {
        true => say(json!({ "model": text }))?,
        false => say(text.trim_end())?,
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

fn madds(graph: &Graph, id: NodeId, sizes: &Sizes) -> usize {
    let shape = |id: NodeId| graph.ty(id).concrete(sizes).ok();
    let inputs: Option<Vec<Shape>> = graph.node(id).inputs.iter().map(|&input| shape(input)).collect();
    inputs.zip(shape(id)).map_or(0, |(inputs, out)| graph.node(id).op.madds(&inputs, out))
}

/// The stages in order, each with the kernels that run on its chunks.
fn stages(graph: &Graph, plan: &Plan) -> Value {
    let kernel = |&k: &usize| {
        let kernel = &plan.kernels[k];
        json!({"kernel": kernels::describe(kernel), "nodes": kernels::nodes(graph, kernel)})
    };
    let stage = |stage: &Stage| {
        let kernels: Vec<Value> = stage.kernels.iter().map(kernel).collect();
        json!({"rows": stage.rows, "chunks": stage.tiles(), "kernels": kernels})
    };
    plan.stages.iter().map(stage).collect()
}

fn say_stages(stages: &Value) -> Result<(), Failure> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
    for (number, stage) in stages.as_array().into_iter().flatten().enumerate() {
        say(format!("stage {number}: {} rows in {} chunks", stage["rows"], stage["chunks"]))?;
        for kernel in stage["kernels"].as_array().into_iter().flatten() {
            let (what, nodes) = (text(&kernel["kernel"]), text(&kernel["nodes"]));
            say(if nodes.is_empty() { format!("  {what}") } else { format!("  {what}: {nodes}") })?;
        }
    }
    Ok(())
}
