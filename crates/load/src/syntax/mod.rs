//! The text of a model file as a spanned, lossless tree.
//!
//! The grammar is RON's, less what a model never needs (byte strings, ranges, extensions, raw identifiers, number
//! suffixes). Every token, blanks and comments included, keeps its place, so that the same tree serves errors,
//! formatting and the substitution of block arguments.

mod cursor;
mod lex;
mod literal;
mod parse;
mod slips;
mod source;
#[cfg(test)]
mod tests;
mod tree;

pub use lex::{Token, TokenKind};
pub(crate) use literal::offset_in_string;
pub use literal::{is_identifier, is_name, quote};
pub use parse::{MAX_BYTES, MAX_DEPTH, MAX_TOKENS, Parsed, parse};
pub(crate) use source::without_mark;
pub use source::{FileId, Place, Sources, Span};
pub use tree::{Arg, Entry, Kind, Name, Value};
