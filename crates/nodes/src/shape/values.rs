//! Moves against plain indexing, with axes of size 0 and 1 among them.

use graphrun_graph::{SampleInput, Size};

use super::concat::Along;
use super::slice::Span;
use crate::axes::reduction::Axes;
use crate::testing::{Applied, Array, given, labels};

fn count(len: usize) -> Vec<f64> {
    (0..len).map(|k| k as f64).collect()
}

/// What NumPy makes of `x[start:end:step]` where all three are inside the axis.
fn taken(size: usize, start: Option<i64>, end: Option<i64>, step: i64) -> Vec<f64> {
    let size = size as i64;
    let from_end = |k: i64| if k < 0 { k + size } else { k };
    let start = start.map_or(if step > 0 { 0 } else { size - 1 }, from_end);
    let end = end.map_or(if step > 0 { size } else { -1 }, from_end);
    let mut at = start;
    let mut out = Vec::new();
    while if step > 0 { at < end } else { at > end } {
        out.push(at as f64);
        at += step;
    }
    out
}

#[test]
fn slices_follow_numpy() {
    for size in [1, 2, 5, 17] {
        let limits: Vec<Option<i64>> = (-(size as i64)..size as i64).map(Some).chain([None]).collect();
        for (&start, &end) in limits.iter().flat_map(|start| limits.iter().map(move |end| (start, end))) {
            for step in [1, 2, 3, -1, -2] {
                let want = taken(size, start, end, step);
                if want.is_empty() {
                    continue;
                }
                let span = Span { axis: 0, start, end, step, count: None };
                let got = Applied::of("Slice", span.clone(), &[given(&[size], &count(size))]).value();
                assert_eq!(got, want, "{span:?} of {size}");
            }
        }
    }
}

#[test]
fn empty_arrays_move_too() {
    let empty = || given(&[0, 3], &[]);
    let first = Span::from_start(1, 0, Size::from(2));
    assert_eq!(Applied::of("Slice", first, &[empty()]).value(), [0.0; 0]);
    assert_eq!(Applied::of("Flip", Axes { axes: Some(vec![1]) }, &[empty()]).value(), [0.0; 0]);
    let joined = Applied::new(
        crate::standard().op("Concat").unwrap(),
        &graphrun_graph::Options::new(Along { axis: 0 }),
        &[vec![empty(), given(&[1, 3], &[1.0, 2.0, 3.0])]],
        graphrun_graph::Phase::Test,
    );
    assert_eq!(joined.value(), [1.0, 2.0, 3.0]);
    let picked = Applied::of("Gather", Along { axis: 0 }, &[given(&[2, 3], &count(6)), labels(&[0], 2, &[])]);
    assert_eq!(picked.value(), [0.0; 0]);
    assert_eq!(picked.gradients(&[])[0].1, [0.0; 6]);
}

#[test]
fn a_gather_picks_along_any_axis() {
    let index = [2, 0, 2, 1];
    let x = || given(&[2, 3, 5], &count(30));
    let got = Applied::of("Gather", Along { axis: 1 }, &[x(), labels(&[2, 2], 3, &index)]).value();
    let want = (0..2).flat_map(|i| index.iter().flat_map(move |&j| (0..5).map(move |k| (i * 15 + j * 5 + k) as f64)));
    assert_eq!(got, want.collect::<Vec<_>>());
}

#[test]
fn borders_and_reversals_keep_their_places() {
    let x = (SampleInput::real(&[2, 3]), Array::Real(count(6)));
    let flipped = Applied::of("Flip", Axes::default(), &[x]).value();
    assert_eq!(flipped, [5.0, 4.0, 3.0, 2.0, 1.0, 0.0]);
}
