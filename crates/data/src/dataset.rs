//! A data set as an experiment sees it: a training part and a test part, each feeding every input.

use std::path::{Path, PathBuf};

use crate::error::{DataError, Result};
use crate::feed::{Element, Feed, Fit, Input};
use crate::random::{Purpose, Stream};
use crate::spec::{DataSpec, Source};

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
    /// When a source cannot be read, a setting is out of range, a column is missing, or numbers do not
    /// fit their input.
    pub fn load(spec: &DataSpec, inputs: &[Input], base: &Path, seed: u64) -> Result<Self> {
        for (name, _) in spec.feeds.iter() {
            if !inputs.iter().any(|input| input.name == name) {
                let known = inputs.iter().map(|input| input.name.as_str());
                return Err(DataError::unknown("input", name, known));
            }
        }
        let table = spec.source.read(base, spec.max_bytes)?;
        let (train, test) = split(table.rows(), spec.test, spec.seed.unwrap_or(seed))?;
        let fit = |input: &Input| Feed::new(input, spec.feeds.get(&input.name), &table, &Fit::Rows(&train));
        let feeds = inputs.iter().map(fit).collect::<Result<Vec<_>>>()?;
        let test = (!test.is_empty()).then(|| Part { feeds: feeds.clone(), rows: test });
        let mut dataset = Self {
            spec: spec.clone(),
            inputs: inputs.to_vec(),
            base: base.to_path_buf(),
            train: Part { feeds, rows: train },
            test,
        };
        if let Some(source) = &spec.test_source {
            if dataset.test.is_some() {
                return Err(
                    DataError::new("both `test` and `test_source` say what to test on").help("keep one of them")
                );
            }
            let names: Vec<&str> = inputs.iter().map(|i| i.name.as_str()).collect();
            dataset.test = Some(dataset.part(source, &names)?);
        }
        Ok(dataset)
    }

    /// All rows of another source, feeding the inputs named, with the means, deviations and class
    /// numbers of the training part.
    ///
    /// # Errors
    /// As [`Dataset::load`]; also when a text column has a class that the training part has not.
    pub fn part(&self, source: &Source, inputs: &[&str]) -> Result<Part> {
        let table = source.read(&self.base, self.spec.max_bytes)?;
        let feeds = inputs.iter().map(|name| {
            let known = || self.inputs.iter().map(|input| input.name.as_str());
            let i = known().position(|n| n == *name).ok_or_else(|| DataError::unknown("input", name, known()))?;
            let fit = Fit::Like(&self.train.feeds[i]);
            Feed::new(&self.inputs[i], self.spec.feeds.get(name), &table, &fit)
        });
        let feeds = feeds.collect::<Result<_>>()?;
        Ok(Part { feeds, rows: (0..table.rows()).collect() })
    }
}

/// The rows to train on and to test on, each ascending.
fn split(rows: usize, test: f64, seed: u64) -> Result<(Vec<usize>, Vec<usize>)> {
    let valid = test.is_finite() && test >= 0.0 && (test < 1.0 || test.fract() == 0.0);
    if !valid {
        return Err(DataError::new(format!("`test` is {test}, which is neither a share below 1 nor a number of rows")));
    }
    let count = if test < 1.0 { (rows as f64 * test).round() } else { test } as usize;
    if count >= rows {
        return Err(DataError::new(format!(
            "{count} of {rows} rows are held back for testing, so none is left to train on"
        )));
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
        Dataset::load(&options.from_str(spec).unwrap(), inputs, base, 0)
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
        assert_eq!(error.help.as_deref(), Some("did you mean `bee`?"));
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
