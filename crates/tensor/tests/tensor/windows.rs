//! Convolution and pooling against their definitions in `f64`.

use graphrun_tensor::{
    Accum, Conv, Num, Pool, Scratch, Window, avg_pool, avg_pool_grad, conv, conv_input_grad, conv_input_grad_scratch,
    conv_scratch, conv_weight_grad, conv_weight_grad_scratch, max_pool, max_pool_grad, max_pool_pick,
};
use proptest::prelude::*;

/// Small integers: sums of their products are exact in `f32`, so that results must be equal.
fn integers<T: Num>(len: usize, seed: u64) -> Vec<T> {
    let mut state = seed;
    let next = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        T::from_f64((state >> 60) as f64 - 8.0)
    };
    (0..len).map(next).collect()
}

fn window() -> impl Strategy<Value = Window> {
    let pair = |range: std::ops::Range<usize>| prop::array::uniform2(range);
    (pair(1..4), pair(1..4), pair(0..3), pair(1..3)).prop_map(|(kernel, stride, pad, dilation)| Window {
        kernel,
        stride,
        pad,
        dilation,
    })
}

/// Every pair of an output position and an input position that a window joins, with the tap that joins them.
fn joined(window: &Window, image: [usize; 2], out: [usize; 2]) -> Vec<([usize; 2], [usize; 2], [usize; 2])> {
    let along = |axis: usize| {
        let mut found = Vec::new();
        for i in 0..out[axis] {
            for u in 0..window.kernel[axis] {
                let place = (i * window.stride[axis] + u * window.dilation[axis]) as isize - window.pad[axis] as isize;
                if (0..image[axis] as isize).contains(&place) {
                    found.push((i, place as usize, u));
                }
            }
        }
        found
    };
    let (rows, cols) = (along(0), along(1));
    rows.iter().flat_map(|r| cols.iter().map(|c| ([r.0, c.0], [r.1, c.1], [r.2, c.2]))).collect()
}

fn check_conv<T: Num>(c: &Conv, items: usize) {
    let (x, w) = (integers::<T>(items * c.input_len(), 1), integers::<T>(c.weight_len(), 2));
    let (dy, bias) = (integers::<T>(items * c.output_len(), 3), integers::<T>(c.units, 4));
    let (mut y, mut dx, mut dw) = (vec![0.0; dy.len()], vec![0.0; x.len()], vec![0.0; w.len()]);
    let (inputs, outputs) = (c.channels / c.groups, c.units / c.groups);
    for n in 0..items {
        for o in 0..c.units {
            for ch in 0..inputs {
                for (place, source, tap) in joined(&c.window, c.image, c.out) {
                    let channel = o / outputs * inputs + ch;
                    let xi = ((n * c.channels + channel) * c.image[0] + source[0]) * c.image[1] + source[1];
                    let yi = ((n * c.units + o) * c.out[0] + place[0]) * c.out[1] + place[1];
                    let wi = ((o * inputs + ch) * c.window.kernel[0] + tap[0]) * c.window.kernel[1] + tap[1];
                    y[yi] += x[xi].to_f64() * w[wi].to_f64();
                    dx[xi] += dy[yi].to_f64() * w[wi].to_f64();
                    dw[wi] += dy[yi].to_f64() * x[xi].to_f64();
                }
            }
        }
    }
    let exact = |got: &[T], expect: &[f64], what: &str| {
        let got: Vec<f64> = got.iter().map(|x| x.to_f64()).collect();
        assert_eq!(got, expect, "{what} of {c:?}");
    };
    let nan = T::from_f64(f64::NAN);
    let memory = |bytes: usize| vec![u64::MAX; bytes / 8];

    let mut got = vec![nan; y.len()];
    conv(c, &x, &w, None, &mut got, &mut Scratch::new(&mut memory(conv_scratch::<T>(c))));
    exact(&got, &y, "output");
    conv(c, &x, &w, Some(&bias), &mut got, &mut Scratch::new(&mut memory(conv_scratch::<T>(c))));
    let plane = c.out[0] * c.out[1];
    let biased: Vec<f64> = y.iter().enumerate().map(|(i, y)| y + bias[i / plane % c.units].to_f64()).collect();
    exact(&got, &biased, "output with bias");

    let mut got = vec![nan; x.len()];
    conv_input_grad(c, &dy, &w, &mut got, &mut Scratch::new(&mut memory(conv_input_grad_scratch::<T>(c))));
    exact(&got, &dx, "input gradient");

    let mut got = vec![nan; w.len()];
    let mut words = memory(conv_weight_grad_scratch::<T>(c));
    conv_weight_grad(c, &x, &dy, Accum::Replace, &mut got, &mut Scratch::new(&mut words));
    exact(&got, &dw, "weight gradient");
    conv_weight_grad(c, &x, &dy, Accum::Add, &mut got, &mut Scratch::new(&mut words));
    let twice: Vec<f64> = dw.iter().map(|w| 2.0 * w).collect();
    exact(&got, &twice, "weight gradient added");
}

fn check_pool<T: Num>(pool: &Pool, planes: usize) {
    let [plane, out] = [pool.image, pool.out].map(|[h, w]| h * w);
    let (x, dy) = (integers::<T>(planes * plane, 5), integers::<T>(planes * out, 6));
    let count = (pool.window.kernel[0] * pool.window.kernel[1]) as f64;
    let share = T::from_f64(1.0 / count).to_f64();
    let (mut most, mut mean) = (vec![f64::NEG_INFINITY; dy.len()], vec![0.0; dy.len()]);
    let (mut arg, mut mean_grad) = (vec![None; dy.len()], vec![0.0; x.len()]);
    for p in 0..planes {
        for (place, source, _) in joined(&pool.window, pool.image, pool.out) {
            let yi = p * out + place[0] * pool.out[1] + place[1];
            let xi = p * plane + source[0] * pool.image[1] + source[1];
            let value = x[xi].to_f64();
            // `joined` lists a window row by row only per output row: the first in memory order wins.
            if value > most[yi] || (value == most[yi] && arg[yi].is_some_and(|k| xi < k)) {
                (most[yi], arg[yi]) = (value, Some(xi));
            }
            mean[yi] += value;
            mean_grad[xi] += dy[yi].to_f64() * share;
        }
    }
    let mut max_grad = vec![0.0; x.len()];
    for (k, arg) in arg.iter().enumerate() {
        if let Some(arg) = arg {
            max_grad[*arg] += dy[k].to_f64();
        }
    }
    let near = |got: &[T], expect: &[f64], what: &str| {
        for (got, expect) in got.iter().zip(expect) {
            // A share is rounded once and a gradient adds at most nine of them.
            let close = (got.to_f64() - expect).abs() <= 1e-4;
            assert!(close || got.to_f64() == *expect, "{what} of {pool:?}: {got}, not {expect}");
        }
    };
    let nan = T::from_f64(f64::NAN);
    let (mut got, mut got_grad) = (vec![nan; dy.len()], vec![nan; x.len()]);
    max_pool(pool, &x, &mut got);
    near(&got, &most, "maximum");
    max_pool_grad(pool, &x, &dy, &mut got_grad);
    near(&got_grad, &max_grad, "gradient of the maximum");
    let picked: Vec<f64> = arg.iter().map(|arg| arg.map_or(0.0, |k| k as f64)).collect();
    let places: Vec<T> = (0..x.len()).map(|k| T::from_f64(k as f64)).collect();
    max_pool_pick(pool, &x, &places, &mut got);
    near(&got, &picked, "place of the maximum");
    avg_pool(pool, &x, &mut got);
    let mean: Vec<f64> = mean.iter().map(|m| m / count).collect();
    near(&got, &mean, "mean");
    avg_pool_grad(pool, &dy, &mut got_grad);
    near(&got_grad, &mean_grad, "gradient of the mean");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_convolution_follows_its_definition(
        window in window(),
        image in prop::array::uniform2(1usize..22),
        (inputs, outputs, groups, items) in (1usize..4, 1usize..9, 1usize..3, 0usize..3),
    ) {
        let Some(out) = window.output(image) else { return Ok(()) };
        let c = Conv { channels: inputs * groups, units: outputs * groups, groups, image, out, window };
        check_conv::<f32>(&c, items);
        check_conv::<f64>(&c, items);
    }

    #[test]
    fn any_pool_follows_its_definition(
        window in window(),
        halving in any::<bool>(),
        image in prop::array::uniform2(1usize..12),
        planes in 0usize..4,
    ) {
        let square = Window { kernel: [2, 2], stride: [2, 2], pad: [0, 0], dilation: [1, 1] };
        let window = if halving { square } else { window };
        let Some(out) = window.output(image) else { return Ok(()) };
        check_pool::<f32>(&Pool { image, out, window }, planes);
        check_pool::<f64>(&Pool { image, out, window }, planes);
    }
}

#[test]
fn a_wide_convolution_in_one_dimension() {
    let window = Window { kernel: [1, 7], stride: [1, 2], pad: [0, 3], dilation: [1, 1] };
    let image = [1, 101];
    let out = window.output(image).unwrap();
    check_conv::<f32>(&Conv { channels: 5, units: 33, groups: 1, image, out, window }, 2);
}

#[test]
fn the_first_of_equal_maxima_receives_the_gradient() {
    for kernel in [[2, 2], [4, 4]] {
        let window = Window { kernel, stride: kernel, pad: [0, 0], dilation: [1, 1] };
        let image = [4, 4];
        let out = window.output(image).unwrap();
        let pool = Pool { image, out, window };
        let mut dx = [f32::NAN; 16];
        max_pool_grad(&pool, &[1.0; 16], &vec![1.0; out[0] * out[1]], &mut dx);
        let expect: Vec<f32> =
            (0..16).map(|k| if (k / 4) % kernel[0] == 0 && (k % 4) % kernel[1] == 0 { 1.0 } else { 0.0 }).collect();
        assert_eq!(&dx[..], expect);
    }
}

#[test]
fn nan_is_a_maximum() {
    for kernel in [[2, 2], [1, 4]] {
        let window = Window { kernel, stride: kernel, pad: [0, 0], dilation: [1, 1] };
        let image = if kernel == [2, 2] { [2, 2] } else { [1, 4] };
        let pool = Pool { image, out: window.output(image).unwrap(), window };
        let (mut y, mut dx) = ([0.0f32; 1], [9.0f32; 4]);
        let x = [1.0, f32::NAN, 3.0, f32::NAN];
        max_pool(&pool, &x, &mut y);
        max_pool_grad(&pool, &x, &[5.0], &mut dx);
        assert!(y[0].is_nan());
        assert_eq!(dx, [0.0, 5.0, 0.0, 0.0]);
    }
}
