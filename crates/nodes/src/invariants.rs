//! What every operation owes: a place in a sorted list, documentation, samples, and right gradients.

use std::collections::BTreeMap;

use graphrun_graph::{Builder, Bytes, Call, OpDef, Options, Phase, SampleInput};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::testing::{Applied, Array, type_of};
use crate::{definitions, families, standard};

#[test]
fn every_family_is_sorted_and_no_name_recurs() {
    for (_, family) in families() {
        let names: Vec<&str> = family.iter().map(|def| def.name).collect();
        assert!(names.windows(2).all(|pair| pair[0] < pair[1]), "{names:?}");
    }
    let mut names: Vec<&str> = definitions().iter().map(|def| def.name).collect();
    names.sort_unstable();
    assert_eq!(names.windows(2).find(|pair| pair[0] == pair[1]), None);
}

#[test]
fn every_operation_is_documented_and_sampled() {
    for def in definitions() {
        for text in [def.summary, def.formula, def.gradient, def.shape, def.example] {
            assert!(!text.is_empty(), "{} lacks documentation", def.name);
        }
        assert!(!def.summary.ends_with('.'), "{}: a summary is a line without a full stop", def.name);
        assert!(!def.summary.starts_with(char::is_lowercase), "{}: a summary begins as a sentence", def.name);
        assert!(def.example.contains(&format!("{}(", def.name)), "the example of {} does not show it", def.name);
        assert!(def.draw(&mut Bytes::new(&[])).is_some(), "{} has no samples", def.name);
        assert!(def.options.iter().all(|option| !option.doc.is_empty()), "{}", def.name);
    }
}

/// Whatever a node owns, a call may name a declared parameter in its stead, and then owns it no more.
#[test]
fn every_parameter_may_be_shared() {
    let (registry, mut rng) = (standard(), ChaCha8Rng::seed_from_u64(2));
    for def in definitions() {
        for _ in 0..8 {
            let (options, inputs) = draw(&def, &mut rng);
            let owned = Applied::new(&def, &options, &inputs, Phase::Test).graph;
            let mut b = Builder::new();
            let mut ports = Vec::new();
            for (port, given) in inputs.iter().enumerate() {
                let named = given.iter().enumerate().map(|(k, (input, _))| (format!("x{port}_{k}"), type_of(input)));
                ports.push(named.map(|(name, ty)| b.input(&name, ty).unwrap()).collect());
            }
            let mut shared = BTreeMap::new();
            for parameter in owned.parameters() {
                let last = parameter.name.strip_prefix("y.").unwrap();
                assert!(def.params.contains(&last), "{} owns {last} and does not say so", def.name);
                let shape = owned.ty(parameter.node).shape.clone();
                let declared = b.parameter(last, shape, parameter.init.clone(), true).unwrap();
                shared.insert(last.to_owned(), declared);
            }
            let count = shared.len();
            let mut call = Call::new(&mut b, &registry, "y", &[]);
            (call.inputs, call.shared) = (ports, shared);
            def.build(&mut call, &options).unwrap();
            assert_eq!(b.graph().parameters().len(), count, "{} owns a parameter that was given", def.name);
        }
    }
}

#[test]
fn gradients_agree_with_central_differences() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for def in definitions() {
        for round in 0..12 {
            let phase = if round % 2 == 0 { Phase::Test } else { Phase::Train };
            let (options, inputs) = draw(&def, &mut rng);
            check_gradients(&def, Applied::new(&def, &options, &inputs, phase), &mut rng);
        }
    }
}

/// A sample with values drawn between the eighths, where no tie or kink is met.
fn draw(def: &OpDef, rng: &mut ChaCha8Rng) -> (Options, Vec<Vec<(SampleInput, Array)>>) {
    let mut bytes = [0; 256];
    rng.fill_bytes(&mut bytes);
    let sample = def.draw(&mut Bytes::new(&bytes)).unwrap();
    let mut value = |input: &SampleInput| match input {
        SampleInput::Real { shape, low, high } => {
            Array::Real((0..shape.iter().product()).map(|_| rng.random_range(*low..*high)).collect())
        }
        SampleInput::Index { shape, below } => {
            Array::Index((0..shape.iter().product()).map(|_| rng.random_range(0..*below as i64)).collect())
        }
    };
    let ports = sample.inputs.iter();
    let inputs = ports.map(|port| port.iter().map(|input| (input.clone(), value(input))).collect()).collect();
    (sample.options, inputs)
}

fn check_gradients(def: &OpDef, mut applied: Applied, rng: &mut ChaCha8Rng) {
    if !def.differentiable || !applied.graph.ty(applied.y).is_real() {
        applied.run(&[], 0);
        return;
    }
    let upstream: Vec<f64> = applied.value().iter().map(|_| rng.random_range(-1.0..1.0)).collect();
    let step = 1e-6;
    for (leaf, gradient) in applied.gradients(&upstream) {
        let data = applied.fed(leaf).real().to_vec();
        for (k, analytic) in gradient.into_iter().enumerate() {
            let mut at = |x: f64| -> f64 {
                let mut moved = data.clone();
                moved[k] = x;
                applied.feed(leaf, Array::Real(moved));
                applied.value().iter().zip(&upstream).map(|(y, u)| y * u).sum()
            };
            let numeric = (at(data[k] + step) - at(data[k] - step)) / (2.0 * step);
            applied.feed(leaf, Array::Real(data.clone()));
            // The truncation of a central difference is below its rounding, 1e-16 / step times the size of the value.
            let error = (analytic - numeric).abs() / numeric.abs().max(1.0);
            assert!(error < 1e-5, "{}: {analytic} against {numeric} in\n{}", def.name, applied.graph);
        }
    }
}
