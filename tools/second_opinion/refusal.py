"""How a claim fails, and how two values are compared."""


class Refused(Exception):
    """A claim that does not hold; `reason` is one of the names in docs/vectors.md."""

    def __init__(self, reason, what):
        super().__init__(f"{reason}: {what}")
        self.reason = reason


class CannotDecide(Exception):
    """A case that this run was told not to compute (it would take minutes)."""


def require(condition, reason, what):
    """Refuse for `reason` unless `condition` holds."""
    if not condition:
        raise Refused(reason, what)


def require_equal(computed, stated, what):
    """Refuse for `mismatch` unless the stated value is what was computed, of the same type and the same size."""
    require(type(computed) is type(stated) and computed == stated, "mismatch", what)
