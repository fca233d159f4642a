"""The one corridor from a guest's message to an effect: decode, resolve, decide, perform, encode, record, in this order.

Everything that every host call goes through is here. This file does not know any capability, and no policy but policy.decide.
"""

from __future__ import annotations

from kernel import wire
from kernel.capability import Answer, Call, Capability, Decided, Known, Node, Operation, Run, Seen
from kernel.errors import BadRequest, BadSetting, HostFailure, ValgateError
from kernel.policy import decide
from kernel.principals import Frame

MOST_KNOWN, MOST_KNOWN_BYTES = 64, 128
"""Questions of one frame that are understood once; longer ones are not asked again and again."""


async def host_call(
    run: Run, frame: Frame, capability: Capability, message: wire.Message, node: Node, source: str, known: Known
) -> Answer:
    """Perform one host call of a guest of this frame; raise a Refusal or HostFailure to be thrown into it.

    `node` is the call's place in the tree; it is filled in and handed to the recorder whatever happens.
    `known` is what earlier questions of this frame came to: the same bytes mean the same, and the table does not change.
    """
    run.recorder.open(node)
    try:
        asked = capability, message.op, message.payload
        operation, decisions = known.get(asked) or _decided(frame, capability, message, known)
        node.op, node.target = operation.name, operation.target
        answer = await capability.perform(operation, Call(run, frame, decisions, source, node))
        node.seen, node.row, node.effect, node.recorded = answer.seen, answer.row, answer.effect, answer.recorded
    except BadSetting as mistake:  # the operator's: its sentence names files of the host
        node.seen = Seen.ERROR
        raise HostFailure from mistake
    except ValgateError:
        node.seen = Seen.ERROR
        raise
    except Exception as broken:
        node.seen = Seen.ERROR
        raise HostFailure from broken
    finally:
        run.recorder.close(node)
    return answer


def _decided(frame: Frame, capability: Capability, message: wire.Message, known: Known) -> Decided:
    """Decode and resolve what is asked, and decide each access that it needs."""
    operation = _parse(capability, message)
    decisions = tuple(decide(frame, access, owner) for access, owner in operation.asks)
    if len(message.payload) <= MOST_KNOWN_BYTES and len(known) < MOST_KNOWN:
        known[capability, message.op, message.payload] = operation, decisions
    return operation, decisions


def _parse(capability: Capability, message: wire.Message) -> Operation:
    parse = capability.parsers.get(message.op)
    if parse is None or message.refs:
        raise BadRequest(f"{capability.name} has no such operation")
    return parse(wire.decode(message.payload))
