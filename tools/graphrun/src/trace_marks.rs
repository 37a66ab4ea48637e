//! Marking the answers to a worksheet.

use std::path::PathBuf;

use graphrun::load::diagnostics::nearest;
use graphrun::tensor::Dtype;
use serde_json::json;

use crate::failure::{Failure, Found, say};
use crate::json;
use crate::trace::Line;

/// How near an answer must be, relative to the result.
const NEAR: f64 = 1e-3;

/// Says for every line of an answers file whether it is right. What is given in the worksheet is no answer.
pub(crate) fn mark<'l>(path: &PathBuf, lines: impl Iterator<Item = &'l Line>, as_json: bool) -> Result<Found, Failure> {
    let lines: Vec<&Line> = lines.collect();
    let text = std::fs::read_to_string(path).map_err(|e| Failure::file(path, "read", &e))?;
    let (mut right, mut wrong, mut unknown, mut answers) = (0, 0, 0, Vec::new());
    for (number, answer) in text.lines().enumerate() {
        let answer = answer.trim().trim_start_matches("- ").trim_matches('`');
        let what = answer.split([':', '=']).next().unwrap_or("").trim();
        let given = answer.rsplit(['=', ':']).next().unwrap_or("").trim();
        let place = format!("{}:{}", path.display(), number + 1);
        // Titles, and lines whose result was taken away, answer nothing.
        if !answer.contains('=') && (what == given || crate::values::parse(&place, &decimals(given)).is_err()) {
            continue;
        }
        let Some(line) = lines.iter().find(|line| line.what == what) else {
            unknown += 1;
            let near = nearest(what, lines.iter().map(|line| line.what.as_str()));
            answers.push(json!({"name": what, "given": given, "verdict": "unknown", "nearest": near}));
            if !as_json {
                let near = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
                say(format!("unknown  {what} = {given}: the worksheet has no `{what}`{near}"))?;
            }
            continue;
        };
        if !line.is_asked() || given.trim_matches('_').is_empty() {
            continue;
        }
        let met = crate::values::parse(&place, &decimals(given)).is_ok_and(|array| {
            let (got, want) = (array.to_reals(), line.value.to_reals());
            got.len() == want.len() && got.iter().zip(&want).all(|(g, w)| (g - w).abs() <= NEAR * w.abs().max(1.0))
        });
        match met {
            true => right += 1,
            false => wrong += 1,
        }
        let verdict = if met { "right" } else { "wrong" };
        answers.push(
            json!({"name": what, "given": given, "verdict": verdict, "value": json::array(&line.value, Dtype::F64)}),
        );
        if !as_json {
            let but = if met { String::new() } else { format!(", it is {}", line.result) };
            say(format!("{verdict}  {what} = {given}{but}"))?;
        }
    }
    let left_out = lines.iter().filter(|line| line.is_asked()).count().saturating_sub(right + wrong);
    match as_json {
        true => {
            say(json!({"right": right, "wrong": wrong, "unknown": unknown, "left_out": left_out, "answers": answers}))?
        }
        false => {
            let unknown = if unknown == 0 { String::new() } else { format!(", {unknown} unknown") };
            say(format!("{right} right, {wrong} wrong{unknown}, {left_out} left out"))?;
        }
    }
    Ok(match (right, wrong + unknown) {
        (0, 0) => Found::Unproved,
        (_, 0) => Found::Nothing,
        _ => Found::Finding,
    })
}

/// A number or a list with its fractions, such as `1/4`, as decimals.
fn decimals(given: &str) -> String {
    let decimal = |word: &str| {
        let (above, below) = word.split_once('/')?;
        let quotient = above.trim().parse::<f64>().ok()? / below.trim().parse::<f64>().ok()?;
        quotient.is_finite().then(|| quotient.to_string())
    };
    let mut out = String::new();
    for part in given.split_inclusive(['[', ']', ',']) {
        let word = part.trim_end_matches(['[', ']', ',']);
        match decimal(word) {
            Some(decimal) => out += &format!("{decimal}{}", &part[word.len()..]),
            None => out += part,
        }
    }
    out
}
