//! An operation of one's own, used from a model file; the test at the end proves its gradient.

#![allow(clippy::print_stdout)]

use graphrun::expr::{Expr, Func};
use graphrun::graph::{Bytes, OpDef, Sample, SampleInput, core::Pointwise};
use graphrun::{Array, Phase, Registry, Session, load};

/// Bump takes no options, and a field that is none is an error.
#[derive(serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields)]
struct Options {}

/// All standard operations, and `Bump(x) = exp(-x^2)`, whose value, gradient and kernel follow from the expression.
fn registry() -> Registry {
    let bump = Expr::unary(Func::Exp, -Expr::unary(Func::Square, Expr::var(0)));
    let op = Pointwise::named("Bump", String::new(), bump.clone());
    let def = OpDef::new("Bump", move |call, _: &Options| call.emit(op.clone()))
        .summary("exp(-x^2)")
        .expr(bump)
        .sample(|bytes: &mut Bytes<'_>| Sample::new(Options {}, vec![SampleInput::real(&bytes.shape(0, 3))]));
    graphrun::nodes::standard().with(def)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let text = "Model(graphrun: 1, inputs: { x: [] }, nodes: { y: Bump(x), z: Formula(\"2 * bump(x)\", { x: x }) }, outputs: [y, z])";
    let model =
        load::load_str("bump.ron".as_ref(), text, &registry(), &Default::default()).map_err(|e| e.to_string())?;
    let mut session = Session::new(model.graph(Phase::Test).clone(), Default::default())?;
    session.run(&[("x", &Array::scalar(1.0))])?;
    println!("{:?} {:?}", session.output("y"), session.output("z"));
    Ok(())
}

#[cfg(test)]
graphrun::gradcheck::test_op!(bump_is_differentiated_right, registry(), "Bump");
