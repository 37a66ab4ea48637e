//! What pointwise operations share: an expression in text gives the value, the gradient and the kernel.

use graphrun_expr::Expr;
use graphrun_graph::core::Pointwise;
use graphrun_graph::{Bytes, Call, NodeId, OpDef, Sample, SampleInput, TypeError};
use serde::Deserialize;

/// The options of an operation that has none.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoOptions {}

/// An operation without options that is `text`, an expression of its ports, for every element of the broadcast inputs.
pub(crate) fn pointwise(name: &'static str, ports: &[&'static str], text: &'static str) -> OpDef {
    let expr = expression(text, ports);
    let body = expr.clone();
    OpDef::new(name, move |call, _: &NoOptions| call.emit(Pointwise::named(name, String::new(), body.clone())))
        .ports(ports)
        .shape(if ports.len() == 1 { "That of the input" } else { "The broadcast shape of the inputs" })
        .expr(expr)
        .sample(operands(vec![(-2.0, 2.0); ports.len()]))
}

/// Emits the operation `name` with these option values: `text` over the ports, then the options by name.
pub(crate) fn with_options(
    call: &mut Call<'_>,
    name: &str,
    ports: &[&str],
    options: &[(&str, f64)],
    text: &'static str,
) -> Result<NodeId, TypeError> {
    let names: Vec<&str> = ports.iter().copied().chain(options.iter().map(|(name, _)| *name)).collect();
    let values: Vec<Expr> =
        (0..ports.len()).map(Expr::var).chain(options.iter().map(|&(_, value)| Expr::constant(value))).collect();
    let canonical: Vec<String> = options.iter().map(|(name, value)| format!("{name}: {value:?}")).collect();
    call.emit(Pointwise::named(name, canonical.join(", "), expression(text, &names).substitute(&values)))
}

/// Reads an expression that this crate itself is written with.
pub(crate) fn expression(text: &'static str, variables: &[&str]) -> Expr {
    Expr::parse(text, variables, &()).unwrap_or_else(|error| panic!("`{text}`: {error}"))
}

/// Samples for operands in these ranges, of shapes that broadcast: any but the first may lack leading axes or
/// have axes of size 1.
pub(crate) fn operands(ranges: Vec<(f64, f64)>) -> impl Fn(&mut Bytes<'_>) -> Sample + Send + Sync + 'static {
    move |bytes| Sample::new(NoOptions {}, broadcasting(bytes, &ranges))
}

/// Samples for a variadic port: one to four operands of shapes that broadcast.
pub(crate) fn many(bytes: &mut Bytes<'_>) -> Sample {
    let ranges = vec![(-2.0, 2.0); bytes.between(1, 4)];
    Sample::variadic(NoOptions {}, broadcasting(bytes, &ranges))
}

/// Inputs in these ranges, of shapes that broadcast against the first one's.
pub(crate) fn broadcasting(bytes: &mut Bytes<'_>, ranges: &[(f64, f64)]) -> Vec<SampleInput> {
    let shape = bytes.shape(0, 3);
    let shrunk = |bytes: &mut Bytes<'_>| -> Vec<usize> {
        let lacking = bytes.between(0, shape.len());
        shape[lacking..].iter().map(|&size| if bytes.flag() { 1 } else { size }).collect()
    };
    ranges
        .iter()
        .enumerate()
        .map(|(k, &(low, high))| {
            let shape = if k == 0 { shape.clone() } else { shrunk(bytes) };
            SampleInput::range(&shape, low, high)
        })
        .collect()
}
