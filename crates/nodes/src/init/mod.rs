//! How parameters begin. Every rule draws from a counter-based generator keyed by the seed and the parameter's name.

pub(crate) mod draw;

/// Lists the initialisers by file, sorted: adding one is its file and its line here.
macro_rules! initialisers {
    ($($file:ident)*) => {
        $(pub(crate) mod $file;)*

        /// The definitions of all initialisers, by name.
        pub(crate) fn definitions() -> Vec<graphrun_graph::InitDef> {
            vec![$($file::def()),*]
        }
    };
}

initialisers! {
    r#const
    file
    he
    identity
    le_cun
    normal
    ones
    orthogonal
    truncated_normal
    uniform
    values
    xavier
    zeros
}
