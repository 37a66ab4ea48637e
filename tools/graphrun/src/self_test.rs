//! `graphrun gradcheck --self-test`: planted bugs must all be caught, and clean graphs must raise no alarm.

use std::sync::Arc;

use graphrun::gradcheck::{Executor, GateOptions, Hunt, Progress, Verdict, self_test};
use graphrun::load::print_tested;
use graphrun::nodes;
use serde_json::json;

use crate::args::{Common, whole};
use crate::failure::{Failure, Found, say};
use crate::progress::bar;

/// What says how one model is checked, and nothing about the checker.
const OF_A_MODEL: [&str; 13] =
    ["file", "set", "feed", "of", "wrt", "upstream", "method", "step", "digits", "curve", "svg", "weights", "dtype"];

#[derive(clap::Args, Debug)]
pub(crate) struct SelfTest {
    /// Check the checker, without a file: planted bugs must all be caught, and clean random graphs must raise no alarm.
    /// Takes minutes, on two cores about 4; --seeds 1 --cases 1000 takes seconds
    #[arg(long, conflicts_with_all = OF_A_MODEL)]
    pub(crate) self_test: bool,
    /// How many clean graphs the self-test examines; another --seed means others
    #[arg(long, default_value_t = 100_000, value_parser = whole::<usize>, requires = "self_test", conflicts_with = "file")]
    cases: usize,
    /// With how many seeds the self-test plants each bug; another --seed means others
    #[arg(long, default_value_t = 20, value_parser = whole::<usize>, requires = "self_test", conflicts_with = "file")]
    seeds: usize,
}

pub(crate) fn run(args: &SelfTest, common: &Common) -> Result<Found, Failure> {
    let (bugs, cases) = (bar("planted bugs", common.json), bar("clean graphs", common.json));
    cases.set_length(args.cases as u64);
    let (graphs, as_json) = (cases.clone(), common.json);
    let progress = move |progress: Progress<'_>| match progress {
        Progress::Mutant(mutant, of) => {
            bugs.set_length(of as u64);
            bugs.inc(1);
            if !as_json {
                bugs.suspend(|| drop(say(mutant)));
            }
            if bugs.position() == of as u64 {
                bugs.finish_and_clear();
                graphs.reset();
            }
        }
        Progress::Case => graphs.inc(1),
    };
    // Each seed has cases and plantings of its own, beside those of all other seeds.
    let seed = common.seed.unwrap_or(0);
    let options = GateOptions {
        seeds: args.seeds,
        first: seed.wrapping_mul(args.seeds as u64),
        clean: Hunt {
            cases: args.cases,
            seed: seed.wrapping_mul(args.cases as u64),
            threads: common.pool()?.count(),
            print: Some(Arc::new(|graph, tests| print_tested(graph, &nodes::standard(), tests))),
            regressions: None,
        },
        progress: Arc::new(progress),
        ..GateOptions::default()
    };
    let report = self_test(&nodes::standard, &Executor::default(), &options);
    cases.finish_and_clear();
    let verdict = report.verdict();
    if common.json {
        let mutants = report
            .mutants
            .iter()
            .map(|m| json!({"name": m.name, "caught": m.caught, "seeds": m.seeds, "cases": m.cases}));
        say(json!({
            "verdict": verdict.as_str(),
            "mutants": mutants.collect::<Vec<_>>(),
            "clean": report.clean.as_ref().map_or(0, |tally| tally.cases),
            "missing": report.missing,
            "unexamined": report.unexamined(),
            "alarm": report.clean.as_ref().err().map(ToString::to_string),
            "seconds": report.time.as_secs_f64(),
        }))?;
    } else {
        say(report.summary())?;
        if let Err(alarm) = &report.clean {
            say(format!("again: graphrun gradcheck --self-test --seeds 0 --cases 1 --seed {}", alarm.recipe.seed))?;
        }
        let partly = verdict == Verdict::Pass && !report.unexamined().is_empty();
        let part = if partly { " of what was examined" } else { "" };
        say(format!("{verdict}{part} in {:.1} s", report.time.as_secs_f64()))?;
    }
    Ok(verdict.into())
}
