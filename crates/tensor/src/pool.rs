//! Maximum and mean over sliding windows, plane by plane, with their gradients.
//!
//! A plane is one channel of one item. Taps in the padding count as negative infinity for the maximum and as zero for the
//! mean, whose divisor is always the size of the window, as in PyTorch's default.

use crate::simd::vectorised;
use crate::view::Num;
use crate::window::Window;

/// A window over planes of one size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pool {
    /// Height and width of an input plane.
    pub image: [usize; 2],
    /// Height and width of an output plane: [`Window::output`].
    pub out: [usize; 2],
    /// The window.
    pub window: Window,
}

impl Pool {
    /// Whether the windows are the squares of side two that tile the plane from its corner.
    fn is_halving(&self) -> bool {
        self.window == Window { kernel: [2, 2], stride: [2, 2], pad: [0, 0], dilation: [1, 1] }
            && (0..2).all(|axis| self.out[axis] * 2 <= self.image[axis])
    }

    /// The elements of an input and of an output plane; one where there is none, so that slices can be cut by them.
    fn lens(&self, input: usize, output: usize) -> [usize; 2] {
        let [plane, out] = [self.image, self.out].map(|[height, width]| height * width);
        assert!(input * out == output * plane, "inputs and outputs of as many planes for {self:?}");
        [plane.max(1), out.max(1)]
    }

    /// Calls `visit` with the runs of outputs along a row that a tap joins with inputs. The taps of an output come in
    /// row-major order.
    #[inline(always)]
    fn for_each_run(&self, mut visit: impl FnMut(Run)) {
        let ([height, width], [_, cols], window) = (self.out, self.image, &self.window);
        for i in 0..height {
            for row in window.places(0, i, self.image[0]).step_by(window.dilation[0]) {
                for v in 0..window.kernel[1] {
                    let run = window.reached(1, v, width, cols);
                    if !run.is_empty() {
                        let col = run.start * window.stride[1] + v * window.dilation[1] - window.pad[1];
                        visit(Run {
                            out: i * width + run.start,
                            at: row * cols + col,
                            len: run.len(),
                            step: window.stride[1],
                        });
                    }
                }
            }
        }
    }

    /// Calls `visit` with the position of each output and that of the first maximum of its window, if it has an element.
    #[inline(always)]
    fn for_each_first<T: Num>(&self, x: &[T], mut visit: impl FnMut(usize, usize)) {
        let ([height, width], [down, across], window) = (self.out, self.window.dilation, &self.window);
        for i in 0..height {
            let rows = window.places(0, i, self.image[0]);
            for j in 0..width {
                let cols = window.places(1, j, self.image[1]);
                let mut first = rows.start * self.image[1] + cols.start;
                for row in rows.clone().step_by(down) {
                    for col in cols.clone().step_by(across) {
                        let at = row * self.image[1] + col;
                        first = if beats(x[at], x[first]) { at } else { first };
                    }
                }
                if !rows.is_empty() && !cols.is_empty() {
                    visit(i * width + j, first);
                }
            }
        }
    }
}

/// Neighbouring outputs and the inputs that one tap joins them with.
struct Run {
    /// The first output.
    out: usize,
    /// The first input.
    at: usize,
    /// How many there are of both.
    len: usize,
    /// The distance from an input to the next.
    step: usize,
}

impl Run {
    /// Joins each input into its output.
    #[inline(always)]
    fn gather<T: Num>(&self, x: &[T], y: &mut [T], join: impl Fn(T, T) -> T) {
        let y = y[self.out..][..self.len].iter_mut();
        match self.step {
            1 => y.zip(&x[self.at..][..self.len]).for_each(|(y, &x)| *y = join(*y, x)),
            step => y.zip(x[self.at..].iter().step_by(step)).for_each(|(y, &x)| *y = join(*y, x)),
        }
    }

    /// Joins each output into its input.
    #[inline(always)]
    fn scatter<T: Num>(&self, y: &[T], x: &mut [T], join: impl Fn(T, T) -> T) {
        let y = y[self.out..][..self.len].iter();
        match self.step {
            1 => y.zip(&mut x[self.at..][..self.len]).for_each(|(&y, x)| *x = join(*x, y)),
            step => y.zip(x[self.at..].iter_mut().step_by(step)).for_each(|(&y, x)| *x = join(*x, y)),
        }
    }
}

/// Whether `x` takes the place of `best`: it is greater, or the first NaN.
#[inline(always)]
#[allow(clippy::eq_op)]
fn beats<T: Num>(x: T, best: T) -> bool {
    (x > best) | ((x != x) & (best == best))
}

/// Writes the maxima of the windows of each plane of `x` to `y`. NaN is greater than all.
///
/// # Panics
/// When the lengths are not those of as many planes.
pub fn max_pool<T: Num>(pool: &Pool, x: &[T], y: &mut [T]) {
    let [plane, out] = pool.lens(x.len(), y.len());
    vectorised(
        #[inline(always)]
        || {
            for (x, y) in x.chunks_exact(plane).zip(y.chunks_exact_mut(out)) {
                if pool.is_halving() {
                    halve(pool, x, y, |a, b| if beats(b, a) { b } else { a });
                    continue;
                }
                y.fill(T::NEG_INFINITY);
                pool.for_each_run(
                    #[inline(always)]
                    |run| run.gather(x, y, |y, x| if beats(x, y) { x } else { y }),
                );
            }
        },
    );
}

/// Writes to `dx` the gradient of [`max_pool`] by its input: the first maximum of a window receives its `dy`.
///
/// # Panics
/// When the lengths are not those of as many planes.
pub fn max_pool_grad<T: Num>(pool: &Pool, x: &[T], dy: &[T], dx: &mut [T]) {
    assert_eq!(x.len(), dx.len(), "as many inputs as gradients");
    let [plane, out] = pool.lens(dx.len(), dy.len());
    vectorised(
        #[inline(always)]
        || {
            let outs = dy.chunks_exact(out);
            for ((x, dx), dy) in x.chunks_exact(plane).zip(dx.chunks_exact_mut(plane)).zip(outs) {
                if pool.is_halving() {
                    unhalve(pool, x, dy, dx);
                    continue;
                }
                dx.fill(T::ZERO);
                pool.for_each_first(x, |out, first| dx[first] += dy[out]);
            }
        },
    );
}

/// Writes to `y` the elements of `from` that stand where `x` has the first maximum of each window: the derivative of
/// [`max_pool`] along `from`. A window that lies in the padding gives 0.
///
/// # Panics
/// When the lengths are not those of as many planes.
pub fn max_pool_pick<T: Num>(pool: &Pool, x: &[T], from: &[T], y: &mut [T]) {
    assert_eq!(x.len(), from.len(), "as many inputs as elements to pick");
    let [plane, out] = pool.lens(x.len(), y.len());
    y.fill(T::ZERO);
    for ((x, from), y) in x.chunks_exact(plane).zip(from.chunks_exact(plane)).zip(y.chunks_exact_mut(out)) {
        pool.for_each_first(x, |out, first| y[out] = from[first]);
    }
}

/// Writes the means of the windows of each plane of `x` to `y`.
///
/// # Panics
/// When the lengths are not those of as many planes.
pub fn avg_pool<T: Num>(pool: &Pool, x: &[T], y: &mut [T]) {
    let (share, [plane, out]) = (share::<T>(pool), pool.lens(x.len(), y.len()));
    vectorised(
        #[inline(always)]
        || {
            for (x, y) in x.chunks_exact(plane).zip(y.chunks_exact_mut(out)) {
                if pool.is_halving() {
                    halve(pool, x, y, |a, b| a + b);
                } else {
                    y.fill(T::ZERO);
                    pool.for_each_run(
                        #[inline(always)]
                        |run| run.gather(x, y, |y, x| y + x),
                    );
                }
                y.iter_mut().for_each(|y| *y *= share);
            }
        },
    );
}

/// Writes to `dx` the gradient of [`avg_pool`] by its input: each tap of a window receives its share of `dy`.
///
/// # Panics
/// When the lengths are not those of as many planes.
pub fn avg_pool_grad<T: Num>(pool: &Pool, dy: &[T], dx: &mut [T]) {
    let (share, [plane, out]) = (share::<T>(pool), pool.lens(dx.len(), dy.len()));
    vectorised(
        #[inline(always)]
        || {
            dx.fill(T::ZERO);
            for (dy, dx) in dy.chunks_exact(out).zip(dx.chunks_exact_mut(plane)) {
                pool.for_each_run(
                    #[inline(always)]
                    |run| run.scatter(dy, dx, |dx, dy| dx + dy * share),
                );
            }
        },
    );
}

fn share<T: Num>(pool: &Pool) -> T {
    T::from_f64(1.0 / (pool.window.kernel[0] * pool.window.kernel[1]) as f64)
}

/// Joins the four elements of each square of side two, in row-major order.
#[inline(always)]
fn halve<T: Num>(pool: &Pool, x: &[T], y: &mut [T], join: impl Fn(T, T) -> T) {
    match pool.out[1] {
        8.. => halve_by::<T, 8>(pool, x, y, join),
        4.. => halve_by::<T, 4>(pool, x, y, join),
        _ => halve_by::<T, 1>(pool, x, y, join),
    }
}

/// As `halve`, by `N` squares of a row, which become vectors.
#[inline(always)]
fn halve_by<T: Num, const N: usize>(pool: &Pool, x: &[T], y: &mut [T], join: impl Fn(T, T) -> T) {
    let ([_, cols], [_, width]) = (pool.image, pool.out);
    for (x, y) in x.chunks_exact(2 * cols).zip(y.chunks_exact_mut(width)) {
        for start in starts::<N>(width) {
            let [a, b, c, d] = squares::<T, N>(x, cols, start);
            let y: &mut [T; N] = y[start..].first_chunk_mut().expect("as many outputs");
            for k in 0..N {
                y[k] = join(join(join(a[k], b[k]), c[k]), d[k]);
            }
        }
    }
}

/// Gives each square's gradient to its first maximum, and zero to everything else.
#[inline(always)]
fn unhalve<T: Num>(pool: &Pool, x: &[T], dy: &[T], dx: &mut [T]) {
    match pool.out[1] {
        8.. => unhalve_by::<T, 8>(pool, x, dy, dx),
        _ => unhalve_by::<T, 1>(pool, x, dy, dx),
    }
}

/// As `unhalve`, by `N` squares of a row.
#[inline(always)]
fn unhalve_by<T: Num, const N: usize>(pool: &Pool, x: &[T], dy: &[T], dx: &mut [T]) {
    let ([_, cols], [height, width]) = (pool.image, pool.out);
    let places = [0.0, 1.0, 2.0, 3.0].map(T::from_f64);
    for ((x, dx), dy) in x.chunks_exact(2 * cols).zip(dx.chunks_exact_mut(2 * cols)).zip(dy.chunks_exact(width)) {
        for dx in dx.chunks_exact_mut(cols) {
            dx[2 * width..].fill(T::ZERO);
        }
        let (top, bottom) = dx.split_at_mut(cols);
        for start in starts::<N>(width) {
            let [a, b, c, d] = squares::<T, N>(x, cols, start);
            let dy: &[T; N] = dy[start..].first_chunk().expect("as many gradients");
            let mut shares = [[T::ZERO; N]; 4];
            for k in 0..N {
                // The place of the first maximum as a number: a choice of numbers is a vector operation.
                let upper = if beats(b[k], a[k]) { (b[k], places[1]) } else { (a[k], places[0]) };
                let lower = if beats(d[k], c[k]) { (d[k], places[3]) } else { (c[k], places[2]) };
                let first = if beats(lower.0, upper.0) { lower.1 } else { upper.1 };
                for (share, place) in shares.iter_mut().zip(places) {
                    share[k] = if first == place { dy[k] } else { T::ZERO };
                }
            }
            for (k, (top, bottom)) in
                top[2 * start..].chunks_exact_mut(2).zip(bottom[2 * start..].chunks_exact_mut(2)).take(N).enumerate()
            {
                top.copy_from_slice(&[shares[0][k], shares[1][k]]);
                bottom.copy_from_slice(&[shares[2][k], shares[3][k]]);
            }
        }
    }
    dx[2 * height * cols..].fill(T::ZERO);
}

/// Where blocks of `N` begin that cover `width` elements, as many at least: the last one overlaps the one before.
#[inline(always)]
fn starts<const N: usize>(width: usize) -> impl Iterator<Item = usize> {
    (0..width / N).map(|k| k * N).chain((!width.is_multiple_of(N)).then(|| width - N))
}

/// The four elements, each in an array of its own, of `N` squares from `start` on in two rows of `cols`.
#[inline(always)]
fn squares<T: Num, const N: usize>(rows: &[T], cols: usize, start: usize) -> [[T; N]; 4] {
    let pairs = |row: usize| -> &[[T; 2]; N] {
        rows[row * cols + 2 * start..].as_chunks().0.first_chunk().expect("as many squares")
    };
    let (top, bottom) = (pairs(0), pairs(1));
    [top.map(|p| p[0]), top.map(|p| p[1]), bottom.map(|p| p[0]), bottom.map(|p| p[1])]
}
