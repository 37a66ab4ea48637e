//! `graphrun train`: as the file's `train` section says.

use std::path::{Path, PathBuf};

use comfy_table::Table;
use graphrun::tensor::Dtype;
use graphrun::train::{Event, Figure, Record, Scores, relocated, standard, write_atomically};
use graphrun::{Experiment, Model, RunOptions, Trainer};

use crate::args::Common;
use crate::failure::{Failure, Found, say};
use crate::model::{eprint, open};
use crate::output::is_same;
use crate::progress::bar;
use crate::runs::{Folder, MODEL, WEIGHTS};
use crate::stop::Stop;
use crate::table::table;

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// The model file; a run that goes on has one of its own
    #[arg(required_unless_present = "resume")]
    file: Option<PathBuf>,
    /// Replace a value of the file by its path
    #[arg(long, value_name = "PATH=VALUE")]
    with: Vec<String>,
    /// The folder for weights, model and metrics [default: runs/NAME-N]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Go on with the run in this folder, exactly where it ended, with the model as it was run
    #[arg(long, value_name = "DIR")]
    resume: Option<PathBuf>,
}

impl Args {
    /// The model file: that of the run that goes on, else the one that is named.
    fn model(&self) -> Result<PathBuf, Failure> {
        let kept = self.resume.as_ref().map(|folder| folder.join(MODEL)).filter(|path| path.is_file());
        match (kept, &self.file) {
            (Some(kept), file) => {
                let other = file.as_ref().filter(|file| !is_same(file, &kept));
                let unread = other.map_or_else(String::new, |file| format!("; {} is not read", file.display()));
                eprint(&format!("going on with {}, the model as it was run{unread}", kept.display()));
                Ok(kept)
            }
            (None, Some(file)) => Ok(file.clone()),
            (None, None) => {
                let shown = self.resume.as_ref().map_or_else(String::new, |folder| folder.display().to_string());
                let message = format!("`--resume {shown}` names no folder with the model of a run");
                Err(Failure::new(message, "name the folder of a run, such as runs/NAME-1"))
            }
        }
    }

    /// The folder that the run writes into.
    fn folder(&self, file: &Path) -> Result<Folder, Failure> {
        match (&self.out, &self.resume) {
            (None, Some(path)) => Folder::again(path),
            (Some(out), Some(path)) if is_same(out, path) => Folder::again(path),
            (out, _) => Folder::fresh(file, out.as_deref()),
        }
    }
}

pub(crate) fn run(args: &Args, common: &Common) -> Result<Found, Failure> {
    let file = args.model()?;
    let model = open(&file, &args.with, common)?;
    let experiment = Experiment::read(&model, &standard())?;
    let mut folder = args.folder(&file)?;
    let out = folder.path.clone();
    let stop = Stop::listen();
    let threads = common.pool()?;
    let options = RunOptions {
        dtype: common.dtype(Dtype::F32),
        threads: threads.clone(),
        max_bytes: common.max_bytes(),
        out: Some(out.clone()),
        stop: stop.flag(),
    };
    let mut trainer = match prepare(&model, experiment, options, args.resume.as_deref()) {
        Ok(trainer) => trainer,
        Err(failure) => {
            folder.abandon();
            return Err(failure);
        }
    };
    write_atomically(&out.join(MODEL), relocated(&model, &out).as_bytes())?;
    let (mut failure, mut span) = (None, (0, 0));
    let bar = bar("steps", common.json);
    let mut notify = |event: Event<'_>| match event {
        Event::Start { step, steps, .. } => {
            bar.set_length(steps);
            bar.set_position(step);
            span = (step, steps);
            failure = folder.begin(step).err();
        }
        Event::Step { step, loss } => {
            bar.set_position(step);
            if step % 16 == 0 {
                bar.set_message(format!("loss {loss:.4}"));
            }
        }
        Event::Epoch(record) if failure.is_none() => {
            let line = record.json().to_string();
            failure = folder.log(&line).err();
            if common.json && failure.is_none() {
                failure = say(&line).err();
            }
        }
        Event::Stopped(record) => bar.println(format!("no better since a while: stopped after epoch {}", record.epoch)),
        Event::Epoch(_) | Event::Saved(_) => {}
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
    }
    if let Some(signal) = stop.signal() {
        let help = format!("go on with --resume {}", out.display());
        return Err(Failure::Signal(signal, "interrupted; what was learned is kept".into(), help));
    }
    match span {
        (_, 0) => {
            eprint("nothing was trained: the file asks for no epoch; the weights are those that a run begins with")
        }
        (step, steps) if step >= steps => {
            eprint(&format!(
                "nothing was left to train: the run has made its {steps} steps; more by --with train.epochs=N"
            ));
        }
        _ => {}
    }
    if !common.json {
        say(format!("weights in {}", out.join(WEIGHTS).display()))?;
    }
    Ok(Found::Nothing)
}

/// The trainer of a new run, or of the one in a folder.
fn prepare(
    model: &Model,
    experiment: Experiment,
    options: RunOptions,
    resume: Option<&Path>,
) -> Result<Trainer, Failure> {
    let mut trainer = Trainer::new(model, experiment, options)?;
    if let Some(folder) = resume {
        trainer.resume(folder)?;
    }
    Ok(trainer)
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
