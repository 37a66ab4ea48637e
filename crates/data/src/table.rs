//! Named arrays whose leading axis is the rows: what every source yields.

use std::sync::Arc;

use crate::error::{DataError, Result};

/// The numbers of an array, kept in the narrowest of three forms.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Bytes, as image files hold.
    Byte(Vec<u8>),
    /// Whole numbers, and class numbers of text columns.
    Int(Vec<i64>),
    /// Real numbers.
    Real(Vec<f64>),
}

impl Values {
    /// How many numbers there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Byte(v) => v.len(),
            Self::Int(v) => v.len(),
            Self::Real(v) => v.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The `i`-th number as a real one.
    pub fn real(&self, i: usize) -> f64 {
        match self {
            Self::Byte(v) => f64::from(v[i]),
            Self::Int(v) => v[i] as f64,
            Self::Real(v) => v[i],
        }
    }

    /// The `i`-th number as a whole one, if it is whole and exact.
    pub fn whole(&self, i: usize) -> Option<i64> {
        const EXACT: f64 = 9_007_199_254_740_992.0;
        match self {
            Self::Byte(v) => Some(i64::from(v[i])),
            Self::Int(v) => Some(v[i]),
            Self::Real(v) => (v[i].fract() == 0.0 && v[i].abs() <= EXACT).then(|| v[i] as i64),
        }
    }
}

/// An array, row-major; `shape[0]` is the number of rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    shape: Vec<usize>,
    values: Values,
    labels: Option<Vec<String>>,
}

impl Array {
    /// An array of this shape; an error when the shape has no axis or another number of elements.
    pub fn new(shape: Vec<usize>, values: Values) -> Result<Self> {
        let size = shape.iter().try_fold(1usize, |n, &s| n.checked_mul(s));
        if shape.is_empty() {
            return Err(DataError::new("a single number has no rows", "give an array with at least one axis"));
        }
        if size != Some(values.len()) {
            let message = format!("an array of shape {shape:?} cannot hold {} values", values.len());
            return Err(DataError::new(message, "the file is damaged: write it again"));
        }
        Ok(Self { shape, values, labels: None })
    }

    /// Class numbers of text cells; `labels[class]` is the text.
    pub(crate) fn classes(classes: Vec<i64>, labels: Vec<String>) -> Self {
        Self { shape: vec![classes.len()], values: Values::Int(classes), labels: Some(labels) }
    }

    /// Sizes, rows first.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.shape[0]
    }

    /// Numbers in one row.
    pub fn width(&self) -> usize {
        self.shape[1..].iter().product()
    }

    /// The numbers, row-major.
    pub fn values(&self) -> &Values {
        &self.values
    }

    /// The names of the classes, sorted, when the array was read from text.
    pub fn labels(&self) -> Option<&[String]> {
        self.labels.as_deref()
    }
}

/// Named columns, all with the same number of rows. A column that could not be read keeps its error,
/// which is raised when something uses that column and not before.
#[derive(Clone, Debug)]
pub struct Table {
    rows: usize,
    columns: Vec<(String, Result<Arc<Array>>)>,
    partial: bool,
}

impl Table {
    /// A table of these columns; an error when a name repeats. A column of another number of rows is kept as
    /// an error.
    pub fn new(rows: usize, columns: Vec<(String, Result<Array>)>) -> Result<Self> {
        let mut names = std::collections::HashSet::new();
        if let Some((name, _)) = columns.iter().find(|(name, _)| !names.insert(name.as_str())) {
            return Err(DataError::new(format!("column `{name}` appears twice"), "give one of them another name"));
        }
        drop(names);
        let first = columns.iter().find(|(_, array)| array.as_ref().is_ok_and(|array| array.rows() == rows));
        let first = first.map_or_else(String::new, |(name, _)| name.clone());
        let even = |(name, array): (String, Result<Array>)| match array {
            Ok(array) if array.rows() != rows => {
                let message = format!("`{name}` has {} rows, but `{first}` has {rows}", array.rows());
                let error = DataError::new(message, "give every column as many rows");
                (name.clone(), Err(DataError { element: Some((name, Vec::new())), ..error }))
            }
            array => (name, array.map(Arc::new)),
        };
        Ok(Self { rows, columns: columns.into_iter().map(even).collect(), partial: false })
    }

    /// A table of arrays; the first that could be read says how many rows there are.
    ///
    /// # Errors
    /// The first array's own when none could be read; a name that repeats.
    pub fn from_arrays(arrays: Vec<(String, Result<Array>)>) -> Result<Self> {
        match arrays.iter().find_map(|(_, array)| array.as_ref().ok()).map(Array::rows) {
            Some(rows) => Self::new(rows, arrays),
            None => arrays.into_iter().find_map(|(_, array)| array.err()).map_or_else(|| Self::new(0, Vec::new()), Err),
        }
    }

    /// The same table, the errors of its columns in the file `path`.
    pub(crate) fn at(mut self, path: &std::path::Path) -> Self {
        for (_, array) in &mut self.columns {
            if let Err(error) = array {
                *error = error.clone().at(path);
            }
        }
        self
    }

    /// The same table as the start of a longer one.
    pub(crate) fn partial(mut self) -> Self {
        self.partial = true;
        self
    }

    /// Whether there are more rows than these.
    pub(crate) fn is_partial(&self) -> bool {
        self.partial
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Names of the columns, in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.columns.iter().map(|(name, _)| name.as_str())
    }

    /// The column called `name`; the error names the nearest that exists.
    pub fn column(&self, name: &str) -> Result<Arc<Array>> {
        match self.columns.iter().find(|(n, _)| n == name) {
            Some((_, array)) => array.clone(),
            None => Err(DataError::unknown("column", name, self.names())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_exact_or_nothing() {
        let v = Values::Real(vec![3.0, 2.5, f64::NAN, 1e300]);
        assert_eq!([0, 1, 2, 3].map(|i| v.whole(i)), [Some(3), None, None, None]);
    }

    #[test]
    fn shapes_must_hold_their_values() {
        assert!(Array::new(vec![2, 3], Values::Byte(vec![0; 6])).is_ok());
        assert!(Array::new(vec![2, 3], Values::Byte(vec![0; 5])).is_err());
        assert!(Array::new(vec![usize::MAX, 2], Values::Byte(vec![])).is_err());
        assert!(Array::new(vec![], Values::Byte(vec![1])).is_err());
    }

    #[test]
    fn columns_agree_in_name_and_length() {
        let array = |n| Array::new(vec![n], Values::Byte(vec![0; n]));
        let twice = Table::from_arrays(vec![("a".into(), array(2)), ("a".into(), array(2))]);
        assert_eq!(twice.unwrap_err().message, "column `a` appears twice");
        let uneven = Table::from_arrays(vec![("a".into(), array(2)), ("b".into(), array(3))]).unwrap();
        assert_eq!(uneven.column("b").unwrap_err().message, "`b` has 3 rows, but `a` has 2");
    }
}
