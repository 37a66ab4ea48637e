//! Measures the kernels that memory limits, in bytes read and written a second, beside a plain copy.
#![allow(clippy::print_stdout)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use graphrun_tensor::{
    Pool, Reduction, Shape, View, ViewMut, Window, argmax, avg_pool, avg_pool_grad, copy, cumsum, max_pool,
    max_pool_grad, peak_copy, reduce,
};

/// Prints the best rate of a call that reads and writes `elements` numbers.
fn rate(name: &str, elements: usize, mut call: impl FnMut()) {
    let deadline = Instant::now() + Duration::from_millis(150);
    let mut best = Duration::MAX;
    while Instant::now() < deadline {
        let start = Instant::now();
        call();
        best = best.min(start.elapsed());
    }
    println!(
        "{name:34} {:7.1} GB/s {:9.1} us",
        4.0 * elements as f64 / best.as_secs_f64() / 1e9,
        best.as_secs_f64() * 1e6
    );
}

fn main() {
    println!("{:34} {:7.1} GB/s", "copy of large memory", peak_copy() / 1e9);
    for [rows, cols] in [[64, 512], [256, 784], [1024, 1024], [4, 250_000], [250_000, 4]] {
        let len = rows * cols;
        let x: Vec<f32> = (0..len).map(|k| (k % 1013) as f32 / 1013.0).collect();
        let view = View::new(&x, Shape::of(&[rows, cols]));
        let mut out = vec![0.0f32; len];
        let size = format!("{rows}x{cols}");
        for (name, axes, outs) in
            [("all", [true, true], 1), ("rows", [false, true], rows), ("columns", [true, false], cols)]
        {
            for reduction in [Reduction::Sum, Reduction::Max] {
                rate(&format!("{reduction:?} of {name} of {size}"), len, || {
                    reduce(reduction, black_box(view), &axes, &mut out[..outs]);
                });
            }
        }
        let mut places = vec![0; rows];
        rate(&format!("argmax of rows of {size}"), len, || argmax(black_box(view), 1, &mut places));
        rate(&format!("cumsum of rows of {size}"), 2 * len, || cumsum(black_box(view), 1, false, &mut out));
        let turned = view.permuted(&[1, 0]);
        rate(&format!("transpose of {size}"), 2 * len, || {
            copy(black_box(turned), ViewMut::new(&mut out, turned.shape()));
        });
    }
    for (kernel, stride, pad) in [(2, 2, 0), (3, 2, 1), (3, 1, 1)] {
        let window = Window { kernel: [kernel; 2], stride: [stride; 2], pad: [pad; 2], dilation: [1, 1] };
        let image = [28, 28];
        let Some(out) = window.output(image) else { continue };
        let (pool, planes) = (Pool { image, out, window }, 64 * 16);
        let x: Vec<f32> = (0..planes * 784).map(|k| ((k * 7919) % 1013) as f32).collect();
        let mut y = vec![0.0f32; planes * out[0] * out[1]];
        let dy = y.clone();
        let (mut dx, all) = (x.clone(), x.len() + y.len());
        let name = format!("{kernel}x{kernel}/{stride} of 1024 28x28");
        rate(&format!("max {name}"), all, || max_pool(&pool, black_box(&x), &mut y));
        rate(&format!("max back {name}"), all + x.len(), || max_pool_grad(&pool, black_box(&x), &dy, &mut dx));
        rate(&format!("avg {name}"), all, || avg_pool(&pool, black_box(&x), &mut y));
        rate(&format!("avg back {name}"), all, || avg_pool_grad(&pool, black_box(&dy), &mut dx));
    }
}
