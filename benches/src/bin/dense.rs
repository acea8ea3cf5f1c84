//! Share of the measured multiply+add peak that the dense tiles reach, as CSV.

use blockspin::run::Isa;
use blockspin_benches::dense::rate;

fn main() {
    println!("isa,rows,inner,columns,gflops,peak_gflops,share");
    for (rows, inner, columns) in [(400, 32, 32), (400, 64, 64)] {
        for isa in Isa::available() {
            let rate = rate(isa, rows, inner, columns);
            println!(
                "{isa},{rows},{inner},{columns},{:.1},{:.1},{:.3}",
                rate.tiles,
                rate.peak,
                rate.tiles / rate.peak
            );
        }
    }
}
