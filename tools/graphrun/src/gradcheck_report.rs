//! What `graphrun gradcheck` found, as a table with its reasons and as JSON.

use graphrun::Array;
use graphrun::gradcheck::{Curve, Entry, Method, Options, Problem, Report, Verdict};
use graphrun::tensor::unravel_index;
use serde_json::{Value, json};

use crate::curve::plot;
use crate::gradcheck::name;
use crate::json::number;
use crate::table::table;

/// A check that was made, with all that tells about it.
pub(crate) struct Checked<'a> {
    pub(crate) report: &'a Report,
    pub(crate) problem: &'a Problem,
    pub(crate) options: &'a Options<'a>,
    /// Where the values come from.
    pub(crate) origin: &'a str,
    pub(crate) curves: &'a [Curve],
}

impl Checked<'_> {
    /// One document.
    pub(crate) fn json(&self) -> Value {
        let Checked { report, curves, .. } = *self;
        let mut document = json!({
            "verdict": report.verdict.as_str(),
            "of": self.of(),
            "point": self.origin,
            "max_rel_error": number(report.max_rel_error()),
            "evaluations": report.evaluations(),
            "entries": report.entries.iter().map(|e| self.entry(e)).collect::<Vec<_>>(),
        });
        if !curves.is_empty() {
            let shown = |c: &Curve| {
                let points: Vec<Value> = c.points.iter().map(|(h, e)| json!([h, number(*e)])).collect();
                json!({"method": name(c.method), "slope": c.slope, "outcome": c.words(report), "points": points})
            };
            document["curves"] = curves.iter().map(shown).collect();
        }
        document
    }

    fn entry(&self, e: &Entry) -> Value {
        json!({
            "name": e.name,
            "verdict": e.verdict.as_str(),
            "max_rel_error": number(e.max_rel_error),
            "worst_index": e.worst_index,
            "analytic": number(e.analytic),
            "numeric": number(e.numeric),
            "slopes": e.slopes.map(|(below, above)| [number(below), number(above)]),
            "tolerance": number(e.tolerance),
            "digits": number(e.digits),
            "evaluations": e.evaluations,
            "kinks": e.kinks,
            "reason": self.reason(e),
        })
    }

    /// The point, the table, why a row is no plain pass, and the whole in one line.
    pub(crate) fn text(&self) -> String {
        let Checked { report, curves, options, .. } = *self;
        let mut lines = vec![format!("{} at {}", self.of(), self.origin), self.table()];
        let reasons = report.entries.iter().filter_map(|e| Some(format!("{}: {}", self.place(e), self.reason(e)?)));
        lines.extend(reasons);
        lines.extend(self.integers());
        if !curves.is_empty() {
            lines.push(plot(curves, report));
        }
        // The textbook methods are judged by the relative error, the adaptive one by its bars.
        let error = match options.method {
            Method::Adaptive => String::new(),
            _ => format!(", relative error {:.3e}", report.max_rel_error()),
        };
        lines.push(format!("{}, {} evaluations{error}", report.verdict, report.evaluations()));
        lines.join("\n")
    }

    /// What is differentiated.
    fn of(&self) -> String {
        let nodes = self.problem.of.iter().map(|(of, _)| self.problem.graph.describe(*of));
        nodes.collect::<Vec<_>>().join(", ")
    }

    fn table(&self) -> String {
        let columns = ["", "verdict", "digits", "worst at", "analytic", "numeric", "evaluations", "kinks"];
        let mut table = table(columns, 2);
        for e in &self.report.entries {
            let checked = e.evaluations > 0 || e.worst_index.is_some();
            let place = match e.worst_index {
                Some(index) => self.index(&e.name, index),
                None => if checked { "a direction" } else { "-" }.to_owned(),
            };
            let digits = match e.verdict {
                _ if !checked => "-".to_owned(),
                Verdict::Pass | Verdict::Vacuous if e.zero => "zero".to_owned(),
                _ => format!("{:.1}", e.digits),
            };
            let (analytic, numeric) = (format!("{:.9e}", e.analytic), format!("{:.9e}", e.numeric));
            let (evaluations, kinks) = (e.evaluations.to_string(), e.kinks.to_string());
            table.add_row([
                e.name.clone(),
                e.verdict.to_string(),
                digits,
                place,
                analytic,
                numeric,
                evaluations,
                kinks,
            ]);
        }
        table.trim_fmt()
    }

    /// The index of an element, a number for each axis; nothing for the only element of a scalar.
    fn index(&self, name: &str, index: usize) -> String {
        let shape = self.problem.values.get(name).map(Array::shape);
        match shape.as_ref().map_or(&[][..], |shape| shape.sizes()) {
            [] => String::new(),
            sizes => format!("{:?}", unravel_index(index, sizes)),
        }
    }

    /// Where the numbers of an entry are from.
    fn place(&self, e: &Entry) -> String {
        match e.worst_index {
            Some(index) => format!("{}{}", e.name, self.index(&e.name, index)),
            None if e.evaluations > 0 => format!("{} along a direction", e.name),
            None => e.name.clone(),
        }
    }

    /// Why an entry is no plain pass.
    fn reason(&self, e: &Entry) -> Option<String> {
        let Entry { analytic, numeric, tolerance, .. } = *e;
        let Options { method, step, digits, .. } = *self.options;
        let apart = (analytic - numeric).abs();
        let slopes = || e.slopes.map_or_else(String::new, |(below, above)| format!(", {below:.6} and {above:.6}"));
        Some(match e.verdict {
            Verdict::Pass => return None,
            Verdict::Kink => {
                format!("stands on a kink, and the gradient lies between the slopes to either side{}", slopes())
            }
            Verdict::Vacuous if e.evaluations == 0 => "has no elements, so nothing was checked".to_owned(),
            Verdict::Vacuous => "every gradient of this check is zero, which proves nothing".to_owned(),
            Verdict::Fail if !analytic.is_finite() => format!("the gradient is {analytic}, no finite number"),
            Verdict::Fail if e.slopes.is_some() => {
                format!("stands on a kink, and the gradient lies beyond the slopes to either side{}", slopes())
            }
            Verdict::Fail if tolerance > 0.0 => {
                format!("the two numbers are {apart:.2e} apart, and {tolerance:.1e} is allowed")
            }
            Verdict::Fail => format!("the two numbers are {apart:.2e} apart"),
            Verdict::Inconclusive if numeric.is_nan() => {
                "no numeric derivative, since the value is no finite number at the point or beside it".to_owned()
            }
            Verdict::Inconclusive if !numeric.is_finite() => {
                format!("with a step of {step:e} the quotient is {numeric}, no finite number")
            }
            Verdict::Inconclusive if e.slopes.is_some() && e.worst_index.is_some() => {
                format!(
                    "beyond the slopes to either side of a kink, which are not known to {digits} digits{}",
                    slopes()
                )
            }
            Verdict::Inconclusive if e.kinks > 0 => {
                "on too many kinks to prove anything; another point by --set or --feed proves more".to_owned()
            }
            Verdict::Inconclusive if method != Method::Adaptive => {
                format!("the two numbers are {apart:.2e} apart, and a step of {step:e} does not tell why")
            }
            Verdict::Inconclusive if apart > tolerance => {
                format!("the two numbers are {apart:.2e} apart, for which kinks nearby may be the reason")
            }
            Verdict::Inconclusive => {
                format!("the numeric derivative is known to {tolerance:.1e} only, too little for {digits} digits")
            }
        })
    }

    /// What has no gradient.
    fn integers(&self) -> Option<String> {
        let graph = &self.problem.graph;
        let inputs = graph.inputs().iter().filter(|(_, id)| !graph.ty(*id).is_real());
        let names: Vec<String> = inputs.map(|(name, _)| format!("`{name}`")).collect();
        (!names.is_empty()).then(|| format!("integers have no gradient: {}", names.join(", ")))
    }
}
