//! Files of other formats, told by their first bytes or else by their suffix, with the line of Python that
//! converts them.

use std::path::Path;

/// A format that is not read.
#[derive(Clone, Copy, Debug)]
struct Foreign {
    /// What it is.
    name: &'static str,
    /// First bytes, and where they are; none: the suffix alone tells.
    magic: &'static [(usize, &'static [u8])],
    suffixes: &'static [&'static str],
    /// Python that leaves an array `a`; FILE is the name, quoted.
    python: &'static str,
}

/// The first of them that fits is it.
const FORMATS: &[Foreign] = &[
    Foreign {
        name: "a MATLAB file of version 7.3",
        magic: &[(0, b"MATLAB 7.3 MAT-file")],
        suffixes: &[],
        python: "import h5py; a = h5py.File(FILE)['NAME'][()].T",
    },
    Foreign {
        name: "a MATLAB file",
        magic: &[(0, b"MATLAB ")],
        suffixes: &["mat"],
        python: "import scipy.io; a = scipy.io.loadmat(FILE)['NAME']",
    },
    Foreign {
        name: "a NetCDF file",
        magic: &[(0, b"CDF\x01"), (0, b"CDF\x02"), (0, b"CDF\x05")],
        suffixes: &["nc", "nc4", "cdf", "netcdf"],
        python: "import xarray; a = xarray.open_dataset(FILE)['NAME'].values",
    },
    Foreign {
        name: "an HDF5 file",
        magic: &[(0, b"\x89HDF\r\n\x1a\n")],
        suffixes: &["h5", "hdf5", "hdf"],
        python: "import h5py; a = h5py.File(FILE)['NAME'][()]",
    },
    Foreign {
        name: "a Parquet file",
        magic: &[(0, b"PAR1")],
        suffixes: &["parquet"],
        python: "import pandas; a = pandas.read_parquet(FILE).to_numpy()",
    },
    Foreign {
        name: "an Arrow file",
        magic: &[(0, b"ARROW1"), (0, b"FEA1")],
        suffixes: &["arrow", "feather"],
        python: "import pandas; a = pandas.read_feather(FILE).to_numpy()",
    },
    Foreign {
        name: "a file of PyTorch",
        magic: &[],
        suffixes: &["pt", "pth"],
        python: "import torch; a = torch.load(FILE).numpy()",
    },
    Foreign {
        name: "a workbook",
        magic: &[],
        suffixes: &["xlsx", "xls", "ods"],
        python: "import pandas; a = pandas.read_excel(FILE, header=None).to_numpy()",
    },
    Foreign {
        name: "a Python pickle",
        magic: &[
            (0, b"\x80\x02"),
            (0, b"\x80\x03"),
            (0, b"\x80\x04"),
            (0, b"\x80\x05"),
        ],
        suffixes: &["pkl", "pickle"],
        python: "import pickle; a = pickle.load(open(FILE, 'rb'))",
    },
    Foreign {
        name: "an image",
        magic: &[
            (0, b"\x89PNG\r\n\x1a\n"),
            (0, b"\xff\xd8\xff"),
            (0, b"GIF8"),
            (0, b"II*\0"),
            (0, b"MM\0*"),
            (0, b"BM"),
            (8, b"WEBP"),
        ],
        suffixes: &["png", "jpg", "jpeg", "gif", "tif", "tiff", "bmp", "webp"],
        python: "from PIL import Image; a = numpy.array(Image.open(FILE).convert('L'))",
    },
    Foreign {
        name: "a FITS file",
        magic: &[(0, b"SIMPLE  =")],
        suffixes: &["fits", "fit"],
        python: "from astropy.io import fits; a = fits.getdata(FILE)",
    },
    Foreign {
        name: "compressed by gzip",
        magic: &[(0, b"\x1f\x8b")],
        suffixes: &["gz", "tgz"],
        python: "",
    },
    Foreign {
        name: "compressed by bzip2",
        magic: &[(0, b"BZh")],
        suffixes: &["bz2"],
        python: "",
    },
    Foreign {
        name: "compressed by xz",
        magic: &[(0, b"\xfd7zXZ\0")],
        suffixes: &["xz"],
        python: "",
    },
    Foreign {
        name: "compressed by Zstandard",
        magic: &[(0, b"\x28\xb5\x2f\xfd")],
        suffixes: &["zst"],
        python: "",
    },
];

/// Bytes that are looked at.
pub(super) const LOOKED_AT: usize = 512;

/// First bytes of binary files that also begin texts are too short to tell them.
fn begins(start: &[u8], (at, magic): (usize, &[u8])) -> bool {
    start.get(at..).is_some_and(|rest| rest.starts_with(magic))
}

/// Why a file that begins so is not read; none, if it is of no known format. `binary`: what is no text.
pub(super) fn refusal(path: &Path, start: &[u8], binary: bool) -> Option<String> {
    let suffix = path.extension().unwrap_or_default().to_string_lossy();
    let suffix = suffix.to_ascii_lowercase();
    let by_magic = |format: &&Foreign| {
        let told = format.magic.iter().any(|magic| begins(start, *magic));
        // "BM" and the like begin words too.
        told && (binary || format.magic.iter().all(|(_, magic)| magic.len() > 4))
    };
    let by_suffix = |format: &&Foreign| format.suffixes.contains(&&suffix[..]);
    let (tell, other) = (
        FORMATS.iter().find(by_magic),
        FORMATS.iter().find(by_suffix),
    );
    // HDF5 has many names, and pickles and archives contain what their suffix says.
    let format = match (tell, other) {
        (Some(told), Some(named))
            if ["NetCDF", "PyTorch"].iter().any(|n| named.name.contains(n)) =>
        {
            match told.name.contains("HDF5") || told.name.contains("pickle") {
                true => named,
                false => told,
            }
        }
        (Some(told), _) => told,
        (None, Some(named)) if binary => named,
        _ => return None,
    };
    Some(said(format, path))
}

/// What a format is, and what to do with a file of it.
fn said(format: &Foreign, path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name = name.replace(['\\', '\'', '\n'], "_");
    let stem = name.rsplit_once('.').map_or(&name[..], |(stem, _)| stem);
    if format.python.is_empty() {
        let unpack = match format.name.rsplit(' ').next() {
            Some("gzip") => "gunzip",
            Some("bzip2") => "bunzip2",
            Some("xz") => "unxz",
            _ => "unzstd",
        };
        return format!("is {}; unpack it: {unpack} {name}", format.name);
    }
    // Not the name of the file itself, which would be lost.
    let stem = match name.ends_with(".npy") {
        true => "NAME",
        false => stem,
    };
    let python = format.python.replace("FILE", &format!("'{name}'"));
    format!(
        "is {}, which is not read; in Python: import numpy; {python}; numpy.save('{stem}.npy', a)",
        format.name
    )
}

/// Why a folder is not read.
pub(super) fn folder(path: &Path) -> String {
    let has = |name: &str| path.join(name).exists();
    match has(".zarray") || has(".zgroup") || has("zarr.json") {
        true => said(
            &Foreign {
                name: "a Zarr folder",
                magic: &[],
                suffixes: &[],
                python: "import zarr; a = zarr.open(FILE)[...]",
            },
            path,
        ),
        false => "is a folder; a regular .npy file is needed".into(),
    }
}

/// Why a binary file of no known format is not read.
pub(super) fn unknown(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    format!(
        "is not a .npy file: it does not begin with \\x93NUMPY; numpy.save writes such files. If it holds bare \
         numbers, in Python: import numpy; a = numpy.fromfile('{}', 'f4').reshape(N, L, L); \
         numpy.save('NAME.npy', a)",
        name.replace(['\\', '\'', '\n'], "_")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_by_their_first_bytes_then_by_their_suffix() {
        for (file, start, told) in [
            ("a.dat", &b"\x89HDF\r\n\x1a\n...."[..], "an HDF5 file"),
            ("a.nc", b"\x89HDF\r\n\x1a\n....", "a NetCDF file"),
            ("a.nc", b"CDF\x01....", "a NetCDF file"),
            ("a.parquet", b"PAR1....", "a Parquet file"),
            ("a.mat", b"MATLAB 5.0 MAT-file", "a MATLAB file,"),
            ("a.mat", b"MATLAB 7.3 MAT-file", "version 7.3"),
            ("a", b"\x89PNG\r\n\x1a\n", "an image"),
            ("a.jpg", b"\xff\xd8\xff\xe0", "an image"),
            ("a.pkl", b"\x80\x04\x95", "a Python pickle"),
            ("a.pt", b"PK\x03\x04", "a file of PyTorch"),
            ("a.pt", b"\x80\x02\x8a", "a file of PyTorch"),
            ("a.npy.gz", b"\x1f\x8b\x08", "gunzip a.npy.gz"),
            ("a.fits", b"SIMPLE  =", "a FITS file"),
        ] {
            let said = refusal(Path::new(file), start, true).unwrap();
            assert!(said.contains(told), "{file}: {said}");
        }
        assert!(refusal(Path::new("a.npy"), b"\x01\x02", true).is_none());
        // A text is a text, whatever letters it begins with.
        assert!(refusal(Path::new("a.csv"), b"BMI,age", false).is_none());
        assert!(refusal(Path::new("a.xls"), b"1,2", false).is_none());
        // The line of Python does not write over the file.
        let said = refusal(Path::new("a.npy"), b"\x80\x04\x95", true).unwrap();
        assert!(said.ends_with("numpy.save('NAME.npy', a)"), "{said}");
        let said = refusal(Path::new("it's.h5"), b"\x89HDF\r\n\x1a\n", true).unwrap();
        assert!(said.contains("h5py.File('it_s.h5')"), "{said}");
    }
}
