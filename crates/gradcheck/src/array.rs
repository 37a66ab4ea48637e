//! The harness's view of arrays: what is fed to graphs and what comes out.

use std::collections::BTreeMap;

use graphrun_exec::{Array, Data};
use graphrun_graph::{Kind, Sizes, Type};
use graphrun_tensor::Shape;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// Values of inputs and parameters, by name.
pub type Values = BTreeMap<String, Array>;

/// Reals of this shape, which holds as many elements.
pub(crate) fn real(shape: Shape, data: Vec<f64>) -> Array {
    Array::real(shape, data).expect("one element was made for each place of the shape")
}

/// Reals in a row, for tests.
#[cfg(test)]
pub(crate) fn vector(data: &[f64]) -> Array {
    real(Shape::of(&[data.len()]), data.to_vec())
}

/// Integers of this shape, which holds as many elements.
pub(crate) fn index(shape: Shape, data: Vec<i64>) -> Array {
    Array::index(shape, data).expect("one element was made for each place of the shape")
}

/// The elements, when they are real; none of an integer array.
pub(crate) fn reals(array: &Array) -> &[f64] {
    match array.data() {
        Data::Real(data) => data,
        Data::Index(_) => &[],
    }
}

/// The same array with every real element changed by `f`; integers stay.
pub(crate) fn map(array: &Array, f: impl FnMut(f64) -> f64) -> Array {
    match array.data() {
        Data::Real(data) => real(array.shape(), data.iter().copied().map(f).collect()),
        Data::Index(_) => array.clone(),
    }
}

/// The number with its sign or the other one, by chance.
pub(crate) fn either_sign(x: f64, rng: &mut ChaCha8Rng) -> f64 {
    if rng.random() { x } else { -x }
}

/// Gives `name` these elements in its old shape.
pub(crate) fn set(values: &mut Values, name: &str, elements: &[f64]) {
    if let Some(array) = values.get_mut(name) {
        *array = real(array.shape(), elements.to_vec());
    }
}

/// Gives one element of `name` another value.
pub(crate) fn set_element(values: &mut Values, name: &str, at: usize, value: f64) {
    if let Some(array) = values.get_mut(name) {
        let mut k = 0;
        *array = map(array, |old| {
            k += 1;
            if k - 1 == at { value } else { old }
        });
    }
}

/// Learns the symbols of a declared type from an array fed for it.
///
/// # Errors
/// An array of another kind or shape, or an integer out of its bounds, in words that name `name`.
pub(crate) fn bind(name: &str, ty: &Type, array: &Array, sizes: &mut Sizes) -> Result<(), String> {
    let same_kind =
        matches!((&ty.kind, array.data()), (Kind::Real, Data::Real(_)) | (Kind::Index { .. }, Data::Index(_)));
    let clash = || format!("`{name}` is declared {ty}, and the value fed is {}", array.shape());
    if !same_kind || ty.rank() != array.shape().rank() {
        return Err(clash());
    }
    for (size, &given) in ty.shape.iter().zip(array.shape().sizes()) {
        if let Some(symbol) = size.as_symbol() {
            sizes.entry(symbol.into()).or_insert(given);
        }
        if size.eval(sizes).is_ok_and(|known| known != given) {
            return Err(clash());
        }
    }
    if let (Kind::Index { below }, Data::Index(data)) = (&ty.kind, array.data()) {
        let below = below.eval(sizes)?;
        if let Some(out) = data.iter().find(|v| usize::try_from(**v).map_or(true, |v| v >= below)) {
            return Err(format!("`{name}` holds {out}, and its values run from 0 to below {below}"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use graphrun_graph::Size;

    #[test]
    fn binding_learns_symbols_and_refuses_what_does_not_fit() {
        let zeros = |sizes: &[usize]| real(Shape::of(sizes), vec![0.0; sizes.iter().product()]);
        let ty = Type::real(vec![Size::symbol("N"), Size::from(2)]);
        let mut sizes = Sizes::new();
        assert_eq!(bind("x", &ty, &zeros(&[3, 2]), &mut sizes), Ok(()));
        assert_eq!(sizes["N"], 3);
        assert!(bind("x", &ty, &zeros(&[4, 2]), &mut sizes).is_err());
        assert!(bind("x", &ty, &index(Shape::of(&[3, 2]), vec![0; 6]), &mut sizes).is_err());
        let label = Type::index(vec![Size::symbol("N")], Size::from(2));
        let error = bind("label", &label, &index(Shape::of(&[3]), vec![0, 1, 2]), &mut sizes).unwrap_err();
        assert!(error.contains("`label` holds 2"), "{error}");
    }
}
