//! `graphrun bench`: the time of a step, and of each kernel.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use comfy_table::Table;
use graphrun::Graph;
use graphrun::exec::{Draw, Executor, Session, Threads};
use graphrun::plan::{Plan, simplify};
use graphrun::tensor::{Dtype, peak_copy, peak_fma};
use serde_json::{Value, json};

use crate::args::{Common, no_threads, whole};
use crate::failure::{Failure, Found, say};
use crate::kernels;
use crate::model::open;
use crate::show::sizes;
use crate::step::{Mode, step};
use crate::table::table;
use crate::values;

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// The model file
    file: PathBuf,
    /// What a step is
    #[arg(long, value_enum, default_value_t = Mode::Forward)]
    mode: Mode,
    /// Seconds a round
    #[arg(long, default_value_t = 0.25, value_parser = seconds)]
    seconds: f64,
    /// Rounds, of which the median counts
    #[arg(long, default_value_t = 9, value_parser = clap::value_parser!(u32).range(1..=1000))]
    rounds: u32,
    /// The size of the first axis of the inputs [default: the file's `sizes`]
    #[arg(long, value_parser = whole::<usize>)]
    batch: Option<usize>,
    /// Set the results beside those in a file, as `bench --json` wrote them
    #[arg(long, value_name = "FILE.json")]
    compare: Option<PathBuf>,
}

fn seconds(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| format!("`{text}` is no number"))?;
    if value > 0.0 && value <= 3600.0 { Ok(value) } else { Err("seconds run from 0 to 3600".into()) }
}

pub(crate) fn run(args: &Args, common: &Common) -> Result<Found, Failure> {
    let model = open(&args.file, &[], common)?;
    let graph = step(&model, args.mode)?;
    let mut sizes = sizes(&graph);
    if let Some(batch) = args.batch {
        let first =
            graph.inputs().iter().find_map(|(_, id)| graph.ty(*id).shape.first()?.as_symbol().map(String::from));
        let symbol = first.ok_or_else(|| {
            let message = "the first axis of no input is a symbol, so --batch has nothing to set";
            Failure::new(message, "declare an input as in `x: [N, 64]`, or leave --batch out")
        })?;
        sizes.insert(symbol.as_str().into(), batch);
    }
    let case = args.file.file_stem().map_or_else(String::new, |s| s.to_string_lossy().into_owned());
    let simplified = simplify(&graph)?;
    let earlier = args.compare.as_deref().map(Earlier::read).transpose()?;
    let counts = if common.threads.is_empty() { vec![0] } else { common.threads.clone() };
    for count in counts {
        let threads = Threads::new(usize::from(count)).map_err(no_threads)?;
        let number = threads.count();
        let options = graphrun::exec::Options { threads: threads.clone(), ..common.options(&model, Dtype::F32)? };
        let seed = options.seed;
        let mut session = Session::new(graph.clone(), options)?;
        let begun = Instant::now();
        let executor = session.executor(&sizes)?;
        let planned = begun.elapsed().as_secs_f64() * 1e3;
        fill(&graph, executor, &sizes, seed)?;
        let mut times = threads.install(|| measure(executor, args));
        times.sort_by(f64::total_cmp);
        let (median, least) = (times[times.len() / 2], times[0]);
        let mode = format!("{:?}", args.mode).to_lowercase();
        let mut result = json!({"case": case, "mode": mode, "threads": number, "step_us": median, "min_us": least,
            "rounds": args.rounds, "plan_ms": planned});
        let before = earlier.as_ref().and_then(|earlier| earlier.step(&result));
        if let Some(before) = before {
            result["before_us"] = json!(before);
        }
        if common.json {
            say(result)?;
            continue;
        }
        let change = match (before, &earlier) {
            (Some(us), _) => format!("; {us:.2} before, {:.2} times as fast", us / median),
            (None, Some(_)) => "; no earlier time of this case, mode and number of threads".into(),
            (None, None) => String::new(),
        };
        let threads = if number == 1 { "1 thread".into() } else { format!("{number} threads") };
        say(format!("{case}, {mode}, {threads}: {median:.2} us a step (least {least:.2}){change}"))?;
        say(format!("planned in {planned:.2} ms, {} bytes", executor.plan().bytes))?;
        say(profile(&simplified, executor))?;
    }
    Ok(Found::Nothing)
}

/// Feeds numbers drawn from the seed.
fn fill(graph: &Graph, executor: &mut Executor, sizes: &graphrun::graph::Sizes, seed: u64) -> Result<(), Failure> {
    let plan: Arc<Plan> = executor.plan().clone();
    for input in &plan.inputs {
        let Some(id) = graph.find(&input.name) else { continue };
        let array = values::draw(graph, &input.name, id, sizes, seed, usize::MAX)?;
        match array.data() {
            graphrun::exec::Data::Index(values) => executor.write::<i64>(input.value).copy_from_slice(values),
            graphrun::exec::Data::Real(values) => executor.set_reals(input.value, values),
        }
    }
    Ok(())
}

/// The mean time of a step in each round, in microseconds.
fn measure(executor: &mut Executor, args: &Args) -> Vec<f64> {
    let mut draw = Draw::default();
    let mut many = |count: u64| {
        let start = Instant::now();
        for _ in 0..count {
            executor.run(draw);
            draw.step += 1;
        }
        start.elapsed()
    };
    many(3);
    let once = many(1).max(Duration::from_nanos(100));
    let count = ((args.seconds / once.as_secs_f64()) as u64).max(1);
    (0..args.rounds).map(|_| many(count).as_secs_f64() * 1e6 / count as f64).collect()
}

/// Time and rates kernel by kernel, on one thread, beside what the processor can do at most. A kernel's time is the median
/// of several steps: what interrupts one of them would hide a short one.
fn profile(graph: &Graph, executor: &mut Executor) -> Table {
    const ROUNDS: usize = 21;
    let plan = executor.plan().clone();
    let rounds: Vec<Vec<Duration>> = (0..ROUNDS).map(|_| executor.profile(Draw::default())).collect();
    let median = |kernel: usize| {
        let mut times: Vec<Duration> = rounds.iter().map(|round| round[kernel]).collect();
        *times.select_nth_unstable(ROUNDS / 2).1
    };
    let spent: Vec<f64> = (0..plan.kernels.len()).map(|kernel| median(kernel).as_secs_f64()).collect();
    let total: f64 = spent.iter().sum();
    let peaks = [if plan.dtype == Dtype::F32 { peak_fma::<f32>() } else { peak_fma::<f64>() }, peak_copy()];
    let [fma, copy] = peaks.map(|peak| format!("of {:.0}", peak / 1e9));
    let mut table = table(["stage", "kernel", "nodes", "us", "share", "GFLOP/s", &fma, "GB/s", &copy], 3);
    let in_order = plan.stages.iter().enumerate().flat_map(|(k, stage)| stage.kernels.iter().map(move |&at| (k, at)));
    for (stage, at) in in_order {
        let (kernel, time) = (&plan.kernels[at], spent[at]);
        let rates = [kernels::flops(kernel), kernel.bytes(plan.dtype.bytes()) as f64].map(|work| work / time.max(1e-9));
        let [speed, flow] = rates.map(|rate| format!("{:.1}", rate / 1e9));
        let share = |part: f64| format!("{:.0}%", 100.0 * part);
        table.add_row([
            stage.to_string(),
            kernels::describe(kernel),
            kernels::nodes(graph, kernel),
            format!("{:.2}", time * 1e6),
            share(time / total.max(1e-12)),
            speed,
            share(rates[0] / peaks[0]),
            flow,
            share(rates[1] / peaks[1]),
        ]);
    }
    table
}

/// Earlier results: the lines that `bench --json` wrote to a file.
struct Earlier(Vec<Value>);

impl Earlier {
    fn read(path: &Path) -> Result<Earlier, Failure> {
        let text = std::fs::read_to_string(path).map_err(|e| Failure::file(path, "read", &e))?;
        let lines = text.lines().filter(|line| !line.trim().is_empty()).map(serde_json::from_str);
        let lines: Vec<Value> = lines.collect::<Result<_, _>>().map_err(|e: serde_json::Error| {
            let message = format!("{} holds no results: {e}", path.display());
            Failure::new(message, "name a file of what `graphrun bench --json` wrote")
        })?;
        Ok(Earlier(lines))
    }

    /// The time of a step in the last result of the same measurement.
    fn step(&self, now: &Value) -> Option<f64> {
        let same = |line: &&Value| ["case", "mode", "threads"].iter().all(|key| line[key] == now[key]);
        self.0.iter().rev().find(same)?["step_us"].as_f64()
    }
}
