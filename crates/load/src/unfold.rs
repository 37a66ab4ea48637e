//! A document to one flat list of items.

use graphrun_graph::{Registry, Size, Sizes};

use crate::block::endless;
use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::document::Document;
use crate::expand::Expander;
use crate::flat::{Flat, Target};
use crate::sizes::{Symbols, known_symbol, size};
use crate::syntax::Span;

/// A model without blocks, and what the sections beside the nodes say; nothing of it refers to the tree of the text.
pub(crate) struct Unfolded<'r> {
    pub(crate) doc: Option<String>,
    pub(crate) flat: Flat<'r>,
    pub(crate) symbols: Symbols,
    /// The defaults of the symbols.
    pub(crate) sizes: Sizes,
    pub(crate) outputs: Vec<Root>,
    pub(crate) loss: Option<Root>,
    /// Whether the model names a loss, rightly or wrongly.
    pub(crate) has_loss: bool,
    /// Whether names are lost because a section cannot be read.
    pub(crate) broken: bool,
    /// Whether there is nothing because the model unfolds to too much.
    pub(crate) full: bool,
}

/// An output, or the loss.
pub(crate) struct Root {
    pub(crate) name: String,
    pub(crate) span: Span,
    /// What it is; nothing where that is wrong.
    pub(crate) target: Option<Target>,
}

/// Unfolds blocks and structural words, and finds what every name stands for.
pub(crate) fn unfold<'r>(
    document: &Document<'_>,
    registry: &'r Registry,
    max_nodes: usize,
    diagnostics: &mut Diagnostics,
) -> Unfolded<'r> {
    let endless = endless(document, diagnostics);
    let mut expander = Expander::new(registry, document, endless, max_nodes, diagnostics);
    let scope = expander.model();
    let mut root = |(name, span): &(&str, Span)| {
        let target = expander.named(name, *span, &scope).map(|it| it.target);
        Root { name: (*name).to_owned(), span: *span, target }
    };
    let mut outputs: Vec<Root> = document.outputs.iter().map(&mut root).collect();
    let mut loss = document.loss.as_ref().map(&mut root);
    drop(scope);
    expander.unused_blocks();
    let full = expander.full;
    let (mut flat, symbols) = (std::mem::take(&mut expander.flat), std::mem::take(&mut expander.symbols));
    drop(expander);
    if full {
        flat = Flat::default();
        outputs.clear();
        loss = None;
    }
    flat.link(diagnostics);
    for root in outputs.iter_mut().chain(&mut loss).filter(|root| matches!(root.target, Some(Target::Member(_)))) {
        root.target = flat.find(&root.name);
        if root.target.is_none() && !flat.is_bad_owner(&root.name) {
            diagnostics.push(flat.unknown(&root.name, root.span));
        }
    }
    let sizes = default_sizes(document, &symbols, diagnostics);
    let (doc, has_loss, broken) = (document.doc.map(str::to_owned), document.has_loss, document.broken);
    Unfolded { doc, flat, symbols, sizes, outputs, loss, has_loss, broken, full }
}

/// The `sizes` section.
fn default_sizes(document: &Document<'_>, symbols: &Symbols, diagnostics: &mut Diagnostics) -> Sizes {
    let mut sizes = Sizes::new();
    for (key, value) in &document.sizes {
        let known = known_symbol(key.text, key.span, symbols, diagnostics);
        match size(value, symbols, diagnostics).as_ref().map(Size::known) {
            Some(Some(size)) if known => drop(sizes.insert(key.text.into(), size)),
            Some(None) => {
                let message = format!("the default of `{}` is a whole number", key.text);
                let found = Diagnostic::new(Code::WrongKind, value.span, message, "not a number");
                diagnostics.push(found.help(format!("write a number, as in `{}: 64`", key.text)));
            }
            _ => {}
        }
    }
    sizes
}
