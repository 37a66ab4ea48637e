//! The metrics that come with graphrun.

use crate::counts::Counts;
use crate::deviations::{Deviations, Perplexity};
use crate::metric::MetricDef;
use crate::ranks::{Auc, TopK};
use crate::settings::{Range, Setting};

const SCORED: &[&str] = &["scores", "labels"];
const PAIRED: &[&str] = &["a", "b"];
const THRESHOLD: &[Setting] =
    &[Setting { name: "threshold", default: 0.5, range: Range::Any, doc: "above which a single score means class 1" }];
const TOP: &[Setting] = &[Setting { name: "k", default: 5.0, range: Range::Whole(1), doc: "how many guesses count" }];

/// The list, by name.
pub const METRICS: &[MetricDef] = &[
    MetricDef {
        name: "Accuracy",
        summary: "share of rows whose class is right",
        ports: SCORED,
        options: THRESHOLD,
        make: |o, w, _| Counts::boxed(o, w, Counts::accuracy),
    },
    MetricDef {
        name: "Auc",
        summary: "area under the receiver operating characteristic, of class 1 of two; of more classes, the mean of one against the rest",
        ports: SCORED,
        options: &[],
        make: |_, w, rows| Box::new(Auc::new(w, rows)),
    },
    MetricDef {
        name: "Confusion",
        summary: "how often each class (row) was taken for each (column)",
        ports: SCORED,
        options: THRESHOLD,
        make: |o, w, _| Counts::boxed(o, w, Counts::table),
    },
    MetricDef {
        name: "F1",
        summary: "2 P R / (P + R) of each class, averaged",
        ports: SCORED,
        options: THRESHOLD,
        make: |o, w, _| Counts::boxed(o, w, Counts::f1),
    },
    MetricDef {
        name: "Mae",
        summary: "mean of |a - b|",
        ports: PAIRED,
        options: &[],
        make: |_, _, _| Box::new(Deviations::new(Deviations::mae)),
    },
    MetricDef {
        name: "Mse",
        summary: "mean of (a - b)^2",
        ports: PAIRED,
        options: &[],
        make: |_, _, _| Box::new(Deviations::new(Deviations::mse)),
    },
    MetricDef {
        name: "Perplexity",
        summary: "exp of the mean cross-entropy of the softmax of the scores",
        ports: SCORED,
        options: &[],
        make: |_, w, _| Box::new(Perplexity::new(w)),
    },
    MetricDef {
        name: "Precision",
        summary: "share of what was taken for a class that is of it, averaged over the classes",
        ports: SCORED,
        options: THRESHOLD,
        make: |o, w, _| Counts::boxed(o, w, Counts::precision),
    },
    MetricDef {
        name: "R2",
        summary: "1 - sum (a - b)^2 / sum (b - mean b)^2, with b the truth",
        ports: PAIRED,
        options: &[],
        make: |_, _, _| Box::new(Deviations::new(Deviations::r2)),
    },
    MetricDef {
        name: "Recall",
        summary: "share of each class that was found, averaged over the classes",
        ports: SCORED,
        options: THRESHOLD,
        make: |o, w, _| Counts::boxed(o, w, Counts::recall),
    },
    MetricDef {
        name: "TopK",
        summary: "share of rows whose class is among the k best",
        ports: SCORED,
        options: TOP,
        make: |o, w, _| Box::new(TopK::new(o.get("k"), w)),
    },
];
