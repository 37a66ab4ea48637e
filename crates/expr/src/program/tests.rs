//! Random programs against plain evaluation, and the promises about bits.

mod plain;

use plain::{Data, Recipe, extents, lengths, run, spec};
use proptest::prelude::*;

use super::lower::{Extent, Op};
use super::{Input, Output, Program, RawSource, Reduce, Source, Spec, Value};
use crate::{Expr, Float};

fn sizes() -> impl Strategy<Value = (usize, usize)> {
    prop_oneof![
        6 => (0..24usize, 0..40usize),
        1 => (0..700usize, 1..6usize),
        1 => (1..4usize, 200..2600usize),
    ]
}

fn bits<T: Float>(arrays: &[Vec<T>]) -> Vec<Vec<u64>> {
    arrays.iter().map(|array| array.iter().map(|x| x.to_f64().to_bits()).collect()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn programs_match_plain_evaluation(
        recipes in prop::collection::vec(any::<Recipe>(), 1..10),
        outputs in prop::collection::vec(any::<(usize, usize)>(), 1..4),
        size in sizes(),
    ) {
        let spec = spec(&recipes, &outputs);
        let program = Program::compile(&spec);
        let data = Data::<f64>::new(size.0, size.1);
        let lengths = lengths(&spec, size);
        let got = run(&program, &data.sources(), size, &lengths, 0);
        for ((got, want), output) in got.iter().zip(data.expected(&spec)).zip(&spec.outputs) {
            for (got, want) in got.iter().zip(want) {
                let near = (got - want).abs() <= 1e-9 * (1.0 + want.abs()) * (size.0 * size.1) as f64;
                prop_assert!(*got == want || near, "{got} is not {want} in {output:?} of {spec:?}");
            }
        }
        // Neither where memory lies nor what it held shows in a single bit.
        let shifted = run(&program, &data.sources(), size, &lengths, 3);
        prop_assert_eq!(bits(&got), bits(&shifted));
        let narrow = Data::<f32>::new(size.0, size.1);
        let single = run(&program, &narrow.sources(), size, &lengths, 0);
        prop_assert_eq!(bits(&single), bits(&run(&program, &narrow.sources(), size, &lengths, 1)));
    }

    #[test]
    fn stored_elements_do_not_depend_on_how_rows_are_shared_out(
        recipes in prop::collection::vec(any::<Recipe>(), 1..8),
        size in sizes(),
        cut in any::<prop::sample::Index>(),
    ) {
        let spec = Spec { outputs: vec![Output::Store(5 + recipes.len())], ..spec(&recipes, &[]) };
        let program = Program::compile(&spec);
        let data = Data::<f32>::new(size.0, size.1);
        let cut = cut.index(size.0 + 1);
        let whole = run(&program, &data.sources(), size, &lengths(&spec, size), 0);
        let extent = extents(&spec)[5 + recipes.len()];
        prop_assume!(matches!(extent, Extent::Full | Extent::Row));
        let mut parts = run(&program, &data.part(0, cut), (cut, size.1), &lengths(&spec, (cut, size.1)), 0);
        let rest = size.0 - cut;
        let tail = run(&program, &data.part(cut, size.0), (rest, size.1), &lengths(&spec, (rest, size.1)), 0);
        parts[0].extend(&tail[0]);
        prop_assert_eq!(bits(&whole), bits(&parts));
    }

    #[test]
    fn updates_in_place_equal_updates_beside(rows in 0..40usize, inner in 0..90usize) {
        let parse = |text| Expr::parse(text, &["w", "g", "v"], &()).unwrap();
        let values = vec![
            Value::Input(0),
            Value::Input(1),
            Value::Input(2),
            Value::Pointwise(parse("0.9 * v + g"), vec![0, 1, 2]),
            Value::Pointwise(parse("w - 0.1 * (g + v)"), vec![0, 2, 3]),
        ];
        let spec = Spec { inputs: vec![Input::Full; 3], values, outputs: vec![Output::Store(3), Output::Store(4)] };
        let program = Program::compile(&spec);
        let array = |k: usize| (0..rows * inner).map(|i| ((i * k) % 17) as f32 - 8.0).collect::<Vec<f32>>();
        let (mut w, g, mut v) = (array(3), array(5), array(7));
        let beside = run(&program, &[Source::Full(&w), Source::Full(&g), Source::Full(&v)], (rows, inner), &[rows * inner; 2], 0);
        let mut scratch = vec![f32::NAN; program.scratch::<f32>(inner)];
        let (w_raw, v_raw): (*mut [f32], *mut [f32]) = (&raw mut w[..], &raw mut v[..]);
        let inputs = [RawSource::Full(w_raw), RawSource::Full(&raw const g[..]), RawSource::Full(v_raw)];
        unsafe { program.run_raw(rows, inner, &inputs, &[v_raw, w_raw], &mut scratch) };
        prop_assert_eq!(beside, vec![v, w]);
    }
}

#[test]
fn sums_are_within_two_units_of_the_sum_of_magnitudes() {
    let sum = |output| Spec { inputs: vec![Input::Full], values: vec![Value::Input(0)], outputs: vec![output] };
    let row_sum = Spec { values: vec![Value::Input(0), Value::RowReduce(Reduce::Sum, 0)], ..sum(Output::Store(1)) };
    let n = 1_000_003;
    let data: Vec<f32> = (0..n).map(|i| (i as f32 * 0.7).sin() * 1000.0 + 0.1).collect();
    let exact: f64 = data.iter().map(|&x| f64::from(x)).sum();
    let magnitudes: f64 = data.iter().map(|&x| f64::from(x).abs()).sum();
    let unit = f64::from(magnitudes as f32 * f32::EPSILON);
    for (spec, size) in [(sum(Output::TotalSum(0)), (1, n)), (sum(Output::ColSum(0)), (n, 1)), (row_sum, (1, n))] {
        let got = run(&Program::compile(&spec), &[Source::Full(&data)], size, &[1], 0)[0][0];
        assert!((f64::from(got) - exact).abs() <= 2.0 * unit, "{got} is not {exact}: {spec:?}");
    }
}

/// One exponential serves a sigmoid and its slope, whichever factor comes first and whoever else reads the sigmoid.
#[test]
fn a_sigmoid_and_its_slope_are_one_instruction() {
    for (text, outputs) in [("y * sigmoid(-x)", [1, 2]), ("sigmoid(-x) * y", [2, 1]), ("3 * (y * sigmoid(-x))", [2, 2])]
    {
        let slope = Value::Pointwise(Expr::parse(text, &["x", "y"], &()).unwrap(), vec![0, 1]);
        let sigmoid = Value::Pointwise(Expr::parse("sigmoid(x)", &["x"], &()).unwrap(), vec![0]);
        let values = vec![Value::Input(0), sigmoid, slope];
        let program =
            Program::compile(&Spec { inputs: vec![Input::Full], values, outputs: outputs.map(Output::Store).into() });
        assert!(!program.tile.iter().any(|i| matches!(i.op, Op::Unary(_))), "{:?}", program.tile);
        for count in [1, 8, 9, 16, 40, 3000] {
            let x: Vec<f64> = (0..count).map(|i| ((i % 80) as f64 - 20.0) * 0.75).collect();
            let got = run(&program, &[Source::Full(&x)], (1, count), &[count; 2], 0);
            for (array, number) in got.iter().zip(outputs) {
                for (got, x) in array.iter().zip(&x) {
                    let (y, rest) = (1.0 / (1.0 + (-x).exp()), 1.0 / (1.0 + x.exp()));
                    let want = if number == 1 { y } else { y * rest * if text.starts_with('3') { 3.0 } else { 1.0 } };
                    assert!((got - want).abs() <= 1e-15 * want, "{got} is not {want} of {x} in {text}");
                }
            }
        }
    }
}

#[test]
fn infinities_and_nan_pass_through_sums_and_extremes() {
    let reduce = |kind, row: &[f64]| {
        let values = vec![Value::Input(0), Value::RowReduce(kind, 0)];
        let spec = Spec { inputs: vec![Input::Full], values, outputs: vec![Output::Store(1)] };
        run(&Program::compile(&spec), &[Source::Full(row)], (1, row.len()), &[1], 0)[0][0]
    };
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    for length in [3, 40] {
        let row = |x: f64| (0..length).map(|i| if i == 1 { x } else { 1.0 }).collect::<Vec<f64>>();
        assert_eq!(reduce(Reduce::Sum, &row(inf)), inf);
        assert_eq!(reduce(Reduce::Max, &row(inf)), inf);
        assert_eq!(reduce(Reduce::Min, &row(-inf)), -inf);
        assert_eq!(reduce(Reduce::Prod, &row(2.0)), 2.0);
        for kind in [Reduce::Sum, Reduce::Max, Reduce::Min, Reduce::Prod] {
            assert!(reduce(kind, &row(nan)).is_nan(), "{kind:?}");
        }
    }
}

#[test]
#[should_panic(expected = "input 0 does not fit Full over 2 x 3")]
fn a_short_input_is_refused() {
    let spec = Spec { inputs: vec![Input::Full], values: vec![Value::Input(0)], outputs: vec![Output::Store(0)] };
    Program::compile(&spec).run(2, 3, &[Source::Full(&[0.0f32; 5])], &mut [&mut [0.0; 6]], &mut [0.0; 4096]);
}

/// What simplification makes of a value is written as far as the value extends.
#[test]
fn a_value_that_needs_no_operand_fills_its_output() {
    let either = |then: usize| Expr::select(Expr::var(0), Expr::var(then), Expr::var(then));
    let values = vec![
        Value::Input(0),
        Value::Input(1),
        Value::Input(2),
        Value::Input(3),
        Value::Pointwise(either(1), vec![0, 1]),
        Value::Pointwise(either(1), vec![0, 2]),
        Value::Pointwise(either(1), vec![0, 3]),
        Value::Pointwise(either(1), vec![1, 3]),
        Value::Pointwise(either(1), vec![2, 3]),
    ];
    let spec = Spec {
        inputs: vec![Input::Full, Input::Row, Input::Col, Input::Scalar],
        values,
        outputs: (4..9).map(Output::Store).collect(),
    };
    let program = Program::compile(&spec);
    let (full, row, col) = ([0.0; 6], [1.0, 2.0], [3.0, 4.0, 5.0]);
    let sources = [
        Source::Full(&full[..]),
        Source::Row { data: &row[..], start: 0, div: 1, modulo: 2 },
        Source::Col(&col[..]),
        Source::Scalar(7.0),
    ];
    let got = run(&program, &sources, (2, 3), &[6, 6, 6, 2, 3], 0);
    let want: [&[f64]; 5] =
        [&[1.0, 1.0, 1.0, 2.0, 2.0, 2.0], &[3.0, 4.0, 5.0, 3.0, 4.0, 5.0], &[7.0; 6], &[7.0; 2], &[7.0; 3]];
    assert_eq!(got, want);
}
