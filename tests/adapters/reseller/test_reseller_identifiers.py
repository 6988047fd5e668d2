"""Ids carry what is needed to read an order again, within what callers can send back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.contract.errors import InvalidOrder, NotFound
from adapters.reseller.identifiers import DeliverId, OrderId, PageCursor, ProductId, category_filter

NUMBERS = st.integers(0, 10**9)


@given(order=NUMBERS, lines=st.lists(NUMBERS, max_size=100))
def test_an_order_id_gives_back_its_lines(order: int, lines: list[int]) -> None:
    """Every line once, in ascending order; an id that would be too long names the order alone."""
    text = str(OrderId.of(order, lines))
    assert len(text) <= 448
    read = OrderId.parse(text)
    assert read.order == order
    assert read.lines in {tuple(sorted(set(lines))), ()}
    assert str(read) == text


def test_an_order_of_a_hundred_lines_fits_into_an_id() -> None:
    """Lines made at once have numbers near each other."""
    order = OrderId.of(98_765_432, range(555_010_000, 555_010_300, 3))
    assert OrderId.parse(str(order)) == order
    assert len(order.lines) == 100


@pytest.mark.parametrize(
    "text",
    ["", "a", "1-", "-1", "1-2-3", "1-2..3", "\N{SUPERSCRIPT TWO}-2", "01-2", "1-2.0", "1" * 19, "1/2", "1-2\n", " 1"],
)
def test_what_is_no_order_id_is_not_found(text: str) -> None:
    """Nothing is asked for it."""
    with pytest.raises(NotFound):
        OrderId.parse(text)


# What callers can say: printable, no blanks around; and the marks that a deliverID is put together with, often.
REFERENCES = st.text(st.sampled_from("A1:%- 35é"), min_size=1, max_size=64).filter(lambda text: text.strip(" ") == text)


@given(first=st.tuples(REFERENCES, REFERENCES), second=st.tuples(REFERENCES, REFERENCES))
def test_lines_have_one_deliver_id_only_if_they_are_one_line(first: tuple[str, str], second: tuple[str, str]) -> None:
    """Both references are told again, whatever they hold, and no other two make the same."""
    text = str(DeliverId(*first))
    assert DeliverId.parse(text) == DeliverId(*first)
    assert (text == str(DeliverId(*second))) is (first == second)


def test_a_deliver_id_begins_with_the_reference_of_the_order() -> None:
    """People find it at the platform; only the two characters that would be misread are written otherwise."""
    assert str(DeliverId("PO-7", "A:1%")) == "PO-7:A:1%"
    assert str(DeliverId("2026:50%", "1")) == "2026%3A50%25:1"


@pytest.mark.parametrize(
    "text", [None, "", "PO-7", ":", "PO-7:", ":1", "50%:1", "50%3a:1", " PO-7:1", "PO\n7:1", f"{65 * 'x'}:1"]
)
def test_a_deliver_id_of_another_form_was_made_elsewhere(text: str | None) -> None:
    """No reference is made up of it."""
    assert DeliverId.parse(text) is None


def test_a_product_has_two_ids() -> None:
    """A productID of 265 is customerStoreProductID 234."""
    assert ProductId.parse("265-234") == ProductId(265, 234)
    assert str(ProductId(265, 234)) == "265-234"
    assert [ProductId.parse(text) for text in ("265", "0265-1", "a-b", "1-2-3", "\N{SUPERSCRIPT TWO}-1", "")] == [
        None
    ] * 6


def test_categories_and_types_are_different_filters() -> None:
    """A type is a category with a prefix."""
    assert category_filter("12") == ("productCategoryID", "12")
    assert category_filter("type-3") == ("typeID", "3")
    with pytest.raises(InvalidOrder):
        category_filter("x&typeID=1")


@given(st.text(max_size=20) | st.from_regex(r"[0-9]\.[0-9]{0,3}\.[0-9]{0,3}\.[0-9]", fullmatch=True))
def test_a_cursor_is_ours_or_refused(text: str) -> None:
    """What is accepted is what was given out."""
    try:
        read = str(PageCursor.parse(text, 0, 50))
    except InvalidOrder:
        return
    assert read == text


def test_a_cursor_of_a_page_before_the_first_is_refused() -> None:
    """Where pages begin at 1, there is no page 0."""
    with pytest.raises(InvalidOrder):
        PageCursor.parse("1.0.50.0", 1, 50)
