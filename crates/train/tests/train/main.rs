//! Training sections from outside: whole runs, and the messages of wrong ones.

mod runs;
mod wrong;
