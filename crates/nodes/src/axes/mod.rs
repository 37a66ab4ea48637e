//! Operations over a vector or over axes: sums, products, moments, extremes, norms, scans.

mod first;
pub(crate) mod reduction;
#[cfg(test)]
mod values;

operations! {
    arg_max arg_min cum_sum log_sum_exp max max_mask mean min norm prod prod_others shift std sum var
}
