//! Bugs planted in operations come out as small model files that reproduce them, and regressions are replayed.

use std::sync::Arc;

use graphrun_exec::Array;
use graphrun_gradcheck::{Examination, Failure, Flat, Hunt, Interpreter, Print, Problem, Values, check_op};
use graphrun_graph::{At, Builder, Context, GradError, NodeId, Op, OpDef, Phase, Registry, Sample, SampleInput};
use graphrun_graph::{Type, TypeError};
use graphrun_load::{LoadOptions, load_str, print_tested};
use graphrun_nodes::standard;
use graphrun_tensor::{Shape, View, ViewAny, ViewMutAny};

/// Cube takes no options, and a field that is none is an error.
#[derive(serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields)]
struct Options {}

type Rule = fn(&mut Builder, At<'_>) -> Result<NodeId, TypeError>;

/// x^3 for each element, with the gradient that it is told.
#[derive(Clone, Copy, Debug)]
struct Cube(Rule);

impl Op for Cube {
    fn name(&self) -> &str {
        "Cube"
    }

    fn ty(&self, inputs: &[Type]) -> Result<Type, TypeError> {
        Ok(inputs[0].clone())
    }

    fn vjp(&self, b: &mut Builder, at: At<'_>) -> Result<Vec<Option<NodeId>>, GradError> {
        let wrong = |e: TypeError| GradError::new(e.message);
        Ok(vec![Some((self.0)(b, at).map_err(wrong)?)])
    }

    fn run(&self, inputs: &[ViewAny<'_>], out: ViewMutAny<'_>, _: &mut Context<'_>) {
        match (inputs[0], out) {
            (ViewAny::F64(x), ViewMutAny::F64(y)) => y.data.iter_mut().zip(row(x)).for_each(|(y, x)| *y = x * x * x),
            (ViewAny::F32(x), ViewMutAny::F32(y)) => y.data.iter_mut().zip(row(x)).for_each(|(y, x)| *y = x * x * x),
            _ => {}
        }
    }
}

/// The elements of an operand in one row, as the interpreter lays them out.
fn row<T: Copy>(view: View<'_, T>) -> Vec<T> {
    let (data, start) = view.parts();
    data[start..start + view.shape().len()].to_vec()
}

fn registry(rule: Rule) -> Registry {
    let build = move |call: &mut graphrun_graph::Call<'_>, _: &Options| call.emit(Cube(rule));
    let sample = |b: &mut graphrun_graph::Bytes<'_>| Sample::new(Options {}, vec![SampleInput::real(&b.shape(0, 3))]);
    standard().with(OpDef::new("Cube", build).ports(&["x"]).sample(sample))
}

fn right(b: &mut Builder, at: At<'_>) -> Result<NodeId, TypeError> {
    let (three, x) = (b.constant(3.0)?, at.inputs[0]);
    b.mul(&[at.grad, three, x, x])
}

fn two_for_three(b: &mut Builder, at: At<'_>) -> Result<NodeId, TypeError> {
    let (two, x) = (b.constant(2.0)?, at.inputs[0]);
    b.mul(&[at.grad, two, x, x])
}

fn output_for_input(b: &mut Builder, at: At<'_>) -> Result<NodeId, TypeError> {
    let (three, x) = (b.constant(3.0)?, at.inputs[0]);
    b.mul(&[at.grad, three, x, at.output])
}

fn upstream_dropped(b: &mut Builder, at: At<'_>) -> Result<NodeId, TypeError> {
    let (three, x) = (b.constant(3.0)?, at.inputs[0]);
    b.mul(&[three, x, x])
}

fn printer(rule: Rule) -> Arc<Print> {
    Arc::new(move |graph, tests| print_tested(graph, &registry(rule), tests))
}

fn hunt(rule: Rule, hunt: Hunt) -> Result<(), Box<Failure>> {
    let engine = Interpreter::default();
    let how = Examination::new(&engine, &engine);
    check_op(&registry(rule), "Cube", &how, &Hunt { threads: 1, print: Some(printer(rule)), ..hunt }).map(drop)
}

/// How far the gradient of a printed model lies from what its test expects, in tolerances.
fn reproduced(text: &str, rule: Rule) -> f64 {
    let model = load_str("found.ron".as_ref(), text, &registry(rule), &LoadOptions::default());
    let model = model.unwrap_or_else(|found| panic!("{text}\n{found}"));
    let graph = model.graph(Phase::Test);
    assert!(graph.nodes().len() <= 4, "{text}");
    let case = &model.tests[0];
    let array = |l: &graphrun_load::Literal| Array::real(Shape::of(&l.shape), l.data.clone()).unwrap();
    let values: Values = case.given.iter().map(|(name, l)| (name.clone(), array(l))).collect();
    assert!(case.given.iter().all(|(_, l)| l.shape.iter().all(|n| *n <= 3)), "{text}");
    let of = graph.find(case.of.as_ref().unwrap()).unwrap();
    let problem =
        Problem { of: vec![(of, array(case.upstream.as_ref().unwrap()))], ..Problem::new(graph, of, &values) };
    let found = Flat::new(&problem, &Interpreter::default()).unwrap().gradient;
    let expected: Vec<f64> = case.grad.iter().flat_map(|(_, l)| l.data.clone()).collect();
    found.iter().zip(&expected).fold(0.0, |m: f64, (a, b)| m.max((a - b).abs())) / case.tolerance
}

#[test]
fn planted_bugs_come_out_as_small_models_that_reproduce_them() {
    hunt(right, Hunt::default()).unwrap_or_else(|failure| panic!("{failure}"));
    for rule in [two_for_three as Rule, output_for_input, upstream_dropped] {
        let failure = hunt(rule, Hunt::default()).expect_err("the bug is seen");
        assert!(failure.loads, "{failure}");
        assert!(reproduced(&failure.model, rule) > 10.0, "{failure}");
        assert!(reproduced(&failure.model, right) <= 1.0, "{failure}");
    }
}

#[test]
fn regressions_are_saved_replayed_and_never_passed_over() {
    let folder = std::env::temp_dir().join(format!("graphrun-regressions-{}", std::process::id()));
    let kept = |cases| Hunt { cases, regressions: Some(folder.clone()), ..Hunt::default() };
    let failure = hunt(two_for_three, kept(64)).expect_err("the bug is seen");
    let saved = failure.saved.clone().expect("the folder can be written");
    hunt(two_for_three, kept(0)).expect_err("the saved recipe is replayed");
    // It is kept by moving it up, as the failure says, and not by adding everything there is.
    assert_eq!(std::fs::read_to_string(saved.with_file_name(".gitignore")).unwrap(), "*\n");
    let (from, to) = (saved.with_extension(""), folder.display());
    assert!(failure.to_string().ends_with(&format!("mv {}.* {to}", from.display())), "{failure}");
    std::fs::rename(&saved, folder.join(saved.file_name().unwrap())).unwrap();
    let failure = hunt(two_for_three, kept(0)).expect_err("the kept recipe is replayed");
    assert_eq!((failure.saved, saved.exists()), (None, false), "what is kept is not new again");
    hunt(right, kept(0)).unwrap_or_else(|failure| panic!("{failure}"));
    std::fs::write(folder.join("torn.recipe"), "Cube 00").unwrap();
    let failure = hunt(right, kept(0)).expect_err("a recipe that cannot be read is an error");
    assert!(failure.finding.detail.contains("torn.recipe"), "{failure}");
    std::fs::remove_dir_all(folder).unwrap();
}
