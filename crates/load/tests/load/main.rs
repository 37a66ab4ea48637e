//! Loading from outside: models and what they become, RON and its layout, wrong and mutated files.

mod generated;
mod models;
mod mutate;
mod ron;
mod wrong;
