"""What a request costs by the tokens that the provider booked, and what it may cost before it is sent."""

from __future__ import annotations

import json
from decimal import ROUND_CEILING, Decimal

from engine.vlm.image import Image, size_of
from engine.vlm.model import ROWS_OF, ImageTokens, Model
from engine.vlm.question import Question
from engine.vlm.wire import Tokens

_MILLION = 1_000_000
_LETTERS = 4  # characters a token, a rule of thumb for English
_VALUE = 40  # tokens of {"value": …, "printed": …, "confidence": …} under a property name; a guess
_ROWS = 12  # rows of a table on a page; a guess


def cost(model: Model, tokens: Tokens) -> Decimal | None:
    """US dollars of a request, None where the price is unknown.

    The row's own prices win; cached input counts in full there, since a row has no price for it. Otherwise the
    price list that comes with genai-prices is asked, which reads no network. What a server of one's own or an
    OpenAI-compatible one costs, only a row can tell.
    """
    if model.input_price is not None and model.output_price is not None:
        return (tokens.input * model.input_price + tokens.output * model.output_price) / _MILLION
    return None if model.provider == "openai-compatible" else _listed(model, tokens)


def _listed(model: Model, tokens: Tokens) -> Decimal | None:
    from genai_prices import Usage, calc_price  # 3 MB of prices, for those who pay

    cached = min(tokens.cached, tokens.input)  # a server that says otherwise must not stop a page
    usage = Usage(input_tokens=tokens.input, output_tokens=tokens.output, cache_read_tokens=cached)
    try:
        found = calc_price(usage, model.name, provider_id=ROWS_OF.get(model.provider, model.provider))
    except LookupError:
        return None
    if found.model_price.input_mtok is None or found.model_price.output_mtok is None:
        return None  # a name without a price adds up to 0, which is not what it costs
    return found.total_price


def estimate_tokens(model: Model, question: Question) -> Tokens:
    """What a question may be booked at, for plans and reservations only: never for a bill.

    Images by the row's rule, texts and schema at four characters a token, the answer at a guess from the number of
    leaves. What a model thinks before it answers is not in it.
    """
    schema = json.dumps(question.schema, ensure_ascii=False, default=str)
    letters = len(question.rules) + len(question.text) + len(schema)
    images = sum(_image_tokens(model.image_tokens, image) for image in question.images)
    answer = sum(_VALUE * (_ROWS if leaf.in_array or leaf.open_map else 1) for leaf in question.leaves)
    return Tokens(images + -(-letters // _LETTERS), min(answer, question.max_output_tokens))


def most_tokens(model: Model, question: Question) -> Tokens:
    """What a question may be booked at and no more: its answer, thoughts included, as long as it may get."""
    return Tokens(estimate_tokens(model, question).input, question.max_output_tokens)


def _image_tokens(rule: ImageTokens, image: Image) -> int:
    if rule.fixed:
        return rule.fixed
    width, height = size_of(image)
    squares = -(-width // rule.patch) * -(-height // rule.patch)
    booked = min(squares, rule.cap) if rule.cap else squares
    return int((booked * rule.factor).to_integral_value(ROUND_CEILING))
