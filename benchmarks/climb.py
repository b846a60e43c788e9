"""A search that `tune_maze` and `tune_rivals` share."""

from collections.abc import Callable, Mapping, Sequence

Setting = dict[str, float]


def climb(worth: Callable[[Setting], float], ladders: Mapping[str, Sequence[float]], best: Setting) -> Setting:
    """The setting from which no step along one ladder pays: one value after the other is moved for as long as that
    does, until none moves. Each setting is asked for once.
    """
    known: dict[tuple, float] = {}

    def ask(setting: Setting) -> float:
        key = tuple(setting.values())
        if key not in known:
            known[key] = worth(setting)
        return known[key]

    start = None
    while start != best:
        start = best
        for key in best:
            for step in (1, -1):
                ladder, place = ladders[key], ladders[key].index(best[key]) + step
                while 0 <= place < len(ladder) and ask(tried := best | {key: ladder[place]}) > ask(best):
                    best, place = tried, place + step
    return best
