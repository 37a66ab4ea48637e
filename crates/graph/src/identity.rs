//! When two operations, and two nodes, are one.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::graph::NodeId;
use crate::op::Op;

/// What makes two operations one, written out once: the options, and the hash of them with the name.
pub(crate) struct Identity {
    options: String,
    pub(crate) hash: u64,
}

impl Identity {
    pub(crate) fn new(op: &dyn Op) -> Identity {
        let options = op.options();
        let mut hasher = DefaultHasher::new();
        (op.name(), &options).hash(&mut hasher);
        Identity { options, hash: hasher.finish() }
    }

    /// The hash of a node: the operation applied to these inputs.
    pub(crate) fn with(&self, inputs: &[NodeId]) -> u64 {
        let mut hasher = DefaultHasher::new();
        (self.hash, inputs).hash(&mut hasher);
        hasher.finish()
    }

    /// Whether `op` is the operation called `name` with these options.
    pub(crate) fn is_of(&self, op: &dyn Op, name: &str) -> bool {
        op.name() == name && op.options() == self.options
    }
}
