//! The kernels of a plan, for people.

use graphrun::Graph;
use graphrun::plan::{Kernel, Work};

/// The most nodes of a kernel that are named.
const NAMED: usize = 3;

/// What a kernel does.
pub(crate) fn describe(kernel: &Kernel) -> String {
    match &kernel.work {
        Work::Program { rows, inner, .. } => format!("program {rows} x {inner}"),
        Work::MatMul(p) => {
            let added = if p.accumulate.is_some() { ", added" } else { "" };
            format!("product {} x {} x {}{added}", p.rows, p.depth, p.cols)
        }
        Work::Reduce(with, _) => format!("{with:?}"),
        Work::Copy => "copy".into(),
        Work::Fill(_) => "fill".into(),
        Work::Op(op) => op.name().to_string(),
    }
}

/// The nodes of `graph`, the one that was planned, that a kernel computes.
pub(crate) fn nodes(graph: &Graph, kernel: &Kernel) -> String {
    let mut names: Vec<&str> = kernel.nodes.iter().filter_map(|&id| graph.node(id).label.as_deref()).collect();
    names.dedup();
    let more = if names.len() > NAMED { format!(" and {} more", names.len() - NAMED) } else { String::new() };
    format!("{}{more}", names[..names.len().min(NAMED)].join(", "))
}

/// The floating-point operations of a kernel: two a multiply-add, and an estimate for everything else.
pub(crate) fn flops(kernel: &Kernel) -> f64 {
    let Work::Op(op) = &kernel.work else { return kernel.flops };
    let shapes: Vec<_> = kernel.inputs.iter().map(|input| input.shape).collect();
    match kernel.outputs.first().map_or(0, |out| op.madds(&shapes, out.shape)) {
        0 => kernel.flops,
        madds => 2.0 * madds as f64,
    }
}
