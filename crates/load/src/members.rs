//! Dotted addresses to what they name.

use std::collections::HashMap;
use std::sync::Arc;

use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::flat::{Flat, ItemId, ItemKind, Ref, Target, in_frames};
use crate::syntax::Span;

/// The most members that a message lists.
const MAX_LISTED: usize = 5;

/// The longest run of names for one thing that is followed.
const MAX_ALIASES: usize = 1_000;

impl Flat<'_> {
    /// For every item that has several names the one with the fewest parts; `order` has items behind what they use.
    pub(crate) fn titles(&self, order: &[ItemId]) -> HashMap<ItemId, Arc<str>> {
        let mut stands_for: Vec<ItemId> = (0..self.items.len()).collect();
        let mut titles: HashMap<ItemId, Arc<str>> = HashMap::new();
        for &id in order {
            let item = &self.items[id];
            let ItemKind::Alias(Ref { target: Target::Item(next), .. }) = &item.kind else { continue };
            stands_for[id] = stands_for[*next];
            let parts = |name: &str| name.matches('.').count();
            let title = titles.entry(stands_for[id]).or_insert_with(|| item.name.clone());
            if parts(&item.name) < parts(title) {
                *title = item.name.clone();
            }
        }
        titles
    }

    /// What a full name stands for: an item, or a parameter that an op owns.
    pub(crate) fn find(&self, name: &str) -> Option<Target> {
        if let Some(id) = self.names.get(name) {
            return Some(Target::Item(*id));
        }
        let (owner, last) = name.rsplit_once('.')?;
        let id = self.followed(*self.names.get(owner)?);
        let item = &self.items[id];
        let owns = match &item.kind {
            ItemKind::Op(call) => call.def.params.contains(&last) && !call.shared.iter().any(|(name, _)| *name == last),
            _ => false,
        };
        owns.then(|| Target::Owned(id, format!("{}.{last}", item.name).into()))
    }

    /// The item that an alias stands for in the end, itself when it is none.
    pub(crate) fn followed(&self, mut id: ItemId) -> ItemId {
        for _ in 0..MAX_ALIASES {
            match &self.items[id].kind {
                ItemKind::Alias(Ref { target: Target::Item(next), .. }) => id = *next,
                _ => break,
            }
        }
        id
    }

    /// Resolves every dotted address; those that name nothing are reported.
    pub(crate) fn link(&mut self, diagnostics: &mut Diagnostics) {
        self.link_loose(diagnostics);
        for id in 0..self.items.len() {
            let refs = self.items[id].refs();
            let members: Vec<(usize, Arc<str>, Span)> = refs
                .iter()
                .enumerate()
                .filter_map(|(k, it)| match &it.target {
                    Target::Member(name) => Some((k, name.clone(), it.span)),
                    _ => None,
                })
                .collect();
            for (k, name, span) in members {
                if self.is_bad_owner(&name) {
                    self.items[id].kind = ItemKind::Bad;
                    break;
                }
                match self.find(&name) {
                    Some(target) => self.items[id].refs_mut()[k].target = target,
                    None if diagnostics.is_full() => self.items[id].kind = ItemKind::Bad,
                    None => {
                        let found = self.unknown(&name, span);
                        diagnostics.push(in_frames(found, self.items[id].frame.as_ref()));
                        self.items[id].kind = ItemKind::Bad;
                        break;
                    }
                }
            }
        }
    }

    /// Reports dotted addresses in wrong items that name nothing.
    fn link_loose(&mut self, diagnostics: &mut Diagnostics) {
        for (it, frame) in std::mem::take(&mut self.loose) {
            let Target::Member(name) = &it.target else { continue };
            if !self.is_bad_owner(name) && self.find(name).is_none() && !diagnostics.is_full() {
                diagnostics.push(in_frames(self.unknown(name, it.span), frame.as_ref()));
            }
        }
    }

    /// Whether a dotted name asks for a member of something that is wrong itself, and reported.
    pub(crate) fn is_bad_owner(&self, name: &str) -> bool {
        let owners = name.match_indices('.').map(|(at, _)| &name[..at]);
        let mut known = owners.filter_map(|owner| self.names.get(owner));
        known.any(|id| matches!(self.items[self.followed(*id)].kind, ItemKind::Bad))
    }

    /// Reports a name that stands for nothing, with what there is beside it.
    pub(crate) fn unknown(&self, name: &str, span: Span) -> Diagnostic {
        if name.split('.').any(str::is_empty) {
            let message = format!("`{name}` is no name and no address");
            let found = Diagnostic::new(Code::UnknownNode, span, message, "with nothing where a name is needed");
            let tidy: Vec<&str> = name.split('.').filter(|part| !part.is_empty()).collect();
            let tidy = tidy.join(".");
            return match self.find(&tidy) {
                Some(_) => found.help(format!("did you mean `{tidy}`?")),
                None => found.help("an address is names joined by single points, as in \"h.weight\""),
            };
        }
        let Some((owner, last)) = name.rsplit_once('.') else {
            let known = self.names.keys().filter(|name| !name.contains('.')).map(|name| &**name);
            let message = format!("there is no node `{name}`");
            return Diagnostic::new(Code::UnknownNode, span, message, "not a node, input or parameter")
                .suggest(name, known);
        };
        let Some(id) = self.names.get(owner) else {
            let message = format!("there is no node `{owner}` to have a member `{last}`");
            let known = self.names.keys().map(|name| &**name);
            let near = crate::diagnostics::nearest(owner, known).map(|name| format!("did you mean `{name}.{last}`?"));
            let found = Diagnostic::new(Code::UnknownMember, span, message, "unknown");
            return found.help("write the name of a node that is there before the point").help_if(near);
        };
        let prefix = format!("{owner}.");
        let inner = self.names.keys().filter_map(|name| name.strip_prefix(&prefix)).filter(|name| !name.contains('.'));
        let mut known: Vec<&str> = inner.collect();
        if let ItemKind::Op(call) = &self.items[self.followed(*id)].kind {
            known.extend(call.def.params.iter().copied());
        }
        known.sort_unstable();
        known.dedup();
        let message = format!("`{owner}` has no member `{last}`");
        let found = Diagnostic::new(Code::UnknownMember, span, message, "unknown member");
        if known.is_empty() {
            return found.help(format!("`{owner}` has no members: write a name without a point"));
        }
        // What is listed or meant is written in full, as it can be put in the place of what is wrong.
        let full: Vec<String> = known.iter().map(|member| format!("{prefix}{member}")).collect();
        let help = match full.len() {
            1..=MAX_LISTED => format!("its members are {}", full.join(", ")),
            n => format!("it has {n} members, such as {}", full[..MAX_LISTED].join(", ")),
        };
        match crate::diagnostics::nearest(last, known) {
            Some(member) => found.help(format!("did you mean `{prefix}{member}`?")),
            None => found.help(help),
        }
    }
}
