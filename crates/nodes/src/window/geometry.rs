//! What convolutions and pools share: options by axis, the sizes of outputs, and images of one axis as rows.

use std::fmt;

use graphrun_graph::{Call, NodeId, Size, Type, TypeError, shape_text, ty};
use graphrun_tensor::{Num, View, Window};
use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};

/// An option that is one number for all axes of an image, or one for each: `3`, `[3, 5]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Sides {
    /// The same along every axis.
    All(u32),
    /// By axis: height, then width.
    Each(Vec<u32>),
}

impl Sides {
    /// 0 along every axis: the default of a padding.
    pub(crate) fn zero() -> Sides {
        Sides::All(0)
    }

    /// 1 along every axis: the default of a stride and of a dilation.
    pub(crate) fn one() -> Sides {
        Sides::All(1)
    }

    /// Height and width; an image of one axis has the height `missing`.
    fn pair(&self, axes: usize, missing: usize, least: u32, what: &str) -> Result<[usize; 2], TypeError> {
        let given = match self {
            Sides::All(n) => vec![*n; axes],
            Sides::Each(each) => each.clone(),
        };
        let text = || given.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
        if given.iter().any(|&n| n < least || n > MOST) {
            return Err(TypeError::new(format!("{what} [{}] is not between {least} and {MOST}", text())));
        }
        match (axes, given.as_slice()) {
            (2, &[height, width]) => Ok([height as usize, width as usize]),
            (1, &[width]) => Ok([missing, width as usize]),
            _ => Err(TypeError::new(format!("{what} [{}] for an image of {axes} axes", text()))
                .help("give one number, or one for each axis of the image")),
        }
    }
}

/// The largest kernel, stride, padding or dilation: products of two stay far from overflow.
const MOST: u32 = 1 << 20;

impl<'de> Deserialize<'de> for Sides {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Sides, D::Error> {
        struct SidesVisitor;
        impl<'de> Visitor<'de> for SidesVisitor {
            type Value = Sides;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an integer, or a list of one for each axis: `[3, 5]`")
            }
            fn visit_u64<E: Error>(self, n: u64) -> Result<Sides, E> {
                u32::try_from(n).map(Sides::All).map_err(|_| E::custom(format!("{n} is too large")))
            }
            fn visit_i64<E: Error>(self, n: i64) -> Result<Sides, E> {
                u32::try_from(n).map(Sides::All).map_err(|_| E::custom(format!("{n} is not a size")))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Sides, A::Error> {
                let mut each = Vec::new();
                while let Some(n) = list.next_element()? {
                    each.push(n);
                }
                Ok(Sides::Each(each))
            }
        }
        from.deserialize_any(SidesVisitor)
    }
}

/// The window that these options describe over an image of `axes` axes.
pub(crate) fn window(
    axes: usize,
    kernel: &Sides,
    stride: &Sides,
    pad: &Sides,
    dilation: &Sides,
) -> Result<Window, TypeError> {
    Ok(Window {
        kernel: kernel.pair(axes, 1, 1, "kernel")?,
        stride: stride.pair(axes, 1, 1, "stride")?,
        pad: pad.pair(axes, 0, 0, "pad")?,
        dilation: dilation.pair(axes, 1, 1, "dilation")?,
    })
}

/// The sizes of an image over which `window` has slid.
///
/// # Errors
/// A window that is larger than the padded image.
pub(crate) fn slid(window: &Window, image: [&Size; 2]) -> Result<[Size; 2], TypeError> {
    if let [Some(height), Some(width)] = image.map(Size::known)
        && window.output([height, width]).is_none()
    {
        let Window { kernel, pad, dilation, .. } = window;
        return Err(TypeError::new(format!(
            "a window of {kernel:?} with dilation {dilation:?} is larger than an image of {height} x {width} padded by {pad:?}",
        ))
        .at(&[0])
        .help("choose a smaller kernel or a larger pad"));
    }
    let along = |axis: usize| {
        let reach = window.dilation[axis] * (window.kernel[axis] - 1) + 1;
        let room = &(image[axis] + &Size::from(2 * window.pad[axis])) - &Size::from(reach);
        &room.divide(&Size::from(window.stride[axis])) + &Size::from(1)
    };
    Ok([along(0), along(1)])
}

/// Height and width given as an option.
///
/// # Errors
/// Another number of sizes.
pub(crate) fn size_of(size: &[Size]) -> Result<[Size; 2], TypeError> {
    match size {
        [height, width] => Ok([height.clone(), width.clone()]),
        _ => Err(TypeError::new(format!("size {} is not height and width", shape_text(size)))),
    }
}

/// Demands a batch of images with two axes and gives the sizes of an image.
///
/// # Errors
/// Integers, or another number of axes.
pub(crate) fn image(types: &[Type], k: usize) -> Result<[&Size; 2], TypeError> {
    match ty::real(types, k)?.shape.as_slice() {
        [_, _, height, width] => Ok([height, width]),
        _ => Err(TypeError::new(format!("images [N, C, H, W] are wanted here, and this is {}", types[k])).at(&[k])),
    }
}

/// Applies `emit` to the call's images of `axes` axes, of either number when `None`; those of one axis pass
/// through as rows of height 1.
///
/// # Errors
/// An input of another rank, and what `emit` returns.
pub(crate) fn over_images(
    call: &mut Call<'_>,
    axes: Option<usize>,
    emit: impl FnOnce(&mut Call<'_>, NodeId, usize) -> Result<NodeId, TypeError>,
) -> Result<NodeId, TypeError> {
    let (x, given) = (call.input(0)?, call.ty(0)?);
    match (given.shape.as_slice(), axes) {
        ([_, _, _, _], Some(2) | None) => emit(call, x, 2),
        ([items, channels, width], Some(1) | None) => {
            let rows = [items.clone(), channels.clone(), Size::from(1), width.clone()];
            let x = call.b.reshape(x, &rows)?;
            let y = emit(call, x, 1)?;
            let mut shape = call.b.ty(y).shape.clone();
            shape.remove(2);
            call.b.reshape(y, &shape)
        }
        _ => {
            let wanted = match axes {
                Some(1) => "rows [N, C, L]",
                Some(_) => "images [N, C, H, W]",
                None => "images [N, C, H, W] or rows [N, C, L]",
            };
            Err(TypeError::new(format!("{wanted} are wanted here, and this is {given}")).at(&[0]))
        }
    }
}

/// The elements of an array as an executor lends them: in row-major order.
pub(crate) fn elements<T: Num>(view: View<'_, T>) -> &[T] {
    view.as_slice().expect("an executor lends row-major memory")
}

/// The last two sizes of a shape of four.
pub(crate) fn sides(shape: graphrun_tensor::Shape) -> [usize; 2] {
    [shape.from_end(1), shape.from_end(0)]
}
