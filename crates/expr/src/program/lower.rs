//! From a `Spec` to operations in single-assignment form, each distinct one once.

use std::collections::HashMap;

use super::spec::{Input, Output, Reduce, Spec, Value};
use crate::simplify::reduce;
use crate::{Binary, Expr, ExprKind, Func};

/// How far a value extends over the iteration space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    Scalar,
    Col,
    Row,
    Full,
}

impl Extent {
    /// The least extent that covers both.
    pub(super) fn join(self, other: Extent) -> Extent {
        match (self, other) {
            (a, b) if a == b => a,
            (Extent::Scalar, a) | (a, Extent::Scalar) => a,
            _ => Extent::Full,
        }
    }
}

/// What an operation does with its operands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Op {
    /// Fetches the input of that number.
    Input(usize),
    Constant(f64),
    Unary(Func),
    Binary(Binary),
    /// `a * b + c` in one rounding.
    MulAdd,
    /// `a * b - c` in one rounding.
    MulSub,
    /// `c - a * b` in one rounding.
    NegMulAdd,
    /// `a ^ (b - c)` in one rounding.
    PowDifference,
    /// The sigmoid of the operand, and its slope, `sigmoid(x) sigmoid(-x)`, as the value of the operation of that number.
    SigmoidSlope(usize),
    /// What an earlier operation computes beside its own value.
    Beside,
    Select,
    /// Repeats a row value over its columns, or a scalar over the tile.
    Spread,
    Reduce(Reduce),
    /// The number is that of the index input.
    OneHot(usize),
    /// The number is that of the index input.
    Pick(usize),
    /// Writes the output of that number.
    Store(usize),
    /// Adds to the column sums of that number: of the output here, of the sum in a program.
    ColSum(usize),
    /// Adds to the total of that number, as above.
    TotalSum(usize),
}

/// One operation; operands are the numbers of earlier ones.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) op: Op,
    pub(super) extent: Extent,
    pub(super) args: Vec<usize>,
}

/// Lowers `spec` to operations in an order in which each follows its operands.
pub(super) fn lower(spec: &Spec) -> Vec<Node> {
    let (exprs, extents) = (compose(spec), extents(spec));
    let mut lower = Lower { spec, nodes: Vec::new(), of_expr: HashMap::new(), wide: HashMap::new() };
    for (number, output) in spec.outputs.iter().enumerate() {
        match *output {
            Output::Store(v) | Output::Stream(v) => {
                let id = lower.expr(&exprs, &exprs[v]);
                let id = lower.spread(id, extents[v]);
                lower.push(Op::Store(number), extents[v], vec![id]);
            }
            Output::ColSum(v) => {
                let id = lower.full(&exprs, &exprs[v]);
                lower.push(Op::ColSum(number), Extent::Full, vec![id]);
            }
            Output::TotalSum(v) => {
                let id = lower.full(&exprs, &exprs[v]);
                lower.push(Op::TotalSum(number), Extent::Full, vec![id]);
            }
        }
    }
    fuse(&mut lower.nodes);
    lower.nodes
}

/// How far each value extends by the operands it is given, be they of use or not.
fn extents(spec: &Spec) -> Vec<Extent> {
    let mut extents = Vec::with_capacity(spec.values.len());
    for value in &spec.values {
        extents.push(match value {
            Value::Input(input) => input_extent(spec.inputs[*input]),
            Value::Pointwise(_, args) => args.iter().fold(Extent::Scalar, |e, &arg| e.join(extents[arg])),
            Value::RowReduce(..) | Value::Pick(..) => Extent::Row,
            Value::OneHot(_) => Extent::Full,
        });
    }
    extents
}

fn input_extent(input: Input) -> Extent {
    match input {
        Input::Full => Extent::Full,
        Input::Row | Input::RowIndex => Extent::Row,
        Input::Col => Extent::Col,
        Input::Scalar => Extent::Scalar,
    }
}

/// How many operations read each one.
pub(super) fn uses(nodes: &[Node]) -> Vec<usize> {
    let mut uses = vec![0; nodes.len()];
    for &arg in nodes.iter().flat_map(|node| &node.args) {
        uses[arg] += 1;
    }
    uses
}

/// Turns a sum or difference with a product of the same extent that nothing else reads into one operation, a power
/// with such a difference as its exponent (what rounding takes from an exponent, the power shows many times over), and
/// a sigmoid with its slope. What is joined is left without operands and readers.
fn fuse(nodes: &mut [Node]) {
    let uses = uses(nodes);
    for id in 0..nodes.len() {
        if let Some((sigmoid, opposite)) = sigmoid_slope(nodes, &uses, id) {
            nodes[sigmoid].op = Op::SigmoidSlope(id);
            nodes[opposite].args.clear();
            nodes[id].op = Op::Beside;
            nodes[id].args = vec![sigmoid];
            continue;
        }
        if let Op::Binary(Binary::Pow) = nodes[id].op {
            let exponent = nodes[id].args[1];
            if uses[exponent] == 1 && nodes[exponent].op == Op::Binary(Binary::Sub) {
                let difference = std::mem::take(&mut nodes[exponent].args);
                nodes[id].op = Op::PowDifference;
                nodes[id].args.truncate(1);
                nodes[id].args.extend(difference);
            }
            continue;
        }
        let Op::Binary(f @ (Binary::Add | Binary::Sub)) = nodes[id].op else { continue };
        let product = |&arg: &usize| {
            let node = &nodes[arg];
            let factors = match node.op {
                Op::Binary(Binary::Mul) => [node.args[0], node.args[1]],
                Op::Unary(Func::Square) => [node.args[0]; 2],
                _ => return None,
            };
            (uses[arg] == 1 && node.extent == nodes[id].extent).then_some((arg, factors))
        };
        let (x, y) = (nodes[id].args[0], nodes[id].args[1]);
        let (op, (product, [a, b]), c) = match (f, product(&x), product(&y)) {
            (Binary::Add, Some(found), _) => (Op::MulAdd, found, y),
            (Binary::Add, None, Some(found)) => (Op::MulAdd, found, x),
            (Binary::Sub, Some(found), _) => (Op::MulSub, found, y),
            (Binary::Sub, None, Some(found)) => (Op::NegMulAdd, found, x),
            _ => continue,
        };
        nodes[id].op = op;
        nodes[id].args = vec![a, b, c];
        nodes[product].args.clear();
    }
}

/// When operation `id` is `sigmoid(x) sigmoid(-x)`: the two factors, of which nothing else reads the second.
fn sigmoid_slope(nodes: &[Node], uses: &[usize], id: usize) -> Option<(usize, usize)> {
    let under = |f: Func, id: usize| (nodes[id].op == Op::Unary(f)).then(|| nodes[id].args[0]);
    let Node { op: Op::Binary(Binary::Mul), ref args, .. } = nodes[id] else { return None };
    [(args[0], args[1]), (args[1], args[0])].into_iter().find(|&(a, b)| {
        let negated = under(Func::Sigmoid, b).filter(|_| uses[b] == 1).and_then(|b| under(Func::Neg, b));
        negated.is_some() && under(Func::Sigmoid, a) == negated
    })
}

/// Every value as one simplified expression over the values that are not pointwise, so that rules and common
/// subexpressions reach across values. A value equal to an earlier one gets the earlier one's expression.
fn compose(spec: &Spec) -> Vec<Expr> {
    let mut exprs: Vec<Expr> = Vec::with_capacity(spec.values.len());
    let mut known: HashMap<(u8, Vec<Expr>), Expr> = HashMap::new();
    for (number, value) in spec.values.iter().enumerate() {
        let key = match value {
            Value::Pointwise(expr, args) => {
                let args: Vec<Expr> = args.iter().map(|&v| exprs[v].clone()).collect();
                exprs.push(expr.fold(|node, children: &[Expr]| match node.kind() {
                    ExprKind::Var(i) => args[*i].clone(),
                    _ => reduce(&node.with_children(children)),
                }));
                continue;
            }
            Value::Input(input) => (0, vec![Expr::var(*input)]),
            Value::RowReduce(kind, v) => (1 + *kind as u8, vec![exprs[*v].clone()]),
            Value::OneHot(index) => (5, vec![exprs[*index].clone()]),
            Value::Pick(v, index) => (6, vec![exprs[*v].clone(), exprs[*index].clone()]),
        };
        exprs.push(known.entry(key).or_insert_with(|| Expr::var(number)).clone());
    }
    exprs
}

struct Lower<'a> {
    spec: &'a Spec,
    nodes: Vec<Node>,
    of_expr: HashMap<Expr, usize>,
    /// The full-extent copy of a narrower operation.
    wide: HashMap<usize, usize>,
}

impl Lower<'_> {
    fn push(&mut self, op: Op, extent: Extent, args: Vec<usize>) -> usize {
        self.nodes.push(Node { op, extent, args });
        self.nodes.len() - 1
    }

    /// The operation that computes `root`, made when it does not exist yet.
    fn expr(&mut self, exprs: &[Expr], root: &Expr) -> usize {
        let mut stack = vec![(root.clone(), false)];
        while let Some((expr, expanded)) = stack.pop() {
            if self.of_expr.contains_key(&expr) {
                continue;
            }
            if !expanded {
                stack.push((expr.clone(), true));
                stack.extend(self.operands(exprs, &expr).into_iter().rev().map(|operand| (operand, false)));
                continue;
            }
            let id = self.node(exprs, &expr);
            self.of_expr.insert(expr, id);
        }
        self.of_expr[root]
    }

    /// The expressions that the operation for `expr` reads.
    fn operands(&self, exprs: &[Expr], expr: &Expr) -> Vec<Expr> {
        match expr.kind() {
            ExprKind::Var(v) => match &self.spec.values[*v] {
                Value::RowReduce(_, v) | Value::Pick(v, _) => vec![exprs[*v].clone()],
                _ => Vec::new(),
            },
            _ => expr.kind().children().cloned().collect(),
        }
    }

    fn node(&mut self, exprs: &[Expr], expr: &Expr) -> usize {
        let operands = self.operands(exprs, expr);
        let args: Vec<usize> = operands.iter().map(|operand| self.of_expr[operand]).collect();
        match expr.kind() {
            ExprKind::Var(v) => self.leaf(*v, &args),
            ExprKind::Constant(c) => self.push(Op::Constant(*c), Extent::Scalar, args),
            ExprKind::Unary(f, _) => self.pointwise(Op::Unary(*f), args),
            ExprKind::Binary(f, _, _) => self.pointwise(Op::Binary(*f), args),
            ExprKind::Select(..) => self.pointwise(Op::Select, args),
        }
    }

    fn leaf(&mut self, value: usize, args: &[usize]) -> usize {
        let index = |v: usize| match self.spec.values[v] {
            Value::Input(input) => input,
            _ => usize::MAX,
        };
        match self.spec.values[value] {
            Value::Input(input) => {
                let extent = input_extent(self.spec.inputs[input]);
                self.push(Op::Input(input), extent, Vec::new())
            }
            Value::OneHot(v) => self.push(Op::OneHot(index(v)), Extent::Full, Vec::new()),
            Value::Pick(_, v) => {
                let (input, full) = (index(v), self.widen(args[0]));
                self.push(Op::Pick(input), Extent::Row, vec![full])
            }
            Value::RowReduce(kind, _) => {
                let full = self.widen(args[0]);
                self.push(Op::Reduce(kind), Extent::Row, vec![full])
            }
            // `compose` leaves no variable that stands for a pointwise value.
            Value::Pointwise(..) => unreachable!("pointwise values are composed"),
        }
    }

    fn pointwise(&mut self, op: Op, mut args: Vec<usize>) -> usize {
        let extent = args.iter().fold(Extent::Scalar, |extent, &arg| extent.join(self.nodes[arg].extent));
        if extent == Extent::Full {
            for arg in &mut args {
                if self.nodes[*arg].extent == Extent::Row {
                    *arg = self.widen(*arg);
                }
            }
        }
        self.push(op, extent, args)
    }

    fn full(&mut self, exprs: &[Expr], expr: &Expr) -> usize {
        let id = self.expr(exprs, expr);
        self.widen(id)
    }

    /// The operation's value over `extent`, where simplification has left it narrower.
    fn spread(&mut self, id: usize, extent: Extent) -> usize {
        match (self.nodes[id].extent, extent) {
            (from, to) if from == to => id,
            // A column lies over a tile as it is, and is the greater of itself and itself.
            (Extent::Col, _) => self.push(Op::Binary(Binary::Max), extent, vec![id, id]),
            (_, Extent::Full) => self.widen(id),
            _ => self.push(Op::Spread, extent, vec![id]),
        }
    }

    /// The operation's value over the full extent; a column needs no copy, since it lies over a tile as it is.
    fn widen(&mut self, id: usize) -> usize {
        match self.nodes[id].extent {
            Extent::Full | Extent::Col => id,
            Extent::Row | Extent::Scalar => match self.wide.get(&id) {
                Some(&copy) => copy,
                None => {
                    let copy = self.push(Op::Spread, Extent::Full, vec![id]);
                    self.wide.insert(id, copy);
                    copy
                }
            },
        }
    }
}
