from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

import pytest

from host_api.commands.command import Command
from host_api.commands.line import COMMANDS, FAMILIES, build_parser

if TYPE_CHECKING:
    from tests.cli.conftest import Run

NAMES = [" ".join(command.words) for command in COMMANDS]


@pytest.mark.parametrize("command", COMMANDS, ids=NAMES)
def test_the_help_of_a_command_has_a_sentence_and_an_example(valgate: Run, command: Command) -> None:
    shown = valgate(*command.words, "--help").insist()
    flat = " ".join(shown.split())
    assert command.sentence in flat
    assert re.fullmatch(r"[A-Z].*\.", command.sentence)
    assert command.example in shown
    assert "--db" in shown


@pytest.mark.parametrize("command", COMMANDS, ids=NAMES)
def test_the_example_of_a_command_is_one_that_it_takes(command: Command) -> None:
    _, _, line = f" {command.example}".rpartition("valgate ")
    args = build_parser().parse_args(shlex.split(line))
    assert args.command is command


def test_the_help_lists_every_command_and_its_example_is_one(valgate: Run) -> None:
    shown = valgate("--help").insist()
    assert all(command.words[0] in shown for command in COMMANDS)
    for line in re.findall(r"valgate (.+)", shown.partition("example:")[2].replace(" | valgate", "\nvalgate")):
        assert build_parser().parse_args(shlex.split(line)).command in COMMANDS


def test_nothing_typed_is_a_question_for_help(valgate: Run) -> None:
    ended = valgate()
    assert (ended.status, ended.out) == (2, "")
    assert "commands:" in ended.err
    for family in FAMILIES:
        ended = valgate(family)
        assert (ended.status, ended.out) == (2, "")
        assert f"usage: valgate {family}" in ended.err


def test_the_version_is_the_packages(process: Run) -> None:
    assert re.fullmatch(r"valgate \d+\.\d+\.\d+\n", process("--version").insist())
