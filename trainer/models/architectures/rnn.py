"""A recurrent network over the rows of an image."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from trainer.models.architectures import architecture

CELLS: dict[str, Callable[..., nn.RNNBase]] = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}


@architecture("rnn")
class RowRNN(nn.Module):
    """28 rows of 28 pixels → hidden state → 10.

    The cell is a simple one (Elman 1990), an LSTM (Hochreiter and Schmidhuber 1997) or a GRU (Cho
    et al. 2014). The classifier takes the last hidden state of the last layer, of both directions
    if bidirectional.
    """

    def __init__(
        self,
        cell: str = "lstm",
        hidden: int = 128,
        layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if cell not in CELLS:
            raise ValueError(f"there is no cell {cell!r}; known: {', '.join(CELLS)}")
        self.rows = CELLS[cell](
            input_size=28,
            hidden_size=hidden,
            num_layers=layers,
            batch_first=True,
            bidirectional=bidirectional,
            dropout=dropout if layers > 1 else 0.0,  # between layers
        )
        self.directions = 2 if bidirectional else 1
        self.dropout = nn.Dropout(dropout)
        self.answer = nn.Linear(hidden * self.directions, 10)

    def forward(self, x: Tensor) -> Tensor:
        _, state = self.rows(x.squeeze(1))
        hidden = state[0] if isinstance(state, tuple) else state  # an LSTM has two
        last = torch.cat(list(hidden[-self.directions :]), dim=1)
        return self.answer(self.dropout(last))
