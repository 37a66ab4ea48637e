//! Each core operation alone: its value, its gradients, its type, and how it is written.

use graphrun_expr::Expr;
use graphrun_tensor::{Scratch, Shape, View, ViewAny, ViewMut, ViewMutAny};

use super::{Broadcast, Pointwise, Reshape, Shift, Sum, variable_names};
use crate::{At, Builder, Context, Form, Graph, Leaf, NodeId, Op, Size, Sizes, Type, grad};

fn sizes(shape: &[usize]) -> Vec<Size> {
    shape.iter().map(|&n| Size::from(n)).collect()
}

/// What `op` writes for these views.
fn run(op: &dyn Op, inputs: &[View<'_, f64>], shape: Shape) -> Vec<f64> {
    let inputs: Vec<ViewAny<'_>> = inputs.iter().map(|&view| ViewAny::F64(view)).collect();
    let mut out = vec![f64::NAN; shape.len()];
    let mut at = Context { rows: 0..1, scratch: Scratch::new(&mut []), seed: 0, step: 0 };
    op.run(&inputs, ViewMutAny::F64(ViewMut::new(&mut out, shape)), &mut at);
    out
}

/// Every node's value in turn; the inputs hold what is fed, in order.
fn values(graph: &Graph, fed: &[&[f64]]) -> Vec<Vec<f64>> {
    let (mut values, mut fed): (Vec<Vec<f64>>, _) = (Vec::new(), fed.iter());
    let shape = |id: NodeId| graph.ty(id).concrete(&Sizes::new()).unwrap();
    for (id, node) in graph.ids() {
        let inputs: Vec<_> = node.inputs.iter().map(|&i| View::new(&values[i.index()], shape(i))).collect();
        let value = match node.op.form() {
            Form::Leaf(Leaf::Input(_)) => fed.next().unwrap().to_vec(),
            _ => run(node.op.as_ref(), &inputs, shape(id)),
        };
        values.push(value);
    }
    values
}

/// An input or output: its sizes, its elements, and the gradient with respect to it.
type Array<'a> = (&'a [usize], &'a [f64], &'a [f64]);

/// Demands this value and, of the gradient of the output, these gradients.
fn check(op: impl Op, inputs: &[Array<'_>], output: Array<'_>) {
    let mut b = Builder::new();
    let name = format!("{}({})", op.name(), op.options());
    let declare =
        |b: &mut Builder, k: usize, shape: &[usize]| b.input(&format!("x{k}"), Type::real(sizes(shape))).unwrap();
    let wrt: Vec<NodeId> = inputs.iter().enumerate().map(|(k, (shape, ..))| declare(&mut b, k, shape)).collect();
    let upstream = declare(&mut b, inputs.len(), output.0);
    let y = b.node(op, &wrt).unwrap();
    assert_eq!(b.ty(y), &Type::real(sizes(output.0)), "{name}");
    let gradients = grad(&mut b, y, &wrt, Some(upstream)).unwrap();
    let fed: Vec<&[f64]> = inputs.iter().map(|input| input.1).chain([output.2]).collect();
    let found = values(b.graph(), &fed);
    assert_eq!(found[y.index()], output.1, "{name}");
    for (gradient, input) in gradients.into_iter().zip(inputs) {
        assert_eq!(found[gradient.index()], input.2, "the gradient of {name}");
    }
}

fn expr(text: &str) -> Expr {
    Expr::parse(text, &["a", "b"], &()).unwrap()
}

const SIX: [f64; 6] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0];

#[test]
fn values_and_gradients() {
    check(
        Broadcast { shape: sizes(&[3, 2]) },
        &[(&[2], &[1.0, 2.0], &[21.0, 42.0])],
        (&[3, 2], &[1.0, 2.0, 1.0, 2.0, 1.0, 2.0], &SIX),
    );
    check(
        Broadcast { shape: sizes(&[2, 3]) },
        &[(&[2, 1], &[1.0, 2.0], &[7.0, 56.0])],
        (&[2, 3], &[1.0, 1.0, 1.0, 2.0, 2.0, 2.0], &SIX),
    );
    check(
        Reshape { shape: sizes(&[3, 2]) },
        &[(&[2, 3], &SIX, &[6.0, 5.0, 4.0, 3.0, 2.0, 1.0])],
        (&[3, 2], &SIX, &[6.0, 5.0, 4.0, 3.0, 2.0, 1.0]),
    );
    let twice = [3.0, 3.0, 3.0, 5.0, 5.0, 5.0];
    check(Sum { axes: vec![1], keep: false }, &[(&[2, 3], &SIX, &twice)], (&[2], &[7.0, 56.0], &[3.0, 5.0]));
    check(Sum { axes: vec![1], keep: true }, &[(&[2, 3], &SIX, &twice)], (&[2, 1], &[7.0, 56.0], &[3.0, 5.0]));
    check(
        Sum { axes: vec![0, 2], keep: false },
        &[(&[1, 3, 2], &SIX, &[3.0, 3.0, 5.0, 5.0, 7.0, 7.0])],
        (&[3], &[3.0, 12.0, 48.0], &[3.0, 5.0, 7.0]),
    );
    check(
        Pointwise::formula(expr("a * b")),
        &[(&[2, 1], &[3.0, 5.0], &[221.0, 1768.0]), (&[3], &[7.0, 11.0, 48.0], &[43.0, 86.0, 172.0])],
        (&[2, 3], &[21.0, 33.0, 144.0, 35.0, 55.0, 240.0], &SIX),
    );
    // The largest is a constant to the reverse walk.
    check(
        Shift { axes: vec![0] },
        &[(&[3, 2], &[1.0, 6.0, 3.0, 4.0, 2.0, 5.0], &[0.0; 6])],
        (&[1, 2], &[3.0, 6.0], &[1.0, 1.0]),
    );
}

/// The reverse walk takes one gradient an input, so a shorter list would lose some without a word.
#[test]
fn every_input_is_answered_for() {
    let mut b = Builder::new();
    let x = b.input("x", Type::real(sizes(&[2, 3]))).unwrap();
    let ops: [(Box<dyn Op>, bool); 5] = [
        (Box::new(Broadcast { shape: sizes(&[2, 3]) }), true),
        (Box::new(Reshape { shape: sizes(&[2, 3]) }), true),
        (Box::new(Sum { axes: vec![], keep: false }), true),
        (Box::new(Pointwise::formula(expr("exp(a)"))), true),
        (Box::new(Shift { axes: vec![0] }), false),
    ];
    for (op, flows) in ops {
        let found = op.vjp(&mut b, At { inputs: &[x], output: x, grad: x }).unwrap();
        assert_eq!(found.iter().map(Option::is_some).collect::<Vec<_>>(), [flows], "{}", op.name());
    }
}

/// The reference reads any view in row-major order of its sizes, wherever its elements lie.
#[test]
fn strided_views_are_read_in_order() {
    let data: Vec<f64> = (0..24).map(f64::from).collect();
    // Columns 1 and 3 of a 4 by 6 matrix, from its second row on, transposed.
    let view = View::new(&data, Shape::of(&[4, 6])).sliced(0, 1, 3, 1).sliced(1, 1, 2, 2).permuted(&[1, 0]);
    let reshape = Reshape { shape: sizes(&[6]) };
    assert_eq!(run(&reshape, &[view], Shape::of(&[6])), [7.0, 13.0, 19.0, 9.0, 15.0, 21.0]);
    assert_eq!(run(&Sum { axes: vec![0], keep: false }, &[view], Shape::of(&[3])), [16.0, 28.0, 40.0]);
    assert_eq!(run(&Shift { axes: vec![1] }, &[view], Shape::of(&[2, 1])), [19.0, 21.0]);
    let double = Pointwise::formula(expr("a + a"));
    assert_eq!(run(&double, &[view], Shape::of(&[2, 3])), [14.0, 26.0, 38.0, 18.0, 30.0, 42.0]);
}

/// Nothing is larger than NaN, and of nothing the largest is minus infinity.
#[test]
fn the_largest_of_what_is_no_number() {
    for data in [[1.0, f64::NAN, 3.0], [f64::NAN, 2.0, 3.0], [1.0, 2.0, f64::NAN]] {
        let found = run(&Shift { axes: vec![0] }, &[View::new(&data, Shape::of(&[3]))], Shape::of(&[1]));
        assert!(found[0].is_nan(), "{data:?}");
    }
    let found = run(&Shift { axes: vec![0] }, &[View::new(&[], Shape::of(&[0]))], Shape::of(&[1]));
    assert_eq!(found, [f64::NEG_INFINITY]);
}

/// A printed graph loads again, so how an operation is written is part of it.
#[test]
fn operations_are_written_as_they_are_read() {
    let ops: [(Box<dyn Op>, &str); 6] = [
        (Box::new(Broadcast { shape: sizes(&[3, 2]) }), "Broadcast(shape: [3, 2])"),
        (Box::new(Reshape { shape: sizes(&[6]) }), "Reshape(shape: [6])"),
        (Box::new(Sum { axes: vec![0, 2], keep: false }), "Sum(axes: [0, 2])"),
        (Box::new(Sum { axes: vec![1], keep: true }), "Sum(axes: [1], keep: true)"),
        (Box::new(Shift { axes: vec![1] }), "Shift(axes: [1])"),
        (Box::new(Pointwise::formula(expr("a * exp(b)"))), "Formula(\"a * exp(b)\")"),
    ];
    for (op, text) in ops {
        assert_eq!(format!("{}({})", op.name(), op.options()), text);
    }
    assert_eq!(variable_names(3), ["a", "b", "c"]);
    assert_eq!(variable_names(28)[24..], ["y", "z", "x26", "x27"]);
}

#[test]
fn types_that_do_not_fit_are_refused() {
    let [x, labels] = [Type::real(sizes(&[2, 3])), Type::index(sizes(&[2, 3]), Size::from(9))];
    let ops: [(Box<dyn Op>, &str); 5] = [
        (Box::new(Broadcast { shape: sizes(&[3, 2]) }), "do not broadcast"),
        (Box::new(Broadcast { shape: sizes(&[3]) }), "does not broadcast"),
        (Box::new(Reshape { shape: sizes(&[5]) }), "holds 6 elements"),
        (Box::new(Sum { axes: vec![2], keep: false }), "axis 2 of"),
        (Box::new(Shift { axes: vec![2] }), "axis 2 of"),
    ];
    for (op, message) in ops {
        let found = op.ty(std::slice::from_ref(&x)).unwrap_err().message;
        assert!(found.contains(message), "{}: {found}", op.name());
        assert!(op.ty(std::slice::from_ref(&labels)).is_err(), "{}", op.name());
    }
    assert!(Pointwise::formula(expr("a + b")).ty(&[x, labels]).is_err());
}
