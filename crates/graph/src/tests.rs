use graphrun_expr::{Expr, Func};

use crate::{At, Context, GradError, Op, TypeError};
use crate::{Builder, Graph, Leaf, NodeId, Size, Type, grad, gradient_graph, verify};

/// Evaluates a scalar graph by its expressions alone.
fn eval(graph: &Graph, id: NodeId, fed: &[(&str, f64)]) -> f64 {
    use crate::Form;
    let node = graph.node(id);
    let inputs: Vec<f64> = node.inputs.iter().map(|&i| eval(graph, i, fed)).collect();
    match node.op.form() {
        Form::Leaf(Leaf::Input(name)) => fed.iter().find(|(n, _)| *n == name).unwrap().1,
        Form::Leaf(Leaf::Constant(c)) => c,
        Form::Pointwise(expr) => expr.eval(&inputs),
        _ => inputs[0],
    }
}

fn square() -> (Builder, NodeId, Vec<NodeId>) {
    let mut b = Builder::new();
    let ids: Vec<NodeId> = ["x1", "x2", "a"].map(|n| b.input(n, Type::real(vec![])).unwrap()).to_vec();
    let ax2 = b.mul(&[ids[2], ids[1]]).unwrap();
    let y = b.add(&[ids[0], ax2]).unwrap();
    let z = b.pointwise(&Expr::unary(Func::Square, Expr::var(0)), &[y]).unwrap();
    (b, z, ids)
}

const AT: [(&str, f64); 3] = [("x1", 1.0), ("x2", 2.0), ("a", 3.0)];

#[test]
fn an_operation_is_shared_among_as_many_inputs_only() {
    let mut b = Builder::new();
    let [x, y, z] = ["x", "y", "z"].map(|name| b.input(name, Type::real(vec![Size::from(2)])).unwrap());
    let two = b.add(&[x, y]).unwrap();
    let three = b.add(&[x, y, z]).unwrap();
    let again = b.add(&[y, z]).unwrap();
    let op = |id| b.graph().node(id).op.clone();
    assert!(std::sync::Arc::ptr_eq(&op(two), &op(again)));
    assert_ne!(op(two).form(), op(three).form());
}

#[test]
fn the_lectures_square_has_its_gradients() {
    let (mut b, z, ids) = square();
    let grads = grad(&mut b, z, &ids, None).unwrap();
    let graph = b.finish();
    verify(&graph).unwrap();
    assert_eq!(eval(&graph, z, &AT), 49.0);
    assert_eq!(grads.iter().map(|&g| eval(&graph, g, &AT)).collect::<Vec<_>>(), [14.0, 42.0, 28.0]);
}

#[test]
fn the_gradient_of_the_gradient_is_the_hessian() {
    let (mut b, z, ids) = square();
    let first = grad(&mut b, z, &ids, None).unwrap();
    let hessian: Vec<Vec<f64>> = first
        .iter()
        .map(|&g| {
            let row = grad(&mut b, g, &ids, None).unwrap();
            row.iter().map(|&h| eval(b.graph(), h, &AT)).collect()
        })
        .collect();
    assert_eq!(hessian, [[2.0, 6.0, 4.0], [6.0, 18.0, 26.0], [4.0, 26.0, 8.0]]);
}

#[test]
fn equal_nodes_are_one_node() {
    let (mut b, _, ids) = square();
    let before = b.graph().nodes().len();
    b.mul(&[ids[2], ids[1]]).unwrap();
    assert_eq!(b.graph().nodes().len(), before);
}

#[test]
fn broadcasting_is_undone_once() {
    let mut b = Builder::new();
    let n = Size::symbol("N");
    let x = b.input("x", Type::real(vec![n, Size::from(3)])).unwrap();
    let bias = b.input("b", Type::real(vec![Size::from(3)])).unwrap();
    let column = b.input("c", Type::real(vec![Size::from(1)])).unwrap();
    let y = b.mul(&[x, bias, column]).unwrap();
    let loss = b.sum(y, &[0, 1], false).unwrap();
    let grads = grad(&mut b, loss, &[x, bias, column], None).unwrap();
    for (leaf, gradient) in [x, bias, column].into_iter().zip(grads) {
        assert_eq!(b.ty(leaf), b.ty(gradient));
    }
    verify(&b.finish()).unwrap();
}

#[test]
fn a_vector_needs_its_upstream_gradient() {
    let mut b = Builder::new();
    let x = b.input("x", Type::real(vec![Size::from(3)])).unwrap();
    let unused = b.input("u", Type::real(vec![Size::from(2)])).unwrap();
    let labels = b.input("l", Type::index(vec![], Size::from(2))).unwrap();
    let y = b.neg(x).unwrap();
    assert!(grad(&mut b, y, &[x], None).unwrap_err().message.contains("upstream"));
    let g = b.input("g", Type::real(vec![Size::from(3)])).unwrap();
    let grads = grad(&mut b, y, &[x, unused], Some(g)).unwrap();
    assert_eq!(b.ty(grads[1]), b.ty(unused));
    assert!(grad(&mut b, y, &[labels], Some(g)).is_err());
}

/// An operation from real numbers to integers or back, without a gradient.
#[derive(Clone, Copy, Debug)]
struct Stuck {
    integers: bool,
}

impl Op for Stuck {
    fn name(&self) -> &str {
        "Stuck"
    }

    fn options(&self) -> String {
        format!("integers: {}", self.integers)
    }

    fn ty(&self, inputs: &[Type]) -> Result<Type, TypeError> {
        let shape = inputs[0].shape.clone();
        Ok(if self.integers { Type::index(shape, Size::from(3)) } else { Type::real(shape) })
    }

    fn vjp(&self, _: &mut Builder, _: At<'_>) -> Result<Vec<Option<NodeId>>, GradError> {
        Err(GradError::new("it is stuck"))
    }

    fn run(&self, _: &[graphrun_tensor::ViewAny<'_>], _: graphrun_tensor::ViewMutAny<'_>, _: &mut Context<'_>) {}
}

#[test]
fn only_what_lies_between_is_differentiated() {
    let mut b = Builder::new();
    let [x, u] = ["x", "u"].map(|name| b.input(name, Type::real(vec![])).unwrap());
    let stuck = b.node(Stuck { integers: false }, &[u]).unwrap();
    let whole = b.node(Stuck { integers: true }, &[x]).unwrap();
    let real = b.node(Stuck { integers: false }, &[whole]).unwrap();
    let y = b.mul(&[x, stuck]).unwrap();
    let z = b.mul(&[y, real]).unwrap();
    // Of what is made after it nothing is asked either.
    let after = b.node(Stuck { integers: false }, &[z]).unwrap();
    let gradient = grad(&mut b, z, &[x], None).unwrap()[0];
    // Here an operation without a meaning hands its input on.
    assert_eq!(eval(b.graph(), gradient, &[("x", 3.0), ("u", 5.0)]), 15.0);
    for (of, wrt) in [(z, u), (after, x)] {
        let error = grad(&mut b, of, &[wrt], None).unwrap_err();
        assert!(error.message.contains("(Stuck): it is stuck"), "{error}");
    }
}

/// The sum of its inputs, whose rule gives as many gradients as it is told.
#[derive(Clone, Copy, Debug)]
struct Gives(usize);

impl Op for Gives {
    fn name(&self) -> &str {
        "Gives"
    }

    fn options(&self) -> String {
        format!("gradients: {}", self.0)
    }

    fn ty(&self, inputs: &[Type]) -> Result<Type, TypeError> {
        Ok(inputs[0].clone())
    }

    fn vjp(&self, _: &mut Builder, at: At<'_>) -> Result<Vec<Option<NodeId>>, GradError> {
        Ok(vec![Some(at.grad); self.0])
    }

    fn run(&self, _: &[graphrun_tensor::ViewAny<'_>], _: graphrun_tensor::ViewMutAny<'_>, _: &mut Context<'_>) {}
}

#[test]
fn a_rule_answers_for_every_input() {
    let mut b = Builder::new();
    let inputs = ["x", "y"].map(|name| b.input(name, Type::real(vec![])).unwrap());
    for given in 0..4 {
        let sum = b.node(Gives(given), &inputs).unwrap();
        let found = grad(&mut b, sum, &inputs, None);
        assert_eq!(found.is_ok(), given == 2);
        if let Err(error) = found {
            assert!(
                error.message.contains(&format!("(Gives): it has 2 inputs, and its rule gives {given}")),
                "{error}"
            );
        }
    }
}

#[test]
fn what_does_not_reach_the_end_gets_zeros() {
    let mut b = Builder::new();
    let x = b.input("x", Type::real(vec![])).unwrap();
    let dead = b.pointwise(&Expr::unary(Func::Exp, Expr::var(0)), &[x]).unwrap();
    let y = b.mul(&[x, x]).unwrap();
    let later = b.neg(y).unwrap();
    let found = grad(&mut b, y, &[x, dead, y, later], None).unwrap();
    let at = |id| eval(b.graph(), id, &[("x", 3.0)]);
    assert_eq!(found.into_iter().map(at).collect::<Vec<_>>(), [6.0, 0.0, 1.0, 0.0]);
}

#[test]
fn the_stable_form_does_not_look_through_what_is_asked_for() {
    let mut b = Builder::new();
    let x = b.input("x", Type::real(vec![])).unwrap();
    let e = b.pointwise(&Expr::unary(Func::Exp, Expr::var(0)), &[x]).unwrap();
    let y = b.pointwise(&Expr::unary(Func::Log, Expr::var(0)), &[e]).unwrap();
    let found = grad(&mut b, y, &[e], None).unwrap()[0];
    assert!((eval(b.graph(), found, &[("x", 2.0)]) - (-2f64).exp()).abs() < 1e-12);
    // Nor does it put another in its place.
    let z = b.mul(&[y, y]).unwrap();
    let found = grad(&mut b, z, &[y], None).unwrap()[0];
    assert_eq!(eval(b.graph(), found, &[("x", 2.0)]), 4.0);
    // Where nothing is asked for in between, no exponential is left to overflow.
    let found = grad(&mut b, y, &[x], None).unwrap()[0];
    assert_eq!(eval(b.graph(), found, &[("x", 1e4)]), 1.0);
    // A node after the end is none to look through, nor one to stumble over.
    let after = b.neg(y).unwrap();
    let found = grad(&mut b, y, &[x, after], None).unwrap();
    assert_eq!(found.into_iter().map(|id| eval(b.graph(), id, &[("x", 1e4)])).collect::<Vec<_>>(), [1.0, 0.0]);
}

#[test]
fn a_gradient_from_above_has_the_nodes_shape_or_none() {
    let mut b = Builder::new();
    let x = b.input("x", Type::real(vec![Size::from(3)])).unwrap();
    let one = b.input("one", Type::real(vec![Size::from(1)])).unwrap();
    let scalar = b.input("s", Type::real(vec![])).unwrap();
    let labels = b.input("l", Type::index(vec![], Size::from(2))).unwrap();
    let y = b.neg(x).unwrap();
    let found = grad(&mut b, y, &[x], Some(scalar)).unwrap()[0];
    assert_eq!(b.ty(found), b.ty(x));
    assert!(grad(&mut b, y, &[x], Some(one)).unwrap_err().message.contains("the upstream gradient is"));
    assert!(grad(&mut b, labels, &[x], None).unwrap_err().message.contains("holds integers"));
    // One element is a scalar, whatever its rank.
    let single = b.neg(one).unwrap();
    let found = grad(&mut b, single, &[one], None).unwrap()[0];
    assert_eq!(b.ty(found), b.ty(one));
}

#[test]
fn a_gradient_graph_has_the_gradients_for_outputs_alone() {
    let (b, z, ids) = square();
    let mut graph = b.finish();
    graph.outputs = vec![("z".to_owned(), z)];
    graph.loss = Some(z);
    let wrt: Vec<_> = ["x1", "x2", "a"].map(str::to_owned).into_iter().zip(ids).collect();
    let found = gradient_graph(&graph, z, &wrt, None).unwrap();
    let values = found.outputs.iter().map(|(name, id)| (name.as_str(), eval(&found, *id, &AT)));
    assert_eq!(values.collect::<Vec<_>>(), [("grad.x1", 14.0), ("grad.x2", 42.0), ("grad.a", 28.0)]);
    assert_eq!(found.loss, None);
}
