//! The whole registry: every operation on its own, and random graphs over all of them, run by the executor and held
//! against the interpreter.

use graphrun_gradcheck::{Examination, Executor, Hunt, Interpreter, check_graphs, check_op, ingredients};
use graphrun_nodes::standard;

#[test]
fn every_operation_holds() {
    let registry = standard();
    let (subject, reference) = (Executor::default(), Interpreter::default());
    let how = Examination::new(&subject, &reference);
    let mut wrong = vec![];
    for op in ingredients(&registry) {
        match check_op(&registry, op, &how, &Hunt { cases: 32, ..Hunt::default() }) {
            Err(failure) => wrong.push(format!("{op}: {failure}")),
            // A mask is constant wherever it does not jump: its gradient is zero on both sides, which proves nothing,
            // and at a tie it jumps.
            Ok(tally) if op == "MaxMask" => assert_eq!(tally.vacuous + tally.inconclusive, tally.cases, "{tally:?}"),
            Ok(tally) => wrong.extend(tally.proved().err().map(|e| format!("{op}: {e}"))),
        }
    }
    assert!(wrong.is_empty(), "{} operations:\n{}", wrong.len(), wrong.join("\n\n"));
}

#[test]
fn random_graphs_hold_and_have_every_feature() {
    let registry = standard();
    let (subject, reference) = (Executor::default(), Interpreter::default());
    let how = Examination::new(&subject, &reference);
    let tally = check_graphs(&registry, &how, &Hunt { cases: 1000, ..Hunt::default() });
    let tally = tally.unwrap_or_else(|failure| panic!("{failure}"));
    let missing = tally.coverage.missing(0.03, &ingredients(&registry));
    assert!(missing.is_empty(), "{missing:#?}");
    tally.proved().expect("most random graphs are proved");
}
