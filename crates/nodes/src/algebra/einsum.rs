//! Sums of products over named axes.
//!
//! # Formula
//! `spec: "nd,cd->nc"` names the axes of each input and of the result: the inputs are multiplied where letters agree, and
//! summed over the letters that the result lacks. A letter twice in one input takes its diagonal. Without `->` the result
//! has the letters that occur once, in alphabetical order.
//!
//! # Gradient
//! For each input the same kind of sum, of `dy` and the other inputs.
//!
//! # Options
//! `spec`.
//!
//! # Shape
//! The sizes of the letters of the result.
//!
//! # Example
//! `s: Einsum(xs: [x, w], spec: "nd,cd->nc")`

use std::collections::BTreeMap;

use graphrun_graph::{Builder, Bytes, Call, NodeId, OpDef, Sample, SampleInput, Size, TypeError};
use serde::Deserialize;

use super::diagonal::diagonal;
use super::mat_mul::{MatMul, product};
use super::transpose::transpose;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Einsum {
    spec: String,
}

/// A node whose axes are named by letters.
#[derive(Clone, Debug)]
pub(super) struct Named {
    pub(super) node: NodeId,
    pub(super) letters: Vec<char>,
}

impl Einsum {
    /// The letters of each input and of the result.
    fn letters(&self) -> Result<(Vec<Vec<char>>, Vec<char>), TypeError> {
        let fail = |message: String| Err(TypeError::new(message).help("a spec looks like \"nd,cd->nc\""));
        let spec: String = self.spec.split_whitespace().collect();
        let (left, right) = spec.split_once("->").map_or((spec.as_str(), None), |(left, right)| (left, Some(right)));
        if let Some(other) = left.chars().chain(right.unwrap_or("").chars()).find(|c| !c.is_alphabetic() && *c != ',') {
            return fail(format!("`{other}` in the spec {:?} is neither a letter nor a comma", self.spec));
        }
        let inputs: Vec<Vec<char>> = left.split(',').map(|letters| letters.chars().collect()).collect();
        let mut counts: BTreeMap<char, usize> = BTreeMap::new();
        inputs.iter().flatten().for_each(|&letter| *counts.entry(letter).or_default() += 1);
        let Some(right) = right else {
            return Ok((inputs, counts.into_iter().filter(|(_, n)| *n == 1).map(|(letter, _)| letter).collect()));
        };
        let result: Vec<char> = right.chars().collect();
        for (k, letter) in result.iter().enumerate() {
            if !counts.contains_key(letter) {
                return fail(format!("the result names `{letter}`, and no input in the spec {:?} does", self.spec));
            }
            if result[..k].contains(letter) {
                return fail(format!("the result names `{letter}` twice in the spec {:?}", self.spec));
            }
        }
        Ok((inputs, result))
    }

    fn build(&self, call: &mut Call<'_>) -> Result<NodeId, TypeError> {
        let (inputs, result) = self.letters()?;
        let nodes = call.all_inputs();
        if inputs.len() != nodes.len() {
            let message = format!("the spec {:?} names {} inputs, and {} are given", self.spec, inputs.len(), nodes.len());
            return Err(TypeError::new(message));
        }
        let mut named = Vec::with_capacity(nodes.len());
        for (k, (node, letters)) in nodes.into_iter().zip(inputs).enumerate() {
            let ty = call.b.ty(node);
            if ty.rank() != letters.len() {
                let message = format!("the spec {:?} names {} axes, and this is {ty}", self.spec, letters.len());
                return Err(TypeError::new(message).at(&[k]));
            }
            named.push(distinct(call.b, Named { node, letters })?);
        }
        contract(call.b, named, &result)
    }
}

/// Takes diagonals until no letter is there twice.
fn distinct(b: &mut Builder, mut x: Named) -> Result<Named, TypeError> {
    while let Some((first, second)) = (0..x.letters.len()).find_map(|second| {
        x.letters[..second].iter().position(|letter| *letter == x.letters[second]).map(|first| (first, second))
    }) {
        x.node = diagonal(b, x.node, first, second)?;
        x.letters.remove(second);
    }
    Ok(x)
}

/// Multiplies from left to right, summing over each letter as soon as neither a later input nor the result has it.
pub(super) fn contract(b: &mut Builder, inputs: Vec<Named>, result: &[char]) -> Result<NodeId, TypeError> {
    let mut rest = inputs.into_iter();
    let Some(mut product) = rest.next() else { return Err(TypeError::new("Einsum wants at least one input")) };
    loop {
        let later = rest.as_slice();
        let needed = |letter: &char| result.contains(letter) || later.iter().any(|x| x.letters.contains(letter));
        product = sum_out(b, product, needed)?;
        let Some(next) = rest.next() else { break };
        let later = rest.as_slice();
        let needed = |letter: &char| result.contains(letter) || later.iter().any(|x| x.letters.contains(letter));
        let own = |letter: &char| needed(letter) || product.letters.contains(letter);
        let next = sum_out(b, next, own)?;
        product = multiply(b, &product, &next, needed)?;
    }
    ordered(b, &product, result)
}

/// Sums over the letters that are not needed.
fn sum_out(b: &mut Builder, x: Named, needed: impl Fn(&char) -> bool) -> Result<Named, TypeError> {
    let axes: Vec<usize> = (0..x.letters.len()).filter(|&k| !needed(&x.letters[k])).collect();
    let node = b.sum(x.node, &axes, false)?;
    Ok(Named { node, letters: x.letters.into_iter().filter(|letter| needed(letter)).collect() })
}

/// `x` with its axes in the order of `letters`.
fn ordered(b: &mut Builder, x: &Named, letters: &[char]) -> Result<NodeId, TypeError> {
    let place = |letter: &char| x.letters.iter().position(|own| own == letter);
    let order: Vec<usize> = letters.iter().filter_map(place).collect();
    transpose(b, x.node, &order)
}

/// One matrix product: the letters of both that are needed are its stack, the other common ones its depth, those of one
/// alone its rows and columns.
fn multiply(b: &mut Builder, x: &Named, y: &Named, needed: impl Fn(&char) -> bool) -> Result<Named, TypeError> {
    for (k, letter) in x.letters.iter().enumerate() {
        if let Some(j) = y.letters.iter().position(|other| other == letter) {
            let (m, n) = (b.ty(x.node).shape[k].clone(), b.ty(y.node).shape[j].clone());
            graphrun_graph::ty::same_size(&m, &n, &format!("the sizes of `{letter}` differ"), &[])?;
        }
    }
    let (common, rows): (Vec<char>, Vec<char>) = x.letters.iter().partition(|letter| y.letters.contains(letter));
    let (stack, depth): (Vec<char>, Vec<char>) = common.into_iter().partition(|letter| needed(letter));
    let cols: Vec<char> = y.letters.iter().copied().filter(|letter| !x.letters.contains(letter)).collect();
    let mut matrix = |from: &Named, groups: [&[char]; 3]| -> Result<(NodeId, Vec<Vec<Size>>), TypeError> {
        let node = ordered(b, from, &groups.concat())?;
        let shape = b.ty(node).shape.clone();
        let (stack, rest) = shape.split_at(groups[0].len());
        let (first, second) = rest.split_at(groups[1].len());
        let size = |sizes: &[Size]| sizes.iter().fold(Size::from(1), |n, size| &n * size);
        let flat: Vec<Size> = stack.iter().cloned().chain([size(first), size(second)]).collect();
        Ok((b.reshape(node, &flat)?, vec![stack.to_vec(), first.to_vec(), second.to_vec()]))
    };
    let (left, left_sizes) = matrix(x, [&stack, &rows, &depth])?;
    let (right, right_sizes) = matrix(y, [&stack, &cols, &depth])?;
    let made = product(b, left, right, MatMul { transpose_a: false, transpose_b: true })?;
    let shape = [&left_sizes[0][..], &left_sizes[1], &right_sizes[1]].concat();
    Ok(Named { node: b.reshape(made, &shape)?, letters: [stack, rows, cols].concat() })
}

fn sample(bytes: &mut Bytes<'_>) -> Sample {
    let specs = ["nd,cd->nc", "ij->ji", "ii", "bij,bjk->bik", "i,j->ij", "ij,ij->", "ab,bc,cd->ad", "iji->j", "nhd,md->hnm"];
    let spec = (*bytes.pick(&specs)).to_owned();
    let mut sizes: BTreeMap<char, usize> = BTreeMap::new();
    let (inputs, _) = spec.split_once("->").unwrap_or((&spec, ""));
    let inputs = inputs.split(',').map(|letters| {
        let shape: Vec<usize> =
            letters.chars().map(|letter| *sizes.entry(letter).or_insert_with(|| bytes.between(1, 4))).collect();
        SampleInput::real(&shape)
    });
    let inputs = inputs.collect();
    Sample::variadic(Einsum { spec }, inputs)
}

pub(crate) fn def() -> OpDef {
    OpDef::new("Einsum", |call, options: &Einsum| options.build(call))
        .ports(&["xs.."])
        .summary("Sums of products over named axes")
        .shape("The sizes of the letters of the result")
        .formula("y = sum over the letters that the result lacks of the product of xs", "dxs_k = the same kind of sum of dy and the others")
        .option("spec", "text", None, "the letters of the axes of each input and of the result: \"nd,cd->nc\"")
        .example(
            r#"Model(
    graphrun: 1,
    inputs: { a: [2, 2], b: [2, 2] },
    nodes: { y: Einsum(xs: [a, b], spec: "nd,cd->nc"), z: Sum(y), t: Einsum(xs: [a], spec: "ii->") },
    outputs: [z],
    tests: [(
        given: { a: [[1, 2], [3, 4]], b: [[1, 0], [1, 1]] },
        value: { y: [[1, 3], [3, 7]], t: 5 },
        grad: { a: [[2, 1], [2, 1]], b: [[4, 6], [4, 6]] },
    )],
)"#,
        )
        .sample(sample)
}
