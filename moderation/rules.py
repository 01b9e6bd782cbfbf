"""What a generated face may not say, as rules. A rule is matched against folded text (folding.py).

`block` refuses before anything is charged; `review` has a person read first. Patterns look for
who does what to whom, not for single words, so that news, teaching, medicine and stories may speak of
hard things. Changing a rule changes VERSION.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

VERSION = "rules/2"

TITLES = {
    "minors": "Sexual content that involves minors is never allowed",
    "sexual": "Sexual content is not allowed",
    "hate": "Attacks on people for what they are are not allowed",
    "harassment": "Insulting or degrading a person is not allowed",
    "threat": "Threatening people is not allowed",
    "self_harm": "Encouraging self-harm is not allowed",
    "violence": "Calling for violence or praising terror is not allowed",
    "weapons": "Instructions for weapons, poisons, drugs or break-ins are not allowed",
    "fraud": "Tricking people out of money or secrets is not allowed",
    "impersonation": "Speaking as a real public person needs that person's consent",
    "election": "Political persuasion and claims about elections are read by a person first",
    "privacy": "Giving away where to find a private person is not allowed",
    "medical": "Cures and financial promises need a person to read them first",
    "profanity": "Obscene words are read by a person first",
}


@dataclass(frozen=True)
class Rule:
    policy: str
    action: Literal["block", "review"]
    pattern: re.Pattern[str]


def _rules(policy: str, action: Literal["block", "review"], *patterns: str) -> list[Rule]:
    found = []
    for pattern in patterns:
        for name, words in GROUPS.items():
            pattern = pattern.replace(f"<{name}>", words)
        found.append(Rule(policy, action, re.compile(rf"\b(?:{pattern})")))
    return found


ANY = r"[^.?!\n]{0,60}?"  # within the same sentence
GROUPS = {
    "any": ANY,
    "people": (
        r"(?:jew(?:s|ish)?|muslims?|islam|christians?|hindus?|sikhs?|blacks?|black people|whites|"
        r"africans?|asians?|arabs?|mexicans?|chinese|indians?|latinos?|hispanics?|"
        r"roma|gyps(?:y|ies)|immigrants?|migrants?|refugees?|foreigners|gays?|gay people|lesbians?|"
        r"homosexuals?|queers?|trans(?:gender)? ?(?:people|women|men|persons?)?|wom[ae]n|females|"
        r"disabled(?: people)?|the disabled|autistic people|old people)"
    ),
    "child": (
        r"(?:child(?:ren)?|kids?|minors?|toddlers?|bab(?:y|ies)|infants?|preteens?|pre-teens?|"
        r"schoolgirls?|schoolboys?|little (?:girls?|boys?)|young (?:girls?|boys?)|under ?age ?\w*|"
        r"(?:[5-9]|1[0-7]|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen)"
        r"[- ]year[- ]old)"
    ),
    "sex": (
        r"(?:sex(?:y|ual(?:ly)?)?|naked|nudes?|undress\w*|porn\w*|erotic\w*|orgasm\w*|masturbat\w*|fuck\w*|"
        r"blow ?jobs?|aroused|seduc\w+|intercourse|lewd|horny|moan(?:s|ed|ing)?|strip(?:s|ped|ping)? for)"
    ),
    "kill": (
        r"(?:kill|murder|shoot|stab|slaughter|exterminate|lynch|behead|hang|burn|bomb|gas|massacre|"
        r"execute|slit the throats? of|wipe out|get rid of|eradicate)"
    ),
    "leader": (
        r"(?:(?:joe |president )?biden|(?:donald |president )?trump|(?:vladimir |president )?putin|"
        r"(?:barack |president )?obama|kamala harris|(?:emmanuel |president )?macron|xi jinping|"
        r"(?:keir )?starmer|(?:volodymyr |president )?zelenskyy?|narendra modi|benjamin netanyahu|"
        r"olaf scholz|friedrich merz|angela merkel|king charles|pope (?:francis|leo)|the pope|"
        r"elon musk|bill gates|mark zuckerberg|jeff bezos|warren buffett|tim cook|sam altman|"
        r"taylor swift|tom cruise|tom hanks|oprah(?: winfrey)?|beyonce|kim kardashian|"
        r"cristiano ronaldo|lionel messi|scarlett johansson|keanu reeves|morgan freeman|"
        r"david attenborough|greta thunberg|anthony fauci|dr\.? fauci)"
    ),
    "secret": (
        r"(?:passwords?|pass ?codes?|pin(?: code| number)?s?|one[- ]time codes?|verification codes?|"
        r"security codes?|social security(?: number)?s?|ssn|card numbers?|cvv|credit card(?: details| number)?s?|"
        r"bank (?:details|account(?: details| number)?s?|log ?ins?)|seed phrases?|private keys?|account numbers?|"
        r"log ?in (?:details|credentials))"
    ),
    "bad": (
        r"(?:vermin|parasites?|rats|cockroach\w*|subhumans?|sub-humans?|animals|apes|monkeys|filth\w*|scum|disease|"
        r"plague|cancer|savages|inferior|worthless|disgusting|dirty|criminals|rapists|terrorists|evil|"
        r"degenerates?|trash|garbage|a threat|mentally ill|stupid|lazy|thieves|liars|pigs|dogs|sick|abominations?)"
    ),
}

RULES: list[Rule] = [
    *_rules(
        "minors",
        "block",
        r"<child><any>\b<sex>\b",
        r"<sex>\b<any>\b<child>\b",
        r"(?:child|kiddie|underage|preteen|teen) ?(?:porn\w*|erotica|sex\b)",
        r"(?:jailbait|lolita|lolicon|shotacon|pedo ?(?:porn|content)|csam)\b",
        r"(?:attracted to|love|touch(?:ing)?|groom(?:ing)?) (?:little|young|under ?age) (?:girls|boys|kids|children)\b",
        r"(?:send|show) me<any>\b<child>\b<any>\b(?:nudes?|naked|body|undressed)",
    ),
    *_rules(
        "sexual",
        "block",
        r"(?:porn(?:o|ography|ographic)?|pornhub|xxx|hentai)\b(?! (?:addiction|recovery|ban|law|filter|block))",
        r"(?:suck|lick|ride|stroke)(?:s|ed|ing)? (?:my|his|her|your|that) (?:cock|dick|pussy|clit|tits|balls|ass)\b",
        r"(?:cock|pussy|cunt|cum|blow ?jobs?|handjobs?|deepthroat|gang ?bangs?|creampie|cumshot|dildos?|butt plugs?)\b",
        r"(?:fuck|fucking|fucked) (?:me|you|her|him|my|your) (?:hard|harder|ass|all night|brains|mouth|from behind|until)",
        r"(?:take off|rip off|remove|slip out of) (?:your|her|his|my|all your) (?:clothes|bra|panties|underwear|pants|shirt|dress)\b<any>(?:\bslowly|\bfor me|\btouch|\bnaked|\bbaby|\bkiss|\bbed\b)",
        r"(?:naked|nude)\b<any>\b(?:touch(?:es|ing)?|caress\w*|bed|moan\w*|thrust\w*|lick\w*|kiss\w*|for you|for me|body)\b",
        r"(?:i|we|you|he|she|they)(?:'m| am|'re| are| is|'s)? (?:so )?horny\b",
        r"(?:thrust|penetrat|ejaculat|masturbat)(?:s|es|ed|ing|e)\b<any>\b(?:her|him|me|you|inside|deep|myself|yourself)\b",
        r"(?:erotic|sexual) (?:fantas(?:y|ies)|stories|story|massage|pleasure|favou?rs?|encounter|act)s?\b",
        r"(?:have|had|having) (?:hot |rough |wild |passionate )?sex with (?:me|you|her|him|my|a|the)\b",
        r"(?:onlyfans|escort service|call girls?|sugar bab(?:y|ies)|camgirls?|hookers?|prostitutes? near)\b",
        r"(?:see|watch|show) (?:me|you|her|him|us)<any>\b(?:naked|nude|topless|undress)\b",
        r"(?:nudes|undress(?:ed|ing)? (?:photo|picture|video)s?|deepfake porn|revenge porn|upskirt)\b<any>\b(?:of|her|him|send|leak\w*|post)\b",
        r"(?:leak|post|share|send)(?:ed|ing|s)?\b<any>\b(?:nudes?|sex ?tapes?|naked (?:photo|picture|video)s?)\b",
    ),
    *_rules(
        "hate",
        "block",
        r"n[i!]gg(?:er|a|ah)s?\b",
        r"(?:k[i]kes?|fagg?ots?|trann(?:y|ies)|wetbacks?|raghead s?|ragheads|towelheads?|sand nigg\w+|gooks?|coons\b|darkies|porch monkeys?|spics|dykes are|chinks)\b",
        r"<people> (?:are|is|were|must be|should be|will always be)(?: all| just| nothing but| like| the| a| always| so| such| basically| simply| really)*<any>\b<bad>\b",
        r"(?:all|those|these|the|every|fucking|damn|filthy|dirty) <people> (?:should|must|need to|deserve to|have to|ought to)<any>\b(?:die|be (?:killed|shot|hanged|gassed|deported|exterminated|burned|locked up|banned|sterili[sz]ed|eliminated|removed)|disappear|leave our|go back|burn|suffer)\b",
        r"(?:i |we |everyone |people )?(?:hate|despise|loathe|can't stand|detest)s? (?:all |those |these |the |every )?<people>\b(?! (?:food|crimes?|speech|music))",
        r"<kill> (?:all|every|the|those|these)(?: the| of the| last)? <people>\b",
        r"(?:death to|gas|down with|no more|get rid of|keep out|deport) (?:all |the |those |every )?<people>\b",
        r"<people> (?:do not|don't|will never) (?:belong|deserve|have a right)\b",
        r"(?:the )?(?:white|aryan|master) race (?:is|must|will)<any>\b(?:superior|rule|survive|prevail|replace\w*|win)\b",
        r"(?:white power|white supremacy (?:is|now|forever)|heil hitler|sieg heil|hitler (?:was right|did nothing wrong)|14 ?88|great replacement|the holocaust (?:never happened|is a (?:lie|hoax|myth)|was a (?:lie|hoax)))",
        r"<people>(?: who)?<any>\b(?:are ruining|are destroying|are poisoning|are infesting|infest|are replacing|are invading|breed like|control the (?:media|banks|world)|are not human|aren't human|are less than|are inferior|are not (?:real|welcome))\b",
        r"(?:being|to be) (?:gay|trans|lesbian|black|jewish|muslim|disabled) is (?:a )?(?:sin|disease|disorder|disgusting|wrong|crime|unnatural)\b",
        r"(?:retards?|retarded|spastics?|cripples?|mongoloids?)\b<any>\b(?:should|are|like you|die|stupid)\b",
        r"(?:go back to|send (?:them|you|him|her) back to) (?:your|their|africa|mexico|china|where)<any>",
        r"<people> (?:people )?(?:are|is) (?:not|no) (?:equal|human|people|as (?:good|smart|clever))\b",
    ),
    *_rules(
        "threat",
        "block",
        r"(?:i|we)(?:'m| am|'re| are)? ?(?:will|'ll|going to|gonna|shall|want to|wanna|plan to) (?:find and |hunt and |come and |fucking )*(?:kill|murder|shoot|stab|hurt|rape|beat|strangle|burn|destroy|cut|break|hunt|slit|end|bury|bomb)\b<any>\b(?:you|your|him|her|them|his|their|everyone|family|kids|children|legs|house|home|school|office)\b",
        r"(?:you|he|she|they)(?:'re| are|'s| is)?(?: all)? (?:going to|gonna|will|'ll|deserve to|should) (?:die|be killed|bleed|burn|suffer for|regret it|pay with)\b",
        r"(?:watch your back|sleep with one eye open|i know where you (?:live|work|sleep)|you(?:'re| are) (?:a )?dead (?:man|woman|meat)?|i(?:'ll| will) make you (?:suffer|pay|regret)|say goodbye to your (?:family|kids|children|life))\b",
        r"(?:i hope|i wish) (?:you|he|she|they|someone)<any>\b(?:die|dies|get raped|gets raped|get killed|gets killed|dead|get cancer|gets cancer|kills?|hurts?)\b",
        r"(?:pay|do (?:it|what)|or else|unless you|if you (?:tell|talk|call|don't|do not))<any>\b(?:we|i)(?:'ll| will)<any>\b(?:kill|hurt|shoot|find you|come for|burn|release the|leak)\b",
    ),
    *_rules(
        "self_harm",
        "block",
        r"(?:go |just |please |you should |why don't you |everyone wants you to ){1,6}(?:kill|hang|shoot|drown|poison|hurt|cut|starve) yourself\b",
        r"(?:kill yourself|kys)\b",
        r"(?:how to|ways? to|best way to|steps to|guide to|method to|easiest way to|painless way to)<any>\b(?:commit suicide|kill (?:yourself|myself|oneself)|end (?:your|my|one's) (?:own )?life|hang (?:yourself|myself)|self[- ]harm|cut (?:yourself|myself|your wrists)|overdose|purge|starve (?:yourself|myself))\b",
        r"(?:suicide|self[- ]harm|cutting|starving|death|dying|anorexia|purging) (?:is|feels|can be) (?:the )?(?:only |best |easy |beautiful |real )*(?:answer|way out|solution|option|beautiful|good|peaceful|freedom|release|relief|friend|escape)\b",
        r"(?:the world|everyone|your family|they|we|people)(?: would|'d| will)?(?: all)? be (?:much |far |so much )?(?:better|happier)(?: off)? (?:without you|if you (?:were|was) (?:dead|gone)|once you(?:'re| are) (?:dead|gone))\b",
        r"(?:nobody would miss you|no one would miss you|you (?:should|deserve to) (?:just )?(?:end it|not be alive|die)|end it all (?:tonight|now|today)|do it,? jump)\b",
        r"(?:take|swallow) (?:the whole|all (?:of )?(?:the|your|those)|a bottle of|\d+|fifty|forty|thirty|twenty) (?:bottle|pills|sleeping pills|tablets|paracetamol)\b<any>\b(?:sleep|end|peace|over|forever|never wake|gone)\b",
        r"(?:thinspo|pro[- ]?ana|meanspo)\b",
        r"cut(?:ting)? (?:deep(?:er|ly)?|along|across)<any>\b(?:wrists?|arms?|veins?|skin)\b",
    ),
    *_rules(
        "self_harm",
        "review",
        r"(?:i|we) (?:want|wish|need|plan|am going|'m going) to (?:die|kill myself|end my life|disappear forever|hurt myself|cut myself)\b",
        r"(?:life is not worth living|no reason to live|i can't go on living)\b",
    ),
    *_rules(
        "violence",
        "block",
        r"(?:let's|let us|we must|we should|we need to|we will|everyone must|it's time to|time to|rise up and|join us and|go out and|you should|you must|our duty is to|i want you to|brothers,?) (?:all )?(?:kill|shoot|bomb|murder|attack|burn down|slaughter|behead|execute|stab|lynch|hang|destroy|blow up|storm)\b<any>\b(?:them|him|her|everyone|people|police|cops|officers|politicians?|school|church|mosque|synagogue|building|office|parliament|capitol|embassy|infidels|unbelievers|enemy|enemies|crowd|neighbou?rs?|teachers?|students?|doctors?|judges?|journalists?|president|minister|traitors?|town hall|hospital|government)\b",
        r"(?:plan|planning|how) to (?:carry out|commit|do|start|execute|stage)<any>\b(?:attack|shooting|massacre|bombing|mass murder|genocide|terror\w*|assassination|murder|stabbing|kidnapping|arson)\b",
        r"(?:mass shooting|school shooting|terror attack|bombing|beheading|shooter|massacre|genocide)s?\b<any>\b(?:was|is|were|are) (?:a )?(?:hero(?:es|ic)?|justified|beautiful|glorious|great|right|deserved|legend\w*|good|necessary|brave)\b",
        r"(?:join|support|donate to|fight for|pledge allegiance to|long live|glory to|praise) (?:the )?(?:isis|isil|al[- ]qaeda|islamic state|taliban|boko haram|atomwaffen|hamas fighters|kkk|ku klux klan)\b",
        r"(?:blood will flow|kill them all|leave no survivors|no mercy for the|martyrdom operation|holy war against|day of the rope|race war now|shoot on sight|burn it all down with them)\b",
        r"(?:torture|mutilat|dismember|disembowel|decapitat)(?:e|es|ed|ing)\b<any>\b(?:him|her|them|victim|alive|slowly|people|screams?|animals?|dog|cat|body)\b",
        r"(?:how|where|when) to (?:murder|kidnap|poison|assassinate|strangle|ambush|rape|drug) (?:a |an |my |your |his |her |someone|somebody|the |people)",
        r"(?:he|she|they|i|we) (?:stabbed|shot|strangled|beat|butchered|gutted) (?:him|her|them|the \w+)\b<any>\b(?:blood|screams?|guts|skull|brains|enjoy\w*|laugh\w*)\b",
        r"(?:beat|hit|punch|slap) your (?:wife|girlfriend|husband|child|children|kids|dog)\b(?!<any>\b(?:at|in) (?:chess|tennis|cards|golf|the game))",
    ),
    *_rules(
        "weapons",
        "block",
        r"(?:how to|to|steps? to|guide to|ways? to|recipe (?:to|for)|instructions? (?:to|for|on)|learn to|teach you to|show you how to|tutorial (?:on|for)|let's|we will|today we|you can|explain how (?:to|you)|story (?:about|of) how)<any>\b(?:mak\w+|made|build\w*|assembl\w+|cook\w*|synthesi[sz]\w+|construct\w*|produc\w+|creat\w+|3d[- ]print\w*|mix\w*|convert\w*|extract\w*|grow\w*|prepar\w+|brew\w*|cultur\w+|weaponi[sz]\w+|purify\w*|detonat\w+|wir\w+)\b<any>\b(?:bombs?|explosives?|pipe ?bombs?|molotov\w*|grenades?|silencers?|suppressors?|ghost guns?|nerve (?:agent|gas)\w*|sarin|ricin|vx\b|mustard gas|anthrax|chlorine gas|meth(?:amphetamine)?|heroin|fentanyl|crack cocaine|cocaine|lsd|mdma|ghb|thermite|tnt|c4|detonators?|napalm|ammunition|automatic weapons?|full(?:y)?[- ]auto\w*|untraceable (?:gun|weapon)s?|poisons?|cyanide|botulin\w*|dirty bombs?|ied|landmines?|toxic gas|fertili[sz]er bombs?)\b",
        r"(?:ammonium nitrate|acetone peroxide|potassium chlorate|nitroglycerin|tatp|petn|rdx|pseudoephedrine|red phosphorus|phosgene|aluminum powder|gun ?powder)\b<any>\b(?:mix|add|combine|heat|pack|fuel|diesel|ignite|detonat\w+|fuse|reduce|cook|grams?|ratio|pipe)\w*\b",
        r"(?:mix|combine) (?:bleach|chlorine)<any>\b(?:ammonia|acid|vinegar)\b<any>\b(?:gas|fumes|kill|enemy|room|victim|harm|weapon)\b",
        r"(?:pack|fill) (?:the |a )?(?:pipe|pressure cooker|bottle|vest|car|van|backpack)<any>\b(?:nails|explosives?|gun ?powder|shrapnel|petrol|gasoline|ball bearings)\b",
        r"(?:pick|bypass|disable|break|hot[- ]?wire|hack|crack|clone|jam)(?:s|ing|ed)?\b<any>\b(?:a lock to (?:break|rob|get in)|alarm (?:system )?(?:to|and|before) (?:rob|steal|break)|someone's (?:car|phone|account|house|wifi)|stolen|victim's|neighbou?r's|without the owner)\b",
        r"(?:buy|sell|order|get|smuggle)(?:s|ing)?\b<any>\b(?:heroin|cocaine|meth|fentanyl|mdma|ecstasy|crack|stolen (?:cards|guns)|illegal (?:guns|weapons|drugs)|fake (?:passports?|ids?|documents)|counterfeit (?:money|notes))\b",
        r"(?:write|make|create|spread|deploy|install|code|build)\b<any>\b(?:ransomware|malware|keyloggers?|computer virus|botnet|spyware on|trojan|phishing (?:page|site|kit|email)s?)\b",
        r"(?:serial numbers?) (?:filed|removed|ground) off\b",
    ),
    *_rules(
        "fraud",
        "block",
        r"(?:send|give|tell|read|confirm|share|submit|text|reply with|we need|i need|email|message)(?: us| me| him| her| them| out| in| to){0,4}\b(?! no)(?: your| the| back| all| me| with| us){0,4}<any>\b<secret>\b",
        r"(?:guaranteed|risk[- ]free|sure|certain|100 ?%|secret)\b<any>\b(?:returns?|profits?|income|winnings?|gains?|investment|money back doubled|trading)\b",
        r"(?:double|triple|multiply|10x)(?: up)? your (?:money|bitcoin|crypto|investment|savings|deposit|coins)\b",
        r"(?:send|transfer|wire|deposit|pay|invest)\b<any>\b(?:bitcoin|btc|ethereum|crypto|usdt|gift cards?|western union|money ?gram|itunes cards?|wallet address|\d+ ?(?:dollars|euros|pounds|btc|eth))\b<any>\b(?:now|today|immediately|urgent\w*|within|before|back|release|unlock|bail|double|to (?:claim|receive|get)|or)\b",
        r"(?:you(?:'ve| have)? (?:won|been (?:selected|chosen)|inherited)|claim your (?:prize|reward|inheritance|refund|winnings))\b<any>\b(?:fee|pay|send|click|details|bank|card|confirm|transfer|deposit|claim|million|lottery|now)\b",
        r"(?:mom|mum|mommy|mummy|dad|daddy|grandma|grandpa|granny|son|it's me)\b<any>\b(?:accident|arrested|jail|trouble|hospital|kidnapped|new (?:number|phone)|lost my phone|robbed|stuck|bail)\b<any>(?:[.!?,]\s*<any>)?\b(?:money|send|wire|transfer|bail|pay|cash|gift cards?|dollars|euros)\b",
        r"(?:this is|i am|i'm|calling from|on behalf of|here from)\b<any>\b(?:your bank|the bank|the irs|the tax office|social security|microsoft(?: support)?|apple support|amazon(?: support)?|paypal|the police|customs|the fbi|tech support|the ceo|your ceo|your boss|your manager|medicare|your provider|interpol|the fraud department|hmrc)\b<any>(?:[.!?,]\s*<any>)?(?:[.!?]\s*<any>)?\b(?:suspended|suspicious|arrest|warrant|pay|transfer|wire|verify|refund|gift cards?|immediately|urgent\w*|infected|virus|remote|anydesk|teamviewer|password|account|card|fine|money|owe|confirm|safe account|invoice)\b",
        r"(?:your|the) (?:account|card|computer|payment|package|parcel|social security number|access|profile|subscription)\b<any>\b(?:suspended|locked|blocked|compromised|limited|frozen|on hold|disabled|infected|expired?|terminated)\b<any>(?:[.!?,]\s*<any>)?\b(?:click|call|verify|confirm|pay|log ?in|sign in|link|immediately|within|details|update)\b",
        r"(?:quick|urgent|confidential|secret)\b<any>\b(?:wire transfer|payment|transfer|gift cards?)\b<any>\b(?:don't|do not|tell|nobody|no one|ceo|before|keep|between us|today|now)\b",
        r"(?:don't|do not|never) (?:tell|inform|talk to|call|contact) (?:your (?:family|bank|wife|husband|friends)|anyone|anybody|the police|the bank)\b<any>\b(?:about (?:this|the (?:transfer|payment|money))|until|transfer|send|money|or)\b",
        r"(?:become|get|make you) (?:a )?(?:rich|millionaires?|wealthy|thousands (?:a|per) (?:day|week))\b<any>\b(?:overnight|in (?:a|one|two|three|\d+) (?:days?|weeks?|months?)|fast|quick\w*|guaranteed|without (?:work|risk|effort)|easy|no work|from home)\b",
        r"(?:recruit|invite|bring|sign up) (?:two|three|five|\d+|your|more)? ?(?:friends|people|members|others)\b<any>\b(?:earn|commission|pyramid|money|percent|level|downline)\b<any>\b(?:invest|fee|join|buy[- ]in|deposit|guaranteed|forever)\b",
        r"(?:your|the) (?:parcel|package|delivery)\b<any>\b(?:customs|redelivery|shipping|small)\b ?\w* fee\b",
        r"(?:pretend|pretending|pose|posing|impersonat\w+|claim) (?:to be|as|that you are|you're)?<any>\b(?:the bank|bank employee|police|officer|irs|tech support|doctor|lawyer|grandson|ceo|a relative|microsoft)\b",
    ),
    *_rules(
        "impersonation",
        "review",
        r"(?:i am|i'm|this is|my name is|it's me,?|speaking:?|here is|hello,? i'm|as) (?:the real |your president,? |president |senator |prime minister |chancellor |king |former president )?<leader>\b",
        r"<leader> (?:here|speaking)\b",
        r"(?:in the (?:voice|style) of|pretend(?:ing)? to be|as if (?:i|you) (?:were|was)|impersonat\w+|deepfake of|a message from|an endorsement (?:by|from)) <leader>\b",
        r"(?:i am|i'm|this is|speaking as) (?:the |your )?(?:president|prime minister|chancellor|queen|king) of (?:the )?(?:united states|america|france|russia|china|germany|england|united kingdom|ukraine|india|spain)\b",
        r"<leader>\b<any>\b(?:endorses?|personally recommends?|invested in|uses|approves?|asks? you|urges? you|wants you)\b",
    ),
    *_rules(
        "election",
        "review",
        r"(?:vote|voting|votes) (?:for|against|yes|no|out|him|her|labou?r|republican|democrat|conservative|left|right|trump|biden|harris|green)\b(?! (?:the best|your favou?rite))",
        r"(?:don't|do not|never|stop|no need to) vot(?:e|ing)\b|stay (?:at )?home on election day",
        r"(?:election|vote|ballots?|voting machines?|polls?|polling (?:station|place)s?|mail[- ]in)\b<any>\b(?:rigged|stolen|fraud\w*|hacked|fake|moved|changed|postponed|cancel(?:l)?ed|closed|by (?:text|phone|sms|email)|dead people|illegal\w*|tampered|flipped|switched)\b",
        r"(?:rigged|stole|stolen|steal|hacked|fake|fraudulent|cheat\w*|illegal)\b<any>\b(?:election|votes?|ballots?)\b",
        r"(?:elect|re-elect|reelect|support) (?:me|him|her|us|our candidate|senator|congress\w+|mayor|governor|councillor|<leader>)\b",
        r"(?:my opponent|our opponent|the other candidate|the (?:republicans?|democrats?|tories|labour party|left|right|government|president|prime minister|senator|mayor|governor)) (?:wants? to|will|is going to|has|have|is|are|plans? to)<any>\b(?:destroy|ruin|lie[ds]?|lying|corrupt|betray\w*|take away|steal|crook\w*|failed|traitors?|raise your taxes|open borders)\b",
        r"(?:vote|ballots?|polling|election day)\b<any>\b(?:wednesday|next week|by text|online only|sms|double|twice|not needed|id is not)\b",
        r"(?:paid for by|approved this message|this november,? vote|on election day,? (?:vote|choose|remember)|make .{2,20} great again|take back our country|drain the swamp)\b",
        r"(?:ban|legali[sz]e|abolish|repeal|defund|oppose|support) (?:all )?(?:abortions?|guns?|immigration|the police|gun control|gay marriage|the death penalty|brexit|the (?:bill|referendum|amendment|proposition))\b",
        r"(?:yes|no) (?:on|to) (?:proposition|prop|the referendum|brexit|measure|independence)\b",
    ),
    *_rules(
        "privacy",
        "block",
        r"(?:he|she|they|this (?:man|woman|person|girl|guy)|(?:my |your )?(?:ex|neighbou?r|boss|teacher|colleague)(?: \w+)?|[a-z]+ [a-z]+) (?:lives?|is living|can be found|stays|sleeps|resides?|is staying|lived) (?:at|on|in) (?:number )?\d+\b",
        r"(?:(?:his|her|their|my ex'?s|my neighbou?r'?s) (?:home |private |personal |cell |mobile |real |exact |full )*(?:address|phone|phone number|number|cell|licen[cs]e plate|social security number|medical (?:record|history|file)s?|school|diagnosis|hiv status)) (?:is|shows|says|reads|:)",
        r"(?:here (?:is|are)|leak\w*|publish\w*|post\w*|expos\w+|share|find|reveal\w*|release|get)\b<any>\b(?:his|her|their|'s|someone's|people's) (?:home |private |personal |real |medical )*(?:address(?:es)?|phone numbers?|passwords?|medical (?:records?|history)|private (?:messages|photos|chats)|social security numbers?|location|identity|diagnosis|emails and)\b",
        r"(?:dox(?:x)?(?:ing|ed)?)\b<any>\b(?:him|her|them|this|address|people|we|let's|everyone)\b",
        r"(?:track|follow|spy on|stalk|secretly (?:record|film|watch)|listen to|read)(?:ing|s)? (?:your|my|his|her|their|a) (?:ex|wife|husband|girlfriend|boyfriend|partner|neighbou?r|employee)s?(?:'s?)?\b<any>\b(?:phone|location|messages|without|secretly|gps|calls|them knowing|her knowing|his knowing|house|home|move)\b",
        r"(?:go|show up|wait|visit|turn up)\b<any>\b(?:his|her|their) (?:house|home|school|workplace|apartment|door)\b<any>\b(?:tonight|scare|teach|lesson|make|confront|harass|pay)\b",
    ),
    *_rules(
        "harassment",
        "block",
        r"(?:you|he|she|they)(?:'re| are|'s| is)? (?:all |just |such |nothing but |really |so |a |an |the |fucking |complete |total |absolute |utter |pathetic |stupid |ugly |fat |worthless |disgusting |useless |dumb |little |most )+(?:idiots?|morons?|losers?|whores?|sluts?|bitch(?:es)?|pigs?|cows?|trash|garbage|failures?|freaks?|scum|retards?|imbeciles?|cunts?|pieces? of (?:shit|trash|garbage|crap|filth)|waste of (?:space|oxygen|air|life|skin)|disgrace|joke of a|dumbass\w*|asshole\w*|dickheads?|worm|rat|creature|nobody|person alive|excuse for)\b",
        r"(?:you|he|she)(?:'re| are|'s| is) (?:so |just |really |too |absolutely |completely )*(?:ugly|worthless|pathetic|disgusting|fat and|stupid and|useless and|repulsive|hideous|brainless|a nobody|a loser|an idiot|a moron|a whore|a slut|a bitch|a failure|a pig|dumb as)\b",
        r"(?:nobody|no one|everyone|everybody) (?:likes|loves|wants|cares about|hates|despises|laughs at) (?:you|her|him)\b(?<!nobody wants you)",
        r"(?:shut up|shut your mouth|fuck (?:you|off)|go to hell|screw you|drop dead|piece of shit|son of a bitch|kiss my ass|eat shit)\b",
        r"(?:let's|let us|everyone|join me|together we|we should all|please all)(?: all)? (?:mock|bully|humiliate|shame|harass|troll|laugh at|make fun of|ridicule|destroy|ruin|gang up on|spam|mass report)\b<any>\b(?:him|her|them|this|\w+'s|the new|that|it|our)\b",
        r"(?:fat|ugly|stupid|dumb|crazy|lying|nasty|filthy) (?:bitch|whore|slut|cow|pig|hag|cunt|loser|idiot|moron)(?:es|s)?\b",
    ),
    *_rules(
        "medical",
        "review",
        r"(?:cures?|heals?|reverses?|eliminates?|treats?|gets? rid of|wipes? out)\b<any>\b(?:cancer|diabetes|autism|hiv|aids|alzheimer'?s|covid|depression|tumou?rs?|parkinson'?s|herpes|multiple sclerosis|heart disease|asthma|epilepsy|infertility)\b",
        r"(?:miracle|secret|natural|guaranteed|instant) (?:cure|remedy|treatment|healing|pill|drug)s?\b",
        r"(?:doctors|big pharma|they|the government)\b<any>\b(?:don't|do not|doesn't) want you to know\b",
        r"(?:stop|quit|throw away|refuse|skip)(?: taking)?\b<any>\b(?:insulin|chemo\w*|antidepressants?|vaccines?|vaccinations?|your medication|your medicine|prescri\w+)\b<any>\b(?:because|and|instead|today|now|natural\w*|poison\w*|need)\b",
        r"(?:vaccines?|vaccination|5g|the jab)\b<any>\b(?:cause[sd]?|kills?|poison\w*|microchips?|autism|sterili\w+|change your dna|depopulat\w+|contain trackers?)\b",
        r"(?:lose|drop|burn) \d+ (?:pounds|kilos|kg|lbs) (?:in|within) (?:a|one|two|three|\d+) (?:days?|week)\b",
        r"(?:as|i am|i'm) (?:a |your )?(?:licensed |certified |medical |qualified |board-certified )*(?:doctor|physician|financial advis[eo]r|lawyer|attorney|psychiatrist)\b<any>\b(?:recommend|advise|prescribe|guarantee|promise|tell you|diagnos\w+)\b",
        r"(?:drink|inject|inhale|swallow)(?:ing)? (?:bleach|hydrogen peroxide|turpentine|colloidal silver|methanol|disinfectant|ivermectin)\b",
    ),
    *_rules(
        "profanity",
        "review",
        r"(?:fuck\w*|motherfuck\w*|shit(?:s|ty|head\w*|ting)?|bullshit|bitch(?:es)?|assholes?|dick ?heads?|cunts?|whores?|sluts?|wank\w*|bastards?|bollocks|twats?|pricks\b|tits|boobs|jerk(?:ing)? off|arseholes?)\b",
        r"(?:horny|orgasms?|masturbat\w+|erections?|vibrators?|fetish\w*|bdsm|threesomes?|nudes|striptease|strippers?|one[- ]night stand|sex toys?|sexting|kinky|make love|making love|foreplay|lap ?dances?)\b",
    ),
]
