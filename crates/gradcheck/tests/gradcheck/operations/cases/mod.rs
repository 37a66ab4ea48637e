//! A call of every operation that is not one expression by element, with its value in plain loops: a file a family, as in
//! `crates/nodes`.

mod activation;
mod algebra;
mod axes;
mod loss;
mod norm;
mod sequence;
mod shape;
mod window;

use crate::operations::values::Case;

pub(crate) fn all() -> impl Iterator<Item = &'static Case> {
    let families = [
        activation::CASES,
        algebra::CASES,
        axes::CASES,
        loss::CASES,
        norm::CASES,
        sequence::CASES,
        shape::CASES,
        window::CASES,
    ];
    families.into_iter().flatten()
}
