//! Parameters in safetensors files.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use graphrun_exec::Array;
use graphrun_graph::Graph;
use graphrun_load::diagnostics::nearest;
use graphrun_tensor::{Dtype, Shape};
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype as Stored, TensorView};

use crate::error::TrainError;
use crate::state::origin_seed;
use crate::write::write_atomically;

/// The one key of the file's metadata; a second would make the order of bytes depend on chance.
const NOTE: &str = "graphrun";

/// What to do about weights that are not those of the model.
const OTHER_MODEL: &str =
    "they are of another version of the model: train this one, or name the model file that they were trained from";

/// What to do about weights in other numbers.
const AS_REALS: &str = "write them as float32 or float64";

/// What a safetensors file holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    /// Arrays by name.
    pub arrays: BTreeMap<String, Array>,
    /// What was written beside them.
    pub note: Option<String>,
}

impl Weights {
    /// Writes the arrays as numbers of `dtype`. The file is complete or not there: it is written under
    /// another name beside `path` and renamed.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub fn save(&self, path: &Path, dtype: Dtype) -> Result<(), TrainError> {
        let failed = |e: &dyn std::fmt::Display| {
            TrainError::new(format!("{} cannot be written: {e}", path.display()), "name another file")
        };
        let stored = match dtype {
            Dtype::F32 => Stored::F32,
            Dtype::F64 => Stored::F64,
        };
        let bytes: Vec<(&str, Shape, Vec<u8>)> = self
            .arrays
            .iter()
            .map(|(name, array)| {
                let reals = array.to_reals().into_iter();
                let bytes = match dtype {
                    Dtype::F32 => reals.flat_map(|x| (x as f32).to_le_bytes()).collect(),
                    Dtype::F64 => reals.flat_map(f64::to_le_bytes).collect(),
                };
                (name.as_str(), array.shape(), bytes)
            })
            .collect();
        let views = bytes.iter().map(|(name, shape, bytes)| {
            let view = TensorView::new(stored, shape.sizes().to_vec(), bytes).map_err(|e| failed(&e))?;
            Ok((*name, view))
        });
        let views = views.collect::<Result<Vec<_>, TrainError>>()?;
        let note = self.note.clone().map(|text| HashMap::from([(NOTE.to_string(), text)]));
        let file = safetensors::serialize(views, note).map_err(|e| failed(&e))?;
        write_atomically(path, &file)
    }

    /// Reads a file of real arrays.
    ///
    /// # Errors
    /// When it cannot be read, is damaged or no safetensors file, or holds other numbers than reals of 32 or 64 bits.
    pub fn load(path: &Path) -> Result<Weights, TrainError> {
        let wrong = |why: String, help: &str| TrainError::new(format!("{} {why}", path.display()), help);
        let bytes = std::fs::read(path).map_err(|e| TrainError::file(path, "read", &e))?;
        let damaged = |_| match other_numbers(&bytes) {
            Some((name, kind)) => wrong(format!("holds `{name}` as {kind}, and weights are F32 or F64"), AS_REALS),
            None => wrong("is no safetensors file, or is cut short".to_owned(), "`graphrun train` writes such files"),
        };
        let (_, metadata) = SafeTensors::read_metadata(&bytes).map_err(damaged)?;
        let note = metadata.metadata().as_ref().and_then(|m| m.get(NOTE)).cloned();
        let file = SafeTensors::deserialize(&bytes).map_err(damaged)?;
        let mut arrays = BTreeMap::new();
        for (name, view) in file.iter() {
            let data = match view.dtype() {
                Stored::F32 => reals(view.data(), |b| f64::from(f32::from_le_bytes(b))),
                Stored::F64 => reals(view.data(), f64::from_le_bytes),
                other => {
                    let why = format!("holds `{name}` as {other:?}, and weights are F32 or F64");
                    return Err(wrong(why, AS_REALS));
                }
            };
            let large = |e: String| wrong(format!("holds `{name}`: {e}"), OTHER_MODEL);
            let shape = Shape::new(view.shape()).map_err(|e| large(e.to_string()))?;
            let array = Array::real(shape, data).map_err(large)?;
            arrays.insert(name.to_string(), array);
        }
        Ok(Weights { arrays, note })
    }

    /// The seed of the run that made the weights, where they were made here.
    #[must_use]
    pub fn seed(&self) -> Option<u64> {
        origin_seed(self.note.as_deref()?)
    }

    /// Checks that these are the parameters of `graph`, no less and no more, in the same shapes; `path` names
    /// the file in messages.
    ///
    /// # Errors
    /// The first that differs, with both sides.
    pub fn check(&self, graph: &Graph, path: &Path) -> Result<(), TrainError> {
        let file = path.display();
        for parameter in graph.parameters() {
            let name = &*parameter.name;
            let Some(array) = self.arrays.get(name) else {
                let near = nearest(name, self.arrays.keys().map(String::as_str));
                let near = near.map_or_else(String::new, |near| format!("the nearest it has is `{near}`; "));
                let message = format!("{file} has no `{name}`, which the model has");
                return Err(TrainError::new(message, format!("{near}{OTHER_MODEL}")));
            };
            let ty = graph.ty(parameter.node);
            let wanted = ty.concrete(&graph.sizes).map_err(|e| TrainError::new(e, OTHER_MODEL))?;
            if wanted != array.shape() {
                let message = format!("`{name}` is {ty} in the model and {} in {file}", array.shape());
                return Err(TrainError::new(message, OTHER_MODEL));
            }
        }
        match self.arrays.keys().find(|name| graph.parameter(name).is_none()) {
            Some(name) => Err(TrainError::new(format!("{file} has `{name}`, which the model has not"), OTHER_MODEL)),
            None => Ok(()),
        }
    }
}

/// The first array of a file that holds other numbers than reals of 32 or 64 bits, and what it calls them. The header
/// is a count of bytes and as many bytes of JSON.
fn other_numbers(bytes: &[u8]) -> Option<(String, String)> {
    let (length, rest) = bytes.split_first_chunk::<8>()?;
    let header = rest.get(..usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
    let header: BTreeMap<String, serde_json::Value> = serde_json::from_slice(header).ok()?;
    header.into_iter().find_map(|(name, array)| {
        let kind = array["dtype"].as_str()?;
        (!["F32", "F64"].contains(&kind)).then(|| (name, kind.to_owned()))
    })
}

fn reals<const N: usize>(bytes: &[u8], read: impl Fn([u8; N]) -> f64) -> Vec<f64> {
    bytes.as_chunks::<N>().0.iter().map(|b| read(*b)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimizer::Zeros;
    use graphrun_graph::{Builder, Size};
    use std::sync::Arc;

    fn weights(name: &str, sizes: &[usize]) -> Weights {
        let shape = Shape::new(sizes).unwrap();
        let data = (0..shape.len()).map(|i| i as f64 / 8.0).collect();
        let arrays = BTreeMap::from([(name.to_string(), Array::real(shape, data).unwrap())]);
        Weights { arrays, note: Some("{\"step\":3}".into()) }
    }

    #[test]
    fn files_give_back_what_was_saved() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/w.safetensors");
        for dtype in [Dtype::F32, Dtype::F64] {
            let saved = weights("h.weight", &[2, 3]);
            saved.save(&path, dtype).unwrap();
            assert_eq!(Weights::load(&path).unwrap(), saved);
        }
        std::fs::write(&path, b"nonsense").unwrap();
        assert!(Weights::load(&path).unwrap_err().message.ends_with("is no safetensors file, or is cut short"));
        let header = br#"{"w":{"dtype":"Q4","shape":[1],"data_offsets":[0,1]}}"#;
        let file = [&(header.len() as u64).to_le_bytes()[..], header, b"x"].concat();
        std::fs::write(&path, file).unwrap();
        assert!(Weights::load(&path).unwrap_err().message.ends_with("holds `w` as Q4, and weights are F32 or F64"));
    }

    #[test]
    fn both_sides_of_a_mismatch_are_named() {
        let mut b = Builder::new();
        b.parameter("h.weight", vec![Size::from(2), Size::from(3)], Arc::new(Zeros), true).unwrap();
        let graph = b.finish();
        let check = |name, sizes: &[usize]| weights(name, sizes).check(&graph, Path::new("w")).map_err(|e| e.message);
        assert_eq!(check("h.weight", &[2, 3]), Ok(()));
        assert_eq!(check("h.weight", &[3, 2]), Err("`h.weight` is [2, 3] in the model and [3, 2] in w".into()));
        assert_eq!(check("h.wait", &[2, 3]), Err("w has no `h.weight`, which the model has".into()));
        let mut more = weights("h.weight", &[2, 3]);
        more.arrays.insert("x".into(), Array::scalar(0.0));
        assert_eq!(more.check(&graph, Path::new("w")).unwrap_err().message, "w has `x`, which the model has not");
    }
}
