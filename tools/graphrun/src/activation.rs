//! Another operation in the place of a file's activations.

use graphrun::load::{LoadOptions, load_str};
use graphrun::nodes;

use crate::failure::Failure;

/// The operations that `--activation` replaces.
const ACTIVATIONS: [&str; 12] = [
    "Sigmoid",
    "Tanh",
    "Relu",
    "Softplus",
    "CenteredSoftplus",
    "LeakyRelu",
    "VRelu",
    "Elu",
    "Selu",
    "Gelu",
    "Silu",
    "Mish",
];

/// An operation with its options, as a model file writes both.
#[derive(Clone, Debug)]
pub(crate) struct Activation {
    op: String,
    options: String,
}

impl Activation {
    /// Reads `Relu`, `relu` or `LeakyRelu(alpha: 0.2)`, and tries it on a model of its own.
    pub(crate) fn read(text: &str) -> Result<Activation, Failure> {
        let (op, options) = text.trim().split_once('(').unwrap_or((text.trim(), ")"));
        let Some(options) = options.strip_suffix(')') else {
            let help = format!("write it as --activation '{text})'");
            return Err(Failure::new(format!("`--activation {text}` lacks its closing bracket"), help));
        };
        let registry = nodes::standard();
        let known = registry.ops().map(|def| def.name).find(|name| name.eq_ignore_ascii_case(op.trim()));
        let activation = Activation { op: known.unwrap_or(op.trim()).into(), options: options.trim().into() };
        let (x, call) = ("x: [4, 4]", activation.of(Some("x")));
        let model = format!("Model(graphrun: 1, inputs: {{ {x} }}, nodes: {{ y: {call} }}, outputs: [y])");
        load_str("--activation".as_ref(), &model, &registry, &LoadOptions::default())?;
        Ok(activation)
    }

    /// As it stands in a chain.
    pub(crate) fn name(&self) -> String {
        self.of(None)
    }

    /// The call with this input; without one, as it stands in a chain.
    fn of(&self, input: Option<&str>) -> String {
        let Activation { op, options } = self;
        match (input, options.is_empty()) {
            (None, true) => op.clone(),
            (None, false) => format!("{op}({options})"),
            (Some(x), true) => format!("{op}({x})"),
            (Some(x), false) => format!("{op}(x: {x}, {options})"),
        }
    }
}

/// The text of a model with `activation` in the place of every other.
pub(crate) fn with_activation(text: &str, activation: &Activation) -> String {
    let (mut out, mut rest, mut quoted) = (String::new(), text, false);
    while let Some(first) = rest.chars().next() {
        let word = |c: char| c.is_alphanumeric() || c == '_';
        let length = rest.find(|c| !word(c)).unwrap_or(rest.len()).max(first.len_utf8());
        let (token, behind) = rest.split_at(length);
        quoted ^= token == "\"";
        rest = behind;
        if quoted || !ACTIVATIONS.contains(&token) {
            out += token;
            // What a backslash stands before ends no text.
            if quoted && token == "\\" {
                let escaped = rest.chars().next().map_or(0, char::len_utf8);
                out += &rest[..escaped];
                rest = &rest[escaped..];
            }
            continue;
        }
        let arguments = rest.strip_prefix('(').and_then(|rest| Some(&rest[..closing(rest)?]));
        rest = &rest[arguments.map_or(0, |arguments| arguments.len() + 2)..];
        out += &activation.of(arguments.and_then(input));
    }
    out
}

/// The input among the arguments of an activation: `s` in `s`, in `x: s` and in `x: s, alpha: 0.1`.
fn input(arguments: &str) -> Option<&str> {
    fields(arguments).into_iter().find_map(|field| match field.split_once(':') {
        Some((name, value)) => (name.trim() == "x").then_some(value.trim()),
        None => Some(field.trim()).filter(|field| !field.is_empty()),
    })
}

/// Where the bracket closes that was opened before `text`.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0;
    text.char_indices().find_map(|(place, c)| {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' if depth == 0 => return Some(place),
            ')' | ']' | '}' => depth -= 1,
            _ => {}
        }
        None
    })
}

/// The parts between the commas that are in no brackets.
pub(crate) fn fields(text: &str) -> Vec<&str> {
    let mut depth = 0;
    let split = |c: char| {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            _ => {}
        }
        c == ',' && depth == 0
    };
    text.split(split).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_and_links_of_chains_are_replaced() {
        let check = |text: &str, relu: &str, leaky: &str| {
            let with = |op: &str| with_activation(text, &Activation::read(op).unwrap_or_else(|e| panic!("{e:?}")));
            assert_eq!((&*with("Relu"), &*with("LeakyRelu(alpha: 0.2)")), (relu, leaky));
        };
        check("h: Tanh(s),", "h: Relu(s),", "h: LeakyRelu(x: s, alpha: 0.2),");
        check("Elu(x: s, alpha: 2)", "Relu(s)", "LeakyRelu(x: s, alpha: 0.2)");
        check("[Tanh, Elu(alpha: 2)]", "[Relu, Relu]", "[LeakyRelu(alpha: 0.2), LeakyRelu(alpha: 0.2)]");
        check(
            "doc: \"a \\\" Tanh(x\", y: Tanhs",
            "doc: \"a \\\" Tanh(x\", y: Tanhs",
            "doc: \"a \\\" Tanh(x\", y: Tanhs",
        );
    }
}
