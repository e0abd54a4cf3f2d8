"""A training step of MoEAD's decoder in PyTorch, on one thread: the peer of benches/step/main.rs.

The same network and the same work: jitter, forward, loss with the balance term, backward, clipping, AdamW. Written to be fast in PyTorch:
fused attention, experts that see only the tokens that chose them, the fused optimizer.
Arguments: channels, side of the grid, width, heads, feed-forward, rounds, dropout. Each line of input makes a step; its seconds are printed.
"""
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

torch.set_num_threads(1)
C, SIDE, D, HEADS, HIDDEN, ROUNDS = map(int, sys.argv[1:7])
DROPOUT = float(sys.argv[7])
T, B, E, K = SIDE * SIDE, 8, 4, 2
MASK = 7 if SIDE >= 14 else 3


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.in_proj_weight = nn.Parameter(torch.empty(3 * D, D))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * D))
        self.out_proj = nn.Linear(D, D)
        nn.init.xavier_uniform_(self.in_proj_weight)

    def forward(self, q, k, v, mask):
        wq, wk, wv = self.in_proj_weight.chunk(3)
        bq, bk, bv = self.in_proj_bias.chunk(3)
        heads = lambda x: x.view(x.shape[0], -1, HEADS, D // HEADS).transpose(1, 2)
        q, k, v = heads(F.linear(q, wq, bq)), heads(F.linear(k, wk, bk)), heads(F.linear(v, wv, bv))
        x = F.scaled_dot_product_attention(q.expand_as(k), k, v, attn_mask=mask, dropout_p=DROPOUT)
        return F.dropout(self.out_proj(x.transpose(1, 2).reshape(B, T, D)), DROPOUT)


class Experts(nn.Module):
    def __init__(self):
        super().__init__()
        self.gate = nn.Linear(D, E)
        self.up = nn.ModuleList(nn.Linear(D, HIDDEN) for _ in range(E))
        self.down = nn.ModuleList(nn.Linear(HIDDEN, D) for _ in range(E))

    def forward(self, x):
        rows = x.reshape(-1, D)
        logits = self.gate(rows)
        best, chosen = logits.topk(K)
        gates = best.softmax(-1)
        out = torch.zeros_like(rows)
        for e in range(E):
            token, slot = (chosen == e).nonzero(as_tuple=True)
            hidden = F.dropout(F.relu(self.up[e](rows[token])), DROPOUT)
            out = out.index_add(0, token, gates[token, slot, None] * self.down[e](hidden))
        return x + F.dropout(out, DROPOUT).view_as(x), logits


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.input_proj, self.output_proj = nn.Linear(C, D), nn.Linear(D, C)
        self.row, self.col = nn.Parameter(torch.rand(SIDE, D // 2)), nn.Parameter(torch.rand(SIDE, D // 2))
        self.embed = nn.Parameter(torch.randn(T, D))
        self.first, self.second = Attention(), Attention()
        self.norms = nn.ModuleList(nn.LayerNorm(D) for _ in range(4 * ROUNDS))
        self.moe = nn.ModuleList([Experts(), Experts()])
        near = torch.arange(SIDE)[:, None].sub(torch.arange(SIDE)[None]).abs() <= MASK // 2
        hidden = (near[:, None, :, None] & near[None, :, None, :]).reshape(T, T)
        self.register_buffer("mask", torch.zeros(T, T).masked_fill(hidden, float("-inf")))

    def forward(self, x):
        p = torch.cat([self.col[None].expand(SIDE, -1, -1), self.row[:, None].expand(-1, SIDE, -1)], -1).reshape(T, D)
        m = self.input_proj(x)
        a = self.first((self.embed + p)[None], m + p, m, self.mask)
        o = m
        for r in range(ROUNDS):
            t = self.norms[4 * r](self.embed + a)
            t = self.norms[4 * r + 1](t + self.second(t + p, o + p, o, self.mask))
            y, first = self.moe[0](t)
            o, second = self.moe[1](self.norms[4 * r + 2](y))
            o = self.norms[4 * r + 3](o)
        return self.output_proj(o), [first, second]


def cv2(logits):
    sums = logits.sum(0)
    return sums.var() / (sums.mean() ** 2 + 1e-10)


torch.manual_seed(1)
model = Decoder().train()
optimizer = torch.optim.AdamW(model.parameters(), lr=2e-4, weight_decay=1e-4, fused=True)
features = torch.randn(B, T, C)
print(f"torch {torch.__version__}, {torch.backends.cpu.get_cpu_capability()}", flush=True)
for _ in sys.stdin:
    begin = time.perf_counter()
    jitter = torch.randn_like(features) * (features.norm(dim=2, keepdim=True) / C * 20)
    rebuilt, gates = model(features + jitter)
    loss = F.mse_loss(rebuilt, features) + 0.01 * (cv2(gates[0]) + cv2(gates[1])) / 2
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 0.1)
    optimizer.step()
    print(time.perf_counter() - begin, flush=True)
