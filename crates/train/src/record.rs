//! What a run reports.

use serde_json::{Map, Value, json};

use crate::metric::Figure;

/// The loss and the metrics over some rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Scores {
    /// The mean loss, each batch weighted by its rows.
    pub loss: f64,
    /// Metrics by name, in the order of the file.
    pub metrics: Vec<(String, Figure)>,
}

/// How a run stands at the end of an epoch.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Epochs done.
    pub epoch: u64,
    /// Steps done.
    pub step: u64,
    /// Over the training part, each batch before its step.
    pub train: Scores,
    /// Over the test part, after the epoch.
    pub test: Option<Scores>,
    /// Time since the run began, in seconds.
    pub seconds: f64,
}

/// What happens in a run.
#[derive(Clone, Debug, PartialEq)]
pub enum Event<'a> {
    /// The run begins, or goes on.
    Start {
        /// Steps done already.
        step: u64,
        /// Steps in all.
        steps: u64,
        /// Epochs in all.
        epochs: u64,
    },
    /// A step is done.
    Step {
        /// Steps done.
        step: u64,
        /// The loss of its batch before it.
        loss: f64,
    },
    /// An epoch is done and measured.
    Epoch(&'a Record),
    /// The loss has not fallen for as long as early stopping waits.
    Stopped(&'a Record),
    /// A checkpoint was written.
    Saved(&'a std::path::Path),
}

impl Scores {
    /// `{"loss": ..., "accuracy": ...}`.
    #[must_use]
    pub fn json(&self) -> Value {
        let mut map = Map::from_iter([("loss".to_string(), number(self.loss))]);
        map.extend(self.metrics.iter().map(|(name, figure)| (name.clone(), figure_json(figure))));
        Value::Object(map)
    }
}

impl Record {
    /// One line of `metrics.jsonl`, without its end.
    #[must_use]
    pub fn json(&self) -> Value {
        let metrics: Map<String, Value> =
            self.train.metrics.iter().map(|(name, figure)| (name.clone(), figure_json(figure))).collect();
        let mut line = json!({
            "epoch": self.epoch,
            "step": self.step,
            "loss": number(self.train.loss),
            "metrics": metrics,
        });
        if let Some(test) = &self.test {
            line["test"] = test.json();
        }
        line["seconds"] = number(self.seconds);
        line
    }
}

fn figure_json(figure: &Figure) -> Value {
    match figure {
        Figure::Number(x) => number(*x),
        Figure::Table(rows) => rows.iter().map(|row| row.iter().map(|x| number(*x)).collect::<Value>()).collect(),
    }
}

/// A number; one that JSON cannot hold is a string.
fn number(x: f64) -> Value {
    match x {
        _ if x.is_finite() => json!(x),
        _ if x.is_nan() => json!("NaN"),
        _ if x > 0.0 => json!("inf"),
        _ => json!("-inf"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_its_documented_keys() {
        let metrics = vec![("accuracy".to_string(), Figure::Number(0.5))];
        let scores = Scores { loss: f64::NAN, metrics };
        let record = Record { epoch: 2, step: 9, train: scores.clone(), test: Some(scores), seconds: 1.5 };
        assert_eq!(
            record.json().to_string(),
            "{\"epoch\":2,\"step\":9,\"loss\":\"NaN\",\"metrics\":{\"accuracy\":0.5},\
             \"test\":{\"loss\":\"NaN\",\"accuracy\":0.5},\"seconds\":1.5}"
        );
        assert_eq!(figure_json(&Figure::Table(vec![vec![1.0, 0.0]])).to_string(), "[[1.0,0.0]]");
    }
}
