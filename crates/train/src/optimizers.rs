//! The optimisers that come with graphrun.

use crate::optimizer::{OptimizerDef, State};
use crate::settings::{Range, Setting};

const fn set(name: &'static str, default: f64, range: Range, doc: &'static str) -> Setting {
    Setting { name, default, range, doc }
}

const fn keeps(name: &'static str) -> State {
    State { name, needs: None }
}

const DECAY: Setting = set("decay", 0.0, Range::From(0.0), "weight decay, added to the gradient as decay * w");
const BETA1: Setting = set("beta1", 0.9, Range::Memory, "memory of the mean of gradients");
const BETA2: Setting = set("beta2", 0.999, Range::Memory, "memory of the mean of squares");
const EPSILON: Setting = set("epsilon", 1e-8, Range::From(0.0), "keeps the divisor from zero");
const MOMENTUM: Setting = set("momentum", 0.0, Range::Share, "share of the last step that is kept");

const DECAYED: (&str, &str) = ("g", "if(decay, g + decay * w, g)");
const SHRUNK: (&str, &str) = ("w", "if(decay, w - rate * decay * w, w)");
const MEAN: (&str, &str) = ("m", "beta1 * m + (1 - beta1) * g");
const SQUARES: (&str, &str) = ("v", "beta2 * v + (1 - beta2) * square(g)");
const UNBIAS1: (&str, &str) = ("c1", "1 / (1 - beta1 ^ t)");
const UNBIAS2: (&str, &str) = ("c2", "1 / (1 - beta2 ^ t)");
const ADAM: (&str, &str) = ("w", "w - rate * (c1 * m) / (sqrt(c2 * v) + epsilon)");

/// The list, by name.
pub const OPTIMIZERS: &[OptimizerDef] = &[
    OptimizerDef {
        name: "Adadelta",
        summary: "steps scaled by the root mean square of earlier steps over that of gradients (Zeiler 2012)",
        options: &[
            set("rate", 1.0, Range::From(0.0), "size of a step"),
            set("rho", 0.95, Range::Memory, "memory of both means of squares"),
            set("epsilon", 1e-6, Range::From(0.0), "keeps both roots from zero"),
            DECAY,
        ],
        states: &[keeps("s"), keeps("u")],
        factors: &[],
        lines: &[
            DECAYED,
            ("s", "rho * s + (1 - rho) * square(g)"),
            ("d", "sqrt(u + epsilon) / sqrt(s + epsilon) * g"),
            ("u", "rho * u + (1 - rho) * square(d)"),
            ("w", "w - rate * d"),
        ],
    },
    OptimizerDef {
        name: "Adagrad",
        summary: "steps divided by the root of the sum of all squared gradients (Duchi et al. 2011)",
        options: &[
            set("rate", 0.01, Range::From(0.0), "size of a step"),
            set("epsilon", 1e-10, Range::From(0.0), "keeps the divisor from zero"),
            DECAY,
        ],
        states: &[keeps("s")],
        factors: &[],
        lines: &[DECAYED, ("s", "s + square(g)"), ("w", "w - rate * g / (sqrt(s) + epsilon)")],
    },
    OptimizerDef {
        name: "Adam",
        summary: "the mean of gradients over the root of the mean of their squares, both unbiased (Kingma and Ba 2015)",
        options: &[set("rate", 0.001, Range::From(0.0), "size of a step"), BETA1, BETA2, EPSILON, DECAY],
        states: &[keeps("m"), keeps("v")],
        factors: &[UNBIAS1, UNBIAS2],
        lines: &[DECAYED, MEAN, SQUARES, ADAM],
    },
    OptimizerDef {
        name: "AdamW",
        summary: "Adam with the decay taken off the parameter itself (Loshchilov and Hutter 2019)",
        options: &[
            set("rate", 0.001, Range::From(0.0), "size of a step"),
            BETA1,
            BETA2,
            EPSILON,
            set("decay", 0.01, Range::From(0.0), "share of the parameter taken off, times the rate"),
        ],
        states: &[keeps("m"), keeps("v")],
        factors: &[UNBIAS1, UNBIAS2],
        lines: &[MEAN, SQUARES, SHRUNK, ADAM],
    },
    OptimizerDef {
        name: "Adamax",
        summary: "Adam by the largest gradient in place of the root mean square (Kingma and Ba 2015)",
        options: &[set("rate", 0.002, Range::From(0.0), "size of a step"), BETA1, BETA2, EPSILON, DECAY],
        states: &[keeps("m"), keeps("u")],
        factors: &[UNBIAS1],
        lines: &[DECAYED, MEAN, ("u", "max(beta2 * u, abs(g) + epsilon)"), ("w", "w - rate * (c1 * m) / u")],
    },
    OptimizerDef {
        name: "Lion",
        summary: "the sign of a mean of gradients, decay taken off the parameter itself (Chen et al. 2023)",
        options: &[
            set("rate", 1e-4, Range::From(0.0), "size of a step"),
            BETA1,
            set("beta2", 0.99, Range::Memory, "memory of the mean that is kept"),
            set("decay", 0.0, Range::From(0.0), "share of the parameter taken off, times the rate"),
        ],
        states: &[keeps("m")],
        factors: &[],
        lines: &[
            ("d", "sign(beta1 * m + (1 - beta1) * g)"),
            ("m", "beta2 * m + (1 - beta2) * g"),
            SHRUNK,
            ("w", "w - rate * d"),
        ],
    },
    OptimizerDef {
        name: "Nadam",
        summary: "Adam that looks a step ahead, as Nesterov's momentum does (Dozat 2016)",
        options: &[set("rate", 0.002, Range::From(0.0), "size of a step"), BETA1, BETA2, EPSILON, DECAY],
        states: &[keeps("m"), keeps("v")],
        factors: &[UNBIAS1, UNBIAS2, ("ahead", "1 / (1 - beta1 ^ (t + 1))")],
        lines: &[
            DECAYED,
            MEAN,
            SQUARES,
            ("look", "ahead * beta1 * m + c1 * (1 - beta1) * g"),
            ("w", "w - rate * look / (sqrt(c2 * v) + epsilon)"),
        ],
    },
    OptimizerDef {
        name: "RmsProp",
        summary: "steps divided by the root of a fading mean of squared gradients (Tieleman and Hinton 2012)",
        options: &[
            set("rate", 0.001, Range::From(0.0), "size of a step"),
            set("rho", 0.99, Range::Memory, "memory of the mean of squares"),
            EPSILON,
            MOMENTUM,
            DECAY,
        ],
        states: &[keeps("s"), State { name: "v", needs: Some("momentum") }],
        factors: &[],
        lines: &[
            DECAYED,
            ("s", "rho * s + (1 - rho) * square(g)"),
            ("v", "momentum * v + g / (sqrt(s) + epsilon)"),
            ("w", "w - rate * v"),
        ],
    },
    OptimizerDef {
        name: "Sgd",
        summary: "a step against the gradient, with momentum (Polyak 1964) and Nesterov's look ahead (1983) if asked for",
        options: &[
            set("rate", 0.01, Range::From(0.0), "size of a step"),
            MOMENTUM,
            set("nesterov", 0.0, Range::Flag, "whether to look a step ahead"),
            DECAY,
        ],
        states: &[State { name: "v", needs: Some("momentum") }],
        factors: &[],
        lines: &[DECAYED, ("v", "momentum * v + g"), ("w", "w - rate * if(nesterov, g + momentum * v, v)")],
    },
];
