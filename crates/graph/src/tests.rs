use graphrun_expr::{Expr, Func};

use crate::{Builder, Graph, Leaf, NodeId, Size, Type, grad, verify};

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
