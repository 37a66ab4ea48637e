//! What the pooling operations share: their window, options, types and samples.

use graphrun_graph::{Bytes, OpDef, Type, TypeError, ty};
use graphrun_tensor::{Pool, Shape, Window};
use serde::Deserialize;

use super::geometry::{Sides, image, sides, slid, window};

/// The window of a pooling operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pooling(Window);

/// The options of a pooling operation; the stride is the kernel when omitted.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Options {
    pub(crate) kernel: Sides,
    pub(crate) stride: Option<Sides>,
    #[serde(default = "Sides::zero")]
    pub(crate) pad: Sides,
}

impl Options {
    /// The window over images of `axes` axes.
    pub(crate) fn pooling(&self, axes: usize) -> Result<Pooling, TypeError> {
        Pooling::new(axes, &self.kernel, self.stride.as_ref(), &self.pad)
    }
}

impl Pooling {
    pub(crate) fn new(axes: usize, kernel: &Sides, stride: Option<&Sides>, pad: &Sides) -> Result<Pooling, TypeError> {
        Ok(Pooling(window(axes, kernel, stride.unwrap_or(kernel), pad, &Sides::one())?))
    }

    /// The options in canonical form.
    pub(crate) fn text(&self) -> String {
        format!("kernel: {:?}, stride: {:?}, pad: {:?}", self.0.kernel, self.0.stride, self.0.pad)
    }

    /// The type of the pooled input `k`.
    pub(crate) fn pooled(&self, inputs: &[Type], k: usize) -> Result<Type, TypeError> {
        let [height, width] = slid(&self.0, image(inputs, k)?)?;
        let x = &inputs[k].shape;
        Ok(Type::real(vec![x[0].clone(), x[1].clone(), height, width]))
    }

    /// Demands that input `k` is what pooling makes of images of type `x`.
    pub(crate) fn check(&self, x: &Type, inputs: &[Type], k: usize) -> Result<(), TypeError> {
        image(inputs, k)?;
        let pooled = self.pooled(std::slice::from_ref(x), 0)?;
        for (wanted, given) in pooled.shape.iter().zip(&inputs[k].shape) {
            ty::same_size(wanted, given, "the pooled images and the input given", &[k])?;
        }
        Ok(())
    }

    /// The kernel's geometry from images to pooled images of these shapes.
    pub(crate) fn pool(&self, x: Shape, y: Shape) -> Pool {
        Pool { image: sides(x), out: sides(y), window: self.0 }
    }
}

/// Documents the options of the window.
pub(crate) fn documented(def: OpDef) -> OpDef {
    def.option("kernel", "integer or list", None, "the size of the window")
        .option("stride", "integer or list", Some("kernel"), "the distance between windows")
        .option("pad", "integer or list", Some("0"), "the places imagined before and after the image")
}

/// A window, and the shapes of images and of what pooling makes of them.
pub(crate) fn sample(bytes: &mut Bytes<'_>) -> (Options, [usize; 4], [usize; 4]) {
    let kernel = [bytes.between(1, 3), bytes.between(1, 3)];
    let stride = if bytes.flag() { kernel } else { [bytes.between(1, 2), bytes.between(1, 3)] };
    let pad = kernel.map(|n| bytes.between(0, n / 2));
    let image = kernel.map(|n| n + bytes.between(0, 3));
    let window = Window { kernel, stride, pad, dilation: [1, 1] };
    let [height, width] = window.output(image).unwrap_or([1, 1]);
    let [items, channels] = [bytes.between(1, 2), bytes.between(1, 2)];
    let each = |pair: [usize; 2]| Sides::Each(pair.map(|n| n as u32).to_vec());
    let options = Options { kernel: each(kernel), stride: (stride != kernel).then(|| each(stride)), pad: each(pad) };
    (options, [items, channels, image[0], image[1]], [items, channels, height, width])
}
