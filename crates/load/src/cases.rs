//! The `tests` section.

use graphrun_graph::{Form, Graph, Leaf, NodeId, Phase, Sizes, Type};

use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::doubts::Doubts;
use crate::fields::{Fields, entries, wrong_kind};
use crate::fit::{fit, place};
use crate::flat::{Flat, ItemKind};
use crate::literal::Literal;
use crate::order::Uses;
use crate::syntax::{Kind, Place, Span, Value};

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

/// Reads the tests of a model, parts of which may be wrong.
pub(crate) struct Cases<'a, 'r> {
    pub(crate) graph: &'a Graph,
    pub(crate) flat: &'a Flat<'r>,
    pub(crate) uses: &'a Uses,
    pub(crate) doubts: &'a Doubts,
    pub(crate) diagnostics: &'a mut Diagnostics,
}

impl Cases<'_, '_> {
    /// All tests; wrong ones are reported and left out.
    pub(crate) fn read(&mut self, section: &Value) -> Vec<TestCase> {
        match &section.kind {
            Kind::List(items) => items.iter().filter_map(|item| self.case(item)).collect(),
            _ => {
                let form = "`tests: [(given: { x: 1 }, value: { y: 2 })]`";
                wrong_kind(section, "`tests` is a list", form, self.diagnostics);
                Vec::new()
            }
        }
    }

    fn case(&mut self, value: &Value) -> Option<TestCase> {
        let fields = Fields::read(value, "a test", &FIELDS, self.diagnostics)?;
        let before = self.diagnostics.list.len();
        let mut sizes = Sizes::new();
        let input = |leaf: &Option<Leaf>| matches!(leaf, Some(Leaf::Input(_)));
        let param = |leaf: &Option<Leaf>| matches!(leaf, Some(Leaf::Parameter(_)));
        let given = self.arrays(&fields, "given", "an input", &mut sizes, input);
        let params = self.arrays(&fields, "params", "a parameter", &mut sizes, param);
        for (name, size) in &self.graph.sizes {
            sizes.entry(name.clone()).or_insert(*size);
        }
        let value_of = self.arrays(&fields, "value", "a node", &mut sizes, |_| true);
        let leaf = |leaf: &Option<Leaf>| matches!(leaf, Some(Leaf::Input(_) | Leaf::Parameter(_)));
        let grad = self.arrays(&fields, "grad", "an input or parameter", &mut sizes, leaf);
        let of = fields.get("of").and_then(|of| self.node(of));
        let upstream = fields.get("upstream").and_then(|value| Literal::read(value, self.diagnostics));
        let phase = fields.get("phase").map_or(Some(Phase::Test), |value| self.phase(value));
        let tolerance = fields.get("tolerance").map_or(Some(TOLERANCE), |value| self.tolerance(value));
        if fields.get("value").is_none() && fields.get("grad").is_none() {
            let found = Diagnostic::new(Code::TestIncomplete, value.span, "the test expects nothing", "this test");
            self.diagnostics.push(found.help("add `value: { y: ... }` or `grad: { x: ... }`"));
        }
        self.idle(&fields);
        let place = self.diagnostics.sources.place(value.span);
        let (phase, tolerance) = (phase?, tolerance?);
        let case = TestCase { place, given, params, of, upstream, value: value_of, grad, phase, tolerance, sizes };
        self.gradients(value, &case, &fields);
        self.complete(value, &case, &fields);
        (self.diagnostics.list.len() == before).then_some(case)
    }

    /// Refuses what says how gradients are taken where none is expected.
    fn idle(&mut self, fields: &Fields<'_>) {
        if fields.get("grad").is_some() {
            return;
        }
        for (name, value) in ["of", "upstream"].iter().filter_map(|name| Some((name, fields.get(name)?))) {
            let message = format!("`{name}` has no effect in a test that expects no gradient");
            let found = Diagnostic::new(Code::TestIncomplete, value.span, message, "without effect");
            self.diagnostics.push(found.help("add `grad: { x: ... }`, or delete this"));
        }
    }

    /// A map of arrays, each checked against what it is for.
    fn arrays(
        &mut self,
        fields: &Fields<'_>,
        field: &str,
        what: &str,
        sizes: &mut Sizes,
        fits: impl Fn(&Option<Leaf>) -> bool,
    ) -> Vec<(String, Literal)> {
        let Some(map) = fields.get(field) else { return Vec::new() };
        let mut list = Vec::new();
        for (key, value) in entries(map, &format!("`{field}` of a test"), true, self.diagnostics) {
            let literal = Literal::read(value, self.diagnostics);
            let Some(id) = self.graph.find(key.text) else {
                self.refuse_unknown(key.text, key.span);
                continue;
            };
            let leaf = match self.graph.node(id).op.form() {
                Form::Leaf(leaf) => Some(leaf),
                _ => None,
            };
            if !fits(&leaf) {
                let message = format!("`{}` is not {what}", key.text);
                let found = Diagnostic::new(Code::TestIncomplete, key.span, message, format!("not {what}"));
                self.diagnostics.push(found.help(match leaf {
                    Some(Leaf::Input(_)) => "an input is fed under `given`".to_owned(),
                    Some(Leaf::Parameter(_)) => "a parameter is set under `params`".to_owned(),
                    _ => format!("what a node should come to stands under `value`: write {what} here"),
                }));
                continue;
            }
            let Some(mut literal) = literal else { continue };
            let ty =
                if field == "grad" { Type::real(self.graph.ty(id).shape.clone()) } else { self.graph.ty(id).clone() };
            if field == "grad" && !self.graph.ty(id).is_real() {
                let message = format!("`{}` holds integers, and has no gradient", key.text);
                let found = Diagnostic::new(Code::NotDifferentiable, key.span, message, "an integer input");
                self.diagnostics.push(found.help("delete it: gradients are taken with respect to reals"));
                continue;
            }
            match fit(&mut literal, &ty, sizes) {
                Ok(()) => list.push((key.text.to_owned(), literal)),
                Err(misfit) => {
                    let message = format!("`{}` is {ty}, and {}", key.text, misfit.message);
                    let at = place(value, &misfit);
                    let found = Diagnostic::new(Code::TestShape, at, message, "does not fit");
                    self.diagnostics.push(found.help(misfit.help(&ty, sizes)));
                }
            }
        }
        list
    }

    /// Reports a name that the model does not have; one that it has and that is wrong itself is reported already.
    fn refuse_unknown(&mut self, name: &str, span: Span) {
        if !self.doubts.covers(name) {
            let found = self.flat.unknown(name, span);
            self.diagnostics.push(found);
        }
    }

    fn node(&mut self, value: &Value) -> Option<String> {
        let Some(name) = value.as_name() else {
            wrong_kind(value, "`of` is the name of a node", "`of: y`", self.diagnostics);
            return None;
        };
        if self.graph.find(name).is_none() {
            self.refuse_unknown(name, value.span);
        }
        Some(name.to_owned())
    }

    fn phase(&mut self, value: &Value) -> Option<Phase> {
        match value.as_word() {
            Some("Train") => Some(Phase::Train),
            Some("Test") => Some(Phase::Test),
            _ => {
                let found = Diagnostic::new(Code::WrongKind, value.span, "a phase is `Train` or `Test`", "not a phase");
                let known = ["Train", "Test"];
                self.diagnostics
                    .push(found.help("write `phase: Train`").suggest(value.as_word().unwrap_or_default(), known));
                None
            }
        }
    }

    fn tolerance(&mut self, value: &Value) -> Option<f64> {
        let tolerance = value.as_real().filter(|tolerance| *tolerance >= 0.0 && tolerance.is_finite());
        if tolerance.is_none() && value.kind != Kind::Bad {
            let message = "a tolerance is a finite number from 0 up";
            let found = Diagnostic::new(Code::BadValue, value.span, message, "not a tolerance");
            self.diagnostics.push(found.help(format!("write a number such as 1e-6, or delete it for {TOLERANCE:e}")));
        }
        tolerance
    }

    /// Checks that gradients can be taken as the test asks.
    fn gradients(&mut self, value: &Value, case: &TestCase, fields: &Fields<'_>) {
        if case.grad.is_empty() {
            return;
        }
        let Some(of) = self.of(case) else { return };
        let (ty, name) = (self.graph.ty(of), self.graph.describe(of));
        if case.upstream.is_none() && fields.get("upstream").is_none() && ty.rank() > 0 {
            let message = format!("gradients are taken of {name}, which is {ty} and no scalar");
            let found = Diagnostic::new(Code::NotScalar, value.span, message, "this test");
            self.diagnostics
                .push(found.help("add `upstream: ...`, the gradient with respect to it, or choose a scalar by `of`"));
        }
        if let (Some(upstream), Some(at)) = (&case.upstream, fields.get("upstream"))
            && let Err(misfit) = fit(&mut upstream.clone(), ty, &mut case.sizes.clone())
        {
            let message = format!("{name} is {ty}, and {}", misfit.message);
            let found = Diagnostic::new(Code::TestShape, place(at, &misfit), message, "does not fit");
            self.diagnostics.push(found.help(misfit.help(ty, &case.sizes)));
        }
    }

    /// Checks that every input that the test needs is given.
    fn complete(&mut self, value: &Value, case: &TestCase, fields: &Fields<'_>) {
        let mut names: Vec<&str> = case.value.iter().map(|(name, _)| name.as_str()).collect();
        names.extend(case.of.as_deref());
        let mut roots: Vec<usize> = names.iter().filter_map(|name| self.flat.find(name)?.item()).collect();
        if !case.grad.is_empty() && case.of.is_none() {
            let label = self.of(case).and_then(|id| self.graph.node(id).label.clone());
            roots.extend(label.and_then(|label| self.flat.find(&label)?.item()));
        }
        let needed = self.uses.needed(roots);
        let written = fields.get("given");
        let given = |name: &str| written.is_some_and(|map| map.field(name).is_some());
        for (item, _) in self.flat.items.iter().zip(needed).filter(|(_, needed)| *needed) {
            if matches!(item.kind, ItemKind::Input(..)) && !given(&item.name) {
                let message = format!("the test gives no value for the input `{}`", item.name);
                let found = Diagnostic::new(Code::TestIncomplete, value.span, message, "this test");
                let help = format!("add it to `given`: `{}: ...`", item.name);
                self.diagnostics.push(found.second(item.key, "declared here").help(help));
            }
        }
    }

    /// The node that a test's gradients are taken of; none when it is wrong itself.
    fn of(&self, case: &TestCase) -> Option<NodeId> {
        match &case.of {
            Some(name) => self.graph.find(name),
            None if self.doubts.loss || self.doubts.outputs => None,
            None => self.graph.loss.or(self.graph.outputs.first().map(|(_, id)| *id)),
        }
    }
}
