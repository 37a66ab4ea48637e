//! Operations that move, repeat and pick elements.

#[cfg(test)]
mod values;

operations! {
    broadcast concat embedding flatten flip gather one_hot pad pick reshape scatter slice squeeze stack tile
    unslice unsqueeze
}
