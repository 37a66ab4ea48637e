//! Normalisations.

mod standard;

operations! {
    batch_norm group_norm instance_norm layer_norm rms_norm
}
