//! The reference of a registry as Markdown: what `docs/ops.md` holds.

use std::fmt::Write;

use graphrun_graph::{OpDef, OptionDoc, Registry};

use crate::families;

/// Every operation of `registry` with its formula, gradient, inputs, options and example, grouped by family, then every
/// initialiser. Operations that are not standard ones form a family of their own.
#[must_use]
pub fn reference(registry: &Registry) -> String {
    let mut out = String::from(INTRODUCTION);
    let mut listed = Vec::new();
    for (family, definitions) in families() {
        let names: Vec<&str> = definitions.iter().map(|def| def.name).collect();
        section(&mut out, family, registry.ops().filter(|def| names.contains(&def.name)));
        listed.extend(names);
    }
    section(&mut out, "Other operations", registry.ops().filter(|def| !listed.contains(&def.name)));
    out.push_str("\n## Initialisers\n\n| name | what it gives |\n|---|---|\n");
    for init in registry.inits() {
        let name = if init.bare { format!("{}(value)", init.name) } else { init.name.to_owned() };
        let _ = writeln!(out, "| `{name}` | {} |", cell(init.summary));
    }
    out
}

const INTRODUCTION: &str = "# Operations

Every operation that a model file can name. A call gives the inputs by position, `Add(a, b)`, or inputs and options by
name, `Sum(x: h, axes: [1])`. Axes count from 0, negative ones from the end. In a gradient `dy` is the gradient of the
result and `dx` that of the input `x`. Accuracy is how far single precision is from the exact result at most, in units of
its last place (ULP): 6e-8 to 1.2e-7 of it. A test measures it for dy = 1 and default options, over every 4001st of all
numbers or, for two inputs, a grid of them; a value below 1e-35 in units of 1e-35, a gradient below 1 in those of 1.
Operations without that line are made of others and of sums, and a sum is within 2 ULP of the sum of the magnitudes. This
page is generated from the registry; every example is run as a test.
";

fn section<'a>(out: &mut String, title: &str, definitions: impl Iterator<Item = &'a OpDef>) {
    let mut definitions = definitions.peekable();
    if definitions.peek().is_some() {
        let _ = writeln!(out, "\n## {title}");
        definitions.for_each(|def| operation(out, def));
    }
}

fn operation(out: &mut String, def: &OpDef) {
    let ports = def.ports.iter().map(|port| match (port.variadic, port.optional) {
        (true, _) => format!("{}...", port.name),
        (_, true) => format!("{}?", port.name),
        _ => port.name.to_owned(),
    });
    let ports = ports.collect::<Vec<_>>().join(", ");
    let _ = writeln!(out, "\n### {}({ports})\n\n{}.\n", def.name, def.summary);
    let _ = writeln!(out, "- value: `{}`\n- gradient: `{}`", def.formula, def.gradient);
    if let Some(kink) = def.kink {
        let _ = writeln!(out, "- at a kink: {kink}");
    }
    let _ = writeln!(out, "- shape: {}", def.shape);
    if let Some(accuracy) = def.accuracy {
        let _ = writeln!(out, "- accuracy: {accuracy}");
    }
    if !def.params.is_empty() {
        let names: Vec<String> = def.params.iter().map(|name| format!("`{name}`")).collect();
        let _ = writeln!(out, "- parameters: {}", names.join(", "));
    }
    if def.expr.is_some() {
        let _ = writeln!(out, "- in formulas: `{}`", graphrun_graph::snake(def.name));
    }
    if !def.options.is_empty() {
        out.push_str("\n| option | kind | default | |\n|---|---|---|---|\n");
        def.options.iter().for_each(|option| row(out, option));
    }
    let _ = writeln!(out, "\n```ron\n{}\n```", def.example.trim());
}

fn row(out: &mut String, option: &OptionDoc) {
    let default = option.default.map_or_else(|| "required".to_owned(), |default| format!("`{default}`"));
    let _ = writeln!(out, "| `{}` | {} | {} | {} |", option.name, option.kind, cell(&default), cell(option.doc));
}

/// Text inside a table, where a bar would end the cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use crate::standard;

    /// Set `GRAPHRUN_REGENERATE=1` to write the page anew.
    #[test]
    fn the_committed_page_is_the_generated_one() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/ops.md");
        let page = super::reference(&standard());
        if std::env::var_os("GRAPHRUN_REGENERATE").is_some() {
            fs::write(path, &page).unwrap();
        }
        let committed = fs::read_to_string(path).unwrap_or_default();
        assert!(committed == page, "docs/ops.md has drifted: run this test with GRAPHRUN_REGENERATE=1");
    }

    #[test]
    fn every_operation_is_on_the_page_once() {
        let registry = standard();
        let page = super::reference(&registry);
        for def in registry.ops() {
            assert_eq!(page.matches(&format!("\n### {}(", def.name)).count(), 1, "{}", def.name);
        }
        assert!(!page.contains("Other operations"));
    }
}
