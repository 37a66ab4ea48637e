//! The kinds of findings: stable codes, and what each means at length.

/// Declares the table: one line a kind, `Name = "code": title; explanation; remedy`.
macro_rules! codes {
    ($($name:ident = $code:literal: $title:literal; $text:literal; $remedy:literal)*) => {
        /// The kind of a finding.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $title] $name,)*
        }

        impl Code {
            /// Every kind, in the order of the codes.
            pub const ALL: &[Code] = &[$(Code::$name,)*];

            /// The stable code, as in `GR0102`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Code::$name => $code,)* }
            }

            /// What the kind is, in a line.
            pub const fn title(self) -> &'static str {
                match self { $(Code::$name => $title,)* }
            }

            /// What it means, why it is refused and what to do, at length.
            pub const fn explanation(self) -> &'static str {
                match self { $(Code::$name => $text,)* }
            }

            /// What to write, where the finding itself knows nothing better.
            pub const fn remedy(self) -> &'static str {
                match self { $(Code::$name => $remedy,)* }
            }
        }
    };
}

impl Code {
    /// The kind with a code, in either case and with or without its letters: `GR0102`, `gr0102`, `102`.
    pub fn parse(text: &str) -> Option<Code> {
        let upper = text.trim().to_uppercase();
        let digits = upper.strip_prefix("GR").unwrap_or(&upper);
        let wanted = format!("GR{digits:0>4}");
        Code::ALL.iter().copied().find(|code| code.as_str() == wanted)
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

codes! {
    Unreadable = "GR0101": "a file cannot be read";
        "A model file, or a file that it includes, does not exist, may not be opened, or is not UTF-8 text. The path of an \
         include is relative to the file that includes it.";
        "give the path of a file of text that exists and may be read"
    TooLarge = "GR0102": "a file is too large";
        "Model files are limited in bytes and in tokens, so that a file that is no model is refused at once instead of \
         filling memory. Keep large arrays in data files (`File(\"w.npy\")`, `Csv(...)`), and split long models with `include`.";
        "split it with `include`, or keep large arrays in data files"
    TooDeep = "GR0103": "brackets nest too deeply";
        "Brackets may nest 128 deep. Models that need more structure take it from blocks, whose bodies each start afresh.";
        "make blocks of the inner parts, and use these by name"
    UnexpectedToken = "GR0104": "the text is not RON here";
        "A comma, colon, value or closing bracket is missing, or something stands where it has no meaning. Reading goes on \
         behind it, so that other errors of the file are reported in the same pass.";
        "write `name: value`, with a comma behind it, as in `Model(graphrun: 1, outputs: [y])`"
    Unclosed = "GR0105": "something is opened and never closed";
        "A bracket, string, character or block comment has a start and no end, or is closed by a bracket of another kind. \
         Both places are shown.";
        "write its end"
    MixedArguments = "GR0106": "named and positional arguments are mixed";
        "A call is either positional, inputs only and in the order of the op's ports (`Add(x, y)`), or named, every port and \
         option by its name (`Linear(x: h, units: 10)`). The two are never mixed.";
        "write every argument as `name: value`, or none"
    BadNumber = "GR0107": "a number cannot be read";
        "Numbers are integers (`12`, `0xff`, `1_000`) or reals (`0.5`, `1e-3`, `inf`). Suffixes such as `1f32` have no place in \
         a model, and a number beyond the range of its kind is refused instead of becoming infinite.";
        "a number is digits with a point and an exponent, as in 1.5e-3; a name starts with a letter"
    BadString = "GR0108": "a string cannot be read";
        "In double quotes a backslash starts an escape: \\n \\t \\r \\0 \\\\ \\\" \\' \\x41 \\u{3b1}, or joins two lines. Raw strings, \
         r\"...\" and r#\"...\"#, have no escapes.";
        "write a backslash itself as `\\`, or the text between r\" and \", where none is special"
    Unsupported = "GR0109": "a part of RON that models do not use";
        "Extensions (`#![enable(...)]`), byte strings and ranges are RON, but have no meaning in a model file.";
        "delete it"
    DuplicateKey = "GR0110": "a key is written twice";
        "Each key of a map and each argument of a call may be written once; a second one would silently replace the first. \
         Both places are shown.";
        "keep one of the two"
    IncludeCycle = "GR0111": "files include one another";
        "A file includes itself, directly or through others. Move what both need into a third file.";
        "move the blocks that both files need into a third"
    TooMany = "GR0112": "there are more findings than are shown";
        "The first 200 findings of a file are shown. Many of the others often have the same cause; mend these and check again.";
        "mend those above, and check again"
    UnknownField = "GR0201": "a field is not known here";
        "Nothing in a model file is ignored: a field that the program does not know is an error, since it is most often a \
         misspelling whose effect would be missed.";
        "delete it; `graphrun schema` lists the fields there are"
    MissingField = "GR0202": "a field is missing";
        "The message names the field and what it should hold.";
        "add it; `graphrun schema` shows what it holds"
    WrongKind = "GR0203": "a value of another kind is needed";
        "A list, map, number, string or name stands where another of them belongs.";
        "write a value of the kind that is named; `graphrun schema` shows the form of every section"
    Version = "GR0204": "the format version does not fit";
        "Every model file states `graphrun: 1`, the version of the format it is written in. A file of a newer version is \
         refused, since its meaning is not known; update the program.";
        "write `graphrun: 1`"
    BadName = "GR0205": "something cannot be a name";
        "Nodes, inputs, parameters, blocks, arguments and sizes are named by identifiers: letters, digits and `_`, not starting \
         with a digit, and not one of true false None Some inf NaN. The nodes, inputs and parameters of a model, not those of \
         a block, may also have names of several such parts joined by points, in quotes, as printed gradients do: \"grad.w\".";
        "a name is letters, digits and `_`, and not one of true false None Some inf NaN"
    BadValue = "GR0206": "a value is outside its range";
        "The value has the right kind but makes no sense: a negative size, a version of zero, a tolerance below zero.";
        "write a value in the range that is named"
    NotAModel = "GR0207": "the file is not a model";
        "A model file holds one value, `Model(graphrun: 1, ...)`.";
        "`graphrun new` writes one to start from"
    UnknownOp = "GR0301": "an op is not known";
        "The name in front of the parentheses is neither an op of the registry nor a block of the file or its includes. \
         `graphrun ops` lists the registry.";
        "`graphrun ops` lists the ops"
    UnknownNode = "GR0302": "a node is not known";
        "A bare name in an input's place is a node, an input, a parameter or an argument of the block. The name is none of them.";
        "declare it among the `nodes`, `inputs` or `params`, or write the name of one that is"
    UnknownOption = "GR0303": "a port or option is not known";
        "The op has no port and no option of that name. `graphrun ops NAME` shows what it has.";
        "delete it; `graphrun ops NAME` lists the options of an op"
    UnknownSymbol = "GR0304": "a size symbol is not declared";
        "Symbols such as `N` are declared by the shapes of the inputs. A symbol elsewhere must be one of them.";
        "symbols are declared by the shapes of the inputs"
    UnknownInit = "GR0305": "an initialiser is not known";
        "Parameters are initialised by Zeros, Const, Uniform, Normal, Xavier, He and others of the registry.";
        "write one of those that `graphrun schema` lists, such as `Xavier`, `He` or `Zeros`"
    NameTaken = "GR0306": "a name is declared twice";
        "Inputs, parameters and nodes share one space of names within a model, and within each block. A block may not take the \
         name of an op. Both places are shown.";
        "inputs, parameters, arguments and nodes share one space of names: choose another"
    UnknownMember = "GR0307": "a block has no such member";
        "Dotted, quoted names such as \"h.s\" or \"h.s.weight\" address what a block, chain or op holds inside. The message says \
         what there is.";
        "write the address of a member that is there"
    ShapeClash = "GR0401": "shapes do not fit";
        "The shapes of an op's inputs do not go together. Both are shown, with where each comes from. Two different symbols \
         never broadcast against each other, even if they happen to have one value when the model runs.";
        "change the shape of one of them, or bring it into shape with `Reshape`, `Transpose` or `Broadcast`"
    OpenSize = "GR0402": "a size cannot be worked out";
        "A parameter's shape has `_` where its size should follow from use, but no use fixes it. Write the size.";
        "write the size"
    NotScalar = "GR0403": "a scalar is needed";
        "The loss is one number. A loss per row becomes one by `Mean` or `Sum`.";
        "make one number of it by `Mean` or `Sum`"
    Inputs = "GR0405": "an op has too few or too many inputs";
        "The call gives the op other inputs than it has ports. `graphrun ops NAME` shows its ports.";
        "`graphrun ops NAME` shows the inputs in order"
    BadOption = "GR0406": "an option has a wrong value";
        "The option exists, but its value has another kind than it needs or is out of range.";
        "`graphrun ops NAME` shows what each option takes"
    TooBig = "GR0407": "a size is too large";
        "A product of sizes goes beyond 64 bits, or an array beyond what can be addressed.";
        "check the sizes"
    ParameterClash = "GR0408": "a shared parameter does not fit";
        "A parameter that several nodes mention has one shape, one initialiser and one kind; these nodes need different ones.";
        "give the nodes parameters of their own, or sizes that agree"
    NotDifferentiable = "GR0409": "there is no gradient";
        "A gradient is asked for through an op that has none, or of an integer.";
        "ask for the gradient with respect to a real input or a parameter"
    Cycle = "GR0501": "nodes depend on one another in a circle";
        "A model is a graph without cycles: a node cannot need its own value. The nodes of the circle are named in order. \
         Recurrence over time is unrolled over a known length by the ops for sequences.";
        "a node cannot need its own value; break the circle at one of these"
    BlockCycle = "GR0502": "blocks contain one another";
        "A block uses itself, directly or through others, and so would never end. `Repeat(n, [...])` repeats a known number of times.";
        "`Repeat(n, [...])` in a chain repeats a known number of times"
    UnusedArgument = "GR0503": "an argument of a block is never used";
        "Nothing is ignored: an argument that the block's body never mentions would have no effect. Delete it or use it.";
        "delete it, or use it"
    MissingArgument = "GR0504": "an argument of a block is missing";
        "Arguments without a default must be given by every call.";
        "give it by its name in the call, or give it a default where it is declared"
    ArgumentKind = "GR0505": "an argument of a block has another kind";
        "Arguments are declared as Node, Int, Real, Str, Op or Init, and a call must give a value of that kind.";
        "give a value of the kind that is declared, or declare another kind"
    BadRepeat = "GR0506": "a repeat count is not usable";
        "`Repeat(n, [...])` takes a positive whole number of rounds.";
        "write `Repeat(n, [Op, ...])` with a whole number from 1"
    TooManyNodes = "GR0507": "the model has too many nodes";
        "Blocks and repeats may unfold to 135,000 nodes. Nested repeats and blocks multiply.";
        "write smaller counts: nested repeats and blocks multiply"
    BadStructure = "GR0508": "a structural word is misused";
        "`Chain(node, [...])`, `Repeat(n, [...])`, `Apply(op, node)` and `Formula(\"...\", {...})` each take exactly what their rule says.";
        "`graphrun schema` shows how the word is written"
    OpExpected = "GR0509": "an op is needed";
        "In a chain and as an op argument stands a bare op or block: `Relu`, or `Linear(units: 10)` without its first input.";
        "write a bare op such as `Relu` or `Linear(units: 10)`"
    FormulaSyntax = "GR0601": "a formula cannot be read";
        "Formulas have + - * / ^, comparisons, `if(c, a, b)`, numbers, parentheses and the pointwise functions of the registry in \
         snake case. The place within the string is shown.";
        "write a formula such as `x * sigmoid(b * x)`: numbers, names, + - * / ^, comparisons and calls"
    FormulaName = "GR0602": "a formula's variables do not match";
        "Every name in a formula is given in the map behind it, and every name in the map occurs in the formula.";
        "delete it, or use it"
    TestShape = "GR0701": "a value in a test has a wrong shape";
        "The array given or expected does not fit the shape of the input, parameter or node that it is for.";
        "write an array of the shape that is declared"
    TestIncomplete = "GR0702": "a test cannot run";
        "A test gives every input that the model needs, and expects a value or a gradient of something.";
        "give every input, and expect the `value` or `grad` of something"
    Setting = "GR0801": "a training setting is wrong";
        "The `train` section has a value that cannot be used. The message says which and why.";
        "write a value in the range that is named"
    UnknownSetting = "GR0802": "a name in the training section is not known";
        "The optimiser, schedule, metric or data source is not in the registry.";
        "write one of those that `graphrun schema` lists"
    UnmatchedPattern = "GR0803": "a pattern matches nothing";
        "Patterns such as `\"*.bias\"` choose parameters or columns by name; one that matches none would have no effect.";
        "write a pattern that matches one, such as `*.bias`, or delete it"
    Unreachable = "GR0901": "a node is never needed";
        "No output, loss, metric or test depends on the node, so it is never computed when the model runs. This is a warning.";
        "delete it, or make it an output"
    UnusedParameter = "GR0902": "a declared parameter is never used";
        "No node mentions the parameter. This is a warning.";
        "delete it, or use it in a node"
}

#[cfg(test)]
mod tests {
    use super::Code;

    #[test]
    fn codes_are_ordered_unique_and_explained() {
        assert!(Code::ALL.windows(2).all(|pair| pair[0].as_str() < pair[1].as_str()));
        for code in Code::ALL {
            assert!(code.as_str().len() == 6 && code.explanation().ends_with('.') && !code.title().is_empty());
            assert_eq!(Code::parse(code.as_str()), Some(*code));
        }
        assert_eq!(Code::parse("gr0102"), Some(Code::TooLarge));
        assert_eq!(Code::parse("102"), Some(Code::TooLarge));
        assert_eq!(Code::parse("GR9999"), None);
    }
}
