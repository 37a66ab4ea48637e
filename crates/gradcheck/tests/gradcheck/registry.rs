//! The whole registry: every operation on its own, and random graphs over all of them, run by the executor and held
//! against the interpreter.

use graphrun_gradcheck::{Examination, Executor, GateOptions, Hunt, Interpreter, check_op, ingredients, self_test};
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

/// A tenth of what the command's self-test does: bugs planted in gradients, operations and the executor are all seen, and
/// random graphs raise no alarm. Graphs that once raised one come first.
#[test]
fn planted_bugs_are_seen_and_random_graphs_hold() {
    let regressions = Some(concat!(env!("CARGO_MANIFEST_DIR"), "/regressions").into());
    let clean = Hunt { cases: 10_000, regressions, ..Hunt::default() };
    let report = self_test(&standard, &Executor::default(), &GateOptions { seeds: 2, clean, ..GateOptions::default() });
    assert!(report.passed(), "{report}");
    report.clean.unwrap().proved().expect("most random graphs are proved");
}
