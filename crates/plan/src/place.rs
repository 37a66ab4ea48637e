//! Where each value lies: memory is shared by values that are never alive at the same time.

use graphrun_tensor::{ALIGN, Dtype};

use crate::kernel::{Kernel, Stage, Value, ValueId};

/// Sets the lifetimes and offsets of all values. Those in `kept` live through the whole run. Gives the bytes
/// of the arena, and the greatest number of bytes alive in any one stage.
pub(crate) fn place(
    values: &mut [Value],
    kernels: &[Kernel],
    stages: &[Stage],
    kept: &[ValueId],
    dtype: Dtype,
) -> (usize, usize) {
    let mut live: Vec<Option<(usize, usize)>> = vec![None; values.len()];
    for (s, stage) in stages.iter().enumerate() {
        for kernel in stage.kernels.iter().map(|&k| &kernels[k]) {
            for operand in kernel.inputs.iter().chain(&kernel.outputs) {
                let (first, last) = live[operand.value.index()].get_or_insert((s, s));
                (*first, *last) = ((*first).min(s), (*last).max(s));
            }
        }
    }
    let end = stages.len().saturating_sub(1);
    for value in kept {
        live[value.index()] = Some((0, end));
    }
    let size = |value: &Value| (value.len * if value.index { 8 } else { dtype.bytes() }).next_multiple_of(ALIGN);
    let mut order: Vec<usize> = (0..values.len()).filter(|&v| live[v].is_some()).collect();
    order.sort_by_key(|&v| (std::cmp::Reverse(size(&values[v])), v));
    let mut placed: Vec<(usize, usize, (usize, usize))> = Vec::with_capacity(order.len());
    let mut bytes = 0;
    for v in order {
        let Some(own) = live[v] else { continue };
        let wanted = size(&values[v]);
        // The first gap that is wide enough between the values alive at the same time, kept in order of offset.
        let mut offset = 0;
        for &(start, stop, other) in &placed {
            let together = other.0 <= own.1 && own.0 <= other.1;
            if together && wanted > 0 {
                if offset + wanted <= start {
                    break;
                }
                offset = offset.max(stop);
            }
        }
        let at = placed.partition_point(|&(start, _, _)| start < offset);
        placed.insert(at, (offset, offset + wanted, own));
        bytes = bytes.max(offset + wanted);
        values[v].offset = offset;
        values[v].live = own;
    }
    let alive = |s: usize| -> usize {
        placed.iter().filter(|(_, _, (first, last))| *first <= s && s <= *last).map(|(a, b, _)| b - a).sum()
    };
    let greatest = (0..stages.len().max(1)).map(alive).max().unwrap_or(0);
    (bytes, greatest)
}
