"""What the packs say about the stock avatars: name, what they suit, their voice and their looks."""

from __future__ import annotations

FACTS: dict[str, dict] = {
    "maya": {
        "name": "Maya",
        "description": "A warm, attentive presenter with chestnut hair and a teal sweater, at home in "
        "product tours and everyday updates.",
        "tags": ["woman", "thirties", "friendly", "casual", "product"],
        "voice": "af_heart",
        "look": "Teal sweater",
    },
    "daniel": {
        "name": "Daniel",
        "description": "A calm, assured presenter in a navy blazer over an open shirt, suited to "
        "company news and training.",
        "tags": ["man", "thirties", "assured", "business", "training"],
        "voice": "am_michael",
        "look": "Navy blazer",
    },
    "mei": {
        "name": "Mei",
        "description": "A bright, quick presenter with straight black hair and a rust sweater, good at how-to "
        "videos and onboarding.",
        "tags": ["woman", "twenties", "bright", "casual", "onboarding"],
        "voice": "af_sarah",
        "look": "Rust sweater",
    },
    "arthur": {
        "name": "Arthur",
        "description": "A seasoned presenter with white hair and glasses, in a tweed-brown blazer: the "
        "voice of experience for lectures, finance and health.",
        "tags": ["man", "sixties", "trusted", "business", "lecture"],
        "voice": "bm_george",
        "look": "Brown blazer",
    },
    "ruth": {
        "name": "Ruth",
        "description": "A generous, witty presenter with short grey hair, red glasses and a plum "
        "blouse, made for teaching and welcome messages.",
        "tags": ["woman", "sixties", "warm", "smart casual", "teaching"],
        "voice": "af_kore",
        "look": "Plum blouse",
    },
    "lucia": {
        "name": "Lucia",
        "description": "An open, confident presenter with dark wavy hair and a cream blouse, for "
        "marketing, travel and social clips.",
        "tags": ["woman", "twenties", "confident", "smart casual", "marketing"],
        "voice": "af_nova",
        "look": "Cream blouse",
    },
    "arjun": {
        "name": "Arjun",
        "description": "A clear, thoughtful presenter with a trimmed beard and a white shirt, suited "
        "to technology talks and explainers.",
        "tags": ["man", "thirties", "thoughtful", "smart casual", "technology"],
        "voice": "bm_fable",
        "look": "White shirt",
    },
    "finn": {
        "name": "Finn",
        "description": "A cheerful young presenter with red hair, freckles and a green sweater, for "
        "tutorials, community news and anything with a smile.",
        "tags": ["man", "twenties", "cheerful", "casual", "tutorial"],
        "voice": "am_puck",
        "look": "Green sweater",
    },
}

LOOKS: dict[str, dict] = {
    "maya-blazer": {
        "look": "Burgundy blazer",
        "description": "Maya dressed for the office: a burgundy blazer over a light shirt.",
        "tags": ["woman", "thirties", "friendly", "business"],
    },
    "daniel-polo": {
        "look": "Grey polo",
        "description": "Daniel off duty: a soft grey polo shirt for informal updates.",
        "tags": ["man", "thirties", "assured", "casual"],
    },
    "mei-blazer": {
        "look": "Sand blazer",
        "description": "Mei in a sand-coloured blazer over a dark shirt, for sales and company news.",
        "tags": ["woman", "twenties", "bright", "business"],
    },
    "arthur-sweater": {
        "look": "Navy sweater",
        "description": "Arthur at home: a navy sweater with a high collar, for stories and advice.",
        "tags": ["man", "sixties", "trusted", "casual"],
    },
    "ruth-sweater": {
        "look": "Ochre sweater",
        "description": "Ruth in an ochre sweater with a high collar, for a friendly talk.",
        "tags": ["woman", "sixties", "warm", "casual"],
    },
    "lucia-sweater": {
        "look": "Forest sweater",
        "description": "Lucia in a forest-green sweater, for everyday updates and tutorials.",
        "tags": ["woman", "twenties", "confident", "casual"],
    },
    "arjun-blazer": {
        "look": "Charcoal blazer",
        "description": "Arjun in a charcoal blazer over a pale blue shirt, for board and customers.",
        "tags": ["man", "thirties", "thoughtful", "business"],
    },
    "finn-shirt": {
        "look": "Blue shirt",
        "description": "Finn in a blue shirt with an open collar, for product demos and interviews.",
        "tags": ["man", "twenties", "cheerful", "smart casual"],
    },
}
"""Other clothes of the person before the hyphen, whose name and voice they share."""


ORDER = ("maya", "daniel", "ruth", "finn", "mei", "arjun", "lucia", "arthur")
"""How they are shown: women and men in turn, old and young, light and dark among the first four and the first six."""


def facts(slug: str) -> dict:
    """What avatar.json says of a look, apart from measurements."""
    first = slug.split("-")[0]
    place = 1 + ORDER.index(first) + (0 if slug == first else len(ORDER))
    return {**FACTS[first], **LOOKS.get(slug, {}), "of": first, "place": place}


def meant(slugs: list[str]) -> list[str]:
    """The looks that a command is about: somebody's name stands for all of theirs, no name for everybody's."""
    found = []
    for slug in slugs or ORDER:
        looks = [look for look in LOOKS if slug in FACTS and facts(look)["of"] == slug]
        found += [slug, *looks]
    return found
