//! Linear algebra.

mod diagonal;

operations! {
    bilinear dot einsum linear mat_mul outer trace transpose
}
