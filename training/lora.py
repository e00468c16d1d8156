"""The network that is trained: a frozen checkpoint with LoRA factors (Hu et al., 2021, arXiv 2106.09685).

In: a checkpoint directory. Out: a `Learner`, which gives the loss of a Packed and whose factors are saved in PEFT's
layout, the one that `summarizer.models` merges. The few lines of LoRA are here because they must be lean on a CPU:
one product into the layer's own output, no further pass over it. Knows no corpus and no schedule.
"""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, linear

from training.packing import Packed

LAYER = re.compile(r"\.layers\.(\d+)\.")
TARGETS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
WEIGHTS = "adapter_model.safetensors"
CONFIG = "adapter_config.json"
# Logits are made for so many targets at a time: of a vocabulary of 150,000, a thousand would take a gigabyte.
PIECE = 256


class LoraLinear(nn.Module):
    """y = W x + b + (alpha / rank) B A x with W and b frozen; A [rank, in] random, B [out, rank] zero at first."""

    def __init__(self, base: nn.Linear, rank: int, alpha: int) -> None:
        super().__init__()
        self.base, self.scale = base, alpha / rank
        device = base.weight.device
        self.lora_A = nn.Parameter(torch.empty(rank, base.in_features, device=device))
        self.lora_B = nn.Parameter(torch.zeros(base.out_features, rank, device=device))
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))

    def forward(self, x: Tensor) -> Tensor:
        a, b = self.lora_A.to(x.dtype), self.lora_B.to(x.dtype)
        flat = linear(x, self.base.weight, self.base.bias).flatten(0, -2)
        inner = linear(x, a).flatten(0, -2) * self.scale
        return torch.addmm(flat, inner, b.t()).view(*x.shape[:-1], -1)


class Learner:
    """`device` "cpu" or "cuda". The frozen weights are float32 on a CPU, bfloat16 on CUDA; the factors float32. Only
    the last `layers` have factors (0: all have): nothing flows back through those below, which saves a quarter of a
    step where it is half of them."""

    def __init__(self, directory: Path, *, rank: int, alpha: int, device: str, seed: int, layers: int = 0) -> None:
        from transformers import AutoModelForCausalLM

        torch.manual_seed(seed)
        dtype = torch.bfloat16 if device.startswith("cuda") else torch.float32
        network = AutoModelForCausalLM.from_pretrained(directory, dtype=dtype, attn_implementation="sdpa")
        self._network = network.to(device).requires_grad_(False).eval()  # no dropout, neither in training
        self._layers: dict[str, LoraLinear] = {}
        first = self._network.config.num_hidden_layers - layers if layers else 0
        for name, module in list(self._network.named_modules()):
            place = LAYER.search(name)
            if place and int(place[1]) >= first and name.rpartition(".")[2] in TARGETS:
                parent, _, leaf = name.rpartition(".")
                self._layers[name] = LoraLinear(module, rank, alpha)
                setattr(self._network.get_submodule(parent), leaf, self._layers[name])
        self.device, self._rank, self._alpha = device, rank, alpha

    @property
    def factors(self) -> list[nn.Parameter]:
        return [factor for layer in self._layers.values() for factor in (layer.lora_A, layer.lora_B)]

    def losses(self, packed: Packed) -> Tensor:
        """[targets]: minus the log-probability of each target, in nats."""
        hidden = self.hidden(packed)[packed.at.to(self.device)]
        targets = packed.targets.to(self.device)
        head = self._network.lm_head
        parts = [
            cross_entropy(head(hidden[i : i + PIECE]).float(), targets[i : i + PIECE], reduction="none")
            for i in range(0, len(targets), PIECE)
        ]
        return torch.cat(parts)

    def hidden(self, packed: Packed) -> Tensor:
        """[tokens, width]: the states behind the last layer and its norm."""
        seen = packed.mask().to(self.device)[None, None]
        mask = torch.zeros(seen.shape, dtype=self._network.dtype, device=self.device)
        mask.masked_fill_(~seen, torch.finfo(mask.dtype).min)
        states: Tensor = self._network.model(
            input_ids=packed.ids.to(self.device)[None],
            position_ids=packed.positions.to(self.device)[None],
            attention_mask=mask,
            use_cache=False,
        ).last_hidden_state[0]
        return states

    def tensors(self) -> dict[str, Tensor]:
        """The factors by the names that they have in PEFT's files."""
        return {
            f"base_model.model.{name}.{part}.weight": getattr(layer, part).detach().cpu().contiguous()
            for name, layer in self._layers.items()
            for part in ("lora_A", "lora_B")
        }

    @torch.no_grad()
    def set(self, tensors: dict[str, Tensor]) -> None:
        for name, layer in self._layers.items():
            for part in ("lora_A", "lora_B"):
                getattr(layer, part).copy_(tensors[f"base_model.model.{name}.{part}.weight"])

    def save(self, directory: Path, base: str) -> None:
        write_adapter(directory, self.tensors(), base, self._rank, self._alpha)


def write_adapter(directory: Path, tensors: dict[str, Tensor], base: str, rank: int, alpha: float) -> None:
    """An adapter directory as PEFT has it; `base` is the checkpoint's name."""
    directory.mkdir(parents=True, exist_ok=True)
    save_file(tensors, directory / WEIGHTS)
    config = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": base,
        "r": rank,
        "lora_alpha": alpha,
        "lora_dropout": 0.0,
        "bias": "none",
        "target_modules": sorted(TARGETS),
        "layers_to_transform": sorted({int(place[1]) for name in tensors if (place := LAYER.search(name))}),
    }
    (directory / CONFIG).write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
