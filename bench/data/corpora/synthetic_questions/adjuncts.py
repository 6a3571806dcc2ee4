"""When, where and with whom, in both languages at once."""

from bench.data.corpora.synthetic_questions.clauses import Pair
from bench.data.corpora.synthetic_questions.draw import Draw
from bench.data.corpora.synthetic_questions.french import contract
from bench.data.corpora.synthetic_questions.modals import Tense
from bench.data.corpora.synthetic_questions.phrases import (
    Phrase,
    build_phrase,
    kin_phrase,
    name_phrase,
    pick_noun,
)
from bench.data.corpora.synthetic_questions.words import Verb, countries, names, nouns


def _pairs(text: str) -> tuple[Pair, ...]:
    entries = (entry.split("/") for entry in text.strip().split("\n"))
    return tuple((tuple(french.split()), tuple(english.split())) for french, english in entries)


NUMBERS = _pairs(
    "deux/two\ntrois/three\ndix/ten\ncinq/five\nquatre/four\nvingt/twenty\nsix/six\ncent/a hundred\n"
    "*huit/eight\nsept/seven\nquinze/fifteen\ndouze/twelve\ntrente/thirty\nneuf/nine\n*onze/eleven\n"
    "cinquante/fifty\nquarante/forty\nquatorze/fourteen\ntreize/thirteen\nseize/sixteen\n"
    "vingt-cinq/twenty-five\ndix-huit/eighteen\nsoixante/sixty\ndix-sept/seventeen\n"
    "dix-neuf/nineteen\nquatre-vingts/eighty\nvingt-quatre/twenty-four\nmille/a thousand"
)
FEW = tuple(number for number in NUMBERS[:12] if number[0] != ("cent",))
UNITS = _pairs("ans/years\njours/days\nmois/months\nsemaines/weeks\nheures/hours\nminutes/minutes")
DAYS = _pairs(
    "lundi/Monday\nsamedi/Saturday\ndimanche/Sunday\nvendredi/Friday\nmardi/Tuesday\n"
    "mercredi/Wednesday\njeudi/Thursday"
)
MONTHS = _pairs(
    "juin/June\naoût/August\njuillet/July\njanvier/January\nmai/May\nseptembre/September\n"
    "décembre/December\nmars/March\navril/April\noctobre/October\nfévrier/February\n"
    "novembre/November"
)
SEASONS = _pairs("été/summer\nhiver/winter\nautomne/autumn")
HOURS = _pairs(
    "*huit heures/eight o'clock\nmidi/noon\nneuf heures/nine o'clock\nsept heures/seven o'clock\n"
    "dix heures/ten o'clock\nsix heures/six o'clock\nminuit/midnight\ncinq heures/five o'clock\n"
    "deux heures/two o'clock\ntrois heures/three o'clock\n*onze heures/eleven o'clock\n"
    "quatre heures/four o'clock\nune heure/one o'clock\n"
    "sept heures et demie/half past seven\n*huit heures et quart/quarter past eight\n"
    "six heures du matin/six in the morning\n*huit heures du soir/eight in the evening"
)
FIXED: dict[Tense, tuple[Pair, ...]] = {
    "past": _pairs(
        "hier/yesterday\nhier soir/last night\nce matin/this morning\nla semaine dernière/last week\n"
        "hier matin/yesterday morning\nl'année dernière/last year\nle mois dernier/last month\n"
        "l'été dernier/last summer\navant-hier/the day before yesterday\nl'autre jour/the other day\n"
        "pendant les vacances/during the holidays\nl'hiver dernier/last winter\n"
        "dimanche dernier/last Sunday\nà Noël/at Christmas"
    ),
    "future": _pairs(
        "demain/tomorrow\nce soir/tonight\nla semaine prochaine/next week\ndemain matin/tomorrow "
        "morning\nl'année prochaine/next year\nle mois prochain/next month\nbientôt/soon\n"
        "demain soir/tomorrow evening\naprès-demain/the day after tomorrow\ncet été/this summer\n"
        "un jour/some day\nl'été prochain/next summer\nlundi prochain/next Monday\nplus tard/later\n"
        "après le dîner/after dinner\nà Noël/at Christmas\ncet après-midi/this afternoon"
    ),
    "habit": _pairs(
        "chaque jour/every day\ntous les matins/every morning\nle week-end/at weekends\n"
        "tous les soirs/every evening\ntous les jours/every day\nle dimanche/on Sundays\n"
        "chaque semaine/every week\nen été/in summer\nle samedi/on Saturdays\nchaque année/every "
        "year\nen hiver/in winter\nle lundi/on Mondays\ndeux fois par semaine/twice a week\n"
        "une fois par mois/once a month\nau printemps/in spring\nle matin/in the morning"
    ),
    "present": _pairs(
        "en ce moment/at the moment\nmaintenant/now\naujourd'hui/today\ncette semaine/this week\n"
        "encore une fois/once again\nces jours-ci/these days"
    ),
    "background": _pairs(
        "à ce moment-là/at that moment\nhier à midi/at noon yesterday\n"
        "hier à minuit/at midnight yesterday\nce jour-là/that day"
    ),
    "used": _pairs(
        "autrefois/\nà l'époque/back then\navant la guerre/before the war\n"
        "à cet âge/at that age\nen ce temps-là/in those days"
    ),
    "since": _pairs(
        "depuis longtemps/for a long time\ndepuis ce matin/since this morning\n"
        "depuis hier/since yesterday\ndepuis des années/for years\ndepuis lundi/since Monday\n"
        "depuis l'année dernière/since last year\ndepuis midi/since noon\n"
        "depuis janvier/since January\ndepuis le début/from the start"
    ),
}
FREQUENCY = _pairs(
    "souvent/often\ntoujours/always\nparfois/sometimes\nrarement/rarely\nsouvent/often\n"
    "d'habitude/usually\nrégulièrement/regularly"
)
MANNER = _pairs(
    "enfin/finally\nimmédiatement/immediately\nrapidement/quickly\nsecrètement/secretly\n"
    "discrètement/discreetly"
)


def pair(first: Pair, second: Pair) -> Pair:
    """Say one after the other, in both languages."""
    return (first[0] + second[0], first[1] + second[1])


def when(draw: Draw, tense: Tense) -> Pair:
    """Choose a time that suits a tense."""
    kind: Tense = "future" if tense in {"near", "conditional"} else tense
    if kind == "already":
        kind = "past"
    if kind == "past" and draw.chance(0.25):
        number, unit = draw.word(FEW), draw.word(UNITS)
        return (("il", "y", "a", *number[0], *unit[0]), (*number[1], *unit[1], "ago"))
    if kind == "future" and draw.chance(0.2):
        number, unit = draw.word(FEW), draw.word(UNITS)
        return (("dans", *number[0], *unit[0]), ("in", *number[1], f"{unit[1][0]}'", "time"))
    if kind == "since" and draw.chance(0.5):
        return pair((("depuis",), ("for",)), pair(draw.word(FEW), draw.word(UNITS)))
    if kind in {"past", "future"} and draw.chance(0.25):
        return pair((("en",), ("in",)), draw.word(MONTHS))
    if kind in {"past", "future"} and draw.chance(0.2):
        return pair((("à",), ("at",)), draw.word(HOURS))
    if kind in {"past", "future"} and draw.chance(0.15):
        day = draw.word(DAYS)
        ending = ("dernier", "last") if kind == "past" else ("prochain", "next")
        return ((*day[0], ending[0]), (ending[1], *day[1]))
    return draw.word(FIXED[kind])


def where(draw: Draw, verb: Verb, *, owner: tuple[str, str] = ("ton", "your")) -> Pair:
    """Choose a place that suits a verb: where it happens, or where it goes to."""
    going = bool(verb.traits & {"move", "move_in"})
    kinds = {"city": 3.0, "building": 4.0, "home": 1.5, "country": 1.0}
    if not going:
        kinds |= {"room": 1.5, "area": 1.5, "water": 0.7}
    if "town" in verb.traits:
        kinds = {"city": 3.0, "country": 1.0}
    if "always" in verb.traits and verb.french == "habiter":
        kinds = {"city": 4.0, "country": 1.5, "home": 0.5}
    for only in ("room", "area", "water", "country"):
        if only in verb.traits:
            kinds = {only: 1.0}
    kind = draw.weighted(kinds)
    at, inside = ("to", "to") if going else ("at", "in")
    if kind == "city":
        french, english = draw.word(names()["cities"])
        return (("à", french), (inside, english))
    if kind == "country":
        country = draw.word(countries())
        return ((country.preposition, country.french), (inside, country.english))
    if kind == "home":
        return _at_home_of(draw, at, owner)
    if kind == "water":
        return _by_the_water(draw, bathing="water" in verb.traits)
    noun = pick_noun(draw, [kind])
    phrase = build_phrase(draw, noun, "the", adjective_chance=0.12)
    if phrase.english == ("the", "school"):
        phrase = phrase._replace(english=("school",))
    if kind == "building":
        return ((*contract("à", phrase.french),), (at, *phrase.english))
    return (("dans", *phrase.french), (inside, *phrase.english))


def _by_the_water(draw: Draw, *, bathing: bool) -> Pair:
    noun = pick_noun(draw, ["swimming" if bathing or draw.chance(0.5) else "shore"])
    phrase = build_phrase(draw, noun, "the", adjective_chance=0.12)
    if bathing:
        return (("dans", *phrase.french), ("in", *phrase.english))
    if noun in nouns()["shore"]:
        return (("sur", *phrase.french), ("on", *phrase.english))
    return (("au", "bord", *contract("de", phrase.french)), ("by", *phrase.english))


def with_whom(draw: Draw, owner: tuple[str, str], *, besides: Phrase) -> Pair:
    """Choose company for somebody."""
    phrase = somebody(draw, owner, besides=besides)
    if draw.chance(0.12):
        return (("sans", *phrase.french), ("without", *phrase.english))
    return (("avec", *phrase.french), ("with", *phrase.english))


def somebody(draw: Draw, owner: tuple[str, str], *, besides: Phrase | None = None) -> Phrase:
    """Choose a person by name, by kinship or by what they do; nobody named in `besides`."""
    taken = besides.french if besides else ()
    kind = draw.weighted({"name": 0.5, "kin": 0.25, "role": 0.25})
    if kind == "name":
        phrase = name_phrase(draw)
        while phrase.french[0] in taken:
            phrase = name_phrase(draw)
        return phrase
    if kind == "kin":
        return kin_phrase(draw, owner)
    noun = pick_noun(draw, ["person"])
    while noun.french in taken:
        noun = pick_noun(draw, ["person"])
    return build_phrase(draw, noun, "the", plural=draw.chance(0.15), adjective_chance=0.15)


def _at_home_of(draw: Draw, at: str, owner: tuple[str, str]) -> Pair:
    if draw.chance(0.5):
        phrase = name_phrase(draw)
    elif draw.chance(0.5):
        phrase = kin_phrase(draw, owner, plural_chance=0)
    else:
        noun = pick_noun(draw, ["expert_like"])
        phrase = build_phrase(draw, noun, "the", adjective_chance=0)
    owned = (*phrase.english[:-1], f"{phrase.english[-1]}'s")
    return (("chez", *phrase.french), (at, *owned))
