"""Curve25519 in plain integers: RFC 7748 (X25519), RFC 8032 (edwards25519), and docs/protocol.md §2, key gate."""

from .refusal import require

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493  # the order of the base point
A = 486662  # v² = u³ + A u² + u
D = -121665 * pow(121666, -1, P) % P  # -x² + y² = 1 + D x² y²
SQRT_MINUS_ONE = pow(2, (P - 1) // 4, P)


# Montgomery: X25519


def is_clamped(secret):
    """Whether a 32-byte secret stands as RFC 7748 §5 would make it."""
    return secret[0] & 7 == 0 and secret[31] & 0xC0 == 0x40


def clamped(drawn):
    """The secret that RFC 7748 §5 makes of 32 drawn bytes."""
    return bytes([drawn[0] & 0xF8]) + drawn[1:31] + bytes([drawn[31] & 0x7F | 0x40])


def multiply_u(scalar, u):
    """The u coordinate of scalar times the point at u: the ladder of RFC 7748 §5."""
    x2, z2, x3, z3 = 1, 0, u, 1
    for bit in reversed(range(255)):
        swap = scalar >> bit & 1
        if swap:
            x2, z2, x3, z3 = x3, z3, x2, z2
        plus, minus = (x2 + z2) % P, (x2 - z2) % P
        plus_squared, minus_squared = plus * plus % P, minus * minus % P
        across, along = (x3 - z3) * plus % P, (x3 + z3) * minus % P
        difference = plus_squared - minus_squared
        x3, z3 = (across + along) ** 2 % P, u * (across - along) ** 2 % P
        x2, z2 = plus_squared * minus_squared % P, difference * (plus_squared + (A - 2) // 4 * difference) % P
        if swap:
            x2, z2, x3, z3 = x3, z3, x2, z2
    return x2 * pow(z2, -1, P) % P if z2 else 0


def x25519(secret, public_key):
    """RFC 7748 §5: X25519 of a clamped secret and a u coordinate, whose high bit is ignored, both 32 bytes."""
    u = (int.from_bytes(public_key, "little") & 2**255 - 1) % P
    return multiply_u(int.from_bytes(secret, "little"), u).to_bytes(32, "little")


def public_key_of(secret):
    """The Curve25519 public key of a clamped secret."""
    return x25519(secret, (9).to_bytes(32, "little"))


# Edwards: points are (X, Y, Z, T) with x = X/Z, y = Y/Z, xy = T/Z


NEUTRAL = (0, 1, 1, 0)


def add(p, q):
    """The sum of two points (RFC 8032 §5.1.4); the formulas hold for equal points as well."""
    a = (p[1] - p[0]) * (q[1] - q[0]) % P
    b = (p[1] + p[0]) * (q[1] + q[0]) % P
    c = 2 * D * p[3] * q[3] % P
    d = 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def multiply(scalar, point):
    """Scalar times point, for any scalar from 0."""
    result = NEUTRAL
    while scalar:
        if scalar & 1:
            result = add(result, point)
        point = add(point, point)
        scalar >>= 1
    return result


def is_neutral(point):
    """Whether this is the neutral element."""
    return point[0] % P == 0 and (point[1] - point[2]) % P == 0


def has_small_order(point):
    """Whether eight times the point is the neutral element."""
    return is_neutral(multiply(8, point))


def has_prime_order(point):
    """Whether the point is of the group that the base point makes, and not its neutral element."""
    return not is_neutral(point) and is_neutral(multiply(L, point))


def encode(point):
    """32 bytes: y, with the lowest bit of x on top (RFC 8032 §5.1.2)."""
    inverse = pow(point[2], -1, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def decode(data):
    """The point of a canonical encoding, or None (RFC 8032 §5.1.3; y below p, and no sign for x = 0)."""
    if len(data) != 32:
        return None
    number = int.from_bytes(data, "little")
    y, sign = number & 2**255 - 1, number >> 255
    if y >= P:
        return None
    x_squared = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(x_squared, (P + 3) // 8, P)
    if (x * x - x_squared) % P:
        x = x * SQRT_MINUS_ONE % P
    if (x * x - x_squared) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


BASE = decode((4 * pow(5, -1, P) % P).to_bytes(32, "little"))


# From one to the other, and the gates


def edwards_from_montgomery(public_key, sign):
    """The encoded Edwards point of a u coordinate, y = (u - 1)/(u + 1), with this sign of x (§2); None for u = -1."""
    u = int.from_bytes(public_key, "little")
    if (u + 1) % P == 0:
        return None
    y = (u - 1) * pow(u + 1, -1, P) % P
    return (y | sign << 255).to_bytes(32, "little")


def montgomery_from_edwards(point):
    """u = (1 + y)/(1 - y), 32 bytes, of a point that is not the neutral element."""
    u = (point[2] + point[1]) * pow(point[2] - point[1], -1, P) % P
    return u.to_bytes(32, "little")


def gate(public_key):
    """docs/protocol.md §2, key gate: below p, high bit clear, on the curve, in the prime-order group."""
    require(len(public_key) == 32, "badKey", "a Curve25519 key has 32 bytes")
    u = int.from_bytes(public_key, "little")
    require(u < P, "badKey", "u is not below p")
    encoded = edwards_from_montgomery(public_key, 0)
    point = decode(encoded) if encoded else None
    require(point is not None, "badKey", "u is not on the curve")
    require(has_prime_order(point), "badKey", "u is not in the prime-order group")
    return public_key


def account_point(account):
    """docs/protocol.md §1: an AccountId is a canonically encoded point of the prime-order group."""
    point = decode(account)
    require(point is not None, "badKey", "not a canonical encoding of a point")
    require(has_prime_order(point), "badKey", "not of the prime-order group")
    return point
