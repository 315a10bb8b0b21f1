import time

import pytest

from actions.languages import is_foreign


@pytest.mark.parametrize(
    "text",
    [
        "¿Dónde está mi pedido?",
        "Wo ist meine Bestellung DM-482913?",
        "Où est ma commande ?",
        "Quero cancelar a encomenda",
        "Gdzie jest moje zamówienie?",
        "注文はどこですか？",
        "注文DM-482913はどこ",
        "내 주문이 어디에 있나요?",
        "Где мой заказ?",
        "أين طلبي؟",
    ],
)
def test_other_languages_are_noticed(text):
    assert is_foreign(text)


@pytest.mark.parametrize(
    "text",
    [
        "where is my order DM-482913",
        "refund???",
        "wheres my pacakge",
        "ok",
        "DM-482913",
        "alice.schmidt@beispiel.de",
        "我的订单到哪了",
        "我の订单呢",
        "👍",
        "",
        "ＷＨＥＲＥ ＩＳ ＭＹ ＯＲＤＥＲ",
    ],
)
def test_english_chinese_and_no_words_are_not_foreign(text):
    assert not is_foreign(text)


@pytest.mark.parametrize("text", ["a" * 10_000, "1" + "a" * 9_999, "x@" * 5_000])
def test_endless_word_is_read_in_no_time(text):
    is_foreign("the models are loaded")
    started = time.thread_time()
    is_foreign(text)
    assert time.thread_time() - started < 5
