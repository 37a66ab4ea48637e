//! Linear algebra.

operations! {
    dot linear mat_mul transpose
}
