//! The inner loops: one operation over the elements of a tile.
//!
//! Lengths are multiples of [`LANES`], so the vectorised loops have no remainder and every element of an array goes
//! through the same arithmetic wherever a tile begins.

use crate::{Binary, Float, Func};

/// Tiles are padded to a multiple of this many elements: one AVX2 vector of f32.
pub(super) const LANES: usize = 8;

/// What a kernel reads: a vector, or one element for all.
#[derive(Clone, Copy)]
pub(super) enum Operand<'a, T> {
    Vector(&'a [T]),
    One(T),
}

/// Defines `$name(to, x)`, a loop of `$body` over the elements.
macro_rules! map {
    ($to:expr, $x:expr, |$e:ident: $t:ident| $body:expr) => {{
        #[inline(always)]
        fn one<$t: Float>($e: $t) -> $t {
            $body
        }
        #[inline(always)]
        fn each<$t: Float>(to: &mut [$t], x: &[$t]) {
            for (to, &x) in to.iter_mut().zip(x) {
                *to = one(x);
            }
        }
        each($to, $x)
    }};
}

/// Applies the primitive `f`.
#[inline(always)]
pub(crate) fn unary<T: Float>(f: Func, to: &mut [T], x: &[T]) {
    match f {
        Func::Neg => map!(to, x, |x: T| -x),
        Func::Abs => map!(to, x, |x: T| x.abs()),
        Func::Sign => map!(to, x, |x: T| x.sign()),
        Func::Floor => map!(to, x, |x: T| x.floor()),
        Func::Ceil => map!(to, x, |x: T| x.ceil()),
        Func::Round => map!(to, x, |x: T| x.round()),
        Func::Sqrt => map!(to, x, |x: T| x.sqrt()),
        Func::Rsqrt => map!(to, x, |x: T| T::ONE / x.sqrt()),
        Func::Recip => map!(to, x, |x: T| T::ONE / x),
        Func::Square => map!(to, x, |x: T| x * x),
        Func::Cube => map!(to, x, |x: T| x * x * x),
        Func::Exp => map!(to, x, |x: T| x.exp()),
        Func::Expm1 => map!(to, x, |x: T| x.expm1()),
        Func::Log => map!(to, x, |x: T| x.log()),
        Func::Log1p => map!(to, x, |x: T| x.log1p()),
        Func::Sin => map!(to, x, |x: T| x.sin()),
        Func::Cos => map!(to, x, |x: T| x.cos()),
        Func::Tan => map!(to, x, |x: T| x.tan()),
        Func::Sinh => map!(to, x, |x: T| x.sinh()),
        Func::Cosh => map!(to, x, |x: T| x.cosh()),
        Func::Tanh => map!(to, x, |x: T| x.tanh()),
        Func::Erf => map!(to, x, |x: T| x.erf()),
        Func::Sigmoid => map!(to, x, |x: T| x.sigmoid()),
        Func::Softplus => map!(to, x, |x: T| x.softplus()),
    }
    if matches!(f, Func::Sin | Func::Cos | Func::Tan) {
        long_angles(f, to, x);
    }
}

/// Computes again, by the standard library, what the short reduction of angles does not reach.
#[inline(always)]
fn long_angles<T: Float>(f: Func, to: &mut [T], x: &[T]) {
    if x.iter().fold(true, |small, x| small & x.small_angle()) {
        return;
    }
    for (to, &x) in to.iter_mut().zip(x) {
        if !x.small_angle() {
            *to = T::from_f64(f.eval(x.to_f64()));
        }
    }
}

/// A loop of `$body` over two operands, at least one of them a vector.
macro_rules! zip {
    ($to:expr, $a:expr, $b:expr, |$x:ident: $t:ident, $y:ident| $body:expr) => {{
        #[inline(always)]
        fn one<$t: Float>($x: $t, $y: $t) -> $t {
            $body
        }
        #[inline(always)]
        fn each<$t: Float>(to: &mut [$t], a: &[$t], b: &[$t]) {
            for ((to, &a), &b) in to.iter_mut().zip(a).zip(b) {
                *to = one(a, b);
            }
        }
        #[inline(always)]
        fn left<$t: Float>(to: &mut [$t], a: &[$t], b: $t) {
            for (to, &a) in to.iter_mut().zip(a) {
                *to = one(a, b);
            }
        }
        #[inline(always)]
        fn right<$t: Float>(to: &mut [$t], a: $t, b: &[$t]) {
            for (to, &b) in to.iter_mut().zip(b) {
                *to = one(a, b);
            }
        }
        match ($a, $b) {
            (Operand::Vector(a), Operand::Vector(b)) => each($to, a, b),
            (Operand::Vector(a), Operand::One(b)) => left($to, a, b),
            (Operand::One(a), Operand::Vector(b)) => right($to, a, b),
            (Operand::One(a), Operand::One(b)) => $to.fill(one(a, b)),
        }
    }};
}

#[inline(always)]
fn truth<T: Float>(holds: bool) -> T {
    if holds { T::ONE } else { T::ZERO }
}

#[inline(always)]
pub(super) fn greater<T: Float>(a: T, b: T) -> T {
    if (a >= b) | (a != a) { a } else { b }
}

#[inline(always)]
pub(super) fn lesser<T: Float>(a: T, b: T) -> T {
    if (a <= b) | (a != a) { a } else { b }
}

/// Applies the primitive `f`.
#[inline(always)]
pub(super) fn binary<T: Float>(f: Binary, to: &mut [T], a: Operand<'_, T>, b: Operand<'_, T>) {
    match f {
        Binary::Add => zip!(to, a, b, |x: T, y| x + y),
        Binary::Sub => zip!(to, a, b, |x: T, y| x - y),
        Binary::Mul => zip!(to, a, b, |x: T, y| x * y),
        Binary::Div => zip!(to, a, b, |x: T, y| x / y),
        Binary::Pow => zip!(to, a, b, |x: T, y| x.pow(y)),
        Binary::Max => zip!(to, a, b, |x: T, y| greater(x, y)),
        Binary::Min => zip!(to, a, b, |x: T, y| lesser(x, y)),
        Binary::Less => zip!(to, a, b, |x: T, y| truth(x < y)),
        Binary::Greater => zip!(to, a, b, |x: T, y| truth(x > y)),
        Binary::Equal => zip!(to, a, b, |x: T, y| truth(x == y)),
        Binary::LessEqual => zip!(to, a, b, |x: T, y| truth(x <= y)),
        Binary::GreaterEqual => zip!(to, a, b, |x: T, y| truth(x >= y)),
    }
}

/// A loop of `$body` over three operands.
macro_rules! zip3 {
    ($to:expr, $a:expr, $b:expr, $c:expr, |$x:ident: $t:ident, $y:ident, $z:ident| $body:expr) => {{
        #[inline(always)]
        fn one<$t: Float>($x: $t, $y: $t, $z: $t) -> $t {
            $body
        }
        #[inline(always)]
        fn vvv<$t: Float>(to: &mut [$t], a: &[$t], b: &[$t], c: &[$t]) {
            for (((to, &a), &b), &c) in to.iter_mut().zip(a).zip(b).zip(c) {
                *to = one(a, b, c);
            }
        }
        #[inline(always)]
        fn vvs<$t: Float>(to: &mut [$t], a: &[$t], b: &[$t], c: $t) {
            for ((to, &a), &b) in to.iter_mut().zip(a).zip(b) {
                *to = one(a, b, c);
            }
        }
        #[inline(always)]
        fn vsv<$t: Float>(to: &mut [$t], a: &[$t], b: $t, c: &[$t]) {
            for ((to, &a), &c) in to.iter_mut().zip(a).zip(c) {
                *to = one(a, b, c);
            }
        }
        #[inline(always)]
        fn vss<$t: Float>(to: &mut [$t], a: &[$t], b: $t, c: $t) {
            for (to, &a) in to.iter_mut().zip(a) {
                *to = one(a, b, c);
            }
        }
        #[inline(always)]
        fn svv<$t: Float>(to: &mut [$t], a: $t, b: &[$t], c: &[$t]) {
            for ((to, &b), &c) in to.iter_mut().zip(b).zip(c) {
                *to = one(a, b, c);
            }
        }
        #[inline(always)]
        fn svs<$t: Float>(to: &mut [$t], a: $t, b: &[$t], c: $t) {
            for (to, &b) in to.iter_mut().zip(b) {
                *to = one(a, b, c);
            }
        }
        #[inline(always)]
        fn ssv<$t: Float>(to: &mut [$t], a: $t, b: $t, c: &[$t]) {
            for (to, &c) in to.iter_mut().zip(c) {
                *to = one(a, b, c);
            }
        }
        use Operand::{One, Vector};
        match ($a, $b, $c) {
            (Vector(a), Vector(b), Vector(c)) => vvv($to, a, b, c),
            (Vector(a), Vector(b), One(c)) => vvs($to, a, b, c),
            (Vector(a), One(b), Vector(c)) => vsv($to, a, b, c),
            (Vector(a), One(b), One(c)) => vss($to, a, b, c),
            (One(a), Vector(b), Vector(c)) => svv($to, a, b, c),
            (One(a), Vector(b), One(c)) => svs($to, a, b, c),
            (One(a), One(b), Vector(c)) => ssv($to, a, b, c),
            (One(a), One(b), One(c)) => $to.fill(one(a, b, c)),
        }
    }};
}

/// `a * b + c` in one rounding.
#[inline(always)]
pub(super) fn mul_add<T: Float>(to: &mut [T], a: Operand<'_, T>, b: Operand<'_, T>, c: Operand<'_, T>) {
    zip3!(to, a, b, c, |x: T, y, z| x.mul_add(y, z));
}

/// `a * b - c` in one rounding.
#[inline(always)]
pub(super) fn mul_sub<T: Float>(to: &mut [T], a: Operand<'_, T>, b: Operand<'_, T>, c: Operand<'_, T>) {
    zip3!(to, a, b, c, |x: T, y, z| x.mul_add(y, -z));
}

/// `c - a * b` in one rounding.
#[inline(always)]
pub(super) fn neg_mul_add<T: Float>(to: &mut [T], a: Operand<'_, T>, b: Operand<'_, T>, c: Operand<'_, T>) {
    zip3!(to, a, b, c, |x: T, y, z| (-x).mul_add(y, z));
}

/// `a` where `c` is not zero, else `b`.
#[inline(always)]
pub(super) fn select<T: Float>(to: &mut [T], c: Operand<'_, T>, a: Operand<'_, T>, b: Operand<'_, T>) {
    zip3!(to, c, a, b, |x: T, y, z| if x != T::ZERO { y } else { z });
}
