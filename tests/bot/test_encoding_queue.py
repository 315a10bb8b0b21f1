import asyncio

import numpy as np
import pytest
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message

from bot.encoding_queue import MAX_BATCH, MAX_KEPT, EncodingQueue, Vectors
from bot.sentence_encoder import (
    ENGLISH_ALIAS,
    SentenceEncoder,
    encode,
    encode_both,
    encoding_queue,
    find_vector,
)


@pytest.fixture
def batches():
    return []


@pytest.fixture
def queue(batches):
    """A queue whose vectors are the length of each text."""

    def encode_lengths(texts):
        batches.append(list(texts))
        lengths = np.array([[len(text)] for text in texts], np.float32)
        return Vectors(lengths, -lengths)

    return EncodingQueue(encode_lengths)


async def test_what_waits_together_is_encoded_together(queue, batches):
    texts = [f"text {n}" for n in range(MAX_BATCH + 4)]
    await asyncio.gather(*map(queue.prepare, texts))
    assert [text for batch in batches for text in batch] == texts
    assert len(batches) <= 3
    assert max(map(len, batches)) <= MAX_BATCH
    assert queue.find("text 10").multilingual == [7]
    assert queue.find("text 10").english == [-7]


async def test_a_text_known_lately_is_not_encoded_again(queue, batches):
    await asyncio.gather(queue.prepare("hi"), queue.prepare("hi"))
    await queue.prepare("hi")
    assert batches == [["hi"]]


async def test_only_the_latest_texts_are_kept(queue):
    for n in range(MAX_KEPT + 1):
        await queue.prepare(f"{n}")
    assert queue.find("0") is None
    assert queue.find("1") is not None


async def test_one_who_gives_up_leaves_the_others_their_vectors(queue):
    waiting = [asyncio.create_task(queue.prepare("hello")) for _ in range(2)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    await asyncio.wait_for(waiting[1], 5)
    assert queue.find("hello") is not None


async def test_what_cannot_be_encoded_is_left_to_the_pipeline():
    def fail(texts):
        raise ValueError(texts)

    queue = EncodingQueue(fail)
    await asyncio.wait_for(queue.prepare("hello"), 5)
    assert queue.find("hello") is None


async def test_the_pipeline_takes_what_was_prepared(storage, resource, context):
    config = SentenceEncoder.get_default_config()
    encoder = SentenceEncoder.create(config, storage, resource, context)
    text = "is my parcel lost in the post?"
    (alone,) = encoder.process([Message({TEXT: text})])
    others = ["hello", "我的订单在哪里", "a much longer message " * 40]
    await asyncio.gather(*map(encoding_queue().prepare, [text, *others]))
    (prepared,) = encoder.process([Message({TEXT: text})])
    for alias in ("sentence_encoder", ENGLISH_ALIAS):
        expected = find_vector(alone, alias)
        assert find_vector(prepared, alias) == pytest.approx(expected, abs=1e-5)


def test_a_message_is_encoded_alike_in_any_company():
    texts = ["where is it?", "取消我的订单", "word " * 300]
    together = encode_both(texts)
    for row, text in enumerate(texts):
        alone = encode_both([text])
        assert together.multilingual[row] == pytest.approx(
            alone.multilingual[0], abs=1e-5
        )
        assert together.english[row] == pytest.approx(alone.english[0], abs=1e-5)
    assert encode(texts) == pytest.approx(together.multilingual, abs=1e-6)
