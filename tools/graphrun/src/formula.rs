//! Formulas for people: by names, and with the numbers plugged in.

use graphrun::Array;
use graphrun::expr::{Binary, Expr, ExprKind, Func};
use graphrun::graph::{Form, Leaf, NodeId, Reduce};
use graphrun::tensor::Dtype;

use crate::inside::{Inside, is_leaf};
use crate::json;
use crate::unit::Unit;

/// The most elements of an array that is plugged into a formula.
const SMALL: usize = 8;
/// The longest rule of a gradient that is worth reading, in characters.
const LONG: usize = 100;

/// A value with as many digits as one reads.
pub(crate) fn shown(array: &Array) -> String {
    json::text(&json::array(&rounded(array), Dtype::F64))
}

/// Six significant digits are enough to read.
fn rounded(array: &Array) -> Array {
    let digits = |x: f64| format!("{x:.6e}").parse().unwrap_or(x);
    let values = array.to_reals().into_iter().map(digits).collect();
    Array::real(array.shape(), values).unwrap_or_else(|_| array.clone())
}

/// A small value as it stands in a formula: a negative number in brackets.
pub(crate) fn plugged(array: &Array) -> Option<String> {
    let text = shown(array);
    let text = if text.starts_with('-') { format!("({text})") } else { text };
    (array.shape().len() <= SMALL).then_some(text)
}

/// What is equal, each once.
pub(crate) fn chain(parts: &[String]) -> String {
    let mut parts: Vec<&str> = parts.iter().map(|part| bare(part)).filter(|part| !part.is_empty()).collect();
    parts.dedup();
    parts.join(" = ")
}

/// A number that stands alone, without its brackets.
fn bare(text: &str) -> &str {
    let inner = text.strip_prefix('(').and_then(|text| text.strip_suffix(')'));
    inner.filter(|inner| !inner.contains(['(', ')'])).unwrap_or(text)
}

/// An element-wise formula of these operands.
fn pointwise(expr: &Expr, operands: &[String]) -> String {
    let names: Vec<&str> = operands.iter().map(String::as_str).collect();
    let text = spelled(expr).text(&names);
    // An operand that has brackets of its own needs none as an argument.
    let bracketed = operands.iter().filter(|operand| operand.starts_with('('));
    bracketed.fold(text, |text, operand| text.replace(&format!("({operand})"), operand))
}

/// With squares as powers and inverses as quotients.
fn spelled(expr: &Expr) -> Expr {
    match expr.kind() {
        ExprKind::Var(_) | ExprKind::Constant(_) => expr.clone(),
        ExprKind::Unary(Func::Square, x) => Expr::binary(Binary::Pow, spelled(x), Expr::constant(2.0)),
        ExprKind::Unary(Func::Recip, x) => Expr::binary(Binary::Div, Expr::constant(1.0), spelled(x)),
        ExprKind::Unary(f, x) => Expr::unary(*f, spelled(x)),
        ExprKind::Binary(f, a, b) => Expr::binary(*f, spelled(a), spelled(b)),
        ExprKind::Select(c, a, b) => Expr::select(spelled(c), spelled(a), spelled(b)),
    }
}

/// How a unit is computed, by names and in numbers.
pub(crate) fn formula(inside: &Inside, unit: &Unit) -> (String, String) {
    let node = inside.graph.node(unit.out);
    let names: Vec<String> = unit.sources.iter().map(|id| inside.name(*id).to_string()).collect();
    let numbers: Option<Vec<String>> = unit.sources.iter().map(|id| plugged(inside.values.get(id)?)).collect();
    let text = |operands: &[String]| match node.op.form() {
        Form::Pointwise(expr) if unit.is_primitive() => pointwise(&expr, operands),
        _ if unit.is_primitive() && node.op.name() == unit.op => call(&unit.op, operands, &node.op.options()),
        _ => call(&unit.op, operands, ""),
    };
    (text(&names), numbers.filter(|numbers| !numbers.is_empty()).map_or_else(String::new, |numbers| text(&numbers)))
}

fn call(op: &str, operands: &[String], options: &str) -> String {
    let gap = if options.is_empty() { "" } else { ", " };
    format!("{op}({}{gap}{options})", operands.join(", "))
}

/// The derivative of an element-wise node by its input at `place`, by names, in numbers and its value, where arrays
/// are small and the elements of the input are those of the node.
pub(crate) fn local(inside: &Inside, out: NodeId, place: usize) -> Option<(String, String, Array)> {
    let (node, shape) = (inside.graph.node(out), inside.values[&out].shape());
    let Form::Pointwise(expr) = node.op.form() else { return None };
    let inputs: Vec<&Array> = node.inputs.iter().map(|input| inside.values.get(input)).collect::<Option<_>>()?;
    let fits = |array: &&Array| array.shape() == shape || array.shape().len() == 1;
    if !inside.unit(out)?.is_primitive()
        || shape.len() > SMALL
        || inputs[place].shape() != shape
        || !inputs.iter().all(fits)
    {
        return None;
    }
    let values: Vec<Vec<f64>> = inputs.iter().map(|array| array.to_reals()).collect();
    let slope = expr.derivative(place);
    let at = |k: usize| slope.eval(&values.iter().map(|v| v[k.min(v.len() - 1)]).collect::<Vec<_>>());
    let value = Array::real(shape, (0..shape.len()).map(at).collect()).ok()?;
    let names: Vec<String> = node.inputs.iter().map(|input| inside.name(*input).to_string()).collect();
    let numbers: Vec<String> = inputs.into_iter().map(plugged).collect::<Option<_>>()?;
    Some((pointwise(&slope, &names), pointwise(&slope, &numbers), value))
}

/// How the gradient along the edge into `out` at `place` follows from that of `out`, which is called `above`: by names,
/// and in numbers where these are small.
pub(crate) fn rule(inside: &Inside, out: NodeId, place: usize, above: &str) -> [String; 2] {
    let unit = inside.unit(out).map_or("", |unit| &unit.op);
    let opaque = [format!("{above} through {unit}"), String::new()];
    let Some(&id) = inside.rules.edges.get(&(out, place)) else { return opaque };
    let total = inside.rules.total[&out];
    let names = |id: NodeId| match id {
        _ if id == total => Some(above.to_string()),
        _ if inside.unit(id).is_some() || is_leaf(&inside.rules.graph, id) => Some(inside.name(id).to_string()),
        _ => None,
    };
    let numbers = |id: NodeId| match id {
        _ if id == total => plugged(&inside.grads[&out]),
        _ => names(id).and(plugged(inside.values.get(&id)?)),
    };
    match written(inside, id, &names).filter(|text| text.len() <= LONG) {
        Some(text) => {
            let numbers = written(inside, id, &numbers).filter(|text| text.len() <= LONG);
            let source = inside.unit(out).map_or("", |unit| inside.name(unit.sources[place]));
            [text + &reason(inside, id, source), numbers.unwrap_or_default()]
        }
        None => opaque,
    }
}

/// Why a gradient is a sum, where it is: what is used for many elements gets a gradient from each.
fn reason(inside: &Inside, gradient: NodeId, source: &str) -> String {
    let graph = &inside.rules.graph;
    let mut id = gradient;
    while matches!(graph.node(id).op.form(), Form::Reshape) {
        id = graph.node(id).inputs[0];
    }
    match graph.node(id).op.form() {
        Form::Reduce { with: Reduce::Sum, .. } => format!(" since {source} is repeated along them"),
        _ => String::new(),
    }
}

/// A gradient as a formula of what has a text of its own; none where that grows too long.
fn written(inside: &Inside, id: NodeId, known: &dyn Fn(NodeId) -> Option<String>) -> Option<String> {
    if let Some(text) = known(id) {
        return Some(text);
    }
    let graph = &inside.rules.graph;
    let node = graph.node(id);
    let text = |input: &NodeId| written(inside, *input, known).filter(|text| text.len() <= LONG);
    // What has a sign in it stands in brackets among others.
    let operand = |input: &NodeId| {
        let form = graph.node(*input).op.form();
        let signed = matches!(form, Form::Pointwise(_) | Form::Broadcast | Form::MatMul { .. });
        text(input).map(|text| if signed && known(*input).is_none() { format!("({text})") } else { text })
    };
    match (node.op.form(), &node.inputs[..]) {
        (Form::Leaf(Leaf::Constant(value)), _) => Some(value.to_string()),
        (Form::Leaf(_), _) => None,
        (Form::Pointwise(expr), inputs) => {
            Some(pointwise(&expr, &inputs.iter().map(operand).collect::<Option<Vec<_>>>()?))
        }
        // How an array is folded is seen in its brackets.
        (Form::Reshape, [x]) => text(x),
        (Form::Broadcast, [x]) => Some(format!("{} for each element", text(x)?)),
        (Form::MatMul { transpose_a, transpose_b }, [x, y]) => {
            let turned = |text: String, is: bool| match is {
                true if text.contains('/') && !text.starts_with('(') => format!("({text})^T"),
                true => format!("{text}^T"),
                false => text,
            };
            Some(format!("{} @ {}", turned(operand(x)?, transpose_a), turned(operand(y)?, transpose_b)))
        }
        (_, inputs) => {
            let (operands, options) = (inputs.iter().map(text).collect::<Option<Vec<_>>>()?, node.op.options());
            Some(call(node.op.name(), &operands, options.trim_end_matches(", keep: true")))
        }
    }
}
