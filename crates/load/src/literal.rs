//! Arrays written out in a file or on the command line.

use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::fields::wrong_kind;
use crate::syntax::{Kind, Value, parse};

/// An array written out: a number, or lists of lists of numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Literal {
    /// The sizes of the axes, outermost first; none for a number.
    pub shape: Vec<usize>,
    /// The numbers in row-major order.
    pub data: Vec<f64>,
}

impl Literal {
    /// Reads an array from text such as `[[1, 2], [3, 4]]`; `name` is what messages call the text.
    ///
    /// # Errors
    /// Text that is no array of numbers, or whose rows differ in length.
    pub fn parse(name: &str, text: &str) -> Result<Literal, Diagnostics> {
        let mut diagnostics = Diagnostics::default();
        let file = diagnostics.sources.add(name, text);
        let parsed = parse(file, &mut diagnostics);
        match Literal::read(&parsed.root, &mut diagnostics) {
            Some(literal) if !diagnostics.has_errors() => Ok(literal),
            _ => Err(diagnostics),
        }
    }

    /// Reads an array; nothing when it is wrong, which is reported.
    pub fn read(value: &Value, diagnostics: &mut Diagnostics) -> Option<Literal> {
        let mut shape = Vec::new();
        let mut first = value;
        while let Kind::List(items) = &first.kind {
            shape.push(items.len());
            match items.first() {
                Some(item) => first = item,
                None => break,
            }
        }
        let mut data = Vec::with_capacity(shape.iter().product::<usize>().min(1 << 20));
        collect(value, &shape, &mut data, diagnostics)?;
        Some(Literal { shape, data })
    }
}

fn collect(value: &Value, shape: &[usize], data: &mut Vec<f64>, diagnostics: &mut Diagnostics) -> Option<()> {
    match (&value.kind, shape) {
        (Kind::List(items), [size, rest @ ..]) if items.len() == *size => {
            items.iter().try_for_each(|item| collect(item, rest, data, diagnostics))
        }
        (Kind::List(items), [size, ..]) => {
            let message = format!(
                "rows of an array have one length, and this one has {} where the first has {size}",
                items.len()
            );
            let found = Diagnostic::new(Code::BadValue, value.span, message, "of another length");
            diagnostics.push(found.help("write as many numbers in every row"));
            None
        }
        (Kind::List(_), []) => {
            let message = "a list stands where the first row has a number";
            let found = Diagnostic::new(Code::BadValue, value.span, message, "one level too deep");
            diagnostics.push(found.help("write lists of lists in every place, or in none"));
            None
        }
        (_, [_, ..]) if value.as_real().is_some() => {
            let message = "a number stands where the first row has a list";
            let found = Diagnostic::new(Code::BadValue, value.span, message, "one level too shallow");
            diagnostics.push(found.help("write lists of lists in every place, or in none"));
            None
        }
        _ => match value.as_real() {
            Some(number) => {
                data.push(number);
                Some(())
            }
            None => {
                let form = "it as in 3, `[1, 2]` or `[[1, 2], [3, 4]]`";
                wrong_kind(value, "an array is a number or lists of numbers", form, diagnostics);
                None
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::Literal;

    #[test]
    fn arrays_are_read_with_their_shape() {
        let check = |text: &str, shape: &[usize], data: &[f64]| {
            let literal = Literal::parse("x", text).expect("an array");
            assert_eq!((literal.shape.as_slice(), literal.data.as_slice()), (shape, data), "{text}");
        };
        check("3", &[], &[3.0]);
        check("[[1, 2.5], [-1e2, inf]]", &[2, 2], &[1.0, 2.5, -100.0, f64::INFINITY]);
        check("[]", &[0], &[]);
        check("[[], []]", &[2, 0], &[]);
    }

    #[test]
    fn wrong_arrays_point_at_the_place() {
        let check = |text: &str, column: usize| {
            assert_eq!(Literal::parse("x", text).expect_err("wrong").records()[0].column, column, "{text}");
        };
        check("[[1], [2, 3]]", 7);
        check("[1, [2]]", 5);
        check("[[1], 2]", 7);
        check("[1, y]", 5);
        check("[1, ", 1);
    }
}
