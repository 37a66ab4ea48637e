//! What a node's value is: its kind of element and its symbolic shape.

use std::fmt;

use graphrun_tensor::{MAX_RANK, Shape};

use crate::size::{Size, Sizes, shape_text, size_text};

/// The kind of an array's elements.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Real numbers, in the precision the graph runs in.
    Real,
    /// Integers from 0 up to, not including, `below`.
    Index {
        /// One above the largest value.
        below: Size,
    },
}

/// The kind and the shape of a value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Type {
    /// What the elements are.
    pub kind: Kind,
    /// The sizes of the axes, outermost first.
    pub shape: Vec<Size>,
}

impl Type {
    /// Reals of this shape.
    #[must_use]
    pub fn real(shape: Vec<Size>) -> Type {
        Type { kind: Kind::Real, shape }
    }

    /// Integers below `below` of this shape.
    #[must_use]
    pub fn index(shape: Vec<Size>, below: Size) -> Type {
        Type { kind: Kind::Index { below }, shape }
    }

    /// Whether the elements are reals.
    #[must_use]
    pub fn is_real(&self) -> bool {
        self.kind == Kind::Real
    }

    /// The number of axes.
    #[must_use]
    pub fn rank(&self) -> usize {
        self.shape.len()
    }

    /// The number of elements.
    #[must_use]
    pub fn len(&self) -> Size {
        self.shape.iter().fold(Size::from(1), |n, s| &n * s)
    }

    /// Whether this is certain to hold no element.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.shape.iter().any(|s| s.known() == Some(0))
    }

    /// The concrete shape under `sizes`.
    ///
    /// # Errors
    /// A symbol without a value, or a shape that is too large, in words.
    pub fn concrete(&self, sizes: &Sizes) -> Result<Shape, String> {
        let sizes = self.shape.iter().map(|s| s.eval(sizes)).collect::<Result<Vec<_>, _>>()?;
        Shape::new(&sizes).map_err(|e| e.to_string())
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Real => f.write_str(&shape_text(&self.shape)),
            Kind::Index { below } => write!(f, "Index({}, {})", shape_text(&self.shape), size_text(below)),
        }
    }
}

/// Why an operation does not apply to its inputs.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct TypeError {
    /// What is wrong, with both sides.
    pub message: String,
    /// The two sizes that should have been one, where that is the matter.
    pub clash: Option<Box<(Size, Size)>>,
    /// The inputs at fault, by position.
    pub inputs: Vec<usize>,
    /// What to do about it.
    pub help: Option<String>,
}

impl TypeError {
    /// An error that says `message`.
    #[must_use]
    pub fn new(message: impl Into<String>) -> TypeError {
        TypeError { message: message.into(), ..TypeError::default() }
    }

    /// The same error, blaming these inputs.
    #[must_use]
    pub fn at(mut self, inputs: &[usize]) -> TypeError {
        self.inputs = inputs.to_vec();
        self
    }

    /// The same error with advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> TypeError {
        self.help = Some(help.into());
        self
    }
}

impl fmt::Display for TypeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for TypeError {}

/// The shape that broadcasting gives all of `types`: NumPy's rule, where a symbol only meets itself or 1.
///
/// # Errors
/// Two sizes that differ and are not 1, or too many axes.
pub fn broadcast(types: &[&Type]) -> Result<Vec<Size>, TypeError> {
    let rank = types.iter().map(|t| t.rank()).max().unwrap_or(0);
    check_rank(rank)?;
    let one = Size::from(1);
    let mut shape = vec![one.clone(); rank];
    let mut from = vec![0; rank];
    for (k, ty) in types.iter().enumerate() {
        for (size, axis) in ty.shape.iter().zip(rank - ty.rank()..) {
            if shape[axis] == one {
                (shape[axis], from[axis]) = (size.clone(), k);
            } else if *size != one && *size != shape[axis] {
                let other = &types[from[axis]];
                return Err(TypeError {
                    message: format!("shapes {other} and {ty} do not broadcast: {} against {size}", shape[axis]),
                    clash: Some(Box::new((shape[axis].clone(), size.clone()))),
                    inputs: vec![from[axis], k],
                    help: Some("each axis must be equal or 1, counted from the last".into()),
                });
            }
        }
    }
    Ok(shape)
}

/// Demands that two sizes are one; `what` names the pair in the message.
///
/// # Errors
/// When they differ.
pub fn same_size(a: &Size, b: &Size, what: &str, inputs: &[usize]) -> Result<(), TypeError> {
    if a == b {
        return Ok(());
    }
    Err(TypeError {
        message: format!("{what}: {a} against {b}"),
        clash: Some(Box::new((a.clone(), b.clone()))),
        inputs: inputs.to_vec(),
        help: Some(format!("write {a} in both places, or {b}")),
    })
}

/// Demands a real input.
///
/// # Errors
/// When input `k` holds integers.
pub fn real(types: &[Type], k: usize) -> Result<&Type, TypeError> {
    if types[k].is_real() {
        return Ok(&types[k]);
    }
    Err(TypeError::new(format!("a real array is wanted here, and this is {}", types[k]))
        .at(&[k])
        .help("OneHot or Embedding turns integers into reals"))
}

/// Demands an integer input and gives its type with the bound of its values.
///
/// # Errors
/// When input `k` holds reals.
pub fn index(types: &[Type], k: usize) -> Result<(&Type, &Size), TypeError> {
    match &types[k].kind {
        Kind::Index { below } => Ok((&types[k], below)),
        Kind::Real => Err(TypeError::new(format!("an integer array is wanted here, and this is real {}", types[k]))
            .at(&[k])
            .help("declare the input as Index(shape, below)")),
    }
}

/// Demands no more axes than arrays can have.
///
/// # Errors
/// When `rank` is above the limit.
pub fn check_rank(rank: usize) -> Result<(), TypeError> {
    match rank > MAX_RANK {
        true => Err(TypeError::new(format!("{rank} axes, and at most {MAX_RANK} are supported"))),
        false => Ok(()),
    }
}

/// The axis that `axis` names, counted from the end when negative.
///
/// # Errors
/// When there is no such axis among `rank`.
pub fn axis(axis: i64, rank: usize) -> Result<usize, TypeError> {
    let resolved = if axis < 0 { axis + rank as i64 } else { axis };
    match usize::try_from(resolved) {
        Ok(k) if k < rank => Ok(k),
        _ if rank == 0 => Err(TypeError::new(format!("axis {axis} of a scalar, which has none"))),
        _ => Err(TypeError::new(format!("axis {axis} of an array of {rank} axes"))
            .help(format!("axes run from 0 to {}, or from -{rank} to -1", rank - 1))),
    }
}

/// The axes that `axes` names, sorted; all of them when omitted.
///
/// # Errors
/// An axis that does not exist or is named twice.
pub fn axes(axes: Option<&[i64]>, rank: usize) -> Result<Vec<usize>, TypeError> {
    let Some(named) = axes else { return Ok((0..rank).collect()) };
    let mut resolved = named.iter().map(|&a| axis(a, rank)).collect::<Result<Vec<_>, _>>()?;
    resolved.sort_unstable();
    if let Some(pair) = resolved.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(TypeError::new(format!("axis {} is named twice", pair[0])));
    }
    Ok(resolved)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ty(sizes: &[&str]) -> Type {
        Type::real(sizes.iter().map(|s| Size::parse(s).unwrap()).collect())
    }

    #[test]
    fn symbols_broadcast_only_with_themselves_and_one() {
        let check = |a: &[&str], b: &[&str], expect: Option<&str>| {
            let got = broadcast(&[&ty(a), &ty(b)]);
            assert_eq!(got.ok().map(|s| shape_text(&s)), expect.map(String::from), "{a:?} {b:?}");
        };
        check(&["N", "10"], &["10"], Some("[N, 10]"));
        check(&["N", "1"], &["1", "M"], Some("[N, M]"));
        check(&["N"], &["M"], None);
        check(&["N"], &["3"], None);
        check(&[], &["N"], Some("[N]"));
    }

    #[test]
    fn axes_are_checked() {
        assert_eq!(axes(Some(&[-1, 0]), 3), Ok(vec![0, 2]));
        assert!(axes(Some(&[0, -3]), 3).unwrap_err().message.contains("twice"));
        assert!(axis(3, 3).unwrap_err().help.unwrap().contains("-3"));
    }
}
