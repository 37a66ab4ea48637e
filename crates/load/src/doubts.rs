//! What cannot be said of a model that is wrong in parts.

use std::collections::BTreeSet;

use graphrun_graph::Graph;

use crate::build::Built;
use crate::flat::Flat;
use crate::model::ModelNode;
use crate::syntax::Value;

/// What could be read of a model file that is wrong.
#[derive(Clone, Debug, Default)]
pub struct Partial {
    /// The training section, for whoever trains.
    pub train: Option<Value>,
    /// The nodes that could be built.
    pub graph: Graph,
    /// The names in the order of the file, up to the first that could not be built.
    pub nodes: Vec<ModelNode>,
    /// What the graph lacks although the file may well have it.
    pub doubts: Doubts,
}

/// Names that stand for something that is not in the graph because it, or what it needs, is wrong and reported.
#[derive(Clone, Debug, Default)]
pub struct Doubts {
    /// Whether nothing is known of the names.
    pub all: bool,
    /// Whether the model has a loss that could not be built.
    pub loss: bool,
    /// Whether an output could not be built.
    pub outputs: bool,
    names: BTreeSet<String>,
}

impl Doubts {
    /// Everything in doubt.
    pub(crate) fn all() -> Doubts {
        Doubts { all: true, loss: true, outputs: true, names: BTreeSet::new() }
    }

    /// The names of `flat` that have no node.
    pub(crate) fn new(flat: &Flat<'_>, built: &Built) -> Doubts {
        let lost = flat.names.iter().filter(|(_, id)| built.ids[**id].is_none());
        Doubts { names: lost.map(|(name, _)| name.to_string()).collect(), ..Doubts::default() }
    }

    /// Whether a name may stand for something: it is one of the lost names, or a member of one.
    pub fn covers(&self, name: &str) -> bool {
        let mut owners = name.match_indices('.').map(|(at, _)| &name[..at]);
        self.all || self.names.contains(name) || owners.any(|owner| self.names.contains(owner))
    }

    /// Whether a pattern, in which `*` stands for any text, may match a lost name or a member of one.
    pub fn may_match(&self, pattern: &str) -> bool {
        let (head, open) = pattern.split_once('*').map_or((pattern, false), |(head, _)| (head, true));
        self.all
            || self.covers(head.trim_end_matches('.'))
            || open && self.names.iter().any(|name| name.starts_with(head))
    }

    /// Whether anything is in doubt.
    pub fn any(&self) -> bool {
        self.all || !self.names.is_empty()
    }

    /// The lost names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_and_patterns_share_the_doubt() {
        let doubts = Doubts { names: ["h".to_owned()].into(), ..Doubts::default() };
        assert!(doubts.covers("h") && doubts.covers("h.s.weight") && !doubts.covers("g.h"));
        assert!(doubts.may_match("*.bias") && doubts.may_match("h.*") && !doubts.may_match("g.*"));
    }
}
