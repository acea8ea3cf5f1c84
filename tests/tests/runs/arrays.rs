//! A user's arrays: every form they come in, and every way they can be wrong.

use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use blockspin::data::{Data, Kind};
use blockspin::error::{self, quoted};
use blockspin::observer::Silent;
use blockspin_core::num::bits;
use blockspin_core::num::rng::{Purpose, Stream};
use blockspin_tests::arrays::{
    Packing, Sample, archive, array, dictionary, doubles, plain, sound, try_to_read,
};

fn open(bytes: &[u8]) -> error::Result<Data> {
    Data::open(&Sample::new("spins.npy", bytes).path, &Silent)
}

fn pattern(n: usize) -> Vec<bool> {
    let mut stream = Stream::new(7, 0, Purpose::Sample);
    (0..n).map(|_| stream.coin()).collect()
}

/// Every box of some sizes at some corners, against indexing; `values` are in C order.
fn assert_boxes(data: &Data, values: &[f32]) {
    let (sites, sides) = (data.sites(), data.sides());
    let d = sides.len();
    let mut stream = Stream::new(3, 0, Purpose::Sample);
    let mut boxes = vec![(vec![0; d], sides.to_vec())];
    for _ in 0..20 {
        // Corners and sides beyond the lattice go around it.
        let corner = sides.iter().map(|side| stream.below(2 * side)).collect();
        let size = sides
            .iter()
            .map(|side| 1 + stream.below(side + 2))
            .collect();
        boxes.push((corner, size));
    }
    for axis in 0..d {
        let (mut corner, mut size) = (vec![0; d], sides.to_vec());
        corner[axis] = sides[axis] - 1;
        boxes.push((corner.clone(), size.clone()));
        size[axis] = 1;
        boxes.push((corner, size));
    }
    for i in 0..data.configurations() {
        for (corner, size) in &boxes {
            let volume: usize = size.iter().map(|side| *side as usize).product();
            let expected: Vec<f32> = (0..volume)
                .map(|mut k| {
                    let (mut site, mut stride) = (0, 1);
                    for axis in (0..d).rev() {
                        let along = corner[axis] as usize + k % size[axis] as usize;
                        site += along % sides[axis] as usize * stride;
                        k /= size[axis] as usize;
                        stride *= sides[axis] as usize;
                    }
                    values[i * sites + site]
                })
                .collect();
            let mut found = vec![9.0; volume];
            data.reals(i, corner, size, &mut found).unwrap();
            assert!(
                found
                    .iter()
                    .zip(&expected)
                    .all(|(a, b)| a == b || a.is_nan() && b.is_nan()),
                "configuration {i}, {size:?} at {corner:?}: {found:?}, not {expected:?}"
            );
            if let Kind::Signs { .. } = data.kind() {
                let mut signs = vec![!0; bits::words(volume)];
                data.signs(i, corner, size, &mut signs).unwrap();
                for (k, value) in expected.iter().enumerate() {
                    assert_eq!(bits::bit(&signs, k), *value == 1.0);
                }
                assert_eq!(bits::count(&signs, volume) as usize, {
                    expected.iter().filter(|value| **value == 1.0).count()
                });
            }
        }
    }
}

fn assert_signs(data: &Data, ups: &[bool]) {
    let values: Vec<f32> = ups.iter().map(|up| if *up { 1.0 } else { -1.0 }).collect();
    assert_boxes(data, &values);
}

/// Rearranges items from C to Fortran order.
fn fortran<T: Copy>(values: &[T], shape: &[usize]) -> Vec<T> {
    let mut order: Vec<(usize, T)> = values
        .iter()
        .enumerate()
        .map(|(mut k, value)| {
            let (mut place, mut stride) = (0, values.len());
            for side in shape.iter().rev() {
                stride /= side;
                place += k % side * stride;
                k /= side;
            }
            (place, *value)
        })
        .collect();
    order.sort_by_key(|(place, _)| *place);
    order.into_iter().map(|(_, value)| value).collect()
}

/// A type, two of its numbers, and their bytes.
type Pair = (&'static str, f64, f64, Vec<u8>, Vec<u8>);

fn pairs() -> Vec<Pair> {
    macro_rules! pair {
        ($code:literal, $type:ty, $low:expr, $high:expr) => {
            [
                (
                    concat!("<", $code),
                    $low as f64,
                    $high as f64,
                    <$type>::to_le_bytes($low).to_vec(),
                    <$type>::to_le_bytes($high).to_vec(),
                ),
                (
                    concat!(">", $code),
                    $low as f64,
                    $high as f64,
                    <$type>::to_be_bytes($low).to_vec(),
                    <$type>::to_be_bytes($high).to_vec(),
                ),
            ]
        };
    }
    let mut pairs = vec![
        ("|b1", 0.0, 1.0, vec![0], vec![1]),
        ("|i1", -1.0, 1.0, vec![255], vec![1]),
        ("|u1", 0.0, 1.0, vec![0], vec![1]),
    ];
    pairs.extend(pair!("i1", i8, -128, 127));
    pairs.extend(pair!("u1", u8, 3, 200));
    pairs.extend(pair!("i2", i16, -300, 2));
    pairs.extend(pair!("u2", u16, 3, 60_000));
    pairs.extend(pair!("i4", i32, -1, 1));
    pairs.extend(pair!("u4", u32, 0, u32::MAX));
    pairs.extend(pair!("i8", i64, -1, 1));
    pairs.extend(pair!("i8", i64, 1i64 << 60, (1i64 << 60) + 1));
    pairs.extend(pair!("u8", u64, 0, 1));
    pairs.extend(pair!("u8", u64, u64::MAX - 1, u64::MAX));
    pairs.extend(pair!("f4", f32, -0.5, 0.25));
    pairs.extend(pair!("f8", f64, -0.5, 0.25));
    pairs.extend(pair!("f8", f64, 1.0, 1.0f64.next_up()));
    pairs.extend(pair!("f8", f64, f64::MIN, f64::MAX));
    // −2 and 1.5 in half precision.
    for (descr, to_bytes) in [
        ("<f2", u16::to_le_bytes as fn(u16) -> [u8; 2]),
        (">f2", u16::to_be_bytes),
    ] {
        let [low, high] = [0xc000, 0x3e00].map(|bits| to_bytes(bits).to_vec());
        pairs.push((descr, -2.0, 1.5, low, high));
    }
    pairs
}

#[test]
fn every_type_order_and_version() {
    let shapes: [&[usize]; 5] = [&[3, 70], &[4, 5, 7], &[2, 3, 4, 5], &[1, 4, 3], &[2, 2, 32]];
    for (case, (descr, low, high, low_bytes, high_bytes)) in pairs().into_iter().enumerate() {
        for (s, shape) in shapes.into_iter().enumerate() {
            let ups = pattern(shape.iter().product());
            let text: Vec<_> = shape.iter().map(usize::to_string).collect();
            let text = format!("({})", text.join(", "));
            for f in [false, true] {
                let file = if f { fortran(&ups, shape) } else { ups.clone() };
                let values = file
                    .iter()
                    .map(|up| if *up { &high_bytes } else { &low_bytes });
                let data: Vec<u8> = values.flatten().copied().collect();
                let version = 1 + ((case + s) % 3) as u8;
                let data = open(&array(version, &dictionary(descr, f, &text), &data)).unwrap();
                assert_eq!(data.kind(), Kind::Signs { low, high }, "{descr}");
                assert!(!data.is_constant());
                assert_eq!(data.configurations(), shape[0]);
                let sides: Vec<_> = data.sides().iter().map(|side| *side as usize).collect();
                assert_eq!((&sides[..], data.missing()), (&shape[1..], 0));
                assert_signs(&data, &ups);
            }
        }
    }
}

#[test]
fn headers_as_python_may_write_them() {
    for header in [
        "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 2), }   \n",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 2)}",
        "{\"shape\":(2,2,),\"descr\":\"|u1\",\"fortran_order\":False}",
        " { 'shape' : ( 2 , 2 ) , 'fortran_order' : False , 'descr' : '|u1' } ",
    ] {
        let data = open(&array(1, header, &[0, 1, 1, 0])).unwrap();
        assert_signs(&data, &[false, true, true, false]);
    }
}

#[test]
fn sites_that_never_vary_are_marked() {
    let spins = [1, 255, 1, 1, 1, 1, 1, 255, 1, 255, 1, 255];
    let data = open(&plain("|i1", "(3, 4)", &spins)).unwrap();
    assert_eq!(data.varying(), [0b1010]);
    // Missing values neither vary nor stand still.
    let nan = f64::NAN;
    let values = [nan, 0.0, 1.0, 1.0, 5.0, 0.0, 1.0, nan, nan, 0.0, 2.0, nan];
    let data = open(&plain("<f8", "(3, 4)", &doubles(&values))).unwrap();
    assert_eq!((data.varying(), data.missing()), (&[0b0100][..], 4));
    let values = [nan, 0.0, 1.0, 1.0, 1.0, 0.0, 1.0, nan, nan, 0.0, 0.0, nan];
    let data = open(&plain("<f8", "(3, 4)", &doubles(&values))).unwrap();
    assert_eq!((data.varying(), data.missing()), (&[0b0100][..], 4));
    assert_eq!(
        data.kind(),
        Kind::Reals {
            centre: 0.5,
            scale: 0.5
        }
    );
    let found: Vec<f32> = values.iter().map(|x| (2.0 * x - 1.0) as f32).collect();
    assert_boxes(&data, &found);
}

#[test]
fn one_value_only() {
    let data = open(&plain("|i1", "(2, 3)", &[1; 6])).unwrap();
    assert!(data.is_constant());
    let kind = Kind::Signs {
        low: 1.0,
        high: 1.0,
    };
    assert_eq!((data.kind(), data.varying()), (kind, &[0][..]));
    assert_signs(&data, &[false; 6]);
    let data = open(&plain(
        "<f8",
        "(2, 2)",
        &doubles(&[f64::NAN, 4.0, 4.0, 4.0]),
    ))
    .unwrap();
    assert!(data.is_constant());
    assert_eq!(
        data.kind(),
        Kind::Reals {
            centre: 4.0,
            scale: 1.0
        }
    );
    assert_boxes(&data, &[f32::NAN, 0.0, 0.0, 0.0]);
}

#[test]
fn values_are_compared_in_the_type_of_the_file() {
    let zeros: Vec<u8> = [0.0f32, -0.0, 1.0, 0.0]
        .iter()
        .flat_map(|v| v.to_le_bytes())
        .collect();
    assert_signs(
        &open(&plain("<f4", "(2, 2)", &zeros)).unwrap(),
        &[false, false, true, false],
    );
    let big = 1i64 << 60;
    let whole =
        |values: [i64; 4]| -> Vec<u8> { values.iter().flat_map(|v| v.to_le_bytes()).collect() };
    let three = open(&plain(
        "<i8",
        "(2, 2)",
        &whole([big, big + 1, big + 2, big]),
    ));
    assert!(three.unwrap_err().message().contains("53 bits"));
    let three = open(&plain("<i8", "(2, 2)", &whole([big, -big, 0, big]))).unwrap();
    assert!(matches!(three.kind(), Kind::Reals { .. }));
    // From memory, in the same types.
    let data = Data::new(&[2, 2], &[u64::MAX, u64::MAX - 1, u64::MAX, u64::MAX]).unwrap();
    assert_signs(&data, &[true, false, true, true]);
}

#[test]
fn half_precision_is_read_as_the_same_numbers_in_single_precision() {
    // −0, 1, the smallest positive, the largest, NaN, −2, 0, 1/3 rounded.
    let halves = [
        0x8000u16, 0x3c00, 0x0001, 0x7bff, 0x7e00, 0xc000, 0x0000, 0x3555,
    ];
    let singles = [
        -0.0f32,
        1.0,
        2f32.powi(-24),
        65504.0,
        f32::NAN,
        -2.0,
        0.0,
        0.333_251_95,
    ];
    let bytes: Vec<u8> = halves.iter().flat_map(|v| v.to_le_bytes()).collect();
    let half = open(&plain("<f2", "(2, 4)", &bytes)).unwrap();
    let single = Data::new(&[2, 4], &singles).unwrap();
    assert_eq!(half.kind(), single.kind());
    assert_eq!((half.missing(), single.missing()), (1, 1));
    for i in 0..2 {
        let [a, b] = [&half, &single].map(|data| {
            let mut to = [0.0; 4];
            data.reals(i, &[0], &[4], &mut to).unwrap();
            to.map(f32::to_bits)
        });
        assert_eq!(a, b);
    }
    let infinite = open(&plain("<f2", "(1, 2)", &[0, 0, 0, 0x7c]));
    assert!(infinite.unwrap_err().message().contains("holds inf"));
}

/// Mean and deviation against a plain computation; the values against the formula that is stated.
#[test]
fn reals_are_centred_and_scaled() {
    let mut stream = Stream::new(11, 0, Purpose::Sample);
    let n = 6 * 33 * 10;
    let base: Vec<f64> = (0..n).map(|_| f64::from(stream.uniform()) - 0.3).collect();
    for unit in [1.0, 1e-3, 1e150, 1e300, 1e-150, 1e-300, 1e-310] {
        let values: Vec<f64> = base.iter().map(|x| (2.0 + x) * unit).collect();
        let data = open(&plain("<f8", "(6, 33, 10)", &doubles(&values))).unwrap();
        let mean = base.iter().map(|x| 2.0 + x).sum::<f64>() / n as f64;
        let square = base.iter().map(|x| (2.0 + x - mean).powi(2)).sum::<f64>() / n as f64;
        let Kind::Reals { centre, scale } = data.kind() else {
            panic!("reals");
        };
        assert!(
            (centre / unit / mean - 1.0).abs() < 1e-12,
            "{unit}: {centre}"
        );
        assert!(
            (scale / unit / square.sqrt() - 1.0).abs() < 1e-10,
            "{unit}: {scale}"
        );
        if unit < 1e200 && unit > 1e-200 {
            let found: Vec<f32> = values
                .iter()
                .map(|x| ((x - centre) / scale) as f32)
                .collect();
            assert_boxes(&data, &found);
        }
    }
    // Halves of the range: the difference of two values is no f64.
    let far = [f64::MAX, f64::MIN, 0.0, f64::MAX];
    let data = open(&plain("<f8", "(2, 2)", &doubles(&far))).unwrap();
    let mut to = [0.0; 2];
    data.reals(0, &[0], &[2], &mut to).unwrap();
    assert!(to[0] > 0.7 && to[1] < -1.3, "{to:?}");
    // Whole numbers.
    let data = open(&plain("|u1", "(2, 3)", &[0, 1, 2, 2, 1, 0])).unwrap();
    let root = (2.0f64 / 3.0).sqrt();
    assert_eq!(
        data.kind(),
        Kind::Reals {
            centre: 1.0,
            scale: root
        }
    );
    let one = (1.0 / root) as f32;
    assert_boxes(&data, &[-one, 0.0, one, one, 0.0, -one]);
}

/// Beyond what is scanned: a sample of configurations gives the scale, the rest is read all the same.
#[test]
fn a_large_file_is_scanned_in_part() {
    let (n, sites) = (1100usize, 1 << 16);
    let mut values = vec![0u8; n * sites];
    for (i, row) in values.chunks_exact_mut(sites).enumerate() {
        // Three values in the first row end the search for a third.
        row.iter_mut()
            .enumerate()
            .for_each(|(k, x)| *x = ((k + i) % 3) as u8);
    }
    // No row of the sample is the last.
    values[n * sites - 1] = 255;
    let data = open(&plain("|u1", "(1100, 256, 256)", &values)).unwrap();
    let Kind::Reals { centre, scale } = data.kind() else {
        panic!("reals");
    };
    assert!((centre - 1.0).abs() < 1e-4 && (scale - (2.0f64 / 3.0).sqrt()).abs() < 1e-4);
    let mut to = [0.0];
    data.reals(n - 1, &[255, 255], &[1, 1], &mut to).unwrap();
    assert_eq!(to[0], ((255.0 - centre) / scale) as f32);
    // Rows that are all alike where the sample looks: everything is scanned.
    values.fill(1);
    values[n * sites - 2..].copy_from_slice(&[0, 5]);
    let data = open(&plain("|u1", "(1100, 256, 256)", &values)).unwrap();
    let Kind::Reals { centre, scale } = data.kind() else {
        panic!("reals");
    };
    assert!((centre - 1.0).abs() < 1e-6 && scale > 0.0);
    assert_eq!(bits::count(data.varying(), sites), 2);
}

/// Two-valued data beyond 64 MiB stay in the file; both ways agree.
#[test]
fn large_two_valued_data_stay_in_the_file() {
    // A word for each configuration of six spins.
    let (n, sites) = ((64usize << 20) / 4 + 1, 6);
    let value = |i: usize, site: usize| (i * i / 7 + site * (i % 5)).is_multiple_of(3);
    let mut bytes = plain("|u1", &format!("({n}, 2, 3)"), &[]);
    let start = bytes.len();
    bytes.extend((0..n * sites).map(|k| u8::from(value(k / sites, k % sites))));
    let file = Sample::new("spins.npy", &bytes);
    let data = Data::open(&file.path, &Silent).unwrap();
    let kind = Kind::Signs {
        low: 0.0,
        high: 1.0,
    };
    assert_eq!((data.kind(), data.varying()), (kind, &[0b11_1111][..]));
    // Read by several threads at once.
    let boxes = [([0, 0], [2, 3]), ([1, 2], [2, 2]), ([1, 0], [1, 3])];
    let check = |i: usize| {
        for (corner, sides) in boxes {
            let volume = (sides[0] * sides[1]) as usize;
            let (mut signs, mut reals) = ([!0], vec![0.0; volume]);
            data.signs(i, &corner, &sides, &mut signs).unwrap();
            data.reals(i, &corner, &sides, &mut reals).unwrap();
            for (k, real) in reals.into_iter().enumerate() {
                let (y, x) = (k as u32 / sides[1], k as u32 % sides[1]);
                let site = (corner[0] + y) % 2 * 3 + (corner[1] + x) % 3;
                let up = value(i, site as usize);
                assert_eq!(
                    real,
                    if up { 1.0 } else { -1.0 },
                    "{i}: {corner:?} {sides:?}"
                );
                assert_eq!(bits::bit(&signs, k), up, "{i}: {corner:?} {sides:?}");
            }
            assert_eq!(signs[0] & !bits::mask(volume), 0);
        }
    };
    std::thread::scope(|scope| {
        for t in 0..4 {
            let check = &check;
            scope.spawn(move || (t..n).step_by(9973).for_each(check));
        }
    });
    check(n - 1);
    // A file that changes under our hands is no panic and no other spin.
    *bytes.last_mut().unwrap() = 9;
    fs::write(&file.path, &bytes).unwrap();
    let error = data.signs(n - 1, &[0, 0], &[2, 3], &mut [0]).unwrap_err();
    assert!(error.message().contains("has changed"), "{error}");
    fs::write(&file.path, &bytes[..start + 10]).unwrap();
    let error = data.signs(n - 1, &[0, 0], &[2, 3], &mut [0]).unwrap_err();
    assert!(error.message().contains("cut off"), "{error}");
}

/// Fortran order, compressed and plain, beyond what is turned in memory.
#[test]
fn large_fortran_arrays_are_turned_in_a_file() {
    let shape = [40usize, 200, 1130];
    let n = shape.iter().product::<usize>();
    let value = |i: usize, y: usize, x: usize| ((i * 7 + y * 131 + x * 3) % 1009) as f64;
    let mut data = Vec::with_capacity(8 * n);
    for x in 0..shape[2] {
        for y in 0..shape[1] {
            for i in 0..shape[0] {
                data.extend(value(i, y, x).to_be_bytes());
            }
        }
    }
    assert!(data.len() > 64 << 20);
    let npy = array(1, &dictionary(">f8", true, "(40, 200, 1130)"), &data);
    drop(data);
    let files = [
        Sample::new("spins.npy", &npy),
        Sample::new("spins.npz", &archive(&[("a.npy", Packing::Deflated, &npy)])),
    ];
    drop(npy);
    for file in files {
        let data = Data::open(&file.path, &Silent).unwrap();
        let Kind::Reals { centre, scale } = data.kind() else {
            panic!("reals");
        };
        let mut row = vec![0.0; 200 * 1130];
        for i in 0..40 {
            data.reals(i, &[0, 0], &[200, 1130], &mut row).unwrap();
            for (k, found) in row.iter().enumerate() {
                let expected = (value(i, k / 1130, k % 1130) - centre) / scale;
                assert_eq!(*found, expected as f32, "configuration {i}, site {k}");
            }
        }
    }
}

#[test]
fn members_of_archives() {
    let ups = pattern(60);
    let spins: Vec<u8> = ups.iter().map(|up| u8::from(*up)).collect();
    let (c, f) = (
        plain("|u1", "(5, 3, 4)", &spins),
        array(
            2,
            &dictionary("|u1", true, "(5, 3, 4)"),
            &fortran(&spins, &[5, 3, 4]),
        ),
    );
    for packing in [Packing::Stored, Packing::Deflated, Packing::Zip64] {
        for member in [&c, &f] {
            let file = Sample::new("spins.npz", &archive(&[("arr_0.npy", packing, member)]));
            assert_signs(&Data::open(&file.path, &Silent).unwrap(), &ups);
            assert_signs(&Data::open(&file.member("arr_0"), &Silent).unwrap(), &ups);
            assert_signs(
                &Data::open(&file.member("arr_0.npy"), &Silent).unwrap(),
                &ups,
            );
        }
        let file = Sample::new(
            "spins.npz",
            &archive(&[
                (
                    "ones.npy",
                    Packing::Stored,
                    &plain("|u1", "(2, 2)", &[1; 4]),
                ),
                ("deep/spins.npy", packing, &f),
                ("notes.txt", Packing::Stored, b"PK\x05\x06"),
            ]),
        );
        assert_signs(
            &Data::open(&file.member("deep/spins"), &Silent).unwrap(),
            &ups,
        );
        assert!(
            Data::open(&file.member("ones"), &Silent)
                .unwrap()
                .is_constant()
        );
        for (path, said) in [
            (
                file.path.clone(),
                "holds 2 arrays (ones, deep/spins): name one",
            ),
            (
                file.member("more"),
                "no array 'more'; there is ones, deep/spins",
            ),
        ] {
            let error = Data::open(&path, &Silent).unwrap_err();
            assert!(error.message().contains(said), "{error}");
            assert!(error.message().contains(&quoted(&file.path)), "{error}");
        }
    }
}

#[test]
fn missing_values_and_infinities() {
    let mut values: Vec<f64> = (0..24).map(f64::from).collect();
    values[7] = f64::NAN;
    values[20] = f64::NAN;
    let data = open(&plain("<f8", "(2, 3, 4)", &doubles(&values))).unwrap();
    assert_eq!(data.missing(), 2);
    let Kind::Reals { centre, scale } = data.kind() else {
        panic!("reals");
    };
    assert!((centre - (276.0 - 27.0) / 22.0).abs() < 1e-12);
    let found: Vec<f32> = values
        .iter()
        .map(|x| ((x - centre) / scale) as f32)
        .collect();
    assert_boxes(&data, &found);
    for (kind, size) in [("<f8", 8), ("<f4", 4)] {
        for at in [0, 13, 23] {
            values[at] = f64::NEG_INFINITY;
            let bytes: Vec<u8> = if size == 8 {
                doubles(&values)
            } else {
                values
                    .iter()
                    .flat_map(|x| (*x as f32).to_le_bytes())
                    .collect()
            };
            values[at] = 0.5;
            let error = open(&plain(kind, "(2, 3, 4)", &bytes)).unwrap_err();
            let said = format!("holds -inf (row {}, item {} of it)", at / 12, at % 12);
            assert!(error.message().contains(&said), "{error}");
        }
    }
}

/// A value that no f32 holds, where the scan did not look.
#[test]
fn outliers_beyond_the_sample_are_refused_when_read() {
    let (n, sites) = (600usize, 1 << 17);
    let file = Sample::new("spins.npy", &plain("<f4", "(600, 131072)", &[]));
    let start = fs::metadata(&file.path).unwrap().len();
    let mut out = File::options().write(true).open(&file.path).unwrap();
    // Zeros between what is written.
    let mut write = |item: usize, values: &[f32]| {
        let bytes: Vec<u8> = values.iter().flat_map(|x| x.to_le_bytes()).collect();
        out.seek(SeekFrom::Start(start + 4 * item as u64)).unwrap();
        out.write_all(&bytes).unwrap();
    };
    write(0, &[0.0, 1e-30, 2e-30]);
    write(n * sites - 2, &[f32::MAX, f32::INFINITY]);
    let data = Data::open(&file.path, &Silent).unwrap();
    let at = sites as u32 - 2;
    for (corner, said) in [(at, "standard deviations"), (at + 1, "holds inf")] {
        let error = data.reals(n - 1, &[corner], &[1], &mut [0.0]).unwrap_err();
        assert!(error.message().contains(said), "{error}");
        let place = format!("row {}, item {corner}", n - 1);
        assert!(error.message().contains(&place), "{error}");
    }
}

#[test]
fn malformed_files_are_refused() {
    let header = |text: &str| array(1, text, &[0, 1, 1, 0]);
    let float = |v: f64| plain("<f8", "(2, 2)", &doubles(&[0.0, 1.0, v, 0.0]));
    let whole = plain("|u1", "(2, 2)", &[0, 1, 1, 0]);
    let with = |at: usize, byte: u8| {
        let mut bytes = whole.clone();
        bytes[at] = byte;
        bytes
    };
    let mut long_header = b"\x93NUMPY".to_vec();
    long_header.extend([2, 0, 0xff, 0xff, 0xff, 0xff, b'{']);
    let zip = |packing, content: &[u8]| archive(&[("a.npy", packing, content)]);
    let (stored, deflated) = (zip(Packing::Stored, &whole), zip(Packing::Deflated, &whole));
    // The record of the member in the directory begins with PK 1 2.
    let directory = |bytes: &[u8]| {
        let at = bytes.windows(4).rposition(|window| window == b"PK\x01\x02");
        at.expect("a directory")
    };
    let in_directory = |bytes: &[u8], at: usize, to: &[u8]| {
        let begin = directory(bytes) + at;
        let mut bytes = bytes.to_vec();
        bytes[begin..begin + to.len()].copy_from_slice(to);
        bytes
    };
    let without = |bytes: &[u8], n: usize| bytes[..bytes.len() - n].to_vec();
    let mut broken = deflated.clone();
    // Behind the local header of 30 bytes, the name and the zip64 field.
    broken[30 + 5 + 20] = 0xff;
    // A line each.
    #[rustfmt::skip]
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("empty", vec![], "is not a .npy file"),
        ("short", b"\x93NUM".to_vec(), "is not a .npy file"),
        ("text", b"1 -1 1 1\n1 1 -1 1\n".to_vec(), "is not a .npy file"),
        ("version", with(6, 9), "version 9.0"),
        ("minor", with(7, 3), "version 1.3"),
        ("magic only", whole[..8].to_vec(), "cut off"),
        ("half a length", whole[..9].to_vec(), "cut off"),
        ("half a header", whole[..40].to_vec(), "cut off"),
        ("header of 4 GiB", long_header, "claims a header of 4294967295 bytes"),
        ("binary header", with(15, 0xff), "not text"),
        ("no data", without(&whole, 4), "holds 0 bytes of data"),
        ("truncated", without(&whole, 1), "is cut off"),
        ("too long", [&whole[..], &[0]].concat(), "bytes to spare"),
        ("no dictionary", header("[1, 2]"), "'{' expected"),
        ("empty dictionary", header("{}"), "'descr' is missing"),
        ("no order", header("{'descr': '|u1', 'shape': (2, 2)}"), "'fortran_order' is missing"),
        ("no shape", header("{'descr': '|u1', 'fortran_order': False}"), "'shape' is missing"),
        ("twice", header("{'descr': '|u1', 'descr': '|u1', 'shape': (2, 2)}"), "'descr' occurs twice"),
        ("unknown entry", header("{'colour': '|u1'}"), "unknown entry 'colour'"),
        ("open string", header("{'descr"), "a string without end"),
        ("open dictionary", header("{'descr': '|u1'"), "'}' expected"),
        ("tail", header("{'descr': '|u1', 'fortran_order': False, 'shape': (2, 2)} evil()"), "something follows"),
        ("order", header("{'fortran_order': 1}"), "must be True or False"),
        ("negative", plain("|u1", "(-2, 2)", &[0; 4]), "whole numbers"),
        ("fraction", plain("|u1", "(2.0, 2)", &[0; 4]), "')' expected"),
        ("word", plain("|u1", "(two, 2)", &[0; 4]), "whole numbers"),
        ("beyond 64 bits", plain("|u1", "(99999999999999999999, 2)", &[0; 4]), "whole numbers"),
        ("list", plain("|u1", "[2, 2]", &[0; 4]), "'(' expected"),
        ("structured", header("{'descr': [('a', '|u1')], 'fortran_order': False, 'shape': (4,)}"), "structured items"),
        ("objects", plain("|O", "(2, 2)", &[0; 4]), "items of type |O"),
        ("complex", plain("<c8", "(2, 2)", &[0; 32]), "items of type <c8"),
        ("strings", plain("<U1", "(2, 2)", &[0; 16]), "b1 i1 u1 i2 u2 i4 u4 i8 u8 f2 f4 f8"),
        ("long double", plain("<f16", "(2, 2)", &[0; 64]), "items of type <f16"),
        ("no byte order", plain("|i4", "(2, 2)", &[0; 16]), "items of type |i4"),
        ("no type", plain("", "(2, 2)", &[0; 4]), "items of type ;"),
        ("foreign type", plain("é1", "(2, 2)", &[0; 4]), "items of type \\u{e9}1"),
        ("a scalar", plain("|u1", "()", &[0]), "configurations have shape"),
        ("five axes", plain("|u1", "(1, 2, 2, 2, 2)", &[0; 16]), "configurations have shape"),
        ("no configuration", plain("|u1", "(0, 2)", &[]), "is empty"),
        ("no sites", plain("|u1", "(2, 0)", &[]), "is empty"),
        ("empty and huge", plain("|u1", "(0, 18446744073709551615, 3)", &[]), "is empty"),
        ("thin", plain("|u1", "(2, 4, 1)", &[0; 8]), "numpy.squeeze"),
        ("huge", plain("|u1", "(4000000000, 4000000)", &[0; 4]), "is cut off"),
        ("overflow", plain("|u1", "(9223372036854775808, 2, 2)", &[0; 4]), "more than 2^64 bytes"),
        ("overflow of bytes", plain("<f8", "(2305843009213693952, 2)", &[]), "more than 2^64"),
        ("only NaN", plain("<f8", "(1, 2)", &doubles(&[f64::NAN; 2])), "nothing but NaN"),
        ("infinite", float(f64::INFINITY), "holds inf (row 1, item 0 of it)"),
        ("bool of 2", plain("|b1", "(2, 2)", &[0, 1, 2, 0]), "of a bool 0 or 1"),
        ("zip by its look", b"PK\x03\x04 and so on".to_vec(), "begins like an .npz file"),
        ("empty zip", archive(&[]), "holds no array"),
        ("zip of text", archive(&[("a.txt", Packing::Stored, b"1 2")]), "holds no array"),
        ("zip of text by a good name", zip(Packing::Stored, b"1 2 3 4 5 6"), "is not a .npy file"),
        ("packed text by a good name", zip(Packing::Deflated, b"1 2 3 4 5 6"), "is not a .npy file"),
        ("two arrays", archive(&[("a.npy", Packing::Stored, &whole), ("b.npy", Packing::Stored, &whole)]), "(a, b): name one"),
        ("stored and cut", zip(Packing::Stored, &without(&whole, 1)), "is cut off"),
        ("packed and cut", zip(Packing::Deflated, &without(&whole, 1)), "is cut off"),
        ("packed and too long", zip(Packing::Deflated, &[&whole[..], &[0]].concat()), "bytes to spare"),
        ("packed and no data", zip(Packing::Deflated, &whole[..20]), "cut off"),
        ("member of the wrong shape", zip(Packing::Deflated, &plain("|u1", "()", &[0])), "configurations have shape"),
        ("member of objects", zip(Packing::Stored, &plain("|O", "(2, 2)", &[0; 4])), "items of type |O"),
        ("bomb by its header", zip(Packing::Deflated, &plain("|u1", "(1000000, 1000000)", &[0; 4])), "is cut off"),
        ("bomb by its directory", in_directory(&deflated, 24, &u32::MAX.wrapping_sub(1).to_le_bytes()), "cannot come from"),
        ("packed length", in_directory(&deflated, 24, &(whole.len() as u32 + 1).to_le_bytes()), "bytes to spare"),
        ("stored length", in_directory(&stored, 24, &5u32.to_le_bytes()), "cannot come from"),
        ("check sum", in_directory(&deflated, 16, &[1, 2, 3, 4]), "checksum"),
        ("packed badly", broken, "cannot read"),
        ("method", in_directory(&stored, 10, &[12, 0]), "compressed by method 12"),
        ("encrypted", in_directory(&stored, 8, &[1, 0]), "is encrypted"),
        ("member beyond the file", in_directory(&in_directory(&stored, 20, &[0, 0, 1, 0]), 24, &[0, 0, 1, 0]), "damaged"),
        ("local header elsewhere", in_directory(&stored, 42, &[7, 0, 0, 0]), "damaged"),
        ("no end of directory", without(&stored, 22), "damaged"),
        ("directory of two", { let mut two = stored.clone(); let n = two.len(); two[n - 14] = 2; two[n - 12] = 2; two }, "damaged"),
    ];
    assert!(cases.len() >= 40);
    for (name, bytes, rule) in cases {
        let file = Sample::new("spins.npy", &bytes);
        let Err(error) = Data::open(&file.path, &Silent) else {
            panic!("{name} is read")
        };
        assert_eq!(error.kind(), error::Kind::Failure, "{name}: {error}");
        assert_eq!(error.kind(), error::Kind::Failure);
        assert!(error.message().contains("spins.npy"), "{name}: {error}");
        assert!(error.message().contains(rule), "{name}: {error}");
        assert_eq!(error.to_string().lines().count(), 1, "{name}: {error}");
    }
    let file = Sample::new("spins.npy", &whole);
    let error = Data::open(&file.member("a"), &Silent).unwrap_err();
    assert!(error.message().contains("is not a .npz file"), "{error}");
}

#[test]
fn missing_files_folders_and_devices_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.npy");
    let member = folder.path().join("missing.npz:a");
    let cases = [
        (missing.as_path(), "does not exist"),
        (member.as_path(), "does not exist"),
        (folder.path(), "is a folder"),
    ];
    #[cfg(unix)]
    let cases = [
        &cases[..],
        &[(Path::new("/dev/zero"), "a device or a pipe")],
    ]
    .concat();
    for (path, rule) in cases {
        let error = Data::open(path, &Silent).unwrap_err();
        assert_eq!(error.kind(), error::Kind::Failure);
        assert!(error.message().contains(rule), "{error}");
        assert!(error.message().contains(&quoted(path)), "{error}");
    }
}

/// No part of a sound file is one, and none may panic.
#[test]
fn truncated_files_are_refused() {
    for whole in sound() {
        let name = ["spins.npy", "spins.npz"][usize::from(whole.starts_with(b"PK"))];
        let file = Sample::new(name, &whole);
        let cut = File::options().write(true).open(&file.path).unwrap();
        for end in (0..whole.len()).rev() {
            cut.set_len(end as u64).unwrap();
            assert!(!try_to_read(&file.path, end as u64), "{end} bytes");
        }
    }
}
