"""Sealed texts open in their place, under their keys, unchanged; and nowhere else."""

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import StatementError

from hub_api import db, encryption
from hub_api.encryption import Ciphertext, Unreadable
from hub_api.respite.models import RespiteRequest

PLACE = "respite_requests.note:01920000-0000-7000-8000-000000000001"
TYLER, AMIRA, NOAH = (bytes([number]) * 32 for number in (1, 2, 3))
TEXTS = [
    "",
    "a",
    "Sleeps with the landing light on.",
    "naïve 👩\u200d👧 \n\t \u202ex" * 40,
    "x" * 2000,
]


class TestAText:
    @pytest.mark.parametrize("text", TEXTS)
    @pytest.mark.parametrize("keys", [[TYLER], [TYLER, AMIRA], [TYLER, AMIRA, NOAH]])
    def test_opens_again(self, text, keys):
        assert encryption.open_text(keys, PLACE, encryption.seal_text(keys, PLACE, text)) == text

    def test_never_looks_the_same_twice(self):
        sealed = {encryption.seal_text([TYLER], PLACE, "the same").sealed for _ in range(100)}
        assert len(sealed) == 100

    def test_is_a_format_byte_a_nonce_and_a_tag_longer(self):
        sealed = encryption.seal_text([TYLER, AMIRA], PLACE, "four").sealed
        assert sealed[:1] == b"\x01"
        assert len(sealed) == 1 + 12 + 4 + 16

    def test_shows_nothing_when_printed(self):
        found = encryption.seal_text([TYLER], PLACE, "four")
        assert str(found.sealed) not in f"{found!r} {found} {[found]}"

    def test_needs_a_child(self):
        for keys in ([], [b""], [TYLER, TYLER[:-1]]):
            with pytest.raises(ValueError, match="32-byte key of at least one child"):
                encryption.seal_text(keys, PLACE, "about nobody")


class TestDoesNotOpen:
    def test_under_other_keys(self):
        sealed = encryption.seal_text([TYLER, AMIRA], PLACE, "about two")
        for keys in ([TYLER], [AMIRA], [NOAH], [AMIRA, TYLER], [TYLER, NOAH], [NOAH, AMIRA],
                     [TYLER, AMIRA, NOAH], [TYLER, bytes(32)]):  # fmt: skip
            with pytest.raises(Unreadable):
                encryption.open_text(keys, PLACE, sealed)

    @pytest.mark.parametrize(
        "place",
        [
            PLACE.replace("0001", "0002"),
            PLACE.replace("note", "log"),
            PLACE.replace("respite_requests", "sleepovers"),
            "",
        ],
    )
    def test_in_another_place(self, place):
        sealed = encryption.seal_text([TYLER], PLACE, "about one")
        with pytest.raises(Unreadable):
            encryption.open_text([TYLER], place, sealed)

    def test_with_any_bit_changed(self):
        sealed = encryption.seal_text([TYLER], PLACE, "Sleeps badly.").sealed
        for place in range(len(sealed)):
            for bit in range(8):
                changed = bytearray(sealed)
                changed[place] ^= 1 << bit
                with pytest.raises(Unreadable):
                    encryption.open_text([TYLER], PLACE, Ciphertext(bytes(changed)))

    def test_cut_short_or_made_longer(self):
        sealed = encryption.seal_text([TYLER], PLACE, "Sleeps badly.").sealed
        shorter = [sealed[:length] for length in range(len(sealed))]
        for changed in (*shorter, sealed + b"\0", sealed[1:], sealed + sealed):
            with pytest.raises(Unreadable):
                encryption.open_text([TYLER], PLACE, Ciphertext(changed))

    def test_as_a_wrapped_key_or_the_other_way_round(self):
        """The same key, the same place: a text's key is derived, so the two never mix."""
        sealed = encryption.seal_text([TYLER], PLACE, "x" * 32).sealed
        with pytest.raises(Unreadable):
            encryption.unwrap(TYLER, PLACE, sealed[1:])
        wrapped = Ciphertext(b"\x01" + encryption.wrap(TYLER, PLACE, AMIRA))
        with pytest.raises(Unreadable):
            encryption.open_text([TYLER], PLACE, wrapped)


class TestAWrappedKey:
    def test_opens_again(self):
        wrapped = encryption.wrap(TYLER, PLACE, NOAH)
        assert encryption.unwrap(TYLER, PLACE, wrapped) == NOAH
        assert wrapped != encryption.wrap(TYLER, PLACE, NOAH)

    def test_opens_nowhere_else_and_not_when_changed(self):
        wrapped = encryption.wrap(TYLER, PLACE, NOAH)
        flipped = [
            bytes(byte ^ (1 << bit if place == at else 0) for at, byte in enumerate(wrapped))
            for place in range(len(wrapped))
            for bit in range(8)
        ]
        shorter = [wrapped[:length] for length in range(len(wrapped))]
        for changed in (*flipped, *shorter):
            with pytest.raises(Unreadable):
                encryption.unwrap(TYLER, PLACE, changed)
        for key, place in ((AMIRA, PLACE), (TYLER, PLACE + "0")):
            with pytest.raises(Unreadable):
                encryption.unwrap(key, place, wrapped)


SECRET = "a secret about a child"


class TestTheColumn:
    @pytest.mark.parametrize("plain", [SECRET, SECRET.encode(), b"", 5, [SECRET]])
    def test_takes_nothing_but_a_ciphertext(self, app, plain):
        statements = [
            sa.update(RespiteRequest).values(note=plain),
            sa.select(RespiteRequest.id).where(RespiteRequest.note == plain),
        ]
        for statement in statements:
            with (
                pytest.raises(StatementError, match="stored sealed") as refused,
                db.transaction(app.engine) as session,
            ):
                session.execute(statement)
            assert SECRET not in str(refused.value)
        assert app.engine.hide_parameters, "an error never quotes what it was about"
