//! The harness on functions, graphs, planted bugs and the whole registry; and every operation as files name it.

mod functions;
mod graphs;
mod operations;
mod planted;
mod registry;
