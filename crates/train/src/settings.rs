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
    /// What it does.
    pub doc: &'static str,
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
        for arg in args {
            let Some(name) = &arg.name else {
                let wants =
                    of.first().map_or("no options".into(), |s| format!("options by name, as in `{}: ...`", s.name));
                diagnostics.push(Diagnostic::new(
                    Code::WrongKind,
                    arg.value.span,
                    format!("{call} takes {wants}"),
                    "this has no name",
                ));
                continue;
            };
            let Some(slot) = settings.0.iter_mut().find(|(n, _)| *n == name.text) else {
                diagnostics.push(
                    Diagnostic::new(
                        Code::UnknownField,
                        name.span,
                        format!("{call} has no option `{}`", name.text),
                        "not an option",
                    )
                    .suggest(&name.text, of.iter().map(|s| s.name)),
                );
                continue;
            };
            match number(&arg.value) {
                Some(x) => slot.1 = x,
                None => diagnostics.push(Diagnostic::new(
                    Code::WrongKind,
                    arg.value.span,
                    format!("`{}` of {call} is a finite number", name.text),
                    format!("this is {}", arg.value.describe()),
                )),
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

fn number(value: &Value) -> Option<f64> {
    match value.kind {
        Kind::Bool(b) => Some(f64::from(u8::from(b))),
        _ => value.as_real().filter(|x| x.is_finite()),
    }
}
