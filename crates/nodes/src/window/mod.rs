//! Windows that slide over images: convolution, pooling, and enlarging.

mod geometry;
mod pooling;
mod steps;

operations! {
    avg_pool
    avg_pool_grad
    conv1d
    conv2d
    conv_transpose2d
    convolve
    convolve_input_grad
    convolve_weight_grad
    global_avg_pool
    global_max_pool
    max_pool
    max_pool_grad
    max_pool_pick
    upsample
}
