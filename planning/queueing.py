"""What queueing theory says of c like servers: the yardstick of the simulation.

A. K. Erlang, Solution of some problems in the theory of probabilities of significance in automatic telephone exchanges,
Elektroteknikeren 13 (1917). The recursion for the loss formula adds only positive numbers and so is exact to rounding.
"""

from __future__ import annotations

from gis.errors import N_
from planning.errors import PlanningInputError


def erlang_b(servers: int, offered: float) -> float:
    """Share of calls lost when all servers are busy (M/M/c/c, and by insensitivity M/G/c/c).

    Parameters
    ----------
    servers
        Number c, from 0.
    offered
        Calls per unit of time times mean service time, in erlang.

    Raises
    ------
    PlanningInputError
        Negative numbers.
    """
    if servers < 0 or not offered >= 0:
        raise PlanningInputError(N_("Servers and offered work cannot be negative."))
    blocked = 1.0
    for count in range(1, servers + 1):
        blocked = offered * blocked / (count + offered * blocked)
    return blocked


def erlang_c(servers: int, offered: float) -> float:
    """Share of calls that must wait (M/M/c); 1 where the work is more than the servers can do.

    Raises
    ------
    PlanningInputError
        As for `erlang_b`.
    """
    blocked = erlang_b(servers, offered)
    if offered >= servers:
        return 1.0
    return blocked / (1 - offered / servers * (1 - blocked))


def mean_wait_s(servers: int, offered: float, service_s: float) -> float:
    """Mean seconds of waiting over all calls (M/M/c); infinite where the work is more than the servers can do."""
    if offered >= servers:
        return float("inf")
    return erlang_c(servers, offered) * service_s / (servers - offered)
