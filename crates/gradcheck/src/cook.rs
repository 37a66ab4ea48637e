//! From a recipe to a graph with values.

mod exponentials;
mod operands;

use graphrun_exec::Array;
use graphrun_expr::{Expr, Func};
use graphrun_graph::{Builder, Bytes, Call, Key, NodeId, OpDef, Phase, Registry, SampleInput};
use graphrun_tensor::Shape;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::array::{Values, either_sign, real};
use crate::graph::{CheckError, Problem};
use crate::recipe::{CHOICES, EXPONENTIALS, FAN, Recipe, Step};

/// The shapes that pointwise operations start from: tall, wide, square, of size 1, empty, not a multiple of a SIMD width.
const SHAPES: [&[usize]; 12] =
    [&[3], &[], &[7, 2], &[2, 9], &[3, 3], &[1], &[0, 3], &[17], &[1, 5], &[4, 1, 3], &[2, 2], &[1, 1]];

/// What became of a recipe.
#[derive(Clone, Debug)]
pub struct Dish {
    /// The graph, its values, and what is differentiated with respect to what.
    pub problem: Problem,
    /// The node of each step, for those that gave a real result.
    pub steps: Vec<Option<NodeId>>,
    /// Steps that their operation refused, with its words: a sample generator at fault.
    pub refused: Vec<(String, String)>,
    /// How many results nothing uses, although they could be.
    pub dead: usize,
    /// How many parts of exponentials are held constant.
    pub held: usize,
    /// Whether it is one step whose inputs are all leaves of its own.
    pub alone: bool,
}

/// Builds the graph of a recipe. An operation that is not registered is passed over, so that shrinking may drop any step.
///
/// # Errors
/// A recipe without any result.
pub fn cook(registry: &Registry, recipe: &Recipe) -> Result<Dish, CheckError> {
    let mut kitchen = Kitchen {
        b: Builder::new(),
        registry,
        values: Values::new(),
        pool: vec![],
        leaves: vec![],
        held: 0,
        seed: recipe.seed,
        ties: recipe.seed % 8 == 7,
        alone: recipe.steps.len() == 1,
    };
    let (mut steps, mut refused) = (vec![], vec![]);
    for (index, step) in recipe.steps.iter().enumerate() {
        let made = kitchen.step(index, step).unwrap_or_else(|error| {
            refused.push((step.op.clone(), error.message));
            None
        });
        steps.push(made);
    }
    kitchen.parameters()?;
    kitchen.serve(recipe, steps, refused)
}

struct Kitchen<'a> {
    b: Builder,
    registry: &'a Registry,
    values: Values,
    /// The nodes that later steps may use.
    pool: Vec<NodeId>,
    /// The real inputs made on the way.
    leaves: Vec<String>,
    /// How many parts of exponentials are held constant.
    held: usize,
    seed: u64,
    /// Whether values come from three only, so that ties and exact kinks are common.
    ties: bool,
    /// Whether no input has been other than a leaf of its own yet, and there is one step.
    alone: bool,
}

impl Kitchen<'_> {
    fn shape(&self, id: NodeId) -> Vec<usize> {
        self.b.ty(id).shape.iter().map(|s| s.known().unwrap_or(0)).collect()
    }

    fn step(&mut self, index: usize, step: &Step) -> Result<Option<NodeId>, CheckError> {
        let mut rng = self.rng(index, &step.bytes);
        let made = if step.op == FAN {
            Some(self.fan(index, step, &mut rng)?)
        } else if step.op == EXPONENTIALS {
            Some(self.exponentials(index, step, &mut rng)?)
        } else if let Some(op) = self.registry.op(&step.op) {
            self.call(index, op, step, &mut rng)?
        } else {
            None
        };
        if let Some(id) = made {
            self.pool.push(id);
        }
        Ok(made)
    }

    /// Values depend on the step alone, so that dropping another leaves them as they are.
    fn rng(&self, index: usize, bytes: &[u8]) -> ChaCha8Rng {
        let hash = bytes[..CHOICES]
            .iter()
            .fold(self.seed ^ index as u64, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x100_0000_01b3));
        ChaCha8Rng::seed_from_u64(hash)
    }

    /// One node, given to two to nine users whose sum is the result.
    fn fan(&mut self, index: usize, step: &Step, rng: &mut ChaCha8Rng) -> Result<NodeId, CheckError> {
        let from = match self.chosen(step.bytes[0]) {
            Some(id) => id,
            None => {
                self.leaf(&format!("x{index}"), SHAPES[usize::from(step.bytes[2]) % SHAPES.len()], -2.0, 2.0, rng)?
            }
        };
        let degree = 2 + usize::from(step.bytes[1]) % 8;
        let wave = |k: usize| Expr::unary(Func::Sin, Expr::var(0) * Expr::constant((k + 1) as f64 / 4.0));
        let users = (0..degree).map(|k| self.b.pointwise(&wave(k), &[from])).collect::<Result<Vec<_>, _>>()?;
        Ok(self.b.add(&users)?)
    }

    fn call(
        &mut self,
        index: usize,
        op: &OpDef,
        step: &Step,
        rng: &mut ChaCha8Rng,
    ) -> Result<Option<NodeId>, CheckError> {
        let Some(sample) = op.draw(&mut Bytes::new(&step.bytes[CHOICES..])) else { return Ok(None) };
        let mut inputs = vec![];
        let mut slot = 0;
        let mut previous: Option<(NodeId, &SampleInput)> = None;
        // A pointwise operation takes whatever shapes there are; the others take those of their sample.
        let common: Option<Vec<usize>> = op.expr.as_ref().map(|_| self.common(step));
        for port in &sample.inputs {
            let mut given = vec![];
            for spec in port {
                let choice = step.bytes[slot % CHOICES];
                let name = format!("x{index}_{slot}");
                let id = self.input(&name, spec, choice, common.as_deref(), previous, rng)?;
                previous = Some((id, spec));
                given.push(id);
                slot += 1;
            }
            inputs.push(given);
        }
        let phase = if step.bytes[CHOICES - 1] & 1 == 0 { Phase::Test } else { Phase::Train };
        let mut call = Call::new(&mut self.b, self.registry, &format!("y{index}"), &[]).in_phase(phase);
        call.inputs = inputs;
        let made = op.build(&mut call, &sample.options)?;
        Ok(Some(made).filter(|id| self.b.ty(*id).is_real()))
    }

    /// The shape that a pointwise step works on: that of an earlier node, or one of the list.
    fn common(&self, step: &Step) -> Vec<usize> {
        match self.chosen(step.bytes[0]) {
            Some(id) => self.shape(id),
            None => SHAPES[usize::from(step.bytes[CHOICES - 2]) % SHAPES.len()].to_vec(),
        }
    }

    fn chosen(&self, choice: u8) -> Option<NodeId> {
        let (old, which) = (!choice.is_multiple_of(4), usize::from(choice / 4));
        (old && !self.pool.is_empty()).then(|| self.pool[which % self.pool.len()])
    }

    /// Values of the parameters that operations own: drawn when they are trained, as they begin when they are not.
    fn parameters(&mut self) -> Result<(), CheckError> {
        for parameter in self.b.graph().parameters().to_vec() {
            let shape = self.shape(parameter.node);
            let name = parameter.name.to_string();
            let value = if parameter.trainable {
                let mut rng = self.rng(self.values.len(), &[0; CHOICES]);
                self.draw(&shape, -1.0, 1.0, &mut rng)
            } else {
                let mut data = vec![0.0; shape.iter().product()];
                parameter.init.fill(Key { seed: self.seed, name: &name }, Shape::of(&shape), &mut data)?;
                real(Shape::of(&shape), data)
            };
            self.values.insert(name, value);
        }
        Ok(())
    }

    /// Chooses what is differentiated: one step's result with a random upstream gradient, or a random combination of
    /// the results that nothing uses, some of which may be left out as dead branches.
    fn serve(
        self,
        recipe: &Recipe,
        steps: Vec<Option<NodeId>>,
        refused: Vec<(String, String)>,
    ) -> Result<Dish, CheckError> {
        let mut rng = self.rng(usize::MAX, &[1; CHOICES]);
        let nothing = || CheckError::new("the recipe makes nothing that could be differentiated");
        let mut dead = 0;
        let of = match recipe.focus {
            Some(focus) => vec![steps.get(focus).copied().flatten().ok_or_else(nothing)?],
            None => {
                let mut sinks = self.sinks(&steps);
                if sinks.len() > 1 && recipe.seed.is_multiple_of(3) {
                    sinks.pop();
                    dead = 1;
                }
                sinks
            }
        };
        if of.is_empty() {
            return Err(nothing());
        }
        let of = of.into_iter().map(|id| (id, cotangent(&self.shape(id), &mut rng))).collect();
        let trained = self.b.graph().parameters().iter().filter(|p| p.trainable).map(|p| p.name.to_string());
        let wrt: Vec<String> = self.leaves.iter().cloned().chain(trained).collect();
        let (alone, held) = (self.alone, self.held);
        let problem = Problem { graph: self.b.finish(), of, wrt, values: self.values };
        Ok(Dish { problem, steps, refused, dead, held, alone })
    }

    /// The results that no node uses.
    fn sinks(&self, steps: &[Option<NodeId>]) -> Vec<NodeId> {
        let mut used = vec![false; self.b.graph().nodes().len()];
        for node in self.b.graph().nodes() {
            node.inputs.iter().for_each(|input| used[input.index()] = true);
        }
        let mut sinks: Vec<NodeId> = steps.iter().flatten().copied().filter(|id| !used[id.index()]).collect();
        sinks.sort_unstable();
        sinks.dedup();
        sinks
    }
}

/// A random gradient from above: never all ones, never zero.
fn cotangent(shape: &[usize], rng: &mut ChaCha8Rng) -> Array {
    let pick = |_| either_sign(f64::from(rng.random_range(4..=12)) / 8.0, rng);
    real(Shape::of(shape), (0..shape.iter().product()).map(pick).collect())
}
