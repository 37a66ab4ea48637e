//! Linear algebra.

operations! {
    dot mat_mul transpose
}
