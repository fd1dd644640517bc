"""What an image's name and a command say of a program's heap: its kind and one number, nothing else of them is kept."""

import re
from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Any

from advisor.domain.inventory import Heap, Runtime
from advisor.domain.units import Mib

_JVM = re.compile(r"(^|[^a-z])(openjdk|jdk|jre|java|temurin|(amazon)?corretto|tomcat|jetty|wildfly)([^a-z]|$)")
_NODE = re.compile(r"^node$|(^|[^a-z])(nodejs|node-?\d+)([^a-z]|$)")  # not node-exporter
_PROGRAMS: Mapping[str, Runtime] = {"java": "jvm", "node": "node", "npm": "node", "yarn": "node"}
_MOST_JAVA = re.compile(r"-Xmx(\d{1,12})([kKmMgGtT]?)")
_SHARE_JAVA = re.compile(r"-XX:MaxRAMPercentage=(\d{1,3}(?:\.\d{1,6})?)")
_MOST_NODE = re.compile(r"--max[-_]old[-_]space[-_]size=(\d{1,9})")
_KIB = {"": 1 / 1024, "k": 1, "m": 1024, "g": 1024**2, "t": 1024**3}


def heap_of(container: Mapping[str, Any]) -> Heap | None:
    """The heap of a container of DescribeTaskDefinition; None where neither image nor command names a Java or Node.js.

    `environment` is not looked at: a value may be a secret.
    """
    words = [word for part in _parts(container) for word in part.split()]
    runtime = _runtime(str(container.get("image", "")), words)
    if runtime is None:
        return None
    return Heap(runtime=runtime, most=_most(words, runtime), share=_share(words) if runtime == "jvm" else None)


def _parts(container: Mapping[str, Any]) -> Iterable[str]:
    return (str(part) for part in chain(container.get("entryPoint") or (), container.get("command") or ()))


def _runtime(image: str, words: Iterable[str]) -> Runtime | None:
    """By the program that runs, else by the last part of the image's name, without tag and digest."""
    named = next((_PROGRAMS[name] for word in words if (name := word.rpartition("/")[2]) in _PROGRAMS), None)
    last = image.partition("@")[0].rpartition("/")[2].partition(":")[0].lower()
    return named or ("jvm" if _JVM.search(last) else "node" if _NODE.search(last) else None)


def _most(words: Iterable[str], runtime: Runtime) -> Mib | None:
    """The last limit that is named, as the program itself takes it  [MiB]."""
    found = None
    for word in words:
        if runtime == "jvm" and (match := _MOST_JAVA.fullmatch(word)):
            found = int(match[1]) * _KIB[match[2].lower()] / 1024
        elif runtime == "node" and (match := _MOST_NODE.fullmatch(word)):
            found = float(match[1])
    return Mib(int(found)) if found is not None and 1 <= found < 2**31 else None


def _share(words: Iterable[str]) -> float | None:
    shares = [float(match[1]) for word in words if (match := _SHARE_JAVA.fullmatch(word))]
    return shares[-1] if shares and 0 < shares[-1] <= 100 else None
