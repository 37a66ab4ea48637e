//! Choosing columns by pattern and joining them.

use std::sync::Arc;

use crate::error::{DataError, Result};
use crate::table::{Array, Table, Values};

/// The columns that match any of `patterns`; a pattern that matches none is an error.
pub(crate) fn matching<'a>(patterns: &[String], table: &'a Table) -> Result<Vec<&'a str>> {
    let mut found = Vec::new();
    for (k, pattern) in patterns.iter().enumerate() {
        let before = found.len();
        found.extend(table.names().filter(|name| matches(pattern, name)));
        if found.len() == before {
            return Err(DataError::unknown("column", pattern, table.names()).setting(["names", &k.to_string()]));
        }
    }
    match found.is_empty() {
        true => Err(DataError::new("`names` is empty", "name at least one column").setting(["names"])),
        false => Ok(found),
    }
}

/// Whether `name` fits `pattern`, in which each `*` stands for any text.
pub fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else {
        return false;
    };
    let Some(last) = parts.next_back() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.find(part) {
            Some(i) => rest = &rest[i + part.len()..],
            None => return false,
        }
    }
    rest.len() >= last.len() && rest.ends_with(last)
}

/// The columns as one array; a single column is shared, not copied.
pub(crate) fn side_by_side(names: &[&str], table: &Table) -> Result<Arc<Array>> {
    let columns = names.iter().map(|n| table.column(n)).collect::<Result<Vec<_>>>()?;
    if let [only] = &columns[..] {
        return Ok(only.clone());
    }
    for (name, column) in names.iter().zip(&columns) {
        if column.labels().is_some() {
            let help = "feed it alone, as the class of an `Index` input";
            return Err(DataError::new(format!("column `{name}` is text"), help));
        }
    }
    let width: usize = columns.iter().map(|c| c.width()).sum();
    let mut values = Vec::with_capacity(table.rows() * width);
    for row in 0..table.rows() {
        for column in &columns {
            let width = column.width();
            values.extend((row * width..(row + 1) * width).map(|i| column.values().real(i)));
        }
    }
    Ok(Arc::new(Array::new(vec![table.rows(), width], Values::Real(values))?))
}

/// `array` with its text classes renumbered as in `known`.
pub(crate) fn same_classes(array: Arc<Array>, known: &Array, columns: &[&str]) -> Result<Arc<Array>> {
    let (Some(mine), Some(theirs)) = (array.labels(), known.labels()) else {
        return Ok(array);
    };
    if mine == theirs {
        return Ok(array);
    }
    let renumbered = mine.iter().map(|label| {
        theirs.iter().position(|t| t == label).map(|i| i as i64).ok_or_else(|| {
            let kind = format!("class in column `{}` of the training data called", columns[0]);
            DataError::unknown(&kind, label, theirs.iter().map(String::as_str))
        })
    });
    let renumbered = renumbered.collect::<Result<Vec<_>>>()?;
    let classes = (0..array.rows()).filter_map(|i| array.values().whole(i));
    let classes = classes.map(|class| renumbered[class as usize]).collect();
    Ok(Arc::new(Array::classes(classes, theirs.to_vec())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        let cases = [
            ("pixel_*", "pixel_12", true),
            ("pixel_*", "pixe", false),
            ("*.bias", "h.bias", true),
            ("a*a", "a", false),
            ("a*b*c", "a1b2c", true),
            ("a*b*c", "acb", false),
            ("*", "", true),
            ("x", "xy", false),
        ];
        for (pattern, name, expect) in cases {
            assert_eq!(matches(pattern, name), expect, "{pattern} {name}");
        }
    }
}
