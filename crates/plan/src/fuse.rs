//! Which nodes become one kernel: element-wise chains with their broadcasts and the reductions of their rows.

use graphrun_graph::{Form, Leaf, NodeId, Reduce};

use crate::concrete::Concrete;
use crate::extent::{Extent, cuts, extent};

/// The most values that one kernel computes.
const MAX_MEMBERS: usize = 64;
/// The most nodes that are looked at before a join is given up.
const MAX_SEARCH: usize = 4096;

/// What a member of a group is, over the group's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// One element for every point.
    Full,
    /// One element a row.
    Row,
    /// A sum over rows: complete only when the whole group is done.
    Sum,
}

/// Nodes that one tile program computes.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    /// The points of the iteration space.
    pub(crate) total: usize,
    /// The length of a row, where some member or operand asks for one.
    pub(crate) inner: Option<usize>,
    /// The members, in order.
    pub(crate) members: Vec<NodeId>,
}

/// The groups, and for every node the group and class it has there.
#[derive(Debug)]
pub(crate) struct Groups<'c, 'g> {
    concrete: &'c Concrete<'g>,
    pub(crate) groups: Vec<Group>,
    pub(crate) of: Vec<Option<(usize, Class)>>,
    /// For every node, the last search for a cycle that has come by, and the number of searches.
    seen: Vec<u32>,
    searches: u32,
    /// Nodes in order, each the last of a beginning of the graph that no group reaches out of.
    closed: Vec<NodeId>,
}

/// How a node would stand in a group.
struct Fit {
    class: Class,
    inner: Option<usize>,
}

pub(crate) fn fuse<'c, 'g>(concrete: &'c Concrete<'g>) -> Groups<'c, 'g> {
    let count = concrete.shapes.len();
    let mut groups = Groups {
        concrete,
        groups: Vec::new(),
        of: vec![None; count],
        seen: vec![0; count],
        searches: 0,
        closed: Vec::new(),
    };
    for (id, _) in concrete.graph.ids() {
        if concrete.needed[id.index()] && fusible(concrete, id) {
            groups.place(id);
        }
        if let Some((g, _)) = groups.of[id.index()] {
            let first = groups.groups[g].members[0];
            while groups.closed.pop_if(|last| *last >= first).is_some() {}
        }
        groups.closed.push(id);
    }
    groups
}

/// Whether a node can be computed by a tile program at all.
fn fusible(concrete: &Concrete<'_>, id: NodeId) -> bool {
    match concrete.form(id) {
        Form::Pointwise(_) | Form::Pick | Form::OneHot => true,
        Form::Reduce { with, axes, .. } => {
            let rank = concrete.shape(concrete.inputs(id)[0]).rank();
            let trailing = axes.iter().rev().enumerate().all(|(k, &axis)| axis + 1 + k == rank);
            let leading = axes.iter().enumerate().all(|(k, &axis)| axis == k);
            trailing || (leading && *with == Reduce::Sum)
        }
        _ => false,
    }
}

impl Groups<'_, '_> {
    /// Puts a node into the groups of its operands, joined, or into one of its own.
    fn place(&mut self, id: NodeId) {
        let mut candidates: Vec<usize> = self
            .concrete
            .inputs(id)
            .iter()
            .filter_map(|&input| self.of[self.operand(id, input).index()].map(|(g, _)| g))
            .collect();
        candidates.sort_unstable();
        candidates.dedup();
        // The largest number of groups that can be joined is found greedily, the latest first.
        let mut chosen: Vec<usize> = Vec::new();
        let mut best = None;
        for &candidate in candidates.iter().rev() {
            chosen.push(candidate);
            match self.fit(id, &chosen) {
                Some(fit) if self.aligned(&chosen, fit.inner) && self.acyclic(id, &chosen) => best = Some(fit),
                _ => {
                    chosen.pop();
                }
            }
        }
        if let Some(fit) = best.or_else(|| self.fit(id, &[])) {
            self.join(id, &chosen, fit);
        }
    }

    /// The node whose memory a member reads for one of its inputs: reshapes are looked through, and
    /// broadcasts too where the member is element-wise.
    pub(crate) fn operand(&self, member: NodeId, input: NodeId) -> NodeId {
        match self.concrete.form(member) {
            Form::Pointwise(_) => self.concrete.root(self.concrete.source(input)),
            _ => self.concrete.root(input),
        }
    }

    fn total(&self, id: NodeId) -> usize {
        let reads_input = matches!(self.concrete.form(id), Form::Reduce { .. } | Form::Pick);
        self.concrete.shape(if reads_input { self.concrete.inputs(id)[0] } else { id }).len()
    }

    /// How `id` would stand in the union of `groups`, if it can.
    fn fit(&self, id: NodeId, groups: &[usize]) -> Option<Fit> {
        let (mut total, mut inner, mut members) = (None, None, 0);
        for &g in groups {
            let group = &self.groups[g];
            members += group.members.len();
            if total.replace(group.total).is_some_and(|t| t != group.total) {
                return None;
            }
            if let Some(own) = group.inner
                && inner.replace(own).is_some_and(|i| i != own)
            {
                return None;
            }
        }
        if members >= MAX_MEMBERS {
            return None;
        }
        let inside = |input: NodeId| {
            let (group, class) = self.of[self.operand(id, input).index()]?;
            groups.contains(&group).then_some(class)
        };
        let inputs = self.concrete.inputs(id);
        if inputs.iter().any(|&input| inside(input) == Some(Class::Sum)) {
            return None;
        }
        let own = self.total(id);
        match self.concrete.form(id) {
            Form::Pointwise(_) if total.is_none_or(|t| t == own) => {
                let inner = self.pointwise_inner(id, inner, &inside)?;
                Some(Fit { class: Class::Full, inner })
            }
            Form::Pointwise(_) => {
                // One element a row: every operand is one, or one for all.
                let row_shape = self.concrete.shape(id);
                let rows = total? / inner.filter(|i| *i > 0)?;
                let fits = own == rows
                    && inputs.iter().all(|&input| match inside(input) {
                        Some(class) => class == Class::Row && self.concrete.seen(input).len() == rows,
                        None => {
                            let shape = self.concrete.seen(input);
                            matches!(extent(shape, row_shape, 1), Some(Extent::Full | Extent::Scalar))
                        }
                    });
                let some_row = inputs.iter().any(|&input| inside(input) == Some(Class::Row));
                (fits && some_row).then_some(Fit { class: Class::Row, inner })
            }
            Form::Reduce { with, axes, .. } => {
                if total.is_some_and(|t| t != own) || inputs.iter().any(|&i| inside(i) == Some(Class::Row)) {
                    return None;
                }
                let shape = self.concrete.shape(inputs[0]);
                let trailing = axes.first().is_none_or(|first| axes.len() + first == shape.rank());
                let length: usize = match trailing && axes.len() < shape.rank() {
                    true => axes.iter().map(|&a| shape.sizes()[a]).product(),
                    false => shape.sizes()[axes.len()..].iter().product(),
                };
                if axes.len() == shape.rank() && *with == Reduce::Sum {
                    return Some(Fit { class: Class::Sum, inner });
                }
                let length = if axes.len() == shape.rank() { own } else { length };
                let class = if trailing { Class::Row } else { Class::Sum };
                (length > 0 && inner.is_none_or(|i| i == length)).then_some(Fit { class, inner: Some(length) })
            }
            Form::Pick => {
                let length = self.concrete.shape(inputs[0]).from_end(0);
                let whole = total.is_none_or(|t| t == own) && inside(inputs[0]) != Some(Class::Row);
                (whole && length > 0 && inner.is_none_or(|i| i == length))
                    .then_some(Fit { class: Class::Row, inner: Some(length) })
            }
            Form::OneHot => {
                let length = self.concrete.shape(id).from_end(0);
                (groups.is_empty() && length > 0).then_some(Fit { class: Class::Full, inner: Some(length) })
            }
            _ => None,
        }
    }

    /// Whether what a member of one of these groups reads of another lies there as it is computed, in rows of `inner`
    /// elements. From outside it could have been read in any way, as `v` is twice in the outer product of `v` with itself.
    fn aligned(&self, groups: &[usize], inner: Option<usize>) -> bool {
        let inner = inner.unwrap_or(1);
        let fits = |g: usize, member: NodeId, input: NodeId| {
            let Some((other, class)) = self.of[self.operand(member, input).index()] else { return true };
            if other == g || !groups.contains(&other) {
                return true;
            }
            let (from, shape) = (self.concrete.seen(input), self.concrete.shape(member));
            match (self.concrete.form(member), self.of[member.index()]) {
                (Form::Pointwise(_), Some((_, Class::Row))) => class == Class::Row && from.len() == shape.len(),
                (Form::Pointwise(_), _) => lines_up(class, extent(from, shape, inner), inner, shape.len()),
                _ => class == Class::Full,
            }
        };
        let member =
            |g: usize, member: NodeId| self.concrete.inputs(member).iter().all(|&input| fits(g, member, input));
        groups.len() < 2 || groups.iter().all(|&g| self.groups[g].members.iter().all(|&id| member(g, id)))
    }

    /// The row length under which every operand of a full member lies in a way that programs read: the one
    /// given, or the shortest that does; none needed where all are full or single.
    fn pointwise_inner(
        &self,
        id: NodeId,
        given: Option<usize>,
        inside: &dyn Fn(NodeId) -> Option<Class>,
    ) -> Option<Option<usize>> {
        let shape = self.concrete.shape(id);
        let fits = |inner: usize| {
            let mut spanned = (false, false);
            let all = self.concrete.inputs(id).iter().all(|&input| {
                let from = self.concrete.seen(input);
                let found = extent(from, shape, inner);
                match found {
                    Some(Extent::Full) => spanned = (true, true),
                    Some(Extent::Row { .. }) => spanned.0 = true,
                    Some(Extent::Col) => spanned.1 = true,
                    _ => {}
                }
                match inside(input) {
                    None => found.is_some(),
                    Some(class) => lines_up(class, found, inner, shape.len()),
                }
            });
            let (down, across) = spanned;
            let rows = shape.len() / inner.max(1);
            // Of no rows at all, an operand of one row has more elements than the result.
            all && (down || rows == 1) && (across || inner == 1)
        };
        if let Some(inner) = given {
            return fits(inner).then_some(given);
        }
        let simple = |&input: &NodeId| {
            let from = self.concrete.seen(input);
            (from.len() == shape.len() && inside(input) != Some(Class::Row))
                || (from.len() == 1 && inside(input).is_none())
        };
        let some_full = self.concrete.inputs(id).iter().any(|&i| self.concrete.seen(i).len() == shape.len());
        if some_full && self.concrete.inputs(id).iter().all(simple) {
            return Some(None);
        }
        cuts(shape).filter(|&inner| inner > 0).find(|&inner| fits(inner)).map(Some)
    }

    /// Whether the union of `groups` and `id` reads nothing that depends on it from outside; no, where
    /// that takes long to find out.
    fn acyclic(&mut self, id: NodeId, groups: &[usize]) -> bool {
        let inside = |of: &[Option<(usize, Class)>], node: NodeId| {
            node == id || of[node.index()].is_some_and(|(g, _)| groups.contains(&g))
        };
        let Some(first) = groups.iter().filter_map(|&g| self.groups[g].members.first().copied()).min() else {
            return true;
        };
        // What lies in a closed beginning before the union's first node cannot depend on it.
        let before = self.closed.partition_point(|last| *last < first);
        let apart = |node: NodeId| before > 0 && node <= self.closed[before - 1];
        self.searches += 1;
        let mut waiting: Vec<NodeId> = Vec::new();
        let mut found = 0;
        for &member in groups.iter().flat_map(|&g| &self.groups[g].members).chain([&id]) {
            for &input in self.concrete.inputs(member) {
                let operand = self.operand(member, input);
                if !inside(&self.of, operand) {
                    waiting.push(operand);
                } else if matches!(self.of[operand.index()], Some((_, Class::Sum))) {
                    // A sum over rows is complete only when the whole union is done.
                    return false;
                }
            }
        }
        while let Some(node) = waiting.pop() {
            let known = std::mem::replace(&mut self.seen[node.index()], self.searches) == self.searches;
            if known || apart(node) {
                continue;
            }
            let members = match self.of[node.index()] {
                Some((g, _)) => self.groups[g].members.as_slice(),
                None => &[],
            };
            found += 1 + members.len();
            if found > MAX_SEARCH {
                return false;
            }
            for &member in members {
                self.seen[member.index()] = self.searches;
            }
            for &input in members.iter().chain([&node]).flat_map(|&n| self.concrete.inputs(n)) {
                if inside(&self.of, input) {
                    return false;
                }
                waiting.push(input);
            }
        }
        true
    }

    fn join(&mut self, id: NodeId, groups: &[usize], fit: Fit) {
        let total = self.total(id);
        let target = match groups.first() {
            Some(&g) => g,
            None => {
                self.groups.push(Group { total, inner: None, members: Vec::new() });
                self.groups.len() - 1
            }
        };
        for &other in groups.iter().skip(1) {
            let members = std::mem::take(&mut self.groups[other].members);
            for &member in &members {
                if let Some((group, _)) = &mut self.of[member.index()] {
                    *group = target;
                }
            }
            self.groups[target].members.extend(members);
        }
        self.of[id.index()] = Some((target, fit.class));
        let group = &mut self.groups[target];
        group.inner = fit.inner;
        group.members.push(id);
        group.members.sort_unstable();
    }
}

/// Whether a member of this class is computed where a full member of `len` elements reads it, lying as `found`.
fn lines_up(class: Class, found: Option<Extent>, inner: usize, len: usize) -> bool {
    match (class, found) {
        (Class::Full, Some(Extent::Full)) => true,
        (Class::Row, Some(Extent::Row { div, modulo })) => div == 1 && modulo * inner.max(1) == len,
        (Class::Row, Some(Extent::Full)) => inner == 1,
        _ => false,
    }
}

/// Whether a node is a value that runs begin with.
pub(crate) fn is_leaf(form: &Form) -> bool {
    matches!(form, Form::Leaf(Leaf::Input(_) | Leaf::Parameter(_)))
}
