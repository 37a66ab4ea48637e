//! `graphrun train`: as the file's `train` section says.

use std::fs::File;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use comfy_table::Table;
use graphrun::tensor::Dtype;
use graphrun::train::{Event, Figure, Record, Scores, relocated, standard, write_atomically};
use graphrun::{Experiment, RunOptions, Trainer};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::args::Common;
use crate::failure::{Failure, Found, say};
use crate::model::open;
use crate::runs::{MODEL, WEIGHTS, fresh};
use crate::table::table;

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// The model file
    file: PathBuf,
    /// Replace a value of the file by its path
    #[arg(long, value_name = "PATH=VALUE")]
    with: Vec<String>,
    /// The folder for weights, model and metrics [default: runs/NAME-N]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Go on with the run in this folder, exactly where it ended
    #[arg(long, value_name = "DIR")]
    resume: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, common: &Common) -> Result<Found, Failure> {
    let model = open(&args.file, &args.with, common)?;
    let experiment = Experiment::read(&model, &standard())?;
    let out = match (&args.out, &args.resume) {
        (Some(out), _) | (None, Some(out)) => out.clone(),
        (None, None) => fresh(&args.file),
    };
    if args.resume.as_ref() != Some(&out) && out.join(WEIGHTS).exists() {
        return Err(Failure::new(
            format!("{} holds the weights of another run", out.display()),
            format!("name another folder, or go on with that run by --resume {}", out.display()),
        ));
    }
    let stop = Arc::new(AtomicBool::new(false));
    let flag = stop.clone();
    // Without a handler, Ctrl-C and the signals to end do so without a last checkpoint; the run itself is as good.
    let _ = ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed));
    let threads = common.pool()?;
    let options = RunOptions {
        dtype: common.dtype(Dtype::F32),
        threads: threads.clone(),
        max_bytes: common.max_bytes(),
        out: Some(out.clone()),
        stop: stop.clone(),
    };
    let mut trainer = Trainer::new(&model, experiment, options)?;
    if let Some(folder) = &args.resume {
        trainer.resume(folder)?;
    }
    std::fs::create_dir_all(&out).map_err(|e| Failure::file(&out, "made", &e))?;
    write_atomically(&out.join(MODEL), relocated(&model, &out).as_bytes())?;
    let metrics = out.join("metrics.jsonl");
    let (mut log, mut failure) = (None, None);
    let bar = bar(common.json);
    let mut notify = |event: Event<'_>| match event {
        Event::Start { step, steps, .. } => {
            bar.set_length(steps);
            bar.set_position(step);
            match begin(&metrics, step) {
                Ok(file) => log = Some(file),
                Err(error) => failure = Some(error),
            }
        }
        Event::Step { step, loss } => {
            bar.set_position(step);
            if step % 16 == 0 {
                bar.set_message(format!("loss {loss:.4}"));
            }
        }
        Event::Epoch(record) => {
            let line = record.json().to_string();
            if common.json && failure.is_none() {
                failure = say(&line).err();
            }
            if let Some(Err(error)) = log.as_mut().map(|file| file.write_all(format!("{line}\n").as_bytes())) {
                failure.get_or_insert(unwritten(&metrics, &error));
            }
        }
        Event::Stopped(record) => bar.println(format!("no better since a while: stopped after epoch {}", record.epoch)),
        Event::Saved(_) => {}
    };
    let run = threads.install(|| trainer.run(&mut notify));
    bar.finish_and_clear();
    let last = run?;
    if let Some(failure) = failure {
        return Err(failure);
    }
    if let (Some(record), false) = (&last, common.json) {
        say(closing(record))?;
        say(format!("epoch {}, step {}, {:.2} s", record.epoch, record.step, record.seconds))?;
        say(format!("weights in {}", out.join(WEIGHTS).display()))?;
    }
    if stop.load(Ordering::Relaxed) {
        crate::model::eprint(&format!("interrupted; go on with --resume {}", out.display()));
    }
    Ok(Found::Nothing)
}

fn bar(quiet: bool) -> ProgressBar {
    let bar = ProgressBar::new(0);
    if quiet || !std::io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {pos}/{len} steps  {msg}  {elapsed}, {eta} left") {
        bar.set_style(style);
    }
    bar
}

/// The file of metrics, a line an epoch; of what is there, only the lines up to the step at which the run goes on.
fn begin(path: &Path, step: u64) -> Result<File, Failure> {
    let earlier = std::fs::read_to_string(path).unwrap_or_default();
    let done = |line: &&str| {
        let record = serde_json::from_str::<serde_json::Value>(line).unwrap_or_default();
        record["step"].as_u64().is_some_and(|s| s <= step)
    };
    let kept: String = earlier.lines().filter(|_| step > 0).filter(done).map(|line| format!("{line}\n")).collect();
    let begin = || {
        let mut file = File::create(path)?;
        file.write_all(kept.as_bytes())?;
        Ok(file)
    };
    begin().map_err(|error| unwritten(path, &error))
}

fn unwritten(path: &Path, error: &std::io::Error) -> Failure {
    Failure::file(path, "written", error)
}

/// How the run ended.
fn closing(record: &Record) -> Table {
    let mut table = scores_table(&record.train);
    table.add_row(row("training", &record.train));
    if let Some(test) = &record.test {
        table.add_row(row("held out", test));
    }
    table
}

/// An empty table with a column for the loss and for every metric.
pub(crate) fn scores_table(scores: &Scores) -> Table {
    let names = scores.metrics.iter().map(|(name, _)| name.as_str());
    table(["", "loss"].into_iter().chain(names), 1)
}

/// A row of a table of scores.
pub(crate) fn row(title: &str, scores: &Scores) -> Vec<String> {
    let figures = scores.metrics.iter().map(|(_, figure)| match figure {
        Figure::Number(x) => format!("{x:.4}"),
        Figure::Table(rows) => {
            let line = |row: &Vec<f64>| row.iter().map(|x| format!("{x:>4}")).collect::<String>();
            rows.iter().map(line).collect::<Vec<_>>().join("\n")
        }
    });
    [title.to_string(), format!("{:.5}", scores.loss)].into_iter().chain(figures).collect()
}
