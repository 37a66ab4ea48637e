//! Losses: one number that training lessens, a mean over rows unless their sum is asked for.

pub(crate) mod reduction;

operations! {
    binary_cross_entropy
    cosine_similarity
    hinge
    huber
    kl_divergence
    l1
    l2
    mae
    mse
    negative_log_likelihood
    sigmoid_cross_entropy
    smooth_l1
    softmax_cross_entropy
}
