//! Sequences: attention, recurrent layers, positions.

mod recurrent;

operations! {
    attention gru lstm positional_encoding rnn
}
