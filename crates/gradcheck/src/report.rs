//! What a check says: a verdict and the numbers behind it.

use std::fmt;

use crate::difference::greatest;

/// The outcome of a check, from best to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// The digits asked for are proved.
    Pass,
    /// The point lies on a kink, and the gradient lies between the one-sided slopes.
    Kink,
    /// Nothing was checked, or every gradient of the whole check is zero.
    Vacuous,
    /// The numeric derivative is too uncertain to prove the digits asked for.
    Inconclusive,
    /// The gradient is wrong.
    Fail,
}

impl Verdict {
    /// The word used in tables and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Pass => "pass",
            Verdict::Kink => "kink",
            Verdict::Vacuous => "vacuous",
            Verdict::Inconclusive => "inconclusive",
            Verdict::Fail => "fail",
        }
    }

    /// The status with which a command ends: 0 done, 1 a finding, 3 nothing proved.
    pub fn exit_status(self) -> u8 {
        match self {
            Verdict::Pass | Verdict::Kink => 0,
            Verdict::Fail => 1,
            Verdict::Vacuous | Verdict::Inconclusive => 3,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The check of one tensor: a parameter or an input.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// What was varied.
    pub name: String,
    /// The outcome for this tensor.
    pub verdict: Verdict,
    /// The greatest |a - n| / max(1e-8, |a| + |n|) over the elements probed, those proved zero left out.
    pub max_rel_error: f64,
    /// An element with the worst verdict, and of those the one with the greatest error, as an index into the flat tensor.
    /// None where the numbers are those of a direction through many elements.
    pub worst_index: Option<usize>,
    /// The gradient under test at the worst element.
    pub analytic: f64,
    /// The numeric derivative at the worst element; on a kink the mean of the two slopes.
    pub numeric: f64,
    /// The slopes to either side of the worst element, where it stands on a kink.
    pub slopes: Option<(f64, f64)>,
    /// How far apart the two may be: ten error bars and the roundings. 0 where one difference quotient is all that was taken.
    pub tolerance: f64,
    /// Decimal digits proved, relative to the largest gradient of the tensor.
    pub digits: f64,
    /// How often the function was evaluated.
    pub evaluations: usize,
    /// How many probes met a kink.
    pub kinks: usize,
    /// Whether every gradient seen here is zero, on both sides.
    pub zero: bool,
}

impl Entry {
    /// An entry of which nothing could be checked: an empty or an integer tensor.
    pub fn vacuous(name: &str) -> Entry {
        Entry {
            name: name.to_owned(),
            verdict: Verdict::Vacuous,
            max_rel_error: 0.0,
            worst_index: None,
            analytic: 0.0,
            numeric: 0.0,
            slopes: None,
            tolerance: 0.0,
            digits: 0.0,
            evaluations: 0,
            kinks: 0,
            zero: true,
        }
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.verdict)?;
        if self.evaluations > 0 || self.worst_index.is_some() {
            let place = self.worst_index.map_or_else(|| "along a direction".into(), |k| format!("at [{k}]"));
            let Entry { digits, analytic, numeric, .. } = self;
            write!(f, ", {digits:.1} digits, worst {place}: analytic {analytic:e}, numeric {numeric:e}")?;
        }
        if self.kinks > 0 {
            write!(f, ", {} kinks", self.kinks)?;
        }
        write!(f, ", {} evaluations", self.evaluations)
    }
}

/// A whole check: one entry a tensor.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The worst verdict of the entries; vacuous when every gradient of the check is zero.
    pub verdict: Verdict,
    /// The entries, in the order in which the tensors were given; vacuous where every gradient of the check is zero.
    pub entries: Vec<Entry>,
}

impl Report {
    /// Sums up entries: the worst counts. A zero among other gradients is proved, and a check that saw nothing but zeros
    /// proves nothing.
    pub fn new(mut entries: Vec<Entry>) -> Report {
        if entries.iter().all(|e| e.zero) {
            for entry in entries.iter_mut().filter(|e| e.verdict < Verdict::Vacuous) {
                (entry.verdict, entry.digits) = (Verdict::Vacuous, 0.0);
            }
        }
        let verdict = entries.iter().map(|e| e.verdict).max().unwrap_or(Verdict::Vacuous);
        Report { verdict, entries }
    }

    /// Whether the gradient is proved: pass, or a kink with a gradient between the slopes.
    pub fn is_proved(&self) -> bool {
        self.verdict <= Verdict::Kink
    }

    /// The smallest number of digits proved over the entries.
    pub fn digits(&self) -> f64 {
        self.entries.iter().map(|e| e.digits).fold(f64::INFINITY, f64::min)
    }

    /// The greatest relative error over the entries; NaN when any is.
    pub fn max_rel_error(&self) -> f64 {
        greatest(self.entries.iter().map(|e| e.max_rel_error))
    }

    /// How often the function was evaluated in all.
    pub fn evaluations(&self) -> usize {
        self.entries.iter().map(|e| e.evaluations).sum()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.verdict)?;
        for entry in &self.entries {
            write!(f, "\n  {entry}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(verdict: Verdict, zero: bool) -> Entry {
        Entry { verdict, zero, ..Entry::vacuous("x") }
    }

    #[test]
    fn the_whole_is_the_worst_of_its_entries() {
        use Verdict::*;
        for (entries, expect) in [
            (vec![], Vacuous),
            (vec![entry(Pass, false), entry(Pass, true)], Pass),
            (vec![entry(Pass, false), entry(Kink, false)], Kink),
            (vec![entry(Kink, false), entry(Vacuous, true)], Vacuous),
            (vec![entry(Inconclusive, true), entry(Vacuous, true)], Inconclusive),
            (vec![entry(Fail, true), entry(Pass, false)], Fail),
        ] {
            let report = Report::new(entries.clone());
            assert_eq!((report.verdict, report.entries), (expect, entries));
        }
    }

    #[test]
    fn zeros_alone_prove_nothing_and_no_digit() {
        use Verdict::*;
        let proved = |verdict, digits| Entry { digits, ..entry(verdict, true) };
        for (before, after) in [(Pass, Vacuous), (Inconclusive, Inconclusive)] {
            let report = Report::new(vec![proved(Pass, 9.0), proved(before, 3.0)]);
            assert_eq!(report.verdict, after);
            let digits = if before == Pass { 0.0 } else { 3.0 };
            assert_eq!(report.entries, [proved(Vacuous, 0.0), proved(after, digits)]);
        }
    }

    #[test]
    fn statuses_follow_the_command_line() {
        let statuses = [Verdict::Pass, Verdict::Kink, Verdict::Vacuous, Verdict::Inconclusive, Verdict::Fail]
            .map(Verdict::exit_status);
        assert_eq!(statuses, [0, 0, 3, 3, 1]);
    }

    #[test]
    fn a_report_says_what_was_found() {
        use Verdict::*;
        let words = [Pass, Kink, Vacuous, Inconclusive, Fail].map(|verdict| verdict.to_string());
        assert_eq!(words, ["pass", "kink", "vacuous", "inconclusive", "fail"]);
        let mut report = Report::new(vec![Entry { analytic: 0.5, numeric: 0.25, digits: 3.25, ..entry(Kink, false) }]);
        assert!(report.is_proved());
        report.entries[0].name = "w".into();
        assert_eq!(report.entries[0].to_string(), "w: kink, 0 evaluations");
        (report.entries[0].evaluations, report.entries[0].worst_index) = (7, Some(4));
        let text = "w: kink, 3.2 digits, worst at [4]: analytic 5e-1, numeric 2.5e-1, 7 evaluations";
        assert_eq!(report.entries[0].to_string(), text);
        (report.entries[0].evaluations, report.entries[0].kinks) = (0, 2);
        let text = "w: kink, 3.2 digits, worst at [4]: analytic 5e-1, numeric 2.5e-1, 2 kinks, 0 evaluations";
        assert_eq!(report.entries[0].to_string(), text);
        (report.entries[0].evaluations, report.entries[0].worst_index) = (1, None);
        assert!(report.entries[0].to_string().contains("worst along a direction"));
        report.entries.push(Entry { digits: 2.5, evaluations: 4, ..entry(Kink, false) });
        assert_eq!((report.digits(), report.evaluations()), (2.5, 5));
        for (error, greatest) in [(0.25, 0.25), (f64::INFINITY, f64::INFINITY)] {
            report.entries[0].max_rel_error = error;
            assert_eq!(report.max_rel_error(), greatest);
        }
        report.entries[1].max_rel_error = f64::NAN;
        assert!(report.max_rel_error().is_nan());
        let lines: Vec<String> = report.entries.iter().map(|entry| format!("\n  {entry}")).collect();
        assert_eq!(report.to_string(), format!("kink{}", lines.concat()));
        assert!(
            ![Vacuous, Inconclusive, Fail]
                .map(|verdict| Report { verdict, entries: vec![] }.is_proved())
                .contains(&true)
        );
    }
}
