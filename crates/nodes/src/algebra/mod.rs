//! Linear algebra.

mod diagonal;
#[cfg(test)]
mod values;

operations! {
    bilinear dot einsum linear mat_mul outer trace transpose
}
