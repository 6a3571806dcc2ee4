"""Verbs that take another verb: pouvoir, essayer de, avoir envie de, être prêt à."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from bench.data.corpora.synthetic_questions.english import (
    EnglishVerb,
    regular_gerund,
    regular_past,
)

Tense = Literal[
    "present",
    "habit",
    "past",
    "already",
    "background",
    "used",
    "future",
    "near",
    "conditional",
    "since",
]
"""What is said of time; each language has its own tenses for it."""


class Modal(NamedTuple):
    """A verb before an infinitive, in both languages."""

    french: str
    tail: tuple[str, ...]  # between it and the infinitive
    english: EnglishVerb
    complement: Literal["to", "gerund"] = "to"
    adjective: bool = False  # the tail's first word agrees with the subject
    auxiliaries: Mapping[str, str] = {}  # tenses that English says with one auxiliary
    other: Mapping[str, EnglishVerb] = {}  # tenses that English says with another verb
    tenses: tuple[Tense, ...] = ("past", "near", "future")

    def english_in(self, tense: str) -> EnglishVerb:
        """Return the English verb that says it in one tense."""
        return self.other.get(tense, self.english)


def _verb(base: str, *rest: str) -> EnglishVerb:
    """Build an English verb with its particle, regular but for a few."""
    irregular = {
        "be": ("was", "been"),
        "have": ("had", "had"),
        "know": ("knew", "known"),
        "feel": ("felt", "felt"),
        "forget": ("forgot", "forgotten"),
        "learn": ("learnt", "learnt"),
    }
    doubled = base in {"forget", "stop", "prefer"}
    regular = (regular_past(base, doubled=doubled),) * 2
    gerund = regular_gerund(base, doubled=doubled)
    return EnglishVerb(base, *irregular.get(base, regular), gerund, rest)


# The commonest first.
MODALS = (
    Modal(
        "pouvoir",
        (),
        _verb("be", "able"),
        auxiliaries={"present": "can", "conditional": "could"},
        tenses=("present", "conditional", "past", "future"),
    ),
    Modal("vouloir", (), _verb("want"), other={"conditional": _verb("like")},
          tenses=("present", "conditional", "background")),
    Modal("devoir", (), _verb("have"), auxiliaries={"conditional": "should"},
          tenses=("present", "conditional", "past", "future")),
    Modal("savoir", (), _verb("know", "how"), tenses=("present",)),
    Modal("avoir", ("besoin", "de"), _verb("need"), tenses=("present", "past", "future")),
    Modal("aimer", (), _verb("like"), tenses=("present", "conditional")),
    Modal("essayer", ("de",), _verb("try")),
    Modal("avoir", ("envie", "de"), _verb("feel", "like"), "gerund", tenses=("present",)),
    Modal("avoir", ("l'intention", "de"), _verb("intend"), tenses=("present",)),
    Modal("oublier", ("de",), _verb("forget"), tenses=("past",)),
    Modal("commencer", ("à",), _verb("start"), tenses=("past", "near", "future")),
    Modal("apprendre", ("à",), _verb("learn"), tenses=("past", "near", "future")),
    Modal("être", ("prêt", "à"), _verb("be", "ready"), adjective=True, tenses=("present", "future")),
    Modal("refuser", ("de",), _verb("refuse"), tenses=("past", "future")),
    Modal("décider", ("de",), _verb("decide"), tenses=("past",)),
    Modal("réussir", ("à",), _verb("manage"), tenses=("past", "future")),
    Modal("arrêter", ("de",), _verb("stop"), "gerund", tenses=("past", "near", "future")),
    Modal("espérer", (), _verb("hope"), tenses=("present",)),
    Modal("accepter", ("de",), _verb("agree"), tenses=("past", "future")),
    Modal("continuer", ("à",), _verb("continue"), tenses=("past", "near", "future")),
    Modal("être", ("obligé", "de"), _verb("be", "forced"), adjective=True, tenses=("present",)),
    Modal("hésiter", ("à",), _verb("hesitate"), tenses=("past",)),
    Modal("finir", ("de",), _verb("finish"), "gerund", tenses=("past",)),
    Modal("préférer", (), _verb("prefer"), tenses=("present", "conditional")),
    Modal("rêver", ("de",), _verb("dream", "of"), "gerund", tenses=("present", "background")),
    Modal("promettre", ("de",), _verb("promise"), tenses=("past",)),
    Modal("craindre", ("de",), _verb("be", "afraid", "of"), "gerund", tenses=("present",)),
    Modal("éviter", ("de",), _verb("avoid"), "gerund", tenses=("past",)),
)  # fmt: skip
