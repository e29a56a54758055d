//! `e^x` in single precision as the C library rounds it, of many numbers at once.
//!
//! The method, its table and its polynomial are those of Arm's optimized routines (`expf.c` in
//! version 2.36 of the GNU C library, where the processor has fused multiply-add), which onnxruntime
//! calls: `x = (k + r) ln 2 / 32`, and `e^x = 2^(k / 32) * 2^(r / 32)` in double precision. All
//! single-precision numbers give the same bits, but for what is no number.

/// `2^(i / 32)`.
const POWERS: [f64; 32] = [
    1.0,
    1.021_897_148_654_116_6,
    1.044_273_782_427_413_8,
    1.067_140_400_676_823_7,
    1.090_507_732_665_257_7,
    1.114_386_742_595_892_4,
    1.138_788_634_756_691_6,
    1.163_724_858_777_577_5,
    1.189_207_115_002_721,
    1.215_247_359_980_469,
    1.241_857_812_073_484,
    1.269_050_957_191_733_2,
    1.296_839_554_651_009_6,
    1.325_236_643_159_741_3,
    1.354_255_546_936_892_7,
    1.383_909_881_963_832,
    std::f64::consts::SQRT_2,
    1.445_180_806_977_046_7,
    1.476_826_145_939_499_3,
    1.509_164_427_593_422_8,
    1.542_210_825_407_940_7,
    1.575_980_845_107_886_5,
    1.610_490_331_949_254_3,
    1.645_755_478_153_965,
    1.681_792_830_507_429,
    1.718_619_298_122_478,
    1.756_252_160_373_299_5,
    1.794_709_075_003_107_2,
    1.834_008_086_409_342_4,
    1.874_167_634_110_3,
    1.915_206_561_397_147_4,
    1.957_144_124_175_400_2,
];
/// `2^(r / 32)` is one plus this; the highest power comes first.
const POLYNOMIAL: [f64; 3] =
    [1.693_835_925_092_021_2e-6, 0.000_234_598_097_895_090_04, 0.021_660_849_396_613_134];
const STEPS: f64 = 32.0 * std::f64::consts::LOG2_E;
/// Adding this leaves the nearest integer in the lowest bits.
const ROUND: f64 = 6_755_399_441_055_744.0;

/// `e^x`.
#[expect(clippy::cast_possible_truncation, reason = "the last step rounds to single precision")]
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    // Beyond, it is zero or infinite; a comparison keeps what is no number.
    let x = if x < -105.0 { -105.0 } else { x };
    let x = f64::from(if x > 89.0 { 89.0 } else { x });
    let shifted = STEPS.mul_add(x, ROUND);
    let r = STEPS.mul_add(x, -(shifted - ROUND));
    let k = shifted.to_bits();
    let power = POWERS[(k & 31) as usize].to_bits().wrapping_add((k >> 5) << 52);
    let [third, second, first] = POLYNOMIAL;
    let value = third.mul_add(r, second).mul_add(r * r, first.mul_add(r, 1.0));
    (value * f64::from_bits(power)) as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Isa;
    use crate::functions::Map;

    #[test]
    fn all_processors_round_as_the_c_library_does() {
        // From below where it is zero to above where it is infinite.
        let mut numbers: Vec<f32> = (-22_000..=22_000_i16).map(|x| f32::from(x) / 200.0).collect();
        numbers.extend((-149..=0).map(|power| -(2.0_f32.powi(power))));
        numbers.extend([f32::INFINITY, f32::NEG_INFINITY, f32::MAX, f32::MIN, 0.0]);
        // Where it has no fused multiply-add, the library may be one unit beside.
        let apart_max = u32::from(Isa::detect() == Isa::baseline());
        for isa in [Isa::detect(), Isa::baseline()] {
            let mut values = numbers.clone();
            isa.run(Map { values: &mut values, function: exp });
            for (&x, &value) in numbers.iter().zip(&values) {
                let apart = value.to_bits().abs_diff(x.exp().to_bits());
                assert!(apart <= apart_max, "{x}: {value}, not {}", x.exp());
            }
        }
        assert!(exp(f32::NAN).is_nan());
    }
}
