//! The values of a NumPy file.

use std::fs::File as Handle;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use graphrun_graph::{InitDef, Initialiser, Key};
use graphrun_tensor::{Shape, View, ViewMut, copy};
use npyz::{DType, NpyFile, Order, TypeChar};
use serde::Deserialize;

/// The array in the file at this path, relative to the folder of the model file.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub(crate) struct File(PathBuf);

impl Initialiser for File {
    fn text(&self) -> String {
        format!("File({:?})", self.0)
    }

    fn within(&self, folder: &Path) -> Option<Arc<dyn Initialiser>> {
        Some(Arc::new(File(folder.join(&self.0))))
    }

    fn check(&self, sizes: &[usize]) -> Result<(), String> {
        open(&self.0, sizes).map_err(|why| format!("{}: {why}", self.0.display())).map(drop)
    }

    fn fill(&self, _: Key<'_>, shape: Shape, out: &mut [f64]) -> Result<(), String> {
        read(&self.0, shape, out).map_err(|why| format!("{}: {why}", self.0.display()))
    }
}

/// Opens a file whose array has these sizes; also the bytes of a number in it.
fn open(path: &Path, wanted: &[usize]) -> Result<(NpyFile<BufReader<Handle>>, usize), String> {
    let handle = Handle::open(path).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission is denied".to_owned(),
        _ => "it cannot be opened".to_owned(),
    })?;
    let file = NpyFile::new(BufReader::new(handle)).map_err(|_| "it is not a NumPy array file")?;
    let sizes: Vec<usize> = file.shape().iter().map(|&n| n as usize).collect();
    if sizes != wanted {
        return Err(format!("the array is {sizes:?}, and the shape is {wanted:?}"));
    }
    let width = match file.dtype() {
        DType::Plain(ty) if ty.type_char() == TypeChar::Float => ty.num_bytes(),
        _ => None,
    };
    match width {
        Some(width @ (4 | 8)) => Ok((file, width)),
        _ => Err("the array holds something else than float32 or float64".into()),
    }
}

/// Reads reals of either precision; nothing is allocated by what the header claims.
fn read(path: &Path, shape: Shape, out: &mut [f64]) -> Result<(), String> {
    let (file, width) = open(path, shape.sizes())?;
    let by_columns = file.order() == Order::Fortran;
    match width {
        4 => fill(file.data::<f32>(), out),
        _ => fill(file.data::<f64>(), out),
    }?;
    if by_columns {
        transpose(shape.sizes(), out);
    }
    Ok(())
}

/// Brings the numbers of an array of `sizes` from the order of columns into that of rows.
fn transpose(sizes: &[usize], out: &mut [f64]) {
    let stored = out.to_vec();
    let reversed: Vec<usize> = sizes.iter().rev().copied().collect();
    let axes: Vec<usize> = (0..sizes.len()).rev().collect();
    copy(View::new(&stored, Shape::of(&reversed)).permuted(&axes), ViewMut::new(out, Shape::of(sizes)));
}

/// Takes one number after the other.
fn fill<T: Into<f64>, E: ToString>(
    data: Result<impl Iterator<Item = std::io::Result<T>>, E>,
    out: &mut [f64],
) -> Result<(), String> {
    let short = "the file ends before its array does";
    let mut data = data.map_err(|e| e.to_string())?;
    for slot in out {
        *slot = data.next().ok_or(short)?.map_err(|_| short)?.into();
    }
    Ok(())
}

pub(crate) fn def() -> InitDef {
    InitDef::new::<File>("File", "The array in a NumPy file of the parameter's shape").bare()
}

#[cfg(test)]
mod tests {
    use npyz::WriterBuilder;

    use super::*;

    #[test]
    fn columns_come_into_the_order_of_rows() {
        let mut out = [1.0, 4.0, 2.0, 5.0, 3.0, 6.0];
        transpose(&[2, 3], &mut out);
        assert_eq!(out, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    }

    #[test]
    fn a_file_is_read_when_its_shape_is_right() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = npyz::WriteOptions::new()
            .default_dtype()
            .shape(&[2, 3])
            .writer(Handle::create(folder.path().join("w.npy")).unwrap())
            .begin_nd()
            .unwrap();
        writer.extend([1.0f32, 2.0, 3.0, 4.0, 5.0, 6.0]).unwrap();
        writer.finish().unwrap();

        let (key, mut out) = (Key { seed: 0, name: "w" }, [0.0; 6]);
        let file = File("w.npy".into()).within(folder.path()).unwrap();
        file.fill(key, Shape::of(&[2, 3]), &mut out).unwrap();
        assert_eq!(out, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        let error = file.fill(key, Shape::of(&[3, 2]), &mut out).unwrap_err();
        assert!(error.contains("[2, 3]") && error.contains("[3, 2]"), "{error}");
        assert!(File("none.npy".into()).fill(key, Shape::of(&[2]), &mut out).unwrap_err().contains("none.npy"));
    }
}
