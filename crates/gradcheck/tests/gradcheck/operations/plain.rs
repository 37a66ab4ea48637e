//! Arrays in plain double precision, element by element: what references are written with.

/// An array: its sizes, and its elements in row-major order; integers are reals here.
#[derive(Clone, Debug)]
pub(crate) struct Plain {
    pub(crate) shape: Vec<usize>,
    pub(crate) data: Vec<f64>,
}

impl Plain {
    /// The array whose element at each place is what `f` says.
    pub(crate) fn new(shape: &[usize], mut f: impl FnMut(&[usize]) -> f64) -> Plain {
        let mut at = vec![0; shape.len()];
        let count = shape.iter().product();
        let mut data = Vec::with_capacity(count);
        for _ in 0..count {
            data.push(f(&at));
            for axis in (0..shape.len()).rev() {
                at[axis] += 1;
                if at[axis] < shape[axis] {
                    break;
                }
                at[axis] = 0;
            }
        }
        Plain { shape: shape.to_vec(), data }
    }

    pub(crate) fn scalar(value: f64) -> Plain {
        Plain { shape: vec![], data: vec![value] }
    }

    /// The element at a place.
    pub(crate) fn at(&self, place: &[usize]) -> f64 {
        assert_eq!(place.len(), self.shape.len());
        let flat = place.iter().zip(&self.shape).fold(0, |flat, (i, n)| {
            assert!(i < n, "{place:?} of {:?}", self.shape);
            flat * n + i
        });
        self.data[flat]
    }

    /// The element at a place that may lie outside, where it is `else_`.
    pub(crate) fn near(&self, place: &[i64], else_: f64) -> f64 {
        let inside = place.iter().zip(&self.shape).all(|(i, n)| (0..*n as i64).contains(i));
        if inside { self.at(&place.iter().map(|i| *i as usize).collect::<Vec<_>>()) } else { else_ }
    }

    /// The integer at a place.
    pub(crate) fn index(&self, place: &[usize]) -> usize {
        self.at(place) as usize
    }

    /// `f` of every element.
    pub(crate) fn map(&self, f: impl Fn(f64) -> f64) -> Plain {
        Plain { shape: self.shape.clone(), data: self.data.iter().map(|x| f(*x)).collect() }
    }

    /// The same elements in another shape.
    pub(crate) fn reshaped(&self, shape: &[usize]) -> Plain {
        assert_eq!(shape.iter().product::<usize>(), self.data.len());
        Plain { shape: shape.to_vec(), data: self.data.clone() }
    }

    /// `f` of the elements over `axes`, in row-major order; the axes leave.
    pub(crate) fn reduce(&self, axes: &[usize], f: impl Fn(&[f64]) -> f64) -> Plain {
        let kept: Vec<usize> = (0..self.shape.len()).filter(|axis| !axes.contains(axis)).collect();
        let sizes = |axes: &[usize]| axes.iter().map(|&axis| self.shape[axis]).collect::<Vec<_>>();
        Plain::new(&sizes(&kept), |outer| {
            let part = Plain::new(&sizes(axes), |inner| {
                let mut place = vec![0; self.shape.len()];
                kept.iter().zip(outer).for_each(|(&axis, &i)| place[axis] = i);
                axes.iter().zip(inner).for_each(|(&axis, &i)| place[axis] = i);
                self.at(&place)
            });
            f(&part.data)
        })
    }

    /// `f` of all elements.
    pub(crate) fn all(&self, f: impl Fn(&[f64]) -> f64) -> Plain {
        Plain::scalar(f(&self.data))
    }

    /// Each row along the last axis as `f` makes it anew.
    pub(crate) fn rows(&self, f: impl Fn(&[f64]) -> Vec<f64>) -> Plain {
        let width = self.shape.last().copied().unwrap_or(1);
        let data: Vec<f64> = if width == 0 { vec![] } else { self.data.chunks(width).flat_map(f).collect() };
        let lead = &self.shape[..self.shape.len() - 1];
        let rows: usize = lead.iter().product();
        let width = data.len().checked_div(rows).unwrap_or(width);
        Plain { shape: [lead, &[width]].concat(), data }
    }

    /// The axes in the opposite order.
    pub(crate) fn reversed(&self) -> Plain {
        let shape: Vec<usize> = self.shape.iter().rev().copied().collect();
        Plain::new(&shape, |at| self.at(&at.iter().rev().copied().collect::<Vec<_>>()))
    }
}

pub(crate) fn sum(xs: &[f64]) -> f64 {
    xs.iter().sum()
}

pub(crate) fn mean(xs: &[f64]) -> f64 {
    sum(xs) / xs.len() as f64
}

pub(crate) fn variance(xs: &[f64]) -> f64 {
    mean(&xs.iter().map(|x| (x - mean(xs)).powi(2)).collect::<Vec<_>>())
}

pub(crate) fn most(xs: &[f64]) -> f64 {
    xs.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

/// The place of the first that is greatest.
pub(crate) fn first(xs: &[f64]) -> usize {
    (0..xs.len()).fold(0, |best, k| if xs[k] > xs[best] { k } else { best })
}

pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

pub(crate) fn softmax(xs: &[f64]) -> Vec<f64> {
    let total: f64 = xs.iter().map(|x| x.exp()).sum();
    xs.iter().map(|x| x.exp() / total).collect()
}

pub(crate) fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}
