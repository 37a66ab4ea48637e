//! Maximum and mean over sliding windows, plane by plane, with their gradients.
//!
//! A plane is one channel of one item. Taps in the padding count as negative infinity for the maximum and as zero for the
//! mean, whose divisor is always the size of the window, as in PyTorch's default.

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

    /// Calls `visit` with the position of an output in its plane and that of each input in its window, in row-major order.
    fn for_each_tap(&self, mut visit: impl FnMut(usize, usize)) {
        let ([height, width], [rows, cols]) = (self.out, self.window.kernel);
        for i in 0..height {
            for j in 0..width {
                for u in 0..rows {
                    let Some(row) = self.window.place(0, i, u, self.image[0]) else { continue };
                    for v in 0..cols {
                        if let Some(col) = self.window.place(1, j, v, self.image[1]) {
                            visit(i * width + j, row * self.image[1] + col);
                        }
                    }
                }
            }
        }
    }

    /// Calls `visit` with the position of each output and that of the first maximum of its window, if it has an element.
    fn for_each_first<T: Num>(&self, x: &[T], mut visit: impl FnMut(usize, usize)) {
        let mut best: Option<(usize, usize)> = None;
        self.for_each_tap(|out, at| match best {
            Some((same, first)) if same == out => {
                if beats(x[at], x[first]) {
                    best = Some((out, at));
                }
            }
            done => {
                done.into_iter().for_each(|(out, first)| visit(out, first));
                best = Some((out, at));
            }
        });
        best.into_iter().for_each(|(out, first)| visit(out, first));
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
    pulp::Arch::new().dispatch(
        #[inline(always)]
        || {
            for (x, y) in x.chunks_exact(plane).zip(y.chunks_exact_mut(out)) {
                if pool.is_halving() {
                    halve(pool, x, y, |a, b| if beats(b, a) { b } else { a });
                    continue;
                }
                y.fill(T::NEG_INFINITY);
                pool.for_each_tap(|out, at| {
                    if beats(x[at], y[out]) {
                        y[out] = x[at];
                    }
                });
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
    pulp::Arch::new().dispatch(
        #[inline(always)]
        || {
            dx.fill(T::ZERO);
            let outs = dy.chunks_exact(out);
            for ((x, dx), dy) in x.chunks_exact(plane).zip(dx.chunks_exact_mut(plane)).zip(outs) {
                if pool.is_halving() {
                    unhalve(pool, x, dy, dx);
                    continue;
                }
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
    pulp::Arch::new().dispatch(
        #[inline(always)]
        || {
            for (x, y) in x.chunks_exact(plane).zip(y.chunks_exact_mut(out)) {
                if pool.is_halving() {
                    halve(pool, x, y, |a, b| a + b);
                } else {
                    y.fill(T::ZERO);
                    pool.for_each_tap(|out, at| y[out] += x[at]);
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
    pulp::Arch::new().dispatch(
        #[inline(always)]
        || {
            dx.fill(T::ZERO);
            for (dy, dx) in dy.chunks_exact(out).zip(dx.chunks_exact_mut(plane)) {
                pool.for_each_tap(|out, at| dx[at] += dy[out] * share);
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
    let ([_, cols], [_, width]) = (pool.image, pool.out);
    for (rows, y) in x.chunks_exact(2 * cols).zip(y.chunks_exact_mut(width)) {
        let (top, bottom) = rows.split_at(cols);
        let pairs = top.as_chunks::<2>().0.iter().zip(bottom.as_chunks::<2>().0);
        for (y, (&[a, b], &[c, d])) in y.iter_mut().zip(pairs) {
            *y = join(join(join(a, b), c), d);
        }
    }
}

/// Gives each square's gradient to its first maximum; the rest of `dx` is zero already.
#[inline(always)]
fn unhalve<T: Num>(pool: &Pool, x: &[T], dy: &[T], dx: &mut [T]) {
    let ([_, cols], [_, width]) = (pool.image, pool.out);
    let pick = |yes: bool, g: T| if yes { g } else { T::ZERO };
    for ((x, dx), dy) in x.chunks_exact(2 * cols).zip(dx.chunks_exact_mut(2 * cols)).zip(dy.chunks_exact(width)) {
        let (top, bottom) = x.split_at(cols);
        let (dtop, dbottom) = dx.split_at_mut(cols);
        let pairs = top.as_chunks::<2>().0.iter().zip(bottom.as_chunks::<2>().0);
        let dpairs = dtop.as_chunks_mut::<2>().0.iter_mut().zip(dbottom.as_chunks_mut::<2>().0);
        for ((&g, (&[a, b], &[c, d])), (dtop, dbottom)) in dy.iter().zip(pairs).zip(dpairs) {
            let right = beats(b, a);
            let upper = if right { b } else { a };
            let right_below = beats(d, c);
            let below = beats(if right_below { d } else { c }, upper);
            *dtop = [pick(!below & !right, g), pick(!below & right, g)];
            *dbottom = [pick(below & !right_below, g), pick(below & right_below, g)];
        }
    }
}
