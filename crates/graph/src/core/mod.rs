//! The operations that the reverse walk and the passes themselves emit.

mod broadcast;
mod leaf;
mod pointwise;
mod reference;
mod reshape;
mod shift;
mod sum;
#[cfg(test)]
mod tests;

pub use broadcast::Broadcast;
pub use leaf::{Constant, Count, Input, Param};
pub use pointwise::{Pointwise, variable_names};
pub use reshape::Reshape;
pub use shift::Shift;
pub use sum::{Sum, reduce_options, reduced};
