"""What an image frees: layers that no other has, whatever the engine leaves unsaid about its history."""

from __future__ import annotations

from tasks.target.docker.disk import Stack, freed, sizes


def step(size: int, said: str) -> dict[str, object]:
    return {"Size": size, "CreatedBy": said}


def test_layers_of_what_stays_are_not_freed_and_shared_ones_count_once() -> None:
    base = Stack("base", ("1",))
    a, b = Stack("a", ("1", "2", "3"), (100, 10, 1)), Stack("b", ("1", "2", "4"), (100, 10, 5))
    assert freed([a, b], [base]) == {"a": 11, "b": 5}
    assert freed([a], [base, b]) == {"a": 1}
    assert freed([a], []) == {"a": 111}


def test_a_layer_on_top_of_others_is_another_layer() -> None:
    assert freed([Stack("a", ("1", "2"), (100, 10))], [Stack("b", ("2", "1"))]) == {"a": 110}


def test_metadata_makes_no_layer_and_an_empty_directory_does() -> None:
    buildkit = [
        step(7, "COPY a / # buildkit"),
        step(0, "WORKDIR /app"),
        step(0, "USER 1"),
        step(90, "RUN /bin/sh -c x"),
    ]
    assert sizes(buildkit, 3) == (90, 0, 7)
    classic = [
        step(0, '/bin/sh -c #(nop)  CMD ["x"]'),
        step(7, "/bin/sh -c #(nop) COPY file:1 in / "),
        step(0, "/bin/sh -c true"),
        step(90, "/bin/sh -c #(nop) ADD file:2 in / "),
    ]
    assert sizes(classic, 3) == (90, 0, 7)


def test_what_does_not_come_out_even_is_counted_as_low_as_can_be() -> None:
    assert sizes([step(7, "COPY a /"), step(90, "RUN x")], 3) == (90, 7, 0)
    assert sizes([step(7, "COPY a /"), step(9, "COPY b /"), step(90, "RUN x")], 2) == (90, 9)
    assert sizes([], 2) == (0, 0)
