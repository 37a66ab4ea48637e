//! Arrays and numbers as JSON.

use graphrun::Array;
use graphrun::exec::Data;
use graphrun::tensor::Dtype;
use serde_json::{Value, json};

/// A number; one that JSON cannot hold is a string.
pub(crate) fn number(x: f64) -> Value {
    match x {
        _ if x.is_finite() => json!(x),
        _ if x.is_nan() => json!("NaN"),
        _ if x > 0.0 => json!("inf"),
        _ => json!("-inf"),
    }
}

/// The shortest decimal that is the same number in the precision it was computed in.
fn rounded(x: f64, dtype: Dtype) -> f64 {
    match dtype {
        Dtype::F32 => (x as f32).to_string().parse().unwrap_or(x),
        Dtype::F64 => x,
    }
}

/// Nested lists; a scalar is a number.
pub(crate) fn array(array: &Array, dtype: Dtype) -> Value {
    let flat: Vec<Value> = match array.data() {
        Data::Real(values) => values.iter().map(|&x| number(rounded(x, dtype))).collect(),
        Data::Index(values) => values.iter().map(|&x| json!(x)).collect(),
    };
    nest(array.shape().sizes(), &flat)
}

/// Lists of these sizes in each other, of what they hold in order.
pub(crate) fn nest(sizes: &[usize], flat: &[Value]) -> Value {
    let Some((&size, inner)) = sizes.split_first() else { return flat.first().cloned().unwrap_or(Value::Null) };
    let stride: usize = inner.iter().product();
    (0..size).map(|k| nest(inner, &flat[k * stride..(k + 1) * stride])).collect()
}

/// A value for people: nested lists on one line, long ones abridged in the middle.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            let shown = |items: &[Value]| items.iter().map(text).collect::<Vec<_>>().join(", ");
            match items.len() > 12 {
                true => format!("[{}, ..., {}]", shown(&items[..5]), shown(&items[items.len() - 5..])),
                false => format!("[{}]", shown(items)),
            }
        }
        Value::String(s) => s.clone(),
        Value::Number(n) => {
            n.as_f64().filter(|x| x.fract() == 0.0 && x.abs() < 1e15).map_or_else(|| n.to_string(), |x| format!("{x}"))
        }
        other => other.to_string(),
    }
}
