"""What a role may do: operator, Administrator, User, Observer, each including what the next may."""

import itertools

import pytest

from heliograph.model.account import Actor, Door, Role
from heliograph.model.ids import OrganisationId
from heliograph.model.permission import REFUSALS, RIGHTS, Right, require
from heliograph.model.problem import Code, Problem

BY_POWER = (Role.OBSERVER, Role.USER, Role.ADMINISTRATOR, Role.SUPER_ADMIN)


def test_every_role_and_every_right_stands_in_the_table() -> None:
    assert RIGHTS.keys() == set(Role) == set(BY_POWER)
    assert REFUSALS.keys() == set(Right)


def test_each_role_may_all_that_the_one_below_may_and_more() -> None:
    for less, more in itertools.pairwise(BY_POWER):
        assert RIGHTS[less] < RIGHTS[more]


@pytest.mark.parametrize("right", [Right.CHANGE, Right.ADMINISTER, Right.OPERATE, Right.READ_INTERFACES])
def test_an_observer_only_reads_and_is_told_whom_to_ask(right: Right) -> None:
    observer = Actor(OrganisationId(1), "Fleet", Role.OBSERVER, Door.REST)
    require(observer, Right.READ)
    with pytest.raises(Problem, match="ask") as refused:
        require(observer, right)
    assert refused.value.code is Code.FORBIDDEN


def test_only_the_operator_operates() -> None:
    assert [role for role in Role if Right.OPERATE in RIGHTS[role]] == [Role.SUPER_ADMIN]
