"""Accuracy and latency of the place search on all villages of Cirebon, systematically misspelt.

Run `python -m bench.search` from the repository's root, with the real data beside the repository.
"""

from __future__ import annotations

import csv
import random
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from gis.gazetteer import Gazetteer
from gis.types import Place
from tests.cirebon import cirebon_gazetteer

ROOT = Path(__file__).resolve().parents[1]
SHARED_DATA = ROOT.parent / "shared" / "data"
TEXTS = ROOT / "tests" / "data" / "search_texts.csv"
SEED = 112
SHOWN_MISSES = 12
LETTERS = "abcdefghijklmnopqrstuvwxyz"
KEYBOARD = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
NEIGHBOURS = {
    letter: "".join(other[max(at - 1, 0) : at + 2] for other in KEYBOARD[max(row - 1, 0) : row + 2]).replace(letter, "")
    for row, letters in enumerate(KEYBOARD)
    for at, letter in enumerate(letters)
}
SHORT = {"lor": "lr", "kidul": "kdl", "kulon": "kln", "wetan": "wtn", "tengah": "tgh", "gunung": "gn", "timur": "tmr"}
MESSAGES = (
    "Tolong ada kebakaran rumah di desa {v} kec {k} dekat pasar, hub 081234567890",
    "assalamualaikum mohon ambulan ke {v} {k}, ibu mau melahirkan rt 02 rw 05",
    "Laporan: laka lantas\nLokasi: Ds. {v}, Kec. {k}\nKorban 2 orang, mohon bantuan segera",
    "min ini banjir di {v} kecamatan {k} sudah setinggi lutut warga minta perahu",
)

Wanted = frozenset[str]
Case = tuple[str, Wanted]


def edited(name: str, chance: random.Random) -> str:
    """One slip of the finger: a letter replaced, dropped, added or swapped with the next."""
    letters = list(name)
    spots = [i for i, letter in enumerate(letters) if letter.isalpha()]
    i = chance.choice(spots)
    slip = chance.randrange(4)
    if slip == 0:
        letters[i] = chance.choice(NEIGHBOURS[letters[i]])
    elif slip == 1 and len(spots) > 3:
        del letters[i]
    elif slip == 2:
        letters.insert(i, chance.choice([letters[i], chance.choice(LETTERS)]))
    elif i + 1 < len(letters) and letters[i + 1].isalpha():
        letters[i], letters[i + 1] = letters[i + 1], letters[i]
    return "".join(letters)


def old_spelling(name: str) -> str:
    """The spelling before 1972."""
    for new, old in (("u", "oe"), ("j", "dj"), ("c", "tj"), ("y", "j")):
        name = name.replace(new, old)
    return name


def by_ear(name: str, chance: random.Random) -> str:
    """A vowel or consonant as it sounds to somebody else."""
    swaps = [
        ("a", "e"),
        ("e", "a"),
        ("o", "u"),
        ("u", "o"),
        ("ng", "n"),
        ("d", "dh"),
        ("k", "g"),
        ("p", "b"),
        ("eu", "e"),
        ("i", "y"),
    ]
    swap = chance.choice([(old, new) for old, new in swaps if old in name[1:]] or [("", "")])
    return name[0] + name[1:].replace(*swap, 1) if swap[0] else name


def split_apart(name: str, chance: random.Random) -> str:
    """A space where none belongs."""
    if " " in name or len(name) < 6:
        return name
    at = chance.randrange(3, len(name) - 2)
    return f"{name[:at]} {name[at:]}"


def shortened(name: str) -> str:
    """The abbreviations that officials use."""
    return " ".join(SHORT.get(word, word) for word in name.split())


def vowelless(name: str) -> str:
    """A hurried WhatsApp writer."""
    return " ".join(
        word[0] + "".join(c for c in word[1:] if c not in "aeiou") if len(word) > 4 else word for word in name.split()
    )


def cases(gazetteer: Gazetteer) -> Iterator[tuple[str, list[Case]]]:
    """Each class of texts over all villages, with the village codes that are right."""
    villages = [place for place in gazetteer.places if place.kind == "village"]
    kecamatan = {
        place.place_id.partition(":")[2]: place.name for place in gazetteer.places if place.kind == "kecamatan"
    }
    same: dict[str, set[str]] = {}
    for place in villages:
        for name in (place.name, *place.alt_names):
            same.setdefault(name.lower(), set()).add(place.village_code or "")

    def over(make: Callable[[str, str, random.Random], str], *, alone: bool) -> list[Case]:
        chance = random.Random(SEED)
        made = []
        for place in villages:
            text = make(place.name.lower(), _kecamatan_of(place, kecamatan), chance)
            made.append((text, frozenset(same[place.name.lower()] if alone else {place.village_code or ""})))
        return made

    yield "exact, alone", over(lambda v, k, c: v, alone=True)
    yield "exact, with kecamatan", over(lambda v, k, c: f"{v} {k}", alone=False)
    yield "exact, official", over(lambda v, k, c: f"Ds. {v.title()} Kec. {k.title()} Kab. Cirebon", alone=False)
    yield "one slip, alone", over(lambda v, k, c: edited(v, c), alone=True)
    yield "one slip, with kecamatan", over(lambda v, k, c: f"{edited(v, c)} {k}", alone=False)
    yield "one slip in both", over(lambda v, k, c: f"ds {edited(v, c)} kec {edited(k, c)}", alone=False)
    yield "two slips, with kecamatan", over(lambda v, k, c: f"{edited(edited(v, c), c)} kec {k}", alone=False)
    yield "by ear, alone", over(lambda v, k, c: by_ear(v, c), alone=True)
    yield "by ear, with kecamatan", over(lambda v, k, c: f"{by_ear(v, c)} {by_ear(k, c)}", alone=False)
    yield "old spelling", over(lambda v, k, c: old_spelling(v), alone=True)
    yield "joined", over(lambda v, k, c: f"{v.replace(' ', '')} {k.replace(' ', '')}", alone=False)
    yield "all in one word", over(lambda v, k, c: v.replace(" ", ""), alone=True)
    yield "split", over(lambda v, k, c: f"{split_apart(v, c)} kec {split_apart(k, c)}", alone=False)
    yield "split, alone", over(lambda v, k, c: split_apart(v, c), alone=True)
    yield "abbreviated", over(lambda v, k, c: f"ds.{shortened(v)} kec.{shortened(k)}", alone=False)
    yield "without vowels", over(lambda v, k, c: f"ds {vowelless(v)} kec {k}", alone=False)
    yield "kecamatan first", over(lambda v, k, c: f"Kec. {k}, desa {v}", alone=False)
    yield "message", over(lambda v, k, c: c.choice(MESSAGES).format(v=v, k=k), alone=False)
    yield "message, one slip", over(lambda v, k, c: c.choice(MESSAGES).format(v=edited(v, c), k=k), alone=False)
    yield "message, capitals", over(lambda v, k, c: c.choice(MESSAGES).format(v=v, k=k).upper(), alone=False)


def written_cases() -> Iterator[tuple[str, list[Case]]]:
    """The texts written by hand, by class."""
    by_class: dict[str, list[Case]] = {}
    with TEXTS.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            by_class.setdefault(row["class"], []).append((row["text"], frozenset(row["village_code"].split("|"))))
    yield from ((f"written: {name}", made) for name, made in by_class.items())


def _kecamatan_of(place: Place, kecamatan: dict[str, str]) -> str:
    return kecamatan[(place.village_code or "").rpartition(".")[0]].lower()


def main() -> None:
    """Print accuracy by class, some misses of each class, and the latency."""
    gazetteer = cirebon_gazetteer(SHARED_DATA)
    gazetteer.search("plumbon")
    latencies_ms: list[float] = []
    misses: list[str] = []
    print(f"{'class':34} {'texts':>6} {'first':>7} {'in five':>8}")
    for name, made in (*written_cases(), *cases(gazetteer)):
        first = five = shown = 0
        for text, wanted in made:
            start = time.perf_counter()
            found = gazetteer.search(text).candidates
            latencies_ms.append((time.perf_counter() - start) * 1e3)
            codes = [candidate.village_code for candidate in found[:5]]
            first += codes[:1] != [] and codes[0] in wanted
            five += any(code in wanted for code in codes)
            if (not codes or codes[0] not in wanted) and shown < SHOWN_MISSES:
                shown += 1
                rank = next((str(i) for i, code in enumerate(codes, 1) if code in wanted), "-")
                best = ", ".join(f"{each.place.name} ({each.kecamatan}) {each.score}" for each in found[:2])
                misses.append(
                    f"  {name}: {text!r} wants {'|'.join(sorted(wanted))}, rank {rank}; found {best or 'nothing'}"
                )
        print(f"{name:34} {len(made):6} {first / len(made):7.1%} {five / len(made):8.1%}")
    print("\nMisses (at most a dozen of each class):", *misses, sep="\n")
    latencies_ms.sort()
    print(
        f"\nLatency over {len(latencies_ms)} texts: median {statistics.median(latencies_ms):.2f} ms, "
        f"p95 {latencies_ms[int(len(latencies_ms) * 0.95)]:.2f} ms, max {latencies_ms[-1]:.2f} ms"
    )


if __name__ == "__main__":
    main()
