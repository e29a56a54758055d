//! Where the elements of a resized axis lie on the axis before.
//! <https://onnx.ai/onnx/operators/onnx__Resize.html>, `coordinate_transformation_mode`.

use radiant_core::Error;

/// How a place of the result becomes one of the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coordinates {
    HalfPixel,
    HalfPixelSymmetric,
    PytorchHalfPixel,
    AlignCorners,
    Asymmetric,
    TfHalfPixelForNearest,
}

impl Coordinates {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "half_pixel" => Self::HalfPixel,
            "half_pixel_symmetric" => Self::HalfPixelSymmetric,
            "pytorch_half_pixel" => Self::PytorchHalfPixel,
            "align_corners" => Self::AlignCorners,
            "asymmetric" => Self::Asymmetric,
            "tf_half_pixel_for_nn" => Self::TfHalfPixelForNearest,
            _ => return None,
        })
    }
}

/// Which element is nearest to a place between two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rounding {
    PreferFloor,
    PreferCeil,
    Floor,
    Ceil,
    /// Down, of axes that do not shrink: before version 11 readings differ on the others.
    FloorOfLarger,
}

impl Rounding {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "round_prefer_floor" => Self::PreferFloor,
            "round_prefer_ceil" => Self::PreferCeil,
            "floor" => Self::Floor,
            "ceil" => Self::Ceil,
            _ => return None,
        })
    }
}

/// An axis before and after.
#[derive(Debug, Clone, Copy)]
pub(super) struct Along {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) scale: f32,
}

/// Two elements to interpolate between.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tap {
    pub(super) low: usize,
    pub(super) high: usize,
    /// How much of the second.
    pub(super) part: f32,
}

impl Along {
    /// Whether every element stays where it is.
    #[expect(clippy::float_cmp, reason = "any other scale moves elements")]
    pub(super) fn is_same(self) -> bool {
        self.scale == 1.0
    }

    fn place(self, coordinates: Coordinates, at: usize) -> f32 {
        let (at, from, to, scale) = (at as f32, self.from as f32, self.to as f32, self.scale);
        match coordinates {
            _ if self.is_same() => at,
            Coordinates::PytorchHalfPixel if self.to == 1 => 0.0,
            Coordinates::HalfPixel | Coordinates::PytorchHalfPixel => (at + 0.5) / scale - 0.5,
            Coordinates::HalfPixelSymmetric => {
                let adjustment = to / (scale * from);
                from / 2.0 * (1.0 - adjustment) + (at + 0.5) / scale - 0.5
            }
            Coordinates::AlignCorners if self.to == 1 => 0.0,
            Coordinates::AlignCorners => at * (from - 1.0) / (to - 1.0),
            Coordinates::Asymmetric => at / scale,
            Coordinates::TfHalfPixelForNearest => (at + 0.5) / scale,
        }
    }

    /// The nearest element for each of the result.
    ///
    /// # Errors
    /// When there is none to take, or it is uncertain which.
    pub(super) fn nearest(
        self,
        coordinates: Coordinates,
        rounding: Rounding,
    ) -> Result<Vec<usize>, Error> {
        if rounding == Rounding::FloorOfLarger && self.scale < 1.0 {
            return Err(Error::model_failed("an axis that shrinks is not supported"));
        }
        self.check(coordinates)?;
        let nearest = |at| {
            let place = self.place(coordinates, at);
            let rounded = match rounding {
                Rounding::PreferFloor => (place - 0.5).ceil(),
                Rounding::PreferCeil => (place + 0.5).floor(),
                Rounding::Floor | Rounding::FloorOfLarger => place.floor(),
                Rounding::Ceil => place.ceil(),
            };
            index(rounded, self.from)
        };
        Ok((0..self.to).map(nearest).collect())
    }

    /// The two elements around each of the result.
    ///
    /// # Errors
    /// When there are none.
    pub(super) fn linear(self, coordinates: Coordinates) -> Result<Vec<Tap>, Error> {
        self.check(coordinates)?;
        let tap = |at| {
            let place = self.place(coordinates, at).clamp(0.0, (self.from - 1) as f32);
            let low = index(place.floor(), self.from);
            Tap { low, high: (low + 1).min(self.from - 1), part: place - low as f32 }
        };
        Ok((0..self.to).map(tap).collect())
    }

    /// Whether it is certain which elements there are.
    ///
    /// # Errors
    /// When it is not.
    #[expect(clippy::float_cmp, reason = "another extent is not the one that was rounded")]
    pub(super) fn check(self, coordinates: Coordinates) -> Result<(), Error> {
        // Beyond this, single precision does not tell places apart.
        const EXTENT_MAX: usize = 1 << 22;
        let (from, to, scale) = (self.from, self.to, self.scale);
        // Readings differ on whether corners are aligned to the extent before it was rounded.
        let has_corners = coordinates != Coordinates::AlignCorners
            || self.is_same()
            || from as f32 * scale == to as f32;
        if (1..=EXTENT_MAX).contains(&from) && to <= EXTENT_MAX && has_corners {
            return Ok(());
        }
        let what = format!("an axis of {from} cannot be resized to {to} by {scale}");
        Err(Error::model_failed(what))
    }
}

/// The place as one of an axis of `extent`, which is not 0.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "what is beyond the ends is brought to them"
)]
fn index(place: f32, extent: usize) -> usize {
    (place.max(0.0) as usize).min(extent - 1)
}
