//! Whether every parameter can begin as it is told to.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use graphrun_graph::{Graph, Initialiser, Parameter};

use crate::build::Built;
use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::flat::{Flat, Item, ItemKind, ParamDecl, Target, in_frames, is_open};
use crate::syntax::Span;

/// Reports parameters without a number for each size, initialisers that do not apply, and those without effect.
pub(crate) fn check_starts(flat: &Flat<'_>, built: &Built, diagnostics: &mut Diagnostics) {
    let graph = &built.graph;
    let places = places(flat);
    let mut empty = HashSet::new();
    for parameter in graph.parameters() {
        let (id, decl) = match flat.find(&parameter.name) {
            Some(Target::Item(id)) => match &flat.items[id].kind {
                ItemKind::Param(decl) => (id, Some(decl)),
                _ => continue,
            },
            Some(Target::Owned(id, _)) => (id, None),
            _ => continue,
        };
        let item = &flat.items[id];
        if let Some((size, axis)) = open(graph, parameter) {
            if !is_open(&size) {
                let at = decl.and_then(|decl| decl.places.get(axis)).copied().unwrap_or(item.head);
                report(open_size(graph, parameter, &size, at), item, diagnostics);
            }
            continue;
        }
        let Ok(shape) = graph.ty(parameter.node).concrete(&graph.sizes) else { continue };
        if let Some(axis) = shape.sizes().iter().position(|size| *size == 0) {
            if let Some(found) = nothing(parameter, &shape, axis, decl, item)
                && empty.insert(id)
            {
                report(found, item, diagnostics);
            }
            continue;
        }
        if let Err(why) = parameter.init.check(shape.sizes()) {
            let at = places.get(&address(&parameter.init)).copied().unwrap_or(item.head);
            let message = format!("`{}` cannot begin like this: {why}", parameter.name);
            let found = Diagnostic::new(Code::BadOption, at, message, "this initialiser");
            let help = format!("mend it, or write another that can fill {shape}, such as `Zeros`");
            report(found.help(help), item, diagnostics);
        }
    }
    idle(flat, built, diagnostics);
}

fn report(found: Diagnostic, item: &Item<'_>, diagnostics: &mut Diagnostics) {
    diagnostics.push(in_frames(found, item.frame.as_ref()));
}

/// The first size of a parameter that is no number even with the defaults of the symbols.
fn open(graph: &Graph, parameter: &Parameter) -> Option<(graphrun_graph::Size, usize)> {
    let shape = &graph.ty(parameter.node).shape;
    let axis = shape.iter().position(|size| size.eval(&graph.sizes).is_err())?;
    Some((shape[axis].clone(), axis))
}

/// A parameter without elements, at the size that makes it so; none where no size is written there, and it is as empty as
/// an input.
fn nothing(
    parameter: &Parameter,
    shape: &dyn std::fmt::Display,
    axis: usize,
    decl: Option<&ParamDecl>,
    item: &Item<'_>,
) -> Option<Diagnostic> {
    let numbers = match &item.kind {
        ItemKind::Op(call) => call.numbers.as_slice(),
        _ => &[],
    };
    let written = numbers.iter().find(|(number, _)| *number == 0).map(|(_, at)| *at);
    let declared = decl.and_then(|decl| decl.places.get(axis)).copied();
    let at = declared.or(written)?;
    let message = format!("the parameter `{}` would be {shape}, and hold nothing", parameter.name);
    let found = Diagnostic::new(Code::BadValue, at, message, "no size of a parameter");
    Some(found.help("a size of a parameter is 1 or more"))
}

fn open_size(graph: &Graph, parameter: &Parameter, size: &graphrun_graph::Size, at: Span) -> Diagnostic {
    let (name, ty) = (&parameter.name, graph.ty(parameter.node));
    let message = format!("the parameter `{name}` would be {ty}, and {size} is known only when the model runs");
    let found = Diagnostic::new(Code::OpenSize, at, message, "no number");
    found.help("the sizes of a parameter are numbers: write one here or in the input that declares the symbol")
}

/// Reports initialisers of parameters that a call takes from elsewhere or does not have.
fn idle(flat: &Flat<'_>, built: &Built, diagnostics: &mut Diagnostics) {
    let used: HashSet<usize> = built.graph.parameters().iter().map(|parameter| address(&parameter.init)).collect();
    for (item, _) in flat.items.iter().zip(&built.ids).filter(|(_, id)| id.is_some()) {
        let ItemKind::Op(call) = &item.kind else { continue };
        for (option, (_, at)) in call.inits.iter().filter(|(_, (init, _))| !used.contains(&address(init))) {
            let message = format!("`{option}` of {} has no effect here", call.def.name);
            let found = Diagnostic::new(Code::BadOption, *at, message, "without effect");
            let help = "the parameter that it is for is left out, or is another one that begins by itself; delete this";
            report(found.help(help), item, diagnostics);
        }
    }
}

/// Where each initialiser is written.
fn places(flat: &Flat<'_>) -> HashMap<usize, Span> {
    let mut places = HashMap::new();
    for item in &flat.items {
        match &item.kind {
            ItemKind::Param(decl) => drop(places.insert(address(&decl.init), decl.init_place)),
            ItemKind::Op(call) => places.extend(call.inits.values().map(|(init, at)| (address(init), *at))),
            _ => {}
        }
    }
    places
}

/// What tells one initialiser from another that says the same.
fn address(init: &Arc<dyn Initialiser>) -> usize {
    Arc::as_ptr(init).cast::<u8>().addr()
}
