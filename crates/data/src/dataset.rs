//! A data set as an experiment sees it: a training part and a test part, each feeding every input.

use std::path::{Path, PathBuf};

use crate::columns::matches;
use crate::error::{DataError, Result};
use crate::feed::{Element, Feed, Fit, Input};
use crate::random::{Purpose, Stream};
use crate::spec::{DataSpec, FeedSpec, Source};
use crate::table::Table;

/// The rows of one part and what they feed.
#[derive(Clone, Debug)]
pub struct Part {
    feeds: Vec<Feed>,
    rows: Vec<usize>,
}

impl Part {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// The feeds, in the order of the inputs asked for.
    pub fn feeds(&self) -> &[Feed] {
        &self.feeds
    }

    /// Writes what feed `feed` has at these positions (`0..self.rows()`) into `out`, one row after
    /// another; allocates nothing.
    ///
    /// # Panics
    /// When a position is out of range or `out` has another length than so many rows.
    pub fn gather<T: Element>(&self, feed: usize, positions: &[usize], out: &mut [T]) {
        self.feeds[feed].gather(positions.iter().map(|&p| self.rows[p]), out);
    }
}

/// The training and the test part of a source.
#[derive(Clone, Debug)]
pub struct Dataset {
    spec: DataSpec,
    inputs: Vec<Input>,
    base: PathBuf,
    /// The rows to train on; at least one.
    pub train: Part,
    /// The rows held back, if there are any.
    pub test: Option<Part>,
}

impl Dataset {
    /// Reads the source of `spec`, splits it, and fits a feed to every input. Relative paths start at
    /// the folder `base`; `seed` decides the split unless the spec has its own.
    ///
    /// # Errors
    /// Everything that is wrong: a source that cannot be read, a setting out of range, a column that is missing
    /// or that nothing uses, numbers that do not fit their input.
    pub fn load(
        spec: &DataSpec,
        inputs: &[Input],
        base: &Path,
        seed: u64,
    ) -> std::result::Result<Self, Vec<DataError>> {
        let mut errors = Vec::new();
        let read = |source: &Source| source.read(base, spec.max_bytes).map(Some);
        let dataset = Self::attempt(spec, inputs, base, seed, &read, &mut errors);
        match dataset {
            Some(dataset) if errors.is_empty() => Ok(dataset),
            _ => Err(errors),
        }
    }

    /// What is wrong with `spec`, as far as the start of its files tells.
    pub fn check(spec: &DataSpec, inputs: &[Input], base: &Path, seed: u64) -> Vec<DataError> {
        let mut errors = Vec::new();
        let read = |source: &Source| source.glance(base, spec.max_bytes);
        Self::attempt(spec, inputs, base, seed, &read, &mut errors);
        errors
    }

    fn attempt(
        spec: &DataSpec,
        inputs: &[Input],
        base: &Path,
        seed: u64,
        read: &dyn Fn(&Source) -> Result<Option<Table>>,
        errors: &mut Vec<DataError>,
    ) -> Option<Self> {
        settings(spec, inputs, errors);
        let table = match read(&spec.source) {
            Ok(table) => table?,
            Err(error) => {
                push_once(settled(error, &spec.source, "source"), errors);
                return None;
            }
        };
        let test = if table.is_partial() { 0.0 } else { spec.test };
        let (train, test) = match split(table.rows(), test, spec.seed.unwrap_or(seed)) {
            Ok(parts) => parts,
            Err(error) => {
                errors.extend(no_share(spec.test).is_none().then(|| error.setting(["test"])));
                ((0..table.rows()).collect(), Vec::new())
            }
        };
        let fit = Fit::Rows(&train);
        let feeds = each(inputs, |input| feed(input, spec, &spec.source, "source", &table, &fit), errors);
        unused(spec, inputs, errors);
        let feeds = feeds?;
        let test = (!test.is_empty()).then(|| Part { feeds: feeds.clone(), rows: test });
        let mut dataset = Self {
            spec: spec.clone(),
            inputs: inputs.to_vec(),
            base: base.to_path_buf(),
            train: Part { feeds, rows: train },
            test,
        };
        if let Some(source) = &spec.test_source {
            let names: Vec<&str> = inputs.iter().map(|i| i.name.as_str()).collect();
            match read(source).map_err(|error| settled(error, source, "test_source")) {
                Ok(Some(table)) => dataset.test = dataset.part_of(&table, source, "test_source", &names, errors),
                Ok(None) => {}
                Err(error) => push_once(error, errors),
            }
        }
        Some(dataset)
    }

    /// All rows of another source, feeding the inputs named, with the means, deviations and class
    /// numbers of the training part.
    ///
    /// # Errors
    /// As [`Dataset::load`], the first; also when a text column has a class that the training part has not.
    pub fn part(&self, source: &Source, inputs: &[&str]) -> Result<Part> {
        let known = || self.inputs.iter().map(|input| input.name.as_str());
        if let Some(name) = inputs.iter().find(|name| !known().any(|known| known == **name)) {
            return Err(DataError::unknown("input", name, known()));
        }
        let table = source.read(&self.base, self.spec.max_bytes)?;
        let mut errors = Vec::new();
        let part = self.part_of(&table, source, "source", inputs, &mut errors);
        part.ok_or_else(|| errors.swap_remove(0))
    }

    fn part_of(
        &self,
        table: &Table,
        source: &Source,
        field: &str,
        inputs: &[&str],
        errors: &mut Vec<DataError>,
    ) -> Option<Part> {
        let wanted: Vec<usize> = (0..self.inputs.len()).filter(|&i| inputs.contains(&&*self.inputs[i].name)).collect();
        let fit = |&i: &usize| {
            let like = Fit::Like(&self.train.feeds[i]);
            feed(&self.inputs[i], &self.spec, source, field, table, &like)
        };
        let feeds = each(&wanted, fit, errors)?;
        Some(Part { feeds, rows: (0..table.rows()).collect() })
    }
}

/// Adds an error, unless it is among them.
fn push_once(error: DataError, errors: &mut Vec<DataError>) {
    if !errors.contains(&error) {
        errors.push(error);
    }
}

/// What `make` makes of each item; nothing when one fails, and then every failure is among `errors`.
fn each<T, U>(items: &[T], make: impl FnMut(&T) -> Result<U>, errors: &mut Vec<DataError>) -> Option<Vec<U>> {
    let made: Vec<Result<U>> = items.iter().map(make).collect();
    let whole = made.iter().all(Result::is_ok);
    let mut all = Vec::with_capacity(made.len());
    for one in made {
        match one {
            Ok(one) => all.push(one),
            Err(error) => errors.push(error),
        }
    }
    whole.then_some(all)
}

/// The feed of one input; what is wrong has the setting that says so.
fn feed(input: &Input, spec: &DataSpec, source: &Source, field: &str, table: &Table, fit: &Fit<'_>) -> Result<Feed> {
    let given = spec.feeds.get(&input.name);
    if given.is_none() && !table.names().any(|name| name == input.name) {
        let unknown = DataError::unknown("column", &input.name, table.names());
        let message = format!("no column feeds the input `{}`", input.name);
        let help = format!("say which does: `feeds: {{ {}: Column(name: \"...\") }}`; {}", input.name, unknown.help);
        return Err(DataError::new(message, help).setting([field]));
    }
    Feed::new(input, given, table, fit).map_err(|mut error| {
        let inner = std::mem::take(&mut error.setting);
        match given {
            Some(_) if error.element.is_none() || source.columns().is_none() => {
                error.setting(["feeds".to_owned(), input.name.clone()].into_iter().chain(inner))
            }
            _ => settled(error, source, field),
        }
    })
}

/// The error of a source with the setting that it is about; `field` is where the section names the source.
fn settled(mut error: DataError, source: &Source, field: &str) -> DataError {
    let inner = std::mem::take(&mut error.setting);
    let column = source.columns().zip(error.element.clone()).map(|((list, _), (column, path))| {
        let path = path.into_iter().map(|index| index.to_string());
        [list.to_owned(), column].into_iter().chain(path).collect()
    });
    error.setting(std::iter::once(field.to_owned()).chain(column.unwrap_or(inner)))
}

/// Reports settings that are wrong whatever the data is.
fn settings(spec: &DataSpec, inputs: &[Input], errors: &mut Vec<DataError>) {
    for (name, feed) in spec.feeds.iter() {
        if !inputs.iter().any(|input| input.name == name) {
            let known = inputs.iter().map(|input| input.name.as_str());
            errors.push(DataError::unknown("input", name, known).setting(["feeds", name]).key());
        }
        let (FeedSpec::Column { scale, shift, .. } | FeedSpec::Columns { scale, shift, .. }) = feed;
        for (option, value) in [("scale", scale), ("shift", shift)] {
            if !value.is_finite() {
                let message = format!("`{option}` is {value}, and a finite number is needed");
                let help = format!("write a number such as `{option}: 0.5`, or leave it out");
                errors.push(DataError::new(message, help).setting(["feeds", name, option]));
            }
        }
    }
    errors.extend(no_share(spec.test).map(|error| error.setting(["test"])));
    if spec.test_source.is_some() && spec.test > 0.0 {
        let error = DataError::new("both `test` and `test_source` say what to test on", "keep one of them");
        errors.push(error.setting(["test_source"]));
    }
    for (field, source) in [("source", Some(&spec.source)), ("test_source", spec.test_source.as_ref())] {
        let faults = source.iter().flat_map(|source| source.faults().into_iter().map(|it| settled(it, source, field)));
        errors.extend(faults);
    }
}

/// Reports columns that the section itself names and that nothing uses.
fn unused(spec: &DataSpec, inputs: &[Input], errors: &mut Vec<DataError>) {
    let used = |name: &str| {
        inputs.iter().any(|input| match spec.feeds.get(&input.name) {
            None => input.name == name,
            Some(FeedSpec::Column { name: column, .. }) => column == name,
            Some(FeedSpec::Columns { names, .. }) => names.iter().any(|pattern| matches(pattern, name)),
        })
    };
    for (field, source) in [("source", Some(&spec.source)), ("test_source", spec.test_source.as_ref())] {
        let Some((list, names)) = source.and_then(Source::columns) else { continue };
        for name in names.into_iter().filter(|name| !used(name)) {
            let inputs = inputs.iter().map(|input| input.name.as_str());
            let error = DataError::unknown("input", name, inputs);
            let message = format!("the column `{name}` feeds no input");
            let help = format!("delete it, or declare an input for it ({})", error.help);
            let error = DataError::new(message, help);
            errors.push(error.setting([field, list, name]).key());
        }
    }
}

/// The error of a `test` that is neither a share below 1 nor a number of rows.
fn no_share(test: f64) -> Option<DataError> {
    let share = test.is_finite() && test >= 0.0 && (test < 1.0 || test.fract() == 0.0);
    let message = format!("`test` is {test}, which is neither a share below 1 nor a number of rows");
    (!share).then(|| DataError::new(message, "write `test: 0.2` for a fifth of the rows, or `test: 100` for a hundred"))
}

/// The rows to train on and to test on, each ascending.
fn split(rows: usize, test: f64, seed: u64) -> Result<(Vec<usize>, Vec<usize>)> {
    if let Some(error) = no_share(test) {
        return Err(error);
    }
    let count = if test < 1.0 { (rows as f64 * test).round() } else { test } as usize;
    if count >= rows {
        let message = format!("{count} of {rows} rows are held back for testing, so none is left to train on");
        return Err(DataError::new(message, "write a smaller `test`"));
    }
    let mut order: Vec<usize> = (0..rows).collect();
    if count > 0 {
        Stream::new(seed, Purpose::Split).shuffle(&mut order);
    }
    let mut train = order.split_off(count);
    order.sort_unstable();
    train.sort_unstable();
    Ok((train, order))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::Kind;

    fn real(name: &str, row: &[usize]) -> Input {
        Input { name: name.into(), row: row.iter().map(|s| Some(*s)).collect(), kind: Kind::Real }
    }

    fn index(name: &str, below: u64) -> Input {
        Input { name: name.into(), row: vec![], kind: Kind::Index { below: Some(below) } }
    }

    fn load(spec: &str, inputs: &[Input], base: &Path) -> Result<Dataset> {
        let options = ron::Options::default().with_default_extension(ron::extensions::Extensions::IMPLICIT_SOME);
        Dataset::load(&options.from_str(spec).unwrap(), inputs, base, 0).map_err(|mut errors| errors.swap_remove(0))
    }

    fn gather(part: &Part, feed: usize, width: usize) -> Vec<f64> {
        let positions: Vec<usize> = (0..part.rows()).collect();
        let mut out = vec![f64::NAN; positions.len() * width];
        part.gather(feed, &positions, &mut out);
        out
    }

    #[test]
    fn the_shipped_digits_feed_a_classifier() {
        let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../graphs/digits");
        let spec = r#"( source: Csv("data/digits.csv.gz"), test: 0.2, feeds: {
            x: Columns(names: ["pixel_*"], scale: 0.0625), y: Column(name: "digit") } )"#;
        let data = load(spec, &[real("x", &[1, 8, 8]), index("y", 10)], &base).unwrap();
        let test = data.test.unwrap();
        assert_eq!((data.train.rows(), test.rows()), (1438, 359));
        assert_eq!(test.feeds()[0].row(), [1, 8, 8]);
        let mut seen: Vec<usize> = [data.train.rows, test.rows].concat();
        seen.sort_unstable();
        assert!(seen.iter().copied().eq(0..1797));
        let error = load(spec, &[real("x", &[8, 9]), index("y", 10)], &base).unwrap_err();
        assert_eq!(error.message, "a row of input `x` is [8, 9], but the row of 64 columns gives [64]");
        let error = load(spec, &[real("x", &[64]), index("y", 9)], &base).unwrap_err();
        assert!(error.message.contains("from 0 and below 9, but row 10 has 9"), "{error}");
    }

    #[test]
    fn the_shipped_iris_has_named_classes_and_standard_columns() {
        let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../graphs/iris");
        let spec = r#"( source: Csv("data/iris.csv"), test: 50, feeds: {
            x: Columns(names: ["sepal_*", "petal_*"], standardize: true),
            y: Column(name: "species") } )"#;
        let data = load(spec, &[real("x", &[4]), index("y", 3)], &base).unwrap();
        assert_eq!(data.train.feeds()[1].labels().unwrap(), ["setosa", "versicolor", "virginica"]);
        let x = gather(&data.train, 0, 4);
        for i in 0..4 {
            let column: Vec<f64> = x.iter().skip(i).step_by(4).copied().collect();
            let mean = column.iter().sum::<f64>() / 100.0;
            let var = column.iter().map(|v| v * v).sum::<f64>() / 100.0;
            // Rounding of sums of 100 numbers near 1.
            assert!(mean.abs() < 1e-12 && (var - 1.0).abs() < 1e-12, "{mean} {var}");
        }
        let again = data.part(&data.spec.source, &["x"]).unwrap();
        assert_eq!(again.rows(), 150);
        let same = gather(&again, 0, 4);
        assert_eq!(same[data.train.rows[0] * 4], x[0]);
    }

    #[test]
    fn a_second_source_keeps_the_class_numbers_of_the_first() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.csv"), "kind\nant\nbee\ncat\n").unwrap();
        std::fs::write(folder.path().join("b.csv"), "kind\ncat\nbee\n").unwrap();
        std::fs::write(folder.path().join("c.csv"), "kind\nbea\n").unwrap();
        let spec = |test| format!("( source: Csv(\"a.csv\"), test_source: Csv(\"{test}\") )");
        let data = load(&spec("b.csv"), &[index("kind", 3)], folder.path()).unwrap();
        assert_eq!(gather(&data.test.unwrap(), 0, 1), [2.0, 1.0]);
        let error = load(&spec("c.csv"), &[index("kind", 3)], folder.path()).unwrap_err();
        assert_eq!(error.help, "did you mean `bee`?");
    }

    #[test]
    fn wrong_settings_are_named() {
        let rows = "Rows({ x: [[1, 2], [3, 4]], y: [0, 5] })";
        let cases = [
            ("test: 2", "2 of 2 rows are held back for testing, so none is left to train on"),
            ("test: 1.5", "`test` is 1.5, which is neither a share below 1 nor a number of rows"),
            ("test: -1", "`test` is -1, which is neither a share below 1 nor a number of rows"),
            ("test: 1, test_source: Moons(n: 4)", "both `test` and `test_source` say what to test on"),
            ("feeds: { z: Column(name: \"x\") }", "there is no input `z`"),
            ("feeds: { x: Column(name: \"w\") }", "there is no column `w`"),
            ("feeds: { x: Columns(names: [\"w*\"]) }", "there is no column `w*`"),
            ("feeds: { x: Columns(names: []) }", "`names` is empty"),
            ("feeds: { x: Column(name: \"y\") }", "a row of input `x` is [2], but column `y` gives []"),
            (
                "feeds: { y: Column(name: \"y\", scale: 2) }",
                "`y` takes whole numbers, which cannot be scaled, shifted or standardized",
            ),
        ];
        for (settings, expect) in cases {
            let spec = format!("( source: {rows}, {settings} )");
            let error = load(&spec, &[real("x", &[2]), index("y", 6)], Path::new("")).unwrap_err();
            assert_eq!(error.message, expect);
        }
    }
}
