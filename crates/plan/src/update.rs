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
    let mut links = Links::of(lowered);
    let mut before = links.dependencies(lowered);
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
        if !(own && in_place(lowered, &mut links, &mut before, from, to)) {
            copy(concrete, lowered, &mut links, &mut before, (parameter, from, to))?;
        } else {
            lowered.of.insert(root, to);
        }
    }
    accumulate(lowered, &links, &mut before, &asked);
    Ok(before)
}

/// Which kernels touch each value.
#[derive(Default)]
pub(crate) struct Links {
    writer: HashMap<ValueId, usize>,
    /// A kernel stands here once for each of its inputs.
    readers: HashMap<ValueId, Vec<usize>>,
}

impl Links {
    pub(crate) fn of(lowered: &Lowered) -> Links {
        let mut links = Links::default();
        lowered.kernels.iter().enumerate().for_each(|(k, kernel)| links.add(k, kernel));
        links
    }

    fn add(&mut self, k: usize, kernel: &Kernel) {
        self.writer.extend(kernel.outputs.iter().map(|output| (output.value, k)));
        for input in &kernel.inputs {
            self.readers.entry(input.value).or_default().push(k);
        }
    }

    /// The kernel that writes a value.
    pub(crate) fn writer(&self, value: ValueId) -> Option<usize> {
        self.writer.get(&value).copied()
    }

    /// The kernels that read a value.
    pub(crate) fn readers(&self, value: ValueId) -> &[usize] {
        self.readers.get(&value).map_or(&[], |readers| readers)
    }

    /// For each kernel, those that write what it reads.
    fn dependencies(&self, lowered: &Lowered) -> Vec<Vec<usize>> {
        let of = |kernel: &Kernel| kernel.inputs.iter().filter_map(|input| self.writer(input.value)).collect();
        lowered.kernels.iter().map(of).collect()
    }

    /// Lets those that touch `from` touch `to` instead.
    fn rename(&mut self, lowered: &mut Lowered, from: ValueId, to: ValueId) {
        let readers = self.readers.remove(&from).unwrap_or_default();
        let writer = self.writer.remove(&from);
        for &k in readers.iter().chain(&writer) {
            let kernel = &mut lowered.kernels[k];
            let touched = kernel.inputs.iter_mut().chain(&mut kernel.outputs);
            touched.filter(|operand| operand.value == from).for_each(|operand| operand.value = to);
        }
        self.writer.extend(writer.map(|k| (to, k)));
        self.readers.entry(to).or_default().extend(readers);
    }
}

/// Lets the kernel that computes `from` write into the memory of `to`, if every other reader of `to` can run
/// before it and it reads `to` itself, if at all, point by point.
fn in_place(lowered: &mut Lowered, links: &mut Links, before: &mut [Vec<usize>], from: ValueId, to: ValueId) -> bool {
    let Some(k) = links.writer(from).filter(|_| links.writer(to).is_none()) else { return false };
    let Some(output) = lowered.kernels[k].outputs.iter().position(|o| o.value == from) else { return false };
    let others: Vec<usize> = links.readers(to).iter().copied().filter(|&r| r != k).collect();
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
        links.readers.insert(to, others.clone());
    }
    links.rename(lowered, from, to);
    before[k].extend(others);
    true
}

/// Copies `from` to `to` after every reader of `to`.
fn copy(
    concrete: &Concrete<'_>,
    lowered: &mut Lowered,
    links: &mut Links,
    before: &mut Vec<Vec<usize>>,
    (parameter, from, to): (graphrun_graph::NodeId, ValueId, ValueId),
) -> Result<(), PlanError> {
    let writer = links.writer(from);
    let after = links.readers(to).iter().copied().chain(writer).collect();
    // A value that another update has overwritten in the meantime is lost.
    if writer.is_some() && is_leaf_value(concrete, lowered, from) {
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
    links.add(lowered.kernels.len(), &kernel);
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
