//! A plan with its memory, ready to run again and again.

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use graphrun_plan::{Kernel, Operand, Part, Plan, Stage, Value, ValueId, Work};
use graphrun_tensor::{Access, Arena, Dtype, Element, Lent, Place, Schedule, Scratch, Shape};

use crate::run::{Draw, Scalar, run};

/// The threads that runs are spread over. Results are the same bits whatever their number.
#[derive(Clone, Debug, Default)]
pub struct Threads(Option<Arc<rayon::ThreadPool>>);

impl Threads {
    /// As many threads as given; 0 means one for every core.
    ///
    /// # Errors
    /// When the system gives no threads, in words.
    pub fn new(count: usize) -> Result<Threads, String> {
        let available = std::thread::available_parallelism().map_or(1, usize::from);
        let count = if count == 0 { available } else { count };
        if count == 1 {
            return Ok(Threads(None));
        }
        let pool = rayon::ThreadPoolBuilder::new().num_threads(count).build();
        pool.map(|pool| Threads(Some(Arc::new(pool)))).map_err(|e| format!("{count} threads cannot be started: {e}"))
    }

    /// Calls `f` on one of the threads. Runs of executors with these threads start faster there, by the time that it
    /// takes to hand work from one thread to another and back: it is meant to go around a loop of runs.
    pub fn install<R: Send>(&self, f: impl FnOnce() -> R + Send) -> R {
        match &self.0 {
            Some(pool) => pool.install(f),
            None => f(),
        }
    }

    /// Their number.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.as_ref().map_or(1, |pool| pool.current_num_threads())
    }
}

/// A plan and the memory it runs in.
#[derive(Debug)]
pub struct Executor {
    plan: Arc<Plan>,
    schedule: Schedule,
    arena: Arena,
    threads: Threads,
    index: Vec<bool>,
    spread: bool,
}

impl Executor {
    /// Makes the memory of a plan; all of it is zero.
    ///
    /// # Panics
    /// When the plan is inconsistent, which plans made by `graphrun_plan` are not.
    #[must_use]
    pub fn new(plan: Arc<Plan>, threads: Threads) -> Executor {
        let schedule = match Schedule::new(plan.stages.iter().map(|stage| tiles(&plan, stage)).collect()) {
            Ok(schedule) => schedule,
            Err(conflict) => panic!("the plan is inconsistent: {conflict}"),
        };
        let scratch = plan
            .stages
            .iter()
            .flat_map(|stage| stage.kernels.iter().map(|&k| scratch(&plan.kernels[k], stage, plan.dtype)));
        let arena = Arena::new(plan.bytes.max(schedule.bytes()), scratch.max().unwrap_or(0), threads.count());
        let index = plan.values.iter().map(|v| v.index).collect();
        let spread = threads.count() > 1 && plan.stages.iter().any(|stage| stage.tiles() > 1);
        Executor { plan, schedule, arena, threads, index, spread }
    }

    /// The plan.
    #[must_use]
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// The elements of a value.
    ///
    /// # Panics
    /// When the value holds elements of another type.
    #[must_use]
    pub fn read<T: Element>(&self, value: ValueId) -> &[T] {
        self.arena.get(range(&self.plan.values[value.index()], self.plan.dtype))
    }

    /// The elements of a value, to write.
    ///
    /// # Panics
    /// When the value holds elements of another type.
    pub fn write<T: Element>(&mut self, value: ValueId) -> &mut [T] {
        let range = range(&self.plan.values[value.index()], self.plan.dtype);
        self.arena.get_mut(range)
    }

    /// The elements of a value as double precision.
    #[must_use]
    pub fn reals(&self, value: ValueId) -> Vec<f64> {
        match (self.index[value.index()], self.plan.dtype) {
            (true, _) => self.read::<i64>(value).iter().map(|&i| i as f64).collect(),
            (_, Dtype::F32) => self.read::<f32>(value).iter().map(|&x| f64::from(x)).collect(),
            (_, Dtype::F64) => self.read::<f64>(value).to_vec(),
        }
    }

    /// Writes reals, rounded to the precision of the plan.
    ///
    /// # Panics
    /// When the number of elements is not the value's.
    pub fn set_reals(&mut self, value: ValueId, from: &[f64]) {
        match self.plan.dtype {
            Dtype::F32 => {
                let to = self.write::<f32>(value);
                assert_eq!(to.len(), from.len(), "elements to set");
                to.iter_mut().zip(from).for_each(|(to, from)| *to = *from as f32);
            }
            Dtype::F64 => self.write::<f64>(value).copy_from_slice(from),
        }
    }

    /// Fills all memory with NaN bits: what a run does not write shows.
    pub fn poison(&mut self) {
        self.arena.poison();
    }

    /// Runs the plan once.
    pub fn run(&mut self, draw: Draw) {
        match self.plan.dtype {
            Dtype::F32 => self.run_as::<f32>(draw),
            Dtype::F64 => self.run_as::<f64>(draw),
        }
    }

    fn run_as<T: Scalar>(&mut self, draw: Draw) {
        let (plan, index) = (&*self.plan, &*self.index);
        let work = |place: Place, lent: &mut Lent<'_>, scratch: &mut Scratch<'_>| {
            let stage = &plan.stages[place.stage];
            let kernel = &plan.kernels[stage.kernels[place.kernel]];
            run::<T>(kernel, index, rows(kernel, stage, place.tile), lent, scratch, draw);
        };
        match &self.threads.0 {
            Some(pool) if self.spread => {
                let members = pool.current_num_threads();
                self.arena.run(
                    &self.schedule,
                    |member| {
                        pool.in_place_scope(|scope| {
                            for number in 1..members {
                                scope.spawn(move |_| member(number));
                            }
                            member(0);
                        });
                    },
                    work,
                );
            }
            _ => self.arena.run_alone(&self.schedule, work),
        }
    }

    /// Runs once on one thread and gives the time spent in each kernel of the plan.
    pub fn profile(&mut self, draw: Draw) -> Vec<Duration> {
        match self.plan.dtype {
            Dtype::F32 => self.profile_as::<f32>(draw),
            Dtype::F64 => self.profile_as::<f64>(draw),
        }
    }

    fn profile_as<T: Scalar>(&mut self, draw: Draw) -> Vec<Duration> {
        let (plan, index) = (&*self.plan, &*self.index);
        let spent = std::cell::RefCell::new(vec![Duration::ZERO; plan.kernels.len()]);
        self.arena.run_alone(&self.schedule, |place, lent, scratch| {
            let stage = &plan.stages[place.stage];
            let k = stage.kernels[place.kernel];
            let start = Instant::now();
            run::<T>(&plan.kernels[k], index, rows(&plan.kernels[k], stage, place.tile), lent, scratch, draw);
            spent.borrow_mut()[k] += start.elapsed();
        });
        spent.into_inner()
    }
}

/// The rows of a kernel that a tile of its stage covers.
fn rows(kernel: &Kernel, stage: &Stage, tile: usize) -> Range<usize> {
    if stage.whole() { 0..kernel.rows } else { stage.range(tile) }
}

fn range(value: &Value, dtype: Dtype) -> Range<usize> {
    let size = if value.index { 8 } else { dtype.bytes() };
    value.offset..value.offset + value.len * size
}

fn tiles(plan: &Plan, stage: &Stage) -> Vec<Vec<Access>> {
    let access = |kernel: &Kernel, tile: usize| {
        let lent = |operand: &Operand| {
            let whole = range(&plan.values[operand.value.index()], plan.dtype);
            let part = |at: Range<usize>, of: usize| match of {
                0 => whole.start..whole.start,
                _ => whole.start + whole.len() / of * at.start..whole.start + whole.len() / of * at.end,
            };
            match operand.part {
                Part::Whole => whole.clone(),
                Part::Rows => part(rows(kernel, stage, tile), kernel.rows),
                Part::Tile => part(tile..tile + 1, stage.tiles()),
            }
        };
        Access { reads: kernel.inputs.iter().map(lent).collect(), writes: kernel.outputs.iter().map(lent).collect() }
    };
    let kernels = |tile: usize| stage.kernels.iter().map(|&k| access(&plan.kernels[k], tile)).collect();
    (0..stage.tiles()).map(kernels).collect()
}

/// The scratch that a kernel takes for a chunk of its stage, in bytes.
fn scratch(kernel: &Kernel, stage: &Stage, dtype: Dtype) -> usize {
    match dtype {
        Dtype::F32 => scratch_as::<f32>(kernel, stage),
        Dtype::F64 => scratch_as::<f64>(kernel, stage),
    }
}

fn scratch_as<T: Scalar>(kernel: &Kernel, stage: &Stage) -> usize {
    let chunk = rows(kernel, stage, 0).len();
    match &kernel.work {
        Work::Program { program, inner, .. } => program.scratch::<T>(*inner) * size_of::<T>(),
        Work::MatMul(p) => {
            let count = p.rows / kernel.rows.max(1) * chunk;
            let least = |rows| graphrun_tensor::matmul_scratch::<T>(rows, p.cols, p.depth);
            // The last chunk has fewer rows, and a stack is multiplied matrix by matrix.
            let counts = [count, p.rows, p.rows.saturating_sub(count), p.rows % count.max(1)];
            counts.into_iter().map(least).max().unwrap_or(0) * size_of::<T>()
        }
        Work::Op(op) => {
            let shapes: Vec<Shape> = kernel.inputs.iter().map(|i| i.shape).collect();
            op.scratch(&shapes, kernel.outputs[0].shape, T::DTYPE)
        }
        Work::Reduce(..) | Work::Copy | Work::Fill(_) => 0,
    }
}
