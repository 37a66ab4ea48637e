//! Non-linearities.

operations! {
    apl
    celu
    centered_softplus
    elu
    gelu
    glu
    hard_sigmoid
    hard_swish
    hard_tanh
    leaky_relu
    log_sigmoid
    log_softmax
    maxout
    mish
    p_relu
    r_relu
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
