//! What `draw` draws.

use crate::{out, path_of};

const FAN_OUT: &str = "graphs/lecture/fan_out.ron";
const SQUARE: &str = "graphs/lecture/square.ron";

fn drawn(file: &str, format: &str) -> String {
    out(&["draw", file, "--values", "--grads", "--format", format])
}

/// The texts of one class in an SVG, with their heights.
fn texts(svg: &str, class: &str) -> Vec<(f64, String)> {
    let start = format!("<text class=\"{class}\"");
    let read = |line: &str| {
        let y = line.split("y=\"").nth(1)?.split('"').next()?.parse().ok()?;
        Some((y, line.split('>').nth(1)?.split('<').next()?.to_string()))
    };
    svg.lines().filter(|line| line.starts_with(&start)).filter_map(read).collect()
}

#[test]
fn every_edge_carries_its_own_gradient() {
    for (format, labels) in [
        ("dot", ["label=\"2\\nd 4\"", "label=\"2\\nd 3\"", "label=\"10\\nd 1\""]),
        ("mermaid", ["|\"2 / d 4\"|", "|\"2 / d 3\"|", "|\"10 / d 1\"|"]),
        ("text", ["x -> u: 2 / d 4", "x -> v: 2 / d 3", "z -> output: 10 / d 1"]),
    ] {
        let drawing = drawn(FAN_OUT, format);
        assert!(labels.iter().all(|label| drawing.contains(label)), "{drawing}");
    }
    let svg = drawn(FAN_OUT, "svg");
    let grads: Vec<String> = texts(&svg, "grad").into_iter().map(|(_, text)| text).collect();
    assert_eq!(grads, ["4", "3", "1", "1", "1"]);
}

#[test]
fn a_factor_used_twice_has_two_edges() {
    let folder = tempfile::tempdir().unwrap();
    let path = format!("{}/m.ron", path_of(&folder));
    std::fs::write(&path, "Model(graphrun: 1, inputs: { x: [] }, nodes: { z: Mul(x, x) }, outputs: [z])").unwrap();
    for (format, edge) in [("text", "x -> z: 3 / d 3"), ("dot", "n0 -> n1 [label=\"3\\nd 3\"]")] {
        let drawing = out(&["draw", &path, "--values", "--grads", "--set", "x=3", "--format", format]);
        assert_eq!(drawing.matches(edge).count(), 2, "{drawing}");
    }
}

#[test]
fn values_stand_above_the_edges_and_gradients_below() {
    let svg = drawn(SQUARE, "svg");
    let (values, grads) = (texts(&svg, "value"), texts(&svg, "grad"));
    assert_eq!(values.len(), grads.len());
    assert_eq!((&*values.last().unwrap().1, &*grads.last().unwrap().1), ("49", "1"));
    let levels: Vec<Vec<f64>> = svg
        .lines()
        .filter_map(|line| line.strip_prefix("<polyline")?.split("points=\"").nth(1)?.split('"').next())
        .map(|points| points.split(' ').map(|p| p.split(',').nth(1).unwrap().parse().unwrap()).collect())
        .collect();
    for ((value, grad), ys) in values.iter().zip(&grads).zip(levels) {
        assert!(ys.iter().any(|y| value.0 < *y && *y < grad.0 - 9.0), "{value:?} {grad:?} {ys:?}");
    }
}

#[test]
fn a_composite_is_one_box() {
    let drawing = drawn("graphs/lecture/softmax.ron", "mermaid");
    for title in ["\"s = Linear\"", "\"q = Softmax\"", "\"loss = SoftmaxCrossEntropy\""] {
        assert!(drawing.contains(title), "{drawing}");
    }
    assert!(!drawing.contains("mat_mul") && drawing.contains("[[0.25, 0.75]]"), "{drawing}");
}

/// A rectangle: left, top, right, bottom.
type Area = [f64; 4];

/// The boxes and labels of an SVG, the background and the titles in boxes aside.
fn areas(svg: &str) -> Vec<Area> {
    let number = |line: &str, key: &str| -> f64 {
        let start = line.find(&format!(" {key}=\"")).unwrap() + key.len() + 3;
        line[start..].split('"').next().unwrap().parse().unwrap()
    };
    let boxes = svg.lines().filter(|line| line.starts_with("<rect class")).map(|line| {
        let [x, y, w, h] = ["x", "y", "width", "height"].map(|key| number(line, key));
        [x, y, x + w, y + h]
    });
    // Letters of 13 pixels are 7.8 wide, and reach from 10 above their line to 3 below it.
    let labels = svg.lines().filter(|line| line.starts_with("<text class")).map(|line| {
        let text = line.split('>').nth(1).unwrap().split('<').next().unwrap();
        let (x, y, half) = (number(line, "x"), number(line, "y"), 3.9 * text.chars().count() as f64);
        [x - half, y - 10.0, x + half, y + 3.0]
    });
    boxes.chain(labels).collect()
}

/// Places along the edges of an SVG, no further from each other than a pixel.
fn places(svg: &str) -> Vec<[f64; 2]> {
    let lines =
        svg.lines().filter_map(|line| line.strip_prefix("<polyline")?.split("points=\"").nth(1)?.split('"').next());
    let mut places = Vec::new();
    for line in lines {
        let number = |text: &str| text.parse::<f64>().unwrap();
        let ends: Vec<[f64; 2]> =
            line.split(' ').map(|point| point.split_once(',').unwrap()).map(|(x, y)| [number(x), number(y)]).collect();
        for pair in ends.windows(2) {
            let [a, b] = [pair[0], pair[1]];
            let steps = (b[0] - a[0]).hypot(b[1] - a[1]).ceil().max(1.0);
            let at = |k: usize| [0, 1].map(|axis| a[axis] + (b[axis] - a[axis]) * k as f64 / steps);
            places.extend((0..=steps as usize).map(at));
        }
    }
    places
}

/// Nothing covers anything else: neither boxes and labels each other, nor edges them.
fn apart(svg: &str, what: &str) {
    let areas = areas(svg);
    for (k, a) in areas.iter().enumerate() {
        for b in &areas[..k] {
            let apart = a[0] >= b[2] || b[0] >= a[2] || a[1] >= b[3] || b[1] >= a[3];
            assert!(apart, "{what}: {a:?} and {b:?}");
        }
    }
    for [x, y] in places(svg) {
        let inside = |a: &&Area| a[0] + 1.0 < x && x < a[2] - 1.0 && a[1] + 1.0 < y && y < a[3] - 1.0;
        assert_eq!(areas.iter().find(inside), None, "{what}: an edge at {x}, {y}");
    }
}

#[test]
fn layers_of_different_widths_are_drawn_apart() {
    for file in ["graphs/bench/cnn_28x28_b64.ron", "graphs/lecture/activations/apl.ron", "graphs/lecture/xor.ron"] {
        apart(&out(&["draw", file]), file);
    }
}

#[test]
fn a_label_that_is_cut_shows_its_whole_text() {
    let svg = drawn("graphs/lecture/xor.ron", "svg");
    let cut = svg.lines().find(|line| line.contains(">[[0, 0, 1], [0, 1, 1]...<")).unwrap();
    assert!(cut.ends_with("<title>[[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]]</title></text>"), "{cut}");
    assert!(!drawn(SQUARE, "svg").contains("<title>"));
}

/// The width and the height of an SVG.
fn size(svg: &str) -> (f64, f64) {
    let number =
        |key: &str| svg.split(&format!(" {key}=\"")).nth(1).unwrap().split('"').next().unwrap().parse().unwrap();
    (number("width"), number("height"))
}

/// A graph of `count` nodes, in which `node` says what the node of that number computes.
fn graph(count: usize, node: impl Fn(usize) -> String) -> String {
    let nodes: Vec<String> = (0..count).map(|k| format!("n{k}: {}", node(k))).collect();
    let fields = format!("inputs: {{ x: [] }}, nodes: {{ {} }}, outputs: [n{}]", nodes.join(", "), count - 1);
    format!("Model(graphrun: 1, {fields})")
}

fn before(k: usize, back: usize) -> String {
    if k < back { "x".into() } else { format!("n{}", k - back) }
}

#[test]
fn boxes_labels_and_edges_do_not_overlap() {
    let folder = tempfile::tempdir().unwrap();
    let path = format!("{}/m.ron", path_of(&folder));
    let chain = |k: usize| format!("Tanh({})", before(k, 1));
    let residual = |k: usize| match k % 4 {
        3 => format!("Add({}, {})", before(k, 1), before(k, 4)),
        0 | 2 => format!("Mul({}, {k})", before(k, 1)),
        _ => chain(k),
    };
    let tangled = |k: usize| format!("Mul({}, {})", before(k, 1), before(k, 1 + (k * 7 + 3) % (k + 1)));
    let near =
        |k: usize| format!("Add({}, {}, {})", before(k, 1), before(k, 1 + k * k % 5), before(k, 1 + k * k * k % 9));
    let shared = |k: usize| format!("Maximum({}, x)", before(k, 1));
    let kinds: [(&str, &dyn Fn(usize) -> String); 5] =
        [("chain", &chain), ("residual", &residual), ("tangled", &tangled), ("near", &near), ("shared", &shared)];
    for (kind, node) in kinds {
        for count in [5, 30, 100] {
            std::fs::write(&path, graph(count, node)).unwrap();
            for labels in [&[][..], &["--values", "--grads", "--set", "x=0.7"]] {
                let svg = out(&[&["draw", path.as_str()], labels].concat());
                let what = format!("{kind} of {count} nodes {labels:?}");
                assert!(areas(&svg).len() > count * if labels.is_empty() { 1 } else { 3 }, "{what}");
                apart(&svg, &what);
                let (width, height) = size(&svg);
                assert!(width < 2400.0 && (count < 100 || width < 5.0 * height), "{what}: {width} x {height}");
            }
        }
    }
}

/// A long chain is read line by line: every row begins at the left, below the one before.
#[test]
fn a_wide_graph_is_folded_into_rows() {
    let folder = tempfile::tempdir().unwrap();
    let path = format!("{}/m.ron", path_of(&folder));
    std::fs::write(&path, graph(100, |k| format!("Tanh({})", before(k, 1)))).unwrap();
    let svg = out(&["draw", &path]);
    let boxes: Vec<Area> = areas(&svg);
    let rows = boxes.windows(2).filter(|pair| pair[1][1] > pair[0][1]).count() + 1;
    let starts = boxes.windows(2).all(|pair| (pair[1][0] > pair[0][0]) == (pair[1][1] == pair[0][1]));
    assert!((5..12).contains(&rows) && starts, "{rows} rows: {boxes:?}");
    assert_eq!(svg.matches("<polyline").count(), 100);
}

/// A text drawing fits a page, and has a line for each node, behind those of its inputs.
#[test]
fn a_text_drawing_is_no_wider_than_a_page() {
    let folder = tempfile::tempdir().unwrap();
    let path = format!("{}/m.ron", path_of(&folder));
    let chain = |k: usize| format!("Tanh({})", before(k, 1));
    let linear = |k: usize| match k % 3 {
        2 => format!("Add({}, {})", before(k, 1), before(k, 3)),
        _ => format!("Linear(x: {}, units: 4)", before(k, 1)),
    };
    let tangled = |k: usize| format!("Mul({}, {})", before(k, 1), before(k, 1 + (k * 7 + 3) % (k + 1)));
    let kinds: [(&str, &str, &dyn Fn(usize) -> String); 3] =
        [("chain", "[]", &chain), ("linear", "[n, 4]", &linear), ("tangled", "[]", &tangled)];
    for (kind, shape, node) in kinds {
        for count in [5, 30, 100] {
            std::fs::write(&path, graph(count, node).replace("x: []", &format!("x: {shape}"))).unwrap();
            let text = out(&["draw", &path, "--format", "text"]);
            assert!(text.lines().all(|line| line.chars().count() <= 80), "{kind} of {count} nodes: {text}");
            let place = |k: usize| text.find(&format!("n{k} = ")).unwrap_or_else(|| panic!("n{k} in {text}"));
            assert!((1..count).all(|k| place(k - 1) < place(k)), "{kind} of {count} nodes: {text}");
        }
    }
    // A rail for each value that is used further down, and a line from it to where it is used.
    let nodes = "a: Tanh(x), b: Mul(a, x), c: Add(a, b), d: Mul(c, x, b)";
    let many: String =
        (0..40).map(|k| format!(", e{k}: Sin({})", if k == 0 { "d".into() } else { format!("e{}", k - 1) })).collect();
    std::fs::write(
        &path,
        format!("Model(graphrun: 1, inputs: {{ x: [] }}, nodes: {{ {nodes}{many} }}, outputs: [e39])"),
    )
    .unwrap();
    let text = out(&["draw", &path, "--format", "text"]);
    let head = "● x: []\n├─● a = Tanh\n├─┼─● b = Mul\n│ ●─┤ c = Add\n●─┴─┘ d = Mul\n● e0 = Sin\n";
    assert!(text.starts_with(head), "{text}");
}
