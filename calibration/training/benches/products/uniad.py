"""UniAD (NeurIPS 2022) in PyTorch: the peer of benches/products/main.rs, trained as the small preset is.

uniad.py FEATURES REBUILT CHANNELS SIDE LEARNT STEPS SEED

FEATURES: 32-bit floats, pictures x tokens x channels; the first LEARNT pictures are learnt from. REBUILT gets what the trained network makes
of all of them. Two layers in the encoder and two in the decoder, each with weights of its own, 128 numbers a token; feed-forward layers of
231, so that the network has as many parameters as MoEAD of the small preset. Optimizer, schedule, jitter, mask, first values: the preset's.
"""
import math
import sys

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

features_path, rebuilt_path = sys.argv[1:3]
C, SIDE, LEARNT, STEPS, SEED = map(int, sys.argv[3:8])
T, D, HEADS, HIDDEN, LAYERS, BATCH, MASK = SIDE * SIDE, 128, 4, 231, 2, 8, 7
RATE, WARM_UP, JITTER, MOST_NORM = 2e-3, 60, 5.0, 1.0


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.inside = nn.Linear(D, 3 * D)
        self.outside = nn.Linear(D, D)

    def forward(self, q, k, v, mask):
        weights, biases = self.inside.weight.chunk(3), self.inside.bias.chunk(3)
        split = lambda x: x.view(x.shape[0], -1, HEADS, D // HEADS).transpose(1, 2)
        q, k, v = (split(F.linear(x, w, b)) for x, w, b in zip((q, k, v), weights, biases))
        x = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        return self.outside(x.transpose(1, 2).reshape(x.shape[0], T, D))


def feed_forward():
    return nn.Sequential(nn.Linear(D, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, D))


class EncoderLayer(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention, self.feed_forward = Attention(), feed_forward()
        self.norms = nn.ModuleList(nn.LayerNorm(D) for _ in range(2))

    def forward(self, x, place, mask):
        x = self.norms[0](x + self.attention(x + place, x + place, x, mask))
        return self.norms[1](x + self.feed_forward(x))


class DecoderLayer(nn.Module):
    def __init__(self):
        super().__init__()
        self.query = nn.Parameter(torch.randn(T, D))
        self.first, self.second, self.feed_forward = Attention(), Attention(), feed_forward()
        self.norms = nn.ModuleList(nn.LayerNorm(D) for _ in range(3))

    def forward(self, x, memory, place, mask):
        query = self.query[None].expand_as(memory)
        t = self.norms[0](query + self.first(query + place, memory + place, memory, mask))
        t = self.norms[1](t + self.second(t + place, x + place, x, mask))
        return self.norms[2](t + self.feed_forward(t))


class Uniad(nn.Module):
    def __init__(self):
        super().__init__()
        self.input_proj, self.output_proj = nn.Linear(C, D), nn.Linear(D, C)
        self.row, self.col = nn.Parameter(torch.rand(SIDE, D // 2)), nn.Parameter(torch.rand(SIDE, D // 2))
        self.encoder = nn.ModuleList(EncoderLayer() for _ in range(LAYERS))
        self.decoder = nn.ModuleList(DecoderLayer() for _ in range(LAYERS))
        self.norm = nn.LayerNorm(D)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                nn.init.zeros_(module.bias)
        nn.init.zeros_(self.output_proj.weight)
        near = torch.arange(SIDE)[:, None].sub(torch.arange(SIDE)[None]).abs() <= MASK // 2
        hidden = (near[:, None, :, None] & near[None, :, None, :]).reshape(T, T)
        self.register_buffer("mask", torch.zeros(T, T).masked_fill(hidden, float("-inf")))

    def forward(self, x):
        col, row = self.col[None].expand(SIDE, -1, -1), self.row[:, None].expand(-1, SIDE, -1)
        place = torch.cat([col, row], -1).reshape(T, D)
        memory = self.input_proj(x)
        for layer in self.encoder:
            memory = layer(memory, place, self.mask)
        x = memory
        for layer in self.decoder:
            x = layer(x, memory, place, self.mask)
        return self.output_proj(self.norm(x))


def batches(random):
    """Places of pictures, each pass in another order; what is left over comes first in the next."""
    left = []
    while True:
        while len(left) < BATCH:
            left += random.permutation(LEARNT).tolist()
        yield left[:BATCH]
        left = left[BATCH:]


torch.set_num_threads(1)
torch.manual_seed(SEED)
features = np.memmap(features_path, "<f4", "r").reshape(-1, T, C)
model = Uniad().train()
optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=1e-4, fused=True)
order = batches(np.random.default_rng(SEED))
for step in range(STEPS):
    share = (step - WARM_UP) / max(STEPS - WARM_UP, 1)
    cosine = 0.99 * (1 + math.cos(math.pi * share)) / 2 + 0.01
    optimizer.param_groups[0]["lr"] = RATE * ((step + 1) / WARM_UP if step < WARM_UP else cosine)
    target = torch.from_numpy(features[next(order)])
    jitter = torch.randn_like(target) * (target.norm(dim=2, keepdim=True) / C * JITTER)
    loss = F.mse_loss(model(target + jitter), target)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), MOST_NORM)
    optimizer.step()
model.eval()
with torch.no_grad(), open(rebuilt_path, "wb") as out:
    for begin in range(0, len(features), BATCH):
        out.write(model(torch.from_numpy(features[begin : begin + BATCH].copy())).numpy().astype("<f4").tobytes())
print(f"{sum(p.numel() for p in model.parameters())} parameters, loss {loss.item():.3f}")
