#![doc = include_str!("../README.md")]

use graphrun_graph::{OpDef, Registry};

/// Lists the operations of a group by file, sorted: adding one is its file and its line here.
macro_rules! operations {
    ($($file:ident)*) => {
        $(pub(crate) mod $file;)*

        /// The definitions of this group, by name.
        pub(crate) fn definitions() -> Vec<graphrun_graph::OpDef> {
            vec![$($file::def()),*]
        }
    };
}

mod activation;
mod algebra;
mod axes;
mod elementary;
mod init;
#[cfg(test)]
mod invariants;
mod loss;
mod noise;
mod norm;
mod pointwise;
mod positions;
mod reference;
mod sequence;
mod shape;
#[cfg(test)]
mod testing;
mod window;

pub use reference::reference;

/// Every standard operation and initialiser.
#[must_use]
pub fn standard() -> Registry {
    let registry = definitions().into_iter().fold(Registry::new(), Registry::with);
    init::definitions().into_iter().fold(registry, Registry::with_init)
}

/// The definitions of all families.
fn definitions() -> Vec<OpDef> {
    let titled = |(title, family): (&'static str, Vec<OpDef>)| family.into_iter().map(move |def| def.family(title));
    families().into_iter().flat_map(titled).collect()
}

/// The families in the order in which one learns them, with their titles.
fn families() -> Vec<(&'static str, Vec<OpDef>)> {
    vec![
        ("Elementary", elementary::definitions()),
        ("Over a vector or axes", axes::definitions()),
        ("Linear algebra", algebra::definitions()),
        ("Shape", shape::definitions()),
        ("Activations", activation::definitions()),
        ("Losses", loss::definitions()),
        ("Convolution and pooling", window::definitions()),
        ("Normalisation", norm::definitions()),
        ("Noise", noise::definitions()),
        ("Sequences", sequence::definitions()),
    ]
}
