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

mod algebra;
mod axes;
mod elementary;
mod pointwise;
mod positions;
mod shape;

/// Every standard operation and initialiser.
#[must_use]
pub fn standard() -> Registry {
    definitions().into_iter().fold(Registry::new(), Registry::with)
}

/// The definitions of all groups.
fn definitions() -> Vec<OpDef> {
    let groups = [algebra::definitions(), axes::definitions(), elementary::definitions(), shape::definitions()];
    groups.into_iter().flatten().collect()
}
