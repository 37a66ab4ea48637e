//! The kernels against their definitions.

mod products;
mod views;
mod windows;
