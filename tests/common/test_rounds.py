from common.rounds import for_a_while


def test_a_round_does_at_least_one_thing():
    items = iter(range(5))
    assert list(for_a_while(items, 0)) == [0]
    assert list(for_a_while(items, 600)) == [1, 2, 3, 4]
    assert list(for_a_while(items, 600)) == []
