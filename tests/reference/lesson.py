"""The lesson's models, literally and slowly: the page's steps, token by token.

Independent of the suite's model on purpose: every recurrent cell is written out, every sentence
is handled alone, every position is a loop. Weights are taken over by name.
"""

import torch
from torch import Tensor

from bench.data.vocabulary import BOS_ID, PAD_ID
from bench.model.seq2seq import Seq2Seq

State = list[tuple[Tensor, Tensor]]  # per layer: hidden and, for an LSTM, cell state
Read = tuple[list[Tensor], State]  # the top layer's outputs, the state of every layer


def copy_weights(model: Seq2Seq) -> dict[str, Tensor]:
    """Copy a model's parameters by name, to be differentiated; a tied one has both its names."""
    copies = {id(p): p.detach().clone().requires_grad_() for p in model.parameters()}
    return {
        name: copies[id(parameter)]
        for name, parameter in model.named_parameters(remove_duplicate=False)
    }


class Lesson:
    """Computes one sentence at a time with the weights of a suite model, without dropout."""

    def __init__(self, model: Seq2Seq, cell: str) -> None:
        self.weights = copy_weights(model)
        self.cell = cell
        self.num_layers = model.encoder.recurrent.stack.num_layers

    def logits(self, source: Tensor, target: Tensor, forced: list[bool]) -> Tensor:
        """Return the logits at each target position, (T, V).

        Args:
            source: token ids of one sentence, (S,), padding read like any other token.
            target: token ids with the end token, (T,).
            forced: per position, whether the reference token is fed.
        """
        outputs, states = self.encode(source)
        state = self.bridge(states)
        fed = torch.tensor(BOS_ID)
        steps = []
        for position in range(len(target)):
            if position and forced[position]:
                fed = target[position - 1]
            step, state = self.step(fed, outputs, state)
            steps.append(step)
            fed = step.argmax()
        return torch.stack(steps)

    def loss(self, source: Tensor, target: Tensor, forced: list[bool]) -> Tensor:
        """Return the lesson's loss of a padded batch: every position counts, padding included.

        Decoding stops when every sentence has said padding; from there on logits are zeros.

        Args:
            source: (B, S).
            target: (B, T).
            forced: per position, whether the reference token is fed, to all sentences alike.
        """
        read = [self.encode(sentence) for sentence in source]
        states = [self.bridge(state) for _, state in read]
        fed = [torch.tensor(BOS_ID)] * len(source)
        num_tokens = len(self.weights["output.linear.bias"])
        logits = [[torch.zeros(num_tokens)] * target.shape[1] for _ in source]
        for position in range(target.shape[1]):
            for sentence in range(len(source)):
                if position and forced[position]:
                    fed[sentence] = target[sentence, position - 1]
                step, states[sentence] = self.step(
                    fed[sentence], read[sentence][0], states[sentence]
                )
                logits[sentence][position] = step
                fed[sentence] = step.argmax()
            if all(token == PAD_ID for token in fed):
                break
        losses = [
            torch.logsumexp(logits[sentence][position], 0)
            - logits[sentence][position][target[sentence, position]]
            for sentence in range(len(source))
            for position in range(target.shape[1])
        ]
        return torch.stack(losses).mean()

    def step(self, fed: Tensor, outputs: list[Tensor], state: State) -> tuple[Tensor, State]:
        """Feed one token; return the logits of the next, (V,), and the new state."""
        vector = self.weights["decoder.embedding.weight"][fed]
        if "decoder.combine.weight" in self.weights:
            context = self.look(outputs, state[-1][0])
            joined = torch.cat([vector, context])
            vector = self.weights["decoder.combine.weight"] @ joined
            vector = vector + self.weights["decoder.combine.bias"]
        after: State = []
        for layer in range(self.num_layers):
            after.append(self.advance("decoder", layer, vector, state[layer]))
            vector = after[layer][0]
        if "output.projection.weight" in self.weights:
            vector = self.weights["output.projection.weight"] @ vector
        logits = self.weights["output.linear.weight"] @ vector
        return logits + self.weights["output.linear.bias"], after

    def look(self, outputs: list[Tensor], hidden: Tensor) -> Tensor:
        """Return the sum of the encoder's outputs weighted by how well each suits the state."""
        to_query = self.weights["decoder.attention.to_query.weight"]
        if "decoder.attention.score.weight" in self.weights:
            query = to_query @ hidden + self.weights["decoder.attention.to_query.bias"]
            scores = [
                self.weights["decoder.attention.score.weight"][0]
                @ torch.tanh(self.weights["decoder.attention.to_keys.weight"] @ output + query)
                for output in outputs
            ]
        else:
            scores = [output @ (to_query @ hidden) for output in outputs]
        exponentials = [torch.exp(score) for score in scores]
        return sum(
            e / sum(exponentials) * output for e, output in zip(exponentials, outputs, strict=True)
        )

    def encode(self, source: Tensor) -> Read:
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
        return vectors, states

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
        hidden, memory = state
        from_input = self.recurrent(side, "weight_ih", layer) @ vector
        from_input = from_input + self.recurrent(side, "bias_ih", layer)
        from_hidden = self.recurrent(side, "weight_hh", layer) @ hidden
        from_hidden = from_hidden + self.recurrent(side, "bias_hh", layer)
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

    def recurrent(self, side: str, name: str, layer: int | str) -> Tensor:
        """Find a weight of a recurrent layer, in a sequence module or in one-step cells."""
        in_cells = f"{side}.recurrent.cells.{layer}.{name}"
        if in_cells in self.weights:
            return self.weights[in_cells]
        return self.weights[f"{side}.recurrent.stack.{name}_l{layer}"]
