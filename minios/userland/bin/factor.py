"""factor(1)."""

from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.quoting import quote
from minios.userland.lib.stdio import Reader

USAGE = """
Usage: factor [NUMBER]...
Print the prime factors of each NUMBER, or of those on standard input.
"""

SHOWN = 1 << 14
"""Bytes of a word that is no number that are worth showing."""
_LIMIT = 1 << 128
_WITNESSES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71)
_BATCH = 64
"""Steps of rho between two payments of CPU time."""


@program(USAGE, "")
async def factor(tool: Tool) -> int:
    """Factor numbers."""
    for operand in tool.operands:
        await _print(tool, operand.strip(b" \t\n\v\f\r"))
    if not tool.operands:
        reader = Reader(tool.sys, 0)
        while line := await reader.line():
            for word in line.split():
                await _print(tool, word)
    return tool.status


async def _print(tool: Tool, word: bytes) -> None:
    digits = word.removeprefix(b"+")
    if not digits.isdigit():
        await tool.warn(quote(word[:SHOWN]) + b" is not a valid positive integer")
        return
    if len(digits) > 39 or int(digits) >= _LIMIT:
        await tool.warn(quote(word[:SHOWN]) + b" is too large")
        return
    number = int(digits)
    factors = await _factors(tool, number)
    shown = [b" %d" % prime for prime in factors]
    await tool.line(b"%d:" % number + b"".join(shown))


async def _factors(tool: Tool, number: int) -> list[int]:
    found: list[int] = []
    if number < 2:
        return found
    for prime in (2, 3, *range(5, 1000, 2)):
        while number % prime == 0:
            found.append(prime)
            number //= prime
    await tool.sys.compute(500)
    pending = [number] if number > 1 else []
    while pending:
        part = pending.pop()
        await tool.sys.compute(200)
        if _is_prime(part):
            found.append(part)
        else:
            divisor = await _divisor(tool, part)
            pending += [divisor, part // divisor]
    return sorted(found)


def _is_prime(number: int) -> bool:
    """Miller-Rabin; exact up to 3.3e24, and no composite beyond is known to pass."""
    if number < 1_000_000:
        return True  # what is left has no factor below 1000
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd //= 2
        twos += 1
    for witness in _WITNESSES:
        x = pow(witness, odd, number)
        if x in (1, number - 1):
            continue
        for _ in range(twos - 1):
            x = x * x % number
            if x == number - 1:
                break
        else:
            return False
    return True


def _gcd(a: int, b: int) -> int:
    while b:
        a, b = b, a % b
    return a


async def _divisor(tool: Tool, number: int) -> int:
    """A divisor of a composite number, by Pollard's rho with Brent's cycle finding."""
    for c in range(1, 1000):
        y, power, lap = 2, 1, 0
        x = y
        product = 1
        while True:
            for _ in range(_BATCH):
                if lap == power:
                    x, power, lap = y, power * 2, 0
                y = (y * y + c) % number
                lap += 1
                product = product * abs(x - y) % number
            await tool.sys.compute(_BATCH * 4)
            divisor = _gcd(product, number)
            if divisor == 1:
                continue
            if divisor < number:
                return divisor
            break
        divisor = await _slowly(tool, number, c)
        if divisor < number:
            return divisor
    raise Failure(b"memory exhausted")


async def _slowly(tool: Tool, number: int, c: int) -> int:
    """The same a step at a time, for when a batch ran over two divisors at once."""
    tortoise = hare = 2
    while True:
        for _ in range(_BATCH):
            tortoise = (tortoise * tortoise + c) % number
            hare = (hare * hare + c) % number
            hare = (hare * hare + c) % number
            divisor = _gcd(abs(tortoise - hare), number)
            if divisor > 1:
                return divisor
        await tool.sys.compute(_BATCH * 20)
