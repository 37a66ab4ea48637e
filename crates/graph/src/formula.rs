//! Formulas with a registry's operations: most are written out, some stay nodes of their own.

use std::cell::RefCell;

use graphrun_expr::{Expr, Function, Functions, ParseError};
use serde::de::value::{Error, MapDeserializer};

use crate::call::Call;
use crate::graph::{Builder, NodeId};
use crate::registry::Registry;
use crate::ty::TypeError;

/// A formula that was read.
///
/// A call of an operation that no expression can stand for, such as `stop_gradient(x)`, cuts the formula: what is in its
/// parentheses is an expression of its own, and the call's value a further variable of what comes after.
#[derive(Clone, Debug)]
pub struct Formula {
    /// The operations called, each with its argument over the variables and the calls before it.
    apart: Vec<(&'static str, Expr)>,
    /// The value, over the variables and all the calls.
    value: Expr,
}

impl Formula {
    /// Reads a formula over variables of these names, with the functions of a registry.
    ///
    /// # Errors
    /// Every unknown name, and behind them the first error of another kind.
    pub fn read(text: &str, names: &[&str], registry: &Registry) -> Result<Formula, Vec<ParseError>> {
        let functions = Cut { registry, variables: names.len(), apart: RefCell::default() };
        let value = Expr::parse_all(text, names, &functions)?;
        Ok(Formula { apart: functions.apart.into_inner(), value })
    }

    /// Emits the nodes of the formula over `inputs`, which stand for its variables.
    ///
    /// # Errors
    /// Inputs that do not broadcast, or that are not real.
    pub fn emit(&self, b: &mut Builder, registry: &Registry, inputs: &[NodeId]) -> Result<NodeId, TypeError> {
        let mut inputs = inputs.to_vec();
        for (name, argument) in &self.apart {
            let argument = b.pointwise(argument, &inputs)?;
            let lacks = || TypeError::new(format!("the registry has no {name}"));
            let op = registry.op(name).ok_or_else(lacks)?;
            let none = MapDeserializer::<_, Error>::new(std::iter::empty::<(&str, bool)>());
            let options = op.parse(&mut <dyn erased_serde::Deserializer<'_>>::erase(none));
            let options = options.map_err(|error| TypeError::new(format!("{name}: {error}")))?;
            inputs.push(op.build(&mut Call::new(b, registry, "", &[argument]), &options)?);
        }
        b.pointwise(&self.value, &inputs)
    }
}

/// The functions of a registry, with those that cut a formula.
struct Cut<'r> {
    registry: &'r Registry,
    variables: usize,
    apart: RefCell<Vec<(&'static str, Expr)>>,
}

impl Functions for Cut<'_> {
    fn find(&self, name: &str) -> Option<Function> {
        let apart = || self.registry.apart(name).map(|_| Function::plain(1, Expr::var(0)));
        self.registry.find(name).or_else(apart)
    }

    fn names(&self) -> Vec<String> {
        self.registry.function_names().map(str::to_owned).collect()
    }

    fn called(&self, name: &str, value: Expr) -> Expr {
        let Some(op) = self.registry.apart(name) else { return value };
        let mut apart = self.apart.borrow_mut();
        apart.push((op.name, value));
        Expr::var(self.variables + apart.len() - 1)
    }
}
