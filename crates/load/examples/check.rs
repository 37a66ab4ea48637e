//! Loads the files named on the command line and prints what is wrong with them, or their graphs as models.

use std::io::Write;

use graphrun_load::{LoadOptions, PrintOptions, load, print};

fn main() -> std::io::Result<()> {
    let registry = graphrun_nodes::standard();
    let mut out = std::io::stdout();
    for path in std::env::args().skip(1) {
        match load(path.as_ref(), &registry, &LoadOptions::default()) {
            Ok(model) => {
                let options = PrintOptions { doc: model.doc.clone(), tests: model.tests.clone() };
                let graph = model.graph(graphrun_graph::Phase::Test);
                let text = print(graph, &registry, &options).unwrap_or_else(|reason| reason);
                writeln!(out, "{}\n{text}", model.warnings)?;
            }
            Err(found) => writeln!(out, "{found}")?,
        }
    }
    Ok(())
}
