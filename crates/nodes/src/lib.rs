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
mod sequence;
mod shape;
#[cfg(test)]
mod testing;
mod window;

/// Every standard operation and initialiser.
#[must_use]
pub fn standard() -> Registry {
    let registry = definitions().into_iter().fold(Registry::new(), Registry::with);
    init::definitions().into_iter().fold(registry, Registry::with_init)
}

/// The definitions of all groups.
fn definitions() -> Vec<OpDef> {
    groups().into_iter().flatten().collect()
}

fn groups() -> Vec<Vec<OpDef>> {
    vec![
        activation::definitions(),
        algebra::definitions(),
        axes::definitions(),
        elementary::definitions(),
        loss::definitions(),
        noise::definitions(),
        norm::definitions(),
        sequence::definitions(),
        shape::definitions(),
        window::definitions(),
    ]
}
