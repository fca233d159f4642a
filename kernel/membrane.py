"""The one corridor from a guest's message to an effect: decode, resolve, decide, perform, encode, record, in this order.

Everything that every host call goes through is here. This file does not know any capability, and no policy but policy.decide.
"""

from __future__ import annotations

from kernel import wire
from kernel.capability import Answer, Call, Capability, Node, Operation, Run, Seen
from kernel.errors import BadRequest, BadSetting, HostFailure, ValgateError
from kernel.policy import decide
from kernel.principals import Frame


async def host_call(
    run: Run, frame: Frame, capability: Capability, message: wire.Message, node: Node, source: str
) -> Answer:
    """Perform one host call of a guest of this frame; raise a Refusal or HostFailure to be thrown into it.

    `node` is the call's place in the tree; it is filled in and handed to the recorder whatever happens.
    """
    run.recorder.open(node)
    try:
        operation = _parse(capability, message)
        node.op, node.target = operation.name, operation.target
        decisions = tuple(decide(frame, access, owner) for access, owner in operation.asks)
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


def _parse(capability: Capability, message: wire.Message) -> Operation:
    parse = capability.parsers.get(message.op)
    if parse is None or message.refs:
        raise BadRequest(f"{capability.name} has no such operation")
    return parse(wire.decode(message.payload))
