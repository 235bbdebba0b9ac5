"""A small language model that grows by layers: the trainer program of bible-transformer.yaml.

A decoder-only transformer over letters. Stage 1 has the embedding and one layer, each further stage
one layer more, which begins as a copy of the one below it (progressive stacking); the head is
carried on. Each client has one book of the King James Bible.
"""

import re
import subprocess

import numpy as np
import progfed
import torch
import torch.nn.functional as F
from torch import nn

LETTERS = " !'(),-.:;?ABCDEFGHIJKLMNOPQRSTUVWYZabcdefghijklmnopqrstuvwxyz\n"
CONTEXT, WIDTH, HEADS, LAYERS = 64, 64, 4, 4


class Layer(nn.Module):
    """Attention to what came before, and two affine maps, each added to its input."""

    def __init__(self):
        super().__init__()
        self.norm1 = nn.LayerNorm(WIDTH)
        self.attend = nn.Linear(WIDTH, 3 * WIDTH)
        self.project = nn.Linear(WIDTH, WIDTH)
        self.norm2 = nn.LayerNorm(WIDTH)
        self.widen = nn.Linear(WIDTH, 4 * WIDTH)
        self.narrow = nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, x):
        batch, length, _ = x.shape
        parts = self.attend(self.norm1(x)).view(batch, length, 3, HEADS, WIDTH // HEADS)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        seen = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        x = x + self.project(seen.transpose(1, 2).reshape(batch, length, WIDTH))
        return x + self.narrow(F.gelu(self.widen(self.norm2(x))))


class Head(nn.Module):
    """What comes behind the last layer."""

    def __init__(self):
        super().__init__()
        self.norm = nn.LayerNorm(WIDTH)
        self.letters = nn.Linear(WIDTH, len(LETTERS))

    def forward(self, x):
        return self.letters(self.norm(x))


class Transformer(nn.Module):
    """The model of a stage: so many layers."""

    def __init__(self, stage):
        super().__init__()
        self.letters = nn.Embedding(len(LETTERS), WIDTH)
        self.places = nn.Embedding(CONTEXT, WIDTH)
        nn.init.normal_(self.letters.weight, std=0.02)
        nn.init.normal_(self.places.weight, std=0.02)
        self.layers = nn.ModuleList(Layer() for _ in range(stage))
        self.head = Head()

    def forward(self, text):
        x = self.letters(text) + self.places.weight[: text.shape[1]]
        for layer in self.layers:
            x = layer(x)
        return self.head(x)


BOOKS = []


def books():
    """The books in their order, each the text of its verses."""
    if not BOOKS:
        found = {}
        said = subprocess.run(["bible", "-f", "gen1:1-rev22:21"], capture_output=True, check=True)
        for line in said.stdout.decode("ascii").splitlines():
            match = re.match(r"(\d?[A-Za-z]+)\d+:\d+ (.*)", line)
            if match:
                found.setdefault(match[1], []).append(match[2])
        BOOKS.extend("\n".join(verses) + "\n" for verses in found.values())
    return BOOKS


def load(task):
    """Pieces of the client's book, each of one letter more than the context; some held out."""
    text = books()[task.client % len(books())]
    letters = np.array([LETTERS.index(letter) for letter in text])
    count = len(letters) // (CONTEXT + 1)
    pieces = letters[: count * (CONTEXT + 1)].reshape(count, CONTEXT + 1)
    most = task.options.get("pieces", 200)
    if count > most:
        pieces = pieces[np.linspace(0, count - 1, most).astype(int)]
    return (torch.from_numpy(pieces),)


def predict(model, pieces):
    """The logits of each letter, and the letters that came."""
    logits = model(pieces[:, :-1])
    return logits.reshape(-1, len(LETTERS)), pieces[:, 1:].reshape(-1)


def train(model, pieces):
    return F.cross_entropy(*predict(model, pieces))


def evaluate(model, pieces):
    logits, letters = predict(model, pieces)
    return F.cross_entropy(logits, letters), (logits.argmax(1) == letters).sum(), len(letters)


if __name__ == "__main__":
    progfed.trainer(
        model=Transformer,
        stages=LAYERS,
        train=train,
        evaluate=evaluate,
        data=load,
        name="bible-transformer",
        carry_heads=True,
        stack_blocks=True,
        points_per_sample=CONTEXT,
        example=(torch.zeros(1, CONTEXT + 1, dtype=torch.long),),
        kept=66,
    )
