//! How many nodes a model unfolds to, told before it is unfolded.

use std::collections::HashMap;
use std::rc::Rc;

use crate::document::Document;
use crate::scope::{Binding, Scope};
use crate::syntax::{Kind, Value};

/// The nodes that one use of each block unfolds to at least.
#[derive(Default)]
pub(crate) struct Weights<'t>(HashMap<&'t str, usize>);

impl<'t> Weights<'t> {
    /// Weighs the blocks of a document, those in them first.
    pub(crate) fn new(document: &Document<'t>) -> Weights<'t> {
        let mut weights = Weights::default();
        for name in document.blocks.keys() {
            weights.block(document, name, 0);
        }
        weights
    }

    /// Weighs a block and what it uses; one that contains itself, which is reported elsewhere, counts once.
    fn block(&mut self, document: &Document<'t>, name: &'t str, depth: usize) {
        let Some(block) = document.blocks.get(name).filter(|_| !self.0.contains_key(name)) else { return };
        self.0.insert(block.key.text, 1);
        if depth < crate::block::MAX_BLOCKS {
            let mut inner = Vec::new();
            block.nodes.iter().for_each(|(_, value)| crate::block::heads(value, &mut |name, _| inner.push(name)));
            inner.sort_unstable();
            inner.dedup();
            inner.into_iter().for_each(|name| self.block(document, name, depth + 1));
        }
        let nodes = block.nodes.iter().map(|(_, value)| self.call(value, None));
        let weight = nodes.fold(1, usize::saturating_add);
        self.0.insert(block.key.text, weight);
    }

    /// The nodes of one call.
    pub(crate) fn call(&self, value: &Value, scope: Option<&Rc<Scope<'_>>>) -> usize {
        match (value.head(), value.args()) {
            (Some(("Chain", _)), [_, list]) => self.list(&list.value, scope).saturating_add(1),
            (Some(("Apply", _)), [op, _]) => self.call(&op.value, scope),
            (Some(("Repeat", _)), [count, list]) => {
                let written = match scope.and_then(|scope| scope.lookup(&count.value)) {
                    Some(Binding::Value(_, value, _)) => value.as_int(),
                    _ => count.value.as_int(),
                };
                let rounds = written.and_then(|rounds| usize::try_from(rounds).ok()).unwrap_or(1);
                rounds.saturating_mul(self.list(&list.value, scope))
            }
            (Some((name, _)), _) => self.0.get(name).copied().unwrap_or(1),
            _ => 1,
        }
    }

    /// The nodes of a list of ops.
    pub(crate) fn list(&self, list: &Value, scope: Option<&Rc<Scope<'_>>>) -> usize {
        let Kind::List(ops) = &list.kind else { return 1 };
        ops.iter().map(|op| self.call(op, scope)).fold(0, usize::saturating_add)
    }
}
