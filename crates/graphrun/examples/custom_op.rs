//! An operation of one's own, used from RON: `cargo run --example custom_op`.

#![allow(clippy::print_stdout)]

use graphrun::expr::{Expr, Func};
use graphrun::graph::{OpDef, core::Pointwise};
use graphrun::{Array, Phase, Session, load};

/// Bump takes no options, and a field that is none is an error.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Bump(x) = exp(-x^2): value, gradient and kernel follow from the expression.
    let bump = Expr::unary(Func::Exp, -Expr::unary(Func::Square, Expr::var(0)));
    let op = Pointwise::named("Bump", String::new(), bump.clone());
    let def = OpDef::new("Bump", move |call, _: &Options| call.emit(op.clone())).summary("exp(-x^2)").expr(bump);
    let registry = graphrun::nodes::standard().with(def);

    let text = "Model(graphrun: 1, inputs: { x: [] }, nodes: { y: Bump(x), z: Formula(\"2 * bump(x)\", { x: x }) }, outputs: [y, z])";
    let model = load::load_str("bump.ron".as_ref(), text, &registry, &Default::default()).map_err(|e| e.to_string())?;
    let mut session = Session::new(model.graph(Phase::Test).clone(), Default::default())?;
    session.run(&[("x", &Array::scalar(1.0))])?;
    println!("{:?} {:?}", session.output("y"), session.output("z"));
    Ok(())
}
