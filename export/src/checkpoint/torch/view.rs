//! Tensors out of the storages that they are views of.

use ndarray::{ArrayD, IxDyn};

use super::pickle::TensorView;

/// The view's elements in row-major order; `None` if it reaches outside the storage or is larger than it,
/// as only an expanded view could be.
pub(super) fn gather(view: &TensorView<'_>, storage: &[f32]) -> Option<ArrayD<f32>> {
    let count = view.shape.iter().try_fold(1_usize, |count, &size| count.checked_mul(size))?;
    if count > storage.len() || view.storage.length != storage.len() {
        return None;
    }
    let mut values = Vec::with_capacity(count);
    if count > 0 {
        let reach =
            view.shape.iter().zip(&view.strides).try_fold(view.offset, |last, (&size, &stride)| {
                last.checked_add((size - 1).checked_mul(stride)?)
            })?;
        if reach >= storage.len() {
            return None;
        }
        let mut index = vec![0; view.shape.len()];
        let mut at = view.offset;
        'elements: loop {
            values.push(storage[at]);
            for axis in (0..index.len()).rev() {
                index[axis] += 1;
                // A dimension of size 1 may have any stride; what it adds is taken off again below.
                at = at.wrapping_add(view.strides[axis]);
                if index[axis] < view.shape[axis] {
                    continue 'elements;
                }
                at = at.wrapping_sub(view.strides[axis].wrapping_mul(view.shape[axis]));
                index[axis] = 0;
            }
            break;
        }
    }
    ArrayD::from_shape_vec(IxDyn(&view.shape), values).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::tensors::Float;
    use crate::checkpoint::torch::pickle::{Element, Storage};

    fn view(offset: usize, shape: &[usize], strides: &[usize]) -> TensorView<'static> {
        let storage = Storage { key: "0", element: Element::Float(Float::F32), length: 6 };
        TensorView { storage, offset, shape: shape.to_vec(), strides: strides.to_vec() }
    }

    #[test]
    fn views_are_gathered_in_row_major_order() {
        let storage = [0., 1., 2., 3., 4., 5.];
        let gathered = |view| gather(&view, &storage).map(|tensor| tensor.into_raw_vec_and_offset().0);
        assert_eq!(gathered(view(0, &[2, 3], &[3, 1])).unwrap(), storage);
        assert_eq!(gathered(view(0, &[3, 2], &[1, 3])).unwrap(), [0., 3., 1., 4., 2., 5.]);
        assert_eq!(gathered(view(4, &[2], &[1])).unwrap(), [4., 5.]);
        assert_eq!(gathered(view(5, &[], &[])).unwrap(), [5.]);
        assert_eq!(gathered(view(1, &[1, 2], &[usize::MAX, 1])).unwrap(), [1., 2.]);
        assert_eq!(gathered(view(0, &[0, 7], &[7, 1])).unwrap(), [0.; 0]);
    }

    #[test]
    fn views_outside_their_storage_are_refused() {
        let storage = [0.; 6];
        let views = [
            view(4, &[3], &[1]),
            view(6, &[], &[]),
            view(0, &[2, 3], &[4, 1]),
            view(0, &[2], &[usize::MAX]),
            view(usize::MAX, &[2], &[1]),
            view(0, &[usize::MAX, usize::MAX], &[0, 0]),
            view(0, &[7], &[0]),
        ];
        for view in views {
            assert_eq!(gather(&view, &storage), None, "{view:?}");
        }
    }
}
