//! Values from outside the graph, and constants.

use std::sync::Arc;

use graphrun_tensor::{ViewAny, ViewMutAny, with_real};

use crate::graph::{Builder, NodeId};
use crate::op::{At, Context, Form, GradError, Leaf, Op};
use crate::size::{Size, shape_text};
use crate::ty::{Type, TypeError};

/// A value that is fed at every run.
#[derive(Clone, Debug)]
pub struct Input {
    /// Its name.
    pub name: Arc<str>,
    /// Its declared type.
    pub ty: Type,
}

/// A real value that is kept between runs.
#[derive(Clone, Debug)]
pub struct Param {
    /// Its full name.
    pub name: Arc<str>,
    /// Its shape.
    pub shape: Vec<Size>,
}

/// One number.
#[derive(Clone, Copy, Debug)]
pub struct Constant(pub f64);

/// The product of sizes as a real number: what a mean divides by.
#[derive(Clone, Debug)]
pub struct Count {
    /// The factors.
    pub sizes: Vec<Size>,
}

macro_rules! leaf {
    ($op:ty, $name:literal, |$self:ident| options: $options:expr, ty: $ty:expr, leaf: $leaf:expr) => {
        impl Op for $op {
            fn name(&self) -> &str {
                $name
            }
            fn options(&$self) -> String {
                $options
            }
            fn ty(&$self, _: &[Type]) -> Result<Type, TypeError> {
                Ok($ty)
            }
            fn vjp(&self, _: &mut Builder, _: At<'_>) -> Result<Vec<Option<NodeId>>, GradError> {
                Ok(Vec::new())
            }
            fn form(&$self) -> Form {
                Form::Leaf($leaf)
            }
            /// Constants fill their value; a fed or kept value is copied by whoever holds it.
            fn run(&self, _: &[ViewAny<'_>], out: ViewMutAny<'_>, _: &mut Context<'_>) {
                if let Form::Leaf(Leaf::Constant(value)) = self.form() {
                    with_real!(out, |out: T| out.data.fill(value as T));
                }
            }
        }
    };
}

leaf!(Input, "Input", |self| options: format!("name: {:?}, type: {}", self.name, self.ty), ty: self.ty.clone(),
    leaf: Leaf::Input(self.name.to_string()));
leaf!(Param, "Param", |self| options: format!("name: {:?}, shape: {}", self.name, shape_text(&self.shape)),
    ty: Type::real(self.shape.clone()), leaf: Leaf::Parameter(self.name.to_string()));
leaf!(Constant, "Constant", |self| options: format!("{:?}", self.0), ty: Type::real(Vec::new()),
    leaf: Leaf::Constant(self.0));
leaf!(Count, "Count", |self| options: format!("sizes: {}", shape_text(&self.sizes)), ty: Type::real(Vec::new()),
    leaf: Leaf::Count(self.sizes.clone()));
