//! Named numbers: the options of optimisers, schedules and metrics.

use graphrun_load::diagnostics::{Code, Diagnostic, Diagnostics};
use graphrun_load::syntax::{Arg, Kind, Value};

/// An option that is one number; `true` and `false` are 1 and 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Setting {
    /// Its name in a model file.
    pub name: &'static str,
    /// Its value unless the file says otherwise.
    pub default: f64,
    /// The values that make sense.
    pub range: Range,
    /// What it does.
    pub doc: &'static str,
}

/// The finite values that a setting may have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Range {
    /// Any number.
    Any,
    /// This number and all above.
    From(f64),
    /// All above this number.
    Above(f64),
    /// From 0 up to and with 1.
    Share,
    /// From 0 up to, not including, 1.
    Memory,
    /// A whole number of at least this.
    Whole(u64),
    /// `true` or `false`.
    Flag,
}

impl Range {
    /// Whether a number is in the range.
    #[must_use]
    pub fn holds(self, x: f64) -> bool {
        x.is_finite()
            && match self {
                Range::Any => true,
                Range::From(least) => x >= least,
                Range::Above(bound) => x > bound,
                Range::Share => (0.0..=1.0).contains(&x),
                Range::Memory => (0.0..1.0).contains(&x),
                Range::Whole(least) => x >= least as f64 && x.fract() == 0.0,
                Range::Flag => x == 0.0 || x == 1.0,
            }
    }
}

impl Range {
    /// A value in the range, as it is written.
    pub(crate) fn example(self) -> String {
        match self {
            Range::Any | Range::Share | Range::Memory => "0.5".to_owned(),
            Range::From(least) => format!("{}", least + 0.1),
            Range::Above(bound) => format!("{}", bound + 0.1),
            Range::Whole(least) => format!("{}", least.max(1)),
            Range::Flag => "true".to_owned(),
        }
    }
}

impl std::fmt::Display for Range {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Range::Any => f.write_str("a finite number"),
            Range::From(least) => write!(f, "a finite number of at least {least}"),
            Range::Above(bound) => write!(f, "a finite number above {bound}"),
            Range::Share => f.write_str("a number from 0 to 1"),
            Range::Memory => f.write_str("a number from 0 up to, not including, 1"),
            Range::Whole(least) => write!(f, "a whole number of at least {least}"),
            Range::Flag => f.write_str("true or false"),
        }
    }
}

/// Values for a list of settings, in its order.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings(Vec<(&'static str, f64)>);

impl Settings {
    /// Every setting at its default.
    #[must_use]
    pub fn defaults(of: &[Setting]) -> Settings {
        Settings(of.iter().map(|s| (s.name, s.default)).collect())
    }

    /// Reads named arguments over the defaults; what is wrong with them goes to `diagnostics`.
    pub fn read(of: &[Setting], call: &str, args: &[Arg], diagnostics: &mut Diagnostics) -> Settings {
        let mut settings = Settings::defaults(of);
        refuse_doubles(call, args, diagnostics);
        for arg in args {
            let Some(name) = &arg.name else {
                let wants =
                    of.first().map_or("no options".into(), |s| format!("options by name, as in `{}: ...`", s.name));
                let message = format!("{call} takes {wants}");
                let found = Diagnostic::new(Code::WrongKind, arg.value.span, message, "this has no name");
                diagnostics.push(found.help(match of.first() {
                    Some(setting) => format!("write `{}: {}`", setting.name, setting.range.example()),
                    None => format!("write `{call}` alone"),
                }));
                continue;
            };
            let Some((setting, slot)) = of.iter().zip(&mut settings.0).find(|(s, _)| s.name == name.text) else {
                let message = format!("{call} has no option `{}`", name.text);
                let found = Diagnostic::new(Code::UnknownField, name.span, message, "not an option");
                let found = if of.is_empty() { found.help("delete it: there are no options") } else { found };
                diagnostics.push(found.suggest(&name.text, of.iter().map(|s| s.name)));
                continue;
            };
            match number(&arg.value, setting.range) {
                Some(x) if setting.range.holds(x) => slot.1 = x,
                _ if arg.value.kind == Kind::Bad => {}
                found => {
                    let code = if found.is_some() { Code::Setting } else { Code::WrongKind };
                    let message = format!("`{}` of {call} is {}", name.text, setting.range);
                    let label = format!("{} here", arg.value.describe());
                    let help = format!("write `{}: {}`: {}", setting.name, setting.default, setting.doc);
                    diagnostics.push(Diagnostic::new(code, arg.value.span, message, label).help(help));
                }
            }
        }
        settings
    }

    /// The value of a setting; 0 for a name that is none.
    #[must_use]
    pub fn get(&self, name: &str) -> f64 {
        self.0.iter().find(|(n, _)| *n == name).map_or(0.0, |(_, x)| *x)
    }

    /// Puts another value in place of a setting.
    pub fn set(&mut self, name: &str, value: f64) {
        if let Some(slot) = self.0.iter_mut().find(|(n, _)| *n == name) {
            slot.1 = value;
        }
    }

    /// Names and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, f64)> + '_ {
        self.0.iter().copied()
    }
}

/// The number that a value is, in or out of the range; `true` and `false` are 1 and 0, and only they are flags.
pub(crate) fn number(value: &Value, range: Range) -> Option<f64> {
    match value.kind {
        Kind::Bool(b) => (range == Range::Flag).then(|| f64::from(u8::from(b))),
        _ => value.as_real().filter(|_| range != Range::Flag),
    }
}

/// Reports arguments of a call that are written twice.
pub(crate) fn refuse_doubles<'a>(call: &str, args: impl IntoIterator<Item = &'a Arg>, diagnostics: &mut Diagnostics) {
    let names: Vec<_> = args.into_iter().filter_map(|arg| arg.name.as_ref()).collect();
    for (k, name) in names.iter().enumerate() {
        if let Some(first) = names[..k].iter().find(|first| first.text == name.text) {
            let message = format!("{call} is given `{}` twice", name.text);
            let found = Diagnostic::new(Code::DuplicateKey, name.span, message, "again here");
            diagnostics.push(found.second(first.span, "first here"));
        }
    }
}
