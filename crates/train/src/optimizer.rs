//! Optimisers as formulas: how a parameter changes by its gradient.
//!
//! An optimiser is a list of assignments over the parameter `w`, its gradient `g`, the rate of the step
//! `rate`, the optimiser's options, its factors and its states. They are applied in order, each seeing
//! the values assigned before; the last values of `w` and of the states are the new ones. The formulas
//! become nodes of the training graph, where they are fused like any others.

use std::sync::Arc;

use graphrun_expr::{Expr, ParseError};
use graphrun_graph::{Builder, Initialiser, Key, NodeId, Parameter, TypeError};
use graphrun_tensor::Shape;

use crate::host::value;
use crate::settings::{Setting, Settings};

/// A registered optimiser.
#[derive(Clone, Copy, Debug)]
pub struct OptimizerDef {
    /// The name in a model file.
    pub name: &'static str,
    /// What it does, with its source.
    pub summary: &'static str,
    /// Its options; each has `rate` and `decay`.
    pub options: &'static [Setting],
    /// What it keeps for every parameter, from zeros.
    pub states: &'static [State],
    /// Numbers that depend on the step alone, as formulas over the options and `t`, the step from 1.
    pub factors: &'static [(&'static str, &'static str)],
    /// The assignments: a name and a formula each.
    pub lines: &'static [(&'static str, &'static str)],
}

/// An array that an optimiser keeps for every parameter, of that parameter's shape.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct State {
    /// Its name; `m` of Adam for `h.weight` is saved as `h.weight/adam.m`.
    pub name: &'static str,
    /// The option without which (that is, at 0) it is 0 in the formulas and not kept.
    pub needs: Option<&'static str>,
}

/// An optimiser with its options.
#[derive(Clone, Debug)]
pub struct Optimizer {
    def: OptimizerDef,
    options: Settings,
    states: Vec<&'static str>,
    factors: Vec<Expr>,
}

impl Optimizer {
    /// The optimiser with these options.
    ///
    /// # Errors
    /// A formula of `def` that cannot be read.
    pub fn new(def: &OptimizerDef, options: Settings) -> Result<Optimizer, ParseError> {
        let kept = |s: &&State| s.needs.is_none_or(|option| options.get(option) != 0.0);
        let states = def.states.iter().filter(kept).map(|s| s.name).collect();
        let mut names = vec!["t"];
        let mut values = vec![Expr::var(0)];
        for (name, value) in options.iter() {
            names.push(name);
            values.push(Expr::constant(value));
        }
        let factors =
            def.factors.iter().map(|(_, text)| Ok(Expr::parse(text, &names, &())?.substitute(&values).simplify()));
        let factors = factors.collect::<Result<_, ParseError>>()?;
        let optimizer = Optimizer { def: *def, options, states, factors };
        optimizer.lines(&optimizer.options)?;
        Ok(optimizer)
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.def.name
    }

    /// Its options.
    #[must_use]
    pub fn options(&self) -> &Settings {
        &self.options
    }

    /// How many numbers a step needs beside the rate.
    #[must_use]
    pub fn factors(&self) -> usize {
        self.factors.len()
    }

    /// The `k`-th such number at step `t`, from 1.
    #[must_use]
    pub fn factor(&self, k: usize, t: u64) -> f64 {
        value(&self.factors[k], &[t as f64])
    }

    /// The assignments over numbered variables: `w`, `g`, `rate`, the factors, the kept states, and then
    /// the value of each assignment before.
    fn lines(&self, options: &Settings) -> Result<Vec<(&'static str, Expr)>, ParseError> {
        let factors = self.def.factors.iter().map(|(name, _)| *name);
        let mut names: Vec<&str> = ["w", "g", "rate"].into_iter().chain(factors).collect();
        names.extend(&self.states);
        let mut values: Vec<Expr> = (0..names.len()).map(Expr::var).collect();
        let mut next = names.len();
        for state in self.def.states.iter().filter(|s| !self.states.contains(&s.name)) {
            names.push(state.name);
            values.push(Expr::constant(0.0));
        }
        // `rate` is a variable, since schedules change it.
        for (name, value) in options.iter().filter(|(name, _)| *name != "rate") {
            names.push(name);
            values.push(Expr::constant(value));
        }
        let mut lines = Vec::new();
        for (target, text) in self.def.lines {
            lines.push((*target, Expr::parse(text, &names, &())?.substitute(&values).simplify()));
            let slot = names.iter().position(|name| name == target).unwrap_or_else(|| {
                names.push(target);
                values.push(Expr::var(next));
                names.len() - 1
            });
            values[slot] = Expr::var(next);
            next += 1;
        }
        Ok(lines)
    }

    /// Emits the update of one parameter and declares its states; gives every pair of a kept array and
    /// its new value. `scalars` are the nodes of the rate and the factors.
    ///
    /// # Errors
    /// When the name of a state is taken, or a formula does not fit.
    pub fn emit(
        &self,
        b: &mut Builder,
        parameter: &Parameter,
        gradient: NodeId,
        scalars: &[NodeId],
        options: &Settings,
    ) -> Result<Vec<(NodeId, NodeId)>, TypeError> {
        let shape = b.ty(parameter.node).shape.clone();
        let mut nodes = vec![parameter.node, gradient];
        nodes.extend(scalars);
        let mut kept = vec![("w", parameter.node)];
        for state in &self.states {
            let name = format!("{}/{}.{state}", parameter.name, self.def.name.to_lowercase());
            let node = b.parameter(&name, shape.clone(), Arc::new(Zeros), false)?;
            nodes.push(node);
            kept.push((state, node));
        }
        let lines = self.lines(options).map_err(|e| TypeError::new(e.to_string()))?;
        let first = nodes.len();
        for (_, line) in &lines {
            let node = b.pointwise(line, &nodes)?;
            nodes.push(node);
        }
        let updates = kept.into_iter().filter_map(|(name, node)| {
            let last = lines.iter().rposition(|(target, _)| *target == name)?;
            Some((node, nodes[first + last]))
        });
        Ok(updates.collect())
    }
}

/// How arrays that a training run keeps begin.
#[derive(Debug)]
pub(crate) struct Zeros;

impl Initialiser for Zeros {
    fn text(&self) -> String {
        "Zeros".into()
    }

    fn fill(&self, _: Key<'_>, _: Shape, out: &mut [f64]) -> Result<(), String> {
        out.fill(0.0);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimizers::OPTIMIZERS;

    /// Minimises w^2 / 2 from 1 with every optimiser's formulas.
    fn run(name: &str, set: &[(&str, f64)], steps: u64) -> f64 {
        let def = OPTIMIZERS.iter().find(|d| d.name == name).unwrap();
        let mut options = Settings::defaults(def.options);
        set.iter().for_each(|(name, value)| options.set(name, *value));
        let optimizer = Optimizer::new(def, options).unwrap();
        let lines = optimizer.lines(&optimizer.options).unwrap();
        let (mut w, mut states) = (1.0, vec![0.0; optimizer.states.len()]);
        for t in 1..=steps {
            let mut values = vec![w, w, optimizer.options.get("rate")];
            values.extend((0..optimizer.factors()).map(|k| optimizer.factor(k, t)));
            values.extend(&states);
            let first = values.len();
            for (_, line) in &lines {
                values.push(line.eval(&values));
            }
            let last = |name| lines.iter().rposition(|(target, _)| *target == name).unwrap();
            w = values[first + last("w")];
            for (state, name) in states.iter_mut().zip(&optimizer.states) {
                *state = values[first + last(name)];
            }
        }
        w
    }

    /// Rounding of a few dozen operations near 1.
    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-13
    }

    #[test]
    fn sgd_by_hand() {
        assert!(close(run("Sgd", &[("rate", 0.5)], 3), 0.125));
        // v: 1, then 0.9 + 0.5; w: 0.5, then 0.5 - 0.5 * 1.4.
        assert!(close(run("Sgd", &[("rate", 0.5), ("momentum", 0.9)], 2), -0.2));
        // Nesterov: g + 0.9 v = 1.9, so w = 0.05; v = 0.95, g + 0.9 v = 0.905.
        let nesterov = [("rate", 0.5), ("momentum", 0.9), ("nesterov", 1.0)];
        assert!(close(run("Sgd", &nesterov, 2), 0.05 - 0.5 * (0.05 + 0.9 * 0.95)));
        assert!(close(run("Sgd", &[("rate", 0.5), ("decay", 0.5)], 1), 0.25));
    }

    #[test]
    fn adam_by_hand() {
        let (mut w, mut m, mut v) = (1.0f64, 0.0, 0.0);
        for t in 1..=20 {
            let g = w;
            m = 0.9 * m + 0.1 * g;
            v = 0.999 * v + 0.001 * g * g;
            let (mh, vh) = (m / (1.0 - 0.9f64.powi(t)), v / (1.0 - 0.999f64.powi(t)));
            w -= 0.01 * mh / (vh.sqrt() + 1e-8);
        }
        assert!((run("Adam", &[("rate", 0.01)], 20) - w).abs() < 1e-10);
    }

    #[test]
    fn the_first_step_of_each_is_what_its_paper_says() {
        let first = [
            ("Adam", 1.0 - 0.1 / (1.0 + 1e-8)),
            ("AdamW", 1.0 - 0.1 * 0.01 - 0.1 / (1.0 + 1e-8)),
            ("Nadam", 1.0 - 0.1 * (0.09 / (1.0 - 0.81) + 0.1 / 0.1) / (1.0 + 1e-8)),
            ("Adamax", 1.0 - 0.1 / (1.0 + 1e-8)),
            ("Adagrad", 1.0 - 0.1 / (1.0 + 1e-10)),
            ("RmsProp", 1.0 - 0.1 / (0.1 + 1e-8)),
            ("Adadelta", 1.0 - 0.1 * (1e-6f64).sqrt() / (0.05f64 + 1e-6).sqrt()),
            ("Lion", 0.9),
        ];
        for (name, expect) in first {
            let got = run(name, &[("rate", 0.1)], 1);
            // 1 - 0.999 leaves thirteen digits in the bias correction.
            assert!((got - expect).abs() < 1e-12, "{name}: {got} against {expect}");
        }
    }

    #[test]
    fn every_optimiser_descends_and_keeps_no_more_than_it_needs() {
        for def in OPTIMIZERS {
            let w = run(def.name, &[("rate", 0.1)], 30);
            assert!(w.abs() < 1.0, "{}: {w}", def.name);
            for option in ["rate", "decay"] {
                assert!(def.options.iter().any(|o| o.name == option), "{} {option}", def.name);
            }
        }
        let sgd = OPTIMIZERS.iter().find(|d| d.name == "Sgd").unwrap();
        let plain = Optimizer::new(sgd, Settings::defaults(sgd.options)).unwrap();
        assert!(plain.states.is_empty());
    }
}
