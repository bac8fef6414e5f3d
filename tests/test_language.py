from __future__ import annotations

import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from cleaner.language import SAMPLE_CHARS, detect, iso_639_1, probabilities

TEXTS = {
    "en": "The council met on Thursday to discuss the repair of the old bridge over the river.",
    "de": "Der Gemeinderat hat am Dienstag beschlossen, die alte Mühle am Fluss zu sanieren.",
    "fr": "Les pêcheurs ont quitté le port avant l'aube malgré le vent qui soufflait très fort.",
    "es": "Los agricultores esperaban la lluvia desde hacía meses y temían perder la cosecha.",
    "ru": "Жители деревни ждали дождя почти три месяца и копали новые колодцы у реки.",
    "ar": "انتظر سكان القرية المطر أكثر من ثلاثة أشهر قبل أن يزرعوا القمح في الحقول.",
    "hi": "गाँव के लोग तीन महीने से बारिश का इंतज़ार कर रहे थे और नए कुएँ खोद रहे थे।",
    "ja": "村の人々は三か月のあいだ雨を待ち、新しい井戸を掘りました。",
    "zh": "村民们等了三个月的雨，然后在山脚下挖了一口新井。",
    "ko": "마을 사람들은 석 달 동안 비를 기다리며 새 우물을 팠다고 말했다.",
    "th": "ชาวบ้านรอฝนมานานกว่าสามเดือนก่อนจะเริ่มปลูกข้าวในนา",
    "ka": "სოფლის მოსახლეობა სამი თვე ელოდა წვიმას.",
    "hy": "Գյուղի բնակիչները երեք ամիս սպասում էին անձրևի։",
    "el": "Οι κάτοικοι του χωριού περίμεναν τη βροχή για τρεις μήνες.",
    "he": "תושבי הכפר חיכו לגשם יותר משלושה חודשים.",
    "am": "የመንደሩ ነዋሪዎች ለሦስት ወራት ዝናብ ሲጠብቁ ነበር።",
}


@pytest.mark.parametrize("code", TEXTS)
def test_detects(code: str) -> None:
    assert detect(TEXTS[code]) == code


@pytest.mark.parametrize(
    "text", ["", "   \n", "ok", "12:30 – 14:00", "😀🎉", "Café", "\ud800", "x" * 15]
)
def test_undecidable_is_none(text: str) -> None:
    assert detect(text) is None


def test_two_letters() -> None:
    assert [iso_639_1(code) for code in ("jpn", "prs", "de", "sag", "und")] == [
        "ja", "fa", "de", "sag", "und",
    ]  # fmt: skip


def test_a_foreign_name_does_not_decide() -> None:
    assert detect(TEXTS["en"] + " 대한민국") == "en"
    assert detect(TEXTS["ko"] + " (World Bank)") == "ko"


LETTERS = {
    "kk": "Ауыл тұрғындары үш айдан астам жаңбыр күтіп, өзен жағасында жаңа құдықтар қазды.",
    "sr": "Сељаци су више од три месеца чекали кишу и већ су копали нове бунаре крај реке, каже"
    " учитељ који ће идуће године отићи у пензију. Између кућа расте трава.",
    "be": "Жыхары вёскі чакалі дажджу амаль тры месяцы, капалі новыя калодзежы каля ракі і"
    " вазілі ваду ў бочках, а ўвосень дождж пайшоў.",
    "mn": "Тосгоныхон гурван сар гаруй бороо хүлээж, голын эрэг дээр шинэ худаг ухсан гэж өвгөн"
    " өгүүлэв.",
    "az": "Kənd sakinləri üç aydan çox yağış gözlədilər və çayın sahilində yeni quyular qazdılar.",
    "is": "Þorpsbúar biðu eftir rigningu í meira en þrjá mánuði og grófu nýja brunna við ána.",
}


@pytest.mark.parametrize("code", LETTERS)
def test_letters_tell_languages_without_a_profile(code: str) -> None:
    assert next(iter(probabilities(LETTERS[code]).items())) == (code, 1.0)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("ru", f"{TEXTS['ru']} Об этом говорит и Қасым-Жомарт Тоқаев, который бывал там."),
        ("ru", f"{TEXTS['ru']} Об этом писал и Васіль Быкаў, который бывал там."),
        ("en", f"{TEXTS['en']} Ilham Əliyev and Heydər Əliyev were there on the day before."),
        ("en", f"{TEXTS['en']} Guðni Þorláksson was there and spoke of the day before."),
        ("en", f"{TEXTS['en']} Ђорђе Петровић was there, too."),
    ],
)
def test_the_letters_of_a_quoted_name_do_not_decide(code: str, text: str) -> None:
    assert detect(text) == code


def test_same_answer_in_any_order_and_in_threads() -> None:
    texts = [*TEXTS.values(), "Musik hotel taxi radio internet", "la casa de la luna es"]
    expected = {text: probabilities(text) for text in texts}
    shuffled = texts * 4
    random.Random(1).shuffle(shuffled)
    random.seed(99)
    with ThreadPoolExecutor(4) as pool:
        for text, found in zip(shuffled, pool.map(probabilities, shuffled), strict=True):
            assert found == expected[text]


def test_only_a_sample_is_read() -> None:
    english = TEXTS["en"] * 40
    assert detect(english) == "en"
    huge = TEXTS["en"] * 20_000
    assert len(huge) > 100 * SAMPLE_CHARS
    assert detect(huge) == "en"


def test_langdetect_is_imported_late_and_its_settings_are_left_alone() -> None:
    code = (
        "import sys, cleaner.language as language\n"
        "assert 'langdetect' not in sys.modules\n"
        "import langdetect\n"
        f"language.detect({TEXTS['de']!r})\n"
        "assert langdetect.DetectorFactory.seed is None\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
