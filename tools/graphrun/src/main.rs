//! The `graphrun` command: one file a verb.

mod activation;
mod args;
mod bench;
mod check;
mod curve;
mod draw;
mod draw_routes;
mod draw_sheet;
mod draw_strip;
mod draw_svg;
mod draw_text;
mod equiv;
mod eval;
mod examples;
mod explain;
mod failure;
mod fmt;
mod formula;
mod generate;
mod grad;
mod gradcheck;
mod gradcheck_report;
mod gradients;
mod inside;
mod jacobian;
mod json;
mod kernels;
mod layer;
mod model;
mod new;
mod ops;
mod others;
mod output;
mod point;
mod predict;
mod progress;
mod run;
mod runs;
mod schema;
mod self_test;
mod show;
mod stats;
mod stats_svg;
mod step;
mod stop;
mod table;
mod test;
mod trace;
mod trace_marks;
mod train;
mod unit;
mod values;

use std::process::ExitCode;

use clap::{Arg, Command, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::args::Common;
use crate::examples::with_examples;
use crate::failure::say;

/// Neural networks declared as data: check, show, run, differentiate and train RON model files.
#[derive(Parser)]
#[command(name = "graphrun", version, max_term_width = 100, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    common: Common,
}

#[derive(Subcommand)]
enum Verb {
    /// Load and verify; every error in one pass
    Check(check::Args),
    /// The nodes of a model with their shapes, parameters and cost
    Show(show::Args),
    /// Forward, and with --grad backward too
    Run(run::Args),
    /// Draw the graph: SVG, DOT, Mermaid or text
    Draw(draw::Args),
    /// The worksheet of backpropagation
    Trace(trace::Args),
    /// Whether two models have the same values and gradients
    Equiv(equiv::Args),
    /// The format and the registry as JSON, for editors
    Schema,
    /// Run the tests in the files
    Test(test::Args),
    /// The gradient graph, as a model file
    Grad(grad::Args),
    /// Numerical against analytic gradients
    Gradcheck(gradcheck::Args),
    /// Train as the file's train section says
    Train(train::Args),
    /// Measure trained weights on the held-out data
    Eval(eval::Args),
    /// The outputs of trained weights, for what is fed or for the held-out data
    Predict(predict::Args),
    /// Histograms of values and gradients, layer by layer
    Stats(stats::Args),
    /// Time steps and kernels
    Bench(bench::Args),
    /// The operations: formula, gradient, options, example
    Ops(ops::Args),
    /// A starter file
    New(new::Args),
    /// Put files into canonical form
    Fmt(fmt::Args),
    /// What an error code means
    Explain(explain::Args),
    /// Completions for a shell
    Completions(generate::CompletionsArgs),
    /// The manual pages
    Man(generate::ManArgs),
}

/// The whole command line, examples included. Every option that takes a value takes a negative number, to be judged as one.
fn command() -> Command {
    let lenient = |arg: Arg| match arg.get_action().takes_values() && !arg.is_positional() {
        true => arg.allow_negative_numbers(true),
        false => arg,
    };
    with_examples(Cli::command().mut_args(lenient)).mut_subcommands(|verb| with_examples(verb.mut_args(lenient)))
}

/// Reads the command line, or says what is wrong with it and gives the exit status.
fn parse() -> Result<Cli, ExitCode> {
    command().try_get_matches().and_then(|matches| Cli::from_arg_matches(&matches)).map_err(|error| {
        let as_json = std::env::args_os().any(|arg| arg == "--json");
        if error.use_stderr() && as_json {
            let text = error.to_string();
            let lines = text.lines().take_while(|line| !line.is_empty()).map(str::trim);
            let message = lines.collect::<Vec<_>>().join(" ");
            let message = message.trim_start_matches("error: ");
            let _ = say(serde_json::json!({"error": message, "help": "--help names what the verb takes"}));
        }
        let _ = error.print();
        ExitCode::from(error.exit_code() as u8)
    })
}

fn main() -> ExitCode {
    let cli = match parse() {
        Ok(cli) => cli,
        Err(status) => return status,
    };
    let common = &cli.common;
    let outcome = match &cli.verb {
        Verb::Check(args) => check::run(args, common),
        Verb::Show(args) => show::run(args, common),
        Verb::Run(args) => run::run(args, common),
        Verb::Draw(args) => draw::run(args, common),
        Verb::Trace(args) => trace::run(args, common),
        Verb::Equiv(args) => equiv::run(args, common),
        Verb::Schema => schema::run(),
        Verb::Test(args) => test::run(args, common),
        Verb::Grad(args) => grad::run(args, common),
        Verb::Gradcheck(args) => gradcheck::run(args, common),
        Verb::Train(args) => train::run(args, common),
        Verb::Eval(args) => eval::run(args, common),
        Verb::Predict(args) => predict::run(args, common),
        Verb::Stats(args) => stats::run(args, common),
        Verb::Bench(args) => bench::run(args, common),
        Verb::Ops(args) => ops::run(args, common),
        Verb::New(args) => new::run(args, common),
        Verb::Fmt(args) => fmt::run(args, common),
        Verb::Explain(args) => explain::run(args, common),
        Verb::Completions(args) => generate::completions(args, command(), common),
        Verb::Man(args) => generate::manual(args, command(), common),
    };
    match outcome {
        Ok(found) => ExitCode::from(found as u8),
        Err(failure) => failure.report(common.json),
    }
}
