"""A second opinion on Waxwing's test vectors, written from docs/protocol.md and public specifications alone.

Each module is one idea of docs/protocol.md. What a module cannot accept it refuses with `Refused`, whose reason is
one of the names of docs/vectors.md. Nothing here guards secrets: numbers are compared and multiplied in variable time.
"""
