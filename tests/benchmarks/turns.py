"""Load in turns: whatever is compared is measured within the same seconds, so that the machine slows all of it alike."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from . import load
from .cases import Case, signed
from .place import Place
from .service import Servers, cpu_seconds

TURNS = 4  # for each contender
WARM = 0.5  # seconds beforehand: connections, prepared statements, fragments


@dataclass
class Contender:
    """Floor or ours at one size, and all its turns at one case together."""

    name: str
    place: Place
    servers: Servers
    requests: Iterator[bytes]
    result: load.Result = field(default_factory=lambda: load.Result(0))
    program: float = 0  # seconds of processor time
    database: float = 0

    def turn(self, case: Case, connections: int, seconds: float) -> None:
        """Run load, and add what it says to what is known."""
        postmaster = [self.place.postmaster]
        program, database = cpu_seconds(self.servers.pids), cpu_seconds(postmaster)
        result = self._load(case, connections, seconds)
        self.program += cpu_seconds(self.servers.pids) - program
        self.database += cpu_seconds(postmaster) - database
        self.result.add(result)

    def warm(self, case: Case, connections: int) -> None:
        self._load(case, connections, WARM)

    def _load(self, case: Case, connections: int, seconds: float) -> load.Result:
        result = load.run(self.servers.ports, connections, self.requests, case.check, seconds)
        if result.wrong:
            raise SystemExit(f"{case.name}, {self.name}: {result.wrong} wrong answers: {result.example!r}")
        return result

    def milliseconds(self) -> tuple[float, float]:
        """Processor time a request, of the program and of PostgreSQL."""
        requests = len(self.result.latencies)
        return self.program / requests * 1000, self.database / requests * 1000

    @property
    def cost(self) -> float:
        """Milliseconds of processor time a request, all in."""
        return sum(self.milliseconds())


def in_turns(case: Case, places: list[Place], connections: int, seconds: float) -> list[dict[str, Contender]]:
    """Measure the case at all places, each contender for so many seconds in all; at each place ours, and the floor if it has it."""
    compared = [
        {name: _contender(name, case, place) for name in (("floor", "ours") if case.floor else ("ours",))}
        for place in places
    ]
    contenders = [contender for at_one in compared for contender in at_one.values()]
    for contender in contenders:
        contender.warm(case, connections)
    for n in range(TURNS):
        # There and back: whatever grows worse with time does so for none more than for another.
        for contender in contenders if n % 2 == 0 else reversed(contenders):
            contender.turn(case, connections, seconds / TURNS)
    return compared


def _contender(name: str, case: Case, place: Place) -> Contender:
    servers = place.servers["cold" if case.cold and name == "ours" else name]
    requests = (signed(request, place.token, place.session) for request in case.requests(place))
    return Contender(name, place, servers, requests)
