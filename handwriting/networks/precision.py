"""What precision a machine is fast at."""

from __future__ import annotations

import torch


def fast_in_bfloat16(device: torch.device | str) -> bool:
    """Say whether the hardware multiplies bfloat16 natively."""
    kind = torch.device(device).type
    if kind == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return kind == "cpu" and (torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
