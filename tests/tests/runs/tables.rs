//! Tables of numbers in text, beside arrays with the same numbers; and files of other formats.

use std::fmt::Write as _;
use std::time::Instant;

use blockspin::data::{Data, Kind};
use blockspin::observer::Silent;
use blockspin_tests::program::{Folder, scattered};

fn open(folder: &Folder, name: &str) -> blockspin::Result<Data> {
    Data::open(&folder.path(name), &Silent)
}

/// All values, as they are learned from.
fn numbers(data: &Data) -> Vec<f32> {
    let (n, sites) = (data.configurations(), data.sites());
    let mut all = vec![0.0; n * sites];
    let corner = vec![0; data.sides().len()];
    for (i, row) in all.chunks_exact_mut(sites).enumerate() {
        data.reals(i, &corner, data.sides(), row).unwrap();
    }
    all
}

/// NaN is NaN.
fn same(a: &[f32], b: &[f32]) -> bool {
    a.len() == b.len()
        && a.iter()
            .zip(b)
            .all(|(a, b)| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan())
}

#[test]
fn every_dialect_has_the_same_numbers() {
    let folder = Folder::new();
    let value = |i: usize| match i {
        7 | 31 => f64::NAN,
        _ => (f64::from(scattered(i) % 2000) - 1000.0) / 8.0,
    };
    let all: Vec<f64> = (0..40 * 6).map(value).collect();
    let wanted = Data::new(&[40, 6], &all).unwrap();
    let wanted = numbers(&wanted);
    let table = |between: &str, end: &str, missing: &str, decimal: &str| {
        let rows = all.chunks_exact(6).map(|row| {
            let row = row.iter().map(|x| match x.is_nan() {
                true => missing.to_string(),
                false => x.to_string().replace('.', decimal),
            });
            row.collect::<Vec<_>>().join(between) + end
        });
        rows.collect::<Vec<_>>()
    };
    let plain = table(",", "\n", "", ".");
    let indexed: Vec<String> = plain
        .iter()
        .enumerate()
        .map(|(i, row)| format!("{i},{row}"))
        .collect();
    for (name, text) in [
        ("a.csv", plain.concat()),
        ("bom.csv", format!("\u{feff}{}", plain.concat())),
        ("crlf.csv", table(",", "\r\n", "NaN", ".").concat()),
        (
            "quoted.csv",
            table("\",\"", "\"\n", "", ".")
                .iter()
                .map(|row| format!("\"{row}"))
                .collect(),
        ),
        ("names.csv", format!("a,b,c,d,e,f\n{}", plain.concat())),
        ("pandas.csv", format!(",0,1,2,3,4,5\n{}", indexed.concat())),
        ("columns.csv", format!("0,1,2,3,4,5\n{}", plain.concat())),
        ("a.tsv", table("\t", "\n", "NA", ".").concat()),
        ("german.csv", table(";", "\n", "", ",").concat()),
        ("trailing.csv", table(",", ",\n", "nan", ".").concat()),
        (
            "savetxt.txt",
            format!(
                "# shape (40, 6)\n\n{}",
                table(" ", "\n", "nan", ".").concat()
            ),
        ),
        (
            "wide.dat",
            table("   ", "  \n", "nan", ".")
                .iter()
                .map(|row| format!("  {row}"))
                .collect(),
        ),
        ("nosuffix", plain.concat()),
        ("noend.csv", plain.concat().trim_end().to_string()),
    ] {
        folder.write(name, text.as_bytes());
        let data = open(&folder, name).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(
            (data.configurations(), data.sides()),
            (40, &[6][..]),
            "{name}"
        );
        assert!(same(&numbers(&data), &wanted), "{name}");
        assert_eq!(
            data.notes().len(),
            match name {
                "pandas.csv" => 2,
                "columns.csv" => 1,
                _ => 0,
            },
            "{name}"
        );
    }
}

#[test]
fn one_column_is_one_series_and_two_values_are_signs() {
    let folder = Folder::new();
    let column: String = (0..300)
        .map(|i| format!("{}\n", f64::from(scattered(i)) / 7.0))
        .collect();
    folder.write("series.txt", column.as_bytes());
    let data = open(&folder, "series.txt").unwrap();
    assert_eq!((data.configurations(), data.sides()), (1, &[300][..]));
    assert!(
        data.notes()[0].contains("one series of 300 values"),
        "{:?}",
        data.notes()
    );
    let row = |i: usize| format!("{} {}\n", scattered(i) % 2, scattered(i + 1) % 2);
    let bits: String = (0..100).map(row).collect();
    folder.write("bits.txt", bits.as_bytes());
    let kind = open(&folder, "bits.txt").unwrap().kind();
    assert_eq!(
        kind,
        Kind::Signs {
            low: 0.0,
            high: 1.0
        }
    );
}

#[test]
fn errors_say_line_and_column() {
    let folder = Folder::new();
    for (text, said) in [
        ("1,2,3\n4,5\n", &["line 2 has 2 columns", "before it 3"][..]),
        (
            "a,b\n1,2\n3,x4\n",
            &["line 3, column 2", "'x4'", "is no number"],
        ),
        (
            "1 2\n# a remark\n\n3 inf\n",
            &["line 4, column 2", "infinite"],
        ),
        ("1,2\n3,\u{7}\n", &["line 2, column 2", "is no number"]),
        ("some,names\n", &["one line, of 2 names"]),
        (",a\n5\n", &["line 2 has no numbers"]),
        ("# nothing\n\n", &["no line with numbers"]),
        (",,\n,,\n", &["nothing but NaN"]),
    ] {
        folder.write("a.csv", text.as_bytes());
        let error = open(&folder, "a.csv").unwrap_err();
        for said in said.iter().chain(&["a.csv'"]) {
            // A control character in the first lines is no text at all.
            let is_binary = text.contains('\u{7}') && error.message().contains("not a .npy file");
            assert!(
                is_binary || error.message().contains(said),
                "{said}: {error}"
            );
        }
    }
}

/// Files beyond what is kept in memory go by a temporary file; and they take seconds, not minutes.
#[test]
fn a_long_table() {
    let folder = Folder::new();
    let (rows, columns) = (45_000, 200);
    let mut text = String::new();
    for row in 0..rows {
        for column in 0..columns {
            let between = if column == 0 { "" } else { "," };
            let _ = write!(text, "{between}{}", scattered(row * columns + column) % 7);
        }
        text.push('\n');
    }
    folder.write("a.csv", text.as_bytes());
    let begun = Instant::now();
    let data = open(&folder, "a.csv").unwrap();
    let seconds = begun.elapsed().as_secs_f64();
    println!("{} MB in {seconds:.1} s", text.len() / 1_000_000);
    assert_eq!((data.configurations(), data.sites()), (rows, columns));
    let mut row = vec![0.0; columns];
    data.reals(rows - 1, &[0], &[columns as u32], &mut row)
        .unwrap();
    let Kind::Reals { centre, scale } = data.kind() else {
        panic!("seven values");
    };
    for (column, x) in row.iter().enumerate() {
        let value = f64::from(scattered((rows - 1) * columns + column) % 7);
        assert!((f64::from(*x) - (value - centre) / scale).abs() < 1e-6);
    }
    assert!(seconds < 20.0, "{seconds}");
}

#[test]
fn files_of_other_formats_are_named_with_the_line_that_converts_them() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path("a.zarr")).unwrap();
    folder.write("a.zarr/.zarray", b"{}");
    for (name, bytes) in [
        ("a.h5", &b"\x89HDF\r\n\x1a\n\0\0"[..]),
        ("a.parquet", b"PAR1\x15\0"),
        ("a.mat", b"MATLAB 5.0 MAT-file, Platform: GLNXA64\0\0"),
        ("a.nc", b"CDF\x01\0\0"),
        ("a.png", b"\x89PNG\r\n\x1a\n\0\0"),
        ("a.jpg", b"\xff\xd8\xff\xe0\0\x10JFIF"),
        ("a.pkl", b"\x80\x04\x95\0\0"),
        ("a.pt", b"PK\x03\x04\0\0\0\0"),
        ("a.csv.gz", b"\x1f\x8b\x08\0\0"),
    ] {
        folder.write(name, bytes);
    }
    for (name, said) in [
        ("a.zarr", "zarr.open('a.zarr')"),
        ("a.h5", "h5py.File('a.h5')"),
        ("a.parquet", "pandas.read_parquet('a.parquet')"),
        ("a.mat", "scipy.io.loadmat('a.mat')"),
        ("a.nc", "xarray.open_dataset('a.nc')"),
        ("a.png", "Image.open('a.png')"),
        ("a.jpg", "Image.open('a.jpg')"),
        ("a.pkl", "pickle.load(open('a.pkl', 'rb'))"),
        ("a.pt", "torch.load('a.pt').numpy()"),
        ("a.csv.gz", "gunzip a.csv.gz"),
    ] {
        let error = open(&folder, name).unwrap_err();
        let message = error.message();
        assert!(message.contains(said) && message.contains(name), "{error}");
        if !name.ends_with(".gz") {
            assert!(message.ends_with("numpy.save('a.npy', a)"), "{error}");
        }
    }
    folder.write("bare.bin", &[1, 0, 0, 0, 2, 0, 0, 0]);
    let error = open(&folder, "bare.bin").unwrap_err();
    assert!(
        error.message().contains("numpy.fromfile('bare.bin'"),
        "{error}"
    );
}

#[test]
fn shapes_that_mean_something_else() {
    let bytes = |n: usize| {
        (0..n)
            .map(|i| (scattered(i) % 200) as u8)
            .collect::<Vec<u8>>()
    };
    let error = Data::new(&[30, 20, 24, 3], &bytes(30 * 20 * 24 * 3)).unwrap_err();
    assert!(error.message().contains("frames with 3 colours"), "{error}");
    let error = Data::new(&[40, 64, 4], &bytes(40 * 64 * 4)).unwrap_err();
    assert!(
        error.message().contains("an image with 4 colours"),
        "{error}"
    );
    // States of a cube are no colours.
    let signs: Vec<u8> = bytes(30 * 20 * 24 * 3).iter().map(|x| x % 2).collect();
    assert!(Data::new(&[30, 20, 24, 3], &signs).is_ok());

    // Smooth fields: a plane, whose rows were put one after the other, and a photograph.
    let smooth = |rows: usize, columns: usize, salt: usize| -> Vec<f32> {
        let noise = |y: usize, x: usize| scattered((y * 1000 + x) * 64 + salt) as f32 / 2e9 - 1.0;
        let sum = |y: usize, x: usize| -> f32 { (0..9).map(|k| noise(y + k / 3, x + k % 3)).sum() };
        (0..rows * columns)
            .map(|i| sum(i / columns, i % columns))
            .collect()
    };
    let flat: Vec<f32> = (0..60).flat_map(|salt| smooth(16, 16, salt)).collect();
    let advice = Data::new(&[60, 256], &flat).unwrap().advice().unwrap();
    assert!(
        advice[0].contains("a flattened lattice of 16 × 16"),
        "{advice:?}"
    );
    assert!(advice[0].contains("reshape(-1, 16, 16)"), "{advice:?}");
    let picture = smooth(70, 64, 0);
    let advice = Data::new(&[70, 64], &picture).unwrap().advice().unwrap();
    assert!(
        advice.iter().any(|line| line.contains("`axes` xx")),
        "{advice:?}"
    );
    // As they ought to be, and independent chains: nothing is said.
    let nothing: Vec<String> = vec![];
    assert_eq!(
        Data::new(&[60, 16, 16], &flat).unwrap().advice().unwrap(),
        nothing
    );
    let chains: Vec<f32> = (0..300).flat_map(|salt| smooth(1, 256, salt)).collect();
    assert_eq!(
        Data::new(&[300, 256], &chains).unwrap().advice().unwrap(),
        nothing
    );
}
