"""HAProxy's answers: routing, sessions and counts, by exact text."""

from __future__ import annotations

from tasks.target import Served
from tasks.target.docker import stat
from tests.target.docker.test_haproxy import ROUTING, A, B

STAT = """\
# pxname,svname,scur,req_tot,econ,eresp,hrsp_5xx,status,weight,addr,
public,FRONTEND,1,9,,,,OPEN,,,
shared,api-00001-aaa,2,7,0,0,1,no check,8,172.18.0.3:8080,
shared,api-00002-bbb,0,1,0,1,0,UP,1,172.18.0.4:8080,
shared,api-00002-bbb-2,0,1,2,0,0,DOWN 1/2,1,172.18.0.5:8080,
shared,api-00000-old,1,1,0,0,0,MAINT,5,172.18.0.9:8080,
shared,BACKEND,2,9,0,0,0,UP,10,,
tagged,api-00002-bbb,3,1,0,0,1,no check,0,172.18.0.4:8080,
tagged,api-00002-bbb-2,0,1,0,0,0,no check,0,172.18.0.5:8080,
tagged,BACKEND,0,1,0,0,0,DOWN,0,,

"""
MAP = """\
0x55db8f287820 / 0123456789ab
0x55db8f2878b0 next 2
0x55db8f3914a0 next/0 api-00002-bbb
0x55db8f391580 next/1 api-00002-bbb-2
"""


def test_the_answers_can_be_read_back() -> None:
    read = stat.parse(STAT, MAP)
    assert read.routing == ROUTING
    assert read.form == "0123456789ab"
    assert read.sessions == {A: 2, B: 3, f"{B}-2": 0, "api-00000-old": 1}


def test_requests_and_errors_are_those_of_all_replicas_and_of_the_traffic_tag() -> None:
    assert stat.parse(STAT, MAP).served == (
        Served(A, requests=7, errors=1),
        Served(B, requests=6, errors=4),
        Served("api-00000-old", requests=1, errors=0),
    )


def test_a_process_that_leaves_is_told_from_the_one_that_took_over() -> None:
    assert not stat.leaving(STAT)
    assert stat.leaving(STAT.replace("public,FRONTEND,1,9,,,,OPEN", "public,FRONTEND,1,9,,,,STOP"))
