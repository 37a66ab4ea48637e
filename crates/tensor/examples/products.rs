//! Measures matrix products and convolutions of the sizes that networks use, beside faer and the processor's peak.
#![allow(clippy::print_stdout)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use faer::linalg::matmul::matmul as faer_matmul;
use faer::{MatMut as FaerMut, MatRef, Par};
use graphrun_tensor::{
    Accum, Conv, Mat, MatMut, Scratch, Window, conv, conv_input_grad, conv_input_grad_scratch, conv_scratch,
    conv_weight_grad, conv_weight_grad_scratch, matmul, matmul_scratch, peak_copy, peak_fma,
};

/// The least mean time of a call over many short rounds, in seconds: short, so that some escape whatever else runs.
fn time(mut call: impl FnMut()) -> f64 {
    let mut round = |calls: u32| {
        let start = Instant::now();
        (0..calls).for_each(|_| call());
        start.elapsed().as_secs_f64() / f64::from(calls)
    };
    let once = (0..3).map(|_| round(1)).fold(f64::INFINITY, f64::min);
    let calls = (2e-4 / once.max(1e-8)).clamp(1.0, 20_000.0) as u32;
    let deadline = Instant::now() + Duration::from_millis(150);
    let mut best = f64::INFINITY;
    while Instant::now() < deadline {
        best = best.min(round(calls));
    }
    best
}

/// Memory that begins with a cache line, as an executor lends it.
struct Aligned {
    memory: Vec<f32>,
    start: usize,
    len: usize,
}

impl std::ops::Deref for Aligned {
    type Target = [f32];
    fn deref(&self) -> &[f32] {
        &self.memory[self.start..][..self.len]
    }
}

impl std::ops::DerefMut for Aligned {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.memory[self.start..][..self.len]
    }
}

fn noise(len: usize) -> Aligned {
    let memory: Vec<f32> = (0..len + 16).map(|k| ((k * 7919) % 1009) as f32 / 1009.0 - 0.5).collect();
    Aligned { start: memory.as_ptr().align_offset(64), memory, len }
}

/// A product of `m` by `k` with `k` by `n`; a factor marked transposed lies in memory the other way round.
fn product([m, k, n]: [usize; 3], [ta, tb]: [bool; 2], peak: f64) {
    let (a, b, mut c) = (noise(m * k), noise(k * n), noise(m * n));
    let left = if ta { Mat::row_major(&a, k, m).t() } else { Mat::row_major(&a, m, k) };
    let right = if tb { Mat::row_major(&b, n, k).t() } else { Mat::row_major(&b, k, n) };
    let mut scratch = noise(matmul_scratch::<f32>(m, n, k));
    let own = time(|| {
        matmul(MatMut::row_major(black_box(&mut c), m, n), Accum::Replace, 1.0, left, right, &mut scratch);
    });
    let left = MatRef::from_row_major_slice(&a, if ta { k } else { m }, if ta { m } else { k });
    let right = MatRef::from_row_major_slice(&b, if tb { n } else { k }, if tb { k } else { n });
    let (left, right) = (if ta { left.transpose() } else { left }, if tb { right.transpose() } else { right });
    let faer = time(|| {
        let out = FaerMut::from_row_major_slice_mut(black_box(&mut c), m, n);
        faer_matmul(out, faer::Accum::Replace, left, right, 1.0, Par::Seq);
    });
    let flops = 2.0 * (m * k * n) as f64;
    let share = |t: f64| format!("{:7.1} {:4.0}%", flops / t / 1e9, 100.0 * flops / t / peak);
    println!(
        "{m:5} {k:5} {n:5} {}{} own {} faer {}  {:10.3} us",
        if ta { 'T' } else { '-' },
        if tb { 'T' } else { '-' },
        share(own),
        share(faer),
        own * 1e6,
    );
}

fn convolution(channels: usize, units: usize, size: usize, kernel: usize, stride: usize, peak: f64) {
    let window = Window { kernel: [kernel; 2], stride: [stride; 2], pad: [kernel / 2; 2], dilation: [1, 1] };
    let image = [size, size];
    let Some(out) = window.output(image) else { return };
    let (c, items) = (Conv { channels, units, groups: 1, image, out, window }, 16);
    let (x, w, b) = (noise(items * c.input_len()), noise(c.weight_len()), noise(units));
    let (mut y, mut dx, mut dw) = (noise(items * c.output_len()), noise(x.len()), noise(w.len()));
    let dy = noise(y.len());
    let flops = 2.0 * (items * c.output_len() * c.taps()) as f64;
    let bytes = [conv_scratch::<f32>(&c), conv_input_grad_scratch::<f32>(&c), conv_weight_grad_scratch::<f32>(&c)];
    let mut memory = vec![0u64; bytes.into_iter().fold(0, usize::max) / 8];
    let times = [
        time(|| conv(&c, &x, &w, Some(&b), &mut y, &mut Scratch::new(&mut memory))),
        time(|| conv_input_grad(&c, &dy, &w, &mut dx, &mut Scratch::new(&mut memory))),
        time(|| conv_weight_grad(&c, &x, &dy, Accum::Replace, &mut dw, &mut Scratch::new(&mut memory))),
    ];
    print!("{channels:4} -> {units:4} of {size}x{size} by {kernel}x{kernel}/{stride}:");
    for (name, t) in ["forward", "by input", "by weight"].iter().zip(times) {
        print!("  {name} {:6.1} {:3.0}% {:6.1} us an item", flops / t / 1e9, 100.0 * flops / t / peak, t * 1e6 / 16.0);
    }
    println!();
}

fn main() {
    let peak = peak_fma::<f32>();
    println!(
        "peak {:.1} GFLOP/s f32, {:.1} f64, copy {:.1} GB/s",
        peak / 1e9,
        peak_fma::<f64>() / 1e9,
        peak_copy() / 1e9
    );
    let plain = [false, false];
    for (size, transposed) in [
        ([4, 3, 4], plain),
        ([4, 4, 1], plain),
        ([8, 8, 8], plain),
        ([16, 16, 16], plain),
        ([32, 32, 32], plain),
        ([64, 64, 64], plain),
        ([128, 128, 128], plain),
        ([512, 512, 512], plain),
        ([1024, 1024, 1024], plain),
        ([1024, 1024, 1024], [false, true]),
        ([1024, 1024, 1024], [true, false]),
        ([256, 784, 512], [false, true]),
        ([512, 256, 784], [true, false]),
        ([256, 512, 512], [false, true]),
        ([256, 512, 512], plain),
        ([512, 256, 512], [true, false]),
        ([64, 784, 128], [false, true]),
        ([128, 64, 784], [true, false]),
        ([64, 500, 500], [false, true]),
        ([64, 500, 500], plain),
        ([128, 500, 500], plain),
        ([64, 512, 512], plain),
        ([128, 512, 512], plain),
        ([250, 128, 500], [true, false]),
        ([256, 512, 10], [false, true]),
        ([256, 10, 512], plain),
        ([10, 256, 512], [true, false]),
        ([64, 784, 10], [false, true]),
        ([10, 64, 784], [true, false]),
        ([1, 784, 128], [false, true]),
        ([1, 784, 128], plain),
        ([1, 128, 10], [false, true]),
        ([784, 128, 1], plain),
    ] {
        product(size, transposed, peak);
    }
    convolution(1, 16, 28, 5, 1, peak);
    convolution(16, 32, 14, 5, 1, peak);
    convolution(64, 64, 32, 3, 1, peak);
    convolution(64, 128, 32, 3, 2, peak);
    convolution(256, 64, 14, 1, 1, peak);
}
