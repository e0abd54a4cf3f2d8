//! Products against a plain loop in 64 bits, on every vector unit of the machine.

use fearless_simd::Level;
use proptest::prelude::*;

use super::super::activation::Activation;
use super::super::levels::levels;
use super::*;

/// What a product is made of, row-major.
#[derive(Debug, Clone)]
struct Case {
    rows: usize,
    depth: usize,
    count: usize,
    left: Vec<f32>,
    right: Vec<f32>,
    bias: Option<(Of, Vec<f32>)>,
    addend: Option<Vec<f32>>,
    activation: Activation,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Of {
    Rows,
    Columns,
}

fn case(rows: usize, depth: usize, count: usize) -> impl Strategy<Value = Case> {
    let numbers = |count| prop::collection::vec(-2.0_f32..2.0, count);
    let activations =
        prop::sample::select(vec![Activation::Identity, Activation::Relu, Activation::Relu6, Activation::Silu]);
    let bias = prop::option::of(prop_oneof![
        numbers(rows).prop_map(|bias| (Of::Rows, bias)),
        numbers(count).prop_map(|bias| (Of::Columns, bias)),
    ]);
    let addend = prop::option::of(numbers(rows * count));
    (numbers(rows * depth), numbers(depth * count), bias, addend, activations).prop_map(
        move |(left, right, bias, addend, activation)| Case {
            rows,
            depth,
            count,
            left,
            right,
            bias,
            addend,
            activation,
        },
    )
}

/// Sizes on both sides of every border: a tile's rows, a block, the vectors of each unit.
fn cases() -> impl Strategy<Value = Case> {
    let largest = if cfg!(miri) { 9_usize } else { 80 };
    (1..=largest / 2, prop_oneof![Just(1), 1..=largest], 1..=largest)
        .prop_flat_map(|(rows, depth, count)| case(rows, depth, count))
}

impl Case {
    /// The scalar twin, with how far 32 bits may be from it: as many roundings as there are products, of the sum of their
    /// absolute values.
    fn plain(&self) -> Vec<(f64, f64)> {
        let mut results = Vec::new();
        for row in 0..self.rows {
            for column in 0..self.count {
                let products = (0..self.depth).map(|k| {
                    f64::from(self.left[row * self.depth + k]) * f64::from(self.right[k * self.count + column])
                });
                let (mut sum, mut size) = products.fold((0.0, 1.0), |(sum, size), x| (sum + x, size + x.abs()));
                let bias = self.bias.as_ref().map(|(of, bias)| bias[if *of == Of::Rows { row } else { column }]);
                let addend = self.addend.as_ref().map(|addend| addend[row * self.count + column]);
                for extra in [bias, addend].into_iter().flatten() {
                    sum += f64::from(extra);
                    size += f64::from(extra.abs());
                }
                let bound = (self.depth + 8) as f64 * size * f64::from(f32::EPSILON);
                let result = match self.activation {
                    Activation::Identity => sum,
                    Activation::Relu => sum.max(0.0),
                    Activation::Relu6 => sum.clamp(0.0, 6.0),
                    Activation::Silu => sum / (1.0 + (-sum).exp()),
                };
                results.push((result, bound));
            }
        }
        results
    }

    fn blend(&self) -> Blend<'_> {
        let bias = match &self.bias {
            None => Bias::None,
            Some((Of::Rows, bias)) => Bias::OfRows(bias),
            Some((Of::Columns, bias)) => Bias::OfColumns(bias),
        };
        let addend = self.addend.as_ref().map(|numbers| Addend { numbers, pitch: self.count });
        Blend { bias, addend, activation: self.activation }
    }

    fn left_layout(&self, level: Level) -> Layout {
        Layout { rows: self.rows, depth: self.depth, height: columns(level).height() }
    }

    fn packed_left(&self, level: Level) -> Vec<f32> {
        self.left_layout(level).pack(&self.left)
    }

    /// The product, row-major, with the right operand as these strips.
    fn product(&self, level: Level, left: &[f32], strips: &[Strip<'_>]) -> Vec<f32> {
        let mut output = vec![f32::NAN; self.rows * self.count];
        let mut rows: Vec<_> = output.chunks_exact_mut(self.count).collect();
        let mut finish = Rows { blend: self.blend(), rows: &mut rows, first: 0 };
        product(level, &Left::new(self.left_layout(level), left), strips, &mut finish);
        output
    }

    fn packed(&self, level: Level) -> Vec<f32> {
        let cut = columns(level);
        let numbers = Right::pack(cut, (self.depth, self.count), &self.right);
        let strips: Vec<_> = Right::new(cut, (self.depth, self.count), &numbers).strips().collect();
        self.product(level, &self.packed_left(level), &strips)
    }
}

fn transposed(numbers: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    (0..columns).flat_map(|column| (0..rows).map(move |row| numbers[row * columns + column])).collect()
}

fn agree(found: &[f32], wanted: &[(f64, f64)]) -> Result<(), TestCaseError> {
    prop_assert_eq!(found.len(), wanted.len());
    for (place, (&found, &(wanted, bound))) in found.iter().zip(wanted).enumerate() {
        prop_assert!((f64::from(found) - wanted).abs() <= bound, "place {}: {} instead of {}", place, found, wanted);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 3 } else { 256 }, ..ProptestConfig::default() })]

    #[test]
    fn any_product_agrees_with_the_scalar_twin_whatever_lies_how(case in cases()) {
        let wanted = case.plain();
        for level in levels() {
            let cut = columns(level);
            let left = case.packed_left(level);
            let packed = case.packed(level);
            agree(&packed, &wanted)?;

            let mut spare = Vec::new();
            let plain = Plain { numbers: &case.right, depth: case.depth, count: case.count };
            let strips = plain.strips(cut, 0..case.count, &mut spare);
            prop_assert_eq!(&case.product(level, &left, &strips), &packed);

            let mut turned = Vec::new();
            let columns_of_right = transposed(&case.right, case.depth, case.count);
            let shape = (case.depth, case.count);
            Right::pack_columns(cut, shape, (&columns_of_right, case.depth), &mut turned);
            prop_assert_eq!(turned.len(), Right::len(cut, shape));
            let strips: Vec<_> = Right::new(cut, shape, &turned).strips().collect();
            prop_assert_eq!(&case.product(level, &left, &strips), &packed);

            let columns_of_left = transposed(&case.left, case.rows, case.depth);
            prop_assert_eq!(&case.left_layout(level).pack_columns(&columns_of_left), &left);
        }
    }

    #[test]
    fn a_part_of_the_rows_and_columns_is_that_part_of_the_product(case in cases(), at in 0.0..1.0) {
        for level in levels() {
            let cut = columns(level);
            let whole = case.packed(level);
            let middle = |count: usize, step: usize| (at * count as f64) as usize / step * step;
            let row = middle(case.rows, cut.height());
            let column = middle(case.count, cut.whole());
            let left = case.packed_left(level);
            let left = Left::new(case.left_layout(level), &left).part(row..case.rows);
            let blend = match case.bias {
                Some((Of::Rows, ref bias)) => Blend { bias: Bias::OfRows(&bias[row..]), ..case.blend() },
                _ => case.blend(),
            };
            let addend = case.addend.as_ref().map(|numbers| {
                Addend { numbers: &numbers[row * case.count..], pitch: case.count }
            });
            let mut output = vec![f32::NAN; (case.rows - row) * (case.count - column)];
            let mut rows: Vec<_> = output.chunks_exact_mut(case.count - column).collect();
            let mut finish = Rows { blend: Blend { addend, ..blend }, rows: &mut rows, first: column };
            let mut spare = Vec::new();
            let plain = Plain { numbers: &case.right, depth: case.depth, count: case.count };
            product(level, &left, &plain.strips(cut, column..case.count, &mut spare), &mut finish);
            for (found, wanted) in output.chunks_exact(case.count - column).zip(whole.chunks_exact(case.count).skip(row)) {
                prop_assert_eq!(found, &wanted[column..]);
            }
        }
    }

    #[test]
    fn a_blocked_product_is_the_left_operand_of_the_next(
        (first, second) in (1..20_usize, 1..40_usize, 1..40_usize, 1..40_usize).prop_flat_map(|(rows, depth, inner, count)| {
            (case(rows, depth, inner), case(rows, inner, count))
        }),
    ) {
        for level in levels() {
            let between = first.packed(level);
            let layout = second.left_layout(level);
            let mut numbers = vec![f32::NAN; layout.len()];
            let cut = columns(level);
            let packed = Right::pack(cut, (first.depth, first.count), &first.right);
            let strips: Vec<_> = Right::new(cut, (first.depth, first.count), &packed).strips().collect();
            let left = first.packed_left(level);
            let mut finish = Blocked { blend: first.blend(), layout, numbers: &mut numbers };
            product(level, &Left::new(first.left_layout(level), &left), &strips, &mut finish);
            let next = Case { left: between, ..second.clone() };
            let packed = Right::pack(cut, (next.depth, next.count), &next.right);
            let strips: Vec<_> = Right::new(cut, (next.depth, next.count), &packed).strips().collect();
            prop_assert_eq!(next.product(level, &numbers, &strips), next.packed(level));
        }
    }
}

#[test]
fn what_is_not_finite_stays_in_its_row_and_is_not_lost() {
    let (rows, depth, count) = (7, 19, 37);
    for level in levels() {
        for activation in [Activation::Identity, Activation::Relu, Activation::Relu6, Activation::Silu] {
            let mut left = vec![0.5; rows * depth];
            left[2 * depth + 3] = f32::NAN;
            left[5 * depth + 18] = f32::INFINITY;
            let right = vec![1.0; depth * count];
            let found = Case { rows, depth, count, left, right, bias: None, addend: None, activation }.packed(level);
            for (row, numbers) in found.chunks_exact(count).enumerate() {
                let is_right = |x: &f32| match (row, activation) {
                    (2, _) => x.is_nan(),
                    (5, Activation::Relu6) => *x == 6.0,
                    (5, _) => *x == f32::INFINITY,
                    _ => x.is_finite(),
                };
                assert!(numbers.iter().all(is_right), "{level:?} {activation:?}: row {row} is {numbers:?}");
            }
        }
    }
}
