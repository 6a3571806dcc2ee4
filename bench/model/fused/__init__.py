"""Whole sequences forward and back in few passes, on a CPU with a compiler.

What is computed is said by `bench.model.stepping`, `packed` and `attention`, which compute it
everywhere else. There autograd keeps and joins each step's numbers by themselves; here a layer
writes into a few long tapes, and a step is its matrix products and one compiled pass.
"""
