//! Lanes that share their parameters.

use std::collections::BTreeMap;
use std::sync::Arc;

use graphrun_exec::Array;
use graphrun_graph::{Graph, Key};
use graphrun_plan::ValueId;
use graphrun_tensor::{Dtype, Element, Shape};

use crate::error::TrainError;
use crate::lane::Lane;

/// The kept arrays of a run and the lanes that use them. Each array lives in the lane that used it last, and
/// is copied when another wants it; that allocates nothing.
#[derive(Debug)]
pub(crate) struct Engine {
    dtype: Dtype,
    arrays: Vec<Kept>,
    lanes: Vec<(Lane, Vec<(usize, ValueId)>)>,
}

#[derive(Debug)]
struct Kept {
    name: Arc<str>,
    shape: Shape,
    /// The value while no lane has it.
    home: Vec<f64>,
    lane: Option<(usize, ValueId)>,
}

/// What to do about parameters that there cannot be.
const SMALLER: &str = "give every size of the model a smaller number, or allow more memory";

impl Engine {
    /// The parameters of `graph` as they begin: a function of the seed and their names.
    ///
    /// # Errors
    /// A parameter whose size is not known or whose initialiser does not apply, or more than `max_bytes` of them.
    pub(crate) fn new(graph: &Graph, dtype: Dtype, seed: u64, max_bytes: usize) -> Result<Engine, TrainError> {
        let mut arrays = Vec::new();
        let mut bytes = 0usize;
        for parameter in graph.parameters() {
            let failed = |e: String| TrainError::new(format!("parameter `{}`: {e}", parameter.name), SMALLER);
            let shape = graph.ty(parameter.node).concrete(&graph.sizes).map_err(failed)?;
            bytes = bytes.saturating_add(shape.len().saturating_mul(size_of::<f64>()));
            if bytes > max_bytes {
                let (needed, most) = (bytes >> 20, max_bytes >> 20);
                return Err(failed(format!(
                    "{shape}; with it the parameters take {needed} MiB, and at most {most} MiB may be used"
                )));
            }
            let mut home = vec![0.0; shape.len()];
            parameter.init.fill(Key { seed, name: &parameter.name }, shape, &mut home).map_err(failed)?;
            arrays.push(Kept { name: parameter.name.clone(), shape, home, lane: None });
        }
        Ok(Engine { dtype, arrays, lanes: Vec::new() })
    }

    /// Adds a lane; gives its number.
    pub(crate) fn add(&mut self, lane: Lane) -> usize {
        let place = |name: &Arc<str>| self.arrays.iter().position(|a| a.name == *name);
        let uses = lane.parameters().iter().filter_map(|p| Some((place(&p.name)?, p.value))).collect();
        self.lanes.push((lane, uses));
        self.lanes.len() - 1
    }

    /// A lane, as it last ran.
    pub(crate) fn lane(&self, lane: usize) -> &Lane {
        &self.lanes[lane].0
    }

    /// A lane with the current values of all its parameters.
    pub(crate) fn enter(&mut self, lane: usize) -> &mut Lane {
        for k in 0..self.lanes[lane].1.len() {
            let (array, value) = self.lanes[lane].1[k];
            match self.arrays[array].lane {
                Some((at, _)) if at == lane => continue,
                None => self.lanes[lane].0.executor_mut().set_reals(value, &self.arrays[array].home),
                Some((from, old)) => match self.dtype {
                    Dtype::F32 => self.copy::<f32>((from, old), (lane, value)),
                    Dtype::F64 => self.copy::<f64>((from, old), (lane, value)),
                },
            }
            self.arrays[array].lane = Some((lane, value));
        }
        &mut self.lanes[lane].0
    }

    fn copy<T: Element>(&mut self, from: (usize, ValueId), to: (usize, ValueId)) {
        if let Ok([source, target]) = self.lanes.get_disjoint_mut([from.0, to.0]) {
            target.0.executor_mut().write::<T>(to.1).copy_from_slice(source.0.executor().read::<T>(from.1));
        }
    }

    /// The arrays whose names are wanted.
    pub(crate) fn arrays(&self, wanted: impl Fn(&str) -> bool) -> Result<BTreeMap<String, Array>, TrainError> {
        let kept = self.arrays.iter().filter(|a| wanted(&a.name));
        let arrays = kept.map(|a| {
            let values = match a.lane {
                Some((lane, value)) => self.lanes[lane].0.executor().reals(value),
                None => a.home.clone(),
            };
            Ok((a.name.to_string(), Array::real(a.shape, values).map_err(|e| TrainError::new(e, SMALLER))?))
        });
        arrays.collect()
    }

    /// Sets the arrays that are given; the shapes are right.
    pub(crate) fn set(&mut self, arrays: &BTreeMap<String, Array>) {
        for kept in &mut self.arrays {
            if let Some(array) = arrays.get(&*kept.name) {
                kept.home = array.to_reals();
                kept.lane = None;
            }
        }
    }
}
