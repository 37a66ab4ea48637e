//! The `tests` section.

use graphrun_graph::{Form, Graph, Kind as Elements, Leaf, Phase, Size, Sizes, Type};

use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::fields::{Fields, entries, wrong_kind};
use crate::flat::{Flat, ItemKind};
use crate::literal::Literal;
use crate::order::Uses;
use crate::syntax::{Kind, Place, Value};

/// The tolerance of a test that states none.
pub const TOLERANCE: f64 = 1e-9;

/// One entry of a model's `tests`.
#[derive(Clone, Debug, PartialEq)]
pub struct TestCase {
    /// Where it starts in the file.
    pub place: Place,
    /// What inputs are fed.
    pub given: Vec<(String, Literal)>,
    /// What parameters are set to; others begin as they are initialised.
    pub params: Vec<(String, Literal)>,
    /// What gradients are taken of; the loss, else the first output, when there is none.
    pub of: Option<String>,
    /// The gradient with respect to `of`, where that is no scalar.
    pub upstream: Option<Literal>,
    /// Expected values of nodes.
    pub value: Vec<(String, Literal)>,
    /// Expected gradients with respect to inputs and parameters.
    pub grad: Vec<(String, Literal)>,
    /// The phase in which it runs.
    pub phase: Phase,
    /// Met when `|got - want| <= tolerance * max(1, |want|)`.
    pub tolerance: f64,
    /// The values of the size symbols that follow from what is given.
    pub sizes: Sizes,
}

impl Default for TestCase {
    fn default() -> Self {
        TestCase {
            place: Place::default(),
            given: Vec::new(),
            params: Vec::new(),
            of: None,
            upstream: None,
            value: Vec::new(),
            grad: Vec::new(),
            phase: Phase::Test,
            tolerance: TOLERANCE,
            sizes: Sizes::new(),
        }
    }
}

const FIELDS: [&str; 8] = ["given", "params", "of", "upstream", "value", "grad", "phase", "tolerance"];

/// Reads the tests of a model that is otherwise right.
pub(crate) struct Cases<'a, 'r> {
    pub(crate) graph: &'a Graph,
    pub(crate) flat: &'a Flat<'r>,
    pub(crate) uses: &'a Uses,
    pub(crate) diagnostics: &'a mut Diagnostics,
}

impl Cases<'_, '_> {
    /// All tests; wrong ones are reported and left out.
    pub(crate) fn read(&mut self, section: &Value) -> Vec<TestCase> {
        match &section.kind {
            Kind::List(items) => items.iter().filter_map(|item| self.case(item)).collect(),
            _ => {
                wrong_kind(section, "`tests` is a list of `(given: {...}, value: {...})`", self.diagnostics);
                Vec::new()
            }
        }
    }

    fn case(&mut self, value: &Value) -> Option<TestCase> {
        let fields = Fields::read(value, "a test", &FIELDS, self.diagnostics)?;
        let before = self.diagnostics.list.len();
        let mut sizes = Sizes::new();
        let input = |leaf: Option<Leaf>| matches!(leaf, Some(Leaf::Input(_)));
        let param = |leaf: Option<Leaf>| matches!(leaf, Some(Leaf::Parameter(_)));
        let given = self.arrays(&fields, "given", "an input", &mut sizes, input);
        let params = self.arrays(&fields, "params", "a parameter", &mut sizes, param);
        for (name, size) in &self.graph.sizes {
            sizes.entry(name.clone()).or_insert(*size);
        }
        let value_of = self.arrays(&fields, "value", "a node", &mut sizes, |_| true);
        let leaf = |leaf: Option<Leaf>| matches!(leaf, Some(Leaf::Input(_) | Leaf::Parameter(_)));
        let grad = self.arrays(&fields, "grad", "an input or parameter", &mut sizes, leaf);
        let of = fields.get("of").and_then(|of| self.node(of));
        let upstream = fields.get("upstream").and_then(|value| Literal::read(value, self.diagnostics));
        let phase = fields.get("phase").map_or(Some(Phase::Test), |value| self.phase(value));
        let tolerance = fields.get("tolerance").map_or(Some(TOLERANCE), |value| self.tolerance(value));
        if fields.get("value").is_none() && fields.get("grad").is_none() {
            let found = Diagnostic::new(Code::TestIncomplete, value.span, "the test expects nothing", "this test");
            self.diagnostics.push(found.help("add `value: { y: ... }` or `grad: { x: ... }`"));
        }
        let place = self.diagnostics.sources.place(value.span);
        let (phase, tolerance) = (phase?, tolerance?);
        let case = TestCase { place, given, params, of, upstream, value: value_of, grad, phase, tolerance, sizes };
        self.gradients(value, &case, &fields);
        self.complete(value, &case);
        (self.diagnostics.list.len() == before).then_some(case)
    }

    /// A map of arrays, each checked against what it is for.
    fn arrays(
        &mut self,
        fields: &Fields<'_>,
        field: &str,
        what: &str,
        sizes: &mut Sizes,
        fits: impl Fn(Option<Leaf>) -> bool,
    ) -> Vec<(String, Literal)> {
        let Some(map) = fields.get(field) else { return Vec::new() };
        let mut list = Vec::new();
        for (key, value) in entries(map, &format!("`{field}` of a test"), true, self.diagnostics) {
            let Some(id) = self.graph.find(key.text) else {
                let found = self.flat.unknown(key.text, key.span);
                self.diagnostics.push(found);
                continue;
            };
            let leaf = match self.graph.node(id).op.form() {
                Form::Leaf(leaf) => Some(leaf),
                _ => None,
            };
            if !fits(leaf) {
                let message = format!("`{}` is not {what}", key.text);
                let found = Diagnostic::new(Code::TestIncomplete, key.span, message, format!("not {what}"));
                self.diagnostics.push(found);
                continue;
            }
            let Some(mut literal) = Literal::read(value, self.diagnostics) else { continue };
            let ty =
                if field == "grad" { Type::real(self.graph.ty(id).shape.clone()) } else { self.graph.ty(id).clone() };
            if field == "grad" && !self.graph.ty(id).is_real() {
                let message = format!("`{}` holds integers, and has no gradient", key.text);
                self.diagnostics.push(Diagnostic::new(Code::NotDifferentiable, key.span, message, "an integer input"));
                continue;
            }
            match fit(&mut literal, &ty, sizes) {
                Ok(()) => list.push((key.text.to_owned(), literal)),
                Err(message) => {
                    let message = format!("`{}` is {ty}, and {message}", key.text);
                    self.diagnostics.push(Diagnostic::new(Code::TestShape, value.span, message, "does not fit"));
                }
            }
        }
        list
    }

    fn node(&mut self, value: &Value) -> Option<String> {
        let Some(name) = value.as_name() else {
            wrong_kind(value, "`of` is the name of a node", self.diagnostics);
            return None;
        };
        if self.graph.find(name).is_none() {
            let found = self.flat.unknown(name, value.span);
            self.diagnostics.push(found);
        }
        Some(name.to_owned())
    }

    fn phase(&mut self, value: &Value) -> Option<Phase> {
        match value.as_word() {
            Some("Train") => Some(Phase::Train),
            Some("Test") => Some(Phase::Test),
            _ => {
                let found = Diagnostic::new(Code::WrongKind, value.span, "a phase is `Train` or `Test`", "not a phase");
                self.diagnostics.push(found.suggest(value.as_word().unwrap_or_default(), ["Train", "Test"]));
                None
            }
        }
    }

    fn tolerance(&mut self, value: &Value) -> Option<f64> {
        let tolerance = value.as_real().filter(|tolerance| *tolerance >= 0.0);
        if tolerance.is_none() && value.kind != Kind::Bad {
            let message = "a tolerance is a number from 0 up";
            self.diagnostics.push(Diagnostic::new(Code::BadValue, value.span, message, "not a tolerance"));
        }
        tolerance
    }

    /// Checks that gradients can be taken as the test asks.
    fn gradients(&mut self, value: &Value, case: &TestCase, fields: &Fields<'_>) {
        if case.grad.is_empty() {
            return;
        }
        let Some(of) = of(self.graph, case) else { return };
        let (ty, name) = (self.graph.ty(of), self.graph.describe(of));
        if case.upstream.is_none() && fields.get("upstream").is_none() && ty.rank() > 0 {
            let message = format!("gradients are taken of {name}, which is {ty} and no scalar");
            let found = Diagnostic::new(Code::NotScalar, value.span, message, "this test");
            self.diagnostics
                .push(found.help("add `upstream: ...`, the gradient with respect to it, or choose a scalar by `of`"));
        }
        if let (Some(upstream), Some(at)) = (&case.upstream, fields.get("upstream"))
            && let Err(message) = fit(&mut upstream.clone(), ty, &mut case.sizes.clone())
        {
            let message = format!("{name} is {ty}, and {message}");
            self.diagnostics.push(Diagnostic::new(Code::TestShape, at.span, message, "does not fit"));
        }
    }

    /// Checks that every input that the test needs is given.
    fn complete(&mut self, value: &Value, case: &TestCase) {
        let mut names: Vec<&str> = case.value.iter().map(|(name, _)| name.as_str()).collect();
        names.extend(case.of.as_deref());
        let mut roots: Vec<usize> = names.iter().filter_map(|name| self.flat.find(name)?.item()).collect();
        if !case.grad.is_empty() && case.of.is_none() {
            let label = of(self.graph, case).and_then(|id| self.graph.node(id).label.clone());
            roots.extend(label.and_then(|label| self.flat.find(&label)?.item()));
        }
        let needed = self.uses.needed(roots);
        let given = |name: &str| case.given.iter().any(|(given, _)| given == name);
        for (item, _) in self.flat.items.iter().zip(needed).filter(|(_, needed)| *needed) {
            if matches!(item.kind, ItemKind::Input(..)) && !given(&item.name) {
                let message = format!("the test gives no value for the input `{}`", item.name);
                let found = Diagnostic::new(Code::TestIncomplete, value.span, message, "this test");
                let help = format!("add it to `given`: `{}: ...`", item.name);
                self.diagnostics.push(found.second(item.key, "declared here").help(help));
            }
        }
    }
}

/// The node that a test's gradients are taken of.
fn of(graph: &Graph, case: &TestCase) -> Option<graphrun_graph::NodeId> {
    match &case.of {
        Some(name) => graph.find(name),
        None => graph.loss.or(graph.outputs.first().map(|(_, id)| *id)),
    }
}

/// Checks an array against a type and gives the symbols their values; `[]` is empty in every shape that can be.
fn fit(literal: &mut Literal, ty: &Type, sizes: &mut Sizes) -> Result<(), String> {
    if literal.shape == [0] && ty.rank() > 1 {
        let rest: Result<Vec<usize>, String> = ty.shape[1..].iter().map(|size| size.eval(sizes)).collect();
        literal.shape = [vec![0], rest.map_err(|_| "the sizes of an empty array cannot be told".to_owned())?].concat();
    }
    if literal.shape.len() != ty.rank() {
        return Err(format!("this array has {} axes", literal.shape.len()));
    }
    for (axis, (size, got)) in ty.shape.iter().zip(&literal.shape).enumerate() {
        if let Some(symbol) = size.as_symbol() {
            sizes.entry(symbol.into()).or_insert(*got);
        }
        match size.eval(sizes) {
            Ok(want) if want != *got => return Err(clash(axis, size, want, *got)),
            _ => {}
        }
    }
    if let Elements::Index { below } = &ty.kind {
        let below = below.eval(sizes).unwrap_or(usize::MAX);
        let wrong = literal.data.iter().find(|value| value.fract() != 0.0 || **value < 0.0 || **value >= below as f64);
        if let Some(value) = wrong {
            return Err(format!("{value} is not a whole number from 0 to {}", below.saturating_sub(1)));
        }
    }
    Ok(())
}

fn clash(axis: usize, size: &Size, want: usize, got: usize) -> String {
    match size.known() {
        Some(_) => format!("axis {axis} of this array has {got} elements, not {want}"),
        None => format!("axis {axis} of this array has {got} elements where {size} is {want}"),
    }
}
