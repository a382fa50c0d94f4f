"""Instances of location models with published answers: San Francisco (spopt) and the OR-Library."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from scipy.sparse.csgraph import floyd_warshall

from planning.siting import SitingProblem


def san_francisco(folder: Path) -> SitingProblem:
    """205 census tracts and 16 sites of San Francisco, distances by road in metres (test data of spopt)."""
    with (folder / "SF_network_distance_candidateStore_16_censusTract_205_new.csv").open() as file:
        rows = list(csv.DictReader(file))
    with (folder / "SF_demand_205_centroid_uniform_weight.csv").open() as file:
        people = {row["NAME"]: float(row["POP2000"]) for row in csv.DictReader(file)}
    tracts = sorted(people)
    sites = sorted({row["name"] for row in rows})
    distance = np.full((len(sites), len(tracts)), np.nan)
    for row in rows:
        distance[sites.index(row["name"]), tracts.index(row["DestinationName"])] = float(row["distance"])
    return SitingProblem(times_s=distance, weight=np.array([people[tract] for tract in tracts]))


def or_library(folder: Path, name: str) -> tuple[SitingProblem, int, float]:
    """An instance, its p and its published optimum. Edges are undirected; of a repeated edge the last line wins."""
    lines = [line.split() for line in (folder / f"{name}.txt").read_text().splitlines() if line.strip()]
    n, _, p = (int(word) for word in lines[0])
    lengths = np.full((n, n), np.inf)
    for one, other, length in lines[1:]:
        lengths[int(one) - 1, int(other) - 1] = lengths[int(other) - 1, int(one) - 1] = float(length)
    np.fill_diagonal(lengths, 0)
    published = dict(line.split() for line in (folder / "pmedopt.txt").read_text().splitlines()[1:] if line.strip())
    return SitingProblem(times_s=floyd_warshall(lengths), weight=np.ones(n)), p, float(published[name])
