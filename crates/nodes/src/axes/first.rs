//! The first best element over axes: what Max's gradient, ArgMax and ArgMin look for.

use graphrun_graph::{Form, Type, TypeError};
use graphrun_tensor::{Num, View};

use crate::positions::Positions;

/// A best element: where it stands in row-major memory of the whole array, and as which of the elements over the axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct First {
    pub(crate) place: usize,
    pub(crate) ordinal: usize,
}

/// Finds, for each position of the other axes in row-major order, the first element over `axes` that no other `beats`;
/// the first NaN beats all. Nothing is found where there is no element.
pub(crate) fn first_of<T: Num>(
    x: View<'_, T>,
    axes: &[usize],
    beats: impl Fn(T, T) -> bool,
) -> impl Iterator<Item = First> {
    let (data, start) = x.parts();
    let (shape, dense) = (x.shape(), x.shape().strides());
    let within = move |outer: [isize; 2]| {
        let strides = [x.strides(), &dense[..shape.rank()]];
        let mut places = Positions::new(shape, strides, |k| axes.contains(&k)).enumerate();
        let element = |[at, _]: [isize; 2]| data[(start as isize + outer[0] + at) as usize];
        let (mut ordinal, mut best) = places.next()?;
        for (k, place) in places {
            let (x, y) = (element(place), element(best));
            if beats(x, y) || (x.partial_cmp(&x).is_none() && y.partial_cmp(&y).is_some()) {
                (ordinal, best) = (k, place);
            }
        }
        Some(First { place: (outer[1] + best[1]) as usize, ordinal })
    };
    Positions::new(shape, [x.strides(), &dense[..shape.rank()]], |k| !axes.contains(&k)).filter_map(within)
}

/// The form of an operation that treats every position of the axes other than `axes` alone.
pub(crate) fn form_over(axes: &[usize]) -> Form {
    if axes.contains(&0) { Form::Opaque } else { Form::Rows(vec![true]) }
}

/// The type of the position of one element over `axes`.
///
/// # Errors
/// Axes that hold no element.
pub(crate) fn ordinal_type(x: &Type, reduced: Type, axes: &[usize]) -> Result<Type, TypeError> {
    let over = Type::real(axes.iter().map(|&axis| x.shape[axis].clone()).collect());
    match over.is_empty() {
        true => Err(TypeError::new(format!("there is no element to choose over axes {axes:?} of {x}")).at(&[0])),
        false => Ok(Type::index(reduced.shape, over.len())),
    }
}
