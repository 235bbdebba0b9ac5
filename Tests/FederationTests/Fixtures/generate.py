"""Makes corrections.json: rounds of SCAFFOLD, FedNova and FedProx on a small federation, to be compared with in
CorrectionFixtureTests.swift.

Made with torch 2.13.0+cpu:
    python3 -m venv venv && venv/bin/pip install torch==2.13.0+cpu numpy
    venv/bin/python generate.py

Client i minimizes ½ Σ aᵢ (x − bᵢ)², scalar by scalar, with torch.optim.SGD and in 64 bits. Nothing here is computed as
the product does: how far steps reach is what the optimizer makes of gradients that are all 1, and the server's control is
the mean of all clients' controls, taken anew in each round.
"""
import json
import os

import torch

torch.set_default_dtype(torch.float64)

CURVATURES = torch.tensor([[1.0, 0.5, 2.0, 0.25], [0.3, 1.5, 1.0, 0.75], [2.5, 0.2, 0.6, 1.25]])
MINIMA = torch.tensor([[1.0, -2.0, 0.5, 3.0], [-1.5, 0.25, 2.0, -1.0], [0.75, 4.0, -3.0, 0.5]])
STEPS = [3, 7, 5]
SAMPLES = [30, 10, 20]
ROUNDS = [[0, 1], [2], [0, 2], [0, 1, 2], [1]]
RATE = 0.05
PROXIMAL = 0.8
OPTIMIZERS = [(0.0, False), (0.9, False), (0.8, True)]


def train(client, start, correction, momentum, nesterov, proximal=0.0):
    """Where a client's steps lead from `start`, by an objective with proximal / 2 times the squared way in it."""
    values = start.clone().requires_grad_(True)
    optimizer = torch.optim.SGD([values], lr=RATE, momentum=momentum, nesterov=nesterov)
    for _ in range(STEPS[client]):
        optimizer.zero_grad()
        objective = 0.5 * CURVATURES[client] * (values - MINIMA[client]) ** 2 + correction * values
        (objective + proximal / 2 * (values - start) ** 2).sum().backward()
        optimizer.step()
    return values.detach()


def norm(steps, momentum, nesterov):
    """How many gradients so many steps follow."""
    value = torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.SGD([value], lr=1.0, momentum=momentum, nesterov=nesterov)
    for _ in range(steps):
        value.grad = torch.ones(1)
        optimizer.step()
    return -value.item()


def scaffold(momentum, nesterov):
    model, rounds = torch.zeros(4), []
    control, own = torch.zeros(4), torch.zeros(3, 4)
    shares = torch.tensor(SAMPLES, dtype=torch.float64)
    for selected in ROUNDS:
        changes = []
        for client in selected:
            trained = train(client, model, control - own[client], momentum, nesterov)
            changes.append(trained - model)
        for client, change in zip(selected, changes):
            reach = norm(STEPS[client], momentum, nesterov) * RATE
            own[client] = own[client] - control - change / reach
        weights = shares[selected] / shares[selected].sum()
        model = model + (weights[:, None] * torch.stack(changes)).sum(0)
        control = (shares[:, None] * own).sum(0) / shares.sum()
        rounds.append({"model": model.tolist(), "control": control.tolist(), "clients": own.tolist()})
    return rounds


def fednova(momentum, nesterov):
    """The last scalar is a buffer, which is averaged; client 1 doesn't cover the third."""
    model, rounds = torch.zeros(4), []
    for selected in ROUNDS:
        changes = {c: train(c, model, torch.zeros(4), momentum, nesterov) - model for c in selected}
        step = torch.zeros(4)
        for index in range(4):
            covering = [c for c in selected if index != 2 or c != 1]
            total = sum(SAMPLES[c] for c in covering)
            shares = {c: SAMPLES[c] / total for c in covering}
            if index == 3:
                step[index] = sum(shares[c] * changes[c][index] for c in covering)
                continue
            norms = {c: norm(STEPS[c], momentum, nesterov) for c in covering}
            effective = sum(shares[c] * norms[c] for c in covering)
            step[index] = effective * sum(shares[c] * changes[c][index] / norms[c] for c in covering)
        model = model + step
        rounds.append({"model": model.tolist()})
    return rounds


def fedprox(momentum, nesterov):
    model, rounds = torch.zeros(4), []
    shares = torch.tensor(SAMPLES, dtype=torch.float64)
    for selected in ROUNDS:
        changes = [train(c, model, torch.zeros(4), momentum, nesterov, PROXIMAL) - model for c in selected]
        weights = shares[selected] / shares[selected].sum()
        model = model + (weights[:, None] * torch.stack(changes)).sum(0)
        rounds.append({"model": model.tolist()})
    return rounds


cases = [
    {
        "momentum": momentum,
        "nesterov": nesterov,
        "norms": [norm(steps, momentum, nesterov) for steps in range(1, 41)],
        "scaffold": scaffold(momentum, nesterov),
        "fednova": fednova(momentum, nesterov),
        "fedprox": fedprox(momentum, nesterov),
    }
    for momentum, nesterov in OPTIMIZERS
]
fixture = {
    "curvatures": CURVATURES.tolist(),
    "minima": MINIMA.tolist(),
    "steps": STEPS,
    "samples": SAMPLES,
    "rounds": ROUNDS,
    "rate": RATE,
    "proximal": PROXIMAL,
    "cases": cases,
}
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "corrections.json"), "w") as file:
    json.dump(fixture, file, indent=1)
    file.write("\n")
