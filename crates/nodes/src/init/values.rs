//! The values themselves, in nested lists.

use graphrun_graph::{InitDef, Initialiser, Key};
use graphrun_tensor::Shape;
use serde::Deserialize;

/// Numbers in lists nested as the axes are.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub(crate) struct Values(Nested);

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, expecting = "numbers in nested lists are wanted here")]
enum Nested {
    Number(f64),
    List(Vec<Nested>),
}

impl Nested {
    fn text(&self) -> String {
        match self {
            Nested::Number(x) => format!("{x:?}"),
            Nested::List(items) => format!("[{}]", items.iter().map(Nested::text).collect::<Vec<_>>().join(", ")),
        }
    }

    /// Appends the numbers to `out` when they are nested as `sizes` say.
    fn flatten(&self, sizes: &[usize], out: &mut Vec<f64>) -> bool {
        match (self, sizes) {
            (Nested::Number(x), []) => {
                out.push(*x);
                true
            }
            (Nested::List(items), [size, rest @ ..]) if items.len() == *size => {
                items.iter().all(|item| item.flatten(rest, out))
            }
            _ => false,
        }
    }

    /// The sizes that the first items have.
    fn sizes(&self) -> Vec<usize> {
        match self {
            Nested::Number(_) => Vec::new(),
            Nested::List(items) => {
                let inner = items.first().map(Nested::sizes).unwrap_or_default();
                [vec![items.len()], inner].concat()
            }
        }
    }
}

impl Values {
    /// The numbers, when they are nested as `sizes` say.
    fn flat(&self, sizes: &[usize]) -> Result<Vec<f64>, String> {
        let mut flat = Vec::new();
        if self.0.flatten(sizes, &mut flat) {
            return Ok(flat);
        }
        let (given, even) = (self.0.sizes(), self.0.flatten(&self.0.sizes(), &mut Vec::new()));
        Err(match even {
            true => format!("the values are {given:?}, and the shape is {sizes:?}"),
            false => format!("the lists of values differ in length, and the shape is {sizes:?}"),
        })
    }
}

impl Initialiser for Values {
    fn text(&self) -> String {
        format!("Values({})", self.0.text())
    }

    fn fill(&self, _: Key<'_>, shape: Shape, out: &mut [f64]) -> Result<(), String> {
        out.copy_from_slice(&self.flat(shape.sizes())?);
        Ok(())
    }

    fn check(&self, sizes: &[usize]) -> Result<(), String> {
        match self.flat(sizes)?.iter().find(|value| !value.is_finite()) {
            Some(value) => Err(format!("{value} is not a finite number")),
            None => Ok(()),
        }
    }
}

pub(crate) fn def() -> InitDef {
    InitDef::new::<Values>("Values", "The given numbers, in lists nested as the axes are").bare()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list<const N: usize>(items: [Nested; N]) -> Nested {
        Nested::List(items.into())
    }

    #[test]
    fn lists_are_nested_as_the_axes_are() {
        let row = |a, b| list([Nested::Number(a), Nested::Number(b)]);
        let values = Values(list([row(1.0, 2.0), row(3.0, 4.0), row(5.0, 6.0)]));
        let (key, mut out) = (Key { seed: 0, name: "w" }, [0.0; 6]);
        values.fill(key, Shape::of(&[3, 2]), &mut out).unwrap();
        assert_eq!(out, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        assert_eq!(values.text(), "Values([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])");
        let error = values.fill(key, Shape::of(&[2, 3]), &mut out).unwrap_err();
        assert!(error.contains("[3, 2]") && error.contains("[2, 3]"), "{error}");
        let ragged = Values(list([row(1.0, 2.0), Nested::Number(3.0)]));
        assert!(ragged.fill(key, Shape::of(&[2, 2]), &mut out[..4]).unwrap_err().contains("differ"));
    }
}
