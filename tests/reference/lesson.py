"""The lesson's initial model, literally and slowly: the page's eight steps, token by token.

Independent of the suite's model on purpose: every recurrent cell is written out, every sentence
is handled alone, every position is a loop. Weights are taken over by name.
"""

import torch
from torch import Tensor

from bench.data.vocabulary import BOS_ID
from bench.model.seq2seq import Seq2Seq

State = list[tuple[Tensor, Tensor]]  # per layer: hidden and, for an LSTM, cell state


class Lesson:
    """Computes one sentence at a time with the weights of a suite model, without dropout."""

    def __init__(self, model: Seq2Seq, cell: str) -> None:
        self.weights = dict(model.state_dict())
        self.cell = cell
        self.num_layers = model.decoder.recurrent.stack.num_layers

    def logits(self, source: Tensor, target: Tensor, forced: list[bool]) -> Tensor:
        """Return the logits at each target position, (T, V).

        Args:
            source: token ids of one sentence without padding, (S,).
            target: token ids with the end token, (T,).
            forced: per position, whether the reference token is fed.
        """
        state = self.bridge(self.encode(source))
        fed = torch.tensor(BOS_ID)
        steps = []
        for position in range(len(target)):
            if position and forced[position]:
                fed = target[position - 1]
            vector = self.weights["decoder.embedding.weight"][fed]
            for layer in range(self.num_layers):
                state[layer] = self.advance("decoder", layer, vector, state[layer])
                vector = state[layer][0]
            if "output.projection.weight" in self.weights:
                vector = self.weights["output.projection.weight"] @ vector
            logits = self.weights["output.linear.weight"] @ vector
            steps.append(logits + self.weights["output.linear.bias"])
            fed = steps[-1].argmax()
        return torch.stack(steps)

    def encode(self, source: Tensor) -> State:
        """Read the source forwards and, if there are weights for it, backwards."""
        vectors = [self.weights["encoder.embedding.weight"][token] for token in source]
        states: State = []
        for layer in range(self.num_layers):
            forward, last = self.read("", layer, vectors)
            if f"encoder.recurrent.stack.weight_ih_l{layer}_reverse" not in self.weights:
                vectors = forward
                states.append(last)
                continue
            backward, first = self.read("_reverse", layer, vectors[::-1])
            vectors = [torch.cat(both) for both in zip(forward, backward[::-1], strict=True)]
            states.append((torch.cat([last[0], first[0]]), torch.cat([last[1], first[1]])))
        return states

    def read(
        self, direction: str, layer: int, vectors: list[Tensor]
    ) -> tuple[list[Tensor], tuple[Tensor, Tensor]]:
        """Run one layer in one direction, from a zero state."""
        size = self.weights[f"encoder.recurrent.stack.weight_hh_l{layer}{direction}"].shape[1]
        state = (torch.zeros(size), torch.zeros(size))
        outputs = []
        for vector in vectors:
            state = self.advance("encoder", f"{layer}{direction}", vector, state)
            outputs.append(state[0])
        return outputs, state

    def bridge(self, states: State) -> State:
        """Map every layer's state to the decoder's width."""
        hidden_map = self.weights["bridge.maps.0.weight"]
        cell_map = self.weights.get("bridge.maps.1.weight", hidden_map)
        return [(hidden_map @ hidden, cell_map @ cell) for hidden, cell in states]

    def advance(
        self, side: str, layer: int | str, vector: Tensor, state: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, Tensor]:
        """Take one step of one cell (equations of torch.nn.GRU, LSTM and RNN)."""
        name = f"{side}.recurrent.stack"
        hidden, memory = state
        from_input = self.weights[f"{name}.weight_ih_l{layer}"] @ vector
        from_input = from_input + self.weights[f"{name}.bias_ih_l{layer}"]
        from_hidden = self.weights[f"{name}.weight_hh_l{layer}"] @ hidden
        from_hidden = from_hidden + self.weights[f"{name}.bias_hh_l{layer}"]
        if self.cell == "rnn":
            return torch.tanh(from_input + from_hidden), memory
        if self.cell == "gru":
            reset_in, update_in, new_in = from_input.chunk(3)
            reset_hidden, update_hidden, new_hidden = from_hidden.chunk(3)
            reset = torch.sigmoid(reset_in + reset_hidden)
            update = torch.sigmoid(update_in + update_hidden)
            new = torch.tanh(new_in + reset * new_hidden)
            return (1 - update) * new + update * hidden, memory
        entry, forget, new, output = (from_input + from_hidden).chunk(4)
        memory = torch.sigmoid(forget) * memory + torch.sigmoid(entry) * torch.tanh(new)
        return torch.sigmoid(output) * torch.tanh(memory), memory
