//! The groups of a `train` section: one table of fields for whoever reads them and whoever describes them.

use crate::settings::Range;

/// A group `(name: value, ...)`.
#[derive(Debug)]
pub(crate) struct Group {
    /// What messages call it.
    pub(crate) what: &'static str,
    /// Its fields, in the order in which one writes them.
    pub(crate) fields: &'static [Field],
}

/// A field of a group.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    /// Its name.
    pub(crate) name: &'static str,
    /// What it holds.
    pub(crate) holds: Holds,
    /// What it does.
    pub(crate) doc: &'static str,
}

/// What a field holds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Holds {
    /// A number, and what it is when the field is left out.
    Number(Range, Option<f64>),
    /// A group of its own.
    Group(&'static Group),
    /// A map from names or patterns to such groups.
    Groups(&'static Group),
    /// What is written like this.
    Form(&'static str),
}

const fn field(name: &'static str, holds: Holds, doc: &'static str) -> Field {
    Field { name, holds, doc }
}

const fn number(name: &'static str, range: Range, default: Option<f64>, doc: &'static str) -> Field {
    field(name, Holds::Number(range, default), doc)
}

/// The section itself.
pub(crate) const TRAIN: Group = Group {
    what: "the `train` section",
    fields: &[
        field("data", Holds::Form("(source: ..., feeds: { ... }, test: 0.2)"), "where rows come from; required"),
        field("batch", Holds::Form("a number of rows, or Full"), "rows in a batch; all of them unless given"),
        number("epochs", Range::Whole(0), None, "passes over the data; this or `steps` is required"),
        number("steps", Range::Whole(0), None, "steps of the optimiser; this or `epochs` is required"),
        number("seed", Range::Whole(0), Some(0.0), "the seed of everything random"),
        field("optimizer", Holds::Form("Name(option: value, ...)"), "how parameters change; required"),
        field(
            "schedule",
            Holds::Form("Name(option: value, ...)"),
            "the share of the rate that each step takes; Constant unless given",
        ),
        number("l1", Range::From(0.0), Some(0.0), "penalty on the sum of magnitudes"),
        number("l2", Range::From(0.0), Some(0.0), "penalty on the sum of squares"),
        number("accumulate", Range::Whole(1), Some(1.0), "batches whose gradients are averaged into one step"),
        number("clip_value", Range::From(0.0), None, "bound on the magnitude of each element of a gradient"),
        number("clip_norm", Range::From(0.0), None, "bound on the norm of the gradient over all parameters"),
        field("params", Holds::Groups(&OVERRIDE), "exceptions for the parameters that match a pattern; later ones win"),
        field("metrics", Holds::Form("{ name: Metric(node, ...) }"), "what is measured beside the loss"),
        field("checkpoints", Holds::Group(&CHECKPOINTS), "when to save beside the end of the run"),
        field("early_stopping", Holds::Group(&EARLY_STOPPING), "when to give up"),
    ],
};

/// One exception under `params`.
pub(crate) const OVERRIDE: Group = Group {
    what: "an override",
    fields: &[
        number("decay", Range::From(0.0), None, "another weight decay than the optimiser's"),
        number("rate", Range::From(0.0), None, "a factor on the rate"),
        number("trainable", Range::Flag, None, "whether they are trained"),
    ],
};

/// When to save.
pub(crate) const CHECKPOINTS: Group = Group {
    what: "`checkpoints`",
    fields: &[
        number("every", Range::Whole(1), None, "after every so many epochs"),
        number("best", Range::Flag, Some(0.0), "whether the weights of the least loss are kept"),
    ],
};

/// When to give up.
pub(crate) const EARLY_STOPPING: Group = Group {
    what: "`early_stopping`",
    fields: &[
        number("patience", Range::Whole(1), Some(10.0), "epochs without a lower loss"),
        number("min_delta", Range::From(0.0), Some(0.0), "what counts as lower"),
    ],
};
