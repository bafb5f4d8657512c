"""The arithmetic of the chain, without a database."""

from hub_api.audit.chain import START, Seal, mac_of, problems

KEY = bytes(range(32))


def sealed(places, key=KEY):
    """A chain over events at these places, `(xid, id)`, in this order."""
    mac, seals = START, []
    for seq, (xid, event_id) in enumerate(places, 1):
        event = (event_id, str(xid), "1", None, "session:start", "done", None, None, "", "{}")
        mac = mac_of(key, mac, seq=seq, key_id=1, sealed_at="2", event=event)
        seals.append(Seal(seq, event_id, xid, 1, mac, "2", event))
    return seals


def kinds(seals, anchored=None, key=KEY):
    return [problem.kind for problem in problems(seals, anchored or {}, lambda _: key)]


class TestAChain:
    def test_that_was_left_alone_is_whole(self):
        seals = sealed([(1, "a"), (1, "b"), (3, "a")])
        assert kinds(seals, {0: START, 2: seals[1].mac}) == []

    def test_of_nothing_is_whole(self):
        assert kinds([], {0: START}) == []

    def test_out_of_order_is_told_even_when_sealed_with_the_key(self):
        assert kinds(sealed([(1, "b"), (1, "a")])) == ["out_of_order"]
        assert kinds(sealed([(2, "a"), (1, "b")])) == ["out_of_order"]

    def test_sealed_with_another_key_is_told_at_every_seal(self):
        assert kinds(sealed([(1, "a"), (2, "b")]), key=bytes(32)) == ["event_changed"] * 2

    def test_is_ahead_of_its_anchor_or_level_and_never_behind(self):
        seals = sealed([(1, "a"), (2, "b"), (3, "c")])
        anchored = {seal.seq: seal.mac for seal in seals}
        assert kinds(seals, {1: seals[0].mac}) == []
        assert kinds(seals, anchored) == []
        assert kinds(seals[:2], anchored) == ["tail_cut"]
        assert kinds([], anchored) == ["tail_cut"]

    def test_whose_anchor_begins_otherwise_is_told(self):
        assert kinds([], {0: KEY}) == ["anchor_differs"]


def test_columns_that_stand_side_by_side_are_kept_apart():
    one, other = ("ab", "c", None), ("a", "bc", None)
    macs = {
        mac_of(KEY, START, seq=1, key_id=1, sealed_at="1", event=event)
        for event in (one, other, ("ab", "c", ""), ("ab", "c", "null"))
    }
    assert len(macs) == 4
