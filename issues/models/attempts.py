"""How often somebody may be wrong about a password: by account, and by address. One count for all workers.

An attempt is counted before the password is looked at, and taken back when it was right: of many at once no more than the
limit get an answer, and who is right is never counted.
"""

import hashlib
import ipaddress

from . import rate_limit
from .errors import DomainError

PER_ACCOUNT, ACCOUNT_WINDOW = 5, 300  # wrong passwords in so many seconds
PER_ADDRESS, ADDRESS_WINDOW = 10, 60


class TooManyAttempts(DomainError):
    """The password was not looked at. `seconds` until it may be tried again."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"Wait {seconds} seconds.")
        self.seconds = seconds


def begin_attempt(email: str, address: str) -> None:
    """Count an attempt to sign in; call `succeeded` if it was right. TooManyAttempts.

    An e-mail that nobody has is counted like any other, so that the limit tells nobody who is here.
    """
    waits = []
    if rate_limit.count_request(_address(address), seconds=ADDRESS_WINDOW) > PER_ADDRESS:
        waits.append(rate_limit.seconds_left(ADDRESS_WINDOW))
    if rate_limit.count_request(_account(email), seconds=ACCOUNT_WINDOW) > PER_ACCOUNT:
        waits.append(rate_limit.seconds_left(ACCOUNT_WINDOW))
    if waits:
        raise TooManyAttempts(max(waits))


def succeeded(email: str, address: str) -> None:
    """The attempt was right: it counts for nothing."""
    rate_limit.take_back(_address(address))
    rate_limit.take_back(_account(email))


def _account(email: str) -> str:
    # A digest: what people type by mistake into this field (a password, say) is not kept.
    name = email.strip().lower().encode("utf-8", "surrogatepass")
    return f"sign-in as {hashlib.sha256(name).hexdigest()}"


def _address(address: str) -> str:
    """IPv6 by its network: one machine has all 2⁶⁴ addresses of a /64."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return "sign-in from nowhere"
    if known.version == 6:
        return f"sign-in from {ipaddress.ip_network((known, 64), strict=False)}"
    return f"sign-in from {known}"
