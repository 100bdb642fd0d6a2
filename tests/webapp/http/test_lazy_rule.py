"""Rules that compile what builds their URLs when it is first needed."""

import pytest
from werkzeug.routing import Map, Rule

from webapp.http.lazy_rule import LazyRule


def urls(kind):
    """What rules of this class build."""
    rules = [
        kind("/plain", endpoint="plain"),
        kind("/<int(fixed_digits=3):number>/<path:rule>", endpoint="named"),
        kind("/page/", defaults={"page": 1}, endpoint="page"),
        kind("/page/<int:page>", endpoint="page"),
    ]
    adapter = Map(rules).bind("example.com", "/in")
    return [
        adapter.build("plain"),
        adapter.build("plain", {"q": "a b"}),
        adapter.build("named", {"number": 7, "rule": "a/b ü", "values": [1, 2]}),
        adapter.build("page", {"page": 1}),
        adapter.build("page", {"page": 2}, append_unknown=False),
        adapter.build("page", {"page": 2}),  # again, when it is compiled
    ]


def test_it_builds_what_a_rule_builds():
    assert urls(LazyRule) == urls(Rule)


def test_nothing_is_compiled_until_a_url_is_built(monkeypatch):
    compiled = []
    original = Rule._compile_builder

    def noted(self, *arguments):
        compiled.append(self.rule)
        return original(self, *arguments)

    monkeypatch.setattr(Rule, "_compile_builder", noted)
    adapter = Map([LazyRule("/one", endpoint="one"), LazyRule("/other", endpoint="other")]).bind("")
    assert compiled == []
    adapter.build("one")
    assert compiled == ["/one"]


@pytest.mark.parametrize("append_unknown", [False, True])
def test_every_rule_of_the_app_can_be_compiled(app, append_unknown):
    """Creating the app no longer shows that."""
    for rule in app.url_map.iter_rules():
        assert isinstance(rule, LazyRule)
        assert Rule._compile_builder(rule, append_unknown)
