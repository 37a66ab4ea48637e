//! Operations over a vector or over axes: sums, products, moments, extremes, norms, scans.

pub(crate) mod reduction;

operations! {
    cum_sum log_sum_exp max max_mask mean prod prod_others sum
}
