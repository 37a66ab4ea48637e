//! How a convolution's window moves: what the product and its two gradients have in common.

use graphrun_graph::{Size, Type, TypeError, ty};
use graphrun_tensor::{Conv, Shape, Window};

use super::geometry::{Sides, image, sides, slid, window};

/// The steps of a convolution, by height and width, and its groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Steps {
    pub(crate) stride: [usize; 2],
    pub(crate) pad: [usize; 2],
    pub(crate) dilation: [usize; 2],
    pub(crate) groups: usize,
}

/// The multiply-adds of a convolution, and of either of its gradients: every element of the product takes a kernel.
pub(crate) fn madds(product: Shape, weight: Shape) -> usize {
    product.len() * weight.sizes()[1..].iter().product::<usize>()
}

impl Steps {
    /// The steps that options describe, over images of `axes` axes.
    pub(crate) fn new(
        axes: usize,
        stride: &Sides,
        pad: &Sides,
        dilation: &Sides,
        groups: usize,
    ) -> Result<Steps, TypeError> {
        if groups == 0 {
            return Err(TypeError::new("a convolution of 0 groups").help("groups: 1 joins all channels"));
        }
        let Window { stride, pad, dilation, .. } = window(axes, &Sides::one(), stride, pad, dilation)?;
        Ok(Steps { stride, pad, dilation, groups })
    }

    /// The options in canonical form.
    pub(crate) fn text(&self) -> String {
        let Steps { stride, pad, dilation, groups } = self;
        format!("stride: {stride:?}, pad: {pad:?}, dilation: {dilation:?}, groups: {groups}")
    }

    pub(crate) fn window(&self, kernel: [usize; 2]) -> Window {
        Window { kernel, stride: self.stride, pad: self.pad, dilation: self.dilation }
    }

    /// The sizes of the kernel in the weight `types[k]`, of shape `[units, channels / groups, height, width]`.
    pub(crate) fn kernel(types: &[Type], k: usize) -> Result<[usize; 2], TypeError> {
        match image(types, k)?.map(Size::known) {
            [Some(height), Some(width)] if height > 0 && width > 0 => Ok([height, width]),
            _ => {
                Err(TypeError::new(format!("a kernel of known sizes is wanted here, and this is {}", types[k]))
                    .at(&[k]))
            }
        }
    }

    /// The type of the weight from `channels` to `units`.
    ///
    /// # Errors
    /// Groups that divide one of the two not.
    pub(crate) fn weight(&self, channels: &Size, units: &Size, kernel: [usize; 2]) -> Result<Vec<Size>, TypeError> {
        let groups = Size::from(self.groups);
        for (what, count) in [("channels", channels), ("units", units)] {
            if count.known().is_some_and(|n| !n.is_multiple_of(self.groups)) {
                return Err(TypeError::new(format!("{count} {what} do not divide into {groups} groups"))
                    .help("groups must divide both the channels and the units"));
            }
        }
        let [height, width] = kernel.map(Size::from);
        Ok(vec![units.clone(), channels.divide(&groups), height, width])
    }

    /// Demands that images, `x` of them the input and `y` the output, and a weight belong together.
    ///
    /// # Errors
    /// The first two sizes that should be one and are not.
    pub(crate) fn check(&self, x: &[Size], weight: &[Size], y: &[Size], inputs: &[usize]) -> Result<(), TypeError> {
        let kernel = [&weight[2], &weight[3]].map(|s| s.known().unwrap_or(1));
        let wanted = self.weight(&x[1], &y[1], kernel)?;
        ty::same_size(&wanted[0], &weight[0], "units of the output and of the weight", inputs)?;
        ty::same_size(&wanted[1], &weight[1], "channels of a group and of the weight", inputs)?;
        ty::same_size(&x[0], &y[0], "items", inputs)?;
        for (slid, given) in slid(&self.window(kernel), [&x[2], &x[3]])?.iter().zip(&y[2..]) {
            ty::same_size(slid, given, "the convolved image and the image given", inputs)?;
        }
        Ok(())
    }

    /// The kernel's geometry for arrays of these shapes.
    pub(crate) fn conv(&self, x: Shape, weight: Shape, y: Shape) -> Conv {
        Conv {
            channels: x.sizes()[1],
            units: y.sizes()[1],
            groups: self.groups,
            image: sides(x),
            out: sides(y),
            window: self.window(sides(weight)),
        }
    }
}

/// A random kernel, stride and dilation, by height and width. Half of the time the three differ along each axis, so that no
/// two of them can be mistaken for one another.
pub(crate) fn moves(bytes: &mut graphrun_graph::Bytes<'_>) -> [[usize; 2]; 3] {
    let differ = bytes.flag();
    let mut axis = || {
        let mut drawn = [bytes.between(1, 3), bytes.between(1, 2), bytes.between(1, 2)];
        if differ {
            drawn = [1, 2, 3];
            drawn.rotate_left(bytes.between(0, 2));
            drawn[1..].rotate_left(bytes.between(0, 1));
        }
        drawn
    };
    let (height, width) = (axis(), axis());
    [0, 1, 2].map(|k| [height[k], width[k]])
}

/// Options of a random convolution that fits the images `[items, channels, height, width]` drawn with it.
pub(crate) struct Drawn {
    pub(crate) steps: Steps,
    pub(crate) x: [usize; 4],
    pub(crate) weight: [usize; 4],
    pub(crate) y: [usize; 4],
}

impl Drawn {
    /// A convolution whose kernel fits its images.
    pub(crate) fn new(bytes: &mut graphrun_graph::Bytes<'_>) -> Drawn {
        let groups = bytes.between(1, 2);
        let mut pair = |low, high| [bytes.between(low, high), bytes.between(low, high)];
        let (pad, spare) = (pair(0, 2), pair(0, 3));
        let [kernel, stride, dilation] = moves(bytes);
        let image = [0, 1].map(|k| {
            let reach = dilation[k] * (kernel[k] - 1) + 1;
            (reach + spare[k]).saturating_sub(2 * pad[k]).max(1)
        });
        let [channels, units] = [bytes.between(1, 2), bytes.between(1, 2)].map(|n| n * groups);
        let items = bytes.between(1, 3);
        let steps = Steps { stride, pad, dilation, groups };
        let [height, width] = steps.window(kernel).output(image).unwrap_or([1, 1]);
        Drawn {
            steps,
            x: [items, channels, image[0], image[1]],
            weight: [units, channels / groups, kernel[0], kernel[1]],
            y: [items, units, height, width],
        }
    }

    /// The drawn steps as options.
    pub(crate) fn sides(&self) -> [Sides; 3] {
        [self.steps.stride, self.steps.pad, self.steps.dilation]
            .map(|each| Sides::Each(each.map(|n| n as u32).to_vec()))
    }
}
