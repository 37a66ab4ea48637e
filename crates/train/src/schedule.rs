//! Schedules: the share of the optimiser's rate that a step takes, as one formula each.

use graphrun_expr::{Expr, ParseError};

use crate::host::value;
use crate::settings::{Range, Setting, Settings};

/// A registered schedule.
///
/// The formula sees the options and `p`, the share of the run that is over, from 0 when the warm-up ends to 1 when the
/// run does, behind its last step, as in Keras and PyTorch: no step is spent at the end's rate, which may be 0; `epoch`,
/// the whole epochs since the warm-up; and `stalls`, how often the loss has not fallen for `patience` epochs.
#[derive(Clone, Copy, Debug)]
pub struct ScheduleDef {
    /// The name in a model file.
    pub name: &'static str,
    /// What it does.
    pub summary: &'static str,
    /// Its options; each has `warmup`.
    pub options: &'static [Setting],
    /// The share.
    pub formula: &'static str,
}

/// Where a run stands.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Moment {
    /// The step, from 0.
    pub step: u64,
    /// The number of steps in the run.
    pub steps: u64,
    /// The batches in an epoch.
    pub per_epoch: u64,
    /// The batches that a step takes together.
    pub per_step: u64,
    /// How often the loss has stalled.
    pub stalls: u64,
}

/// A schedule with its options.
#[derive(Clone, Debug)]
pub struct Schedule {
    def: ScheduleDef,
    options: Settings,
    share: Expr,
}

impl Schedule {
    /// The schedule with these options.
    ///
    /// # Errors
    /// A formula of `def` that cannot be read.
    pub fn new(def: &ScheduleDef, options: Settings) -> Result<Schedule, ParseError> {
        let mut names = vec!["p", "epoch", "stalls"];
        let mut values: Vec<Expr> = (0..names.len()).map(Expr::var).collect();
        for (name, value) in options.iter() {
            names.push(name);
            values.push(Expr::constant(value));
        }
        let share = Expr::parse(def.formula, &names, &())?.substitute(&values).simplify();
        Ok(Schedule { def: *def, options, share })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.def.name
    }

    /// The epochs without a lower loss that count as a stall, for a schedule that asks for them.
    #[must_use]
    pub fn patience(&self) -> Option<u64> {
        let asks = self.def.options.iter().any(|o| o.name == "patience");
        asks.then(|| self.options.get("patience").max(1.0) as u64)
    }

    /// The share of the rate at this moment; in the warm-up it rises in equal parts from 0 to what the schedule begins
    /// with.
    #[must_use]
    pub fn share(&self, at: Moment) -> f64 {
        let warmup = self.options.get("warmup").max(0.0);
        let step = at.step as f64;
        let length = (at.steps as f64 - warmup).max(1.0);
        let p = ((step - warmup) / length).clamp(0.0, 1.0);
        let batches = at.step.saturating_sub(warmup.ceil() as u64) * at.per_step;
        let epoch = batches / at.per_epoch.max(1);
        let share = value(&self.share, &[p, epoch as f64, at.stalls as f64]);
        if step < warmup { share * (step + 1.0) / (warmup + 1.0) } else { share }
    }
}

const fn set(name: &'static str, default: f64, range: Range, doc: &'static str) -> Setting {
    Setting { name, default, range, doc }
}

const WARMUP: Setting = set("warmup", 0.0, Range::From(0.0), "steps over which the rate rises from 0");
const END: Setting = set("end", 0.0, Range::From(0.0), "share of the rate at the end");

/// The schedules that come with graphrun, by name.
pub const SCHEDULES: &[ScheduleDef] = &[
    ScheduleDef { name: "Constant", summary: "the rate as it is", options: &[WARMUP], formula: "1" },
    ScheduleDef {
        name: "Cosine",
        summary: "half a cosine from the rate to `end`",
        options: &[END, WARMUP],
        formula: "end + (1 - end) * (1 + cos(3.141592653589793 * p)) / 2",
    },
    ScheduleDef {
        name: "Exponential",
        summary: "times `factor` every epoch",
        options: &[set("factor", 0.95, Range::From(0.0), "what an epoch multiplies by"), WARMUP],
        formula: "factor ^ epoch",
    },
    ScheduleDef {
        name: "Linear",
        summary: "a straight line from the rate to `end`",
        options: &[END, WARMUP],
        formula: "1 + (end - 1) * p",
    },
    ScheduleDef {
        name: "OneCycle",
        summary: "up from `start` and down to `end`, each half a cosine (Smith 2018)",
        options: &[
            set("start", 0.04, Range::From(0.0), "share of the rate at the start"),
            set("peak", 0.3, Range::Memory, "share of the run at which the rate is reached"),
            set("end", 0.0001, Range::From(0.0), "share of the rate at the end"),
            WARMUP,
        ],
        formula: "if(p < peak, start + (1 - start) * (1 - cos(3.141592653589793 * p / peak)) / 2, \
                  end + (1 - end) * (1 + cos(3.141592653589793 * (p - peak) / (1 - peak))) / 2)",
    },
    ScheduleDef {
        name: "Plateau",
        summary: "times `factor` whenever the loss has not fallen for `patience` epochs",
        options: &[
            set("factor", 0.1, Range::From(0.0), "what a stall multiplies by"),
            set("patience", 10.0, Range::Whole(1), "epochs without a lower loss"),
            END,
            WARMUP,
        ],
        formula: "max(end, factor ^ stalls)",
    },
    ScheduleDef {
        name: "Polynomial",
        summary: "from the rate to `end` by a power of what is left of the run",
        options: &[set("power", 2.0, Range::From(0.0), "the power"), END, WARMUP],
        formula: "end + (1 - end) * (1 - p) ^ power",
    },
    ScheduleDef {
        name: "Step",
        summary: "times `factor` every `every` epochs",
        options: &[
            set("every", 10.0, Range::Above(0.0), "epochs between changes"),
            set("factor", 0.1, Range::From(0.0), "what a change multiplies by"),
            WARMUP,
        ],
        formula: "factor ^ floor(epoch / every)",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(name: &str, set: &[(&str, f64)]) -> Schedule {
        let def = SCHEDULES.iter().find(|d| d.name == name).unwrap();
        let mut options = Settings::defaults(def.options);
        set.iter().for_each(|(name, value)| options.set(name, *value));
        Schedule::new(def, options).unwrap()
    }

    #[test]
    fn shares_at_landmarks() {
        let steps = 100;
        let at = |step: u64, epoch: u64, stalls| Moment {
            step: step + 10 * epoch,
            steps,
            per_epoch: 10,
            per_step: 1,
            stalls,
        };
        let cases: [(&str, &[(&str, f64)], Moment, f64); 21] = [
            ("Constant", &[], at(50, 0, 0), 1.0),
            ("Constant", &[("warmup", 9.0)], at(0, 0, 0), 0.1),
            ("Constant", &[("warmup", 9.0)], at(9, 0, 0), 1.0),
            ("Cosine", &[], at(0, 0, 0), 1.0),
            ("Cosine", &[], at(50, 0, 0), 0.5),
            ("Cosine", &[("end", 0.2)], at(100, 0, 0), 0.2),
            ("Cosine", &[("warmup", 50.0)], at(75, 0, 0), 0.5),
            ("Linear", &[], at(25, 0, 0), 0.75),
            ("Polynomial", &[], at(50, 0, 0), 0.25),
            ("Exponential", &[("factor", 0.5)], at(0, 3, 0), 0.125),
            ("Step", &[("every", 2.0)], at(0, 5, 0), 0.01),
            ("OneCycle", &[], at(0, 0, 0), 0.04),
            ("OneCycle", &[], at(30, 0, 0), 1.0),
            ("OneCycle", &[], at(100, 0, 0), 0.0001),
            // What falls by the epoch begins to when the warm-up is over.
            ("Exponential", &[("factor", 0.5), ("warmup", 25.0)], at(24, 0, 0), 25.0 / 26.0),
            ("Exponential", &[("factor", 0.5), ("warmup", 25.0)], at(34, 0, 0), 1.0),
            ("Exponential", &[("factor", 0.5), ("warmup", 25.0)], at(35, 0, 0), 0.5),
            ("Step", &[("every", 2.0), ("warmup", 5.0)], at(4, 2, 0), 1.0),
            ("Step", &[("every", 2.0), ("warmup", 5.0)], at(5, 2, 0), 0.1),
            ("Plateau", &[], at(0, 0, 2), 0.01),
            ("Plateau", &[("end", 0.05)], at(0, 0, 2), 0.05),
        ];
        for (name, set, moment, expect) in cases {
            let got = schedule(name, set).share(moment);
            // Rounding of a cosine and a few operations.
            assert!((got - expect).abs() < 1e-12, "{name} {set:?} {moment:?}: {got}");
        }
    }

    #[test]
    fn every_schedule_is_finite_from_start_to_end_and_knows_warmup() {
        for def in SCHEDULES {
            assert!(def.options.iter().any(|o| o.name == "warmup"), "{}", def.name);
            for steps in [0, 1, 2, 50] {
                let schedule = schedule(def.name, &[("warmup", 3.0)]);
                for step in 0..=steps {
                    let share = schedule.share(Moment { step, steps, per_epoch: 2, per_step: 1, stalls: 0 });
                    assert!((0.0..=1.0).contains(&share), "{} {step}/{steps}: {share}", def.name);
                    assert!(share > 0.0 || step == steps, "{}: step {step} of {steps} is wasted", def.name);
                }
            }
        }
        assert_eq!(schedule("Plateau", &[]).patience(), Some(10));
        assert_eq!(schedule("Cosine", &[]).patience(), None);
    }
}
