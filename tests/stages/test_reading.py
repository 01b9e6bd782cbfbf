"""What a careful reader would say: each kind of thing that is written otherwise than it is spoken, and what only looks like it."""

from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rendering.stages import reading, script
from rendering.values import BadInput

AMERICAN = [
    # units
    ('The heater draws 10 kW, then 2-5 kW.', 'The heater draws ten kilowatts, then two to five kilowatts.'),
    ('One server needs 0kW at night and -3 kW never.', 'One server needs zero kilowatts at night and minus three kilowatts never.'),
    ('Add 2 tbsp of oil, 1 tsp of salt and 250 ml of milk.', 'Add two tablespoons of oil, one teaspoon of salt and two hundred fifty milliliters of milk.'),
    ('It weighs 3.5KG and runs at 60 FPS.', 'It weighs three point five kilograms and runs at sixty frames per second.'),
    ('The plot has 41 m², the tank 12 m³, the park 2 km².', 'The plot has forty-one square meters, the tank twelve cubic meters, the park two square kilometers.'),
    ('It falls at 9.8 m/s² and reads 100 MB/s.', 'It falls at nine point eight meters per second squared and reads one hundred megabytes per second.'),
    ('We burn 5 l/100km.', 'We burn five liters per one hundred kilometers.'),
    ('He took 100 mg/dL for normal.', 'He took one hundred milligrams per deciliter for normal.'),
    ('It is 20℃ in here and -5 °C outside.', 'It is twenty degrees Celsius in here and minus five degrees Celsius outside.'),
    ('We moved 100 million kg in 5 million km.', 'We moved one hundred million kilograms in five million kilometers.'),
    ('The pipe is 6" wide, the monitor 32".', 'The pipe is six inches wide, the monitor thirty-two inches.'),
    ('Cut 3 in. of it, then 12in more.', 'Cut three inches of it, then twelve inches more.'),
    ('He is 6\'2, she is 5\'11", the door 7 ft. high.', 'He is six foot two, she is five foot eleven, the door seven feet high.'),
    ('A 5 ft 11 in player and a 5ft6 one.', 'A five foot eleven player and a five foot six one.'),
    # describing
    ('Pay with a $5 note, a $100k salary or a £10 voucher.', 'Pay with a five dollar note, a one hundred thousand dollar salary or a ten pound voucher.'),
    ('Take a 5kg bag on a 10 km run with a 2 GB file.', 'Take a five kilogram bag on a ten kilometer run with a two gigabyte file.'),
    ('It is a $20-a-month plan with a 7.2-millimeter bolt.', 'It is a twenty dollar-a-month plan with a seven point two-millimeter bolt.'),
    ('Take 5 kg of rice and walk 10 km today.', 'Take five kilograms of rice and walk ten kilometers today.'),
    ('The 5 kg are heavy, and so are 10 lbs.', 'The five kilograms are heavy, and so are ten pounds.'),
    ('A 12pt font, a 90° angle, 16GB RAM.', 'A twelve point font, a ninety degree angle, sixteen gigabyte RAM.'),
    # scales
    ('We have 10K followers, 2M views and 1.2B people.', 'We have ten thousand followers, two million views and one point two billion people.'),
    ('It was 250k, then 3.7bn, then 5T.', 'It was two hundred fifty thousand, then three point seven billion, then five trillion.'),
    ('1.5m users ran 5m in 3 s.', 'one point five million users ran five meters in three seconds.'),
    ('He ran a 5k run and a 10K race in 4K video.', 'He ran a five K run and a ten K race in four K video.'),
    ('My 401k and my 401(k).', 'My four oh one K and my four oh one K.'),
    # decades
    ("80s music, the '90s, her late 60s and the 1980s.", 'eighties music, the nineties, her late sixties and the nineteen eighties.'),
    ('The 1960s-70s and the mid-80s.', 'The nineteen sixties to seventies and the mid-eighties.'),
    # ranges
    ('Open 9am-5pm, Mon-Fri, May 5-7.', 'Open nine A.M. to five P.M., Monday to Friday, May fifth to seventh.'),
    ('From 3–4pm, 8:00–9:30 or noon–1pm.', "From three to four P.M., eight o'clock to nine thirty or noon to one P.M."),
    ('It rose 10%-15%, to 40–60°C, for $1M-$2M.', 'It rose ten to fifteen percent, to forty to sixty degrees Celsius, for one million dollars to two million dollars.'),
    ('In 2019-2023 and 1914–18, chapters A-Z.', 'In twenty nineteen to twenty twenty-three and nineteen fourteen to eighteen, chapters A to Z.'),
    ('We take 2-3 days and won 3-1.', 'We take two to three days and won three one.'),
    ('Q1-Q3, Jan-Mar and 5-7 May.', 'Q one to Q three, January to March and the fifth to the seventh of May.'),
    # slashes
    ('Meet me on 10/12 or by 5/1.', 'Meet me on October twelfth or by May first.'),
    ('It was 50/50, then 80/20, after 9/11.', 'It was fifty fifty, then eighty twenty, after nine eleven.'),
    ('We got 4.5/5, 5/5 stars and 9/10 people.', 'We got four point five out of five, five out of five stars and nine out of ten people.'),
    ('Eat 3/4 of it, cut 1/3rd, add 2 1/2 cups.', 'Eat three quarters of it, cut one third, add two and a half cups.'),
    ('It costs $10/month, $5/user/month or £10/wk.', 'It costs ten dollars per month, five dollars per user per month or ten pounds per week.'),
    ('Drive 60 miles/hour, 365 days/year.', 'Drive sixty miles per hour, three hundred sixty-five days per year.'),
    ('His pressure was 120/80 mmHg in 2024/25.', 'His pressure was one twenty over eighty millimeters of mercury in twenty twenty-four twenty-five.'),
    ('Yes and/or no, he/she, upgrade / update.', 'Yes and or no, he she, upgrade slash update.'),
    # money
    ('It is $20.5, $.50, $0.99 or -$5.', 'It is twenty dollars and fifty cents, fifty cents, ninety-nine cents or minus five dollars.'),
    ('Pay CHF 200, AU$50, HK$5 or R$50.', 'Pay two hundred Swiss francs, fifty Australian dollars, five Hong Kong dollars or fifty Brazilian reais.'),
    ('₩460 billion, 1.200,50 EUR, $5 CAD and 50 kr.', 'four hundred sixty billion won, one thousand two hundred euros and fifty cents, five Canadian dollars and fifty kroner.'),
    ('£1.111 and $3.5 million.', 'one point one one one pounds and three point five million dollars.'),
    # separators
    ("1 000 000 people, 10 000 dogs, 1'000 cats, 3,14 of them.", 'one million people, ten thousand dogs, one thousand cats, three point one four of them.'),
    ('Options 1,2 and 3.', 'Options one,2 and three.'),
    # dates
    ('On 28.11.2024, on 2024-11-28, on 2016/07/03 and on Jan-15-2020.', 'On the twenty-eighth of November, twenty twenty-four, on November twenty-eighth, twenty twenty-four, on July third, twenty sixteen and on January fifteenth, twenty twenty.'),
    ('july 4, 4 july, SEPT. 15 and MAY 5 2025.', 'July fourth, the fourth of July, September fifteenth and May fifth, twenty twenty-five.'),
    ("Nov 2024, Nov '24, Q4'24, 1Q24 and 05/2025.", 'November twenty twenty-four, November twenty twenty-four, Q four twenty twenty-four, first quarter twenty twenty-four and May twenty twenty-five.'),
    ('The file is of 2024-11-28T13:45:00Z, week 2024-W48.', 'The file is of November twenty-eighth, twenty twenty-four, thirteen forty-five U.T.C., week week forty-eight of twenty twenty-four.'),
    ('By 01/07/98 and in the year 2100.', 'By January seventh, ninety-eight and in the year twenty-one hundred.'),
    ('You may 5 times, in march 3 of us.', 'You may five times, in march three of us.'),
    # times
    ('At 5.30pm, 17h30, 1:45:30 and 7:30ish.', 'At five thirty P.M., seventeen thirty, one hour forty-five minutes and thirty seconds and seven thirty-ish.'),
    ('At 24:00, 00:15 or 14:05, a 4:30 min mile.', 'At midnight, twelve fifteen A.M. or fourteen oh five, a four thirty minute mile.'),
    ('It took 3h 20m. See John 3:16 and Genesis 1:1-3.', 'It took three hours twenty minutes. See John three sixteen and Genesis one, one to three.'),
    ('1:59 p.m. EST', 'one fifty-nine P.M. E.S.T.'),
    # counts and years
    ('In 1204 rooms, 1024 bytes and 1984 units.', 'In one thousand two hundred four rooms, one thousand twenty-four bytes and one thousand nine hundred eighty-four units.'),
    ('In 1984 we had 1985 seats; it costs 1999 dollars.', 'In nineteen eighty-four we had one thousand nine hundred eighty-five seats; it costs one thousand nine hundred ninety-nine dollars.'),
    ('In 2024 people came. A 2024 report.', 'In twenty twenty-four people came. A twenty twenty-four report.'),
    # names of digits
    ('Call 911, ZIP 90210, PIN 4821, card ending in 4242.', 'Call nine one one, ZIP nine zero two one zero, PIN four eight two one, card ending in four two four two.'),
    ('Room 101, Flight 370, error 404, Boeing 747, Apt. 4B.', 'Room one oh one, Flight three seventy, error four oh four, Boeing seven forty-seven, Apartment four B.'),
    ('192.168.1.10 on localhost:8000, port 443.', 'one nine two dot one six eight dot one dot one zero on localhost eight thousand, port four forty-three.'),
    ('1-800-FLOWERS, 123-45-6789, 9-1-1 and 7-7-7.', 'one, eight hundred, Flowers, one two three, four five, six seven eight nine, nine one one and seven seven seven.'),
    ('Your code is ab9453.', 'Your code is A.B. nine four five three.'),
    # minus
    ('GMT-5, UTC+2, 10 - 3 = 7, 5−3 and –5.', 'G.M.T. minus five, U.T.C. plus two, ten minus three equals seven, five minus three and minus five.'),
    ('10^-3, 1e-5, an A- and a B- grade.', 'ten to the power of minus three, one E minus five, an A minus and a B minus grade.'),
    ('A- minus is A-.', 'A- minus is A-.'),
    # maths
    ('2^10, x² + y², 6.022×10²³, 10⁶.', 'two to the power of ten, X squared plus Y squared, six point zero two two times ten to the power of twenty-three, ten to the power of six.'),
    ('x != y, a >= b, 2x + 3y, f(x) = 2x.', 'X does not equal Y, a is greater than or equal to B, two X plus three Y, F of X equals two X.'),
    ('√2, 1½, 2¼ and H₂O at 16:9.', 'the square root of two, one and a half, two and a quarter and H two O at sixteen by nine.'),
    ('2*3*4 and 2 * 3', 'two times three times four and two times three'),
    # short forms
    ('Max. 5 people, avg. price, incl. tax, ext. 5.', 'Maximum five people, average price, including tax, extension five.'),
    ('I met Max. He left.', 'I met Max. He left.'),
    ('See p. 12, ch. 5, fig. 3 and nos. 3 and 4.', 'See page twelve, chapter five, figure three and numbers three and four.'),
    ('Roe v. Wade, a.k.a. Bob, P.S. I love you.', 'Roe versus Wade, also known as Bob, P.S. I love you.'),
    ('Maj. Tom, Mme. Curie, John Smith Esq., w/o me, b/c of it.', 'Major Tom, Madame Curie, John Smith Esquire, without me, because of it.'),
    ('eg this, ie that, ca. 1850, c. 1850.', 'for example this, that is that, circa eighteen fifty, circa eighteen fifty.'),
    # streets
    ('1428 Elm St. It was a house.', 'fourteen twenty-eight Elm Street. It was a house.'),
    ('Oak Dr. The shop.', 'Oak Drive. The shop.'),
    ('Dr. Who met St. James on St. James St. in 1999.', 'Doctor Who met Saint James on Saint James Street in nineteen ninety-nine.'),
    ('She saw the Dr. He was kind.', 'She saw the Doctor. He was kind.'),
    ('12 S 1st st and W 34th St today.', 'twelve South first Street and West thirty-fourth Street today.'),
    ('123 Main St, Springfield, IL 62704.', 'one twenty-three Main Street, Springfield, Illinois six two seven zero four.'),
    # roman
    ('Henry VIII, Super Bowl LVIII, Rocky III and Type I error.', 'Henry the eighth, Super Bowl fifty-eight, Rocky three and Type one error.'),
    ('Pope John Paul II, XX century, MMXXIV, Chapter IV.', 'Pope John Paul the second, twentieth century, twenty twenty-four, Chapter four.'),
    ('I am in the CD DC MIX, size XL; Malcolm X and Type C.', 'I am in the CD DC MIX, size XL; Malcolm X and Type C.'),
    # codes
    ('v2.1, 1080p, 720p60, C3PO, B2B, S02E05, H.264.', 'version two point one, ten eighty P, seven twenty P sixty, C three P.O., B two B, season two episode five, H two sixty-four.'),
    ('top-10, 1-on-1, mid-2024, COVID-19, SARS-CoV-2, Web3, SAVE20.', 'top-ten, one-on-one, mid-twenty twenty-four, COVID nineteen, SARS CoV two, Web three, SAVE twenty.'),
    # F00AA, #2024goals, @jane_doe99, README.md, 0x1F.
    ('5G, 4K, A320, MP4, GPT-4, B-52.', 'five G, four K, A three twenty, M.P. four, G.P.T. four, B fifty-two.'),
    # addresses
    ('See acme.store, docs.acme.cloud/guide, bit.ly/3xYz and www.example.com.', 'See acme dot store, docs dot acme dot cloud slash guide, bit dot L.Y. slash three xYz and W.W.W. dot example dot com.'),
    ('Mail jane.doe@example.com. The end.Then more.', 'Mail jane dot doe at example dot com. The end.Then more.'),
    # letters
    ('Team A, Q&A, From A to Z, Grade A beef.', 'Team A, Q and A, From A to Z, Grade A beef.'),
    ('A man, a plan. A/B testing.', 'A man, a plan. A B testing.'),
]  # fmt: skip
BRITISH = [
    ('It was on 3/4/2024, that is on 28/11.', 'It was on the third of April, twenty twenty-four, that is on the twenty-eighth of November.'),
    ('March 5, 2024 and July 4 at 14:05.', 'March fifth, twenty twenty-four and July fourth at fourteen oh five.'),
    ('We have 120 people and 1,205 km to go.', 'We have one hundred and twenty people and one thousand two hundred and five kilometres to go.'),
    ('Call 020 7946 0958 about the 10p coin.', 'Call oh two oh, seven nine four six, oh nine five eight about the ten pence coin.'),
    ('He is 6 ft 2 in tall and drinks 5 l of milk.', 'He is six foot two tall and drinks five litres of milk.'),
    ('On 01.10.2010 it cost £4.20.', 'On the first of October, twenty ten it cost four pounds and twenty pence.'),
]  # fmt: skip


def spoken(text, language):
    line = script.run(text, markup="text", language=language)
    return " ".join(" ".join(sentence.text for sentence in line.sentences).split())


@pytest.mark.parametrize(("text", "words"), AMERICAN)
def test_american_english_is_read_as_a_careful_reader_would(text, words):
    assert spoken(text, "en-US") == words


PIECES = [
    *"0123456789abcxyzABCDIVXM .,;:/-–—−'\"()[]<>*_~#@&%$£€°²³⁻⁴₂½+=^!?|×’”″′\n",
    *(
        "km",
        "kg",
        " am",
        "pm ",
        "St. ",
        "Dr. ",
        "May ",
        "Jan",
        "1/2",
        "2024",
        "10:30",
        "th",
        "www.",
    ),
    *(
        "a.com",
        "XIV",
        "10^",
        "m²",
        "e\u0301",
        "𝗕",
        "ﬁ",
        "<br>",
        "&amp;",
        "[pause 1s]",
        "😀",
        "中",
        "Ⅳ",
        "٣",
    ),
]


@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=40).map("".join))
@settings(max_examples=400, deadline=None)
def test_any_line_is_read_or_refused_in_a_sentence(text):
    for markup in ("markdown", "text"):
        for language in ("en-US", "en-GB"):
            try:
                line = script.run(text, markup=markup, language=language)
            except BadInput:
                continue
            assert all(0 <= g.start < g.end <= len(text) for g in line.guesses)


@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join), st.booleans())
@settings(max_examples=300, deadline=None)
def test_no_rule_is_left_out_where_it_matches(text, british):
    everywhere = [(pattern, say, ()) for pattern, say, _ in reading._rules(british)]
    with mock.patch.object(reading, "_rules", return_value=everywhere):
        expected = reading.readings(text, british=british)
    assert reading.readings(text, british=british) == expected


@pytest.mark.parametrize(("text", "words"), BRITISH)
def test_british_english_is_read_as_a_careful_reader_would(text, words):
    assert spoken(text, "en-GB") == words


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Nancy lived at 1428 Elm St. It was a house.", 2),
        ("Take Oak Dr. The shop is there.", 2),
        ("She saw the Dr. He was kind.", 2),
        ("We saw Dr. The and St. James.", 1),
        ("He is 6 ft. tall. So is she.", 2),
        ("Roe v. Wade, see p. 12 or Nos. 3 and 4.", 1),
        ("We met a.k.a. Bob at 5 p.m. Then we left.", 2),
        ("Done at 2pm ET. Thanks.", 2),
    ],
)
def test_the_full_stop_of_a_short_form_ends_a_sentence_where_one_ends(text, sentences):
    assert len(script.run(text, markup="text").sentences) == sentences


@pytest.mark.parametrize(
    ("pasted", "plain"),
    [
        ("𝗕𝗼𝗹𝗱 and 𝘪𝘵𝘢𝘭𝘪𝘤, 𝟮𝟬 times", "Bold and italic, 20 times"),
        ("Ｆｕｌｌ ｗｉｄｔｈ", "Full width"),
        ("e\u0301clair and nai\u0308ve", "éclair and naïve"),
        ("ﬁne ﬂow, Chapter Ⅳ", "fine flow, Chapter IV"),
        ("on 2024\u201111\u201128 for 10\u00a0km", "on 2024-11-28 for 10 km"),
        ("1\u202f000 people", "1 000 people"),
        ("one\u2028two\u2029three\vfour", "one two three four"),
    ],
)
def test_pasted_text_reads_as_its_plain_twin(pasted, plain):
    assert spoken(pasted, "en-US") == spoken(plain, "en-US")


def test_a_warning_stands_under_the_letters_that_were_pasted():
    text = "e\u0301e\u0301 𝗮 中 b"
    warning = script.run(text, markup="text").warnings[0]
    assert text[warning.start : warning.end] == "中"


@pytest.mark.parametrize(
    ("markdown", "words"),
    [
        ("a<br>b", "a b"),
        ("one<p>two</p>three", "one two three"),
        ("Tom &amp; Jerry&nbsp;ran &lt; 5", "Tom and Jerry ran less than five"),
        (">50 people came", "greater than fifty people came"),
        ("> A quotation", "A quotation"),
        ("2*3*4 is *not* 9", "two times three times four is not nine"),
        ('Say <say-as interpret-as="characters">AB</say-as> now', "Say A, B now"),
        ('<sub alias="World Wide Web">WWW</sub> wide', "World Wide Web wide"),
        ("H<sub>2</sub>O and <b>bold</b> words", "H two O and bold words"),
    ],
)
def test_tags_and_entities_in_markdown_mean_what_they_say(markdown, words):
    line = script.run(markdown)
    assert " ".join(" ".join(sentence.text for sentence in line.sentences).split()) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("h ₂[pause 1s]We go", "h two We go"),
        ("2₂", "two two"),
        ("a⓵b ⑤", "a one b five"),
        ("9am-٣pm, ٣ km", "nine A.M. to three P.M., three kilometers"),
        (
            "⅔ of it, 2 ¾ cups and ½ km",
            "two thirds of it, two and three quarters cups and one half kilometer",
        ),
    ],
)
def test_numbers_of_other_signs_and_scripts_are_read_and_stay_apart(text, words):
    line = script.run(text, supports=frozenset(["break"]))
    assert " ".join(" ".join(s.text for s in line.sentences).split()) == words


def test_an_unknown_tag_is_named_and_parts_words():
    line = script.run("Hello<name>there")
    assert line.sentences[0].text.split() == ["Hello", "there"]
    assert "<name>" in line.warnings[0].message


def test_a_stage_direction_in_brackets_brings_up_a_question():
    (warning,) = script.run("Hello. (pause) There.").warnings
    assert "Should (pause) be done and not said?" in warning.message
    assert script.run("Hello (there).").warnings == ()


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("[pause 2 seconds]", 2), ("[pause: 1s]", 1), ("[break 1s]", 1), ("[PAUSE 1s]", 1), ("[pause 1sec]", 1),
        ("[pause 0,5s]", 0.5), ("[pause 300 ms]", 0.3), ("[pause]", 0.5),
    ],
)  # fmt: skip
def test_pauses_are_taken_as_people_write_them(written, seconds):
    line = script.run(f"One {written} two.")
    assert [span.pause for span in line.sentences[0].spans if span.pause] == [seconds]
    assert line.warnings == () or all(w.code == "not_supported" for w in line.warnings)
