#![doc = include_str!("../README.md")]

mod gemm;
mod mat;
mod matmul;
mod matvec;
mod micro;
mod pack;
mod real;
mod scratch;
mod shape;
mod simd;
mod view;

pub use mat::{Accum, Mat, MatMut};
pub use matmul::{matmul, matmul_packed, matmul_packed_scratch, matmul_scratch};
pub use pack::{PackedB, pack_b, packed_len};
pub use real::{Dtype, Real};
pub use scratch::Scratch;
pub use shape::{MAX_RANK, Shape, ShapeError, Strides};
pub use simd::Lanes;
pub use view::{Element, Num, View, ViewAny, ViewMut, ViewMutAny};
