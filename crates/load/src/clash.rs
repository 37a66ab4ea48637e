//! An op that does not fit its inputs: both sides, and where each size comes from.

use graphrun_graph::{Size, TypeError};

use crate::build::Built;
use crate::diagnostics::{Code, Diagnostic};
use crate::flat::{Flat, ItemId, ItemKind, Target};
use crate::syntax::Span;

/// The finding for an error of item `id`.
pub(crate) fn type_error(flat: &Flat<'_>, built: &Built, id: ItemId, error: TypeError) -> Diagnostic {
    let item = &flat.items[id];
    let refs = item.refs();
    let shared = match &item.kind {
        ItemKind::Op(call) => call.shared.iter().any(|(name, _)| error.message.starts_with(name)),
        _ => false,
    };
    let code = match error.clash.as_deref() {
        _ if shared => Code::ParameterClash,
        Some(_) => Code::ShapeClash,
        None if error.message.starts_with("two nodes are named") => Code::NameTaken,
        None if error.inputs.is_empty() => Code::BadOption,
        None => Code::ShapeClash,
    };
    let what = if item.name.is_empty() { item.op_name().to_owned() } else { format!("`{}`", item.name) };
    let label = format!("in this {}", item.op_name());
    let mut found = Diagnostic::new(code, item.head, format!("{what}: {}", error.message), label);
    found = found.help_if(error.help.or_else(|| match code {
        Code::ParameterClash | Code::NameTaken => None,
        _ => Some(format!("`graphrun ops {}` shows what it takes, with an example", item.op_name())),
    }));
    let sizes: Vec<&Size> = error.clash.as_deref().into_iter().flat_map(|(a, b)| [a, b]).collect();
    let guilty = |k: usize, target: &Target| {
        let ty = type_of(flat, built, target)?;
        let named = sizes.iter().any(|size| ty.shape.contains(size));
        (error.inputs.contains(&k) || named).then_some(ty)
    };
    for (k, it) in refs.iter().enumerate() {
        let Some(ty) = guilty(k, &it.target) else { continue };
        let name = match &it.target {
            Target::Item(id) => flat.items[*id].name.clone(),
            Target::Owned(_, name) | Target::Member(name) => name.clone(),
        };
        let name = if name.is_empty() { "this number".to_owned() } else { format!("`{name}`") };
        found = found.second(it.span, format!("{name} is {ty}"));
    }
    for size in sizes {
        if let Some(place) =
            origin(flat, built, id, size).filter(|place| !found.secondary.iter().any(|(at, _)| at == place))
        {
            found = found.second(place, format!("{size} comes from here"));
        }
    }
    found
}

fn type_of(flat: &Flat<'_>, built: &Built, target: &Target) -> Option<graphrun_graph::Type> {
    let node = match target {
        Target::Item(id) => built.ids[flat.followed(*id)]?,
        Target::Owned(_, name) => built.graph.find(name)?,
        Target::Member(_) => return None,
    };
    Some(built.graph.ty(node).clone())
}

/// Where a size is written: the walk from an item towards the inputs for as long as the size is there.
fn origin(flat: &Flat<'_>, built: &Built, start: ItemId, size: &Size) -> Option<Span> {
    let mut id = start;
    loop {
        let item = &flat.items[id];
        let next = item.refs().into_iter().find_map(|it| {
            let used = it.target.item()?;
            type_of(flat, built, &it.target)?.shape.contains(size).then_some(used)
        });
        match (&item.kind, next) {
            (ItemKind::Input(ty, places), _) => return at(&ty.shape, places, size),
            (ItemKind::Param(param), _) => return at(&param.shape, &param.places, size),
            (_, Some(next)) => id = next,
            (ItemKind::Op(call), None) => {
                let number = call.numbers.iter().find(|(n, _)| Some(*n) == size.known());
                return number.map(|(_, span)| *span).or((id != start).then_some(item.head));
            }
            _ => return (id != start).then_some(item.head),
        }
    }
}

fn at(shape: &[Size], places: &[Span], size: &Size) -> Option<Span> {
    shape.iter().position(|other| other == size).and_then(|axis| places.get(axis)).copied()
}
