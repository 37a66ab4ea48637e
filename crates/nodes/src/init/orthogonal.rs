//! Saxe et al. (2014): an orthogonal matrix keeps the length of what it multiplies.

use graphrun_graph::{InitDef, Initialiser, Key};
use graphrun_tensor::Shape;
use serde::Deserialize;

use super::draw::{finite, generator, normal};

/// A random matrix with orthogonal rows, or columns where those are fewer, of length `gain`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Orthogonal {
    gain: f64,
}

impl Default for Orthogonal {
    fn default() -> Orthogonal {
        Orthogonal { gain: 1.0 }
    }
}

impl Initialiser for Orthogonal {
    fn text(&self) -> String {
        format!("Orthogonal(gain: {:?})", self.gain)
    }

    fn check(&self, sizes: &[usize]) -> Result<(), String> {
        finite("`gain`", self.gain)?;
        match sizes.is_empty() {
            true => Err("Orthogonal makes matrices, and the shape is a scalar".into()),
            false => Ok(()),
        }
    }

    /// The axes after the first count as one.
    fn fill(&self, key: Key<'_>, shape: Shape, out: &mut [f64]) -> Result<(), String> {
        let [rows, rest @ ..] = shape.sizes() else {
            return Err("Orthogonal makes matrices, and the shape is a scalar".into());
        };
        let (rows, columns) = (*rows, rest.iter().product::<usize>());
        let mut rng = generator(key);
        let mut basis: Vec<Vec<f64>> = Vec::new();
        while basis.len() < rows.min(columns) {
            let mut v: Vec<f64> = (0..rows.max(columns)).map(|_| normal(&mut rng)).collect();
            // The second round removes what rounding left of the earlier directions in the first.
            for u in basis.iter().chain(&basis) {
                let along = dot(u, &v);
                v.iter_mut().zip(u).for_each(|(v, u)| *v -= along * u);
            }
            let length = dot(&v, &v).sqrt();
            v.iter_mut().for_each(|v| *v /= length);
            basis.push(v);
        }
        for (k, slot) in out.iter_mut().enumerate() {
            let (row, column) = (k / columns, k % columns);
            *slot = self.gain * if rows <= columns { basis[row][column] } else { basis[column][row] };
        }
        Ok(())
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

pub(crate) fn def() -> InitDef {
    InitDef::new::<Orthogonal>("Orthogonal", "A random matrix with orthogonal rows or columns of length gain (1)")
        .option("gain", "real", Some("1"), "the length of each row or column")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shorter_side_is_orthonormal() {
        for (rows, columns) in [(3, 5), (5, 3), (4, 4)] {
            let mut w = vec![0.0; rows * columns];
            let rule = Orthogonal { gain: 2.0 };
            rule.fill(Key { seed: 0, name: "w" }, Shape::of(&[rows, columns]), &mut w).unwrap();
            let line = |k: usize| -> Vec<f64> {
                match rows <= columns {
                    true => w[k * columns..][..columns].to_vec(),
                    false => w.iter().skip(k).step_by(columns).copied().collect(),
                }
            };
            for (i, j) in (0..rows.min(columns)).flat_map(|i| (0..=i).map(move |j| (i, j))) {
                let expect = if i == j { 4.0 } else { 0.0 };
                assert!((dot(&line(i), &line(j)) - expect).abs() < 1e-12, "{rows}x{columns} {i} {j}");
            }
        }
    }
}
