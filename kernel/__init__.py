"""The microkernel: guests, handles, the table, and the one corridor between them.

It imports wasmtime and the standard library, and nothing else of ours.
"""
