//! The feature extractors that a MoEAD network may stand on, and the shapes of their layers.

use std::fmt;

/// A backbone by name. Stage tables and tensor names are the exporter's; here is what the rest of the world needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names say all: see `Backbone::name`")]
pub enum Backbone {
    EfficientNetB0,
    EfficientNetB1,
    EfficientNetB2,
    EfficientNetB3,
    EfficientNetB4,
    EfficientNetB5,
    EfficientNetB6,
    EfficientNetLite0,
    ResNet18,
    ResNet34,
    ResNet50,
    ResNet101,
    WideResNet50,
}

/// One of a backbone's outputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LayerShape {
    /// Input pixels per feature, in each direction.
    pub stride: usize,
    /// Feature channels.
    pub channels: usize,
}

/// How pixels become network input: `(pixel / 255 - mean) / std`, channels red, green, blue.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Normalization {
    /// Subtracted, per channel.
    pub mean: [f32; 3],
    /// Divided by, per channel.
    pub std: [f32; 3],
}

impl Normalization {
    /// Mean and deviation of ImageNet's training pictures, as torchvision and the published code use them.
    pub const IMAGENET: Self = Self { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
    /// `(pixel - 127) / 128`: what the EfficientNet-Lite weights were trained with.
    pub const LITE: Self = Self { mean: [127.0 / 255.0; 3], std: [128.0 / 255.0; 3] };
}

impl Backbone {
    /// Every backbone, smaller before larger within a family.
    pub const ALL: [Self; 13] = [
        Self::EfficientNetB0,
        Self::EfficientNetB1,
        Self::EfficientNetB2,
        Self::EfficientNetB3,
        Self::EfficientNetB4,
        Self::EfficientNetB5,
        Self::EfficientNetB6,
        Self::EfficientNetLite0,
        Self::ResNet18,
        Self::ResNet34,
        Self::ResNet50,
        Self::ResNet101,
        Self::WideResNet50,
    ];

    /// The name in `arch`, without the module path.
    pub fn name(self) -> &'static str {
        match self {
            Self::EfficientNetB0 => "efficientnet_b0",
            Self::EfficientNetB1 => "efficientnet_b1",
            Self::EfficientNetB2 => "efficientnet_b2",
            Self::EfficientNetB3 => "efficientnet_b3",
            Self::EfficientNetB4 => "efficientnet_b4",
            Self::EfficientNetB5 => "efficientnet_b5",
            Self::EfficientNetB6 => "efficientnet_b6",
            Self::EfficientNetLite0 => "efficientnet_lite0",
            Self::ResNet18 => "resnet18",
            Self::ResNet34 => "resnet34",
            Self::ResNet50 => "resnet50",
            Self::ResNet101 => "resnet101",
            Self::WideResNet50 => "wide_resnet50_2",
        }
    }

    /// The backbone of that name; a module path in front (`models.backbones.`) is allowed.
    pub fn from_name(name: &str) -> Option<Self> {
        let last = name.rsplit('.').next().unwrap_or(name);
        Self::ALL.into_iter().find(|backbone| backbone.name() == last)
    }

    /// Stride and channels of each layer, the first one first.
    pub fn layers(self) -> Vec<LayerShape> {
        let (first_stride, channels): (usize, &[usize]) = match self {
            Self::EfficientNetB0 | Self::EfficientNetB1 | Self::EfficientNetLite0 => (2, &[16, 24, 40, 112, 320]),
            Self::EfficientNetB2 => (2, &[16, 24, 48, 120, 352]),
            Self::EfficientNetB3 => (2, &[24, 32, 48, 136, 384]),
            Self::EfficientNetB4 => (2, &[24, 32, 56, 160, 448]),
            Self::EfficientNetB5 => (2, &[24, 40, 64, 176, 512]),
            Self::EfficientNetB6 => (2, &[32, 40, 72, 200, 576]),
            Self::ResNet18 | Self::ResNet34 => (4, &[64, 128, 256, 512]),
            Self::ResNet50 | Self::ResNet101 | Self::WideResNet50 => (4, &[256, 512, 1024, 2048]),
        };
        channels
            .iter()
            .enumerate()
            .map(|(index, &channels)| LayerShape { stride: first_stride << index, channels })
            .collect()
    }

    /// The normalisation that its ImageNet weights expect.
    pub fn normalization(self) -> Normalization {
        match self {
            Self::EfficientNetLite0 => Normalization::LITE,
            _ => Normalization::IMAGENET,
        }
    }
}

impl fmt::Display for Backbone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_there_and_back() {
        for backbone in Backbone::ALL {
            assert_eq!(Backbone::from_name(&format!("models.backbones.{backbone}")), Some(backbone));
        }
        assert_eq!(Backbone::from_name("models.backbones.efficientnet_b9"), None);
    }
}
