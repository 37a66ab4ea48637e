//! The point at which a verb looks into a model: what is fed, and what is differentiated there.

use graphrun::graph::{NodeId, Sizes};
use graphrun::load::{Literal, TestCase};
use graphrun::{Array, Graph, Model, Phase};

use crate::args::Common;
use crate::failure::Failure;
use crate::gradients::Wanted;
use crate::model::seed;
use crate::values;

/// A graph with a value for every input.
#[derive(Clone, Debug)]
pub(crate) struct Point {
    pub(crate) graph: Graph,
    /// Every input, and the parameters that are set.
    pub(crate) fed: Vec<(String, Array)>,
    pub(crate) wanted: Wanted,
    /// Where the values come from, in words.
    pub(crate) origin: String,
}

/// Where that comes from which is not given.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rest<'a> {
    /// The test whose values are taken; what it lacks is drawn from the seed.
    pub(crate) test: Option<&'a TestCase>,
    /// Whether parameters come from a file, and so not from the test.
    pub(crate) trained: bool,
    /// The size of an axis that nothing decides.
    pub(crate) open: usize,
}

impl Point {
    /// The model at what is `given`, completed from the rest.
    pub(crate) fn new(
        model: &Model,
        given: Vec<(String, Array)>,
        wanted: &Wanted,
        rest: Rest<'_>,
        common: &Common,
    ) -> Result<Point, Failure> {
        let phase = rest.test.map_or(Phase::Test, |case| case.phase);
        let mut graph = model.graph(phase).clone();
        given.iter().try_for_each(|(name, _)| values::known(&graph, name))?;
        let seed = seed(model, common);
        let (mut fed, mut wanted) = (given, wanted.clone());
        let mut sources = Vec::from_iter((!fed.is_empty()).then(|| "what is given".to_owned()));
        sources.extend(rest.trained.then(|| "the weights".to_owned()));
        let mut sizes = rest.test.map_or_else(Sizes::default, |case| case.sizes.clone());
        let decided = bound(&graph, &fed);
        if let Some(case) = rest.test {
            let before = fed.len();
            let params = if rest.trained { &[][..] } else { &case.params[..] };
            fed.extend(fitting(&graph, &fed, &case.given, &decided)?);
            fed.extend(fitting(&graph, &fed, params, &decided)?);
            sources.extend((fed.len() > before).then(|| "the first of the file's tests".to_owned()));
        }
        sizes.extend(decided);
        graph.sizes.extend(sizes);
        let sizes = closed(&graph, rest.open);
        let draw = |name: &str, id| values::draw(&graph, name, id, &sizes, seed, common.max_bytes());
        let missing = |fed: &[(String, Array)], name: &str| !fed.iter().any(|(other, _)| other == name);
        let begun = !rest.trained && graph.parameters().iter().any(|p| missing(&fed, &p.name));
        if begun || graph.inputs().iter().any(|(name, _)| missing(&fed, name)) {
            sources.push(format!("values drawn from seed {seed}"));
        }
        for (name, id) in graph.inputs() {
            if missing(&fed, name) {
                fed.push((name.to_string(), draw(name, *id)?));
            }
        }
        if let Some(case) = rest.test {
            wanted = wanted.or(case, &graph, &sizes)?;
        }
        Ok(Point { origin: origin(&sources, phase), graph, fed, wanted })
    }
}

/// Names what values come from, the first choice first.
fn origin(sources: &[String], phase: Phase) -> String {
    let text = match sources {
        [] => "the one point there is".to_owned(),
        [all] => all.clone(),
        [first, rest @ ..] => format!("{first}, the rest from {}", rest.join(" and ")),
    };
    format!("{text}, phase {phase:?}")
}

/// The sizes that follow from the shapes of what is fed.
pub(crate) fn bound(graph: &Graph, fed: &[(String, Array)]) -> Sizes {
    let mut sizes = Sizes::default();
    for (id, array) in fed.iter().filter_map(|(name, array)| Some((graph.find(name)?, array))) {
        for (size, &given) in graph.ty(id).shape.iter().zip(array.shape().sizes()) {
            if let Some(symbol) = size.as_symbol() {
                sizes.insert(symbol.into(), given);
            }
        }
    }
    sizes
}

/// The values of a test that are not fed already and that fit the sizes already decided.
fn fitting(
    graph: &Graph,
    fed: &[(String, Array)],
    offered: &[(String, Literal)],
    decided: &Sizes,
) -> Result<Vec<(String, Array)>, Failure> {
    let fits = |id: NodeId, literal: &Literal| {
        let sizes = graph.ty(id).shape.iter().zip(&literal.shape);
        sizes.into_iter().all(|(size, &given)| size.eval(decided).map_or(true, |decided| decided == given))
    };
    let taken = offered.iter().filter(|(name, literal)| {
        let free = !fed.iter().any(|(fed, _)| fed == name);
        free && graph.find(name).is_some_and(|id| fits(id, literal))
    });
    taken.map(|(name, literal)| Ok((name.clone(), values::array(literal)?))).collect()
}

/// The sizes of the graph, and `open` for those that it leaves open.
pub(crate) fn closed(graph: &Graph, open: usize) -> Sizes {
    let mut sizes = graph.sizes.clone();
    for (_, id) in graph.inputs() {
        for size in &graph.ty(*id).shape {
            size.symbols(&mut |symbol| {
                sizes.entry(symbol.into()).or_insert(open);
            });
        }
    }
    sizes
}
