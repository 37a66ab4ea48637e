//! Arrays that come in and go out of a run.

use std::fmt;

use graphrun_tensor::Shape;

/// The elements of an [`Array`].
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    /// Reals, at full precision whatever the graph runs in.
    Real(Vec<f64>),
    /// Integers.
    Index(Vec<i64>),
}

/// An array that owns its elements, row-major.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    shape: Shape,
    data: Data,
}

impl Array {
    /// Reals of this shape.
    ///
    /// # Errors
    /// A number of elements that is not the shape's, in words.
    pub fn real(shape: Shape, data: Vec<f64>) -> Result<Array, String> {
        Array::new(shape, data.len(), Data::Real(data))
    }

    /// Integers of this shape.
    ///
    /// # Errors
    /// A number of elements that is not the shape's, in words.
    pub fn index(shape: Shape, data: Vec<i64>) -> Result<Array, String> {
        Array::new(shape, data.len(), Data::Index(data))
    }

    /// One real number.
    #[must_use]
    pub fn scalar(value: f64) -> Array {
        Array { shape: Shape::SCALAR, data: Data::Real(vec![value]) }
    }

    fn new(shape: Shape, len: usize, data: Data) -> Result<Array, String> {
        match len == shape.len() {
            true => Ok(Array { shape, data }),
            false => Err(format!("{len} elements for shape {shape}, which holds {}", shape.len())),
        }
    }

    /// The sizes.
    #[must_use]
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// The elements.
    #[must_use]
    pub fn data(&self) -> &Data {
        &self.data
    }

    /// The elements as reals; integers are converted.
    #[must_use]
    pub fn to_reals(&self) -> Vec<f64> {
        match &self.data {
            Data::Real(values) => values.clone(),
            Data::Index(values) => values.iter().map(|&i| i as f64).collect(),
        }
    }
}

/// A nested list, as a model file writes arrays.
impl fmt::Display for Array {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn level(
            f: &mut fmt::Formatter<'_>,
            sizes: &[usize],
            at: usize,
            item: &dyn Fn(&mut fmt::Formatter<'_>, usize) -> fmt::Result,
        ) -> fmt::Result {
            let Some((&size, inner)) = sizes.split_first() else { return item(f, at) };
            let stride: usize = inner.iter().product();
            f.write_str("[")?;
            for k in 0..size {
                if k > 0 {
                    f.write_str(", ")?;
                }
                level(f, inner, at + k * stride, item)?;
            }
            f.write_str("]")
        }
        level(f, self.shape.sizes(), 0, &|f, k| match &self.data {
            Data::Real(values) => write!(f, "{}", values[k]),
            Data::Index(values) => write!(f, "{}", values[k]),
        })
    }
}
