//! The values of every operation against plain loops in double precision: over nothing, over one, over sizes that are no
//! multiple of a vector's, of inputs as they are fed and of transposed ones; and its gradients there, of two engines.

use graphrun_exec::Array;
use graphrun_gradcheck::{Engine, Interpreter, Values, sizes_of};
use graphrun_graph::{Graph, Sizes};
use graphrun_nodes::standard;
use graphrun_tensor::{Dtype, Shape};

use super::plain::Plain;
use super::{accuracy, cases, graph, reals, run, with_gradients};

/// A call of inputs `a`, `b`, `c`, and its value.
pub(crate) struct Case {
    call: &'static str,
    /// The sizes of each input, a character an axis: `N`, `M`, `W` for M + 2, or a number; `<4` behind them means integers
    /// below 4, and `?` before them shares between 0 and 1.
    inputs: &'static [&'static str],
    value: fn(&[Plain]) -> Plain,
    /// Why it is not tried on axes of size 0.
    never_empty: Option<&'static str>,
}

impl Case {
    pub(crate) const fn new(call: &'static str, inputs: &'static [&'static str], value: fn(&[Plain]) -> Plain) -> Case {
        Case { call, inputs, value, never_empty: None }
    }

    pub(crate) const fn but(self, never_empty: Option<&'static str>) -> Case {
        Case { never_empty, ..self }
    }
}

/// N and M: nothing, one, and what is no multiple of a vector's width.
const SIZES: [[usize; 2]; 8] = [[0, 5], [5, 0], [1, 1], [1, 13], [13, 1], [13, 17], [33, 16], [2, 67]];

/// Operations whose value no loop gives here, each with the reason.
const ELSEWHERE: &[(&str, &str)] = &[
    ("AvgPoolGrad", "the gradient of AvgPool, which derivatives are held against"),
    ("ConvolveInputGrad", "the gradient of Convolve, which derivatives are held against"),
    ("ConvolveWeightGrad", "the gradient of Convolve, which derivatives are held against"),
    ("MaxPoolGrad", "the gradient of MaxPool, which derivatives are held against"),
    ("MaxPoolPick", "the gradient of MaxPoolGrad, which derivatives are held against"),
    ("Uniform01", "random: its distribution is tested beside it"),
];

/// An input's sizes as a file declares them, and whether it holds integers or shares.
fn declared(spec: &str) -> (Vec<String>, Option<usize>, bool) {
    let (share, spec) = (spec.starts_with('?'), spec.trim_start_matches('?'));
    let (axes, below) = spec.split_once('<').map_or((spec, None), |(axes, below)| (axes, below.parse().ok()));
    (axes.chars().map(String::from).collect(), below, share)
}

/// How a case is declared and fed.
#[derive(Clone, Copy, Debug)]
struct Way {
    /// N and M.
    sizes: [usize; 2],
    /// Whether inputs are fed with their axes in the opposite order.
    transposed: bool,
    /// Whether the file declares sizes as numbers, not as symbols.
    numbers: bool,
}

fn ways() -> impl Iterator<Item = Way> {
    let turned = [(false, false), (false, true), (true, false), (true, true)];
    turned.into_iter().flat_map(|(transposed, numbers)| SIZES.map(|sizes| Way { sizes, transposed, numbers }))
}

/// The model of a case. M is always a number where parameters have its size, or windows slide over it.
fn model(case: &Case, Way { sizes: [n, m], transposed, numbers }: Way) -> Graph {
    let name = case.call.split('(').next().unwrap();
    let owns = standard().op(name).is_some_and(|op| !op.params.is_empty());
    let known = numbers || owns || case.inputs.iter().any(|spec| spec.contains('W'));
    let size = |axis: &String| match axis.as_str() {
        "N" if numbers => n.to_string(),
        "M" if known => m.to_string(),
        "W" => (m + 2).to_string(),
        _ => axis.clone(),
    };
    let call = if numbers { case.call.replace("N, M]", &format!("{n}, {m}]")) } else { case.call.to_owned() };
    let (mut inputs, mut nodes) = (String::new(), String::new());
    for (name, spec) in ["a", "b", "c"].iter().zip(case.inputs) {
        let (mut axes, below, _) = declared(spec);
        let turned = transposed && below.is_none() && axes.len() > 1;
        if turned {
            axes.reverse();
            nodes += &format!("{name}: Transpose({name}_t), ");
        }
        let shape = format!("[{}]", axes.iter().map(size).collect::<Vec<_>>().join(", "));
        let ty = below.map_or(shape.clone(), |below| format!("Index({shape}, {below})"));
        inputs += &format!("{name}{}: {ty}, ", if turned { "_t" } else { "" });
    }
    let graph = graph(&inputs, &format!("{nodes}y: {call}"), "y");
    if graph.ty(graph.outputs[0].1).is_real() { with_gradients(graph) } else { graph }
}

/// Numbers from -2 to 2, or between 0 and 1, no two alike nearby.
fn wave(k: usize, salt: usize, share: bool) -> f64 {
    let unit = ((k * 7919 + salt * 3571 + 13) % 10_007) as f64 / 10_007.0;
    if share { 0.05 + 0.9 * unit } else { 4.0 * unit - 2.0 }
}

fn array(plain: &Plain, below: Option<usize>) -> Array {
    let shape = Shape::new(&plain.shape).unwrap();
    match below {
        Some(_) => Array::index(shape, plain.data.iter().map(|x| *x as i64).collect()).unwrap(),
        None => Array::real(shape, plain.data.clone()).unwrap(),
    }
}

/// What a case is fed, and the same as its reference sees it: the inputs, then the parameters; variances are positive.
fn feed(case: &Case, graph: &Graph, Way { sizes: [n, m], transposed, .. }: Way) -> (Values, Vec<Plain>) {
    let size = |axis: &String| match axis.as_str() {
        "N" => n,
        "M" => m,
        "W" => m + 2,
        number => number.parse().unwrap(),
    };
    let (mut values, mut plain) = (Values::new(), Vec::new());
    for (salt, (name, spec)) in ["a", "b", "c"].iter().zip(case.inputs).enumerate() {
        let (axes, below, share) = declared(spec);
        let shape: Vec<usize> = axes.iter().map(size).collect();
        let mut k = 0;
        let own = Plain::new(&shape, |_| {
            k += 1;
            below.map_or(wave(k, salt, share), |below| ((k * 7 + salt) % below) as f64)
        });
        let turned = transposed && below.is_none() && axes.len() > 1;
        let (name, fed) =
            if turned { (format!("{name}_t"), own.reversed()) } else { ((*name).to_owned(), own.clone()) };
        values.insert(name, array(&fed, below));
        plain.push(own);
    }
    for (salt, parameter) in graph.parameters().iter().enumerate() {
        let shape = graph.ty(parameter.node).concrete(&Sizes::new()).unwrap();
        let mut k = 0;
        let own = Plain::new(shape.sizes(), |_| {
            k += 1;
            wave(k, salt + 5, parameter.name.ends_with("var"))
        });
        values.insert(parameter.name.to_string(), array(&own, None));
        plain.push(own);
    }
    (values, plain)
}

/// Holds numbers against others, with room for sums in another order.
fn near(what: &str, got: &[f64], want: &[f64], room: f64) {
    assert_eq!(got.len(), want.len(), "{what}");
    let scale = want.iter().filter(|x| x.is_finite()).fold(1.0, |m: f64, x| m.max(x.abs()));
    for (k, (got, want)) in got.iter().zip(want).enumerate() {
        let same = got == want || (got.is_nan() && want.is_nan()) || (got - want).abs() <= room * scale;
        assert!(same, "{what} at {k}: {got}, not {want}");
    }
}

fn check(case: &Case) {
    for way in ways().filter(|way| case.never_empty.is_none() || !way.sizes.contains(&0)) {
        let graph = model(case, way);
        let (fed, plain) = feed(case, &graph, way);
        let want = (case.value)(&plain);
        let what = format!("{} as {way:?}", case.call);
        let got = run(&graph, &fed, Dtype::F64);
        // A few thousand roundings of either precision.
        near(&what, &got[0], &want.data, 1e-12);
        near(&format!("{what} in f32"), &run(&graph, &fed, Dtype::F32)[0], &want.data, 1e-4);
        let sizes = sizes_of(&graph, &fed).unwrap();
        let plainly = Interpreter::default().prepare(&graph, &sizes, Dtype::F64).unwrap().run(&fed).unwrap();
        for (got, want) in got.iter().zip(&plainly).skip(1) {
            near(&format!("the gradient of {what}"), got, &reals(want), 1e-12);
        }
    }
}

#[test]
fn values_are_those_of_plain_loops() {
    cases::all().for_each(check);
}

/// Expressions by element, over two axes; of two operands the second is repeated over the rows.
#[test]
fn expressions_are_computed_over_any_sizes() {
    let singles = accuracy::singles();
    for [n, m] in SIZES {
        let mut k = 0;
        let mut drawn = |shape: &[usize]| {
            Plain::new(shape, |_| {
                k += 1;
                wave(k, 3, false)
            })
        };
        let (a, b) = (drawn(&[n, m]), drawn(&[m]));
        for transposed in [false, true] {
            let (name, sizes) = if transposed { ("_t", "[M, N]") } else { ("", "[N, M]") };
            let first = if transposed { a.reversed() } else { a.clone() };
            let turned = |x: &str| if transposed { format!("{x}: Transpose({x}_t), ") } else { String::new() };
            for (call, value, _) in &singles {
                let graph = graph(&format!("x{name}: {sizes}"), &format!("{}y: {call}", turned("x")), "y");
                let got = run(&graph, &Values::from([(format!("x{name}"), array(&first, None))]), Dtype::F64);
                near(&format!("{call} at {n} x {m}"), &got[0], &a.map(value).data, 1e-12);
            }
            for (call, value, _) in accuracy::DOUBLE {
                let graph = graph(&format!("a{name}: {sizes}, b: [M]"), &format!("{}y: {call}", turned("a")), "y");
                let given = [(format!("a{name}"), array(&first, None)), ("b".to_owned(), array(&b, None))];
                let want = Plain::new(&a.shape, |at| value(a.at(at), b.at(&at[1..])));
                near(
                    &format!("{call} at {n} x {m}"),
                    &run(&graph, &Values::from(given), Dtype::F64)[0],
                    &want.data,
                    1e-12,
                );
            }
        }
    }
}

#[test]
fn no_operation_is_left_out() {
    let calls: Vec<String> = cases::all().map(|case| case.call.to_owned()).chain(accuracy::calls()).collect();
    for op in standard().ops() {
        let tried = calls.iter().any(|call| call.split('(').next() == Some(op.name));
        let excused = ELSEWHERE.iter().any(|(name, _)| *name == op.name);
        assert!(tried != excused, "{}: tried {tried}, excused {excused}", op.name);
    }
}
