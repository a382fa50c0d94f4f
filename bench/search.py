"""Accuracy and latency of the place search: texts written by hand, and every village of Cirebon misspelt by rule.

    script/bench search [--data ../shared/data]

Beside the search stands what is often used in its place: the name most like the text by `rapidfuzz.fuzz.WRatio`, among
all villages with and without their kecamatan. Latencies are wall time and, since other work on the machine does not
count in it, processor time. Malta has ten times as many streets as Cirebon's data, most of one name in every town.

The texts of `tests/data/search_texts_fresh.csv` were written without knowing the search. At their first run 333 of 345
(96.5 %) were first and 98.8 % within five: all of official, village, village_kecamatan, abbreviated, typo, spelling,
detail, chat and ambiguous; joined 24 of 25; direction 16 of 20; poi 26 of 29; near 18 of 20; street 19 of 20; postcode
9 of 10. The search was mended where they showed a general weakness, and then asked the 72 texts of
`tests/data/search_texts_blind.csv`: 69 (95.8 %) first, 71 within five. Later figures on either say less.
"""

from __future__ import annotations

import argparse
import csv
import gc
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rapidfuzz import fuzz, process

from bench.region import malta
from gis.gazetteer import Gazetteer
from gis.text import MAX_TEXT_LENGTH
from gis.types import Place
from routing.region import Region
from routing.region_build import build_region
from tests.cirebon import cirebon_gazetteer

ROOT = Path(__file__).resolve().parents[1]
WRITTEN = {"written": "search_texts.csv", "fresh": "search_texts_fresh.csv", "blind": "search_texts_blind.csv"}
SEED = 112
SHOWN_MISSES = 12
SLOWEST = 20
RUNS = 5
SHORT_LENGTH = 1300
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

REPORT = (
    "Assalamualaikum wr wb, mohon izin melaporkan kejadian kebakaran rumah tinggal milik warga kami yang "
    "terjadi hari ini sekitar pukul 14.30 WIB. Api diduga berasal dari kompor gas yang meledak di dapur "
    "kemudian merambat ke ruang tengah dan atap rumah. Saat ini warga sedang berusaha memadamkan dengan alat "
    "seadanya, angin cukup kencang sehingga dikhawatirkan merambat ke rumah sebelah dan ke kios bensin eceran "
    "di depan gang. Ada satu lansia perempuan usia 72 tahun yang masih terjebak di kamar belakang dan dua anak "
    "mengalami luka bakar ringan di tangan serta sesak napas. Mohon segera dikirim mobil pemadam minimal dua "
    "unit dan satu ambulans. Akses masuk dari jalan raya agak sempit, mobil besar bisa lewat samping balai "
    "desa lalu belok kiri setelah jembatan kecil. Alamat lengkap: Blok Kliwon RT 03 RW 02 Desa {v} Kecamatan "
    "{k} Kabupaten Cirebon, patokan dekat musala dan lapangan bola, sekitar 200 meter sebelah utara kantor "
    "kuwu. Pelapor ketua RT setempat, nomor hp 0812-3456-7890, keluarga korban sudah di lokasi dan menunggu "
    "petugas. Listrik sudah dipadamkan oleh warga, namun masih terlihat percikan di tiang depan rumah. Kami "
    "sudah menghubungi polsek dan puskesmas terdekat. Demikian laporan kami, atas perhatian dan bantuannya "
    "terima kasih banyak."
)

REPEATED = {
    "a word": "karang ",
    "single letters": "a b c d e f g h ",
    "a village": "desa karang ",
    "places": "puskesmas plumbon ",
    "streets": "jl merdeka ",
    "crossings": "simpang fatahillah ",
    "numbers": "1 2 3 ",
    "coordinates": "1.5, 2.5 ",
}
"""Texts that say the same over and over, which must not take longer than a message of their length."""

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
    for source, name in WRITTEN.items():
        by_class: dict[str, list[Case]] = {}
        with (ROOT / "tests" / "data" / name).open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                by_class.setdefault(row["class"], []).append((row["text"], frozenset(row["village_code"].split("|"))))
        yield from ((f"{source}: {kind}", made) for kind, made in by_class.items())


def _kecamatan_of(place: Place, kecamatan: dict[str, str]) -> str:
    return kecamatan[(place.village_code or "").rpartition(".")[0]].lower()


@dataclass(frozen=True)
class Took:
    """Milliseconds that a text took."""

    text: str
    wall_ms: float
    processor_ms: float


def timed(gazetteer: Gazetteer, text: str) -> Took:
    wall, processor = time.perf_counter(), time.process_time()
    gazetteer.search(text)
    return Took(text, (time.perf_counter() - wall) * 1e3, (time.process_time() - processor) * 1e3)


def least(gazetteer: Gazetteer, text: str) -> Took:
    """The least of several runs, in which other work on the machine counts least."""
    return min((timed(gazetteer, text) for _ in range(RUNS)), key=lambda took: took.wall_ms)


def work(gazetteer: Gazetteer, text: str) -> int:
    """How many functions a search calls, of Python and of C: the same on every machine and in every run."""
    for _ in range(2):
        gazetteer.search(text)  # what is remembered of words is remembered now
    calls = 0

    def count(frame: object, event: str, argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    before = sys.getprofile()
    gc.disable()
    sys.setprofile(count)
    try:
        gazetteer.search(text)
    finally:
        sys.setprofile(before)
        gc.enable()
    return calls


def filled(words: str, length: int) -> str:
    """Words over and over, up to a length."""
    return (words * (length // len(words) + 1))[:length]


def names_of(gazetteer: Gazetteer, length: int) -> str:
    """Names of villages with their kecamatan, all different, up to a length."""
    kecamatan = {place.place_id.partition(":")[2]: place.name for place in gazetteer.places}
    villages = [place for place in gazetteer.places if place.kind == "village"]
    random.Random(SEED).shuffle(villages)
    return ", ".join(f"{place.name} {_kecamatan_of(place, kecamatan)}" for place in villages)[:length]


class Plain:
    """The name most like a text, by rapidfuzz's weighted ratio."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        kecamatan = {place.place_id.partition(":")[2]: place.name for place in gazetteer.places}
        self._codes: list[str] = []
        self._names: list[str] = []
        for place in gazetteer.places:
            if place.kind == "village" and place.village_code:
                for name in (place.name, f"{place.name} {kecamatan[place.village_code.rpartition('.')[0]]}"):
                    self._names.append(name.lower())
                    self._codes.append(place.village_code)

    def first(self, text: str) -> str | None:
        """The village code."""
        found = process.extractOne(text.lower(), self._names, scorer=fuzz.WRatio)
        return None if found is None else self._codes[found[2]]


def accuracy(gazetteer: Gazetteer) -> list[Took]:
    """Print a table by class and the misses; what each text took."""
    took: list[Took] = []
    misses: list[str] = []
    plain = Plain(gazetteer)
    print(f"{'class':34} {'texts':>6} {'first':>7} {'in five':>8} {'WRatio first':>13}")
    for name, made in (*written_cases(), *cases(gazetteer)):
        first = five = other = shown = 0
        for text, wanted in made:
            took.append(timed(gazetteer, text))
            found = gazetteer.search(text).candidates
            codes = [candidate.village_code for candidate in found[:5]]
            first += codes[:1] != [] and codes[0] in wanted
            five += any(code in wanted for code in codes)
            other += plain.first(text) in wanted
            if (not codes or codes[0] not in wanted) and shown < SHOWN_MISSES:
                shown += 1
                rank = next((str(i) for i, code in enumerate(codes, 1) if code in wanted), "-")
                best = ", ".join(f"{each.place.name} ({each.kecamatan}) {each.score}" for each in found[:2])
                misses.append(
                    f"  {name}: {text!r} wants {'|'.join(sorted(wanted))}, rank {rank}; found {best or 'nothing'}"
                )
        count = len(made)
        print(f"{name:34} {count:6} {first / count:7.1%} {five / count:8.1%} {other / count:13.1%}")
    print("\nMisses (at most a dozen of each class):", *misses, sep="\n")
    return took


def latency(what: str, took: Sequence[Took]) -> None:
    wall, processor = (
        sorted(values) for values in zip(*((one.wall_ms, one.processor_ms) for one in took), strict=True)
    )
    p95 = int(len(took) * 0.95)
    print(
        f"{what:44} {len(took):6} {statistics.median(wall):8.2f} {wall[p95]:6.2f} {wall[-1]:6.2f} "
        f"{statistics.median(processor):12.2f} {processor[p95]:6.2f} {processor[-1]:6.2f}"
    )


def streets_of_malta(data: Path) -> None:
    """Print how long a region with 7,000 named streets takes to load and to search."""
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "malta"
        build_region(malta(data, Path(scratch)), out)
        start = time.process_time()
        gazetteer = Region.open(out).gazetteer
        loaded = time.process_time()
        gazetteer.search("Valletta")
        searched = time.process_time()
        gazetteer.prepare()
        prepared = time.process_time()
        print(
            f"\nMalta: {len(gazetteer.places)} places and {len(gazetteer.streets)} streets loaded in "
            f"{(loaded - start) * 1e3:.0f} ms, first search {(searched - loaded) * 1e3:.0f} ms, all indexes made in "
            f"{(prepared - searched) * 1e3:.0f} ms more (processor time)"
        )
        heading()
        names = sorted({street.name for street in gazetteer.streets})
        chance = random.Random(SEED)
        for what, form in (
            ("a street", "{0}"),
            ("a street in a message", "tolong ada kebakaran di {0} dekat sekolah, api sudah besar"),
            ("crossing", "perempatan {0} - {1}"),
            ("crossing, nothing between the names", "simpang {0} {1}"),
        ):
            texts = [form.format(*chance.sample(names, 2)) for _ in range(100)]
            for text in texts:
                gazetteer.search(text)
            latency(f"Malta: {what}", [least(gazetteer, text) for text in texts])


def heading() -> None:
    print(f"\n{'':44} {'texts':>6} {'wall ms':>8} {'p95':>6} {'max':>6} {'processor ms':>12} {'p95':>6} {'max':>6}")


def main() -> None:
    """Print accuracy by class, some misses of each class, and latencies."""
    parser = argparse.ArgumentParser(prog="script/bench search", description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    options = parser.parse_args()
    if not options.data.is_dir():
        sys.exit(f"bench search: there is no folder {options.data}; name the real data with --data.")
    gazetteer = cirebon_gazetteer(options.data)
    gazetteer.prepare()
    took = accuracy(gazetteer)
    heading()
    latency("Cirebon: all texts, once", took)
    slowest = sorted(took, key=lambda one: one.wall_ms)[-SLOWEST:]
    latency(f"Cirebon: the {SLOWEST} slowest, least of {RUNS}", [least(gazetteer, one.text) for one in slowest])
    report = REPORT.format(v="Kertawinangun", k="Kedawung")
    latency(f"Cirebon: a message of {len(report)} characters", [least(gazetteer, report) for _ in range(RUNS)])
    for length in (SHORT_LENGTH, MAX_TEXT_LENGTH):
        texts = [filled(words, length) for words in REPEATED.values()]
        latency(f"Cirebon: repeated words, {length} characters", [least(gazetteer, text) for text in texts])
        names = names_of(gazetteer, length)
        latency(f"Cirebon: names only, {length} characters", [least(gazetteer, names) for _ in range(RUNS)])
    streets_of_malta(options.data)


if __name__ == "__main__":
    main()
