//! Plans against the plain reference.

mod plain;

use std::sync::Arc;

use graphrun_exec::{Draw, Executor, Threads};
use graphrun_graph::{Graph, Sizes};
use plain::{check, check_sizes, training, unasked};

#[test]
fn a_perceptron_with_softmax() {
    check_sizes(
        r#"Model(graphrun: 1, inputs: { x: [N, 20], digit: Index([N], 10) },
            nodes: { h: Linear(x: x, units: 33), r: Relu(h), g: Linear(x: r, units: 17), t: Tanh(g),
                     scores: Linear(x: t, units: 10), loss: SoftmaxCrossEntropy(scores, digit) },
            outputs: [scores], loss: loss)"#,
        &[0, 1, 3, 64, 500, 3000],
    );
}

#[test]
fn rows_and_columns_meet() {
    check_sizes(
        r#"Model(graphrun: 1, inputs: { x: [N, 7], c: [7], r: [N, 1], s: [] },
            nodes: { a: Mul(x, c, r), b: Softmax(a), d: Sum(x: b, axes: [0]), e: Mean(x: a, axes: [1], keep: true),
                     f: Add(e, r), g: Div(a, s), p: Prod(x: x, axes: [1]), m: Max(x: a, axes: [1]),
                     q: Mean(g), u: Mean(f), v: Sum(p), w: Sum(m), z: Dot(d, c), loss: Add(q, u, v, w, z) },
            outputs: [b, d], loss: loss)"#,
        &[1, 2, 9, 40000],
    );
}

#[test]
fn a_vector_meets_itself_as_row_and_column() {
    // Two kernels join over `v`: the one computes it, the other reads it across what would be its rows.
    check(
        r#"Model(
            graphrun: 1,
            inputs: { x: [4, 4], g: [4, 4] },
            nodes: {
                v: Sum(x: x, axes: [1]),
                u: Tanh(v),
                rows: Reshape(x: u, shape: [4, 1]),
                columns: Reshape(x: u, shape: [1, 4]),
                outer: Mul(rows, columns),
                y: Mul(outer, g),
                loss: Sum(y),
            },
            outputs: [loss],
            loss: loss,
        )"#,
        3,
    );
}

#[test]
fn a_step_of_descent_is_a_product_added_to_the_parameter() {
    let sizes = Sizes::from([("N".into(), 40)]);
    let added = |graph: &Graph| {
        let plan = graphrun_plan::plan(graph, &sizes, &graphrun_plan::Options::default()).unwrap();
        let is_added = |work: &graphrun_plan::Work| match work {
            graphrun_plan::Work::MatMul(product) => product.accumulate.is_some(),
            _ => false,
        };
        plan.kernels.iter().filter(|kernel| is_added(&kernel.work)).count()
    };
    let graph = training(
        r#"Model(graphrun: 1, inputs: { x: [N, 20] },
            nodes: { h: Linear(x: x, units: 33), t: Tanh(h), y: Linear(x: t, units: 4), s: Square(y), loss: Sum(s) },
            loss: loss)"#,
    );
    assert_eq!(added(&graph), 0, "the gradients are outputs");
    assert_eq!(added(&unasked(graph)), 2);
    // The gradient of a parameter in a product with itself is a sum of two, and each reads the parameter.
    let text = r#"Model(graphrun: 1, inputs: { x: [N, 5] }, params: { w: (shape: [5, 5], init: Normal(std: 0.3)) },
        nodes: { v: MatMul(w, w), y: MatMul(x, v), s: Square(y), loss: Sum(s) }, loss: loss)"#;
    assert_eq!(added(&unasked(training(text))), 0);
    check(text, 40);
}

#[test]
fn one_row_is_no_special_case() {
    check_sizes(
        r#"Model(graphrun: 1, inputs: { s: [3], label: Index([], 3) },
            nodes: { q: Softmax(s), loss: SoftmaxCrossEntropy(s, label) }, outputs: [q], loss: loss)"#,
        &[1],
    );
}

#[test]
fn means_and_losses_differentiate_twice() {
    check_sizes(
        r#"Model(graphrun: 1, inputs: { x: [3], p: [1, 1, 2], t: [1, 1, 1], v: [2, 2, N], u: [2, N] },
            nodes: { m: Mean(x), a: Sin(x), b: Mul(m, p), c: Sigmoid(b), d: Mean(a), e: Mul(d, t), f: Softplus(e), g: Mul(c, f),
                     h: Mean(g), k: GroupNorm(x: v, groups: 1), l: Square(k), n: Mean(l), o: Softmax(u), q: Cube(o), r: Sum(q),
                     loss: Add(h, n, r) },
            outputs: [c, k], loss: loss)"#,
        &[1, 2, 9],
    );
}

/// A factor may go into what a sum adds up, but no function of the sum.
#[test]
fn sums_are_scaled_and_put_into_functions() {
    for formula in ["3 * s", "s * 3", "s / 3", "3 / s", "3 * tanh(s)", "tanh(s) * 3", "tanh(s) / 3", "3 * (s * s)"] {
        let text = format!(
            r#"Model(
                graphrun: 1,
                inputs: {{ x: [N, 5] }},
                nodes: {{ s: Sum(x: x, axes: [1]), y: Formula("{formula}", {{ s: s }}), loss: Sum(y) }},
                outputs: [y],
                loss: loss,
            )"#
        );
        check(&text, 7);
    }
}

/// Factors of what a sum adds up, some of which are the same for all of it.
#[test]
fn sums_of_products_are_what_they_say() {
    let formulas =
        ["x * r", "-(x * r)", "x / r", "r / x", "2 * x * c * s / r", "inv(r) * x^2", "r * s", "(x + r) * r", "x * s"];
    for (k, formula) in formulas.into_iter().enumerate() {
        let used: Vec<(&str, &str)> = [("x", "[N, 5]"), ("r", "[N, 1]"), ("c", "[5]"), ("s", "[]")]
            .into_iter()
            .filter(|(name, _)| formula.contains(name))
            .collect();
        let inputs: Vec<String> = used.iter().map(|(name, shape)| format!("{name}: {shape}")).collect();
        let given: Vec<String> = used.iter().map(|(name, _)| format!("{name}: {name}")).collect();
        for (axes, keep) in [("[1]", true), ("[-1]", false), ("[0]", true), ("[0, 1]", false)] {
            let text = format!(
                r#"Model(
                    graphrun: 1,
                    inputs: {{ {} }},
                    nodes: {{
                        p: Formula("{formula}", {{ {} }}), a: Sum(x: p, axes: {axes}, keep: {keep}),
                        t: Sin(a), loss: Sum(t),
                    }},
                    outputs: [a],
                    loss: loss,
                )"#,
                inputs.join(", "),
                given.join(", ")
            );
            check(&text, [0, 1, 7][k % 3]);
        }
    }
}

#[test]
fn axes_of_one_lie_anywhere() {
    check_sizes(
        r#"Model(graphrun: 1, inputs: { x: [1, 2, 2, 1], u: [N, 1, 1], v: [1, N] },
            nodes: { a: InstanceNorm(x), b: Mul(a, a, x), c: Sum(b), d: GroupNorm(x: x, groups: 2), e: Cube(d), f: Mean(e),
                     g: Mul(u, v), h: Mean(x: g, axes: [0], keep: true), k: Exp(h), l: Sum(k), loss: Add(c, f, l) },
            outputs: [a, g], loss: loss)"#,
        &[1, 2, 5],
    );
}

/// One row repeated over none is nothing, not that row.
#[test]
fn a_row_over_no_rows_is_empty() {
    check_sizes(
        r#"Model(graphrun: 1, inputs: { x: [N, 3], u: [1, 3], w: [3] },
            nodes: { a: Add(u, w), b: Broadcast(x: a, shape: [N, 3]), c: Exp(b), y: Mul(c, x), loss: Sum(y) },
            outputs: [c, y], loss: loss)"#,
        &[0, 1, 2],
    );
}

#[test]
fn a_gradient_that_is_a_model_differentiates() {
    check_sizes(
        r#"Model(graphrun: 1, inputs: { x: [N, 2, 2, 1], v: [N, 2, 2, 1], u: [N, 2, 2, 1] }, params: { w: (shape: [2], init: Ones) },
            nodes: {
                n0: Sum(x: x, axes: [2, 3], keep: true), n1: Formula("a / 2", { a: n0 }),
                n2: Formula("square(a - b)", { a: x, b: n1 }), n3: Sum(x: n2, axes: [2, 3], keep: true),
                n4: Formula("a / 2", { a: n3 }), n5: Reshape(x: w, shape: [1, 2, 1, 1]), n10: Mul(n5, v),
                n11: Formula("b * rsqrt(a + 0.001)", { a: n4, b: n10 }), n12: Formula("-(rsqrt(a + 0.001) * b)", { a: n4, b: n10 }),
                n13: Formula("d * ((a - b) * (-0.5 * cube(rsqrt(c + 0.001))))", { a: x, b: n1, c: n4, d: n10 }),
                n14: Sum(x: n12, axes: [2], keep: true), n15: Sum(x: n13, axes: [2], keep: true),
                n16: Formula("a * 0.5", { a: n15 }), n17: Broadcast(x: n16, shape: [N, 2, 2, 1]),
                n18: Formula("c * (2 * (a - b))", { a: x, b: n1, c: n17 }), n19: Formula("c * (-2 * (a - b))", { a: x, b: n1, c: n17 }),
                n20: Sum(x: n19, axes: [2], keep: true), n21: Add(n14, n20), n22: Formula("a * 0.5", { a: n21 }),
                n23: Broadcast(x: n22, shape: [N, 2, 2, 1]), g: Add(n11, n18, n23), p: Mul(g, u), loss: Sum(p),
            },
            outputs: [g], loss: loss)"#,
        &[1, 3],
    );
}

#[test]
fn one_number_is_single_whatever_its_shape() {
    check_sizes(
        r#"Model(graphrun: 1, inputs: { s: [], x: [N, 3] },
            nodes: { one: Broadcast(x: 1.0, shape: [N, 3]), r: Reshape(x: one, shape: ["3*N"]), a: Mul(r, s), b: Exp(a),
                     c: Reshape(x: b, shape: [N, 3]), d: Mul(c, x), e: Sum(d), f: Sum(a), loss: Add(e, f) },
            outputs: [a, d], loss: loss)"#,
        &[1, 4],
    );
}

#[test]
fn long_elementwise_chains() {
    check_sizes(
        r#"Model(graphrun: 1, inputs: { x: [N], w: [N], b: [N] },
            nodes: { xw: Mul(x, w), s: Add(xw, b), n: Neg(s), e: Exp(n), o: Add(e, 1), q: Inv(o), loss: Sum(q) },
            outputs: [q], loss: loss)"#,
        &[0, 1, 1000, 200_000],
    );
}

#[test]
fn stacks_of_products() {
    check_sizes(
        r#"Model(graphrun: 1, inputs: { x: [N, 3, 5], y: [N, 5, 4], k: [5, 4], q: [1, 5, 2] },
            nodes: { a: MatMul(x, y), b: MatMul(x, k), c: MatMul(x, q), d: Linear(x: x, units: 6),
                     e: Mean(a), f: Sum(b), g: Sum(c), h: Mean(d), t: MatMul(a: y, b: k, transpose_a: true), u: Sum(t),
                     loss: Add(e, f, g, h, u) },
            outputs: [a, b, c, d], loss: loss)"#,
        &[1, 2, 1000],
    );
}

#[test]
fn images_under_windows() {
    check_sizes(
        r#"Model(graphrun: 1, inputs: { x: [N, 2, 9, 11] },
            nodes: { a: Conv2d(x: x, units: 6, kernel: 3, pad: 1), r: Relu(a), p: MaxPool(x: r, kernel: 2),
                     c: Conv2d(x: p, units: 4, kernel: [2, 3], stride: [1, 2], groups: 2, bias: false), t: Tanh(c),
                     q: AvgPool(x: t, kernel: 2, stride: 1), g: GlobalAvgPool(q),
                     u: ConvTranspose2d(x: q, units: 3, kernel: 2, stride: 2), s: Square(u), m: Mean(s), n: Mean(g),
                     loss: Add(m, n) },
            outputs: [g, u], loss: loss)"#,
        &[0, 1, 5, 300],
    );
}

#[test]
fn values_share_and_reshape() {
    check_sizes(
        r#"Model(graphrun: 1, inputs: { x: [N, 2, 3] }, params: { w: (shape: [6, 6], init: He), v: (shape: [6], init: Ones) },
            nodes: { f: Reshape(x: x, shape: [N, 6]), a: MatMul(f, w), b: MatMul(a, w), c: Mul(b, b, v),
                     d: Reshape(x: c, shape: [N, 3, 2]), e: Transpose(x: d, axes: [1, 0, 2]), g: Mul(e, e), s: Sum(x: g, axes: [0, 2]),
                     loss: Mean(s) },
            outputs: [d, s], loss: loss)"#,
        &[1, 5, 3000],
    );
}

#[test]
fn a_single_operand_is_single_under_any_row_length() {
    check_sizes(
        r#"Model(graphrun: 1, inputs: { x: [6], u: [], w: [2] },
            nodes: { m: Mul(x, u), r: Reshape(x: m, shape: [3, 2]), c: Sum(x: r, axes: [0]), loss: Dot(c, w) },
            outputs: [c], loss: loss)"#,
        &[1],
    );
}

#[test]
fn no_step_allocates_more_values_than_live() {
    let graph = training(
        r#"Model(graphrun: 1, inputs: { x: [N, 64], digit: Index([N], 10) },
            nodes: { h: Linear(x: x, units: 128), r: Relu(h), scores: Linear(x: r, units: 10), loss: SoftmaxCrossEntropy(scores, digit) },
            outputs: [scores], loss: loss)"#,
    );
    let plan =
        graphrun_plan::plan(&graph, &Sizes::from([("N".into(), 64)]), &graphrun_plan::Options::default()).unwrap();
    assert!(plan.bytes as f64 <= plan.live_bytes as f64 * 1.1, "{} of {}", plan.bytes, plan.live_bytes);
    let mut executor = Executor::new(Arc::new(plan), Threads::default());
    executor.run(Draw::default());
}
