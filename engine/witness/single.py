"""A value outside tables, looked for where it should stand: at its leaf's labels, by the ranking that finds values.

The ranking gives every place on the pages a share: the probability that the leaf's value stands there, whatever it
is. So the same number elsewhere is no confirmation, and a subtotal put where the total belongs is told apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from engine.doctype import Leaf
from engine.label.claims import CHOICE, CURRENCY, TEXTS, kind_of
from engine.result import Quality
from engine.values.text_alignment import text_alignment
from engine.witness.judgement import Judgement
from engine.witness.place import Place, ranked_to_place
from engine.witness.sight import Sight

STANDS = 0.1  # share of a value's places from which it stands at its leaf's place
OUTVOTED = 1.5  # times its share that another figure may have, before the claimed one stands elsewhere only
OUTVOTED_TEXT = 0.9  # share of another text from which it does; texts that overlap share their shares
OWNED = 0.5  # share from which a value stands at its place although that place is another leaf's as well
SEEN = 1e-3  # share from which a value counts as seen elsewhere
STANDS_FUZZY = 0.3  # the share wanted of a text of which OCR read a word badly, or not
SURELY = 0.9  # confidence of its least sure word from which one reader's text is not taken for a misreading
ACCUSES, ACCUSES_TEXT = 0.5, 0.8  # share of the other value from which readers that agree on it contradict
ACCUSES_SWAPPED = 0.4  # the same where the claimed value stands at another leaf's place
ELSEWHERE = 0.02  # share up to which the claimed value is not taken for another place of equal right
LONGEST = 2000  # letters of a claimed text: a page holds some 3000
LOOKED_AT = 1e-4  # share of a place below which it is not looked at
MOST = 40  # other places that are looked at closely


@dataclass(frozen=True, slots=True)
class Stance:
    """What one reader saw: shares (0..1) of the places that print the claimed value, nearly print it, and of the
    likeliest other value, each with the best such place. ``anywhere``: the claimed value stands on the pages, but for
    a leaf whose places were never learned nobody can say that it is not meant. ``elsewhere_labelled``: the other value
    has a label of the leaf, the claimed one has none."""

    share: float = 0.0
    near_share: float = 0.0
    rival_share: float = 0.0
    place: Place | None = None
    near: Place | None = None
    rival: Place | None = None
    places: int = 0
    owned: bool = False
    anywhere: bool = False
    text: bool = False
    elsewhere_labelled: bool = False

    @property
    def tops(self) -> list[tuple[float, Place]]:
        """The places with their shares."""
        all_places = ((self.share, self.place), (self.near_share, self.near), (self.rival_share, self.rival))
        return [(share, place) for share, place in all_places if place]

    @property
    def stands(self) -> bool:
        """Does the claimed value stand at the leaf's place, as far as this reader can see?"""
        outvoted = self.rival_share > (OUTVOTED_TEXT if self.text else OUTVOTED * self.share)
        owned = self.owned and (self.share < OWNED or self.elsewhere_labelled)
        return self.share >= STANDS and not outvoted and not owned

    @property
    def swapped(self) -> bool:
        """Does the claimed value stand at another leaf's place, and another one at this leaf's?"""
        outvoted = self.share < OWNED and self.rival_share > OUTVOTED * self.share
        return self.owned and (outvoted or self.elsewhere_labelled)

    def sees_another(self, least: float) -> bool:
        if self.swapped:
            return self.rival_share >= ACCUSES_SWAPPED
        return self.rival_share >= least and self.share + self.near_share < ELSEWHERE and not self.anywhere


def judge_single(leaf: Leaf, value: Any, sights: Sequence[Sight]) -> Judgement:
    """``sights`` are one or two readers of the same pages. With one, nothing is contradicted, unless it is a text
    layer that can be trusted: one misreading is no accusation."""
    return without_a_place(leaf, value, sights) or at_its_place(leaf, value, sights)


def without_a_place(leaf: Leaf, value: Any, sights: Sequence[Sight]) -> Judgement | None:
    """What is not looked for at a label; None for the rest."""
    if leaf.type == "boolean":
        return Judgement("silent", "a yes or no is told by a tick, which OCR does not read")
    if len(str(value)) > LONGEST:
        why = f"it has more than {LONGEST} letters, too many to look for"
        return Judgement("silent", why, evidence={"nowhere": 1.0})
    return judge_currency(str(value), sights, leaf) if kind_of(leaf) == CURRENCY else None


def at_its_place(leaf: Leaf, value: Any, sights: Sequence[Sight]) -> Judgement:
    stances = [sight_to_stance(leaf, value, sight) for sight in sights]
    best = max(stances, key=lambda stance: (stance.share, stance.near_share))
    text = kind_of(leaf) in TEXTS
    found = evidence(leaf, stances)
    if text and found["nowhere"]:
        found["nowhere"] = float(not any(near_anything(str(value), sight) for sight in sights))
    if best.place and best.stands:
        quality: Quality = "exact" if best.places == 1 else "ambiguous"
        return best.place.judged("confirmed", "it stands at its place", quality, found)
    at = read_badly(leaf, stances, best) if text else None
    if at and at.has_digits_of(value):
        return at.judged("confirmed", "it stands at its place, a word of it read badly", "fuzzy", found)
    accuser = accusers(stances, ACCUSES_TEXT if text else ACCUSES)
    if accuser and (len(sights) > 1 or accuser.digital) and not (unlearned_text(leaf, sights) and not found["nowhere"]):
        return accuser.judged("contradicted", f"at its place stands {accuser.printed!r}", "exact", found)
    return silent(stances, found)


def sight_to_stance(leaf: Leaf, value: Any, sight: Sight) -> Stance:
    stance: dict[str, Any] = {}
    shares = {"equal": 0.0, "compatible": 0.0, "different": 0.0}
    lines: set[tuple[int, int]] = set()
    others = 0
    owned, labelled, rival_labelled = True, False, False
    everywhere = not sight.learned(leaf) and kind_of(leaf) not in TEXTS
    for ranked in sight.ranking(leaf):
        if ranked.share < LOOKED_AT and not everywhere:
            break
        place = ranked_to_place(leaf, value, ranked, sight, closely=others < MOST)
        if place.likeness == "different":
            others += 1
            if "rival" not in stance:
                stance["rival"], shares["different"] = place, ranked.share
                rival_labelled = ranked.labelled and ranked.share >= STANDS
            continue
        if place.likeness == "equal":
            labelled = labelled or ranked.labelled
            lines |= {(at.line.page, at.line.index) for at in ranked.places}
            owned = owned and sight.owned_by_another(leaf, ranked)
        shares[place.likeness] += ranked.share
        stance.setdefault("place" if place.likeness == "equal" else "near", place)
    return Stance(
        shares["equal"],
        shares["compatible"],
        shares["different"],
        **stance,
        places=len(lines),
        owned=owned and bool(lines),
        anywhere=everywhere and bool(lines),
        text=kind_of(leaf) in TEXTS,
        elsewhere_labelled=rival_labelled and not labelled,
    )


def read_badly(leaf: Leaf, stances: Sequence[Stance], best: Stance) -> Place | None:
    """The place of a text that some reader nearly reads there.

    Not where one reader is sure of it, or two read it alike: then it is printed otherwise than it is claimed. But names
    are printed with and without legal forms and articles, so of a name only other letters count, not words.
    """
    at = best.place or best.near
    if at is None or best.share + best.near_share < STANDS_FUZZY or at.digital:
        return None
    nears = [stance.near for stance in stances if stance.near]
    alike = len(nears) > 1 and all(near.same_value(nears[0]) for near in nears)
    surely = len(stances) == 1 and at.sure >= SURELY
    return None if (alike or surely) and (leaf.kind != "name" or at.misread) else at


def accusers(stances: Sequence[Stance], least: float) -> Place | None:
    """What all readers see at the leaf's place instead of the claimed value; None where one of them does not."""
    rivals = [stance.rival for stance in stances if stance.rival and stance.sees_another(least)]
    agreed = len(rivals) == len(stances) and all(rivals[0].same_value(other) for other in rivals[1:])
    return rivals[0] if agreed else None


def judge_currency(code: str, sights: Sequence[Sight], leaf: Leaf) -> Judgement:
    """A currency is told by the signs and codes at the amounts, wherever they stand."""
    seen = [ranked for sight in sights for ranked in sight.ranking(leaf)]
    alike = [ranked for ranked in seen if ranked.candidate.value == code.upper()]
    if not alike:
        return Judgement("silent", "OCR sees no sign or code of it at an amount")
    place = ranked_to_place(leaf, code.upper(), alike[0], sights[0])
    if len(alike) < len(seen):
        return place.judged("silent", "OCR sees other currencies as well", "fuzzy", {"share": 0.5})
    return place.judged("confirmed", "it stands at the amounts", "ambiguous", {"share": 1.0, "word": place.sure})


def unlearned_text(leaf: Leaf, sights: Sequence[Sight]) -> bool:
    """A text whose place nothing was learned of: what stands at its label may be cut out wrongly."""
    return kind_of(leaf) in TEXTS and not sights[0].learned(leaf)


def otherwise(leaf: Leaf, stances: Sequence[Stance]) -> bool:
    """Do all readers read one and the same other figure at the leaf's place? One that could be the claim misread is
    among them, for two readers of different kinds hardly misread it alike; but not a date that nobody tells the order
    of."""
    if kind_of(leaf) in TEXTS:
        return False
    doubted = ("different",) if kind_of(leaf) == "date" else ("different", "compatible")
    tops = [max(stance.tops, key=lambda top: top[0])[1] for stance in stances if stance.tops]
    enough = len(tops) == len(stances) and (len(stances) > 1 or tops[0].digital)
    return enough and all(top.likeness in doubted and top.same_value(tops[0]) for top in tops)


def near_anything(text: str, sight: Sight) -> bool:
    """Is there anything on the pages that could be this text badly read?"""
    words = [word.text for line in sight.lines() for word in line.words]
    return text_alignment(text, words).span is not None


def silent(stances: Sequence[Stance], found: dict[str, float]) -> Judgement:
    best = max(stances, key=lambda stance: stance.share)
    if best.place and best.share > SEEN:
        likelier = best.rival.printed if best.rival and best.rival_share > best.share else None
        why = f"{likelier!r} is likelier to be meant" if likelier else "it is not sure that it is meant"
        return best.place.judged("silent", f"it stands on the page, but {why}", "fuzzy", found)
    near = max(stances, key=lambda stance: stance.near_share).near
    if near:
        return near.judged("silent", f"OCR reads {near.printed!r} there, which could be it misread", "fuzzy", found)
    rival = max(stances, key=lambda stance: stance.rival_share)
    if rival.rival and rival.rival_share >= ACCUSES:
        told = f"OCR reads {rival.rival.printed!r} there, which is not sure enough to contradict it"
        return rival.rival.judged("silent", told, "none", found)
    why = "OCR does not see it on the page" if found["nowhere"] else "OCR does not read it where it should stand"
    return Judgement("silent", why, evidence=found)


def evidence(leaf: Leaf, stances: Sequence[Stance]) -> dict[str, float]:
    """What tells a right value from a wrong one, 0..1 each."""
    return {
        "share": max(stance.share for stance in stances),
        "least_share": min(stance.share for stance in stances),
        "near": max(stance.near_share for stance in stances),
        "rival": max(stance.rival_share for stance in stances),
        "readers": sum(stance.stands for stance in stances) / 2,
        "second": float(len(stances) > 1),
        "figure": float(kind_of(leaf) not in TEXTS and kind_of(leaf) != CHOICE),
        "nowhere": float(not any(stance.place or stance.near for stance in stances)),
        "otherwise": float(otherwise(leaf, stances)),
        "owned": float(any(stance.owned for stance in stances)),
        "word": max((stance.place.sure for stance in stances if stance.place), default=0.0),
    }
