//! The search for a case that does not hold: many recipes, on all cores, the failure made small.

use std::fmt;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;

use graphrun_graph::{Kink, Registry};

use crate::cook::cook;
use crate::coverage::Coverage;
use crate::examine::{Examination, Finding, examine};
use crate::graph::{CheckError, Problem};
use crate::parallel::in_parallel;
use crate::recipe::{Recipe, ingredients};
use crate::regressions::{self, Print};
use crate::report::{Report, Verdict};
use crate::shrink::shrink;

/// How long to search and where to keep what is found.
#[derive(Clone)]
pub struct Hunt {
    /// How many cases.
    pub cases: usize,
    /// The seed of the first case.
    pub seed: u64,
    /// How many threads search.
    pub threads: usize,
    /// The folder of earlier failures, replayed first. Those found are written below it, as [`save`](crate::save) says.
    pub regressions: Option<PathBuf>,
    /// How a failure is printed as a model file; without it a failure shows the graph's listing.
    pub print: Option<Arc<Print>>,
}

impl fmt::Debug for Hunt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Hunt { cases, seed, threads, regressions, print: _ } = self;
        write!(f, "Hunt {{ cases: {cases}, seed: {seed}, threads: {threads}, regressions: {regressions:?} }}")
    }
}

impl Default for Hunt {
    fn default() -> Hunt {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Hunt { cases: 64, seed: 0, threads, regressions: None, print: None }
    }
}

/// What a search without a failure saw.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Cases examined.
    pub cases: usize,
    /// Cases with every digit proved.
    pub passed: usize,
    /// Cases that stood on a kink.
    pub kinks: usize,
    /// Cases whose numeric derivatives were too uncertain.
    pub inconclusive: usize,
    /// Cases without a gradient to speak of.
    pub vacuous: usize,
    /// What the graphs were like.
    pub coverage: Coverage,
}

/// A case that does not hold, made as small as it goes.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What does not hold.
    pub finding: Finding,
    /// The smallest recipe that shows it.
    pub recipe: Recipe,
    /// Its graph and values, the latter made simple too.
    pub problem: Problem,
    /// The problem as text, with a test that fails until the bug is gone.
    pub model: String,
    /// Whether that text is a model file.
    pub loads: bool,
    /// Where the recipe is saved, with the model beside it.
    pub saved: Option<PathBuf>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (finding, model) = (&self.finding, &self.model);
        write!(f, "{finding}\n\n{model}\nreplay it with this recipe:\n{}", self.recipe)?;
        let Some(path) = &self.saved else { return Ok(()) };
        let folder = path.ancestors().nth(2).unwrap_or(path);
        write!(
            f,
            "\nit is replayed first from now on, and kept by\nmv {}.* {}",
            path.with_extension("").display(),
            folder.display()
        )
    }
}

impl std::error::Error for Failure {}

/// Examines one operation of the registry on cases of its own sample generator.
///
/// # Errors
/// The first case that does not hold, made small.
pub fn check_op(registry: &Registry, op: &str, how: &Examination<'_>, hunt: &Hunt) -> Result<Tally, Box<Failure>> {
    // Some cases let the operation stand alone, so that declared slopes at kinks are held.
    let recipe = |seed: u64| Recipe { focus: Some(0), ..Recipe::single(op, seed) };
    search(registry, &recipe, how, hunt)
}

/// Examines random graphs over the whole registry.
///
/// # Errors
/// The first case that does not hold, made small.
pub fn check_graphs(registry: &Registry, how: &Examination<'_>, hunt: &Hunt) -> Result<Tally, Box<Failure>> {
    let ops = ingredients(registry);
    search(registry, &|seed| Recipe::random(&ops, seed), how, hunt)
}

/// Examines the recipe of each seed from `hunt.seed` on.
pub(crate) fn search(
    registry: &Registry,
    recipe: &(dyn Fn(u64) -> Recipe + Sync),
    how: &Examination<'_>,
    hunt: &Hunt,
) -> Result<Tally, Box<Failure>> {
    let mut tally = Tally::default();
    let known = hunt.regressions.as_ref().map_or(Ok(vec![]), |folder| regressions::recipes(folder));
    let on_disk = Hunt { regressions: None, ..hunt.clone() };
    for known in known.map_err(unread)? {
        case(registry, &known, how, &mut tally).map_err(|found| report(registry, known, found, how, &on_disk))?;
    }
    let examined = |k: usize, (tally, failure): &mut (Tally, Option<(usize, Recipe, Finding)>)| {
        let recipe = recipe(hunt.seed.wrapping_add(k as u64));
        let Err(finding) = case(registry, &recipe, how, tally) else { return ControlFlow::Continue(()) };
        *failure = Some((k, recipe, finding));
        ControlFlow::Break(())
    };
    let mut failures = vec![];
    for (part, failure) in in_parallel(hunt.threads, hunt.cases, &examined) {
        tally.add(&part);
        failures.extend(failure);
    }
    match failures.into_iter().min_by_key(|(k, ..)| *k) {
        None => Ok(tally),
        Some((_, recipe, finding)) => Err(report(registry, recipe, finding, how, hunt)),
    }
}

/// Examines one recipe; a recipe that makes nothing to differentiate counts as vacuous.
fn case(registry: &Registry, recipe: &Recipe, how: &Examination<'_>, tally: &mut Tally) -> Result<(), Finding> {
    tally.cases += 1;
    let report = match serve(registry, recipe, Some(&mut tally.coverage)) {
        Err(refused) => return Err(refused),
        Ok(None) => None,
        Ok(Some((problem, kink))) => Some(caught(&problem, &turn(how, kink, recipe.seed), recipe.seed)?),
    };
    match report.map(|r| r.verdict) {
        Some(Verdict::Pass) => tally.passed += 1,
        Some(Verdict::Kink) => tally.kinks += 1,
        Some(Verdict::Inconclusive | Verdict::Fail) => tally.inconclusive += 1,
        Some(Verdict::Vacuous) | None => tally.vacuous += 1,
    }
    Ok(())
}

/// Examines a problem; a panic of an engine or an operation is a finding as any other.
pub(crate) fn caught(problem: &Problem, how: &Examination<'_>, seed: u64) -> Result<Report, Finding> {
    let examined = catch_unwind(AssertUnwindSafe(|| examine(problem, how, seed)));
    examined.unwrap_or_else(|panic| {
        let words = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        let detail = words.unwrap_or("without a word").to_owned();
        Err(Finding { property: "panics", detail, excess: f64::INFINITY })
    })
}

/// What costs the most is examined in turns: second derivatives and single precision with every eighth seed each, and
/// what must not change a gradient with every fourth.
pub(crate) fn turn<'a>(how: &Examination<'a>, kink: Option<Kink>, seed: u64) -> Examination<'a> {
    Examination {
        kink,
        second_order: how.second_order && seed.is_multiple_of(8),
        single: how.single && seed % 8 == 4,
        metamorphic: how.metamorphic && seed % 4 == 1,
        ..*how
    }
}

/// The problem of a recipe with the slope declared for its one operation, unless it makes nothing.
pub(crate) fn serve(
    registry: &Registry,
    recipe: &Recipe,
    coverage: Option<&mut Coverage>,
) -> Result<Option<(Problem, Option<Kink>)>, Finding> {
    let Ok(dish) = cook(registry, recipe) else { return Ok(None) };
    if let Some((op, words)) = dish.refused.first() {
        let detail = format!("{op} refuses inputs drawn for it: {words}");
        return Err(Finding { property: "sample", detail, excess: f64::INFINITY });
    }
    if let Some(coverage) = coverage {
        coverage.count(recipe, &dish);
    }
    let alone = recipe.steps.first().filter(|_| dish.alone).and_then(|step| registry.op(&step.op));
    Ok(Some((dish.problem, alone.and_then(|op| op.kink))))
}

fn report(registry: &Registry, recipe: Recipe, finding: Finding, how: &Examination<'_>, hunt: &Hunt) -> Box<Failure> {
    let (recipe, problem, finding) = shrink(registry, recipe, finding, how);
    let (model, loads) = regressions::model(&problem, hunt.print.as_deref());
    let mut failure = Box::new(Failure { finding, recipe, problem, model, loads, saved: None });
    if let Some(folder) = &hunt.regressions {
        match regressions::save(folder, &failure) {
            Ok(path) => failure.saved = Some(path),
            // A folder that cannot be written must not hide the failure itself, so its words go along.
            Err(error) => failure.finding.detail += &format!(" (not saved in {}: {error})", folder.display()),
        }
    }
    failure
}

/// A folder of regressions that cannot be read, as a failure: what it holds has not been replayed.
fn unread(words: String) -> Box<Failure> {
    let finding = Finding { property: "regressions are readable", detail: words, excess: f64::INFINITY };
    let recipe = Recipe { steps: vec![], seed: 0, focus: None };
    let problem = crate::shrink::nothing();
    Box::new(Failure { finding, recipe, problem, model: String::new(), loads: false, saved: None })
}

impl Tally {
    fn add(&mut self, other: &Tally) {
        self.cases += other.cases;
        self.passed += other.passed;
        self.kinks += other.kinks;
        self.inconclusive += other.inconclusive;
        self.vacuous += other.vacuous;
        self.coverage.merge(&other.coverage);
    }

    /// Pass when enough was proved, else inconclusive, or vacuous where there was nothing to prove.
    pub fn verdict(&self) -> Verdict {
        match self.proved() {
            Ok(()) => Verdict::Pass,
            Err(_) if self.vacuous == self.cases => Verdict::Vacuous,
            Err(_) => Verdict::Inconclusive,
        }
    }

    /// That enough was proved: at least half of the cases passed or stood on a kink.
    ///
    /// # Errors
    /// The counts, when too little was proved.
    pub fn proved(&self) -> Result<(), CheckError> {
        if 2 * (self.passed + self.kinks) >= self.cases && self.cases > 0 {
            return Ok(());
        }
        let (cases, passed, kinks) = (self.cases, self.passed, self.kinks);
        Err(CheckError::new(format!("of {cases} cases only {passed} passed and {kinks} stood on a kink")))
    }
}

/// Makes a test of an operation: `test_op!(name, registry, "Op")` examines it on 64 cases of its sample generator.
///
/// ```
/// # use graphrun_graph::Registry;
/// # fn my_registry() -> Registry { Registry::new() }
/// graphrun_gradcheck::test_op!(cube_is_differentiated_right, my_registry(), "Cube");
/// ```
#[macro_export]
macro_rules! test_op {
    ($test:ident, $registry:expr, $op:literal) => {
        #[test]
        fn $test() {
            let registry = $registry;
            let engine = $crate::Interpreter::default();
            let how = $crate::Examination::new(&engine, &engine);
            match $crate::check_op(&registry, $op, &how, &$crate::Hunt::default()) {
                Ok(tally) => assert!(tally.proved().is_ok(), "{}: {:?}", $op, tally.proved()),
                Err(failure) => panic!("{}: {failure}", $op),
            }
        }
    };
}
