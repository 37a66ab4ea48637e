//! Non-linearities.

operations! {
    celu
    centered_softplus
    elu
    gelu
    hard_sigmoid
    hard_swish
    hard_tanh
    leaky_relu
    log_sigmoid
    log_softmax
    mish
    relu
    selu
    sigmoid
    silu
    softmax
    softplus
    softsign
    swish
    tanh
    threshold
    v_relu
}
