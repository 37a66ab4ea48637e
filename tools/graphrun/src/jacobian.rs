//! The Jacobian of a node: a row for each of its elements, a column for each element that it is taken by.

use std::path::Path;

use graphrun::exec::{Options, Session};
use graphrun::graph::Builder;
use graphrun::tensor::{Dtype, Shape};
use graphrun::{Array, Graph};
use serde_json::Value;

use crate::failure::Failure;
use crate::gradients::Wanted;
use crate::json;
use crate::model::node;
use crate::run::set_weights;
use crate::table::{columns, table};
use crate::values::{self, too_large, unsettled};

/// The most rows.
const MOST: usize = 10_000;

pub(crate) struct Jacobian {
    of: String,
    shape: Shape,
    /// What it is by, with the gradient of each element of the node.
    by: Vec<(String, Vec<Array>)>,
}

impl Jacobian {
    /// One backward run for each element of the node `name`.
    pub(crate) fn new(
        graph: &Graph,
        name: &str,
        wrt: &[String],
        arrays: &[(String, Array)],
        weights: Option<&Path>,
        options: &Options,
    ) -> Result<Jacobian, Failure> {
        let of = node(graph, name)?;
        let mut b = Builder::from_graph(graph.clone());
        let shape = b.ty(of).shape.clone();
        let upstream = b.input("upstream", graphrun::Type::real(shape))?;
        b.graph_mut().outputs = vec![("value".into(), of)];
        let found = Wanted { wrt: wrt.to_vec(), of: Some(name.into()), upstream: None }.find(graph.clone())?;
        let mut session = Session::with_gradients(b.finish(), of, &found.wrt, Some(upstream), options.clone())?;
        if let Some(path) = weights {
            set_weights(&mut session, path)?;
        }
        let inputs = arrays.iter().filter(|(name, _)| session.graph().parameter(name).is_none());
        let sizes = session.bind(&inputs.map(|(n, a)| (n.as_str(), a)).collect::<Vec<_>>())?;
        let shape = session.graph().ty(of).concrete(&sizes).map_err(unsettled)?;
        if shape.len() > MOST {
            let rows = format!("`{name}` holds {} elements, and a Jacobian has a row for each", shape.len());
            return Err(Failure::new(rows, format!("name a node of at most {MOST} elements")));
        }
        let mut by: Vec<(String, Vec<Array>)> = found.wrt.iter().map(|(name, _)| (name.clone(), Vec::new())).collect();
        for k in 0..shape.len() {
            let mut one = vec![0.0; shape.len()];
            one[k] = 1.0;
            let mut fed = arrays.to_vec();
            fed.push(("upstream".into(), Array::real(shape, one).map_err(too_large)?));
            values::run(&mut session, &fed)?;
            for (name, rows) in &mut by {
                rows.extend(session.gradient(name));
            }
        }
        Ok(Jacobian { of: name.to_owned(), shape, by })
    }

    /// `{name: [.. shape of the node ..][.. shape of name ..]}`.
    pub(crate) fn json(&self, dtype: Dtype) -> Value {
        let matrix = |rows: &[Array]| {
            let rows: Vec<Value> = rows.iter().map(|row| json::array(row, dtype)).collect();
            json::nest(self.shape.sizes(), &rows)
        };
        self.by.iter().map(|(name, rows)| (name.clone(), matrix(rows))).collect()
    }

    /// One matrix, or where that is too wide one for each name, or its nested lists.
    pub(crate) fn text(&self, dtype: Dtype) -> String {
        let whole = |of: &str| format!("Jacobian of {}{of}", self.of);
        if let Some(matrix) = self.matrix(&self.by, dtype) {
            return format!("{}\n{matrix}", whole(""));
        }
        let Value::Object(lists) = self.json(dtype) else { return String::new() };
        let part = |(by, (name, list)): (&(String, Vec<Array>), (&String, &Value))| {
            let title = whole(&format!(" by {name}"));
            match self.matrix(std::slice::from_ref(by), dtype) {
                Some(matrix) => format!("{title}\n{matrix}"),
                None => format!("{title} = {}", json::text(list)),
            }
        };
        self.by.iter().zip(&lists).map(part).collect::<Vec<_>>().join("\n\n")
    }

    /// A row for each element of the node and a column for each of these, where that fits the terminal.
    fn matrix(&self, by: &[(String, Vec<Array>)], dtype: Dtype) -> Option<String> {
        let heads = by.iter().flat_map(|(name, rows)| rows.first().map(|row| elements(name, row.shape())));
        let heads: Vec<String> = heads.flatten().collect();
        if heads.len() >= columns() {
            return None;
        }
        let mut matrix = table(std::iter::once(String::new()).chain(heads), 1);
        for (k, name) in elements(&self.of, self.shape).into_iter().enumerate() {
            let cells = by.iter().flat_map(|(_, rows)| rows[k].to_reals());
            let cells = cells.map(|x| json::text(&json::array(&Array::scalar(x), dtype)));
            matrix.add_row(std::iter::once(name).chain(cells));
        }
        let matrix = matrix.trim_fmt();
        matrix.lines().all(|line| line.chars().count() <= columns()).then_some(matrix)
    }
}

/// The name of each element of an array, in order: `x[0, 1]`; that of a scalar is its own.
fn elements(name: &str, shape: Shape) -> Vec<String> {
    let mut names = vec![Vec::new()];
    for &size in shape.sizes() {
        names = names.iter().flat_map(|at| (0..size).map(|k| [&at[..], &[k]].concat())).collect();
    }
    names.iter().map(|at| if at.is_empty() { name.to_owned() } else { format!("{name}{at:?}") }).collect()
}
