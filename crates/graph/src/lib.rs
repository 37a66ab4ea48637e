//! Differentiable computation graphs, their types, and their gradients as graphs.
