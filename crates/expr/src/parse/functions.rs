//! Functions beyond the primitives, as whoever reads formulas lends them.

use crate::Expr;

/// A function beyond the primitives.
#[derive(Debug, Clone)]
pub struct Function {
    /// Its value over one variable for each argument, in order.
    pub body: Expr,
    /// The arguments that every call gives.
    pub required: usize,
    /// What the other arguments are when a call leaves them out, in order.
    pub defaults: Vec<f64>,
    /// Whether a call may give more arguments, each joined to those before it by the body.
    pub variadic: bool,
}

impl Function {
    /// A function all of whose arguments are given.
    pub fn plain(required: usize, body: Expr) -> Function {
        Function { body, required, defaults: Vec::new(), variadic: false }
    }

    /// A call of it; nothing when the number of arguments is wrong.
    pub(super) fn call(&self, arguments: &[Expr]) -> Option<Expr> {
        if self.variadic {
            let (first, rest) = arguments.split_first()?;
            let join = |left, right: &Expr| self.body.substitute(&[left, right.clone()]);
            return Some(rest.iter().fold(first.clone(), join));
        }
        let left_out = (self.required + self.defaults.len()).checked_sub(arguments.len())?;
        let given = self.defaults.len().checked_sub(left_out)?;
        let defaults = self.defaults[given..].iter().map(|value| Expr::constant(*value));
        Some(self.body.substitute(&arguments.iter().cloned().chain(defaults).collect::<Vec<_>>()))
    }

    /// How many arguments it takes, in words.
    pub(super) fn arity(&self) -> String {
        let most = self.required + self.defaults.len();
        let s = if most == 1 { "" } else { "s" };
        match () {
            () if self.variadic => "one or more arguments".to_owned(),
            () if self.defaults.is_empty() => format!("{most} argument{s}"),
            () => format!("{} to {most} argument{s}", self.required),
        }
    }
}

/// Functions beyond the primitives that a formula may call.
pub trait Functions {
    /// The function called `name`.
    fn find(&self, name: &str) -> Option<Function>;
    /// The names of all of them, for suggestions.
    fn names(&self) -> Vec<String>;
    /// What stands for a call of `name` that has this value. A variable beyond those of the formula leaves the value
    /// to whoever lends the function.
    fn called(&self, name: &str, value: Expr) -> Expr {
        let _ = name;
        value
    }
}

/// No functions beyond the primitives.
impl Functions for () {
    fn find(&self, _: &str) -> Option<Function> {
        None
    }
    fn names(&self) -> Vec<String> {
        Vec::new()
    }
}
