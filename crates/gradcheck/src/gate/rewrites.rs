//! Bugs planted in a gradient graph, after a right reverse walk.

use graphrun_expr::Expr;
use graphrun_graph::{At, Builder, Form, Node, NodeId, Reduce, Type, TypeError};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::toy::{Kernel, Toy, like_first, no_gradient};
use crate::copy::{Emit, copy, same};
use crate::graph::Pair;

/// Plants a bug, or leaves the pair as it is where it has no place for it.
pub(super) type Plant = fn(Pair, &mut ChaCha8Rng) -> Pair;

/// The bugs by name.
pub(super) const PLANTS: [(&str, Plant); 13] = [
    ("sign", |pair, rng| scaled(pair, rng, -1.0)),
    ("factor 2", |pair, rng| scaled(pair, rng, 2.0)),
    ("scale 1 + 1e-3", |pair, rng| scaled(pair, rng, 1.0 + 1e-3)),
    ("scale 1 - 1e-3", |pair, rng| scaled(pair, rng, 1.0 - 1e-3)),
    ("scale 1 + 1e-6", |pair, rng| scaled(pair, rng, 1.0 + 1e-6)),
    ("scale 1 - 1e-6", |pair, rng| scaled(pair, rng, 1.0 - 1e-6)),
    ("upstream gradient dropped", dropped_upstream),
    ("a term of a fan-out lost", |pair, rng| {
        edited(pair, rng, &is_sum_of(2), &|b, node, inputs| resum(b, node, &inputs[1..]))
    }),
    ("double count above 4 uses", |pair, rng| {
        edited(pair, rng, &is_sum_of(5), &|b, node, inputs| resum(b, node, &[inputs, &inputs[..1]].concat()))
    }),
    ("broadcast sum dropped", |pair, rng| {
        edited(pair, rng, &is_reduction, &|b, node, inputs| b.node(first_slice(node), inputs))
    }),
    ("broadcast sum over the wrong axis", |pair, rng| {
        edited(pair, rng, &is_square_sum, &|b, node, inputs| {
            let Form::Reduce { axes, keep, .. } = node.op.form() else { return same(b, node, inputs) };
            let other = 1 - axes[0];
            let swapped = b.sum(inputs[0], &[other], keep)?;
            // With the axis kept, the sizes that are left stand the other way round.
            b.reshape(swapped, &node.ty.shape)
        })
    }),
    ("tail elements skipped", |pair, rng| wrapped(pair, rng, tail_skipped())),
    ("f32 in an f64 backward", |pair, rng| wrapped(pair, rng, single())),
];

/// Right values whose own gradient is wrong: only second derivatives tell.
pub(super) fn wrong_second_order(pair: Pair, rng: &mut ChaCha8Rng) -> Pair {
    let kernel: Kernel = |_, x, out| out.copy_from_slice(&x[0].data);
    let vjp = |_: &Toy, b: &mut Builder, at: At<'_>| {
        Ok(vec![Some(b.pointwise(&(Expr::constant(2.0) * Expr::var(0)), &[at.grad])?)])
    };
    wrapped(pair, rng, Toy { name: "GateIdentity", p: [0; 4], shapes: like_first, kernel, vjp })
}

/// One gradient, chosen at random, replaced by what `f` makes of it.
fn output(mut pair: Pair, rng: &mut ChaCha8Rng, f: &dyn Fn(&mut Builder, NodeId) -> Result<NodeId, TypeError>) -> Pair {
    if pair.backward.outputs.is_empty() {
        return pair;
    }
    let k = rng.random_range(0..pair.backward.outputs.len());
    let mut b = Builder::from_graph(pair.backward.clone());
    if let Ok(changed) = f(&mut b, pair.backward.outputs[k].1) {
        b.graph_mut().outputs[k].1 = changed;
        pair.backward = b.finish();
    }
    pair
}

fn scaled(pair: Pair, rng: &mut ChaCha8Rng, factor: f64) -> Pair {
    output(pair, rng, &|b, id| b.pointwise(&(Expr::constant(factor) * Expr::var(0)), &[id]))
}

fn wrapped(pair: Pair, rng: &mut ChaCha8Rng, toy: Toy) -> Pair {
    output(pair, rng, &|b, id| b.node(toy, &[id]))
}

/// Every element beyond the last whole four is left at zero, as by a SIMD loop without a tail.
fn tail_skipped() -> Toy {
    let kernel: Kernel = |_, x, out| {
        let whole = out.len() / 4 * 4;
        out[..whole].copy_from_slice(&x[0].data[..whole]);
    };
    Toy { name: "GateTail", p: [0; 4], shapes: like_first, kernel, vjp: no_gradient }
}

fn single() -> Toy {
    let kernel: Kernel = |_, x, out| out.iter_mut().zip(&x[0].data).for_each(|(y, x)| *y = f64::from(*x as f32));
    Toy { name: "GateSingle", p: [0; 4], shapes: like_first, kernel, vjp: no_gradient }
}

/// The first of the summed elements instead of their sum.
fn first_slice(node: &Node) -> Toy {
    let kernel: Kernel = |_, x, out| {
        let n = out.len();
        out.copy_from_slice(&x[0].data[..n]);
    };
    let rank = node.ty.rank();
    let mut p = [0; 4];
    for (slot, size) in p.iter_mut().zip(&node.ty.shape) {
        *slot = size.known().unwrap_or(0);
    }
    let shapes: super::toy::Shapes = match rank {
        0 => |_, _| Ok(vec![]),
        1 => |toy, _| Ok(toy.p[..1].iter().map(|n| (*n).into()).collect()),
        2 => |toy, _| Ok(toy.p[..2].iter().map(|n| (*n).into()).collect()),
        _ => |toy, _| Ok(toy.p[..3].iter().map(|n| (*n).into()).collect()),
    };
    Toy { name: "GateFirst", p, shapes, kernel, vjp: no_gradient }
}

/// Copies the gradient graph, each node beyond those of the forward graph by `emit`. A change that does not type-check
/// is no bug that could ship, and leaves the pair as it is.
fn copied(mut pair: Pair, emit: &mut Emit<'_>) -> Pair {
    let mut b = Builder::from_graph(pair.forward.clone());
    let shared = pair.shared;
    let copied = copy(&mut b, &pair.backward, &mut |b, id, node, inputs| match id.index() < shared {
        true => Ok(id),
        false => emit(b, id, node, inputs),
    });
    if copied.is_ok() {
        pair.backward = b.finish();
    }
    pair
}

/// Changes one node of the gradient, chosen at random among those that fit.
fn edited(
    pair: Pair,
    rng: &mut ChaCha8Rng,
    fits: &dyn Fn(&Pair, &Node) -> bool,
    change: &dyn Fn(&mut Builder, &Node, &[NodeId]) -> Result<NodeId, TypeError>,
) -> Pair {
    let gradient = pair.backward.ids().skip(pair.shared);
    let sites: Vec<NodeId> = gradient.filter(|(_, node)| fits(&pair, node)).map(|(id, _)| id).collect();
    if sites.is_empty() {
        return pair;
    }
    let site = sites[rng.random_range(0..sites.len())];
    copied(pair, &mut |b, id, node, inputs| match id == site {
        true => change(b, node, inputs),
        false => same(b, node, inputs),
    })
}

/// An elementwise sum of at least this many nodes of the sum's own shape: a fan-out.
fn is_sum_of(least: usize) -> impl Fn(&Pair, &Node) -> bool {
    move |pair, node| {
        node.op.name() == "Add"
            && node.inputs.len() >= least
            && node.inputs.iter().all(|i| pair.backward.ty(*i) == &node.ty)
    }
}

fn resum(b: &mut Builder, node: &Node, inputs: &[NodeId]) -> Result<NodeId, TypeError> {
    let total = b.add(inputs)?;
    b.broadcast(total, &node.ty.shape)
}

/// A sum over leading axes only, of up to three axes left: what broadcasting leaves behind.
fn is_reduction(pair: &Pair, node: &Node) -> bool {
    let Form::Reduce { with: Reduce::Sum, .. } = node.op.form() else { return false };
    let from: Option<usize> = pair.backward.ty(node.inputs[0]).len().known();
    node.ty.rank() <= 3 && from > node.ty.len().known()
}

fn is_square_sum(pair: &Pair, node: &Node) -> bool {
    let Form::Reduce { with: Reduce::Sum, axes, .. } = node.op.form() else { return false };
    let from: &Type = pair.backward.ty(node.inputs[0]);
    axes.len() == 1 && from.rank() == 2 && from.shape[0] == from.shape[1] && from.shape[0].known() > Some(1)
}

/// What comes from above counts as one.
fn dropped_upstream(pair: Pair, _: &mut ChaCha8Rng) -> Pair {
    let fed: Vec<NodeId> = pair.cotangents.iter().filter_map(|name| pair.backward.find(name)).collect();
    copied(pair, &mut |b, _, node, inputs| {
        let replaced = inputs.iter().map(|input| {
            if !fed.contains(input) {
                return Ok(*input);
            }
            let shape = b.ty(*input).shape.clone();
            let one = b.constant(1.0)?;
            b.broadcast(one, &shape)
        });
        let replaced = replaced.collect::<Result<Vec<_>, _>>()?;
        same(b, node, &replaced)
    })
}
