//! Operations that move, repeat and pick elements.

operations! {
    broadcast one_hot pick reshape
}
