//! The explicit list of what a model file may name: operations and initialisers.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;

use graphrun_expr::{Expr, Function, Functions};
use serde::de::DeserializeOwned;

use crate::call::{Call, Options};
use crate::graph::{NodeId, snake};
use crate::init_def::InitDef;
use crate::kink::Kink;
use crate::sample::{Bytes, Sample};
use crate::ty::TypeError;

type ParseFn = dyn Fn(&mut dyn erased_serde::Deserializer<'_>) -> Result<Options, erased_serde::Error> + Send + Sync;
type BuildFn = dyn Fn(&mut Call<'_>, &(dyn Any + Send + Sync)) -> Result<NodeId, TypeError> + Send + Sync;
type SampleFn = dyn Fn(&mut Bytes<'_>) -> Sample + Send + Sync;

/// A place where an operation takes an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// Its name in the named form of a call.
    pub name: &'static str,
    /// Whether it takes any number of inputs; only the last port may.
    pub variadic: bool,
    /// Whether it may be left out.
    pub optional: bool,
}

/// An option of an operation, as documentation and editors need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptionDoc {
    /// Its name.
    pub name: &'static str,
    /// What it holds: `integer`, `real`, `bool`, `axis list`, `initialiser`, ...
    pub kind: &'static str,
    /// Its default as a model file writes it; none when it must be given.
    pub default: Option<&'static str>,
    /// What it does.
    pub doc: &'static str,
}

impl OptionDoc {
    /// The kind of a real option that infinity has a meaning for; the kind `real` is for finite numbers.
    pub const REAL_OR_INF: &str = "real or inf";
}

/// How far single precision may be from the exact result, in units of the last place (ULP) of that: of f32, 6e-8 to
/// 1.2e-7 of it. A value below 1e-35 is measured in units of the last place of 1e-35, a gradient below 1 in those of 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Accuracy {
    /// Of the value.
    pub value: f64,
    /// Of the gradient.
    pub gradient: f64,
}

impl fmt::Display for Accuracy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |bound: f64| if bound == 0.0 { "exact".to_owned() } else { format!("within {bound} ULP") };
        match self.value == self.gradient {
            true => write!(f, "value and gradient {}", text(self.value)),
            false => write!(f, "value {}, gradient {}", text(self.value), text(self.gradient)),
        }
    }
}

/// A registered operation: documentation, ports, options, and how a call of it becomes nodes.
pub struct OpDef {
    /// The name in a model file.
    pub name: &'static str,
    /// The family that it belongs to, as `Losses`; empty for one of its own.
    pub family: &'static str,
    /// What it computes, in one line.
    pub summary: &'static str,
    /// The value as a formula.
    pub formula: &'static str,
    /// The gradient as a formula.
    pub gradient: &'static str,
    /// Which slope is its gradient at a kink, when it has kinks and commits itself.
    pub kink: Option<Kink>,
    /// What the shape of the result is.
    pub shape: &'static str,
    /// How exact it is in f32, where that was measured over all inputs.
    pub accuracy: Option<Accuracy>,
    /// The inputs, in order.
    pub ports: Vec<Port>,
    /// The options, in order.
    pub options: Vec<OptionDoc>,
    /// The parameters that a node of it owns, by their last name: `weight`, `bias`. A call may name a
    /// declared parameter in their stead.
    pub params: Vec<&'static str>,
    /// The options that take an initialiser.
    pub inits: Vec<&'static str>,
    /// Whether gradients flow through it.
    pub differentiable: bool,
    /// A model file that shows it and passes its own tests.
    pub example: &'static str,
    /// The expression, for operations that formulas can use: variable `k` is port `k`, and behind the ports come
    /// the first options. Of an operation with a variadic port it is what joins two inputs.
    pub expr: Option<Expr>,
    /// Whether formulas can call it all the same, as a node of its own: it works on each element of its one input, and
    /// no expression has its value and its gradient.
    pub apart: bool,
    parse: Box<ParseFn>,
    build: Box<BuildFn>,
    sample: Option<Box<SampleFn>>,
}

impl fmt::Debug for OpDef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpDef").field("name", &self.name).finish_non_exhaustive()
    }
}

impl OpDef {
    /// An operation of these options, and how a call of it becomes nodes.
    ///
    /// `build` gets the inputs and options of one call and emits what computes it: one primitive node, or
    /// several, for a composite.
    pub fn new<O, F>(name: &'static str, build: F) -> OpDef
    where
        O: DeserializeOwned + Send + Sync + 'static,
        F: Fn(&mut Call<'_>, &O) -> Result<NodeId, TypeError> + Send + Sync + 'static,
    {
        OpDef {
            name,
            family: "",
            summary: "",
            formula: "",
            gradient: "",
            kink: None,
            shape: "",
            accuracy: None,
            ports: vec![Port { name: "x", variadic: false, optional: false }],
            options: Vec::new(),
            params: Vec::new(),
            inits: Vec::new(),
            differentiable: true,
            example: "",
            expr: None,
            apart: false,
            parse: Box::new(|from| Ok(Options::new(erased_serde::deserialize::<O>(from)?))),
            build: Box::new(move |call, options| match options.downcast_ref::<O>() {
                Some(options) => build(call, options),
                None => Err(TypeError::new(format!("{name} was given the options of another operation"))),
            }),
            sample: None,
        }
    }

    /// The family that it belongs to.
    #[must_use]
    pub fn family(mut self, title: &'static str) -> OpDef {
        self.family = title;
        self
    }

    /// One line on what it computes.
    #[must_use]
    pub fn summary(mut self, text: &'static str) -> OpDef {
        self.summary = text;
        self
    }

    /// The value and the gradient as formulas.
    #[must_use]
    pub fn formula(mut self, value: &'static str, gradient: &'static str) -> OpDef {
        self.formula = value;
        self.gradient = gradient;
        self
    }

    /// Declares the slope that is its gradient at a kink; the gradient harness holds it to that.
    #[must_use]
    pub fn kink(mut self, kink: Kink) -> OpDef {
        self.kink = Some(kink);
        self
    }

    /// What the shape of the result is, in words.
    #[must_use]
    pub fn shape(mut self, rule: &'static str) -> OpDef {
        self.shape = rule;
        self
    }

    /// Bounds on how far value and gradient are from the exact ones; see [`Accuracy`].
    #[must_use]
    pub fn within(mut self, value: f64, gradient: f64) -> OpDef {
        self.accuracy = Some(Accuracy { value, gradient });
        self
    }

    /// The inputs by name, in order; a name that ends in `..` takes any number, one in `?` may be left out.
    #[must_use]
    pub fn ports(mut self, names: &[&'static str]) -> OpDef {
        let port = |name: &&'static str| Port {
            name: name.trim_end_matches("..").trim_end_matches('?'),
            variadic: name.ends_with(".."),
            optional: name.ends_with('?'),
        };
        self.ports = names.iter().map(port).collect();
        self
    }

    /// Documents an option; no `default` means that it must be given.
    #[must_use]
    pub fn option(
        mut self,
        name: &'static str,
        kind: &'static str,
        default: Option<&'static str>,
        doc: &'static str,
    ) -> OpDef {
        self.options.push(OptionDoc { name, kind, default, doc });
        self
    }

    /// The parameters that a node owns.
    #[must_use]
    pub fn params(mut self, names: &[&'static str]) -> OpDef {
        self.params = names.to_vec();
        self
    }

    /// An option that takes an initialiser.
    #[must_use]
    pub fn init(mut self, name: &'static str, default: &'static str, doc: &'static str) -> OpDef {
        self.inits.push(name);
        self.option(name, "initialiser", Some(default), doc)
    }

    /// Declares that no gradient flows through it.
    #[must_use]
    pub fn not_differentiable(mut self) -> OpDef {
        self.differentiable = false;
        self
    }

    /// A model file that shows it and passes its own tests.
    #[must_use]
    pub fn example(mut self, text: &'static str) -> OpDef {
        self.example = text;
        self
    }

    /// Lets formulas call it, in snake case, as this expression of its ports and then of its first options.
    #[must_use]
    pub fn expr(mut self, expr: Expr) -> OpDef {
        self.expr = Some(expr);
        self
    }

    /// Lets formulas call it, in snake case, as a node of its own.
    #[must_use]
    pub fn apart(mut self) -> OpDef {
        self.apart = true;
        self
    }

    /// How the harness draws options and inputs for it.
    #[must_use]
    pub fn sample(mut self, draw: impl Fn(&mut Bytes<'_>) -> Sample + Send + Sync + 'static) -> OpDef {
        self.sample = Some(Box::new(draw));
        self
    }

    /// Draws options and inputs, when the operation says how.
    #[must_use]
    pub fn draw(&self, bytes: &mut Bytes<'_>) -> Option<Sample> {
        self.sample.as_ref().map(|draw| draw(bytes))
    }

    /// Reads the options.
    ///
    /// # Errors
    /// An unknown field, a missing one, or a value of the wrong kind.
    pub fn parse(&self, from: &mut dyn erased_serde::Deserializer<'_>) -> Result<Options, erased_serde::Error> {
        (self.parse)(from)
    }

    /// Emits the nodes of one call; the result is the call's value.
    ///
    /// # Errors
    /// Inputs that do not fit.
    pub fn build(&self, call: &mut Call<'_>, options: &Options) -> Result<NodeId, TypeError> {
        (self.build)(call, options.any())
    }
}

/// What a model file may name. There is no global one: it is made, extended and handed on.
#[derive(Debug, Default)]
pub struct Registry {
    ops: BTreeMap<&'static str, OpDef>,
    inits: BTreeMap<&'static str, InitDef>,
    functions: BTreeMap<String, &'static str>,
}

impl Registry {
    /// An empty registry.
    #[must_use]
    pub fn new() -> Registry {
        Registry::default()
    }

    /// The same with one more operation, which replaces one of the same name.
    #[must_use]
    pub fn with(mut self, op: OpDef) -> Registry {
        if op.expr.is_some() || op.apart {
            self.functions.insert(snake(op.name), op.name);
        }
        self.ops.insert(op.name, op);
        self
    }

    /// The same with one more initialiser, which replaces one of the same name.
    #[must_use]
    pub fn with_init(mut self, init: InitDef) -> Registry {
        self.inits.insert(init.name, init);
        self
    }

    /// The operation of this name.
    #[must_use]
    pub fn op(&self, name: &str) -> Option<&OpDef> {
        self.ops.get(name)
    }

    /// All operations, by name.
    pub fn ops(&self) -> impl Iterator<Item = &OpDef> {
        self.ops.values()
    }

    /// What formulas may call, in snake case.
    pub(crate) fn function_names(&self) -> impl Iterator<Item = &str> {
        self.functions.keys().map(String::as_str)
    }

    /// The operation that formulas call by this name as a node of its own.
    pub(crate) fn apart(&self, name: &str) -> Option<&OpDef> {
        self.op(self.functions.get(name)?).filter(|op| op.apart)
    }

    /// The initialiser of this name.
    #[must_use]
    pub fn init(&self, name: &str) -> Option<&InitDef> {
        self.inits.get(name)
    }

    /// All initialisers, by name.
    pub fn inits(&self) -> impl Iterator<Item = &InitDef> {
        self.inits.values()
    }
}

/// Formulas may call every pointwise operation, in snake case. Those that stay nodes of their own are for [`crate::Formula`].
impl Functions for Registry {
    fn find(&self, name: &str) -> Option<Function> {
        let op = self.op(self.functions.get(name)?)?;
        let body = op.expr.clone()?;
        let (ports, variadic) = (op.ports.len(), op.ports.iter().any(|port| port.variadic));
        let options = if variadic { &[] } else { &op.options[..body.variables().saturating_sub(ports)] };
        let number = |option: &OptionDoc| option.default.and_then(|text| text.parse::<f64>().ok());
        let required = ports + options.iter().take_while(|option| number(option).is_none()).count();
        Some(Function { body, required, defaults: options.iter().filter_map(number).collect(), variadic })
    }

    fn names(&self) -> Vec<String> {
        self.function_names().filter(|name| self.apart(name).is_none()).map(str::to_owned).collect()
    }
}
