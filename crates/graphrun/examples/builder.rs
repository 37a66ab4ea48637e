//! The lecture's z = (x1 + a x2)^2 without a file: `cargo run --example builder`.

#![allow(clippy::print_stdout)]

use graphrun::expr::{Expr, Func};
use graphrun::{Array, Builder, Session, Type};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut b = Builder::new();
    let x1 = b.input("x1", Type::real(vec![]))?;
    let x2 = b.input("x2", Type::real(vec![]))?;
    let a = b.input("a", Type::real(vec![]))?;
    let ax2 = b.mul(&[a, x2])?;
    let y = b.add(&[x1, ax2])?;
    let z = b.pointwise(&Expr::unary(Func::Square, Expr::var(0)), &[y])?;
    b.output("z", z);
    let wrt = [("x1", x1), ("x2", x2), ("a", a)].map(|(name, id)| (name.to_string(), id));
    let mut session = Session::with_gradients(b.finish(), z, &wrt, None, Default::default())?;
    let [x1, x2, a] = [1.0, 2.0, 3.0].map(Array::scalar);
    session.run(&[("x1", &x1), ("x2", &x2), ("a", &a)])?;
    println!("z = {}", session.output("z").ok_or("not computed")?);
    for name in ["x1", "x2", "a"] {
        println!("dz/d{name} = {}", session.gradient(name).ok_or("not computed")?);
    }
    Ok(())
}
