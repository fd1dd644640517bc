"""Of images and commands only a program's kind and its heap's limit are kept, and never a word of theirs."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.codec import to_json
from advisor.collector.heaps import heap_of
from advisor.domain.inventory import Heap

CANARY = "canary-5b1f"


@pytest.mark.parametrize(
    ("container", "heap"),
    [
        ({"command": ["java", "-Xmx1536m", "-jar", "app.jar"]}, Heap(runtime="jvm", most=1536)),
        ({"command": ["java", "-Xmx2g"]}, Heap(runtime="jvm", most=2048)),
        ({"command": ["java", "-Xmx1g", "-Xmx3G"]}, Heap(runtime="jvm", most=3072)),
        ({"command": ["java", "-Xmx1073741824"]}, Heap(runtime="jvm", most=1024)),
        ({"entryPoint": ["sh", "-c"], "command": ["exec java -Xmx512m -jar x"]}, Heap(runtime="jvm", most=512)),
        ({"entryPoint": ["/usr/bin/java"]}, Heap(runtime="jvm")),
        ({"command": ["java", "-XX:MaxRAMPercentage=75.0"]}, Heap(runtime="jvm", share=75.0)),
        ({"image": "1.dkr.ecr.eu-west-1.amazonaws.com/base/amazoncorretto:21@sha256:00"}, Heap(runtime="jvm")),
        ({"image": "eclipse-temurin:17-jre"}, Heap(runtime="jvm")),
        ({"image": "node:20-slim", "command": ["server.js"]}, Heap(runtime="node")),
        ({"command": ["node", "--max-old-space-size=1024", "a.js"]}, Heap(runtime="node", most=1024)),
        ({"command": ["node", "--max_old_space_size=1024"]}, Heap(runtime="node", most=1024)),
        ({"image": "prom/node-exporter:1"}, None),
        ({"image": "acme/javascript-runner"}, None),
        ({"image": "acme/checkout", "command": ["./serve"]}, None),
        ({"command": ["java", "-Xmx0"]}, Heap(runtime="jvm")),
        ({"command": ["java", "-Xmxlots", "-XX:MaxRAMPercentage=900"]}, Heap(runtime="jvm")),
        ({"command": ["node", "-Xmx512m"]}, Heap(runtime="node")),
        ({}, None),
    ],
)
def test_a_heap_is_read_as_the_program_takes_it(container: dict[str, Any], heap: Heap | None) -> None:
    assert heap_of(container) == heap


def test_no_word_of_a_command_an_image_or_an_environment_is_kept() -> None:
    container = {
        "image": f"{CANARY}/openjdk:{CANARY}",
        "entryPoint": ["java", f"-Dpassword={CANARY}"],
        "command": ["-Xmx512m", CANARY],
        "environment": [{"name": "JAVA_TOOL_OPTIONS", "value": f"-Xmx{CANARY} -Xmx9g"}],
    }
    assert heap_of(container) == Heap(runtime="jvm", most=512)
    assert CANARY not in to_json(heap_of(container))


@given(st.lists(st.text(max_size=30), max_size=5), st.text(max_size=30))
def test_hostile_commands_and_images_raise_nothing(command: list[str], image: str) -> None:
    heap = heap_of({"command": ["java", *command], "image": image})
    assert heap is not None
    assert heap.most is None or heap.most >= 1
