//! The order in which items are built, the circles among them, and what is needed.

use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::{Dfs, DfsPostOrder};

use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::flat::{Flat, ItemId, in_frames};

/// What refers to what, as a graph from users to what they use.
pub(crate) struct Uses {
    graph: DiGraph<(), (), u32>,
}

impl Uses {
    /// The references of all items.
    pub(crate) fn new(flat: &Flat<'_>) -> Uses {
        let edges = flat.items.iter().map(|item| item.refs().len()).sum();
        let mut graph = DiGraph::with_capacity(flat.items.len(), edges);
        for _ in &flat.items {
            graph.add_node(());
        }
        for (user, item) in flat.items.iter().enumerate() {
            for used in item.refs().into_iter().filter_map(|it| it.target.item()) {
                graph.add_edge(NodeIndex::new(user), NodeIndex::new(used), ());
            }
        }
        Uses { graph }
    }

    /// Reports every circle, its members named in order; answers which items are in one.
    pub(crate) fn circles(&self, flat: &Flat<'_>, diagnostics: &mut Diagnostics) -> Vec<bool> {
        let mut circular = vec![false; flat.items.len()];
        for component in petgraph::algo::kosaraju_scc(&self.graph) {
            let Some(path) = circle(&self.graph, &component) else { continue };
            component.iter().for_each(|id| circular[id.index()] = true);
            let named: Vec<_> =
                path.iter().map(|id| &flat.items[id.index()]).filter(|item| !item.name.is_empty()).collect();
            let names: Vec<&str> = named.iter().chain(named.first()).map(|item| &*item.name).take(12).collect();
            let more = if named.len() >= names.len() { " -> ..." } else { "" };
            let message = format!("nodes depend on one another in a circle: {}{more}", names.join(" -> "));
            let first = named[0];
            let mut found = Diagnostic::new(Code::Cycle, first.key, message, format!("`{}` needs itself", first.name));
            for item in named.iter().skip(1).take(4) {
                found = found.second(item.key, format!("by way of `{}`", item.name));
            }
            diagnostics.push(in_frames(found, first.frame.as_ref()));
        }
        circular
    }

    /// All items, each behind what it uses, otherwise as they stand in the file.
    pub(crate) fn order(&self) -> Vec<ItemId> {
        let mut order = Vec::with_capacity(self.graph.node_count());
        let mut walk = DfsPostOrder::empty(&self.graph);
        for start in self.graph.node_indices() {
            walk.move_to(start);
            while let Some(id) = walk.next(&self.graph) {
                order.push(id.index());
            }
        }
        order
    }

    /// Which items `roots` need, themselves among them.
    pub(crate) fn needed(&self, roots: impl IntoIterator<Item = ItemId>) -> Vec<bool> {
        let mut needed = vec![false; self.graph.node_count()];
        let mut walk = Dfs::empty(&self.graph);
        for root in roots {
            walk.move_to(NodeIndex::new(root));
            while let Some(id) = walk.next(&self.graph) {
                needed[id.index()] = true;
            }
        }
        needed
    }
}

/// A shortest circle through the first member of a strongly connected component, in order; nothing when there is none.
pub(crate) fn circle(graph: &DiGraph<(), (), u32>, component: &[NodeIndex<u32>]) -> Option<Vec<NodeIndex<u32>>> {
    let start = *component.iter().min()?;
    if component.len() == 1 && !graph.contains_edge(start, start) {
        return None;
    }
    let within: std::collections::HashSet<_> = component.iter().copied().collect();
    let mut from = std::collections::HashMap::new();
    let mut queue = std::collections::VecDeque::from([start]);
    while let Some(at) = queue.pop_front() {
        for next in graph.neighbors(at).filter(|next| within.contains(next)) {
            if next == start {
                let mut path = vec![at];
                while let Some(before) = from.get(path.last().unwrap_or(&start)) {
                    path.push(*before);
                }
                path.reverse();
                return Some(path);
            }
            if let std::collections::hash_map::Entry::Vacant(slot) = from.entry(next) {
                slot.insert(at);
                queue.push_back(next);
            }
        }
    }
    None
}
