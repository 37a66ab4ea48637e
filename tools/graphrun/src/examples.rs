//! What the help of every verb ends with: examples, and the exit statuses.

use clap::Command;

/// What the exit statuses of all verbs mean.
const STATUSES: &str = "Exit status: 0 done, 1 a finding (a check or a run failed), 2 a wrong command or file, \
                        3 a check that proved nothing, 128 + N a run that signal N ended";

/// Examples by verb.
pub(crate) const EXAMPLES: &[(&str, &[&str])] = &[
    ("check", &["graphrun check graphs/", "graphrun check graphs/digits/mlp.ron --json"]),
    ("show", &["graphrun show graphs/digits/mlp.ron"]),
    ("run", &["graphrun run graphs/lecture/square.ron --set x1=1 --set x2=2 --set a=3 --grad z"]),
    (
        "draw",
        &[
            "graphrun draw graphs/lecture/square.ron --values --grads > square.svg",
            "graphrun draw graphs/lecture/square.ron --format text",
        ],
    ),
    ("trace", &["graphrun trace graphs/lecture/square.ron", "graphrun trace graphs/lecture/square.ron --quiz"]),
    ("equiv", &["graphrun equiv graphs/lecture/logistic.ron graphs/lecture/logistic_sigmoid.ron"]),
    ("schema", &["graphrun schema"]),
    ("test", &["graphrun test graphs/"]),
    ("grad", &["graphrun grad graphs/lecture/square.ron --wrt x1 > gradient.ron"]),
    (
        "gradcheck",
        &[
            "graphrun gradcheck graphs/lecture/linear.ron",
            "graphrun gradcheck graphs/lecture/square.ron --method central --step 1e-4",
            "graphrun gradcheck graphs/lecture/logistic.ron --curve --svg curve.svg",
        ],
    ),
    (
        "train",
        &[
            "graphrun train graphs/lecture/xor.ron --with train.steps=1000",
            "graphrun train graphs/digits/mlp.ron --json",
        ],
    ),
    ("eval", &["graphrun eval graphs/digits/mlp.ron"]),
    ("predict", &["graphrun predict graphs/digits/mlp.ron --out scores.npy"]),
    (
        "stats",
        &[
            "graphrun stats graphs/lecture/vanishing_sigmoid.ron",
            "graphrun stats graphs/lecture/six_layers_tanh.ron --data --init small,large,xavier,he",
        ],
    ),
    ("bench", &["graphrun bench graphs/bench/xor_3x4x1.ron --mode train"]),
    ("ops", &["graphrun ops Linear", "graphrun ops Adam"]),
    ("new", &["graphrun new iris --template classifier"]),
    ("fmt", &["graphrun fmt graphs/", "graphrun fmt --check graphs/"]),
    ("explain", &["graphrun explain GR0301"]),
    ("completions", &["graphrun completions bash"]),
    ("man", &["graphrun man --out man/"]),
];

/// The verb, or the whole command, with what its help ends with.
pub(crate) fn with_examples(verb: Command) -> Command {
    let found = EXAMPLES.iter().find(|(name, _)| *name == verb.get_name());
    let lines: String = found.iter().flat_map(|(_, lines)| lines.iter()).map(|line| format!("  {line}\n")).collect();
    let examples = if lines.is_empty() { lines } else { format!("Examples:\n{lines}\n") };
    verb.after_help(examples + STATUSES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verb_has_examples_that_are_commands() {
        let verbs = || crate::command().get_subcommands().map(|verb| verb.get_name().to_string()).collect::<Vec<_>>();
        assert_eq!(verbs(), EXAMPLES.iter().map(|(name, _)| *name).collect::<Vec<_>>());
        for line in EXAMPLES.iter().flat_map(|(_, lines)| lines.iter()) {
            let words = line.split(" > ").next().unwrap().split_whitespace();
            assert!(crate::command().try_get_matches_from(words).is_ok(), "{line}");
        }
    }
}
