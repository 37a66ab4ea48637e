//! The lecture's pictures of initialisation, as numbers.

use serde_json::Value;

use crate::{graphrun, json, out, path_of};

/// The hidden activations of a network of six layers, for weights that begin so.
fn hidden(activation: &str, init: &str) -> Vec<Value> {
    let got =
        json(&["stats", &format!("graphs/lecture/six_layers_{activation}.ron"), "--data", "--init", init, "--json"]);
    let layers = got["inits"][0]["layers"].as_array().unwrap();
    layers.iter().filter(|layer| layer["name"].as_str().unwrap().starts_with('h')).cloned().collect()
}

fn rms(layer: &Value) -> f64 {
    layer["value"]["rms"].as_f64().unwrap()
}

#[test]
fn small_weights_let_tanh_collapse_to_zero() {
    let layers = hidden("tanh", "small");
    assert!(layers.windows(2).all(|pair| rms(&pair[1]) < 0.3 * rms(&pair[0])));
    assert!(rms(&layers[5]) < 1e-4);
    assert!(layers.iter().all(|layer| layer["verdict"] == "vanishing"));
}

#[test]
fn large_weights_saturate_tanh_at_both_ends() {
    for layer in &hidden("tanh", "large")[1..] {
        assert!(layer["saturated"].as_f64().unwrap() > 0.8 && layer["verdict"] == "saturated", "{layer}");
        let counts: Vec<u64> =
            layer["value"]["histogram"]["counts"].as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).collect();
        let ends = counts[0] + counts[counts.len() - 1];
        assert!(2 * ends > counts.iter().sum(), "{layer}");
    }
}

#[test]
fn xavier_keeps_tanh_alive() {
    let layers = hidden("tanh", "xavier");
    assert!(layers.iter().all(|layer| rms(layer) > 0.2 && layer["verdict"] == "healthy"));
}

/// The mean square of each layer as a part of that of the layer before.
fn ratios(layers: &[Value]) -> Vec<f64> {
    layers.windows(2).map(|pair| (rms(&pair[1]) / rms(&pair[0])).powi(2)).collect()
}

#[test]
fn he_keeps_relu_alive_where_xavier_halves_it_layer_by_layer() {
    // Widths of 500 leave the ratios of single layers a spread of about a tenth.
    let (he, xavier) = (ratios(&hidden("relu", "he")), ratios(&hidden("relu", "xavier")));
    assert!(he.iter().all(|ratio| (0.75..1.25).contains(ratio)), "{he:?}");
    assert!(xavier.iter().all(|ratio| (0.37..0.63).contains(ratio)), "{xavier:?}");
}

#[test]
fn gradients_vanish_through_sigmoids_and_not_through_relu() {
    let first = |file: &str| json(&["stats", file, "--json"])["inits"][0]["layers"][0].clone();
    assert_eq!(first("graphs/lecture/vanishing_sigmoid.ron")["verdict"], "vanishing");
    assert_eq!(first("graphs/lecture/vanishing_relu.ron")["verdict"], "healthy");
}

#[test]
fn activations_are_replaced_and_histograms_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let file = format!("{}/stats.svg", path_of(&folder));
    let net = "graphs/lecture/six_layers_tanh.ron";
    let text =
        out(&["stats", net, "--init", "small,he", "--activation", "Relu", "--noise", "--rows", "32", "--svg", &file]);
    assert!(text.contains("Relu") && !text.contains("Tanh"), "{text}");
    let svg = std::fs::read_to_string(&file).unwrap();
    assert!(svg.starts_with("<svg") && svg.contains(">small<") && svg.contains("h6: "), "{svg}");
}

const TANH: &str = "graphs/lecture/six_layers_tanh.ron";

fn noise(args: &[&str]) -> Vec<String> {
    let all = ["stats", TANH, "--noise", "--rows", "16"].iter().chain(args).map(|arg| arg.to_string());
    all.collect()
}

/// Weights of all sizes give histograms with many bars, whose axes end where the values do.
#[test]
fn every_histogram_has_an_axis_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let file = format!("{}/stats.svg", path_of(&folder));
    let args = noise(&["--init", "small,large,xavier,he"]);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let got = json(&[&args[..], &["--svg", &file, "--json"]].concat());
    for layer in got["inits"].as_array().unwrap().iter().flat_map(|run| run["layers"].as_array().unwrap()) {
        for histogram in [&layer["value"]["histogram"], &layer["gradient"]["histogram"]] {
            let counts = histogram["counts"].as_array().unwrap();
            let filled = counts.iter().filter(|count| count.as_u64() != Some(0)).count();
            // Nine in ten scores have a gradient of almost 0, and the right one has its own.
            assert!(filled >= 5 || layer["op"] != "Tanh" && layer["name"] != "s1", "{layer}");
            let ends = [&counts[0], &counts[1], &counts[22], &counts[23]].map(|count| count.as_u64() != Some(0));
            assert!(layer["name"] == "loss" || (ends[0] || ends[1]) && (ends[2] || ends[3]), "{layer}");
        }
    }
    let [small, large] = [0, 1].map(|k| got["inits"][k]["layers"][11]["value"]["histogram"]["high"].as_f64().unwrap());
    assert!(small < 1e-3 && large == 1.0, "{small} {large}");
    let svg = std::fs::read_to_string(&file).unwrap();
    assert!(svg.contains(">mean ") && svg.contains(" std ") && svg.contains(">zero 0% dead 0% sat. "), "{svg}");
    for words in [">std 0.01<", ">std 1<", ">vanishing<", ">-1<", ">0<", ">1<"] {
        assert!(svg.contains(words), "{words}: {svg}");
    }
}

/// What is printed fits a page and explains its words.
#[test]
fn a_table_explains_itself() {
    let args = noise(&["--init", "small,large,xavier,he"]);
    let text = out(&args.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    for words in ["weights: small (standard deviation 0.01)", "weights: large (standard deviation 1)", "\nvanishing  "]
    {
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[test]
fn activations_have_options_and_are_refused_once() {
    let layer = |activation: &str| {
        let args = noise(&["--activation", activation, "--json"]);
        json(&args.iter().map(String::as_str).collect::<Vec<_>>())["inits"][0]["layers"][1].clone()
    };
    let (steep, plain) = (layer("LeakyRelu(alpha: 0.2)"), layer("LeakyRelu"));
    assert_eq!((&steep["op"], &plain["op"]), (&Value::from("LeakyRelu"), &Value::from("LeakyRelu")));
    assert!(steep["value"]["mean"].as_f64() < plain["value"]["mean"].as_f64());
    let refused = graphrun(&["stats", TANH, "--noise", "--activation", "tnah"]);
    let errors = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!((refused.status.code(), errors.matches("did you mean `Tanh`?").count()), (Some(2), 1), "{errors}");
}

/// Each activation is compared with each initialisation, and reads well on a narrow terminal too.
#[test]
fn activations_are_compared() {
    let args = noise(&["--init", "small,he", "--activation", "tanh,LeakyRelu(alpha: 0.2)"]);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let got = json(&[&args[..], &["--json"]].concat());
    let runs: Vec<[&str; 3]> = got["inits"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| [&run["init"], &run["activation"], &run["layers"][1]["op"]].map(|value| value.as_str().unwrap()))
        .collect();
    let leaky = "LeakyRelu(alpha: 0.2)";
    let want =
        [["small", "Tanh", "Tanh"], ["he", "Tanh", "Tanh"], ["small", leaky, "LeakyRelu"], ["he", leaky, "LeakyRelu"]];
    assert_eq!(runs, want);
    let words: Vec<String> = out(&args).split_whitespace().map(String::from).collect();
    let title = format!("weights: he (standard deviation sqrt(2 / fan_in)), activations: {leaky} node");
    assert!(words.join(" ").contains(&title), "{words:?}");
}

#[test]
fn initialisers_are_parted_at_commas_outside_brackets() {
    let args = noise(&["--init", "Uniform(low: -0.1, high: 0.1),xavier", "--json"]);
    let got = json(&args.iter().map(String::as_str).collect::<Vec<_>>());
    let inits: Vec<&str> = got["inits"].as_array().unwrap().iter().map(|run| run["init"].as_str().unwrap()).collect();
    assert_eq!(inits, ["Uniform(low: -0.1, high: 0.1)", "xavier"]);
}

#[test]
fn an_initialiser_that_is_none_is_refused_with_those_there_are() {
    let check = |init: &str, says: &str| {
        let refused = graphrun(&["stats", TANH, "--init", init]);
        let errors = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(2), "{errors}");
        let help = "\n  help: there are small, large, xavier, he; and as in a model file Const, ";
        assert!(errors.contains(&format!("{says}{help}")) && !errors.contains("Model("), "{errors}");
    };
    for init in ["small,", ",", ""] {
        check(init, "names nothing before or behind a comma");
    }
    check("nonsense", "there is no initialiser `nonsense`");
    check("Normal(std: 1", "not how a model file writes an initialiser");
    check("Normal(sd: 1)", "the initialiser Normal has no option `sd`");
}
