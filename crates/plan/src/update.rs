//! Parameters that a run changes: in place where nobody reads the old value afterwards, else by a copy.

use std::collections::HashMap;

use crate::PlanError;
use crate::accumulate::accumulate;
use crate::concrete::Concrete;
use crate::extent::Extent;
use crate::fuse::is_leaf;
use crate::kernel::{Bind, Kernel, Operand, Part, ValueId, Work};
use crate::lower::Lowered;

/// Makes every updated parameter be written by some kernel. Gives, for each kernel, the kernels that must run
/// before it: those that write what it reads, and those that read what it overwrites.
pub(crate) fn update(concrete: &Concrete<'_>, lowered: &mut Lowered) -> Result<Vec<Vec<usize>>, PlanError> {
    let mut before = dependencies(lowered);
    let mut asked: Vec<ValueId> = Vec::new();
    for id in concrete.graph.outputs.iter().map(|(_, id)| *id).chain(concrete.graph.loss) {
        asked.extend(lowered.of.get(&concrete.root(id)));
    }
    for &(parameter, value) in &concrete.graph.updates {
        let root = concrete.root(value);
        let (to, from) = (lowered.of[&concrete.root(parameter)], lowered.of[&root]);
        if to == from {
            continue;
        }
        let own = !is_leaf(concrete.form(root)) && !asked.contains(&from) && !asked.contains(&to);
        if !(own && in_place(lowered, &mut before, from, to)) {
            copy(concrete, lowered, &mut before, (parameter, from, to))?;
        } else {
            lowered.of.insert(root, to);
        }
    }
    accumulate(lowered, &mut before, &asked);
    Ok(before)
}

/// The kernel that writes each value.
pub(crate) fn writers(lowered: &Lowered) -> HashMap<ValueId, usize> {
    let kernels = lowered.kernels.iter().enumerate();
    kernels.flat_map(|(k, kernel)| kernel.outputs.iter().map(move |o| (o.value, k))).collect()
}

fn dependencies(lowered: &Lowered) -> Vec<Vec<usize>> {
    let writer = writers(lowered);
    let of = |kernel: &Kernel| kernel.inputs.iter().filter_map(|i| writer.get(&i.value).copied()).collect();
    lowered.kernels.iter().map(of).collect()
}

fn readers(lowered: &Lowered, value: ValueId) -> Vec<usize> {
    let reads = |kernel: &Kernel| kernel.inputs.iter().any(|i| i.value == value);
    (0..lowered.kernels.len()).filter(|&k| reads(&lowered.kernels[k])).collect()
}

/// Lets the kernel that computes `from` write into the memory of `to`, if every other reader of `to` can run
/// before it and it reads `to` itself, if at all, point by point.
fn in_place(lowered: &mut Lowered, before: &mut [Vec<usize>], from: ValueId, to: ValueId) -> bool {
    let writes = |kernel: &Kernel| kernel.outputs.iter().position(|o| o.value == from);
    let Some((k, output)) = lowered.kernels.iter().enumerate().find_map(|(k, kernel)| Some((k, writes(kernel)?)))
    else {
        return false;
    };
    if lowered.kernels.iter().any(|kernel| kernel.outputs.iter().any(|o| o.value == to)) {
        return false;
    }
    let others: Vec<usize> = readers(lowered, to).into_iter().filter(|&r| r != k).collect();
    if others.iter().any(|&reader| reaches(before, reader, k)) {
        return false;
    }
    let kernel = &mut lowered.kernels[k];
    if let Some(read) = kernel.inputs.iter().position(|i| i.value == to) {
        let Work::Program { binds, sums, .. } = &mut kernel.work else { return false };
        let of_read = |bind: &&mut Bind| match **bind {
            Bind::Input(i, _) | Bind::RowIndex(i) => i == read,
            Bind::Output(_) => false,
        };
        let twice = kernel.inputs.iter().filter(|i| i.value == to).count() > 1;
        match binds.iter_mut().find(of_read) {
            Some(bind @ Bind::Input(_, Extent::Full)) if !twice && !sums[output] => *bind = Bind::Output(output),
            _ => return false,
        }
        for bind in binds {
            if let Bind::Input(i, _) | Bind::RowIndex(i) = bind {
                *i -= usize::from(*i > read);
            }
        }
        kernel.inputs.remove(read);
    }
    for operand in lowered.kernels.iter_mut().flat_map(|k| k.inputs.iter_mut().chain(&mut k.outputs)) {
        if operand.value == from {
            operand.value = to;
        }
    }
    before[k].extend(others);
    true
}

/// Copies `from` to `to` after every reader of `to`.
fn copy(
    concrete: &Concrete<'_>,
    lowered: &mut Lowered,
    before: &mut Vec<Vec<usize>>,
    (parameter, from, to): (graphrun_graph::NodeId, ValueId, ValueId),
) -> Result<(), PlanError> {
    let mut after = readers(lowered, to);
    let writes = |kernel: &Kernel| kernel.outputs.iter().any(|o| o.value == from);
    after.extend(lowered.kernels.iter().position(writes));
    // A value that another update has overwritten in the meantime is lost.
    let overwritten = |kernel: &Kernel| kernel.outputs.iter().any(|o| o.value == from);
    if is_leaf_value(concrete, lowered, from) && lowered.kernels.iter().any(overwritten) {
        let name = concrete.graph.describe(parameter);
        return Err(PlanError::new(format!("the update of {name} reads a parameter that is itself overwritten")));
    }
    let operand = |value: ValueId| Operand { value, shape: lowered.values[value.index()].shape, part: Part::Whole };
    let kernel = Kernel {
        work: Work::Copy,
        nodes: vec![parameter],
        inputs: vec![operand(from)],
        outputs: vec![operand(to)],
        rows: 1,
        flops: lowered.values[to.index()].len as f64,
    };
    lowered.kernels.push(kernel);
    before.push(after);
    Ok(())
}

fn is_leaf_value(concrete: &Concrete<'_>, lowered: &Lowered, value: ValueId) -> bool {
    lowered.of.iter().any(|(id, v)| *v == value && is_leaf(concrete.form(*id)))
}

/// Whether kernel `to` must run before kernel `from`.
pub(crate) fn reaches(before: &[Vec<usize>], from: usize, to: usize) -> bool {
    let mut seen = vec![false; before.len()];
    let mut stack = vec![from];
    while let Some(k) = stack.pop() {
        if k == to {
            return true;
        }
        if !std::mem::replace(&mut seen[k], true) {
            stack.extend(&before[k]);
        }
    }
    false
}
