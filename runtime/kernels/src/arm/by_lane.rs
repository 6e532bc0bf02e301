//! The tile of instructions that multiply a vector of weights by one 32-bit lane of a row: `sdot`, whose lanes are four
//! codes, and `fmla`, whose lanes are one value. They differ in types and in the feature that they need, which a
//! function cannot be generic over.

/// Makes a tile function of one panel and any number of rows. `load_lane` fills a vector with one lane, for rows that
/// may end inside a vector.
macro_rules! tile_by_lane {
    (
        #[$features:meta]
        $visible:vis fn $tile:ident($operands:ty) -> $sum:ty,
        lane: [$element:ty; $lane:literal],
        load: $load:ident -> $vector:ty, $(load_lane: $load_lane:ident,)?
        zero: $zero:expr => $sums:ty, multiply: $multiply:ident, store: $store:ident,
    ) => {
        /// The function of a [`Tile`](crate::tile::Tile).
        #[$features]
        $visible fn $tile(t: &$operands, out: &mut $crate::tile::Sums<$sum>) {
            assert_eq!(t.panels(), 1);
            // Six rows have 24 vectors of sums and 6 of operands: with two of weights, all 32 registers.
            for rows in $crate::spans::even_spans(0..t.rows(), 6, 1) {
                let first = rows.start;
                match rows.len() {
                    1 => rows_from::<1>(first, t, out),
                    2 => rows_from::<2>(first, t, out),
                    3 => rows_from::<3>(first, t, out),
                    4 => rows_from::<4>(first, t, out),
                    5 => rows_from::<5>(first, t, out),
                    6 => rows_from::<6>(first, t, out),
                    n => unreachable!("{n} rows at a time"),
                }
            }
        }

        /// `N` rows of a tile.
        #[$features]
        fn rows_from<const N: usize>(first: usize, t: &$operands, out: &mut $crate::tile::Sums<$sum>) {
            // Opaque, or the compiler would step one pointer and compute the others from it each time.
            let mut rows: [*const $element; N] = std::array::from_fn(|row| {
                std::hint::black_box(t.row(first + row).as_ptr()).cast()
            });
            let mut sums = [[$zero; 4]; N];
            let weights = t.panel(0).as_chunks::<{ $lane * $crate::layout::PANEL }>().0.as_chunks::<4>();
            for weights in weights.0 {
                // SAFETY: each row has k elements, and there are weights for 4 more lanes of them.
                let x = rows.map(|row| unsafe { $load(row) });
                add_products::<0, N>(&mut sums, &x, &weights[0]);
                add_products::<1, N>(&mut sums, &x, &weights[1]);
                add_products::<2, N>(&mut sums, &x, &weights[2]);
                add_products::<3, N>(&mut sums, &x, &weights[3]);
                rows = rows.map(|row| row.wrapping_add(4 * $lane));
            }
            $(
                for weights in weights.1 {
                    // SAFETY: as above, for one lane.
                    let x = rows.map(|row| unsafe { $load_lane(row) });
                    add_products::<0, N>(&mut sums, &x, weights);
                    rows = rows.map(|row| row.wrapping_add($lane));
                }
            )?
            for (sums, out) in sums.into_iter().zip(&mut out.0[first..]) {
                for (sums, out) in sums.into_iter().zip(out.as_chunks_mut::<4>().0) {
                    // SAFETY: `out` is an array of 4.
                    unsafe { $store(out.as_mut_ptr(), sums) };
                }
            }
        }

        /// Lane `LANE` of each row times a lane of weights of each column.
        #[inline]
        #[$features]
        fn add_products<const LANE: i32, const N: usize>(
            sums: &mut [[$sums; 4]; N],
            x: &[$vector; N],
            weights: &[$element; $lane * $crate::layout::PANEL],
        ) {
            for (quarter, weights) in weights.as_chunks::<{ 4 * $lane }>().0.iter().enumerate() {
                // SAFETY: `weights` is an array of 4 lanes.
                let weights = unsafe { $load(weights.as_ptr()) };
                for (sums, &x) in sums.iter_mut().zip(x) {
                    sums[quarter] = $multiply::<LANE>(sums[quarter], weights, x);
                }
            }
        }
    };
}
pub(super) use tile_by_lane;
