//! Random specs, their data, and what they must give by plain evaluation.

use super::super::lower::Extent;
use super::super::{Input, Output, Program, Reduce, Source, Spec, Value};
use crate::{Expr, Float};

/// A value of a random spec: what to do, with which earlier values. Each is taken modulo what there is.
pub(super) type Recipe = (usize, usize, usize);

const FORMULAS: [&str; 14] = [
    "x + y",
    "x - y * 0.5",
    "tanh(x) * y",
    "0.75 * x + 0.25",
    "if(x > y, y, sin(x))",
    "max(0, x)",
    "min(x, y)",
    "sigmoid(x) - y",
    "exp(-x^2)",
    "softplus(x) * softplus(y)",
    "y - tanh(x)^2",
    "1.5 - tanh(x) * sigmoid(y)",
    "x / (1 + abs(y))",
    "0.5 ^ tanh(x)",
];

/// A spec with every kind of input, over random values.
pub(super) fn spec(recipes: &[Recipe], outputs: &[(usize, usize)]) -> Spec {
    let inputs = vec![Input::Full, Input::Full, Input::Row, Input::Col, Input::Scalar, Input::RowIndex];
    // The index comes first and is no operand of what follows.
    let mut values =
        vec![Value::Input(5), Value::Input(0), Value::Input(1), Value::Input(2), Value::Input(3), Value::Input(4)];
    for &(kind, a, b) in recipes {
        let (a, b) = (1 + a % (values.len() - 1), 1 + b % (values.len() - 1));
        values.push(match kind % 24 {
            0 => Value::RowReduce(Reduce::Sum, a),
            1 => Value::RowReduce(Reduce::Max, a),
            2 => Value::RowReduce(Reduce::Min, a),
            3 => Value::OneHot(0),
            4 => Value::Pick(a, 0),
            k => Value::Pointwise(Expr::parse(FORMULAS[k % FORMULAS.len()], &["x", "y"], &()).unwrap(), vec![a, b]),
        });
    }
    let outputs = outputs.iter().map(|&(kind, v)| {
        let v = 1 + v % (values.len() - 1);
        match kind % 5 {
            0 => Output::ColSum(v),
            1 => Output::TotalSum(v),
            2 => Output::Stream(v),
            _ => Output::Store(v),
        }
    });
    Spec { outputs: outputs.collect(), inputs, values }
}

/// The input data of a run, one array an input; scalars are the first element of theirs.
pub(super) struct Data<T> {
    rows: usize,
    inner: usize,
    full: [Vec<T>; 2],
    row: Vec<T>,
    col: Vec<T>,
    scalar: T,
    index: Vec<i64>,
}

const START: usize = 3;
const DIV: usize = 2;
const MODULO: usize = 5;

impl<T: Float> Data<T> {
    pub(super) fn new(rows: usize, inner: usize) -> Data<T> {
        let wave = |i: usize, k: usize| T::from_f64((((i * 37 + k * 11) % 101) as f64 - 50.0) / 32.0);
        let array = |length: usize, k: usize| (0..length).map(|i| wave(i, k)).collect::<Vec<T>>();
        Data {
            rows,
            inner,
            full: [array(rows * inner, 1), array(rows * inner, 2)],
            row: array(MODULO, 3),
            col: array(inner, 4),
            scalar: T::from_f64(0.625),
            index: (0..rows).map(|r| (r * 7 % (inner + 2)) as i64 - 1).collect(),
        }
    }

    pub(super) fn sources(&self) -> [Source<'_, T>; 6] {
        let row = Source::Row { data: &self.row, start: START, div: DIV, modulo: MODULO };
        let [a, b] = &self.full;
        let index = Source::RowIndex(&self.index);
        [Source::Full(a), Source::Full(b), row, Source::Col(&self.col), Source::Scalar(self.scalar), index]
    }

    /// The rows from `from` to `to` alone.
    pub(super) fn part(&self, from: usize, to: usize) -> [Source<'_, T>; 6] {
        let cut = |data| Source::Full(&<[T]>::as_ref(data)[from * self.inner..to * self.inner]);
        let [a, b] = &self.full;
        let row = Source::Row { data: &self.row, start: START + from, div: DIV, modulo: MODULO };
        let index = Source::RowIndex(&self.index[from..to]);
        [cut(a), cut(b), row, Source::Col(&self.col), Source::Scalar(self.scalar), index]
    }

    /// Every value of `spec` at every point by plain evaluation.
    fn reference(&self, spec: &Spec) -> Vec<Vec<f64>> {
        let mut values: Vec<Vec<f64>> = Vec::new();
        let points = || (0..self.rows).flat_map(|r| (0..self.inner).map(move |c| (r, c)));
        let inside = |r: usize| usize::try_from(self.index[r]).ok().filter(|&c| c < self.inner);
        for value in &spec.values {
            let at = |v: usize, r: usize, c: usize| values[v][r * self.inner + c];
            let at: Box<dyn Fn(usize, usize) -> f64> = match value {
                Value::Input(0) => Box::new(|r, c| self.full[0][r * self.inner + c].to_f64()),
                Value::Input(1) => Box::new(|r, c| self.full[1][r * self.inner + c].to_f64()),
                Value::Input(2) => Box::new(|r, _| self.row[(START + r) / DIV % MODULO].to_f64()),
                Value::Input(3) => Box::new(|_, c| self.col[c].to_f64()),
                Value::Input(4) => Box::new(|_, _| self.scalar.to_f64()),
                Value::Input(_) => Box::new(|_, _| f64::NAN),
                Value::Pointwise(expr, args) => {
                    let at = &at;
                    Box::new(move |r, c| expr.eval(&args.iter().map(|&v| at(v, r, c)).collect::<Vec<f64>>()))
                }
                Value::RowReduce(kind, v) => {
                    let at = &at;
                    let (start, step): (f64, fn(f64, f64) -> f64) = match kind {
                        Reduce::Sum => (0.0, |a, b| a + b),
                        Reduce::Max => (f64::NEG_INFINITY, f64::max),
                        Reduce::Min => (f64::INFINITY, f64::min),
                        Reduce::Prod => (1.0, |a, b| a * b),
                    };
                    Box::new(move |r, _| (0..self.inner).map(|c| at(*v, r, c)).fold(start, step))
                }
                Value::OneHot(_) => Box::new(move |r, c| f64::from(u8::from(inside(r) == Some(c)))),
                Value::Pick(v, _) => {
                    let at = &at;
                    Box::new(move |r, _| inside(r).map_or(0.0, |c| at(*v, r, c)))
                }
            };
            let array = points().map(|(r, c)| at(r, c)).collect();
            drop(at);
            values.push(array);
        }
        values
    }

    /// What the outputs must hold, as far as points exist that tell.
    pub(super) fn expected(&self, spec: &Spec) -> Vec<Vec<f64>> {
        let (values, extents) = (self.reference(spec), extents(spec));
        let sum = |v: usize, keep: &dyn Fn(usize) -> bool| {
            values[v].iter().enumerate().filter(|(i, _)| keep(*i)).map(|(_, x)| x).sum::<f64>()
        };
        spec.outputs
            .iter()
            .map(|output| match *output {
                Output::ColSum(v) => (0..self.inner).map(|c| sum(v, &|i| i % self.inner == c)).collect(),
                Output::TotalSum(v) => vec![sum(v, &|_| true)],
                Output::Store(v) | Output::Stream(v) => {
                    let array = &values[v];
                    match extents[v] {
                        Extent::Full => array.clone(),
                        Extent::Row => array.iter().step_by(self.inner.max(1)).copied().collect(),
                        Extent::Col => array[..self.inner.min(array.len())].to_vec(),
                        Extent::Scalar => array.first().map_or(vec![], |&x| vec![x]),
                    }
                }
            })
            .collect()
    }
}

/// Runs into memory full of NaN, `shift` elements off its beginning.
pub(super) fn run<T: Float>(
    program: &Program,
    sources: &[Source<'_, T>],
    size: (usize, usize),
    lengths: &[usize],
    shift: usize,
) -> Vec<Vec<T>> {
    let nan = T::from_f64(f64::NAN);
    let mut outputs: Vec<Vec<T>> = lengths.iter().map(|length| vec![nan; length + shift]).collect();
    let mut slices: Vec<&mut [T]> = outputs.iter_mut().map(|output| &mut output[shift..]).collect();
    let mut scratch = vec![nan; program.scratch::<T>(size.1) + shift];
    program.run(size.0, size.1, sources, &mut slices, &mut scratch[shift..]);
    outputs.into_iter().map(|output| output[shift..].to_vec()).collect()
}

/// The extent of each value: as far as its operands extend, be they of use or not.
pub(super) fn extents(spec: &Spec) -> Vec<Extent> {
    let mut extents: Vec<Extent> = Vec::new();
    for value in &spec.values {
        extents.push(match value {
            Value::Input(0 | 1) | Value::OneHot(_) => Extent::Full,
            Value::Input(3) => Extent::Col,
            Value::Input(4) => Extent::Scalar,
            Value::Input(_) | Value::RowReduce(..) | Value::Pick(..) => Extent::Row,
            Value::Pointwise(_, args) => args.iter().fold(Extent::Scalar, |extent, &arg| extent.join(extents[arg])),
        });
    }
    extents
}

/// The length of each output.
pub(super) fn lengths(spec: &Spec, (rows, inner): (usize, usize)) -> Vec<usize> {
    let extents = extents(spec);
    let length = |output: &Output| match *output {
        Output::ColSum(_) => inner,
        Output::TotalSum(_) => 1,
        Output::Store(v) | Output::Stream(v) => match extents[v] {
            Extent::Full => rows * inner,
            Extent::Row => rows,
            Extent::Col => inner,
            Extent::Scalar => 1,
        },
    };
    spec.outputs.iter().map(length).collect()
}
