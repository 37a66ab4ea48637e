//! Whether an array that is written out fits a type.

use graphrun_graph::{Kind as Elements, Size, Sizes, Type};
use graphrun_tensor::unravel_index;

use crate::literal::Literal;
use crate::syntax::{Kind, Span, Value};

/// Why an array does not fit, and the part of it that is to blame.
pub(crate) struct Misfit {
    pub(crate) message: String,
    /// The indices of an element, or of the first part whose length is wrong.
    path: Vec<usize>,
}

impl Misfit {
    /// What to write where an array of type `ty` is needed.
    pub(crate) fn help(&self, ty: &Type, sizes: &Sizes) -> String {
        match (&ty.kind, self.path.len() == ty.rank() && ty.rank() > 0) {
            (Elements::Index { .. }, true) => {
                "write a class within the bound of the input, or raise the bound".to_owned()
            }
            _ => format!("write {}", outline(&ty.shape, sizes)),
        }
    }
}

/// An array of a shape as it is written, its first elements standing for all.
fn outline(shape: &[Size], sizes: &Sizes) -> String {
    const WRITTEN: usize = 3;
    let Some((size, inner)) = shape.split_first() else { return "one number".to_owned() };
    let (count, more) = match size.eval(sizes) {
        Ok(n) => (n.min(WRITTEN), n > WRITTEN),
        Err(_) => (1, true),
    };
    let inner = if inner.is_empty() { "0".to_owned() } else { outline(inner, sizes) };
    let mut parts = vec![inner; count];
    parts.extend(more.then(|| "...".to_owned()));
    format!("[{}]", parts.join(", "))
}

/// Checks an array against a type and gives the symbols their values; `[]` is empty in every shape that can be.
pub(crate) fn fit(literal: &mut Literal, ty: &Type, sizes: &mut Sizes) -> Result<(), Misfit> {
    let whole = |message: String| Misfit { message, path: Vec::new() };
    if literal.shape == [0] && ty.rank() > 1 {
        let rest: Result<Vec<usize>, String> = ty.shape[1..].iter().map(|size| size.eval(sizes)).collect();
        let rest = rest.map_err(|_| whole("the sizes of an empty array cannot be told".to_owned()))?;
        literal.shape = [vec![0], rest].concat();
    }
    if literal.shape.len() != ty.rank() {
        return Err(whole(match literal.shape.len() {
            0 => "this is one number".to_owned(),
            1 => "this array has 1 axis".to_owned(),
            axes => format!("this array has {axes} axes"),
        }));
    }
    for (axis, (size, got)) in ty.shape.iter().zip(&literal.shape).enumerate() {
        if let Some(symbol) = size.as_symbol() {
            sizes.entry(symbol.into()).or_insert(*got);
        }
        match size.eval(sizes) {
            Ok(want) if want != *got => {
                return Err(Misfit { message: clash(axis, size, want, *got), path: vec![0; axis] });
            }
            _ => {}
        }
    }
    if let Elements::Index { below } = &ty.kind {
        let below = below.eval(sizes).unwrap_or(usize::MAX);
        let wrong = |value: &f64| value.fract() != 0.0 || *value < 0.0 || *value >= below as f64;
        if let Some(at) = literal.data.iter().position(wrong) {
            let message = format!("{} is not a whole number from 0 to {}", literal.data[at], below.saturating_sub(1));
            return Err(Misfit { message, path: unravel_index(at, &literal.shape) });
        }
    }
    Ok(())
}

/// The place of what is to blame within the array as it is written.
pub(crate) fn place(value: &Value, misfit: &Misfit) -> Span {
    let mut at = value;
    for index in &misfit.path {
        match &at.kind {
            Kind::List(items) if *index < items.len() => at = &items[*index],
            _ => break,
        }
    }
    at.span
}

fn clash(axis: usize, size: &Size, want: usize, got: usize) -> String {
    match size.known() {
        Some(_) => format!("axis {axis} of this array has {got} elements, not {want}"),
        None => format!("axis {axis} of this array has {got} elements where {size} is {want}"),
    }
}
