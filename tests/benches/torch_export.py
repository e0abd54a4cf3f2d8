"""Exports the published network as users of PyTorch do today: torch_export.py CHECKPOINT.safetensors OUT.onnx

EfficientNet-B4 to block 21, MoEAD with 8 heads, 4 rounds, 2 of 4 experts, written as a plain torch module with one
`nonzero` per expert (the published code's CUDA kernels do not export), traced with `torch.onnx.export(dynamo=True)`, batch 1.
Needs torch, onnx, onnxscript, safetensors, numpy. Prints the score of the self-test input for comparison.
"""
import math
import sys

import torch
import torch.nn.functional as F
from safetensors.numpy import load_file

weights = {name: torch.from_numpy(value) for name, value in load_file(sys.argv[1]).items()}
SIDE, HEADS, ROUNDS, EXPERTS, CHOSEN = 224, 8, 4, 4, 2
LISTENED = (1, 5, 9, 21)


def channels(base, width=1.4):
    scaled = base * width
    rounded = max(8, int(scaled + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * scaled else rounded


def blocks(depth=1.8):
    stages = [(1, 3, 1, 1, 32, 16), (2, 3, 2, 6, 16, 24), (2, 5, 2, 6, 24, 40), (3, 3, 2, 6, 40, 80), (3, 5, 1, 6, 80, 112),
              (4, 5, 2, 6, 112, 192), (1, 3, 1, 6, 192, 320)]
    for repeat, kernel, stride, expand, first, last in stages:
        first, last = channels(first), channels(last)
        for index in range(math.ceil(repeat * depth)):
            yield kernel, stride if index == 0 else 1, expand, first if index == 0 else last, last


class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        for name, value in weights.items():
            if value.is_floating_point():
                self.register_buffer(name.replace(".", "__"), value)
        hidden, wide = torch.arange(14), 7 // 2
        rows, columns = (grid.flatten() for grid in torch.meshgrid(hidden, hidden, indexing="ij"))
        near = ((rows[:, None] - rows).abs() <= wide) & ((columns[:, None] - columns).abs() <= wide)
        self.register_buffer("mask", torch.zeros(196, 196).masked_fill(near, float("-inf")))

    def w(self, name):
        return getattr(self, name.replace(".", "__"))

    def norm(self, x, name):
        parts = [self.w("backbone.%s.%s" % (name, part)) for part in ("running_mean", "running_var", "weight", "bias")]
        return F.batch_norm(x, *parts, training=False, eps=1e-3)

    def conv(self, x, name, stride, pads, groups=1):
        before, after = pads
        x = F.pad(x, (before, after, before, after)) if before or after else x
        return F.conv2d(x, self.w("backbone.%s.weight" % name), stride=stride, groups=groups)

    def backbone(self, x):
        size, layers = 380, []

        def pads(kernel, stride):
            nonlocal size
            out = math.ceil(size / stride)
            total = max((out - 1) * stride + kernel - size, 0)
            size = out
            return total // 2, total - total // 2

        x = F.silu(self.norm(self.conv(x, "_conv_stem", 2, pads(3, 2)), "_bn0"))
        for index, (kernel, stride, expand, first, last) in enumerate(blocks()):
            name = "_blocks.%d." % index
            start = x
            if expand != 1:
                x = F.silu(self.norm(self.conv(x, name + "_expand_conv", 1, (0, 0)), name + "_bn0"))
            depthwise = self.conv(x, name + "_depthwise_conv", stride, pads(kernel, stride), first * expand)
            x = F.silu(self.norm(depthwise, name + "_bn1"))
            squeezed = F.adaptive_avg_pool2d(x, 1)
            for part, activation in (("_se_reduce", F.silu), ("_se_expand", torch.sigmoid)):
                one = [self.w("backbone.%s%s.%s" % (name, part, which)) for which in ("weight", "bias")]
                squeezed = activation(F.conv2d(squeezed, *one))
            x = self.norm(self.conv(x * squeezed, name + "_project_conv", 1, (0, 0)), name + "_bn2")
            if stride == 1 and first == last:
                x = x + start
            if index in LISTENED:
                layers.append(x)
            if index == LISTENED[-1]:
                return layers

    def linear(self, x, name):
        return F.linear(x, self.w(name + ".weight"), self.w(name + ".bias"))

    def attention(self, name, query, key, value):
        weight = self.w(BLOCK + name + ".in_proj_weight").chunk(3)
        bias = self.w(BLOCK + name + ".in_proj_bias").chunk(3)
        heads = [F.linear(x, w, b).view(196, HEADS, -1).transpose(0, 1) for x, w, b in zip((query, key, value), weight, bias)]
        scores = heads[0] @ heads[1].transpose(1, 2) / math.sqrt(heads[0].shape[-1]) + self.mask
        seen = (scores.softmax(-1) @ heads[2]).transpose(0, 1).reshape(196, -1)
        return self.linear(seen, BLOCK + name + ".out_proj")

    def experts(self, name, x):
        best, chosen = self.linear(x, BLOCK + name + ".gate.gate").topk(CHOSEN, dim=-1)
        gates, total = best.softmax(-1), x
        for number in range(EXPERTS):
            place = "%s%s.experts.%d." % (BLOCK, name, number)
            tokens, ranks = torch.nonzero(chosen == number, as_tuple=True)
            hidden = F.relu(F.linear(x[tokens], self.w(place + "htoh4.weight")[0], self.w(place + "htoh4.bias")[0]))
            output = F.linear(hidden, self.w(place + "h4toh.weight")[0], self.w(place + "h4toh.bias")[0])
            total = total.index_add(0, tokens, output * gates[tokens, ranks][:, None])
        return total

    def layer_norm(self, x, index):
        name = "%snorms.%d." % (BLOCK, index)
        return F.layer_norm(x, x.shape[-1:], self.w(name + "weight"), self.w(name + "bias"))

    def forward(self, image):
        resized = [F.interpolate(x, (14, 14), mode="bilinear", align_corners=True) for x in self.backbone(image)]
        aligned = torch.cat(resized, 1)
        tokens = aligned[0].flatten(1).T
        memory = self.linear(tokens, "reconstruction.input_proj")
        column = self.w("reconstruction.pos_embed.col_embed.weight").repeat(14, 1)
        row = self.w("reconstruction.pos_embed.row_embed.weight").repeat_interleave(14, 0)
        position = torch.cat([column, row], 1)
        learned, output = self.w(BLOCK + "learned_embed.weight"), memory
        for index in range(ROUNDS):
            seen = self.attention("share_self_attn", learned + position, memory + position, memory)
            x = self.layer_norm(learned + seen, 4 * index)
            seen = self.attention("share_multihead_attn", x + position, output + position, output)
            x = self.layer_norm(x + seen, 4 * index + 1)
            x = self.layer_norm(self.experts("moe_ffn", x), 4 * index + 2)
            output = self.layer_norm(self.experts("moe_ffn_2", x), 4 * index + 3)
        rebuilt = self.linear(output, "reconstruction.output_proj")
        grid = (rebuilt - tokens).norm(dim=1).view(1, 1, 14, 14)
        anomaly_map = F.interpolate(grid, (SIDE, SIDE), mode="bilinear", align_corners=True)
        return anomaly_map, F.avg_pool2d(anomaly_map, 16, 1).amax((1, 2, 3))


BLOCK = "reconstruction.widetransformer."
with torch.no_grad():
    network = Network().eval()
    image = torch.randn(1, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(1))
    program = torch.onnx.export(network, (image,), dynamo=True, opset_version=18, input_names=["image"],
                                output_names=["anomaly_map", "pred_score"], external_data=False)
    program.save(sys.argv[2], external_data=False)
