//! Randomness in training.

operations! {
    dropout
    gaussian_noise
    uniform01
}
