//! Measures tile programs: nanoseconds an element for each primitive, and a run for small ones.
//!
//! `cargo run --release -p graphrun-expr --example kernels [NAME]`

use std::hint::black_box;
use std::io::{self, Write};
use std::time::Instant;

use graphrun_expr::{Binary, Expr, Float, Func, Input, Output, Program, Reduce, Source, Spec, Value};

fn main() -> io::Result<()> {
    let filter = std::env::args().nth(1).unwrap_or_default();
    let mut out = io::stdout().lock();
    writeln!(out, "{:<24} {:>10} {:>10}", "", "f32", "f64")?;
    for (name, spec, rows, inner) in cases().into_iter().filter(|case| case.0.contains(&filter)) {
        let (single, double) = (measure::<f32>(&spec, rows, inner), measure::<f64>(&spec, rows, inner));
        let elements = (rows * inner) as f64;
        if elements < 100.0 {
            writeln!(out, "{name:<24} {single:>7.1} ns {double:>7.1} ns  a run")?;
        } else {
            writeln!(out, "{name:<24} {:>7.3} ns {:>7.3} ns  an element", single / elements, double / elements)?;
        }
    }
    Ok(())
}

fn cases() -> Vec<(String, Spec, usize, usize)> {
    let var = Expr::var;
    let mut cases = Vec::new();
    for f in Func::ALL {
        cases.push((f.name().to_owned(), map(Expr::unary(f, var(0)), 1), 1, 2048));
    }
    for f in Binary::ALL {
        cases.push((format!("a {} b", f.symbol()), map(Expr::binary(f, var(0), var(1)), 2), 1, 2048));
    }
    let parse = |text: &str| Expr::parse(text, &["x", "y", "z"], &()).expect("a formula");
    cases.push(("x * y + z".into(), map(parse("x * y + z"), 3), 1, 2048));
    cases.push(("0.5 * x + y".into(), map(parse("0.5 * x + y"), 2), 1, 2048));
    cases.push(("max(0, x)".into(), map(parse("max(0, x)"), 1), 1, 2048));
    cases.push(("if(x > 0, y, 0)".into(), map(parse("if(x > 0, y, 0)"), 2), 1, 2048));
    let six = parse("max(0, x + y) * (x - y) / (z + 2)");
    for size in [4, 16, 64] {
        cases.push((format!("six on {size}"), map(six.clone(), 3), 1, size));
    }
    for (rows, inner) in [(4096, 1), (1024, 4), (400, 10), (64, 64), (4, 1000), (1, 8000)] {
        cases.push((format!("softmax {rows}x{inner}"), softmax(), rows, inner));
        cases.push((format!("bias grad {rows}x{inner}"), bias(), rows, inner));
        cases.push((format!("bias relu {rows}x{inner}"), bias_relu(), rows, inner));
    }
    let total = Spec { outputs: vec![Output::TotalSum(1)], ..map(parse("x^2"), 1) };
    cases.push(("sum of squares".into(), total, 1, 65536));
    cases
}

fn map(expr: Expr, inputs: usize) -> Spec {
    let mut values: Vec<Value> = (0..inputs).map(Value::Input).collect();
    values.push(Value::Pointwise(expr, (0..inputs).collect()));
    Spec { inputs: vec![Input::Full; inputs], values, outputs: vec![Output::Store(inputs)] }
}

fn softmax() -> Spec {
    let parse = |text| Expr::parse(text, &["x", "y"], &()).expect("a formula");
    let values = vec![
        Value::Input(0),
        Value::RowReduce(Reduce::Max, 0),
        Value::Pointwise(parse("exp(x - y)"), vec![0, 1]),
        Value::RowReduce(Reduce::Sum, 2),
        Value::Pointwise(parse("x / y"), vec![2, 3]),
    ];
    Spec { inputs: vec![Input::Full], values, outputs: vec![Output::Store(4)] }
}

fn bias() -> Spec {
    Spec { inputs: vec![Input::Full], values: vec![Value::Input(0)], outputs: vec![Output::ColSum(0)] }
}

fn bias_relu() -> Spec {
    let relu = Expr::parse("max(0, x + b)", &["x", "b"], &()).expect("a formula");
    let values = vec![Value::Input(0), Value::Input(1), Value::Pointwise(relu, vec![0, 1])];
    Spec { inputs: vec![Input::Full, Input::Col], values, outputs: vec![Output::Store(2)] }
}

/// The time of a run in nanoseconds: the least of several rounds, which a busy machine disturbs least.
fn measure<T: Float>(spec: &Spec, rows: usize, inner: usize) -> f64 {
    let program = Program::compile(spec);
    let data: Vec<T> = (0..rows * inner + 3).map(|i| T::from_f64((i % 997) as f64 * 0.004 + 0.01)).collect();
    let mut place = 0;
    let sources: Vec<Source<'_, T>> = spec
        .inputs
        .iter()
        .map(|input| match input {
            Input::Col => Source::Col(&data[..inner]),
            _ => {
                place += 1;
                Source::Full(&data[place - 1..][..rows * inner])
            }
        })
        .collect();
    let length = match spec.outputs[0] {
        Output::Stream(_) | Output::Store(_) => rows * inner,
        Output::ColSum(_) => inner,
        Output::TotalSum(_) => 1,
    };
    let mut result = vec![T::ZERO; length];
    let mut scratch = vec![T::ZERO; program.scratch::<T>(inner)];
    let repeats = 1 + 200_000 / (rows * inner + 50);
    (0..25)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..repeats {
                program.run(rows, inner, black_box(&sources), &mut [&mut result], &mut scratch);
            }
            start.elapsed().as_nanos() as f64 / repeats as f64
        })
        .fold(f64::INFINITY, f64::min)
}
