//! What the backbones consist of: stage tables and tensor names, as data that the graph builder, the resolver and
//! `inspect` walk in the same way.

use moead_model::architecture::Backbone;

mod efficientnet;
mod resnet;

/// A backbone up to the last block that is listened to.
#[derive(Debug, Clone)]
pub struct Network {
    /// Prefix-free description of everything before the first block.
    pub stem: Vec<Step>,
    /// In order; a block whose `layer` is set is one of the backbone's outputs.
    pub blocks: Vec<Block>,
}

/// One residual or inverted residual block.
#[derive(Debug, Clone)]
pub struct Block {
    /// Name of its nodes in the graph: `block18`, `layer2.0`.
    pub name: String,
    /// The main branch.
    pub steps: Vec<Step>,
    /// What is added to the main branch's end.
    pub shortcut: Shortcut,
    /// After the addition.
    pub activation: Option<Activation>,
    /// Which layer (counted from 1) this block's output is.
    pub layer: Option<usize>,
}

/// What a block adds to its main branch.
#[derive(Debug, Clone)]
pub enum Shortcut {
    /// Nothing.
    None,
    /// The block's input.
    Input,
    /// The block's input through a convolution.
    Projected(ConvNorm),
}

/// One step of a branch.
#[derive(Debug, Clone)]
pub enum Step {
    /// Convolution, batch norm, activation.
    Conv(ConvNorm),
    /// Squeeze and excitation: channel weights from the channel means.
    SqueezeExcite(SqueezeExcite),
    /// 3 x 3 maximum, stride 2, padding 1.
    MaxPool {
        /// Node name.
        node: String,
    },
}

/// A convolution without bias and the batch norm behind it.
#[derive(Debug, Clone)]
pub struct ConvNorm {
    /// Name of its node in the graph.
    pub node: String,
    /// Tensor name of the weight, without `backbone.` and `.weight`.
    pub weight: String,
    /// Tensor name of the batch norm, without `backbone.`.
    pub norm: String,
    /// Added to the variance.
    pub epsilon: f64,
    /// Channels in.
    pub input: usize,
    /// Channels out.
    pub output: usize,
    /// Side of the square kernel.
    pub kernel: usize,
    /// In both directions.
    pub stride: usize,
    /// 1, or `input` for a depthwise convolution.
    pub groups: usize,
    /// Rows before (and columns before), rows after (and columns after).
    pub padding: (usize, usize),
    /// Behind the norm.
    pub activation: Option<Activation>,
}

/// Two 1x1 convolutions with bias on the channel means.
#[derive(Debug, Clone)]
pub struct SqueezeExcite {
    /// Name of its nodes in the graph.
    pub node: String,
    /// Tensor name of the first, without `backbone.`.
    pub reduce: String,
    /// Tensor name of the second, without `backbone.`.
    pub expand: String,
    /// Channels weighted.
    pub channels: usize,
    /// Channels in between.
    pub squeezed: usize,
}

/// A backbone's non-linearity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// x sigmoid(x).
    Silu,
    /// max(x, 0).
    Relu,
    /// min(max(x, 0), 6).
    Relu6,
}

impl ConvNorm {
    /// Side of the output for an input of `side`.
    pub fn output_side(&self, side: usize) -> usize {
        (side + self.padding.0 + self.padding.1 - self.kernel) / self.stride + 1
    }

    /// The tensors it needs, without `backbone.`, with their shapes.
    pub fn tensors(&self) -> Vec<(String, Vec<usize>)> {
        let weight = (format!("{}.weight", self.weight), self.weight_shape());
        let norm = ["weight", "bias", "running_mean", "running_var"];
        let norm = norm.iter().map(|part| (format!("{}.{part}", self.norm), vec![self.output]));
        [weight].into_iter().chain(norm).collect()
    }

    /// out x in/groups x kernel x kernel.
    pub fn weight_shape(&self) -> Vec<usize> {
        vec![self.output, self.input / self.groups, self.kernel, self.kernel]
    }
}

impl SqueezeExcite {
    /// The tensors it needs, without `backbone.`, with their shapes.
    pub fn tensors(&self) -> Vec<(String, Vec<usize>)> {
        vec![
            (format!("{}.weight", self.reduce), vec![self.squeezed, self.channels, 1, 1]),
            (format!("{}.bias", self.reduce), vec![self.squeezed]),
            (format!("{}.weight", self.expand), vec![self.channels, self.squeezed, 1, 1]),
            (format!("{}.bias", self.expand), vec![self.channels]),
        ]
    }
}

impl Network {
    /// The blocks of `backbone` up to layer `last_layer` (counted from 1).
    pub fn new(backbone: Backbone, last_layer: usize) -> Self {
        let mut whole = match backbone {
            Backbone::ResNet18 => resnet::basic([2, 2, 2, 2]),
            Backbone::ResNet34 => resnet::basic([3, 4, 6, 3]),
            Backbone::ResNet50 => resnet::bottleneck([3, 4, 6, 3], 64),
            Backbone::ResNet101 => resnet::bottleneck([3, 4, 23, 3], 64),
            Backbone::WideResNet50 => resnet::bottleneck([3, 4, 6, 3], 128),
            Backbone::EfficientNetB0 => efficientnet::network(efficientnet::Scaling::B[0]),
            Backbone::EfficientNetB1 => efficientnet::network(efficientnet::Scaling::B[1]),
            Backbone::EfficientNetB2 => efficientnet::network(efficientnet::Scaling::B[2]),
            Backbone::EfficientNetB3 => efficientnet::network(efficientnet::Scaling::B[3]),
            Backbone::EfficientNetB4 => efficientnet::network(efficientnet::Scaling::B[4]),
            Backbone::EfficientNetB5 => efficientnet::network(efficientnet::Scaling::B[5]),
            Backbone::EfficientNetB6 => efficientnet::network(efficientnet::Scaling::B[6]),
            Backbone::EfficientNetLite0 => efficientnet::network(efficientnet::Scaling::LITE0),
        };
        if let Some(last) = whole.blocks.iter().position(|block| block.layer == Some(last_layer)) {
            whole.blocks.truncate(last + 1);
        }
        whole
    }

    /// The whole backbone up to its last layer.
    pub fn whole(backbone: Backbone) -> Self {
        Self::new(backbone, backbone.layers().len())
    }

    /// Index of the block whose output is `layer`, as `outblocks` of `arch` counts.
    pub fn block_of_layer(&self, layer: usize) -> Option<usize> {
        self.blocks.iter().position(|block| block.layer == Some(layer))
    }

    /// Every step, in order, with the block it belongs to (none for the stem).
    pub fn steps(&self) -> impl Iterator<Item = &Step> {
        self.stem.iter().chain(self.blocks.iter().flat_map(|block| &block.steps))
    }

    /// Every convolution with a batch norm, shortcuts included.
    pub fn convolutions(&self) -> impl Iterator<Item = &ConvNorm> {
        let shortcuts = self.blocks.iter().filter_map(|block| match &block.shortcut {
            Shortcut::Projected(conv) => Some(conv),
            Shortcut::None | Shortcut::Input => None,
        });
        let steps = self.steps().filter_map(|step| match step {
            Step::Conv(conv) => Some(conv),
            Step::SqueezeExcite(_) | Step::MaxPool { .. } => None,
        });
        steps.chain(shortcuts)
    }

    /// Every tensor that is needed, without `backbone.`, with its shape.
    pub fn tensors(&self) -> Vec<(String, Vec<usize>)> {
        let excite = self.steps().filter_map(|step| match step {
            Step::SqueezeExcite(excite) => Some(excite.tensors()),
            Step::Conv(_) | Step::MaxPool { .. } => None,
        });
        self.convolutions().map(ConvNorm::tensors).chain(excite).flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_have_the_channels_and_strides_that_the_architecture_promises() {
        for backbone in Backbone::ALL {
            let network = Network::whole(backbone);
            let mut side = 512;
            for step in &network.stem {
                side = match step {
                    Step::Conv(conv) => conv.output_side(side),
                    Step::MaxPool { .. } => side / 2,
                    Step::SqueezeExcite(_) => side,
                };
            }
            let mut layers = Vec::new();
            for block in &network.blocks {
                let mut channels = 0;
                for step in &block.steps {
                    if let Step::Conv(conv) = step {
                        side = conv.output_side(side);
                        channels = conv.output;
                    }
                }
                if let Some(layer) = block.layer {
                    layers.push((layer, 512 / side, channels));
                }
            }
            let promised: Vec<_> = backbone
                .layers()
                .iter()
                .enumerate()
                .map(|(index, shape)| (index + 1, shape.stride, shape.channels))
                .collect();
            assert_eq!(layers, promised, "{backbone}");
        }
    }

    #[test]
    fn the_blocks_listened_to_are_the_published_ones() {
        let blocks = |backbone| {
            let network = Network::whole(backbone);
            (1..=5).map(|layer| network.block_of_layer(layer).unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(blocks(Backbone::EfficientNetB0), [0, 2, 4, 10, 15]);
        assert_eq!(blocks(Backbone::EfficientNetB1), [1, 4, 7, 15, 22]);
        assert_eq!(blocks(Backbone::EfficientNetB2), [1, 4, 7, 15, 22]);
        assert_eq!(blocks(Backbone::EfficientNetB3), [1, 4, 7, 17, 25]);
        assert_eq!(blocks(Backbone::EfficientNetB4), [1, 5, 9, 21, 31]);
        assert_eq!(blocks(Backbone::EfficientNetB5), [2, 7, 12, 26, 38]);
        assert_eq!(blocks(Backbone::EfficientNetB6), [2, 8, 14, 30, 44]);
        assert_eq!(blocks(Backbone::EfficientNetLite0), [0, 2, 4, 10, 15]);
    }
}
