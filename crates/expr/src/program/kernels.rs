//! The inner loops: one operation over the elements of a tile.
//!
//! Loops go by whole vectors, so every element of an array goes through the same arithmetic wherever a tile begins.

use super::lower::Op;
use crate::{Binary, Float, Func};

/// The elements of a vector: one AVX2 register of f32. Tiles are padded to a multiple.
pub(crate) const LANES: usize = 8;

/// What a kernel reads: vectors one after another, or with a step of 0 one vector again and again.
#[derive(Clone, Copy)]
pub(crate) struct Stream<T> {
    pub(crate) place: *const T,
    /// Elements from one vector to the next.
    pub(crate) step: usize,
}

impl<T: Float> Stream<T> {
    /// The next vector.
    #[inline(always)]
    unsafe fn next(&mut self) -> [T; LANES] {
        unsafe {
            let vector = self.place.cast::<[T; LANES]>().read();
            self.place = self.place.add(self.step);
            vector
        }
    }
}

/// What a kernel writes: this many vectors. Its operands lie elsewhere and have as many.
#[derive(Clone, Copy)]
pub(crate) struct Target<T> {
    pub(crate) place: *mut T,
    pub(crate) vectors: usize,
}

/// Computes each element of `$to` from those of the operands, for values of a few operations. A vector is read before
/// it is written, and its lanes are a loop of fixed length, which the compiler turns into vector operations.
macro_rules! map {
    ($to:ident, $($x:ident = $operand:ident),+ => $value:expr) => {{
        let mut to = $to.place.cast::<[T; LANES]>();
        let end = to.add($to.vectors);
        $(let mut $operand = $operand;)+
        while to != end {
            $(let $x = $operand.next();)+
            let mut y = [T::ZERO; LANES];
            for lane in 0..LANES {
                $(let $x = $x[lane];)+
                y[lane] = $value;
            }
            to.write(y);
            to = to.add(1);
        }
    }};
}

/// As `map`, for values of many operations, on which the compiler does better in one plain loop. The operands are
/// not repeated. That loop takes two vectors at once where registers hold them, so an odd one goes by itself.
macro_rules! each {
    ($to:ident, $($x:ident = $operand:ident),+ => $value:expr) => {{
        let paired = $to.vectors & !1;
        for i in 0..paired * LANES {
            $(let $x = *$operand.place.add(i);)+
            *$to.place.add(i) = $value;
        }
        if paired < $to.vectors {
            let to = Target { place: $to.place.add(paired * LANES), vectors: 1 };
            $(let $operand = Stream { place: $operand.place.add(paired * LANES), step: LANES };)+
            map!(to, $($x = $operand),+ => $value);
        }
    }};
}

/// Applies the primitive `f`.
///
/// # Safety
///
/// The operand and the target have memory for the target's vectors and do not overlap.
#[inline(always)]
pub(crate) unsafe fn unary<T: Float>(f: Func, to: Target<T>, a: Stream<T>) {
    unsafe {
        match f {
            Func::Neg => map!(to, x = a => -x),
            Func::Abs => map!(to, x = a => x.abs()),
            Func::Sign => map!(to, x = a => x.sign()),
            Func::Floor => map!(to, x = a => x.floor()),
            Func::Ceil => map!(to, x = a => x.ceil()),
            Func::Round => map!(to, x = a => x.round()),
            Func::Sqrt => map!(to, x = a => x.sqrt()),
            Func::Rsqrt => map!(to, x = a => T::ONE / x.sqrt()),
            Func::Recip => map!(to, x = a => T::ONE / x),
            Func::Square => map!(to, x = a => x * x),
            Func::Cube => map!(to, x = a => x * x * x),
            Func::Exp => each!(to, x = a => x.exp()),
            Func::Expm1 => each!(to, x = a => x.expm1()),
            Func::Log => each!(to, x = a => x.log()),
            Func::Log1p => each!(to, x = a => x.log1p()),
            Func::Sin => each!(to, x = a => x.sin()),
            Func::Cos => each!(to, x = a => x.cos()),
            Func::Tan => each!(to, x = a => x.tan()),
            Func::Sinh => each!(to, x = a => x.sinh()),
            Func::Cosh => each!(to, x = a => x.cosh()),
            Func::Tanh => each!(to, x = a => x.tanh()),
            Func::Erf => each!(to, x = a => x.erf()),
            Func::NormalCdf => each!(to, x = a => x.normal_cdf()),
            Func::Sigmoid => each!(to, x = a => x.sigmoid()),
            Func::Softplus => each!(to, x = a => x.softplus()),
        }
        if matches!(f, Func::Sin | Func::Cos | Func::Tan) {
            long_angles(f, to, a);
        }
    }
}

/// Writes sigmoids, and their slopes to `slope`: one exponential serves both.
///
/// # Safety
///
/// As [`unary`], for both targets.
#[inline(always)]
pub(super) unsafe fn sigmoid_slope<T: Float>(to: Target<T>, slope: *mut T, a: Stream<T>) {
    let element = |i| unsafe { (*to.place.add(i), *slope.add(i)) = (*a.place.add(i)).sigmoid_slope() };
    // As `each`: two vectors at once, and an odd one by itself.
    let paired = to.vectors & !1;
    (0..paired * LANES).for_each(element);
    if paired < to.vectors {
        (0..LANES).for_each(|lane| element(paired * LANES + lane));
    }
}

/// Computes again, by the standard library, what the short reduction of angles does not reach.
#[inline(always)]
unsafe fn long_angles<T: Float>(f: Func, to: Target<T>, mut a: Stream<T>) {
    for i in 0..to.vectors {
        let x = unsafe { a.next() };
        if x.iter().fold(true, |small, x| small & x.small_angle()) {
            continue;
        }
        for (lane, &x) in x.iter().enumerate() {
            if !x.small_angle() {
                unsafe { *to.place.add(i * LANES + lane) = T::from_f64(f.eval(x.to_f64())) };
            }
        }
    }
}

#[inline(always)]
fn truth<T: Float>(holds: bool) -> T {
    if holds { T::ONE } else { T::ZERO }
}

/// The greater one; NaN when either is; the first at a tie.
#[inline(always)]
pub(super) fn greater<T: Float>(a: T, b: T) -> T {
    if (a >= b) | a.is_nan() { a } else { b }
}

/// The lesser one; NaN when either is; the first at a tie.
#[inline(always)]
pub(super) fn lesser<T: Float>(a: T, b: T) -> T {
    if (a <= b) | a.is_nan() { a } else { b }
}

/// Applies the primitive `f`.
///
/// # Safety
///
/// As [`unary`].
#[inline(always)]
pub(super) unsafe fn binary<T: Float>(f: Binary, to: Target<T>, a: Stream<T>, b: Stream<T>) {
    unsafe {
        match f {
            Binary::Add => map!(to, x = a, y = b => x + y),
            Binary::Sub => map!(to, x = a, y = b => x - y),
            Binary::Mul => map!(to, x = a, y = b => x * y),
            Binary::Div => map!(to, x = a, y = b => x / y),
            Binary::Pow => pow(to, a, b),
            Binary::Max => map!(to, x = a, y = b => greater(x, y)),
            Binary::Min => map!(to, x = a, y = b => lesser(x, y)),
            Binary::Less => map!(to, x = a, y = b => truth(x < y)),
            Binary::Greater => map!(to, x = a, y = b => truth(x > y)),
            Binary::Equal => map!(to, x = a, y = b => truth(x == y)),
            Binary::LessEqual => map!(to, x = a, y = b => truth(x <= y)),
            Binary::GreaterEqual => map!(to, x = a, y = b => truth(x >= y)),
        }
    }
}

#[inline(always)]
unsafe fn pow<T: Float>(to: Target<T>, a: Stream<T>, b: Stream<T>) {
    unsafe {
        let (base, exponent) = (*a.place, *b.place);
        match (a.step, b.step) {
            (0, _) => each!(to, y = b => base.pow(y)),
            (_, 0) => each!(to, x = a => x.pow(exponent)),
            _ => each!(to, x = a, y = b => x.pow(y)),
        }
    }
}

#[inline(always)]
unsafe fn pow_difference<T: Float>(to: Target<T>, a: Stream<T>, b: Stream<T>, c: Stream<T>) {
    unsafe {
        let (more, less) = (*b.place, *c.place);
        match (a.step, b.step, c.step) {
            (_, 0, 0) => each!(to, x = a => x.pow_difference(more, less)),
            (1.., 1.., 0) => each!(to, x = a, y = b => x.pow_difference(y, less)),
            (1.., 1.., _) => each!(to, x = a, y = b, z = c => x.pow_difference(y, z)),
            _ => map!(to, x = a, y = b, z = c => x.pow_difference(y, z)),
        }
    }
}

/// Applies the operation `op` of three operands.
///
/// # Safety
///
/// As [`unary`].
#[inline(always)]
pub(super) unsafe fn ternary<T: Float>(op: Op, to: Target<T>, [a, b, c]: [Stream<T>; 3]) {
    unsafe {
        match op {
            Op::MulAdd => map!(to, x = a, y = b, z = c => x.mul_add(y, z)),
            Op::MulSub => map!(to, x = a, y = b, z = c => x.mul_add(y, -z)),
            Op::NegMulAdd => map!(to, x = a, y = b, z = c => (-x).mul_add(y, z)),
            Op::PowDifference => pow_difference(to, a, b, c),
            _ => map!(to, x = a, y = b, z = c => if x == T::ZERO { z } else { y }),
        }
    }
}
