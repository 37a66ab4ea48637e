//! Products against plain loops, over sizes that fill no vector register and over empty ones.

use graphrun_graph::{Options, Sizes};

use super::mat_mul::MatMul;
use crate::standard;
use crate::testing::{Applied, given};

fn wave(len: usize, seed: usize) -> Vec<f64> {
    (0..len).map(|k| ((k * 7919 + seed * 31) % 127) as f64 / 32.0 - 2.0).collect()
}

#[test]
fn matrix_products_are_sums_of_products() {
    let sizes = [[1, 1, 1], [0, 3, 2], [3, 0, 2], [3, 2, 0], [5, 7, 3], [17, 33, 9], [1, 65, 1], [70, 3, 70]];
    for [rows, depth, cols] in sizes {
        for options in 0..4 {
            let (transpose_a, transpose_b) = (options & 1 == 1, options & 2 == 2);
            let (a, b) = (wave(rows * depth, 1), wave(depth * cols, 2));
            let left = if transpose_a { [depth, rows] } else { [rows, depth] };
            let right = if transpose_b { [cols, depth] } else { [depth, cols] };
            let inputs = [given(&left, &a), given(&right, &b)];
            let got = Applied::of("MatMul", MatMul { transpose_a, transpose_b }, &inputs).value();
            for i in 0..rows {
                for j in 0..cols {
                    let term = |k: usize| {
                        let x = if transpose_a { a[k * rows + i] } else { a[i * depth + k] };
                        x * if transpose_b { b[j * depth + k] } else { b[k * cols + j] }
                    };
                    // Every term is a multiple of 1/1024 below 4: the sums are exact in any order.
                    assert_eq!(got[i * cols + j], (0..depth).map(term).sum::<f64>(), "{rows} {depth} {cols} {options}");
                }
            }
        }
    }
}

#[test]
fn stacks_broadcast_against_each_other() {
    let (a, b) = (wave(2 * 3 * 4, 1), wave(3 * 4 * 2, 2));
    let got = Applied::of("MatMul", MatMul::default(), &[given(&[2, 1, 3, 4], &a), given(&[3, 4, 2], &b)]).value();
    let want =
        (0..2).flat_map(|s| (0..3).flat_map(move |t| (0..3).flat_map(move |i| (0..2).map(move |j| (s, t, i, j)))));
    let term = |(s, t, i, j): (usize, usize, usize, usize)| -> f64 {
        (0..4).map(|k| a[s * 12 + i * 4 + k] * b[t * 8 + k * 2 + j]).sum()
    };
    assert_eq!(got, want.map(term).collect::<Vec<_>>());
}

#[test]
fn specs_that_make_no_sense_are_refused() {
    let registry = standard();
    let def = registry.op("Einsum").unwrap();
    let build = |spec: &str, shapes: &[&[usize]]| {
        let text = serde_json::json!({ "spec": spec });
        let options: Options = def.parse(&mut <dyn erased_serde::Deserializer<'_>>::erase(text)).unwrap();
        let mut b = graphrun_graph::Builder::new();
        let ids: Vec<_> = shapes
            .iter()
            .enumerate()
            .map(|(k, shape)| {
                let shape = shape.iter().map(|&size| graphrun_graph::Size::from(size)).collect();
                b.input(&format!("x{k}"), graphrun_graph::Type::real(shape)).unwrap()
            })
            .collect();
        let mut call = graphrun_graph::Call::new(&mut b, &registry, "y", &[]);
        call.inputs = vec![ids];
        def.build(&mut call, &options).map_err(|error| error.message)
    };
    assert!(build("ij,jk", &[&[2, 3], &[3, 4]]).is_ok());
    assert!(build("ij,jk", &[&[2, 3], &[4, 4]]).unwrap_err().contains("3 against 4"));
    assert!(build("ij->ik", &[&[2, 3]]).unwrap_err().contains("`k`"));
    assert!(build("ij->ii", &[&[2, 3]]).unwrap_err().contains("twice"));
    assert!(build("i1->i", &[&[2, 3]]).unwrap_err().contains("`1`"));
    assert!(build("ijk->i", &[&[2, 3]]).unwrap_err().contains("3 axes"));
    assert!(build("i,j->i", &[&[2]]).unwrap_err().contains("2 inputs"));
    assert!(build("ii->i", &[&[2, 3]]).unwrap_err().contains("2 against 3"));
}

/// A vector on the left is a row, on the right a column, and its axis leaves the result.
#[test]
fn vectors_are_rows_and_columns() {
    let v: &[usize] = &[2];
    let cases: [(&[usize], &[usize], &[usize], &[f64]); 6] = [
        (v, v, &[], &[5.0]),
        (&[3, 2], v, &[3], &[5.0, 11.0, 17.0]),
        (v, &[2, 3], &[3], &[9.0, 12.0, 15.0]),
        (&[2, 1, 2], v, &[2, 1], &[5.0, 11.0]),
        (v, &[2, 2, 1], &[2, 1], &[5.0, 11.0]),
        (&[2, 1, 2], &[2, 2], &[2, 1, 2], &[7.0, 10.0, 15.0, 22.0]),
    ];
    for (left, right, shape, expect) in cases {
        let count = |sizes: &[usize]| (1..=sizes.iter().product()).map(|k: usize| k as f64).collect::<Vec<_>>();
        let inputs = [given(left, &count(left)), given(right, &count(right))];
        let got = Applied::of("MatMul", MatMul::default(), &inputs);
        assert_eq!(got.graph.ty(got.y).concrete(&Sizes::new()).unwrap().sizes(), shape, "{left:?} {right:?}");
        assert_eq!(got.value(), expect, "{left:?} {right:?}");
    }
}
